"""Every variable that is shipped: loops against oracle, against its definition, and no leak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from tael.variables.definitions.expand import expand
from tael.variables.definitions.load import load_definitions
from tael.variables.definitions.model import Variable
from tael.variables.kernel.machine import run_plan
from tael.variables.kernel.peers import make_peers
from tael.variables.kernel.sheet import Sheet, make_sheet
from tael.variables.oracle import balances, concentration, months, sequences, states, windows
from tael.variables.oracle.events import ABSENT, Answer, Event, visible
from tael.variables.oracle.machine import values_of
from tael.variables.packing.book import Book
from tael.variables.packing.packed import FOREVER, Packed, sort_order, verify
from tael.variables.packing.schema import EventSchema, Kind
from tael.variables.plan.balances import BalancesOutput, BalancesPlan
from tael.variables.plan.compiler import compile_plan, slot_of
from tael.variables.plan.concentration import AGGREGATES as CONCENTRATIONS
from tael.variables.plan.concentration import ConcentrationPlan
from tael.variables.plan.months import MonthsOutput, MonthsPlan
from tael.variables.plan.peers import PeersPlan
from tael.variables.plan.plan import Plan
from tael.variables.plan.sequences import SequencesOutput, SequencesPlan
from tael.variables.plan.states import StatesOutput, StatesPlan
from tael.variables.plan.windows import Output, WindowPlan

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("variables_shipped")]

NOW = 1_700_000_000
DAY = 86_400
FIRMS = 44
HELD = 12  # of them against the oracle, which is slow
# The instant of each firm: most now, some a moment or three years before.
ASOF = NOW - np.resize([0, 0, 1, 0, 1100 * DAY], FIRMS).astype(np.int64)
EDGES = DAY * np.array([7, 30, 60, 90, 180, 365, 720, 730, 1825])


@dataclass(frozen=True, slots=True)
class Events:
    """Events of one slot as columns; ``firm`` says whose, the order is that of ids."""

    firm: np.ndarray
    time: np.ndarray
    known: np.ndarray
    until: np.ndarray
    leaf: np.ndarray
    amounts: np.ndarray
    key: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """Mask of the events that are visible as of the instant of their firm."""
        asof = ASOF[self.firm]
        mask: np.ndarray = (self.time < asof) & (self.known <= asof) & (asof < self.until)
        return mask

    def only(self, mask: np.ndarray) -> Events:
        return Events(*(getattr(self, name)[mask] for name in self.__slots__))


def after(one: Events, two: Events) -> Events:
    columns = ((getattr(one, name), getattr(two, name)) for name in one.__slots__)
    return Events(*(np.concatenate(pair) for pair in columns))


def drawn(rng: np.random.Generator, schema: EventSchema) -> Events:
    """More events of sources with more leaves, from the last week to ten years ago and to come."""
    many = FIRMS * (70 + 2 * schema.leaves)
    firm = rng.integers(0, FIRMS, many)
    ages = np.select(
        [rng.random(many) < share for share in (0.15, 0.4, 0.6, 0.95)],
        [
            rng.choice(EDGES, many) + rng.integers(-1, 2, many),
            rng.integers(1, 7 * DAY, many),
            rng.integers(1, 90 * DAY, many),
            rng.integers(-9 * DAY, 800 * DAY, many),
        ],
        rng.integers(1, 3650 * DAY, many),
    )
    time = ASOF[firm] - ages
    known = time + np.where(rng.random(many) < 0.5, 0, rng.integers(0, 20 * DAY, many))
    until = np.where(rng.random(many) < 0.15, known + rng.integers(1, 90 * DAY, many), FOREVER)
    shape = (many, len(schema.measures))
    sizes = rng.choice([9, 10**4, 10**8, 10**12], shape, p=[0.2, 0.5, 0.25, 0.05])
    amounts = rng.integers(-sizes // 8, sizes, endpoint=True)
    key = rng.integers(0, 9, many) if schema.of(Kind.KEY) else np.zeros(many, np.int64)
    return Events(firm, time, known, until, rng.integers(0, schema.leaves, many), amounts, key)


def packed(events: Events, present: np.ndarray) -> Packed:
    mine = events.only(present[events.firm])
    order = sort_order(mine.firm, mine.time, mine.known, np.arange(len(mine.firm)))
    ours = mine.only(order)
    made = Packed(
        offsets=np.append(0, np.cumsum(np.bincount(ours.firm, minlength=FIRMS))).astype(np.int64),
        time=ours.time,
        visible_from=ours.known,
        visible_to=ours.until,
        leaf=ours.leaf.astype(np.uint16),
        measures=np.ascontiguousarray(ours.amounts.T),
        key=ours.key,
        present=present,
    )
    verify(made)
    return made


@dataclass(frozen=True)
class Shipped:
    """The plan of all that is shipped, random firms, and what the loops make of them."""

    variables: tuple[Variable, ...]
    plan: Plan
    events: dict[str, Events]
    present: dict[str, np.ndarray]
    book: Book
    sheet: Sheet

    def book_of(self, events: dict[str, Events]) -> Book:
        slots = {slot: packed(some, self.present[slot]) for slot, some in events.items()}
        return replace(self.book, slots=slots)

    def changed(self, sheet: Sheet) -> list[str]:
        """Names of the variables with another bit than the sheet of the book has."""
        other = sheet.values.view(np.int64) != self.sheet.values.view(np.int64)
        other |= sheet.reasons != self.sheet.reasons
        return [self.plan.names[column] for column in np.flatnonzero(other.any(0))]


def computed(plan: Plan, book: Book, asof: np.ndarray = ASOF) -> Sheet:
    sheet = make_sheet(len(book.borrowers), plan.width)
    run_plan(plan, book, asof, 0, sheet)
    return sheet


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    rng = np.random.default_rng(20)
    definitions = load_definitions()
    variables = tuple(expand(definitions))
    plan = compile_plan(definitions, variables)
    events = {slot: drawn(rng, schema) for slot, schema in plan.schemas.items()}
    # A firm without each source, and one with every source and no event.
    present = {slot: np.arange(FIRMS) != 5 + at % 6 for at, slot in enumerate(events)}
    events = {slot: some.only(some.firm != 4) for slot, some in events.items()}
    groups = np.resize([1001, 1001, 1001, 2001, 1001, 2002], FIRMS).astype(np.int64)
    slots = {slot: packed(some, present[slot]) for slot, some in events.items()}
    book = Book(tuple(f"F{number:02}" for number in range(FIRMS)), slots, groups)
    (placing,) = (each.plan for each in plan.sections if isinstance(each.plan, PeersPlan))
    before = computed(plan, book, ASOF - 30 * DAY)
    book = book.among(make_peers(placing, before, groups, NOW - 20 * DAY, plan.placed))
    return Shipped(variables, plan, events, present, book, computed(plan, book))


def test_every_variable_has_a_value_of_some_firm(shipped: Shipped) -> None:
    """Otherwise the tests below would say nothing about it."""
    empty = (shipped.sheet.reasons != 0).all(0)
    assert [shipped.plan.names[column] for column in np.flatnonzero(empty)] == []


def test_every_variable_is_that_of_the_oracle(shipped: Shipped) -> None:
    sheet = Sheet(shipped.sheet.values.copy(), shipped.sheet.reasons.copy())
    for firm in range(HELD):
        answers = values_of(shipped.plan, shipped.book, int(ASOF[firm]), firm)
        sheet.values[firm] = [value for value, _ in answers]
        sheet.reasons[firm] = [reason for _, reason in answers]
    assert shipped.changed(sheet) == []


def test_no_variable_reads_an_event_that_is_not_visible(shipped: Shipped) -> None:
    """Those not visible are gone; then others have come in their place, and ends have moved."""
    rng = np.random.default_rng(21)
    seen = {slot: some.only(some.seen) for slot, some in shipped.events.items()}
    assert shipped.changed(computed(shipped.plan, shipped.book_of(seen))) == []
    filled = {}
    for slot, some in seen.items():
        others = drawn(rng, shipped.plan.schemas[slot])
        hidden = others.only(~others.seen)
        assert len(hidden.firm) > FIRMS
        ends = np.where(some.until == FOREVER, ASOF[some.firm] + 1, FOREVER)
        filled[slot] = after(hidden, replace(some, until=ends))
    assert shipped.changed(computed(shipped.plan, shipped.book_of(filled))) == []


def test_no_variable_of_a_firm_depends_on_other_firms(shipped: Shipped) -> None:
    sheet = make_sheet(FIRMS, shipped.plan.width)
    for firm in range(FIRMS):
        alone = computed(shipped.plan, shipped.book.take(firm, firm + 1), ASOF[firm : firm + 1])
        sheet.values[firm], sheet.reasons[firm] = alone.values[0], alone.reasons[0]
    assert shipped.changed(sheet) == []


def test_every_variable_is_what_its_definition_says(shipped: Shipped) -> None:
    """From filter, window and measure as defined, past the compiler: a plan of one variable."""
    found = {}
    for firm in (0, 3, 7):
        seen = {
            slot: visible(source, firm, int(ASOF[firm]))
            for slot, source in shipped.book.slots.items()
        }
        values, reasons = shipped.sheet.values[firm], shipped.sheet.reasons[firm]
        for each in shipped.variables:
            if each.kind != "derived":
                answer = defined(each, shipped.plan.schemas[slot_of(each)], seen[slot_of(each)])
                column = shipped.plan.column(each.name)
                mine = float(values[column]).hex(), int(reasons[column])
                if mine != (answer[0].hex(), answer[1]):
                    found[each.name] = mine, answer
    assert found == {}


def defined(each: Variable, schema: EventSchema, events: list[Event] | None) -> Answer:
    """What one variable is, by the oracle of its kind."""
    if events is None:
        return ABSENT
    kind = "concentration" if each.operation in CONCENTRATIONS else each.kind
    leaves = schema.leaves
    return KINDS[kind](
        each, schema, (_leaves(schema, each.filter), frozenset(range(leaves))), events
    )


Filters = tuple[frozenset[int], ...]


def _place(schema: EventSchema, column: str, without: int = 0) -> int:
    return schema.measures.index(column) if column in schema.measures else without


def _window(each: Variable, schema: EventSchema, both: Filters, events: list[Event]) -> Answer:
    velocity = each.operation.startswith("velocity")
    spans = (each.window_s, each.longer_s) if velocity else (each.window_s,)
    output = Output(each.operation, 0, 0, _place(schema, each.measure.column), 1)
    plan = WindowPlan(schema.leaves, both, spans, len(schema.measures), (output,))
    return windows.answer(plan, events, output)


def _concentration(
    each: Variable, schema: EventSchema, both: Filters, events: list[Event]
) -> Answer:
    output = Output(each.operation, 0, 0, _place(schema, each.measure.weight, -1))
    spans = (each.window_s,)
    plan = ConcentrationPlan(schema.leaves, both, spans, len(schema.measures), (output,))
    return concentration.answer(plan, events, output)


def _months(each: Variable, schema: EventSchema, both: Filters, events: list[Event]) -> Answer:
    output = MonthsOutput(each.operation, 0, _place(schema, each.measure.column, -1))
    plan = MonthsPlan(schema.leaves, both, len(schema.measures), (output,))
    return months.answer(plan, events, output)


def _balances(each: Variable, schema: EventSchema, both: Filters, events: list[Event]) -> Answer:
    measure = _place(schema, each.measure.column)
    output = BalancesOutput(each.operation, 0, 0, measure, each.measure.below)
    spans = (each.window_s,)
    plan = BalancesPlan(schema.leaves, both, spans, len(schema.measures), (output,))
    return balances.answer(plan, events, output)


def _states(each: Variable, schema: EventSchema, both: Filters, events: list[Event]) -> Answer:
    measure, by = _place(schema, each.measure.column), _place(schema, each.measure.by)
    output = StatesOutput(each.operation, 0, measure, by, 1)
    keyed = bool(schema.of(Kind.KEY))
    plan = StatesPlan(schema.leaves, both, len(schema.measures), (output,), keyed)
    return states.answer(plan, states.standing(plan, events), output)


def _sequences(each: Variable, schema: EventSchema, both: Filters, events: list[Event]) -> Answer:
    worst = tuple(_leaves(schema, [(each.measure.column, (code,))]) for code in each.measure.codes)
    hit: frozenset[int] = frozenset().union(*worst)
    output = SequencesOutput(each.operation, 0, 0)
    plan = SequencesPlan(schema.leaves, both, (hit,), (worst,), (output,))
    return sequences.answer(plan, events, output)


KINDS = {
    "balances": _balances,
    "concentration": _concentration,
    "months": _months,
    "sequences": _sequences,
    "states": _states,
    "windows": _window,
}


def _leaves(
    schema: EventSchema, chosen: Iterable[tuple[str, tuple[str, ...] | None]]
) -> frozenset[int]:
    """The leaves whose codes are all among those chosen; None: any code."""
    wanted = {name: codes for name, codes in chosen if codes is not None}
    return _matching(schema.source, tuple(_codes(schema)), tuple(sorted(wanted.items())))


@cache
def _matching(
    source: str,
    codes: tuple[tuple[tuple[str, str], ...], ...],
    wanted: tuple[tuple[str, tuple[str, ...]], ...],
) -> frozenset[int]:
    limits = dict(wanted)
    return frozenset(
        leaf
        for leaf, pairs in enumerate(codes)
        if all(code in limits.get(name, (code,)) for name, code in pairs)
    )


def _codes(schema: EventSchema) -> list[tuple[tuple[str, str], ...]]:
    """Column and code of each dimension, leaf by leaf: the last dimension counts fastest."""
    found: list[tuple[tuple[str, str], ...]] = [()]
    for column in schema.of(Kind.CODE):
        found = [(*before, (column.name, code)) for before in found for code in column.codes]
    return found
