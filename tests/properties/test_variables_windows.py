"""Window variables: the compiled loops and the oracle agree, whatever the events and the plan."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.variables.kernel.sheet import Sheet, make_sheet, row_hashes
from tael.variables.kernel.windows import run
from tael.variables.oracle.windows import answers
from tael.variables.packing.packed import FOREVER, Packed, sort_order
from tael.variables.plan.windows import AGGREGATES, SHARES, VELOCITIES, Output, WindowPlan

ASOF = 1_700_000_000
DAY = 86_400
# Ends of windows, and the seconds beside them, more often than chance would have them.
AGES = st.sampled_from([-1, 0, 1, DAY, DAY + 1, 7 * DAY - 1, 7 * DAY, 7 * DAY + 1, 30 * DAY])
ages = AGES | st.integers(-30 * DAY, 400 * DAY) | st.integers(0, 10_000 * DAY)
amounts = st.integers(-9, 9) | st.integers(-(10**12), 10**12) | st.just(10**12)
keys = st.integers(0, 3) | st.integers(-(2**63), 2**63 - 1)
LEAVES = 6


@dataclass(frozen=True)
class Event:
    """As drawn; ages are seconds before the as-of instant."""

    age: int
    leaf: int
    amounts: tuple[int, int]
    key: int
    delay: int
    life: int | None

    @property
    def known(self) -> int:
        return ASOF - self.age + self.delay

    @property
    def until(self) -> int:
        return FOREVER if self.life is None else self.known + self.life

    @property
    def may_be_read(self) -> bool:
        return self.age > 0 and self.known <= ASOF

    def as_known_then(self) -> Event:
        """Without the end that only came to be known later."""
        return replace(self, life=None) if self.until > ASOF else self


Drawn = list[list[Event] | None]  # of each borrower; None: the source is not there
events = st.builds(
    Event,
    ages,
    st.integers(0, LEAVES - 1),
    st.tuples(amounts, amounts),
    keys,
    st.just(0) | st.integers(0, 9 * DAY),
    st.none() | st.integers(1, 90 * DAY),
)
borrowers = st.lists(st.none() | st.lists(events, max_size=25), min_size=1, max_size=6)
whole = frozenset(range(LEAVES))


@st.composite
def plans(draw: st.DrawFn) -> WindowPlan:
    sets = st.frozensets(st.integers(0, LEAVES - 1), min_size=1)
    filters = (whole, *draw(st.lists(sets, max_size=70 if draw(st.booleans()) else 4)))
    days = draw(st.sets(st.sampled_from([1, 7, 30, 365]), min_size=1))
    windows = (*(each * DAY for each in sorted(days)), *([None] if draw(st.booleans()) else []))
    output = st.builds(
        Output,
        st.sampled_from(AGGREGATES),
        st.integers(0, len(filters) - 1),
        st.integers(0, len(windows) - 1),
        st.integers(0, 1),
    )
    outputs = [
        each
        for each in draw(st.lists(output, min_size=1, max_size=60))
        if each.aggregate not in VELOCITIES or each.window < len(windows) - 1
    ]
    return WindowPlan(LEAVES, filters, windows, 2, tuple(outputs))


def pack(drawn: Drawn, ids: list[list[int]] | None = None) -> Packed:
    """Events in any order; ``ids`` say which of equal ones comes first."""
    rows = [each for some in drawn for each in some or []]
    lengths = [len(some or []) for some in drawn]
    ranks = [i for some in ids for i in some] if ids else [i for n in lengths for i in range(n)]
    owner = np.repeat(np.arange(len(drawn)), lengths)
    time = np.array([ASOF - row.age for row in rows], np.int64)
    known = np.array([row.known for row in rows], np.int64)
    order = sort_order(owner, time, known, np.array(ranks, np.int64))
    return Packed(
        offsets=np.append(0, np.cumsum(lengths)).astype(np.int64),
        time=time[order],
        visible_from=known[order],
        visible_to=np.array([row.until for row in rows], np.int64)[order],
        leaf=np.array([row.leaf for row in rows], np.uint16)[order],
        measures=np.array([row.amounts for row in rows], np.int64).reshape(-1, 2)[order].T.copy(),
        key=np.array([row.key for row in rows], np.int64)[order],
        present=np.array([some is not None for some in drawn]),
    )


def computed(plan: WindowPlan, packed: Packed) -> Sheet:
    sheet = make_sheet(packed.borrowers, len(plan.outputs))
    run(plan, packed, np.full(packed.borrowers, ASOF), 0, sheet)
    return sheet


def hashes(plan: WindowPlan, packed: Packed) -> list[str]:
    return row_hashes(plan.hash, computed(plan, packed))


slowly = settings(suppress_health_check=list(HealthCheck))
seldom = settings(slowly, max_examples=settings().max_examples // 3)


@slowly
@given(plan=plans(), drawn=borrowers)
def test_the_loops_and_the_oracle_agree_in_every_bit(plan: WindowPlan, drawn: Drawn) -> None:
    packed = pack(drawn)
    expected = make_sheet(len(drawn), len(plan.outputs))
    for row in range(len(drawn)):
        for column, pair in enumerate(answers(plan, packed, row, ASOF)):
            expected.values[row, column], expected.reasons[row, column] = pair
    found = computed(plan, packed)
    assert found.reasons.tolist() == expected.reasons.tolist()
    assert found.values.view(np.int64).tolist() == expected.values.view(np.int64).tolist()


@seldom
@given(plan=plans(), drawn=borrowers, others=st.lists(events, min_size=1, max_size=9))
def test_no_bit_comes_from_an_event_that_is_not_yet_known(
    plan: WindowPlan, drawn: Drawn, others: list[Event]
) -> None:
    hidden = [each for each in others if not each.may_be_read]
    changed = [
        some and [each.as_known_then() for each in some if each.may_be_read] + hidden
        for some in drawn
    ]
    assert hashes(plan, pack(changed)) == hashes(plan, pack(drawn))


@seldom
@given(plan=plans(), drawn=borrowers, data=st.data())
def test_the_order_in_which_events_arrive_changes_no_bit(
    plan: WindowPlan, drawn: Drawn, data: st.DataObject
) -> None:
    ids = [list(range(len(some or []))) for some in drawn]
    places = [data.draw(st.permutations(some)) for some in ids]
    mixed = [some and [some[i] for i in at] for some, at in zip(drawn, places, strict=True)]
    assert hashes(plan, pack(mixed, places)) == hashes(plan, pack(drawn, ids))


def _many(size: int) -> tuple[WindowPlan, Packed, np.ndarray]:
    rng = np.random.default_rng(7)
    lengths = rng.integers(0, 200, size)
    total = int(lengths.sum())
    owner = np.repeat(np.arange(size), lengths)
    asof = ASOF + rng.integers(0, 365 * DAY, size)
    time = asof[owner] - rng.integers(-9 * DAY, 800 * DAY, total)
    known = time + rng.integers(0, 9 * DAY, total)
    order = sort_order(owner, time, known, np.arange(total))
    packed = Packed(
        offsets=np.append(0, np.cumsum(lengths)).astype(np.int64),
        time=time[order],
        visible_from=known[order],
        visible_to=np.where(rng.random(total) < 0.1, known + DAY, FOREVER)[order],
        leaf=rng.integers(0, LEAVES, total).astype(np.uint16),
        measures=rng.integers(-(10**11), 10**11, (2, total)),
        key=rng.integers(0, 50, total),
        present=rng.random(size) < 0.95,
    )
    filters = (whole, *(frozenset({leaf}) for leaf in range(LEAVES)))
    outputs = tuple(
        Output(aggregate, number, window, measure)
        for number in range(len(filters))
        for window in range(3)
        for measure in range(2)
        for aggregate in AGGREGATES
        if (aggregate not in VELOCITIES or window < 2) and (aggregate not in SHARES or number)
    )
    return WindowPlan(LEAVES, filters, (7 * DAY, 90 * DAY, None), 2, outputs), packed, asof


def test_chunks_and_threads_give_one_hash() -> None:
    plan, packed, asof = _many(300)

    def digest(chunk: int, threads: int) -> str:
        def part(first: int) -> list[str]:
            sheet = make_sheet(min(chunk, 300 - first), len(plan.outputs))
            run(plan, packed, asof, first, sheet)
            return row_hashes(plan.hash, sheet)

        with ThreadPoolExecutor(threads) as pool:
            rows = [line for part in pool.map(part, range(0, 300, chunk)) for line in part]
        return hashlib.sha256("".join(rows).encode()).hexdigest()

    assert len({digest(300, 1), digest(1, 1), digest(7, 2), digest(128, 3)}) == 1
