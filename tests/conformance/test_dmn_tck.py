"""The DMN Technology Compatibility Kit: cases that once passed must pass for ever.

The kit's files are data beside the project, found through TAEL_TEST_DATA. The pass list holds case
ids only; `TAEL_TCK_GROW=1` adds newly passing cases to it, nothing ever removes one.
"""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tael.dmn import Model, load
from tael.kernel import TaelError

ROOT = Path(__file__).resolve().parents[2]
KIT = (ROOT / os.environ.get("TAEL_TEST_DATA", "../shared")).resolve() / "dmn-tck"
PASS_LIST = Path(__file__).parent / "cases" / "dmn_tck_passing.txt"
CASE = "{http://www.omg.org/spec/DMN/20160719/testcase}"
SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}"
NUMBERS = ("decimal", "double", "integer", "int", "long")
# The kit's own runner compares numbers to eight decimals.
CLOSE = Decimal("1e-8")

pytestmark = pytest.mark.skipif(
    not KIT.is_dir(),
    reason=f"no DMN TCK at {KIT}; set TAEL_TEST_DATA to the folder that holds dmn-tck",
)


def value_of(node: ET.Element) -> Any:
    value, listed = node.find(f"{CASE}value"), node.find(f"{CASE}list")
    components = node.findall(f"{CASE}component")
    if value is not None:
        return scalar_of(value)
    if listed is not None and listed.get(f"{SCHEMA}nil") != "true":
        return [value_of(item) for item in listed.findall(f"{CASE}item")]
    return {c.get("name", ""): value_of(c) for c in components} if components else None


def scalar_of(value: ET.Element) -> Any:
    kind, text = (value.get(f"{SCHEMA}type") or "").rpartition(":")[2], value.text or ""
    if value.get(f"{SCHEMA}nil") == "true":
        return None
    if kind in NUMBERS:
        return Decimal(text.strip())
    if kind == "boolean":
        return text.strip() == "true"
    return date.fromisoformat(text.strip()) if kind == "date" and len(text.strip()) == 10 else text


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, Decimal):
        return isinstance(found, Decimal) and abs(found - expected) <= CLOSE
    if isinstance(expected, list):
        return (
            isinstance(found, tuple)
            and len(found) == len(expected)
            and all(map(same, found, expected))
        )
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(same(found[key], expected[key]) for key in expected)
        )
    return type(found) is type(expected) and found == expected


def case_passes(model: Model, case: ET.Element) -> bool:
    inputs = {node.get("name", ""): value_of(node) for node in case.findall(f"{CASE}inputNode")}
    for node in case.findall(f"{CASE}resultNode"):
        name, expected = node.get("name", ""), node.find(f"{CASE}expected")
        try:
            found = model.evaluate(inputs, name).outputs[name]
        except TaelError:
            return False
        if expected is None or not same(found, value_of(expected)):
            return False
    return True


def passing_cases(level: int) -> dict[str, list[str]]:
    passing: dict[str, list[str]] = {}
    for file in sorted((KIT / f"compliance-level-{level}").glob("*/*test*.xml")):
        root = ET.parse(file).getroot()  # noqa: S314 - the kit is our own data
        try:
            model = load(file.parent / (root.findtext(f"{CASE}modelName") or ""), tolerant=True)
        except TaelError:
            continue
        cases = [case for case in root.findall(f"{CASE}testCase") if case_passes(model, case)]
        if cases:
            passing[f"{level}/{file.stem}"] = [case.get("id", "") for case in cases]
    return passing


def written_list() -> dict[str, list[str]]:
    rows = (line.split() for line in PASS_LIST.read_text("utf-8").splitlines() if line.strip())
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("level", [2, 3])
def test_every_case_of_the_pass_list_still_passes(level: int) -> None:
    found = passing_cases(level)
    known = {key: ids for key, ids in written_list().items() if key.startswith(f"{level}/")}
    if os.environ.get("TAEL_TCK_GROW"):
        grow(found)
    lost = [
        f"{key} {id_}" for key, ids in known.items() for id_ in ids if id_ not in found.get(key, ())
    ]
    assert lost == []


def grow(found: dict[str, list[str]]) -> None:
    merged = written_list()
    for key, ids in found.items():
        merged[key] = sorted({*merged.get(key, ()), *ids})
    lines = [" ".join((key, *ids)) for key, ids in sorted(merged.items())]
    PASS_LIST.write_text("\n".join(lines) + "\n", "utf-8")


def test_all_cases_of_level_two_pass() -> None:
    total = sum(
        len(ET.parse(file).getroot().findall(f"{CASE}testCase"))  # noqa: S314 - our own data
        for file in (KIT / "compliance-level-2").glob("*/*test*.xml")
    )
    assert sum(map(len, passing_cases(2).values())) == total
