"""Hit policies, multiple outputs and defaults of decision tables."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tael.dmn import Result, Value, loads

CASES = tomllib.loads((Path(__file__).parent / "cases" / "hit_policies.toml").read_text("utf-8"))[
    "case"
]
SHELL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t" namespace="t">
<inputData id="i" name="age"><variable name="age" typeRef="number"/></inputData>
<decision id="d" name="d"><variable name="d"/>
<informationRequirement><requiredInput href="#i"/></informationRequirement>{table}</decision>
</definitions>"""
RULES = [("&gt;= 18", "1"), ("&gt;= 60", "3"), ("&lt; 70", "1")]


def table(attributes: str, outputs: str, rows: list[tuple[str, ...]]) -> str:
    rules = "".join(
        f'<rule id="r{n}"><inputEntry><text>{cell}</text></inputEntry>'
        + "".join(f"<outputEntry><text>{value}</text></outputEntry>" for value in values)
        + "</rule>"
        for n, (cell, *values) in enumerate(rows, start=1)
    )
    column = "<input><inputExpression><text>age</text></inputExpression></input>"
    return f"<decisionTable {attributes}>{column}{outputs}{rules}</decisionTable>"


def decide(body: str, age: int | None) -> Result:
    return loads(SHELL.format(table=body)).evaluate({"age": age}, "d")


def parsed(text: str) -> Value:
    body = f"<literalExpression><text>{text}</text></literalExpression>"
    return decide(body, 0).outputs["d"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['policy']}-{case['age']}")
def test_a_hit_policy_decides_between_matching_rules(case: dict[str, Any]) -> None:
    attributes = f'hitPolicy="{case["policy"]}"'
    if "aggregation" in case:
        attributes += f' aggregation="{case["aggregation"]}"'
    outputs = "<output><outputValues><text>3, 2, 1</text></outputValues></output>"
    result = decide(table(attributes, outputs, RULES), case["age"])
    assert result.outputs["d"] == parsed(case["expected"])
    assert case.get("warning", "") in "".join(str(warning) for warning in result.warnings)
    assert bool(result.warnings) is ("warning" in case)
    step = result.trace.of("d")
    assert step is not None
    if "fired" in case:
        assert [rule.number for rule in step.fired] == case["fired"]


def test_several_outputs_make_a_context() -> None:
    outputs = '<output name="limit"/><output name="price"/>'
    body = table('hitPolicy="FIRST"', outputs, [("&gt;= 18", "100", "0.18"), ("-", "0", "null")])
    assert decide(body, 20).outputs["d"] == {"limit": Decimal(100), "price": Decimal("0.18")}


def test_no_match_gives_the_default_output() -> None:
    outputs = "<output><defaultOutputEntry><text>7</text></defaultOutputEntry></output>"
    result = decide(table("", outputs, [("&gt; 50", "1")]), 20)
    assert result.outputs["d"] == Decimal(7)
    assert not result.warnings


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('hitPolicy="COLLECT"', ()),
        ('hitPolicy="COLLECT" aggregation="COUNT"', Decimal(0)),
        ("", None),
    ],
)
def test_no_match_without_default(attributes: str, expected: Value) -> None:
    result = decide(table(attributes, "<output/>", [("&gt; 50", "1")]), 20)
    assert result.outputs["d"] == expected
    assert bool(result.warnings) is (expected is None)


def test_a_null_input_matches_no_range_and_says_so() -> None:
    result = decide(table("", "<output/>", [("&gt; 50", "1"), ("&lt;= 50", "2")]), None)
    assert result.outputs["d"] is None
    assert len(result.warnings) == 3
