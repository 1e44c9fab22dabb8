"""Variables of every kind: the compiled loops and the oracle agree, and nothing leaks into a row.

One small plan of each kind, side by side in one sheet, over borrowers drawn at random: events at
the ends of windows, at one instant, replaced, not yet known, of the future, with amounts at their
limit; borrowers without the source, each with an as-of instant of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.variables.kernel import balances as balances_kernel
from tael.variables.kernel import concentration as concentration_kernel
from tael.variables.kernel import derived as derived_kernel
from tael.variables.kernel import months as months_kernel
from tael.variables.kernel import peers as peers_kernel
from tael.variables.kernel import sequences as sequences_kernel
from tael.variables.kernel import states as states_kernel
from tael.variables.kernel import windows as windows_kernel
from tael.variables.kernel.sheet import Sheet, make_sheet
from tael.variables.oracle import (
    balances,
    concentration,
    derived,
    months,
    peers,
    sequences,
    states,
    windows,
)
from tael.variables.oracle.events import Answer
from tael.variables.packing.packed import FOREVER, Packed, sort_order, verify
from tael.variables.plan import balances as balances_plan
from tael.variables.plan import concentration as concentration_plan
from tael.variables.plan import months as months_plan
from tael.variables.plan import sequences as sequences_plan
from tael.variables.plan import states as states_plan
from tael.variables.plan import windows as windows_plan
from tael.variables.plan.balances import BalancesOutput, BalancesPlan
from tael.variables.plan.concentration import ConcentrationPlan
from tael.variables.plan.derived import DerivedOutput, DerivedPlan
from tael.variables.plan.months import MonthsOutput, MonthsPlan
from tael.variables.plan.peers import PeersPlan, PeerTable
from tael.variables.plan.sequences import SequencesOutput, SequencesPlan
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


def _concentration() -> ConcentrationPlan:
    outputs = tuple(
        Output(aggregate, number, window, measure)
        for aggregate in concentration_plan.AGGREGATES
        for number in range(len(FILTERS))
        for window in range(len(WINDOWS))
        for measure in range(-1, MEASURES)
    )
    return ConcentrationPlan(LEAVES, FILTERS, WINDOWS, MEASURES, outputs)


def _months() -> MonthsPlan:
    outputs = tuple(
        MonthsOutput(aggregate, number, measure)
        for aggregate in months_plan.AGGREGATES
        for number in range(len(FILTERS))
        for measure in range(-1, MEASURES)
    )
    return MonthsPlan(LEAVES, FILTERS, MEASURES, outputs)


def _balances() -> BalancesPlan:
    outputs = tuple(
        BalancesOutput(aggregate, number, window, measure, below)
        for aggregate in balances_plan.AGGREGATES
        for number in range(len(FILTERS))
        for window in range(len(WINDOWS))
        for measure in range(MEASURES)
        for below in ((0, 5, -(10**12), 10**12 + 1) if aggregate == "days_below" else (0,))
    )
    return BalancesPlan(LEAVES, FILTERS, WINDOWS, MEASURES, outputs)


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


def _sequences() -> SequencesPlan:
    hits = (frozenset({1, 2, 4}), frozenset({0}), frozenset({3, 5}))
    worst = ((frozenset({1}), frozenset({4}), frozenset({2})), (frozenset({0}),), ())
    outputs = tuple(
        SequencesOutput(aggregate, number, hit)
        for aggregate in sequences_plan.AGGREGATES
        for number in range(len(FILTERS))
        for hit in range(len(hits))
        if worst[hit] or aggregate != "since_worst"
    )
    return SequencesPlan(LEAVES, FILTERS, hits, worst, outputs)


KINDS = (
    Kind("windows", _windows(), windows_kernel.run, windows.answers),
    Kind("concentration", _concentration(), concentration_kernel.run, concentration.answers),
    Kind("months", _months(), months_kernel.run, months.answers),
    Kind("sequences", _sequences(), sequences_kernel.run, sequences.answers),
    Kind("states", _states(keyed=True), states_kernel.run, states.answers),
    Kind("balances", _balances(), balances_kernel.run, balances.answers),
    Kind("states without keys", _states(keyed=False), states_kernel.run, states.answers),
)
STARTS = [0, *accumulate(each.plan.width for each in KINDS)]


def _derived() -> DerivedPlan:
    """Of columns with every reason, of one another, of neighbouring kinds."""
    step = range(0, STARTS[-1] - 1, 7)
    pairs = [(of, of + 1 + of % (STARTS[-1] - of - 1)) for of in step]
    outputs = [DerivedOutput(("ratio", "difference")[of % 2], of, by) for of, by in pairs]
    again = [DerivedOutput("ratio", STARTS[-1] + place, place) for place in range(9)]
    return DerivedPlan((*outputs, *again))


def _peers() -> PeersPlan:
    sums = [
        place
        for place, each in enumerate(KINDS[0].plan.outputs)
        if each.aggregate in {"sum", "min", "n", "cv"} and each.measure == 0
    ]
    return PeersPlan(tuple(sums))


def _peer_table(width: int) -> PeerTable:
    """Cuts with ties and whole numbers, so that values equal them; some groups are too small."""
    rng = np.random.default_rng(11)
    groups = np.array([0, 1, 2, 1001, 1002, 2001, 2002])
    known = np.array([ASOF - 899 * DAY, ASOF, ASOF + 1])
    cuts = np.sort(rng.integers(-4, 9, (3, len(groups), width, 99)).astype(float))
    cuts[rng.random(cuts.shape[:3]) < 0.4] = math.nan
    return PeerTable(groups, known, cuts)


DERIVED, PEERS = _derived(), _peers()
PEER_TABLE = _peer_table(PEERS.width)
WIDTH = STARTS[-1] + DERIVED.width + PEERS.width
OUTPUTS = [
    *((each.name, output) for each in KINDS for output in each.plan.outputs),
    *(("derived", output) for output in DERIVED.outputs),
    *(("peers", output) for output in PEERS.outputs),
]


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
    group: int = -1

    def holding(self, events: list[Event]) -> Borrower:
        return self if self.events is None else replace(self, events=events)


_EDGES = [0, 1, DAY, 7 * DAY, MONTH, 3 * MONTH, 12 * MONTH, 24 * MONTH]
ages = (
    st.sampled_from([edge + step for edge in _EDGES for step in (-1, 0, 1)])
    | st.integers(-MONTH, 26 * MONTH)
    | st.integers(0, 10_000 * DAY)
)
amounts = st.integers(-9, 9) | st.sampled_from([10**12, -(10**12)]) | st.integers(0, 10**12)
leaves = st.integers(0, LEAVES - 1)
keys = st.integers(0, 3) | st.sampled_from([-(2**63), 2**63 - 1])


@st.composite
def histories(draw: st.DrawFn) -> Event:
    """An event that often comes to be known, or is replaced, right at the as-of."""
    age, edge = draw(ages), draw(st.sampled_from([None] * 6 + [-1, 0, 1]))
    delay = draw(st.just(0) | st.integers(0, 9 * DAY)) if edge is None else max(0, age + edge)
    known_age = age - delay
    ends = st.none() | st.integers(1, 3 * MONTH)
    life = draw(ends | st.sampled_from([max(1, known_age + step) for step in (-1, 0, 1)]))
    leaf, pair, key = draw(st.tuples(leaves, st.tuples(amounts, amounts), keys))
    return Event(age, leaf, pair, key, delay, life)


events = histories()


@st.composite
def borrowers(draw: st.DrawFn) -> Borrower:
    asof = ASOF + draw(st.sampled_from([0, 1, -900 * DAY]))
    group = draw(st.sampled_from([1001, 1002, 2001, 2002, 2003, 3001, -1]))
    if draw(st.integers(0, 9)) == 0:
        return Borrower(asof, None, group)
    least = draw(st.sampled_from([0, 1, 4, 8, 12]))
    found = draw(st.lists(events, min_size=least, max_size=14))
    corrected = draw(st.booleans())
    if found and corrected:
        # A correction: the same event in other words, from when the first version ceases.
        old = found[0]
        life = draw(st.integers(1, MONTH))
        new = replace(draw(events), age=old.age, delay=old.delay + life, life=None)
        found = [replace(old, life=life), new, *found[1:]]
    return Borrower(asof, found, group)


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


def computed(book: list[Borrower], source: Packed, rows: slice = slice(None)) -> Sheet:
    """The outputs of every kind, side by side; of some borrowers only, if so asked."""
    asof = np.array([one.asof for one in book], np.int64)
    groups = np.array([one.group for one in book], np.int64)
    sheet = make_sheet(len(book[rows]), WIDTH)
    for kind, start in zip(KINDS, STARTS, strict=False):
        kind.run(kind.plan, source, asof, rows.start or 0, sheet.at(start))
    derived_kernel.run(DERIVED, sheet.at(STARTS[-1]))
    placed = sheet.at(STARTS[-1] + DERIVED.width)
    peers_kernel.run(PEERS, PEER_TABLE, groups[rows], asof[rows], placed)
    return sheet


def expected(one: Borrower, source: Packed, row: int) -> list[Answer]:
    """The same of one borrower by the oracle."""
    sheet = [a for each in KINDS for a in each.answers(each.plan, source, row, one.asof)]
    sheet += derived.answers(DERIVED, sheet)
    return sheet + peers.answers(PEERS, PEER_TABLE, one.group, one.asof, sheet)


def bits(sheet: Sheet) -> list[list[tuple[str, int]]]:
    """Values in hexadecimal with their reasons, row by row."""
    lines = zip(sheet.values.tolist(), sheet.reasons.tolist(), strict=True)
    return [[(value.hex(), reason) for value, reason in zip(*line, strict=True)] for line in lines]


def differences(book: list[Borrower]) -> list[str]:
    """Every output that loops and oracle give differently."""
    source, lines = packed(book), []
    for row, found in enumerate(bits(computed(book, source))):
        answers = expected(book[row], source, row)
        assert all(math.isnan(value) == (reason != 0) for value, reason in answers)
        for output, got, (value, reason) in zip(OUTPUTS, found, answers, strict=True):
            if got != (value.hex(), reason):
                lines.append(f"row {row} {output}: {got}, by the oracle {value.hex(), reason}")
    return lines


cheaply = settings(suppress_health_check=list(HealthCheck))
seldom = settings(cheaply, max_examples=settings().max_examples // 3)


@cheaply
@given(book=books)
def test_the_loops_and_the_oracle_agree_in_every_bit(book: list[Borrower]) -> None:
    assert differences(book) == []


def test_amounts_that_add_up_to_their_limit_overflow_nothing() -> None:
    """500 of 10^12: of one key and month, of both signs, spread over keys, months and years."""
    most, turns = 10**12, (1, -1)
    book = [
        Borrower(ASOF, [Event(age * at + 1, at % 6, (most, -most), at % many) for at in range(500)])
        for age, many in ((0, 1), (DAY, 500), (13 * DAY, 7))
    ]
    both = [
        Event(DAY * at + 1, at // 2 % 6, (most * turns[at % 2], most), at % 3) for at in range(500)
    ]
    book.append(Borrower(ASOF, both))
    assert differences(book) == []


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
    assert bits(computed(changed, packed(changed))) == bits(computed(book, packed(book)))


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
    assert bits(computed(mixed, packed(mixed, places))) == bits(computed(book, packed(book, ids)))


@seldom
@given(book=books)
def test_neither_neighbours_nor_chunks_change_a_bit(book: list[Borrower]) -> None:
    together = bits(computed(book, packed(book)))
    for row, one in enumerate(book):
        assert bits(computed([one], packed([one]))) == [together[row]]
        assert bits(computed(book, packed(book), slice(row, row + 1))) == [together[row]]
