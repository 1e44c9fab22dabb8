"""What is planned of a model, and the reason where it is not."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tael.dmn import loads
from tael.dmn.compiled.plan import Plan
from tael.dmn.compiled.planner import plan_of

CREDIT = Path(__file__).parents[1] / "models" / "credit.dmn"
TYPES = {"n": "number", "m": "number", "s": "string", "b": "boolean", "u": "", "d": "date"}


def planned(expression: str, result_type: str = "") -> Plan:
    """The plan of one decision ``answer`` over inputs of each type."""
    data = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{kind}"/>'
        "</inputData>"
        for name, kind in TYPES.items()
    )
    required = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in TYPES
    )
    model = loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="one">'
        f'{data}<decision id="a" name="answer"><variable name="answer" typeRef="{result_type}"/>'
        f"{required}<literalExpression><text>{escape(expression)}</text></literalExpression>"
        "</decision></definitions>"
    )
    return plan_of(model.graph)


def test_a_credit_policy_is_planned_whole() -> None:
    plan = plan_of(loads(CREDIT.read_text("utf-8")).graph)
    assert list(plan.decisions) == ["d_knock", "d_tier", "d_offer"]
    assert not plan.rejected


@pytest.mark.parametrize(
    "expression",
    [
        "n + m * 2 ** 3 - -n / 4",
        "if b and n > 1 then n else m",
        'if s = "x" or not(b) then 1 else 2',
        "n between 1 and m",
        "n in [1..2)",
        'n in (1, 2, > 7) and s in ("a", "b")',
        "sum(n, m, 1) + min([n, m]) + count([n]) + mean(n, m)",
        'concatenate(if b then ["A"] else [], ["B"], if n > 1 then ["C"] else ["D"])',
        "{x: n + 1, y: x * 2}.y",
        "decimal(n / m, 2) + round half up(n, 0) + modulo(n, 7) + abs(m) + floor(n)",
    ],
)
def test_an_expression_of_the_subset_is_planned(expression: str) -> None:
    assert planned(expression).rejected == {}


REFUSED = [
    ("u + 1", "", "input 'u': no type is declared"),
    ("d", "", "its type is not number, string or boolean"),
    ("n + s", "", "a string where a number is planned"),
    ("if b then 1 else null", "", "null"),
    ("if b then 1 else s", "", "parts are of different types"),
    ("for i in [1, 2] return i + n", "", "a for is not planned"),
    ("string(n)", "", "the function 'string' is not planned"),
    ("decimal(n, m)", "", "digits that is no constant"),
    ("n in (m, 1)", "", "it is not a constant"),
    ("b < true", "", "booleans have no order"),
    ("[n, m]", "number", "a list is not what the declared type asks for"),
    ("n", "string", "a number is not what the declared type asks for"),
    ("{x: n}.y", "", "has no entry 'y'"),
]


@pytest.mark.parametrize(("expression", "result_type", "reason"), REFUSED)
def test_the_rest_is_refused_with_a_reason(expression: str, result_type: str, reason: str) -> None:
    plan = planned(expression, result_type)
    assert not plan.decisions
    assert plan.rejected["a"].startswith("decision 'answer': ")
    assert reason in plan.rejected["a"]
