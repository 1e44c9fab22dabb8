"""From terms to a schedule, cent by cent: days, equal part, charges, rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate, pairwise

from tael.kernel import BadInput, Calendar, Day, Money, Rounding, check
from tael.pricing.accrual import other_charges_on, split_charge
from tael.pricing.daycount import PRECISION, growth
from tael.pricing.schedule import Instalment, Schedule
from tael.pricing.terms import LastRow, Method, Terms

# Finer than any cent and coarser than the 50 digits reckoned with: 250.000...01 is 250 before it
# is rounded up.
_SETTLED = Decimal("1E-20")


@dataclass(frozen=True, slots=True)
class _Period:
    """One period before money: its due day and its share of a year."""

    due: Day
    share: Fraction


def build_schedule(terms: Terms) -> Schedule:
    """The schedule that ``terms`` make, version 1.

    Each period has one all-in charge on the balance before it, rounded once, then split over the
    components the borrower pays by largest remainder. The equal instalment is the one that repays
    the loan over periods of unequal length: ``P / sum(1 / prod(1 + g))`` (with equal periods the
    annuity formula ``P g / (1 - (1 + g)^-n)``), rounded, and moved to a multiple where the contract
    has one. The last row takes the balance.

    Worked: 120,000 over 12 months at 6 % + 12 %, 30/360, gives instalments of 11,001.60.

    Raises:
        BadInput: the terms have no schedule (a fixed instalment below the first charge).
    """
    return build_version(terms, first_number=1, version=1)


def build_version(terms: Terms, *, first_number: int, version: int) -> Schedule:
    """As ``build_schedule``, numbered on from an earlier version."""
    periods = _periods(terms)
    charges, principals = _flat(terms, periods) or _on_balance(terms, periods)
    left = list(
        accumulate(principals, lambda balance, part: balance - part, initial=terms.principal)
    )
    check(not left[-1], "a schedule ends with nothing owed")
    rows = [
        Instalment(
            first_number + index,
            period.due,
            principal,
            split_charge(terms, charge),
            other_charges_on(terms, balance, period.share),
        )
        for index, (period, principal, charge, balance) in enumerate(
            zip(periods, principals, charges, left, strict=False)
        )
    ]
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
    share = terms.convention.share
    days = (terms.start, *due_days(terms))
    return tuple(_Period(end, share(start, end)) for start, end in pairwise(days))


Charge = Callable[[Money, _Period], Money]


def _charge(terms: Terms) -> Charge:
    """The all-in charge on a balance for a period, reckoned once for each pair of them."""
    convention, rate = terms.convention, terms.all_in_rate
    known: dict[tuple[int, Day], Money] = {}

    def charge(balance: Money, period: _Period) -> Money:
        key = balance.minor, period.due
        if key not in known:
            known[key] = convention.charge(balance, rate, period.share)
        return known[key]

    return charge


def _flat(terms: Terms, periods: Sequence[_Period]) -> tuple[list[Money], list[Money]] | None:
    """等本等息: charges on the first principal, the last row taking both rests."""
    if terms.method is not Method.FLAT:
        return None
    whole = sum((period.share for period in periods), Fraction(0))
    charge = terms.convention.charge(terms.principal, terms.all_in_rate, whole)
    charged = _charge(terms)
    charges, rest = [], charge
    for period in periods[:-1]:
        # Rounded up row by row, tiny charges could add up to more than the whole.
        part = _within(charged(terms.principal, period), rest)
        charges.append(part)
        rest = rest - part
    charges.append(rest)
    instalment = _to_multiple(terms, _divided((terms.principal + charge).decimal(), len(periods)))
    left, parts = terms.principal, []
    for part in charges[:-1]:
        principal = _within(instalment - part, left)
        parts.append(principal)
        left = left - principal
    return charges, [*parts, left]


def _on_balance(terms: Terms, periods: Sequence[_Period]) -> tuple[list[Money], list[Money]]:
    charge = _charge(terms)
    principals = _principals(terms, periods, charge)
    left = accumulate(principals, lambda balance, part: balance - part, initial=terms.principal)
    charges = [charge(balance, period) for balance, period in zip(left, periods, strict=False)]
    return charges[: len(principals)], principals


def _principals(terms: Terms, periods: Sequence[_Period], charge: Charge) -> list[Money]:
    zero, grace = Money.zero(terms.currency), terms.principal_grace
    if terms.method is Method.INTEREST_ONLY:
        return [zero] * (len(periods) - 1) + [terms.principal]
    if terms.method is Method.EQUAL_PRINCIPAL:
        return [zero] * grace + _equal_principals(terms, len(periods) - grace)
    amortising = periods[grace:]
    instalment = _equal_part(terms, amortising, charge)
    return [zero] * grace + _principals_of(terms, amortising, charge, instalment)


def _equal_principals(terms: Terms, count: int) -> list[Money]:
    part = terms.equal_part or _to_multiple(terms, _divided(terms.principal.decimal(), count))
    left, parts = terms.principal, []
    for _ in range(count - 1):
        principal = min(part, left)
        parts.append(principal)
        left = left - principal
        if not left:
            return parts
    return [*parts, left]


def _equal_part(terms: Terms, periods: Sequence[_Period], charge: Charge) -> Money:
    """The equal instalment: the contract's, or the annuity's with its last row near the others."""
    if terms.equal_part is None:
        return _fitted(terms, periods, charge, _annuity(terms, periods))
    first = charge(terms.principal, periods[0])
    if terms.equal_part <= first:
        raise BadInput(
            f"an instalment of {terms.equal_part} does not even pay the first charge of {first}",
            field="equal_part",
            rule="above the first charge",
        )
    return terms.equal_part


def _annuity(terms: Terms, periods: Sequence[_Period]) -> Money:
    with localcontext() as context:
        context.prec = PRECISION
        discount, worth_of_one, rate = Decimal(1), Decimal(0), terms.all_in_rate
        for period in periods:
            discount = discount / (1 + growth(rate, period.share))
            worth_of_one += discount
        return _to_multiple(terms, terms.principal.decimal() / worth_of_one)


def _divided(amount: Decimal, count: int) -> Decimal:
    with localcontext() as context:
        context.prec = PRECISION
        return amount / count


def _to_multiple(terms: Terms, amount: Decimal) -> Money:
    """``amount`` rounded to the contract's multiple, or to the minor unit."""
    rounding = terms.instalment_rounding or terms.rounding
    unit = terms.instalment_multiple or Money(1, terms.currency)
    with localcontext() as context:
        context.prec = PRECISION
        units = (amount / unit.decimal()).quantize(_SETTLED)
        whole = units.quantize(Decimal(1), rounding=rounding.value)
    return Money(int(whole) * unit.minor, terms.currency)


