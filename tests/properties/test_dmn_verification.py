"""Verification against brute force: no finding is missed, and every example is true in the engine.

Small random tables over numbers, strings, booleans and dates are asked at every value that can make
a difference; what the engine answers there is compared with the findings.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.dmn import Model, Value, loads
from tael.dmn.feel.literals import moment_from
from tael.dmn.feel.values import from_python

MARK = "no rule"
NUMBERS = ["-", "< 3", "<= 3", "> 3", ">= 5", "[3..5]", "(3..5)", "[5..3]", "3, 5", "not(3)",
           "not([3..5])", "null", "? > 3 and ? < 5", "!= 5", "= 3"]  # fmt: skip
TEXTS = ["-", '"a"', '"a", "b"', 'not("a")', 'not("a", "c")', "null", '< "b"', '["a".."b"]']
TRUTHS = ["-", "true", "false", "not(true)", "null"]
DAYS = ["-", '< @"2026-01-02"', '[@"2026-01-01"..@"2026-01-03"]', '@"2026-01-02"',
        '> @"2026-01-02"']  # fmt: skip
NUMBER_POINTS = [2, 3, 4, 5, 6]
DAY_POINTS = [moment_from(f"2026-01-0{day}") for day in range(1, 5)] + [moment_from("2025-01-01")]


@dataclass(frozen=True)
class Column:
    """A kind of column: its type, its cells, and a value of every bin that its cells can cut."""

    type: str
    cells: Sequence[str]
    values: Sequence[object]


COLUMNS = [
    Column("number", NUMBERS, NUMBER_POINTS),
    Column("string", TEXTS, ["", "a", "aa", "b", "c", "d"]),
    Column("boolean", TRUTHS, [True, False]),
    Column("date", DAYS, DAY_POINTS),
    Column("tSize", ["-", '"small"', '"large"', 'not("small")', '"huge"'], ["small", "large"]),
]
SIZE = (
    '<itemDefinition name="tSize"><typeRef>string</typeRef><allowedValues>'
    '<text>"small", "large"</text></allowedValues></itemDefinition>'
)


@dataclass(frozen=True)
class Case:
    """A random table."""

    policy: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> list[str]:
        return [f"x{i}" for i in range(len(self.columns))]

    def model(self, *, policy: str = "", without: int = 0, aggregated: bool = False) -> Model:
        """The table, perhaps with another hit policy and without one rule (1-based)."""
        rules = [row for number, row in enumerate(self.rows, 1) if number != without]
        return loads(xml(policy or self.policy, self, rules, numbered=aggregated))

    def points(self, *, nulls: bool) -> list[dict[str, object]]:
        """Every combination of values; null where a cell names it, or everywhere."""
        choices = [
            [*column.values, *([None] if nulls or self.asks_null(i) else [])]
            for i, column in enumerate(self.columns)
        ]
        return [dict(zip(self.names, each, strict=True)) for each in itertools.product(*choices)]

    def asks_null(self, column: int) -> bool:
        return any("null" in row[column] for row in self.rows)


def xml(policy: str, case: Case, rows: Sequence[tuple[str, ...]], *, numbered: bool) -> str:
    data = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{column.type}"/>'
        "</inputData>"
        for name, column in zip(case.names, case.columns, strict=True)
    )
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in case.names
    )
    inputs = "".join(
        f"<input><inputExpression><text>{name}</text></inputExpression></input>"
        for name in case.names
    )
    rules = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in row[:-1])
        + f"<outputEntry><text>{number if numbered else escape(row[-1])}</text></outputEntry>"
        "</rule>"
        for number, row in enumerate(rows, 1)
    )
    values = "<output><outputValues><text>1, 2, 3</text></outputValues></output>"
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t" namespace="t">'
        f'{SIZE}{data}<decision id="d" name="d"><variable name="d"/>{needs}'
        f'<decisionTable hitPolicy="{policy}">{inputs}{values}{rules}</decisionTable>'
        "</decision></definitions>"
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    columns = tuple(draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3)))
    row = st.tuples(*(st.sampled_from(c.cells) for c in columns), st.sampled_from("123"))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    policy = draw(st.sampled_from(["UNIQUE", "ANY", "FIRST", "PRIORITY", "COLLECT"]))
    return Case(policy, columns, tuple(rows))


def hits(case: Case, points: Sequence[Mapping[str, object]]) -> list[tuple[int, ...]]:
    """The rules that match at each point, by the engine itself."""
    model = case.model(policy="RULE ORDER", aggregated=True)
    found = []
    for point in points:
        value = model.evaluate(point, "d").outputs["d"]
        assert isinstance(value, tuple)
        found.append(tuple(int(str(number)) for number in value))
    return found


def given_case(model: Model, example: Mapping[str, Value]) -> Value:
    return model.evaluate(dict(example), "d").outputs["d"]


def outputs(case: Case, rules: Sequence[int]) -> list[str]:
    return [case.rows[number - 1][-1] for number in rules]


@settings(max_examples=60, deadline=None)
@given(cases())
def test_gaps_are_found_exactly(case: Case) -> None:
    points = case.points(nulls=False)
    uncovered = [
        point for point, rules in zip(points, hits(case, points), strict=True) if not rules
    ]
    found = [each for each in case.model().verify().findings if each.kind == "gap"]
    assert bool(found) is bool(uncovered)
    for finding in found:
        assert not hits(case, [dict(finding.example)])[0], finding.en


@settings(max_examples=60, deadline=None)
@given(cases())
def test_conflicts_are_found_exactly(case: Case) -> None:
    if case.policy not in ("UNIQUE", "ANY", "PRIORITY"):
        return
    wrong: set[tuple[int, ...]] = set()
    for rules in hits(case, case.points(nulls=False)):
        for pair in itertools.combinations(rules, 2):
            first, second = outputs(case, pair)
            if case.policy == "UNIQUE" or (case.policy == "ANY" and first != second):
                wrong.add(pair)
    found = [
        each
        for each in case.model().verify().findings
        if each.kind in ("overlap", "conflict", "undecided_priority")
    ]
    assert {each.rules for each in found} == wrong
    for finding in found:
        assert set(finding.rules) <= set(hits(case, [dict(finding.example)])[0])
        assert given_case(case.model(), finding.example) is None


@settings(max_examples=60, deadline=None)
@given(cases())
def test_unreachable_rules_are_found_exactly(case: Case) -> None:
    if case.policy not in ("FIRST", "PRIORITY"):
        return
    order = range(1, len(case.rows) + 1)
    if case.policy == "PRIORITY":
        order = sorted(order, key=lambda number: case.rows[number - 1][-1])  # type: ignore[assignment]
    place = {number: i for i, number in enumerate(order)}
    matching: set[int] = set()
    winning: set[int] = set()
    for rules in hits(case, case.points(nulls=True)):
        matching.update(rules)
        winning.update(sorted(rules, key=place.__getitem__)[:1])
    found = [each for each in case.model().verify().findings if each.kind == "unreachable"]
    assert {number for each in found for number in each.rules} == matching - winning


@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_redundant_rule_can_go_and_no_other_can(case: Case) -> None:
    if case.policy != "FIRST":
        return
    findings = case.model().verify().findings
    named = {n for each in findings if each.kind == "redundant" for n in each.rules}
    dead = {n for e in findings if e.kind in ("unreachable", "empty_cell") for n in e.rules}
    points = case.points(nulls=True)
    matched = hits(case, points)
    never = set(range(1, len(case.rows) + 1)) - {n for rules in matched for n in rules}
    whole = [given_case(case.model(), from_mapping(point)) for point in points]
    gone = named | dead | never
    left = Case("FIRST", case.columns, tuple(
        row for number, row in enumerate(case.rows, 1) if number not in gone
    ))  # fmt: skip
    if left.rows:
        model = left.model()
        assert [given_case(model, from_mapping(point)) for point in points] == whole
    for number in set(range(1, len(case.rows) + 1)) - gone:
        rest = [
            next((n for n in rules if n != number and n not in gone), None) for rules in matched
        ]
        changed = [None if n is None else case.rows[n - 1][-1] for n in rest]
        before = [case.rows[r[0] - 1][-1] if r else None for r in matched]
        assert changed != before, f"rule {number} could go as well"


def from_mapping(point: Mapping[str, object]) -> dict[str, Value]:
    return {name: from_python(value, name) for name, value in point.items()}


@settings(max_examples=60, deadline=None)
@given(cases())
def test_cells_that_match_nothing_are_named(case: Case) -> None:
    findings = case.model().verify().findings
    found = {(n, e.en) for e in findings if e.kind == "empty_cell" for n in e.rules}
    for column, kind in enumerate(case.columns):
        if case.names.count(f"x{column}") != 1:
            continue
        for number, row in enumerate(case.rows, 1):
            alone = Case("COLLECT", (kind,), ((row[column], "1"),))
            values = [*kind.values, None, "huge"] if kind.type == "tSize" else [*kind.values, None]
            matches = any(hits(alone, [{"x0": value}])[0] for value in values)
            if kind.type == "tSize" and '"huge"' in row[column]:
                continue
            named = any(n == number and f"'x{column}'" in text for n, text in found)
            assert named is not matches


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST"])
def test_mergeable_rules_give_the_same_when_merged(policy: str) -> None:
    column = Column("number", [], NUMBER_POINTS)
    rows = (("< 3", "1"), ("[3..5)", "1"), (">= 5", "2"))
    found = Case(policy, (column,), rows).model().verify().findings
    merged = [each for each in found if each.kind == "mergeable"]
    assert [each.rules for each in merged] == [(1, 2)]
    assert "< 5" in merged[0].en
