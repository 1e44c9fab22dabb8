"""What is known of each loan by a day, of reports that come late, twice, and corrected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from tael.kernel import BadInput
from tael.policies.experiments.tables import (
    OUTCOMES,
    Assigned,
    Bools,
    Days,
    Floats,
    Ints,
    add_months,
    columns_of,
    day,
)

_NEVER = np.datetime64("9999-12-31", "D")


@dataclass(frozen=True, slots=True)
class Window:
    """Which month on book is looked at, and as of when.

    Attributes:
        months: on book; a default is counted when it happened by then.
        as_of: what was known by this day counts.
        settle_days: from the decision to the last day on which a loan is usually drawn, and its
            last report is in. An application counts from its decision, ``months`` and these days on
            old, drawn or not: a fixed age for every arm, whenever its loans came about.
        level: of the intervals that hold at one look.
    """

    months: int
    as_of: date
    settle_days: int = 45
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.months < 1 or self.settle_days < 0:
            raise BadInput(
                f"{self.months} months on book, {self.settle_days} days to settle",
                field="months",
                rule="at least one month, no negative days",
            )


@dataclass(frozen=True, slots=True)
class Tally:
    """How the reports were used; the parts add up to ``reports``.

    Attributes:
        reports: rows of the table of outcomes.
        used: each the latest word on its loan at its month.
        repeated: said again what was known.
        superseded: corrected by a later report.
        contradicting: of the same day as another that says otherwise; the worse one was taken.
        unknown: of an application that is in no arm.
        after: known after the day of the look.
        beyond: of a month on book after the one looked at.
    """

    reports: int
    used: int
    repeated: int
    superseded: int
    contradicting: int
    unknown: int
    after: int
    beyond: int


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of each application, in the order of the arms' table.

    Attributes:
        old: whether the application is old enough to count [rows].
        settled: old, and what became of it is known: never drawn, defaulted, or reported at the
            month [rows].
        late: old and drawn, but its report has not come [rows].
        bad: defaulted by the month; false where not known [rows].
        loss, profit: minor units, 0 where nothing was drawn or known [rows].
        learnt_on: the day on which the application was settled; NaT where it is not [rows].
        tally: how the reports were used.
    """

    old: Bools
    settled: Bools
    late: Bools
    bad: Bools
    loss: Floats
    profit: Floats
    learnt_on: Days
    tally: Tally


def latest_known(assigned: Assigned, outcomes: pa.Table, window: Window) -> Known:
    """The latest word on each application by the day of the look.

    ``outcomes`` has a row for each report: application, month on book, day on which it was known,
    whether the loan had defaulted by that month, and loss and profit so far in minor units. They
    may come in any order, late, twice, or corrected.

    Raises:
        BadInput: a column is missing or of another type; names column and row.
    """
    reports = columns_of(outcomes, OUTCOMES, "outcomes")
    place, kept, tally = _latest(assigned, reports, window)
    found = _folded(assigned.rows, place, {name: each[kept] for name, each in reports.items()},
                    window.months)  # fmt: skip
    due = add_months(assigned.decided_on, window.months) + np.timedelta64(window.settle_days, "D")
    old = due <= day(window.as_of)
    drawn = ~np.isnat(assigned.booked_on) & (assigned.booked_on <= day(window.as_of))
    settled = old & (~drawn | found.bad | found.at_month)
    # What was not drawn is settled when it is old enough to tell.
    learnt = np.where(drawn, np.maximum(found.known_on, due), due)
    return Known(
        old=old,
        settled=settled,
        late=old & drawn & ~settled,
        bad=found.bad & settled,
        loss=np.where(settled, found.loss, 0.0),
        profit=np.where(settled, found.profit, 0.0),
        learnt_on=np.where(settled, learnt, np.datetime64("NaT", "D")),
        tally=tally,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """What reports say of each application."""

    bad: Bools
    at_month: Bools
    loss: Floats
    profit: Floats
    known_on: Days


def _folded(rows: int, place: Ints, reports: dict[str, np.ndarray], months: int) -> _Found:
    """Reports into applications: the last month's figures; once in default, always in default."""
    bad, at_month = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    loss, profit = np.zeros(rows), np.zeros(rows)
    known_on = np.full(rows, _NEVER)
    says_bad, is_at_month = reports["bad"].astype(bool), reports["month_on_book"] >= months
    bad[place[says_bad]] = True
    at_month[place[is_at_month]] = True
    # Of a loan's several months the last one's figures stay: numpy keeps the last that is assigned.
    order = np.argsort(reports["month_on_book"], kind="stable")
    loss[place[order]] = reports["loss_minor"][order]
    profit[place[order]] = reports["profit_minor"][order]
    settles = says_bad | is_at_month
    np.minimum.at(known_on, place[settles], reports["known_on"][settles])
    return _Found(bad, at_month, loss, profit, known_on)


def _latest(
    assigned: Assigned, reports: dict[str, np.ndarray], window: Window
) -> tuple[Ints, Ints, Tally]:
    """Places of applications and rows of reports that count, and how all were used."""
    order = np.argsort(assigned.application.astype(str), kind="stable")
    names = assigned.application.astype(str)[order]
    asked = reports["application"].astype(str)
    at = np.minimum(np.searchsorted(names, asked), max(len(names) - 1, 0))
    known = names[at] == asked if len(names) else np.zeros(len(asked), dtype=bool)
    after = known & (reports["known_on"] > day(window.as_of))
    beyond = known & ~after & (reports["month_on_book"] > window.months)
    rows = np.flatnonzero(known & ~after & ~beyond)
    place = order[at[rows]] if len(names) else rows
    kept, counts = _last_of_each(place, rows, reports)
    tally = Tally(
        reports=len(asked),
        used=len(kept),
        repeated=counts[0],
        superseded=counts[1],
        contradicting=counts[2],
        unknown=int((~known).sum()),
        after=int(after.sum()),
        beyond=int(beyond.sum()),
    )
    return place[kept], rows[kept], tally


def _last_of_each(
    place: Ints, rows: Ints, reports: dict[str, np.ndarray]
) -> tuple[Ints, tuple[int, int, int]]:
    """Of each application and month the latest report; on one day the worst: of any order of rows.

    Also how many of the others repeated it, were superseded by it, or contradicted it.
    """
    if not len(rows):
        return rows, (0, 0, 0)
    month, on = reports["month_on_book"][rows], reports["known_on"][rows]
    said = (
        reports["bad"][rows].astype(np.int64),
        reports["loss_minor"][rows],
        -reports["profit_minor"][rows],
    )
    order = np.lexsort((said[2], said[1], said[0], on, month, place))
    group = np.stack([place[order], month[order]])
    last = np.append((group[:, 1:] != group[:, :-1]).any(axis=0), True)
    ends = np.flatnonzero(last)
    own_end = ends[np.searchsorted(ends, np.arange(len(order)))]
    same = np.ones(len(order), dtype=bool)
    for part in said:
        same &= part[order] == part[order][own_end]
    others = ~last
    same_day = on[order] == on[order][own_end]
    return order[ends], (
        int((others & same).sum()),
        int((others & ~same & ~same_day).sum()),
        int((others & ~same & same_day).sum()),
    )
