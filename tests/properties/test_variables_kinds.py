"""Variables of every kind: the compiled loops and the oracle agree, and nothing leaks into a row.

One small plan of each kind, side by side in one sheet, over borrowers drawn at random: events at
the ends of windows, at one instant, replaced, not yet known, of the future, with amounts at their
limit; borrowers without the source, each with an as-of instant of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.variables.kernel import states as states_kernel
from tael.variables.kernel import windows as windows_kernel
from tael.variables.kernel.sheet import Sheet, make_sheet
from tael.variables.oracle import states, windows
from tael.variables.oracle.events import Answer
from tael.variables.packing.packed import FOREVER, Packed, sort_order, verify
from tael.variables.plan import states as states_plan
from tael.variables.plan import windows as windows_plan
from tael.variables.plan.states import StatesOutput, StatesPlan
from tael.variables.plan.windows import Output, WindowPlan

ASOF = 1_700_000_000
DAY = 86_400
MONTH = 30 * DAY
LEAVES, MEASURES = 6, 2
WHOLE = frozenset(range(LEAVES))
FILTERS = (frozenset({0}), frozenset({1, 2}), WHOLE, frozenset({0, 1, 2, 5}), frozenset({4}))
WINDOWS = (DAY, 3 * MONTH, None)


class Kind(NamedTuple):
    """One kind with a plan: how it is computed, and how the oracle computes it."""

    name: str
    plan: Any
    run: Callable[..., None]
    answers: Callable[..., list[Answer]]


def _windows() -> WindowPlan:
    outputs = tuple(
        Output(aggregate, number, window, measure)
        for aggregate in windows_plan.AGGREGATES
        for number in range(len(FILTERS))
        for window in range(len(WINDOWS))
        for measure in range(MEASURES)
        if aggregate not in windows_plan.VELOCITIES or window < len(WINDOWS) - 1
    )
    return WindowPlan(LEAVES, FILTERS, WINDOWS, MEASURES, outputs)


def _states(*, keyed: bool) -> StatesPlan:
    outputs = tuple(
        StatesOutput(aggregate, number, measure, 1 - measure, base)
        for aggregate in states_plan.AGGREGATES
        for number in range(len(FILTERS))
        for measure in range(MEASURES)
        for base in (None, 3)
        if base is None or FILTERS[number] <= FILTERS[base]
    )
    return StatesPlan(LEAVES, FILTERS, MEASURES, outputs, keyed)


KINDS = (
    Kind("windows", _windows(), windows_kernel.run, windows.answers),
    Kind("states", _states(keyed=True), states_kernel.run, states.answers),
    Kind("states without keys", _states(keyed=False), states_kernel.run, states.answers),
)
WIDTH = sum(len(each.plan.outputs) for each in KINDS)


@dataclass(frozen=True)
class Event:
    """As drawn; ages are seconds before the as-of instant of its borrower."""

    age: int
    leaf: int
    amounts: tuple[int, int]
    key: int
    delay: int = 0
    life: int | None = None

    @property
    def known_age(self) -> int:
        return self.age - self.delay

    @property
    def visible(self) -> bool:
        replaced = self.life is not None and self.known_age >= self.life
        return self.age > 0 and self.known_age >= 0 and not replaced

    def until(self, asof: int) -> int:
        return FOREVER if self.life is None else asof - self.known_age + self.life


@dataclass(frozen=True)
class Borrower:
    """An as-of instant and events in any order; None: the source is not there."""

    asof: int
    events: list[Event] | None

    def holding(self, events: list[Event]) -> Borrower:
        return self if self.events is None else replace(self, events=events)


_EDGES = [0, 1, DAY, 7 * DAY, MONTH, 3 * MONTH, 12 * MONTH, 24 * MONTH]
ages = (
    st.sampled_from([edge + step for edge in _EDGES for step in (-1, 0, 1)])
    | st.integers(-MONTH, 26 * MONTH)
    | st.integers(0, 10_000 * DAY)
)
amounts = st.integers(-9, 9) | st.sampled_from([10**12, -(10**12)]) | st.integers(0, 10**12)
keys = st.integers(0, 3) | st.sampled_from([-(2**63), 2**63 - 1])
events = st.builds(
    Event,
    ages,
    st.integers(0, LEAVES - 1),
    st.tuples(amounts, amounts),
    keys,
    st.just(0) | st.integers(0, 9 * DAY),
    st.none() | st.integers(1, 3 * MONTH),
)


@st.composite
def borrowers(draw: st.DrawFn) -> Borrower:
    asof = ASOF + draw(st.sampled_from([0, 1, -900 * DAY]))
    if draw(st.integers(0, 9)) == 0:
        return Borrower(asof, None)
    found = draw(st.lists(events, max_size=14))
    if found and draw(st.booleans()):
        # A correction: the same event in other words, from when the first version ceases.
        old = found[0]
        life = draw(st.integers(1, MONTH))
        new = replace(draw(events), age=old.age, delay=old.delay + life, life=None)
        found = [replace(old, life=life), new, *found[1:]]
    return Borrower(asof, found)


books = st.lists(borrowers(), min_size=1, max_size=4)


def packed(book: list[Borrower], ids: list[list[int]] | None = None) -> Packed:
    """The borrowers' events; ``ids`` say which of events alike in their times comes first."""
    rows = [(each, one.asof) for one in book for each in one.events or []]
    lengths = [len(one.events or []) for one in book]
    ranks = [i for some in ids for i in some] if ids else [i for n in lengths for i in range(n)]
    time = np.array([asof - row.age for row, asof in rows], np.int64)
    known = np.array([asof - row.known_age for row, asof in rows], np.int64)
    owner = np.repeat(np.arange(len(book)), lengths)
    order = sort_order(owner, time, known, np.array(ranks, np.int64))
    measures = np.array([row.amounts for row, _ in rows], np.int64).reshape(-1, MEASURES)
    made = Packed(
        offsets=np.append(0, np.cumsum(lengths)).astype(np.int64),
        time=time[order],
        visible_from=known[order],
        visible_to=np.array([row.until(asof) for row, asof in rows], np.int64)[order],
        leaf=np.array([row.leaf for row, _ in rows], np.uint16)[order],
        measures=np.ascontiguousarray(measures[order].T),
        key=np.array([row.key for row, _ in rows], np.int64)[order],
        present=np.array([one.events is not None for one in book]),
    )
    verify(made)
    return made


