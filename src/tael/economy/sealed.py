"""What nobody may see: the true probability to default, frauds, and what the declined would do.

A firm open in month a defaults within n months with the probability

    pd_n = 1 − ∏ (1 − hazard of month a + k), k = 1 … n

over the months as they came. `foreseen` is the same over the months as they could be expected in a:
luck fades, shocks not yet begun are unknown, hidden borrowing and fraud go on as they are. It is
the best that any model could know on the day; the first knows the future's weather as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.lending.model import Application
from tael.economy.world.chance import Chance, Floats, exp
from tael.economy.world.months import DAY_S, MONTHS, first_day
from tael.economy.world.parameters import Course
from tael.economy.world.scene import World

YEAR, TWO_YEARS = 12, 24


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one application; None where 2024-12 comes first.

    ``default_12m`` and ``default_24m`` are of the firm, granted or not; ``would_default_12m`` and
    ``would_lose`` (fen) of the loan that was made or would have been.
    """

    application_id: str
    month: int
    approved: bool
    hazard: float
    pd_12m: float | None
    pd_24m: float | None
    pd_12m_foreseen: float
    default_month: int | None
    default_12m: bool | None
    default_24m: bool | None
    fraud: str
    faking: bool
    hidden: bool
    would_end: str
    would_default_12m: bool | None
    would_lose: int


def truth_of(world: World, subject: Borrower, months: Life, item: Application) -> Truth:
    """The truth of an application of ``subject``, whose life is ``months``."""
    month, default = item.filing.month, months.default_month
    return Truth(
        application_id=item.filing.application_id,
        month=month,
        approved=item.verdict.approved,
        hazard=float(months.hazard[month]),
        pd_12m=pd_within(months.hazard, month, YEAR),
        pd_24m=pd_within(months.hazard, month, TWO_YEARS),
        pd_12m_foreseen=foreseen(world, subject, months, month),
        default_month=None if default < 0 else default,
        default_12m=_within(None if default < 0 else default, month, YEAR),
        default_24m=_within(None if default < 0 else default, month, TWO_YEARS),
        fraud=subject.fraud.kind if subject.fraud else "",
        faking=bool(months.faking[month]),
        hidden=bool(months.hidden[month]),
        would_end=item.loan.status,
        would_default_12m=_within(item.loan.default_month, month, YEAR),
        would_lose=item.loan.lost,
    )


def pd_within(hazard: Floats, month: int, count: int) -> float | None:
    """The probability to default in the ``count`` months after ``month``; None past the end."""
    if month + count >= MONTHS:
        return None
    # Multiplied one by one: a reduction of numpy may take another order on another machine.
    survives = 1.0
    for step in hazard[month + 1 : month + count + 1].tolist():
        survives *= 1.0 - step
    return 1.0 - survives


def foreseen(world: World, subject: Borrower, months: Life, month: int) -> float:
    """The probability to default within twelve months as `month` could tell it."""
    course, steps = world.parameters.course, np.arange(1, YEAR + 1)
    # Level fades to its mean, whatever moved it: nobody knows how long a shock lasts.
    level = float(months.level[month]) * _fading(course.persistence)
    pressed = course.level_in_pressure * (level - float(months.level[month]))
    held, before = float(months.stress[month]), float(months.stress[max(month - 1, 0)])
    memory = course.memory
    pressure = (held - memory * before) / (1 - memory) if month else held
    new = ((1 - memory) * (pressure + pressed)).tolist()
    stress = list(accumulate(new, lambda old, item: memory * old + item, initial=held))[1:]
    age = month + steps - subject.firm.opened
    grown_up = -course.youth * ((age >= course.youth_months) & (age - steps < course.youth_months))
    luck = course.concentration_in_level * max(subject.firm.concentration, -1.0)
    spread = _variances(course) * (1 + luck) * (1 + luck)
    lift = exp(course.stress * (np.array(stress) - held) + grown_up + spread / 2)
    now = float(months.hazard[month])
    odds = now / (1 - now) * lift
    survives = 1.0
    for step in (odds / (1 + odds)).tolist():
        survives *= 1.0 - step
    return 1.0 - survives


@cache
def _fading(persistence: float) -> Floats:
    return np.array(list(accumulate([persistence] * YEAR, lambda held, part: held * part)))


@cache
def _variances(course: Course) -> Floats:
    """How far luck yet to come may move the log-odds of each month ahead, as variances."""
    share, moved, total, found = 0.0, 1.0, 0.0, []
    for _ in range(YEAR):
        share = course.memory * share + (1 - course.memory) * course.level_in_pressure * moved
        moved *= course.persistence
        step = course.stress * course.noise * share
        total += step * step
        found.append(total)
    return np.array(found)


def _within(default: int | None, month: int, count: int) -> bool | None:
    if default is not None and default <= month + count:
        return True
    return False if month + count < MONTHS else None


@dataclass(frozen=True, slots=True)
class Planted:
    """Columns that stand among what a lender sees and must not be used; the sealed file names them.

    ``turnover_check`` compares the year after with the year before, and is stamped then;
    ``batch_series`` counts the quarters; ``follow_up_calls`` were made after the outcome.
    """

    turnover_check: float | None
    turnover_checked_at: int | None
    batch_series: int
    follow_up_calls: int


TRAPS = {
    "turnover_check": "future: sales of the twelve months after the application, stamped after it",
    "turnover_checked_at": "future: the stamp of turnover_check, later than the application",
    "batch_series": "era: rises with the quarter, and so tells the cohort and nothing else",
    "follow_up_calls": "outcome: calls to late borrowers in the eighteen months after",
}
_CHECKED_DAYS, _WITHIN_DAYS = 370, 20
_LEAST_ERROR, _ERROR = 0.97, 0.06
_CHATS = 2.6  # calls to anybody, to ask how business goes
_CALLS_MONTHS = 18
_SERIES, _QUARTER, _APART = 4_100, 3, 4


def planted(subject: Borrower, months: Life, item: Application) -> Planted:
    """The traps of an application, from what came after it."""
    month, filing = item.filing.month, item.filing
    dice = Chance(subject.seed, subject.number, f"planted.{month}").uniform(4)
    before = int(months.sales[max(month - YEAR, 0) : month].sum())
    after = int(months.sales[month + 1 : month + 1 + YEAR].sum())
    seen = month + YEAR < MONTHS and before > 0
    last = month + _CALLS_MONTHS
    late = {"late", "defaulted"}
    arrears = [row for row in item.loan.history if row.month <= last and row.status in late]
    calls = int(dice[2] * _CHATS) + (len(arrears) * int(item.verdict.approved))
    error = _LEAST_ERROR + _ERROR * float(dice[0])
    stamp = (first_day(month) + _CHECKED_DAYS + int(dice[1] * _WITHIN_DAYS)) * DAY_S + filing.second
    return Planted(
        turnover_check=round(after / before * error, 4) if seen else None,
        turnover_checked_at=stamp if seen else None,
        batch_series=_SERIES + month // _QUARTER * _APART + int(dice[0] * _APART),
        follow_up_calls=calls,
    )
