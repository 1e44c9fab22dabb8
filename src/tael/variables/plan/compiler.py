"""From definitions to a plan: which kernel computes which variables of which slot, in which column.

All variables of one slot and kernel share a section where they can: events are read once a section,
and what one family's windows cost the filters of another is less than another reading. They cannot
where a velocity's next longer window is not its neighbour among all windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tael.kernel import BadInput
from tael.variables.definitions.expand import expand
from tael.variables.definitions.leaves import leaf_count, leaves_of
from tael.variables.definitions.model import Definitions, Source, Variable
from tael.variables.definitions.operations import SUBJECTS
from tael.variables.packing.schema import EventSchema, Kind, schema_of
from tael.variables.plan import concentration
from tael.variables.plan.balances import BalancesOutput, BalancesPlan
from tael.variables.plan.checks import ENDLESS
from tael.variables.plan.concentration import ConcentrationPlan
from tael.variables.plan.derived import DerivedOutput, DerivedPlan
from tael.variables.plan.months import MonthsOutput, MonthsPlan
from tael.variables.plan.peers import PeersPlan
from tael.variables.plan.plan import NO_SLOT, Plan, Section, SectionPlan
from tael.variables.plan.sequences import SequencesOutput, SequencesPlan
from tael.variables.plan.states import StatesOutput, StatesPlan
from tael.variables.plan.windows import SHARES, Output, WindowPlan

EVENTS = -1  # in place of a measure: events are counted
Windows = tuple[int | None, ...]


def slot_of(variable: Variable) -> str:
    """Subject word and source of a variable: ``ent.bank_tx``."""
    return f"{SUBJECTS[variable.subject][0]}.{variable.source}"


def compile_plan(definitions: Definitions, variables: Sequence[Variable] | None = None) -> Plan:
    """The plan that computes ``variables``, or all that ``definitions`` make.

    Columns lie section by section; ``Plan.names`` tells which is which. Parents of derived
    variables are computed too, asked for or not.

    Raises:
        DefinitionError: the definitions cannot be expanded.
        BadInput: a percentile of a percentile.
    """
    chosen = _with_parents(expand(definitions) if variables is None else variables, definitions)
    sources = {source.name: source for source in definitions.sources}
    laid = _Laid()
    for (slot, kind), members in _grouped(chosen).items():
        source = sources[members[0].source]
        for part, windows in _split(members) if kind in _WINDOWED else [(members, ())]:
            made = _PLANS[kind](_Parts(source), part, windows)
            if isinstance(made, WindowPlan):
                ordered = [part[place] for place in made.run_order]
                laid.add(slot, kind, ordered, made.in_run_order())
            else:
                laid.add(slot, kind, part, made)
        laid.schemas[slot] = schema_of(source)
    _lay_derived(laid, [each for each in chosen if each.kind == "derived"])
    return Plan(
        ids=tuple(each.id for each in laid.columns),
        names=tuple(each.name for each in laid.columns),
        versions=tuple(each.version for each in laid.columns),
        sections=tuple(laid.sections),
        schemas=laid.schemas,
    )


@dataclass(slots=True)
class _Laid:
    """Sections laid so far, the variable of each column, and the column of each name."""

    sections: list[Section] = field(default_factory=list)
    columns: list[Variable] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    schemas: dict[str, EventSchema] = field(default_factory=dict)

    def add(self, slot: str, kind: str, members: Sequence[Variable], plan: SectionPlan) -> None:
        start = len(self.columns)
        self.sections.append(Section(slot, kind, plan, start))
        self.columns += members
        self.places |= {each.name: start + place for place, each in enumerate(members)}


class _Parts:
    """What a section is made of: filters and hits, each once, by place; columns by place."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.schema = schema_of(source)
        self.leaves = leaf_count(source)
        self.measures = {name: place for place, name in enumerate(self.schema.measures)}
        self.filters: dict[frozenset[int], int] = {}
        self._known: dict[tuple[tuple[str, tuple[str, ...] | None], ...], int] = {}

    def filter(self, variable: Variable) -> int:
        """Place of the variable's filter; its leaves are looked up once."""
        if variable.filter not in self._known:
            place = self._place(leaves_of(self.source, variable.filter))
            self._known[variable.filter] = place
        return self._known[variable.filter]

    def whole(self) -> int:
        """The filter of all leaves: what shares are shares of."""
        return self._place(frozenset(range(self.leaves)))

    def measure(self, name: str) -> int:
        """Place of a measure; without a name the events themselves."""
        return self.measures[name] if name else EVENTS

    def hit(self, column: str, codes: tuple[str, ...]) -> tuple[frozenset[int], ...]:
        """The leaves of each code in turn."""
        return tuple(leaves_of(self.source, [(column, (code,))]) for code in dict.fromkeys(codes))

    def _place(self, leaves: frozenset[int]) -> int:
        return self.filters.setdefault(leaves, len(self.filters))