def instants(book: list[Borrower]) -> np.ndarray:
    return np.array([one.asof for one in book], np.int64)


def computed(source: Packed, asof: np.ndarray, first: int = 0, rows: int | None = None) -> Sheet:
    """The outputs of every kind, side by side; some borrowers only, if so asked."""
    sheet = make_sheet(len(asof) if rows is None else rows, WIDTH)
    start = 0
    for kind in KINDS:
        kind.run(kind.plan, source, asof, first, sheet.at(start))
        start += len(kind.plan.outputs)
    return sheet


def bits(sheet: Sheet) -> list[list[tuple[str, int]]]:
    """Values in hexadecimal with their reasons, row by row."""
    lines = zip(sheet.values.tolist(), sheet.reasons.tolist(), strict=True)
    return [
        [(value.hex(), reason) for value, reason in zip(*line, strict=True)] for line in lines
    ]


def differences(book: list[Borrower], found: Sheet) -> list[str]:
    """Every output of ``found`` that the oracle does not give; NaN and reason belong together."""
    source, lines = packed(book), []
    for row, (one, answers) in enumerate(zip(book, bits(found), strict=True)):
        start = 0
        for kind in KINDS:
            expected = kind.answers(kind.plan, source, row, one.asof)
            mine = answers[start : start + len(expected)]
            start += len(expected)
            assert all(math.isnan(value) == (reason != 0) for value, reason in expected)
            for output, got, (value, reason) in zip(
                kind.plan.outputs, mine, expected, strict=True
            ):
                if got != (value.hex(), reason):
                    wanted = f"{value!r} {reason}"
                    lines.append(f"{kind.name} row {row} {output}: {got}, oracle {wanted}")
    return lines


cheaply = settings(suppress_health_check=list(HealthCheck))
seldom = settings(cheaply, max_examples=15)


@cheaply
@given(book=books)
def test_the_loops_and_the_oracle_agree_in_every_bit(book: list[Borrower]) -> None:
    assert differences(book, computed(packed(book), instants(book))) == []


@seldom
@given(book=books, others=st.lists(events, max_size=9), again=st.none() | st.integers(1, MONTH))
def test_no_bit_comes_from_an_event_that_is_not_visible(
    book: list[Borrower], others: list[Event], again: int | None
) -> None:
    """Others stand in their place, and those that are visible cease at another time to come."""
    hidden = [each for each in others if not each.visible]
    changed = []
    for one in book:
        seen = [each for each in one.events or [] if each.visible]
        later = [replace(each, life=again and each.known_age + again) for each in seen]
        changed.append(one.holding(hidden + later))
    asof = instants(book)
    assert bits(computed(packed(changed), asof)) == bits(computed(packed(book), asof))


@seldom
@given(book=books, data=st.data())
def test_the_order_in_which_events_arrive_changes_no_bit(
    book: list[Borrower], data: st.DataObject
) -> None:
    ids = [list(range(len(one.events or []))) for one in book]
    places = [data.draw(st.permutations(some)) for some in ids]
    mixed = [
        one.holding([(one.events or [])[i] for i in at])
        for one, at in zip(book, places, strict=True)
    ]
    asof = instants(book)
    assert bits(computed(packed(mixed, places), asof)) == bits(computed(packed(book, ids), asof))


@seldom
@given(book=books)
def test_neither_neighbours_nor_chunks_change_a_bit(book: list[Borrower]) -> None:
    together = bits(computed(packed(book), instants(book)))
    for row, one in enumerate(book):
        assert bits(computed(packed([one]), instants([one]))) == [together[row]]
        assert bits(computed(packed(book), instants(book), row, 1)) == [together[row]]
