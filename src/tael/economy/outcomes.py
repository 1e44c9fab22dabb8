"""What happens to a loan, month by month, from the applicant's hidden traits. Sealed."""

from __future__ import annotations

from tael.economy.applicants import applicant, traits_of
from tael.economy.draws import Draws, logistic
from tael.economy.model import FEATURE_NAMES, Applicant, Behaviour, History, Pays, Truth
from tael.kernel import BadInput, Day

HORIZON_MONTHS = 60
_BAD_WITHIN_MONTHS = 12
_HISTORY_PER_MONTH = 250
_HISTORY_START = Day(2019, 1, 1)

# Log-odds of default within a year; the last is what no lender can observe.
_INTERCEPT = -3.35
_STRENGTH, _DISCIPLINE, _STRETCH, _UNSEEN = -0.60, -0.75, 0.70, 0.45

# Share of a year's default risk in each month: little at first (nobody defaults before the first
# due dates), most between the fourth and the tenth month, level afterwards.
_RAMP = (0.03, 0.05, 0.07, 0.09, 0.10, 0.11, 0.11, 0.10, 0.10, 0.09, 0.08, 0.07)
_LATER = 0.07
_PREPAY_FROM_MONTH, _PREPAY_MONTHLY = 4, 0.015
_RECOVERY_PERCENTS = (0, 10, 20, 35, 50, 75, 100)
_RECOVERY_WEIGHTS = (24, 14, 18, 18, 14, 8, 4)
_STRESSED_MONTHS = 3
_LONGEST_LATENESS_DAYS = 45


def truth(someone: Applicant) -> Truth:
    """The sealed outcome of a loan to ``someone``, up to 60 months after disbursement.

    Only simulators may call it: a decision that reads it is a leak.
    """
    return _truth(someone.seed, someone.number)


def behaviour(someone: Applicant, month: int) -> Behaviour:
    """What ``someone`` does about instalment ``month`` (1 is the first); see ``Behaviour``.

    Raises:
        BadInput: a month before the first or beyond the horizon of 60.
    """
    if not 1 <= month <= HORIZON_MONTHS:
        raise BadInput(f"month {month} is not in the life of a loan", field="month", rule="1 to 60")
    fate = truth(someone)
    if fate.default_month is not None and month >= fate.default_month:
        return Behaviour(Pays.NOTHING, 0, 0)
    if fate.prepayment_month is not None and month >= fate.prepayment_month:
        now = month == fate.prepayment_month
        return Behaviour(Pays.PREPAYS, 100, 0) if now else Behaviour(Pays.NOTHING, 0, 0)
    return _ordinary(Draws(someone.seed, someone.number, "behaviour", month), fate, month)


def history(seed: int, count: int) -> History:
    """``count`` loans disbursed from January 2019 on, all matured, with their outcome.

    Applicants of a history and of ``applicants`` never coincide, even with one seed.

    Raises:
        BadInput: a negative count.
    """
    if count < 0:
        raise BadInput(f"{count} loans cannot be drawn", field="count", rule="count >= 0")
    past = -1 - seed  # another branch of keys: today's applicants have no past with us
    people = [
        applicant(past, number=n, start=_HISTORY_START, per_month=_HISTORY_PER_MONTH)
        for n in range(count)
    ]
    rows = [someone.features.row() for someone in people]
    return History(
        columns={name: tuple(row[name] for row in rows) for name in FEATURE_NAMES},
        bad=tuple(_turned_bad(truth(someone)) for someone in people),
        applied_on=tuple(someone.applied_on for someone in people),
    )


def _turned_bad(fate: Truth) -> bool:
    return fate.default_month is not None and fate.default_month <= _BAD_WITHIN_MONTHS


def _truth(seed: int, number: int) -> Truth:
    traits = traits_of(seed, number)
    draws = Draws(seed, number, "truth")
    log_odds = (
        _INTERCEPT
        + _STRENGTH * traits.strength
        + _DISCIPLINE * traits.discipline
        + _STRETCH * traits.stretch
        + _UNSEEN * draws.normal()
        + traits.place.stress
        + traits.trade.stress
    )
    annual_pd = logistic(log_odds)
    recovered = draws.weighted(_RECOVERY_PERCENTS, _RECOVERY_WEIGHTS)
    delay = draws.integer(2, 9)
    default = _first_month(Draws(seed, number, "default"), annual_pd)
    prepayment = _prepayment(Draws(seed, number, "prepayment"), default)
    # Who has paid off the loan cannot default on it any more.
    return Truth(annual_pd, default if prepayment is None else None, prepayment, recovered, delay)


def _first_month(draws: Draws, annual_pd: float) -> int | None:
    for month in range(1, HORIZON_MONTHS + 1):
        share = _RAMP[month - 1] if month <= len(_RAMP) else _LATER
        if draws.happens(annual_pd * share):
            return month
    return None


def _prepayment(draws: Draws, default: int | None) -> int | None:
    last = HORIZON_MONTHS if default is None else default - 1
    return next(
        (m for m in range(_PREPAY_FROM_MONTH, last + 1) if draws.happens(_PREPAY_MONTHLY)), None
    )


def _ordinary(draws: Draws, fate: Truth, month: int) -> Behaviour:
    stressed = fate.default_month is not None and fate.default_month - month <= _STRESSED_MONTHS
    slips = 0.45 if stressed else min(0.25, 0.02 + 0.8 * fate.annual_pd)
    if not draws.happens(slips):
        return Behaviour(Pays.FULL, 100, 0)
    if draws.happens(0.2):
        return Behaviour(Pays.PARTLY, draws.integer(3, 9) * 10, draws.integer(0, 5))
    # Most come within a week; squaring a uniform number makes long delays rare.
    days = 1 + int(draws.uniform() * draws.uniform() * _LONGEST_LATENESS_DAYS)
    return Behaviour(Pays.LATE, 100, days)