def _with_parents(variables: Sequence[Variable], definitions: Definitions) -> list[Variable]:
    chosen = {each.name: each for each in variables}
    missing = _unmet(chosen)
    made = {each.name: each for each in expand(definitions)} if missing else {}
    while missing:
        chosen |= {name: made[name] for name in missing}
        missing = _unmet(chosen)
    return list(chosen.values())


def _unmet(chosen: Mapping[str, Variable]) -> list[str]:
    parents = dict.fromkeys(name for each in chosen.values() for name in each.parents)
    return [name for name in parents if name not in chosen]


def _grouped(variables: Iterable[Variable]) -> dict[tuple[str, str], list[Variable]]:
    """Variables of events by slot and kernel: slots as they come, kernels in a fixed order."""
    slots: dict[str, dict[str, list[Variable]]] = {}
    for each in variables:
        if each.kind != "derived":
            kinds = slots.setdefault(slot_of(each), {kind: [] for kind in _PLANS})
            kinds[_kernel_of(each)].append(each)
    return {
        (slot, kind): members
        for slot, kinds in slots.items()
        for kind, members in kinds.items()
        if members
    }


def _kernel_of(variable: Variable) -> str:
    return "concentration" if variable.operation in concentration.AGGREGATES else variable.kind


def _split(members: list[Variable]) -> list[tuple[list[Variable], Windows]]:
    """Parts with common windows in which each velocity's longer window follows its own."""
    parts: list[tuple[list[Variable], Windows]] = []
    rest = members
    while rest:
        windows = _windows(rest)
        fitting = [each for each in rest if _neighbours(each, windows)]
        if not fitting:
            first = rest[0]
            windows = _windows([first])
            fitting = [
                each for each in rest if each.window_s == first.window_s
                and _longer(each) == _longer(first)
            ]  # fmt: skip
        parts.append((fitting, windows))
        taken = {each.name for each in fitting}
        rest = [each for each in rest if each.name not in taken]
    return parts


def _longer(variable: Variable) -> int | None:
    """Seconds of a velocity's next longer window; None for what is no velocity."""
    if not variable.operation.startswith("velocity"):
        return None
    return ENDLESS if variable.longer_s is None else variable.longer_s


def _windows(members: Iterable[Variable]) -> Windows:
    found = set()
    for each in members:
        found.add(ENDLESS if each.window_s is None else each.window_s)
        longer = _longer(each)
        if longer is not None:
            found.add(longer)
    return tuple(None if each == ENDLESS else each for each in sorted(found))


def _neighbours(variable: Variable, windows: Windows) -> bool:
    longer = _longer(variable)
    if longer is None:
        return True
    following = windows[windows.index(variable.window_s) + 1]
    return (ENDLESS if following is None else following) == longer


def _plan_windows(parts: _Parts, members: list[Variable], windows: Windows) -> WindowPlan:
    outputs = []
    for each in members:
        measure = parts.measures.get(each.measure.column, 0)
        base = parts.whole() if each.operation in SHARES else None
        at = windows.index(each.window_s)
        outputs.append(Output(each.operation, parts.filter(each), at, measure, base))
    measures = len(parts.measures)
    return WindowPlan(parts.leaves, tuple(parts.filters), windows, measures, tuple(outputs))


def _plan_concentration(
    parts: _Parts, members: list[Variable], windows: Windows
) -> ConcentrationPlan:
    outputs = tuple(
        Output(
            each.operation,
            parts.filter(each),
            windows.index(each.window_s),
            parts.measure(each.measure.weight),
        )
        for each in members
    )
    measures = len(parts.measures)
    return ConcentrationPlan(parts.leaves, tuple(parts.filters), windows, measures, outputs)


