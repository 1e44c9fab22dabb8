"""A lender's book as cells: applications by tier and segment, with their demand, risk and terms.

One row an application, CSV or Parquet (a file, or a folder of them); a history of the back-test is
such a folder. Columns, by our names (settings may say what the book calls them):

=========  =========================================================================================
amount     asked for, major units; above 0
months     asked for
pd         probability to stop paying within twelve months, as known then, 0 to below 1
tier       R1 to R7 as 1 to 7; else made of ``pd`` by the bounds of the settings
price      all-in rate of today's offer, a fraction a year (also called ``decided_price``)
lent       optional: today's limit, major units (also called ``decided_limit``)
pd_life    optional: probability to stop within the term
decided    optional: rows that say anything but ``approve`` are no demand of today's policy
size       optional: tells small and micro firms
taken      optional: whether the offer was taken; for curves of the book itself
=========  =========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as read_csv
import pyarrow.dataset as ds

from tael.app.strategy_settings import Demand, Offers, Settings
from tael.kernel import BadInput, Money, NotFound, Rate
from tael.pricing.strategy import Ask, Cell, Limit, Point, Price, Segment, Terms

OTHERS = "others"
_NEEDED = ("amount", "months", "pd", "price")
_OPTIONAL = ("tier", "lent", "pd_life", "decided", "size", "taken")
_ALSO = {"price": ("decided_price",), "lent": ("decided_limit",)}
_MOST_TERMS = 6
_TERM_STEP = 6
_RATE_DIGITS = Decimal("0.0001")
_POINT_WIDTH = Decimal("0.005")

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_Good = Callable[[Floats], Flags]


def _whole(least: int, most: int) -> _Good:
    return lambda v: (v >= least) & (v <= most) & (v % 1 == 0)


# What each column of numbers must be.
_RULES: Mapping[str, tuple[str, _Good]] = {
    "amount": ("above 0", lambda v: v > 0),
    "months": ("a whole number from 1 to 360", _whole(1, 360)),
    "pd": ("0 to below 1", lambda v: (v >= 0) & (v < 1)),
    "price": ("0 to 1", lambda v: (v >= 0) & (v <= 1)),
    "tier": ("1 to 7", _whole(1, 7)),
    "lent": ("not below 0", lambda v: v >= 0),
    "pd_life": ("0 to below 1", lambda v: (v >= 0) & (v < 1)),
}


@dataclass(frozen=True)
class Book:
    """The rows of a book that are demand, checked, in columns by our names.

    Args:
        table: the columns.
        rows: rows read, those left out because they were not approved included.
        approved: rows that are left.
    """

    table: pa.Table
    rows: int
    approved: int

    def has(self, name: str) -> bool:
        """Whether the column is there."""
        return name in self.table.column_names

    def floats(self, name: str) -> Floats:
        """A column of numbers."""
        return np.asarray(pc.cast(self.table[name], pa.float64()).to_numpy(), dtype=np.float64)

    def texts(self, name: str) -> npt.NDArray[np.object_]:
        """A column of texts; what is missing is an empty one."""
        column = pc.fill_null(pc.cast(self.table[name], pa.string()), "")
        return np.asarray(column.to_pylist(), dtype=object)

    @cached_property
    def minor(self) -> Integers:
        """Amounts asked for in hundredths, rounded half to even."""
        return np.rint(self.floats("amount") * 100).astype(np.int64)


def read_book(path: Path, demand: Demand) -> Book:
    """The demand in ``path``.

    Raises:
        NotFound: nothing is there.
        BadInput: a column is missing, or a row is at fault; names column, row and rule.
    """
    table = _renamed(_once(_table(path, demand)), demand)
    wanted = [*_NEEDED, *(() if demand.tiers else ("tier",)), *demand.segments]
    if missing := [name for name in wanted if name not in table.column_names]:
        raise BadInput(
            f"the book has no column {', '.join(missing)}; it has "
            + ", ".join(sorted(table.column_names)),
            field=missing[0],
            rule="columns " + ", ".join(wanted),
        )
    rows = table.num_rows
    if "decided" in table.column_names:
        table = table.filter(pc.equal(table["decided"], "approve"))
    kept = [name for name in (*wanted, *_OPTIONAL) if name in table.column_names]
    book = Book(table.select(list(dict.fromkeys(kept))), rows, table.num_rows)
    if not book.approved:
        raise BadInput("the book has no approved application", field="book", rule="at least one")
    _check(book)
    return book


def _table(path: Path, demand: Demand) -> pa.Table:
    if not path.exists():
        raise NotFound(f"there is no book {path}", field="book")
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise NotFound(f"{path} holds no Parquet file", field="book")
    try:
        if files[0].suffix.lower() == ".csv":
            # Codes are texts though they look like numbers: 010 is not 10.
            texts = {demand.columns.get(name, name): pa.string() for name in demand.segments}
            options = read_csv.ConvertOptions(column_types=texts)
            return read_csv.read_csv(files[0], convert_options=options)
        return ds.dataset([str(file) for file in files]).to_table()
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(
            f"{path} cannot be read: {error}", field="book", rule="CSV or Parquet"
        ) from (None)


def _once(table: pa.Table) -> pa.Table:
    """A history tells an application again when its outcome comes twice: the first row stays."""
    if "application_id" not in table.column_names:
        return table
    ids = table["application_id"].to_pylist()
    first = {one: row for row, one in reversed(list(enumerate(ids)))}
    return table if len(first) == len(ids) else table.take(sorted(first.values()))


def _renamed(table: pa.Table, demand: Demand) -> pa.Table:
    """``table`` with our names: those the settings give, else those it is also known by."""
    for ours, theirs in demand.columns.items():
        if theirs not in table.column_names:
            raise BadInput(
                f"the book has no column {theirs!r}, which the settings call {ours}",
                field=f"book.columns.{ours}", rule="a column of the book",
            )  # fmt: skip
    names = {theirs: ours for ours, theirs in demand.columns.items()}
    for ours, others in _ALSO.items():
        known = next((one for one in others if one in table.column_names), None)
        if known and ours not in table.column_names and ours not in demand.columns:
            names[known] = ours
    gone = {ours for ours in names.values() if ours in table.column_names} - names.keys()
    table = table.drop_columns(sorted(gone))
    return table.rename_columns([names.get(name, name) for name in table.column_names])


def _check(book: Book) -> None:
    """Refuse the first row that no application can be."""
    for name, (rule, good) in _RULES.items():
        if not book.has(name):
            continue
        try:
            values = book.floats(name)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadInput(f"{name} holds no numbers: {error}", field=name, rule=rule) from None
        wrong = np.flatnonzero(~(np.isfinite(values) & good(values)))
        if wrong.size:
            row = int(wrong[0])
            raise BadInput(
                f"{name} is {book.table[name][row].as_py()!r} in approved row {row + 1} "
                f"({wrong.size} such rows)",
                field=name, row=row + 1, rule=rule,
            )  # fmt: skip


def cells_of(book: Book, settings: Settings) -> tuple[Cell, ...]:
    """The cells of a book: what a period asks for, how risky it is, what it is offered today."""
    tiers, segments = tiers_of(book, settings.demand), segments_of(book, settings.demand)
    small = book.texts("size") if book.has("size") and settings.demand.small else None
    found = []
    for segment in sorted(set(segments), key=lambda one: one.values):
        here = np.fromiter((one == segment for one in segments), dtype=bool, count=len(segments))
        for tier in range(1, 8):
            rows = np.flatnonzero(here & (tiers == tier))
            if rows.size:
                maker = _Maker(book, settings, rows, tier)
                all_small = small is None or all(s in settings.demand.small for s in small[rows])
                found.append(maker.cell(segment, small=all_small))
    return tuple(found)


def tiers_of(book: Book, demand: Demand) -> Integers:
    """R1 to R7 of each row: the book's own, else by the bounds of PD (each tier's upper bound)."""
    if not demand.tiers:
        return book.floats("tier").astype(np.int64)
    bounds = np.array([float(bound.fraction) for bound in demand.tiers])
    return np.searchsorted(bounds, book.floats("pd"), side="right").astype(np.int64) + 1


def segments_of(book: Book, demand: Demand) -> list[Segment]:
    """The segment of each row; values that too few ask from stand together as ``others``."""
    columns = [book.texts(name) for name in demand.segments]
    if not columns:
        return [Segment()] * book.approved
    keys = list(zip(*columns, strict=True))
    counts: dict[tuple[str, ...], int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    others = Segment(tuple((name, OTHERS) for name in demand.segments))
    known = {
        key: others
        if count < demand.least or "" in key
        else Segment(tuple(zip(demand.segments, key, strict=True)))
        for key, count in counts.items()
    }
    return [known[key] for key in keys]


class _Maker:
    """One cell of rows."""

    def __init__(self, book: Book, settings: Settings, rows: Integers, tier: int) -> None:
        self._book, self._settings, self._rows, self._tier = book, settings, rows, tier
        self._minor = book.minor[rows]

    def cell(self, segment: Segment, *, small: bool) -> Cell:
        demand = self._settings.demand
        price = self._price(self._settings.offers)
        asks = self._asks(demand)
        life = self._mean("pd_life") if self._book.has("pd_life") else None
        pd = Rate.from_probability(self._mean("pd"))
        return Cell(
            tier=self._tier,
            segment=segment,
            asks=asks,
            pd_12m=pd,
            pd_life=None if life is None else max(Rate.from_probability(life), pd),
            lgd=demand.lgd[self._tier],
            today=Terms(price, self._limit(asks)),
            reference=price,
            small=small,
        )

    def _mean(self, name: str) -> float:
        """Weighted by the amount asked for: what counts is where the money goes."""
        return float(np.average(self._book.floats(name)[self._rows], weights=self._minor))

    def _price(self, offers: Offers) -> Price:
        mean = Decimal(repr(self._mean("price"))).quantize(_RATE_DIGITS)
        return offers.split(self._tier, Rate(mean))

    def _asks(self, demand: Demand) -> tuple[Ask, ...]:
        months = self._book.floats("months")[self._rows].astype(np.int64)
        if len(set(months.tolist())) > _MOST_TERMS:
            months = np.maximum((months + _TERM_STEP // 2) // _TERM_STEP, 1) * _TERM_STEP
        found = []
        for term in sorted(set(months.tolist())):
            amounts = np.sort(self._minor[months == term])
            for part in np.array_split(amounts, min(demand.parts, len(amounts))):
                mean = Decimal(int(part.sum())) / len(part)
                amount = Money.of(mean / 100, self._settings.currency)
                found.append(Ask(Decimal(len(part)) / demand.periods, amount, term))
        return tuple(found)

    def _limit(self, asks: Sequence[Ask]) -> Limit:
        """The limit of the grid that lends most nearly what is lent today."""
        limits = self._settings.offers.limits
        if not self._book.has("lent"):
            return limits[-1]
        lent = np.minimum(self._book.floats("lent")[self._rows] * 100, self._minor)
        today = Decimal(int(lent.sum())) / self._settings.demand.periods

        def far(limit: Limit) -> Decimal:
            step = self._settings.limit_step
            sums = (limit.granted(ask.amount, step).minor * ask.applications for ask in asks)
            return abs(sum(sums, Decimal(0)) - today)

        return min(limits, key=far)


def points_of(book: Book, settings: Settings, tiers: Sequence[int]) -> list[Point]:
    """Offers that were taken, by rates half a point apart: a take-up curve of the book itself.

    Raises:
        BadInput: the book does not say what was taken.
    """
    if not book.has("taken"):
        raise BadInput(
            "the book does not say which offers were taken", field="taken", rule="a column of flags"
        )
    chosen = np.isin(tiers_of(book, settings.demand), tiers)
    taken = np.asarray(pc.fill_null(book.table["taken"], False).to_pylist(), dtype=bool)[chosen]
    width = float(_POINT_WIDTH)
    steps = np.rint(book.floats("price")[chosen] / width).astype(np.int64)
    found = []
    for step in sorted(set(steps.tolist())):
        at = steps == step
        share = Decimal(int(taken[at].sum())) / int(at.sum())
        found.append(Point(Rate(step * _POINT_WIDTH), share, int(at.sum())))
    return found


def summary(cells: Sequence[Cell]) -> Mapping[str, int]:
    """How many cells, segments and applications there are."""
    return {
        "cells": len(cells),
        "segments": len({cell.segment for cell in cells}),
        "applications": int(sum(ask.applications for cell in cells for ask in cell.asks)),
    }
