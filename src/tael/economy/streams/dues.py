"""What falls due by the calendar: paid on time, late or not at all, by stress and prudence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.world.chance import Chance, Floats, Integers, logistic
from tael.economy.world.months import MONTHS, first_days, instant
from tael.economy.world.sources import Levy, Sources

STATUSES = ("on_time", "late", "unpaid")
_LATE, _UNPAID = 1, 2
_DUE_DAY = 14  # from the first of the month after
_EARLY_DAYS = 12
_REPORTED_DAYS = 30  # a bill still open so long after its day is reported unpaid
_MOST_STRESS = 4.0
_MORNING_S, _WORKING_S = 9 * 3_600, 8 * 3_600


@dataclass(frozen=True, slots=True, eq=False)
class Dues:
    """One entry a bill: its kind, the month it closes, status, days late, when, and the sum due.

    A bill paid on time has 0 days late; one not paid has those it was open when reported.
    """

    kind: Integers
    month: Integers
    status: Integers
    days_late: Integers
    event_at: Integers
    amount: Integers

    def __len__(self) -> int:
        return len(self.kind)


def dues(
    levies: tuple[Levy, ...], sources: Sources, subject: Borrower, months: Life, chance: Chance
) -> Dues:
    """The bills of a firm, month by month while it is open; sums in fen."""
    every = np.array([levy.months for levy in levies], dtype=np.int64)
    closes = (np.arange(MONTHS) + 1) % every[:, None] == 0
    month, kind = np.nonzero((closes & (months.open == 1)).T)
    dice = chance.rows(4, len(month))
    late, unpaid = _odds(sources, subject, months)
    status = np.where(dice[0] < late[month], _LATE, 0)
    status = np.where(dice[1] < unpaid[month], _UNPAID, status)
    days = 1 + (dice[2] * dice[2] * sources.most_days_late).astype(np.int64)
    days_late = np.where(status == _LATE, days, np.where(status == _UNPAID, _REPORTED_DAYS, 0))
    early = np.where(status == 0, (dice[2] * _EARLY_DAYS).astype(np.int64), 0)
    day = first_days()[month + 1] + _DUE_DAY + days_late - early
    second = _MORNING_S + (dice[3] * _WORKING_S).astype(np.int64)
    return Dues(
        kind=kind,
        month=month,
        status=status,
        days_late=days_late,
        event_at=instant(day, second),
        amount=_amounts(levies, months, kind, month),
    )


def _odds(sources: Sources, subject: Borrower, months: Life) -> tuple[Floats, Floats]:
    lift = sources.stress_in_late * np.minimum(months.stress, _MOST_STRESS)
    lift = lift + sources.prudence_in_late * subject.owner.prudence
    return logistic(sources.late + lift), logistic(sources.unpaid + lift)


def _amounts(levies: tuple[Levy, ...], months: Life, kind: Integers, month: Integers) -> Integers:
    """The share of sales since the bill before, all in whole fen."""
    sums = np.concatenate([[0], np.cumsum(months.sales)])
    every = np.array([levy.months for levy in levies], dtype=np.int64)[kind]
    share = np.array([levy.share for levy in levies], dtype=np.float64)[kind]
    sales = sums[month + 1] - sums[np.maximum(month + 1 - every, 0)]
    amount: Floats = sales * share
    return np.floor(amount).astype(np.int64)