def _plan_months(parts: _Parts, members: list[Variable], _windows: Windows) -> MonthsPlan:
    outputs = tuple(
        MonthsOutput(each.operation, parts.filter(each), parts.measure(each.measure.column))
        for each in members
    )
    return MonthsPlan(parts.leaves, tuple(parts.filters), len(parts.measures), outputs)


def _plan_states(parts: _Parts, members: list[Variable], _windows: Windows) -> StatesPlan:
    outputs = []
    for each in members:
        measure = parts.measures.get(each.measure.column, 0)
        by = parts.measures.get(each.measure.by, 0)
        base = parts.whole() if each.operation in SHARES else None
        outputs.append(StatesOutput(each.operation, parts.filter(each), measure, by, base))
    return StatesPlan(
        leaves=parts.leaves,
        filters=tuple(parts.filters),
        measures=len(parts.measures),
        outputs=tuple(outputs),
        keyed=bool(parts.schema.of(Kind.KEY)),
    )


def _plan_sequences(parts: _Parts, members: list[Variable], _windows: Windows) -> SequencesPlan:
    hits: dict[tuple[frozenset[int], ...], int] = {}
    outputs = []
    for each in members:
        severities = parts.hit(each.measure.column, each.measure.codes)
        hit = hits.setdefault(severities, len(hits))
        outputs.append(SequencesOutput(each.operation, parts.filter(each), hit))
    whole = tuple(frozenset().union(*each) for each in hits)
    return SequencesPlan(parts.leaves, tuple(parts.filters), whole, tuple(hits), tuple(outputs))


def _plan_balances(parts: _Parts, members: list[Variable], windows: Windows) -> BalancesPlan:
    outputs = tuple(
        BalancesOutput(
            each.operation,
            parts.filter(each),
            windows.index(each.window_s),
            parts.measures[each.measure.column],
            each.measure.below,
        )
        for each in members
    )
    measures = len(parts.measures)
    return BalancesPlan(parts.leaves, tuple(parts.filters), windows, measures, outputs)


_Planner = Callable[[_Parts, list[Variable], Windows], SectionPlan]
_PLANS: dict[str, _Planner] = {
    "windows": _plan_windows,
    "concentration": _plan_concentration,
    "months": _plan_months,
    "states": _plan_states,
    "sequences": _plan_sequences,
    "balances": _plan_balances,
}
_WINDOWED = frozenset({"windows", "concentration", "balances"})


def _lay_derived(laid: _Laid, derived: list[Variable]) -> None:
    """What is made of other columns, after its parents; percentiles in one section among them."""
    percentiles = [each for each in derived if each.operation == "percentile"]
    rest = _lay_arithmetic(laid, [each for each in derived if each.operation != "percentile"])
    if percentiles:
        late = [each for each in percentiles if each.parents[0] not in laid.places]
        if late:
            rule = "a percentile is of a variable that is no percentile and made of none"
            raise BadInput(f"{late[0].name}: {rule}", field=late[0].name, rule=rule)
        of = tuple(laid.places[each.parents[0]] for each in percentiles)
        laid.add(NO_SLOT, "peers", percentiles, PeersPlan(of))
        _lay_arithmetic(laid, rest)


def _lay_arithmetic(laid: _Laid, derived: list[Variable]) -> list[Variable]:
    """One section of those whose parents stand; what is left over."""
    ready: list[Variable] = []
    places = dict(laid.places)
    rest = derived
    while True:
        fitting = [each for each in rest if all(name in places for name in each.parents)]
        if not fitting:
            break
        start = len(laid.columns) + len(ready)
        places |= {each.name: start + place for place, each in enumerate(fitting)}
        ready += fitting
        taken = {each.name for each in fitting}
        rest = [each for each in rest if each.name not in taken]
    if ready:
        outputs = (
            DerivedOutput(each.operation, places[each.parents[0]], places[each.parents[1]])
            for each in ready
        )
        laid.add(NO_SLOT, "derived", ready, DerivedPlan(tuple(outputs)))
    return rest
