"""From families to named variables: filters x windows x measures x aggregates."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from tael.variables.definitions.calendars import CALENDARS
from tael.variables.definitions.check import DefinitionError, Findings
from tael.variables.definitions.model import (
    Definitions,
    Derived,
    Family,
    Group,
    Measure,
    Source,
    Variable,
)
from tael.variables.definitions.names import Numbers, window_word
from tael.variables.definitions.operations import KINDS, SUBJECTS, Aggregate
from tael.variables.definitions.texts import variable_text


def expand(definitions: Definitions) -> tuple[Variable, ...]:
    """Every variable that ``definitions`` make, in the order of files, families and names.

    Left out are cells that are always the same: the share of everything in everything, and the
    velocity of the longest window, which has no longer one to compare with.

    Raises:
        DefinitionError: a name made twice, a parent that is not there, a difference of two units,
            or a meaning that changed without a new version.
    """
    findings = Findings()
    variables = expand_into(definitions, findings)
    if findings.found:
        raise DefinitionError(findings.ordered())
    return variables


def expand_into(definitions: Definitions, findings: Findings) -> tuple[Variable, ...]:
    """Like ``expand``; what is wrong goes to ``findings``."""
    maker = _Maker(Numbers(definitions.numbered, findings), findings)
    pairs = [(source, family) for source in definitions.sources for family in source.families]
    for source, family in pairs:
        if family.kind != "derived":
            maker.plain(source, family)
    for source, family in pairs:
        if family.kind == "derived":
            maker.derive(source, family)
    return tuple(maker.made.values())


@dataclass(frozen=True, slots=True)
class _Cell:
    """One variable to be: where it stands among filters, windows, measures and aggregates."""

    subject: str
    groups: tuple[Group, ...]
    window_s: int | None
    longer_s: int | None
    measure: Measure
    word: str


class _Maker:
    def __init__(self, numbers: Numbers, findings: Findings) -> None:
        self.numbers = numbers
        self.findings = findings
        self.made: dict[str, Variable] = {}

    def plain(self, source: Source, family: Family) -> None:
        for cell in _cells(family):
            span = KINDS[family.kind].span or window_word(cell.window_s)
            name = ".".join(
                (
                    SUBJECTS[cell.subject][0],
                    source.name,
                    *(group.word for group in cell.groups),
                    span,
                    cell.measure.word,
                    cell.word,
                )
            )
            self._make(source, family, cell, name, ())

    def derive(self, source: Source, family: Family) -> None:
        cells = itertools.product(family.subjects, family.derived, family.windows)
        for subject, derived, window_s in cells:
            span = window_word(window_s)
            parents = self._parents(derived, span)
            word = derived.operation
            measure = Measure(derived.word, "derived", derived.title, (word,), derived.place)
            cell = _Cell(subject, (), window_s, None, measure, word)
            name = ".".join((SUBJECTS[subject][0], source.name, span, derived.word, word))
            self._make(source, family, cell, name, parents)

    def _parents(self, derived: Derived, span: str) -> tuple[str, ...]:
        names = [each.replace("{window}", span) for each in (derived.of, derived.by) if each]
        for name in names:
            if name not in self.made:
                self.findings.add(derived.place, derived.word, "parent_unknown", name=name)
        units = [self.made[name].unit for name in names if name in self.made]
        if derived.operation == "difference" and len(units) > 1 and units[0] != units[1]:
            self.findings.add(
                derived.place, derived.word, "units_differ", first=units[0], second=units[1]
            )
        return tuple(names)

    def _make(
        self, source: Source, family: Family, cell: _Cell, name: str, parents: tuple[str, ...]
    ) -> None:
        place = cell.measure.place
        if name in self.made:
            other = self.made[name].place
            self.findings.add(place, cell.measure.word, "name_twice", name=name, other=other)
            return
        aggregate = KINDS[family.kind].aggregates[cell.measure.kind][cell.word]
        unit, decimals = self._unit(source, cell.measure, aggregate, parents)
        columns = _columns(source, family, cell)
        made_of = (*columns, *_rules(source, family, cell))
        meaning = _meaning(
            source, family, cell, (*made_of, *self._traced(parents), unit, str(decimals))
        )
        number, version = self.numbers.give(name, meaning, family.version, place)
        made = (cell.subject, cell.window_s, aggregate, unit)
        self.made[name] = Variable(
            id=number,
            name=name,
            version=version,
            subject=cell.subject,
            source=source.name,
            kind=family.kind,
            filter=_filter(family, cell),
            window=KINDS[family.kind].span or window_word(cell.window_s),
            window_s=cell.window_s,
            longer_s=cell.longer_s,
            measure=cell.measure,
            aggregate=cell.word,
            operation=aggregate.operation,
            unit=unit,
            decimals=decimals,
            type="integer" if aggregate.integer else "real",
            sign=dict(family.expect).get(f"{cell.measure.word}.{cell.word}", ""),
            columns=columns,
            parents=parents,
            text=variable_text(source, family, cell.groups, cell.measure, made),
            place=place,
            meaning=meaning,
        )

    def _traced(self, parents: tuple[str, ...]) -> tuple[str, ...]:
        """What parents mean: when one changes its meaning, so does what is made of it."""
        return tuple(self.made[name].meaning for name in parents if name in self.made)

    def _unit(
        self, source: Source, measure: Measure, aggregate: Aggregate, parents: tuple[str, ...]
    ) -> tuple[str, int]:
        """Unit and decimals: those of the measure where the aggregate keeps them."""
        base, decimals = "count", 0
        if measure.kind == "value":
            column = source.column(measure.column)
            base, decimals = column.unit, column.decimals
        elif parents and parents[0] in self.made:
            base, decimals = self.made[parents[0]].unit, self.made[parents[0]].decimals
        unit = aggregate.unit.replace("=", base)
        return unit, decimals if aggregate.unit.startswith("=") else 0


def _cells(family: Family) -> Iterator[_Cell]:
    """The cells of a family, without those that are the same for everybody."""
    dimensions = [groups for _, groups in family.filters]
    ahead = [*family.windows[1:], None]
    windows = list(zip(family.windows, ahead, strict=False))
    for subject, groups in itertools.product(family.subjects, itertools.product(*dimensions)):
        whole = all(group.everything for group in groups)
        for (window_s, longer_s), measure in itertools.product(windows, family.measures):
            for word in measure.aggregates:
                last = window_s == family.windows[-1]
                if (word == "share" and whole) or (word == "velocity" and last):
                    continue
                longer = longer_s if word == "velocity" else None
                yield _Cell(subject, groups, window_s, longer, measure, word)


def _filter(family: Family, cell: _Cell) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    return tuple(
        (name, None if group.everything else group.codes)
        for (name, _), group in zip(family.filters, cell.groups, strict=True)
    )


def _columns(source: Source, family: Family, cell: _Cell) -> tuple[str, ...]:
    """The columns a value depends on: filters that bind, the measure's, and the time columns.

    What a calendar makes of the event time is no column of its own.
    """
    if family.kind == "derived":
        return ()
    made = _made(source)
    delivered = [name for name in _used(family, cell) if name not in made]
    return ("event_at", "known_at", *delivered)


def _rules(source: Source, family: Family, cell: _Cell) -> tuple[str, ...]:
    """Which calendars a value depends on, with their rules: other days, another meaning."""
    if family.kind == "derived":
        return ()
    made = _made(source)
    names = [made[name] for name in _used(family, cell) if name in made]
    return tuple(f"{name} {CALENDARS[name].rule}" for name in names)


def _made(source: Source) -> dict[str, str]:
    """Columns that are made of the event time, each with its calendar."""
    return {column.name: column.calendar for column in source.columns if column.calendar}


def _used(family: Family, cell: _Cell) -> tuple[str, ...]:
    bound = [name for name, codes in _filter(family, cell) if codes is not None]
    measure = cell.measure
    used = [*bound, measure.column, measure.by, measure.weight]
    return tuple(dict.fromkeys(name for name in used if name))


def _meaning(source: Source, family: Family, cell: _Cell, made_of: tuple[str, ...]) -> str:
    """A short hash of what a value depends on; titles and signs are no part of it."""
    measure = cell.measure
    said = (
        cell.subject, source.name, family.kind,
        [(name, sorted(codes or ())) for name, codes in _filter(family, cell)],
        cell.window_s, cell.longer_s, measure.kind, measure.column, measure.by, measure.weight,
        measure.below, measure.codes, cell.word, made_of,
    )  # fmt: skip
    return sha256(json.dumps(said).encode()).hexdigest()[:12]
