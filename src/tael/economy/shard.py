"""One shard: its borrowers lived through, its tables hashed and written, its figures added up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tael.economy.agents import Borrower, Life, borrower, life
from tael.economy.columns import Columns, arrow, digest
from tael.economy.lending import applications_of
from tael.economy.records import Record, tables
from tael.economy.sizes import Size
from tael.economy.streams import STREAMS, Events, Market, markets, region_month, table_of
from tael.economy.world.months import MONTHS, day_in_china, first_days
from tael.economy.world.parameters import Parameters
from tael.economy.world.scene import World

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures by month (204 each) of a shard's firms, for the report.

    ``at_risk`` counts firms that are open and have not defaulted, ``level`` and ``hazard`` add up
    theirs; ``seen`` counts, by source, the firms with a record in the month.
    """

    at_risk: list[int]
    level: list[float]
    hazard: list[float]
    defaults: list[int]
    seen: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shard:
    """What is left of a shard when its tables have been written."""

    number: int
    digest: str
    counts: dict[str, int]
    sums: Sums

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """The rows of some borrowers: plain tables by name, events of each borrower by source."""

    tables: dict[str, Columns]
    events: dict[str, list[Events]]
    sums: Sums

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of every value, whatever writes it."""
        state = hashlib.sha256()
        for name in sorted(self.tables):
            state.update(f"{name}={digest(self.tables[name])}\n".encode())
        for source in sorted(self.events):
            for part in self.events[source]:
                state.update(f"{source}={part.digest()}\n".encode())
        return state.hexdigest()

    def arrow(self) -> dict[str, pa.Table]:
        """All tables as Arrow; events under ``events/SOURCE``."""
        found = {name: arrow(columns) for name, columns in self.tables.items()}
        return found | {
            f"events/{source}": table_of(parts) for source, parts in self.events.items()
        }


@cache
def default_world() -> World:
    """The world of the frozen figures, once a process."""
    return World.of(Parameters())


def make(world: World, seed: int, numbers: Sequence[int], *, events: bool) -> Made:
    """The rows of these borrowers; of one alone, they are those it has among all others."""
    records, streams = [], dict[str, list[Events]]()
    for number in numbers:
        subject = borrower(world, seed, number)
        months = life(world, subject)
        records.append(Record.of(world, subject, months, applications_of(world, subject, months)))
        for source, stream in STREAMS.items() if events else ():
            streams.setdefault(source, []).append(stream(world, subject, months))
    sums = _sums([(record.subject, record.months) for record in records], streams)
    return Made(tables(world, records, months=events), streams, sums)


def observed(world: World, seed: int, places: Sequence[Market]) -> Made:
    """The figures of these markets, each the same alone and among all others."""
    parts = [region_month(world, seed, market) for market in places]
    return Made({}, {"region_month": parts} if parts else {}, _sums([], {}))


def write(folder: Path, size: Size, seed: int, number: int) -> Shard:
    """Make shard ``number`` and write its tables below ``folder``, as ``NAME/part-NUMBER``.

    Markets are dealt out among the shards, each to one, wherever its firms are.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - an engine loads Arrow where it is used

    world = default_world()
    made = make(world, seed, size.numbers(number), events=size.events)
    places = markets(world)[number :: size.shards] if size.events and size.markets else ()
    made = Made(made.tables, made.events | observed(world, seed, places).events, made.sums)
    counts = {}
    for name, table in made.arrow().items():
        path = folder / name / f"part-{number:05d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, compression="zstd")
        counts[name] = table.num_rows
    return Shard(number, made.digest(), counts, made.sums)


def _sums(lives: list[tuple[Borrower, Life]], streams: dict[str, list[Events]]) -> Sums:
    when = np.arange(MONTHS)
    at_risk = np.zeros(MONTHS, dtype=np.int64)
    defaults = np.zeros(MONTHS, dtype=np.int64)
    level, hazard = np.zeros(MONTHS), np.zeros(MONTHS)
    for _, months in lives:
        sound = (months.default_month < 0) | (when <= months.default_month)
        here = months.open * sound
        at_risk = at_risk + here
        level, hazard = level + months.level * here, hazard + months.hazard * here
        defaults = defaults + (when == months.default_month)
    return Sums(
        at_risk=at_risk.tolist(),
        level=level.tolist(),
        hazard=hazard.tolist(),
        defaults=defaults.tolist(),
        seen={source: _seen(parts, lives) for source, parts in streams.items()},
    )


def _seen(parts: list[Events], lives: list[tuple[Borrower, Life]]) -> list[int]:
    """Of the firms counted at risk, how many have a record in each month."""
    seen, when, starts = np.zeros(MONTHS, dtype=np.int64), np.arange(MONTHS), first_days()
    for part, (_, months) in zip(parts, lives, strict=True):
        month = np.searchsorted(starts, day_in_china(part.event_at), side="right") - 1
        there = np.bincount(month[(month >= 0) & (month < MONTHS)], minlength=MONTHS) > 0
        sound = (months.default_month < 0) | (when <= months.default_month)
        seen = seen + there * months.open * sound
    return [int(item) for item in seen.tolist()]
