"""What verification says of tables: kinds, rules, examples, texts, proofs, time."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tael.dmn import Model, load, loads
from tael.dmn.findings import Severity

HERE = Path(__file__).parent
CASES = tomllib.loads((HERE / "cases" / "tables.toml").read_text("utf-8"))["case"]
CREDIT = HERE.parent / "models" / "credit.dmn"
KIND = (
    '<itemDefinition name="tKind"><typeRef>string</typeRef><allowedValues>'
    '<text>"company", "sole trader"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tShare"><typeRef>number</typeRef><allowedValues>'
    "<text>[0..100]</text></allowedValues></itemDefinition>"
)


def model(
    inputs: dict[str, str], rows: list[list[str]], policy: str = "UNIQUE", output: str = ""
) -> Model:
    """A model of one table ``d``: names of inputs with types, rows of cells, one conclusion."""
    data = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{kind}"/>'
        "</inputData>"
        for name, kind in inputs.items()
    )
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in inputs
    )
    columns = "".join(
        f"<input><inputExpression><text>{name}</text></inputExpression></input>" for name in inputs
    )
    rules = "".join(
        "\n<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in row[:-1])
        + f"<outputEntry><text>{escape(row[-1])}</text></outputEntry></rule>"
        for row in rows
    )
    return loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t" namespace="t">'
        f'{KIND}{data}<decision id="d" name="d"><variable name="d"/>{needs}'
        f'<decisionTable hitPolicy="{policy}">{columns}<output>{output}</output>{rules}'
        "</decisionTable></decision></definitions>",
        file="t.dmn",
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_findings_of_a_table(case: dict[str, Any]) -> None:
    made = model(case["inputs"], case["rows"], case.get("policy", "UNIQUE"), case.get("output", ""))
    verification = made.verify()
    found = [(each.kind, list(each.rules)) for each in verification.findings]
    assert found == [(kind, rules) for kind, rules in case["findings"]]
    for each, said in zip(verification.findings, case.get("says", []), strict=False):
        assert said in each.en, each.en


def test_a_finding_names_file_node_line_and_example_in_both_languages() -> None:
    rows = [["< 600", "1"], ["> 600", "2"]]
    finding = model({"score": "number"}, rows).verify().findings[0]
    assert (finding.file, finding.node, finding.kind) == ("t.dmn", "d", "gap")
    assert finding.severity is Severity.WARNING
    assert finding.example == {"score": Decimal(600)}
    assert finding.text("en") == "no rule covers score in 600; for example score = 600"
    assert finding.text("zh-CN") == "没有规则覆盖 score in 600；例如 score = 600"


def test_a_complete_table_is_proven() -> None:
    verification = load(CREDIT).verify()
    assert not verification.spent
    assert [each.kind for each in verification.findings] == ["gap"]
    assert verification.findings[0].severity is Severity.NOTE
    tier = verification.tables[1]
    assert tier.checks == {
        "conflicts": "none", "gaps": "none", "unreachable": "not_asked", "redundant": "not_asked"
    }  # fmt: skip
    assert verification.proven[1] == (
        "tier (3 rules, 1 columns): proven: no conflicts; proven: no gaps"
    )
    assert tier.text("zh") == "tier（3 条规则，1 列）：已证明没有冲突；已证明没有缺口"


def test_a_spent_budget_is_said_plainly() -> None:
    rows = [
        [f"[{i % 97}..{i % 97 + i % 13})", f"[{i % 89}..{i % 89 + 7})", "1"] for i in range(400)
    ]
    verification = model({"x": "number", "y": "number"}, rows).verify(budget_s=0.0)
    assert verification.spent
    assert "spent" in verification.tables[0].checks.values()
    assert "the time was spent" in verification.proven[0]


def test_a_table_of_two_hundred_rules_and_eight_columns_is_proven_in_seconds() -> None:
    rows = partition(200, [f"x{i}" for i in range(8)])
    made = model({f"x{i}": "number" for i in range(8)}, rows)
    assert made.verify(budget_s=60).tables[0].checks["gaps"] == "none"
    del rows[77]
    gaps = [each for each in model({f"x{i}": "number" for i in range(8)}, rows).verify(60).findings
            if each.kind == "gap"]  # fmt: skip
    assert len(gaps) == 1


def partition(count: int, names: list[str]) -> list[list[str]]:
    """Rules that split the space without gap or overlap, always at a middle."""
    boxes = [[(0, 1 << 16)] * len(names)]
    turn = 0
    while len(boxes) < count:
        box = boxes.pop(turn * 7 % len(boxes))
        column = turn % len(names)
        low, high = box[column]
        middle = (low + high) // 2
        halves = (low, middle), (middle, high)
        boxes.extend([*box[:column], half, *box[column + 1 :]] for half in halves)
        turn += 1
    return [[cell(*side) for side in box] + [str(i)] for i, box in enumerate(boxes)]


def cell(low: int, high: int) -> str:
    if (low, high) == (0, 1 << 16):
        return "-"
    if low == 0:
        return f"< {high}"
    return f">= {low}" if high == 1 << 16 else f"[{low}..{high})"


def test_columns_with_a_common_input_make_findings_conditional() -> None:
    rows = [["< 3", ">= 6", "1"], [">= 3", "-", "2"]]
    made = model({"x": "number", "y": "number"}, rows)
    assert not made.verify().findings[0].conditional
    twice = loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t">'
        '<inputData id="x" name="x"><variable name="x" typeRef="number"/></inputData>'
        '<decision id="d" name="d"><variable name="d"/>'
        '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
        "<decisionTable><input><inputExpression><text>x</text></inputExpression></input>"
        "<input><inputExpression><text>x * 2</text></inputExpression></input><output/>"
        "<rule><inputEntry><text>&lt; 3</text></inputEntry><inputEntry><text>&gt;= 6</text>"
        "</inputEntry><outputEntry><text>1</text></outputEntry></rule>"
        "</decisionTable></decision></definitions>"
    )
    assert all(each.conditional for each in twice.verify().findings if each.kind == "gap")


def test_a_column_of_a_decision_holds_what_that_decision_gives() -> None:
    made = loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t">'
        '<inputData id="x" name="x"><variable name="x" typeRef="number"/></inputData>'
        '<decision id="tier" name="tier"><variable name="tier"/>'
        '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
        "<decisionTable><input><inputExpression><text>x</text></inputExpression></input><output/>"
        "<rule><inputEntry><text>&lt; 3</text></inputEntry><outputEntry><text>1</text>"
        "</outputEntry></rule>"
        "<rule><inputEntry><text>&gt;= 3</text></inputEntry><outputEntry><text>2</text>"
        "</outputEntry></rule></decisionTable></decision>"
        '<decision id="d" name="d"><variable name="d"/>'
        '<informationRequirement><requiredDecision href="#tier"/></informationRequirement>'
        "<decisionTable><input><inputExpression><text>tier</text></inputExpression></input>"
        "<output/>"
        "<rule><inputEntry><text>1</text></inputEntry><outputEntry><text>1</text></outputEntry>"
        "</rule><rule><inputEntry><text>2</text></inputEntry><outputEntry><text>2</text>"
        "</outputEntry></rule></decisionTable></decision></definitions>"
    )
    assert not made.verify().findings
