"""Reasons from row numbers equal those from the trace; maxima equal what can be tried out."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from tael.dmn import Model, Trace, Value, loads
from tael.dmn.feel.syntax import DecisionTable
from tael.dmn.reasons import Reasoner

HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"'
    ' xmlns:why="https://tael.example/dmn/reasons" name="t" namespace="t">'
    "<extensionElements><why:reasons>"
    '<why:reason code="R1" concept="one"/><why:reason code="R2" concept="one"/>'
    "</why:reasons></extensionElements>"
    '<inputData id="x" name="x"><variable name="x" typeRef="number"/></inputData>'
    '<inputData id="y" name="y"><variable name="y" typeRef="number"/></inputData>'
)
CELLS = ["-", "< 2", "<= 2", "[1..3]", "(1..3)", "2", "1, 3", "> 1", ">= 3", "not(2)", "x + y"]
POINTS = st.sampled_from(["-3", "0", "1", "2.5", "4", "10", "10.25"])
CODES = st.sampled_from(["R1", "R2", "R3", "R4", "K1", ""])
RULES = st.lists(
    st.tuples(st.sampled_from(CELLS), st.sampled_from(CELLS), POINTS, CODES),
    min_size=1, max_size=5,
)  # fmt: skip
POLICIES = st.sampled_from(["FIRST", "COLLECT|SUM", "COLLECT|MIN", "COLLECT|MAX", "RULE ORDER"])
TABLES = st.lists(
    st.tuples(POLICIES, st.booleans(), CODES.filter(bool), RULES), min_size=1, max_size=5
)
VALUES = st.sampled_from([Decimal(n) / 2 for n in range(9)])


def model(tables: list[tuple[str, bool, str, list[tuple[str, str, str, str]]]]) -> Model:
    text = HEAD
    for number, (policy, knocks, code, rules) in enumerate(tables):
        kind = "knockOut" if knocks else "characteristic"
        hit, _, aggregation = policy.partition("|")
        attribute = f' aggregation="{aggregation}"' if aggregation else ""
        text += (
            f'<decision id="d{number}" name="d{number}"><extensionElements>'
            f'<why:{kind} reason="{code}" median="3.75"/></extensionElements>'
            '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
            '<informationRequirement><requiredInput href="#y"/></informationRequirement>'
            f'<decisionTable hitPolicy="{hit}"{attribute}>'
            "<input><inputExpression><text>x</text></inputExpression></input>"
            "<input><inputExpression><text>y</text></inputExpression></input>"
            '<output/><annotation name="reason"/>'
        )
        for left, right, points, own in rules:
            text += (
                f"<rule><inputEntry><text>{escape(left)}</text></inputEntry>"
                f"<inputEntry><text>{escape(right)}</text></inputEntry>"
                f"<outputEntry><text>{points}</text></outputEntry>"
                f"<annotationEntry><text>{own}</text></annotationEntry></rule>"
            )
        text += "</decisionTable></decision>"
    return loads(text + "</definitions>")


def tables_of(made: Model) -> list[DecisionTable]:
    found = [decision.logic for decision in made.graph.decisions.values()]
    return [logic for logic in found if isinstance(logic, DecisionTable)]


def hits(trace: Trace, tables: list[DecisionTable]) -> list[int]:
    """What each table hit, as a compiled body would keep it."""
    found = []
    for number, table in enumerate(tables):
        step = trace.of(f"d{number}")
        fired = [rule.number - 1 for rule in step.fired] if step else []
        if table.hit_policy in ("C", "R", "O"):
            found.append(sum(1 << row for row in fired))
        else:
            found.append(fired[0] if fired else -1)
    return found


@settings(deadline=None)
@given(TABLES, VALUES, VALUES, st.sampled_from(["maximum", "median"]), st.integers(1, 5))
def test_codes_from_row_numbers_are_those_from_the_trace(
    tables: list[tuple[str, bool, str, list[tuple[str, str, str, str]]]],
    x: Decimal,
    y: Decimal,
    method: str,
    most: int,
) -> None:
    made = model(tables)
    trace = made.evaluate({"x": x, "y": y}).trace
    own = tables_of(made)
    reasons = made.reasoner.reasons(trace, most=most, method=method)
    bound = made.reasoner.bind(own, most=most, method=method)
    codes = tuple(reason.code for reason in reasons)
    assert bound.top(hits(trace, own)) == codes


@settings(deadline=None)
@given(TABLES, st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4), st.integers(1, 5))
def test_codes_of_the_fast_body_are_those_of_its_trace(
    tables: list[tuple[str, bool, str, list[tuple[str, str, str, str]]]],
    inputs: list[tuple[Decimal, Decimal]],
    most: int,
) -> None:
    made = model(tables)
    for x, y in inputs:
        for name in made.decisions:
            for method in ("maximum", "median"):
                found = made.explain({"x": x, "y": y}, name, most=most, method=method)
                slowly = made.evaluate_slowly({"x": x, "y": y}, name).trace
                told = made.reasoner.reasons(slowly, most=most, method=method)
                assert found.codes == tuple(reason.code for reason in told)
                assert found.reasons == told


@settings(deadline=None)
@given(TABLES, VALUES, VALUES)
def test_reasons_are_ordered_and_name_a_concept_once(
    tables: list[tuple[str, bool, str, list[tuple[str, str, str, str]]]], x: Decimal, y: Decimal
) -> None:
    made = model(tables)
    reasons = made.reasoner.reasons(made.evaluate({"x": x, "y": y}).trace, most=99)
    concepts = [made.reasoner.concept(reason.code) for reason in reasons]
    assert len(set(concepts)) == len(concepts)
    assert [r.is_knock_out for r in reasons] == sorted(r.is_knock_out for r in reasons)[::-1]
    shortfalls = [r.shortfall for r in reasons if r.shortfall is not None]
    assert shortfalls == sorted(shortfalls, reverse=True)
    assert all(shortfall > 0 for shortfall in shortfalls)


def _total(value: Value) -> Decimal | None:
    if isinstance(value, tuple):
        return sum((item for item in value if isinstance(item, Decimal)), Decimal(0))
    return value if isinstance(value, Decimal) else None


@settings(deadline=None)
@given(POLICIES, RULES)
def test_the_most_points_are_what_trying_everything_finds(
    policy: str, rules: list[tuple[str, str, str, str]]
) -> None:
    kept = [("-" if left == "x + y" else left, "-" if right == "x + y" else right, points, "")
            for left, right, points, _ in rules]  # fmt: skip
    made = model([(policy, False, "R9", kept)])
    tried: list[Value] = [
        made.evaluate({"x": Decimal(i) / 2, "y": Decimal(j) / 2}).outputs["d0"]
        for i in range(9)
        for j in range(9)
    ]
    known = [total for value in tried if (total := _total(value)) is not None]
    # Nothing collected is zero points.
    collects = policy.startswith(("COLLECT|SUM", "RULE")) and len(known) < len(tried)
    best = max([*known, Decimal(0)] if collects else known, default=None)
    [found] = Reasoner(made.graph).characteristics
    assert best is None or found.best == best
