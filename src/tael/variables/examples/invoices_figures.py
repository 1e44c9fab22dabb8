"""Figures of the firms of the invoice set: over time, by season, by rating, against default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tael.variables.examples.computed import Computed, Ready
from tael.variables.examples.days import NEW_YEARS, SEASONS
from tael.variables.examples.invoices import DIRECTIONS, RATINGS, STATUSES, Invoices
from tael.variables.examples.ranking import Screening, aucs_of, correlations, screen

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DAY_S = 86_400
_CHINA_S = 8 * 3_600
_WEEK_DAYS = 7
_WEEKS = 8
_FEN = 100
SALES = "ent.sme_invoice.out.valid.all.amount.sum"
QUIET_WINDOW = "ent.sme_invoice.out.issued.180d.events.n"
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class InvoiceFigures:
    """What the page shows beside the variables.

    Attributes:
        months: first days of months.
        monthly: CNY of valid invoices by direction and month.
        festival: by year, mean weekly sales around Lunar New Year's Day (week 0 begins on it), as
            multiples of that year's mean; None where the file ends.
        by_status: invoices visible as of the instant, by direction and status: number and CNY.
        screening: variables against default, as of the end of the file.
        a_year_before: AUC of each column as of 365 days earlier, NaN where too few have it.
        with_sales: rank correlation of each column with sales, of the labelled firms.
        quiet: by rating, firms and how many of them issued nothing in the last 180 days.
    """

    months: tuple[date, ...]
    monthly: dict[str, tuple[float, ...]]
    festival: dict[int, tuple[float | None, ...]]
    by_status: dict[tuple[str, str], tuple[int, float]]
    screening: Screening
    a_year_before: Floats
    with_sales: Floats
    quiet: dict[str, tuple[int, int]]


def make_figures(
    invoices: Invoices, ready: Ready, computed: Computed, earlier: Computed
) -> InvoiceFigures:
    """The figures as of ``invoices.asof``; ``earlier`` are the same variables a year before."""
    events = _Visible.of(ready, invoices.asof)
    rated = np.array([name in invoices.labels for name in invoices.firms])
    bad = np.array([label.defaulted for label in invoices.labels.values()])
    months, monthly = _monthly(events)
    return InvoiceFigures(
        months=months,
        monthly=monthly,
        festival=_around_festival(events),
        by_status=_by_status(events),
        screening=screen(computed.values[rated], bad),
        a_year_before=aucs_of(earlier.values[rated], bad),
        with_sales=correlations(computed.values[rated], computed.column(SALES)[rated]),
        quiet=_quiet(invoices, computed),
    )


def by_rating(invoices: Invoices) -> dict[str, NDArray[np.bool_]]:
    """Masks over the firms: rated A, B, C, D, and not rated (empty)."""
    ratings = np.array([_rating(invoices, name) for name in invoices.firms])
    return {rating: ratings == rating for rating in (*RATINGS, "")}


def quantiles(values: Floats) -> tuple[int, tuple[float | None, ...]]:
    """How many have a value, and the tenth, quarter, half, three quarters and nine tenths."""
    here = values[~np.isnan(values)]
    if not here.size:
        return 0, (None,) * len(QUANTILES)
    return here.size, tuple(float(each) for each in np.quantile(here, QUANTILES))


@dataclass(frozen=True, slots=True, eq=False)
class _Visible:
    """Events that can be seen as of the instant: day of China, direction, status, fen."""

    day: Integers
    direction: Integers
    status: Integers
    amount: Integers

    @classmethod
    def of(cls, ready: Ready, asof: int) -> _Visible:
        """Those of the one source that is packed."""
        (packed,) = ready.book.slots.values()
        seen = (packed.visible_from <= asof) & (asof < packed.visible_to)
        leaf = packed.leaf[seen].astype(np.int64) // len(SEASONS)
        day = (packed.time[seen] + _CHINA_S) // _DAY_S
        return cls(day, leaf // len(STATUSES), leaf % len(STATUSES), packed.measures[0][seen])


def _monthly(events: _Visible) -> tuple[tuple[date, ...], dict[str, tuple[float, ...]]]:
    month = events.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first, last = (int(month.min()), int(month.max())) if month.size else (0, -1)
    found = {}
    for number, direction in enumerate(DIRECTIONS):
        mine = (events.direction == number) & (events.status == 0)
        totals = np.zeros(last - first + 1, np.int64)
        np.add.at(totals, month[mine] - first, events.amount[mine])
        found[direction] = tuple((totals / _FEN).tolist())
    days = (date(1970 + each // 12, each % 12 + 1, 1) for each in range(first, last + 1))
    return tuple(days), found


def _around_festival(events: _Visible) -> dict[int, tuple[float | None, ...]]:
    sold = (events.direction == 0) & (events.status == 0)
    day, amount = events.day[sold], events.amount[sold]
    last = int(events.day.max()) if events.day.size else 0
    found = {}
    for new_year in NEW_YEARS[2:5]:
        start = (new_year - date(1970, 1, 1)).days
        week = (day - start) // _WEEK_DAYS
        totals = [float(amount[week == each].sum()) for each in range(-_WEEKS, _WEEKS)]
        whole = [start + (each + 1) * _WEEK_DAYS <= last + 1 for each in range(-_WEEKS, _WEEKS)]
        known = [total for total, there in zip(totals, whole, strict=True) if there]
        mean = sum(known) / len(known) if known else 0.0
        found[new_year.year] = tuple(
            total / mean if there and mean else None
            for total, there in zip(totals, whole, strict=True)
        )
    return found


def _by_status(events: _Visible) -> dict[tuple[str, str], tuple[int, float]]:
    found = {}
    for one, direction in enumerate(DIRECTIONS):
        for two, status in enumerate(STATUSES):
            mine = (events.direction == one) & (events.status == two)
            found[direction, status] = int(mine.sum()), int(events.amount[mine].sum()) / _FEN
    return found


def _quiet(invoices: Invoices, computed: Computed) -> dict[str, tuple[int, int]]:
    silent = computed.column(QUIET_WINDOW) == 0
    masks = by_rating(invoices)
    return {name: (int(mask.sum()), int((mask & silent).sum())) for name, mask in masks.items()}


def _rating(invoices: Invoices, name: str) -> str:
    return invoices.labels[name].rating if name in invoices.labels else ""
