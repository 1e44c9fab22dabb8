"""The DMN Technology Compatibility Kit: cases that once passed must pass for ever.

The kit's files are data beside the project, found through TAEL_TEST_DATA. The pass list holds case
ids only; `TAEL_TCK_GROW=1` adds newly passing cases to it, nothing ever removes one.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tael.dmn.conformance.cases import read_kit
from tael.dmn.conformance.runner import Outcome, run_kit

ROOT = Path(__file__).resolve().parents[2]
KIT = (ROOT / os.environ.get("TAEL_TEST_DATA", "../shared")).resolve() / "dmn-tck"
PASS_LIST = Path(__file__).parent / "cases" / "dmn_tck_passing.txt"

pytestmark = [
    pytest.mark.xdist_group("dmn_tck"),
    pytest.mark.skipif(
        not KIT.is_dir(),
        reason=f"no DMN TCK at {KIT}; set TAEL_TEST_DATA to the folder that holds dmn-tck",
    ),
]


@cache
def outcomes() -> list[Outcome]:
    return run_kit(read_kit(KIT))


def written_list() -> set[str]:
    rows = (line.split() for line in PASS_LIST.read_text("utf-8").splitlines() if line.strip())
    return {f"{file} {case}" for file, *cases in rows for case in cases}


def test_every_case_of_the_pass_list_still_passes() -> None:
    passed = {outcome.key for outcome in outcomes() if outcome.passed}
    if os.environ.get("TAEL_TCK_GROW"):
        grow(passed)
    ran = {outcome.key for outcome in outcomes()}
    assert sorted((written_list() & ran) - passed) == []


def test_the_pass_list_names_every_case_that_passes() -> None:
    passed = {outcome.key for outcome in outcomes() if outcome.passed}
    assert sorted(passed - written_list()) == [], "TAEL_TCK_GROW=1 adds them"


def grow(passed: set[str]) -> None:
    files: dict[str, set[str]] = {}
    for key in passed | written_list():
        file, case = key.split(" ", 1)
        files.setdefault(file, set()).add(case)
    lines = [" ".join((file, *sorted(cases))) for file, cases in sorted(files.items())]
    PASS_LIST.write_text("\n".join(lines) + "\n", "utf-8")


def test_all_cases_of_level_two_pass() -> None:
    level = [outcome for outcome in outcomes() if outcome.level == 2]
    assert [outcome.key for outcome in level if not outcome.passed] == []
    assert len(level) >= 82
