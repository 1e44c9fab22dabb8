"""From a folder of event tables to figures of quality and alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tael.kernel import BadInput
from tael.variables.definitions.model import Definitions, Source, Variable
from tael.variables.quality.figures import EVERYWHERE, Figure, figures_of, spans
from tael.variables.quality.rules import Rules, Side
from tael.variables.quality.tally import FIRST_DAY, NEVER, Tally

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH = date(1970, 1, 1)
Watch = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Alert:
    """A source below a limit, from the first to the last day in a row.

    ``worst`` and ``limit`` are shares of 1; ``region`` is a code, or ``all``.
    """

    source: str
    figure: str
    region: str
    first: date
    last: date
    worst: float
    limit: float

    def text(self) -> str:
        """The alert as a sentence."""
        where = "" if self.region == EVERYWHERE else f" in region {self.region or 'unknown'}"
        return (
            f"{self.source}{where}: {self.figure} {self.worst:.1%}, below {self.limit:.0%}, "
            f"from {self.first} to {self.last}"
        )


@dataclass(frozen=True)
class Quality:
    """Figures of every source by day and region.

    Attributes:
        figures: all of them.
        rows: rows of each source, whatever became of them.
        faults: faulty rows by source and rule.
        undated: faulty rows of each source that belong to no day.
        last_day: the last day of the figures: by then half of the sources have told the last that
            happened. None: nothing did.
    """

    figures: tuple[Figure, ...]
    rows: Mapping[str, int]
    faults: Mapping[str, Mapping[str, int]]
    undated: Mapping[str, int]
    last_day: date | None

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert, by source, figure, region and day."""
        found = []
        for figure in self.figures:
            for row in np.flatnonzero(figure.alert.any(1)).tolist():
                found += [_alert(figure, row, *span) for span in spans(figure.alert[row])]
        return tuple(found)


def assess(
    tables: Mapping[str, Sequence[Path]],
    definitions: Definitions,
    rules: Rules,
    region_of: Mapping[str, str],
    watch: Watch | None = None,
) -> Quality:
    """Count what ``tables`` hold, Parquet files by source, and make the figures.

    Args:
        tables: files of each source; sources without files have no figures.
        definitions: what the sources should be.
        rules: limits and agreements.
        region_of: the region's code of each subject id.
        watch: told of each file when it is counted.

    Raises:
        BadInput: a table of a source that is not defined.
        TableRefused: a table has not the columns of its source.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and slow to load

    sources = {each.name: each for each in definitions.sources if each.columns}
    regions = sorted({code for code in region_of.values() if code})
    tallies = {}
    for name, files in tables.items():
        if name not in sources:
            known = ", ".join(sources)
            raise BadInput(f"there is no source {name}; known: {known}", field="source")
        tally = Tally.of(sources[name], regions, _sides(sources[name], rules))
        for file in files:
            tally.add(pq.read_table(file), region_of)
            if watch:
                watch(file)
        tallies[name] = tally
    last = _last(tallies)
    return Quality(
        figures=tuple(figures_of(tallies, rules, last)),
        rows={name: tally.total for name, tally in tallies.items()},
        faults={name: dict(tally.faults) for name, tally in tallies.items()},
        undated={name: tally.undated for name, tally in tallies.items()},
        last_day=None if last == NEVER else day_of_place(last),
    )


def marks(
    variables: Sequence[Variable], standing: Mapping[str, tuple[Alert, ...]]
) -> dict[str, tuple[Alert, ...]]:
    """The alerts that each variable's sources stand under, by name; those without are left out.

    A derived variable stands under the alerts of all that it is made of.
    """
    by_name = {each.name: each for each in variables}
    told: dict[str, tuple[Alert, ...]] = {}

    def alerts_of(name: str) -> tuple[Alert, ...]:
        if name not in told:
            each = by_name[name]
            found = [*standing.get(each.source, ())]
            for parent in each.parents:
                found += alerts_of(parent)
            told[name] = tuple(dict.fromkeys(found))
        return told[name]

    return {each.name: found for each in variables if (found := alerts_of(each.name))}


def day_of_place(place: int) -> date:
    """The day of a column of a figure."""
    return _EPOCH + timedelta(days=FIRST_DAY + place)


def to_table(quality: Quality) -> pa.Table:
    """Every value as a row: source, figure, region, day, value, rows, limit and alert."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    parts = [_part(each) for each in quality.figures]
    schema = pa.schema(
        [
            ("source", pa.dictionary(pa.int16(), pa.string())),
            ("figure", pa.dictionary(pa.int16(), pa.string())),
            ("region", pa.dictionary(pa.int16(), pa.string())),
            ("day", pa.date32()),
            ("value", pa.float64()),
            ("rows", pa.int64()),
            ("limit", pa.float64()),
            ("alert", pa.bool_()),
        ]
    )
    if not parts:
        return schema.empty_table()
    return pa.concat_tables([part.cast(schema) for part in parts]).unify_dictionaries()


def _last(tallies: Mapping[str, Tally]) -> int:
    """The middle one of the sources' last columns: one that goes on, or stopped, moves it not."""
    ends = sorted(tally.last for tally in tallies.values() if tally.last != NEVER)
    return ends[len(ends) // 2] if ends else NEVER


def _sides(source: Source, rules: Rules) -> list[Side]:
    pairs = [side for each in rules.agreements for side in (each.of, each.by)]
    return list(dict.fromkeys(side for side in pairs if side.source == source.name))


def _alert(figure: Figure, row: int, first: int, last: int) -> Alert:
    return Alert(
        source=figure.source,
        figure=figure.name,
        region=figure.regions[row],
        first=day_of_place(first),
        last=day_of_place(last),
        worst=float(np.nanmin(figure.values[row, first : last + 1])),
        limit=figure.limit,
    )


def _part(figure: Figure) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    region, place = np.nonzero(~np.isnan(figure.values))
    codes = pa.array(figure.regions, pa.string())
    size = len(region)
    zeros = np.zeros(size, np.int16)

    def one(text: str) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(zeros), pa.array([text]))

    return pa.table(
        {
            "source": one(figure.source),
            "figure": one(figure.name),
            "region": pa.DictionaryArray.from_arrays(pa.array(region.astype(np.int16)), codes),
            "day": pa.array((place + FIRST_DAY).astype(np.int32)).cast(pa.date32()),
            "value": pa.array(figure.values[region, place]),
            "rows": pa.array(figure.rows[region, place]),
            "limit": pa.array(np.full(size, figure.limit)),
            "alert": pa.array(figure.alert[region, place]),
        }
    )
