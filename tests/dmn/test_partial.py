"""What is decided before all inputs are known, and what is still needed."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tael.dmn import DmnError, Model, Range, Value, load, loads
from tael.kernel import BadInput

CREDIT = Path(__file__).parent / "models" / "credit.dmn"
TYPES = (
    '<itemDefinition name="tKind"><typeRef>string</typeRef><allowedValues>'
    '<text>"a", "b", "c"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tShare"><typeRef>number</typeRef><allowedValues>'
    "<text>[0..100]</text></allowedValues></itemDefinition>"
)
INPUTS = {"n": "number", "m": "number", "b": "boolean", "k": "tKind", "s": "tShare", "u": ""}


def model(logic: str) -> Model:
    """A model of one decision ``d`` over all ``INPUTS``."""
    data = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}"'
        + (f' typeRef="{kind}"' if kind else "")
        + "/></inputData>"
        for name, kind in INPUTS.items()
    )
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in INPUTS
    )
    return loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t">'
        f'{TYPES}{data}<decision id="d" name="d"><variable name="d"/>{needs}{logic}</decision>'
        "</definitions>"
    )


def expression(text: str) -> Model:
    return model(f"<literalExpression><text>{escape(text)}</text></literalExpression>")


def table(policy: str, columns: list[str], rows: list[list[str]]) -> Model:
    inputs = "".join(
        f"<input><inputExpression><text>{name}</text></inputExpression></input>" for name in columns
    )
    rules = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in row[:-1])
        + f"<outputEntry><text>{escape(row[-1])}</text></outputEntry></rule>"
        for row in rows
    )
    return model(f'<decisionTable hitPolicy="{policy}">{inputs}<output/>{rules}</decisionTable>')


DECIDED = [
    ("false and n > 3", {}, False),
    ("n > 3 or true", {}, True),
    ("if b then n * 0 + 1 else 5", {"n": 3, "b": False}, Decimal(5)),
    ('if n > 3 then "x" else "x"', {}, "x"),
    ("if s > 200 then 1 else 2", {}, Decimal(2)),
    ('if k = "z" then 1 else 2', {}, Decimal(2)),
    ('k in ("a", "b", "c", null)', {}, True),
    ("{x: n, y: m}.y", {"m": 4}, Decimal(4)),
    ('count(concatenate(["X"], if n > 3 then ["Y"] else [])) > 0', {}, True),
    ("count([n, m, u])", {}, Decimal(3)),
    ("some x in [1, 2] satisfies x = m and x < n", {"m": 9}, False),
    ("(if s > 50 then 10 else 0) + 5 > 20", {}, False),
    (
        'count(concatenate(["X"], if b then ["Y", "Z"] else if n > 3 then ["Y"] else ["Z"])) > 1',
        {},
        True,
    ),
    ('list contains(concatenate(if b then ["Y", "Y", "X"] else ["Y"], ["Z"]), "Y")', {}, True),
]
OPEN = [
    ("0 * n", {}, {"n"}),
    ("n > 3 and b", {"b": True}, {"n"}),
    ("if b then n else m", {"n": 1}, {"b", "m"}),
    ("if b then n else m", {"b": True, "m": 2}, {"n"}),
    ("s >= 0", {}, {"s"}),
    ('list contains(if b then ["X"] else [], "X")', {}, {"b"}),
    ("u = 3", {"n": 3}, {"u"}),
]


@pytest.mark.parametrize(("text", "known", "value"), DECIDED)
def test_an_expression_is_decided(text: str, known: dict[str, object], value: object) -> None:
    found = expression(text).partial(known, "d")
    assert found.decided
    assert found.value == value
    assert not found.needs
    assert found.irrelevant == set(INPUTS) - set(known)


@pytest.mark.parametrize(("text", "known", "needs"), OPEN)
def test_an_expression_still_needs(text: str, known: dict[str, object], needs: set[str]) -> None:
    found = expression(text).partial(known, "d")
    assert not found.decided
    assert found.value is None
    assert found.needs == needs
    assert found.irrelevant == set(INPUTS) - set(known) - needs


def test_a_first_hit_that_is_certain_decides() -> None:
    rules = table("FIRST", ["n", "m"], [["> 10", "-", '"no"'], ["-", "> 5", '"yes"']])
    assert rules.partial({"n": 11}, "d").value == "no"
    assert rules.partial({"n": 3}, "d").needs == {"m"}
    assert rules.partial({"m": 9}, "d").needs == {"n"}
    assert rules.partial({"n": None, "m": 9}, "d").value == "yes"


def test_rules_that_agree_decide_when_they_leave_no_gap() -> None:
    complete = table("UNIQUE", ["k", "n"], [['"a"', "-", "1"], ['"b", "c", null', "> 0", "1"],
                                            ['"b", "c", null', "not(> 0)", "2"]])  # fmt: skip
    assert complete.partial({"n": 5}, "d").value == Decimal(1)
    gap = table("UNIQUE", ["k", "n"], [['"a"', "-", "1"], ['"b"', "> 0", "1"]])
    assert gap.partial({"n": 5}, "d").needs == {"k"}


def test_a_column_that_cannot_tell_the_rules_left_apart_is_irrelevant() -> None:
    rules = table("UNIQUE", ["n", "m", "b"], [["> 10", "> 5", "-", "1"], ["> 10", "<= 5", "-", "2"],
                                              ["<= 10", "-", "true", "3"]])  # fmt: skip
    found = rules.partial({"n": 20}, "d")
    assert found.needs == {"m"}
    assert "b" in found.irrelevant


def test_a_certain_knock_out_decides_before_the_list_is_known() -> None:
    given = {"days overdue": 45, "score": 300}
    found = load(CREDIT).partial(given, "offer")
    assert found.decided
    assert found.value == load(CREDIT).evaluate(
        {**given, "kind": "company", "years in business": 3}, "offer"
    ).outputs["offer"]  # fmt: skip
    assert found.irrelevant == {"kind", "years in business"}
    assert not load(CREDIT).partial(given, "knock-outs").decided


def test_points_that_are_missing_decide_once_they_cannot_matter() -> None:
    points = "(if n > 3 then 40 else 10) + (if m > 3 then 5 else 0) >= 30"
    assert expression(points).partial({"n": 5}, "d").value is True
    assert expression(points).partial({"n": 1}, "d").value is False
    assert expression(points).partial({"m": 5}, "d").needs == {"n"}


def test_null_is_known_and_absent_is_not() -> None:
    assert expression("n = null").partial({"n": None}, "d").value is True
    assert not expression("n = null").partial({}, "d").decided


def between(low: str, high: str) -> Range:
    return Range(Decimal(low), Decimal(high), low_closed=True, high_closed=True)


WITHIN: list[tuple[str, dict[str, Range | tuple[Value, ...]], object]] = [
    ("if n > 3 then 1 else 2", {"n": between("4", "9")}, Decimal(1)),
    ("if s > 50 then 1 else 2", {"s": between("60", "100")}, Decimal(1)),
    ('if k = "a" then 1 else 2', {"k": ("b", "c")}, Decimal(2)),
    ("if b then 1 else 2", {"b": (True,)}, Decimal(1)),
    ("n + m > 4", {"n": between("2", "9"), "m": between("3", "3.5")}, True),
    # Beyond what the type allows a value is null, and null is not above 50.
    ("if s > 50 then 1 else 2", {"s": between("60", "101")}, None),
]


@pytest.mark.parametrize(("text", "within", "value"), WITHIN)
def test_what_is_told_of_an_unknown_input_decides(
    text: str, within: dict[str, Range | tuple[Value, ...]], value: object
) -> None:
    found = expression(text).outlook({}, ["d"], within).of("d")
    assert found.decided is (value is not None)
    assert found.value == value


def test_rules_and_items_that_are_certain_are_told_before_the_list_is_known() -> None:
    rules = table("COLLECT", ["n", "m"], [["> 10", "-", '"A"'], ["-", "> 5", '"B"'],
                                          ["not(3)", "-", '"C"']])  # fmt: skip
    step = rules.outlook({"n": 11}, ["d"]).certain.of("d")
    assert step is not None
    assert [rule.number for rule in step.fired] == [1, 3]
    assert step.value == ("A", "C")
    first = table("FIRST", ["n", "m"], [["> 10", "> 5", "1"], ["> 10", "-", "2"], ["-", "-", "3"]])
    fired = [first.outlook(given, ["d"]).certain.steps[0].fired for given in ({"n": 11}, {"m": 2})]
    assert fired == [(), ()]
    assert [r.number for r in first.outlook({"n": 1}, ["d"]).certain.steps[0].fired] == [3]


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(DmnError, match="no decision 'x'"):
        load(CREDIT).partial({}, "x")
    with pytest.raises(BadInput) as refused:
        load(CREDIT).partial({"score": object()}, "tier")
    assert refused.value.field == "score"


def test_a_large_table_is_looked_at_in_milliseconds() -> None:
    rows = [[f"[{i}..{i + 1})", f"> {i % 7}", str(i)] for i in range(200)]
    rules = table("FIRST", ["n", "m"], rows)
    rules.partial({}, "d")
    started = time.perf_counter()
    for score in range(20):
        assert rules.partial({"n": score}, "d").needs == {"m"}
    assert (time.perf_counter() - started) / 20 < 0.1


@pytest.mark.parametrize(
    ("logic", "n"),
    [
        (expression("n > 3"), [3]),
        (expression("if n between 2 and 5 then 1 else 0"), [2, 5]),
        (expression("n in [1..4)"), [1, 4]),
        (expression("5 <= n and n != 7"), [5, 7]),
        (table("UNIQUE", ["n"], [["< 3", "1"], ["[3..9]", "2"], ["> 9", "3"]]), [3, 9]),
        (table("FIRST", ["n", "k"], [["-", '"a"', "1"], ["-", "-", "2"]]), []),
        (expression("n + 1 > 3"), None),
        (expression("n > m"), None),
        (expression("if b then n else 0"), None),
        (expression("min(n, 3)"), None),
        (table("FIRST", ["n"], [["< m", "1"], ["-", "2"]]), None),
        (table("FIRST", ["n"], [["< 3", "n"], ["-", "2"]]), None),
    ],
    ids=lambda value: None if isinstance(value, Model) else str(value),
)
def test_an_input_has_cuts_where_it_is_only_compared(logic: Model, n: list[int] | None) -> None:
    assert logic.cuts.get("n") == (None if n is None else tuple(map(Decimal, n)))


def test_what_a_type_allows_cuts_an_input_too() -> None:
    assert expression("s >= 50").cuts["s"] == (Decimal(0), Decimal(50), Decimal(100))
    assert "k" not in expression("s >= 50").cuts