def _within(amount: Money, left: Money) -> Money:
    """Never less than nothing, never more than what is left."""
    return min(max(amount, Money.zero(left.currency)), left)


def _principals_of(
    terms: Terms, periods: Sequence[_Period], charge: Charge, instalment: Money
) -> list[Money]:
    """Principal row by row when each row but the last pays ``instalment``; ends with the debt."""
    left, parts = terms.principal, []
    for period in periods[:-1]:
        principal = _within(instalment - charge(left, period), left)
        parts.append(principal)
        left = left - principal
        if not left:
            return parts
    return [*parts, left]


def _fitted(terms: Terms, periods: Sequence[_Period], charge: Charge, instalment: Money) -> Money:
    """``instalment`` moved as the contract's rule for the last row wants it."""
    unit = terms.instalment_multiple or Money(1, terms.currency)

    def gap(candidate: Money) -> int:
        parts = _principals_of(terms, periods, charge, candidate)
        last = parts[-1] + charge(parts[-1], periods[len(parts) - 1])
        return (last - candidate).minor

    if terms.last_row is LastRow.LOWER:
        return _least(instalment, unit, lambda candidate: gap(candidate) <= 0)
    if terms.last_row is LastRow.HIGHER:
        return _least(instalment, -unit, lambda candidate: gap(candidate) >= 0)
    if terms.last_row is LastRow.TAKES_BALANCE:
        return instalment
    share = _divided(Decimal(gap(instalment)), len(periods) * unit.minor)
    steps = int(share.quantize(Decimal(1), rounding=Rounding.HALF_UP.value))
    moved = Money(instalment.minor + steps * unit.minor, terms.currency)
    return moved if abs(gap(moved)) < abs(gap(instalment)) else instalment


def _least(start: Money, step: Money, fits: Callable[[Money], bool]) -> Money:
    """The first amount that fits, going by ``step``; ``fits`` holds from it onward."""
    candidate = start
    while not fits(candidate):
        candidate = candidate + step
    while fits(candidate - step) and (candidate - step).minor > 0:
        candidate = candidate - step
    return candidate
