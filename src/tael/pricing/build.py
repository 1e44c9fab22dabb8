"""From terms to a schedule, cent by cent: days, equal part, charges, rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tael.kernel import BadInput, Calendar, Day, Money, Rounding, check
from tael.pricing.accrual import charges_on, other_charges_on, year_share
from tael.pricing.daycount import PRECISION
from tael.pricing.schedule import Instalment, Schedule
from tael.pricing.terms import LastRow, Method, Terms


@dataclass(frozen=True, slots=True)
class _Period:
    """One period before money: its days and its growth (rate times share of a year)."""

    due: Day
    share: Decimal
    growth: Decimal


def build_schedule(terms: Terms) -> Schedule:
    """The schedule that ``terms`` make, version 1.

    Each period has one all-in charge on the balance before it, rounded once, then split over the
    components the borrower pays by largest remainder. The equal instalment is the one that repays
    the loan over periods of unequal length: ``P / sum(1 / prod(1 + g))`` (with equal periods the
    annuity formula ``P g / (1 - (1 + g)^-n)``), rounded, and moved to a multiple where the contract
    has one. The last row takes the balance.

    Worked: 120,000 over 12 months at 6 % + 12 %, 30/360, gives instalments of 11,001.60.

    Raises:
        BadInput: the terms have no schedule (a charge that no instalment can carry).
    """
    return build_version(terms, first_number=1, version=1)


def build_version(terms: Terms, *, first_number: int, version: int) -> Schedule:
    """As ``build_schedule``, numbered on from an earlier version."""
    periods = _periods(terms)
    _check_equal_part(terms, periods)
    rows, balance = [], terms.principal
    for index, principal in enumerate(_principals(terms, periods)):
        number, period = first_number + index, periods[index]
        rows.append(_row(terms, number, period, balance=balance, principal=principal))
        balance = balance - principal
    check(not balance, "a schedule ends with nothing owed")
    return Schedule(terms, tuple(rows), version)


def planned_days(terms: Terms) -> tuple[Day, ...]:
    """Due days before rolling: the contract's list, or month by month on the seed day."""
    if terms.due_dates:
        return terms.due_dates
    seed = terms.seed_day
    if terms.first_due is None:
        return tuple(terms.start.plus_months(i, seed_day=seed) for i in range(1, terms.months + 1))
    return tuple(terms.first_due.plus_months(i, seed_day=seed) for i in range(terms.months))


def due_days(terms: Terms) -> tuple[Day, ...]:
    """The day each instalment is due, on a business day where the contract rolls."""
    calendar = terms.calendar or Calendar("none")
    return tuple(calendar.roll(day, terms.roll) for day in planned_days(terms))


def _periods(terms: Terms) -> tuple[_Period, ...]:
    days, rate = due_days(terms), terms.all_in_rate.fraction
    with localcontext() as context:
        context.prec = PRECISION
        shares = [
            year_share(terms, start, end)
            for start, end in zip((terms.start, *days), days, strict=False)
        ]
        return tuple(_Period(d, s, s * rate) for d, s in zip(days, shares, strict=True))


def _principals(terms: Terms, periods: Sequence[_Period]) -> list[Money]:
    zero, grace = Money.zero(terms.currency), terms.principal_grace
    if terms.method is Method.INTEREST_ONLY:
        return [zero] * (len(periods) - 1) + [terms.principal]
    if terms.method is Method.EQUAL_PRINCIPAL:
        return [zero] * grace + _equal_principals(terms, len(periods) - grace)
    amortising = periods[grace:]
    instalment = terms.equal_part or _equal_instalment(terms, amortising)
    if terms.last_row is LastRow.SPREAD and terms.equal_part is None:
        instalment = _spread(terms, amortising, instalment)
    return [zero] * grace + _principals_of(terms, amortising, instalment)


def _equal_principals(terms: Terms, count: int) -> list[Money]:
    with localcontext() as context:
        context.prec = PRECISION
        part = terms.equal_part or _to_multiple(terms, terms.principal.decimal() / count)
    left, parts = terms.principal, []
    for _ in range(count - 1):
        principal = min(part, left)
        parts.append(principal)
        left = left - principal
        if not left:
            return parts
    return [*parts, left]


def _equal_instalment(terms: Terms, periods: Sequence[_Period]) -> Money:
    with localcontext() as context:
        context.prec = PRECISION
        discount, worth_of_one = Decimal(1), Decimal(0)
        for period in periods:
            discount = discount / (1 + period.growth)
            worth_of_one += discount
        return _to_multiple(terms, terms.principal.decimal() / worth_of_one)


def _check_equal_part(terms: Terms, periods: Sequence[_Period]) -> None:
    if terms.equal_part is None or terms.method is not Method.EQUAL_INSTALMENT:
        return
    charge = terms.principal.times(periods[terms.principal_grace].growth, terms.rounding)
    if terms.equal_part <= charge:
        raise BadInput(
            f"an instalment of {terms.equal_part} does not even pay the first charge of {charge}",
            field="equal_part",
            rule="above the first charge",
        )


def _to_multiple(terms: Terms, amount: Decimal) -> Money:
    rounding = terms.instalment_rounding or terms.rounding
    if terms.instalment_multiple is None:
        return Money.of(amount, terms.currency, rounding)
    unit = terms.instalment_multiple
    whole = (amount / unit.decimal()).quantize(Decimal(1), rounding=rounding.value)
    return Money(int(whole) * unit.minor, terms.currency)


def _principals_of(terms: Terms, periods: Sequence[_Period], instalment: Money) -> list[Money]:
    """Principal row by row when each row but the last pays ``instalment``; ends with the debt."""
    left, parts = terms.principal, []
    for period in periods[:-1]:
        charge = left.times(period.growth, terms.rounding)
        principal = min(max(instalment - charge, Money.zero(terms.currency)), left)
        parts.append(principal)
        left = left - principal
        if not left:
            return parts
    return [*parts, left]


def _spread(terms: Terms, periods: Sequence[_Period], instalment: Money) -> Money:
    """The instalment one step on, when that brings the last row nearer to the others."""
    count = len(periods)
    step = terms.instalment_multiple or Money(1, terms.currency)

    def gap(candidate: Money) -> int:
        last = _principals_of(terms, periods, candidate)[-1]
        charge = last.times(periods[-1].growth, terms.rounding)
        return (last + charge - candidate).minor

    first = gap(instalment)
    steps = Money.of(Decimal(first) / count, "JPY", Rounding.HALF_EVEN).minor // step.minor
    moved = Money(instalment.minor + steps * step.minor, terms.currency)
    return moved if abs(gap(moved)) < abs(first) else instalment


def _row(
    terms: Terms, number: int, period: _Period, *, balance: Money, principal: Money
) -> Instalment:
    return Instalment(
        number,
        period.due,
        principal,
        charges_on(terms, balance, period.share),
        other_charges_on(terms, balance, period.share),
    )
