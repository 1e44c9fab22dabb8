"""What a loan brings in expectation: revenue, funding, cost, loss and capital, from its schedule.

Exact: instalments, claims and all-in cost are those of ``tael.pricing``, for the principal that is
lent; probabilities are Decimals. Nothing is discounted: terms are a few years at most, and the
order of choices would not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cached_property
from itertools import accumulate
from operator import mul

from tael.kernel import Money, Rate, check, minor_digits
from tael.pricing.build import build_schedule
from tael.pricing.cost import all_in_cost
from tael.pricing.schedule import Schedule
from tael.pricing.strategy.figures import Costs, Guarantor, Risk
from tael.pricing.strategy.model import Ask, Cell, Grid, Price, Terms
from tael.pricing.terms import Component
from tael.pricing.terms import Terms as LoanTerms

_DIGITS = 34
_YEAR = 12
_ONE, _ZERO, _HUNDRED = Decimal(1), Decimal(0), Decimal(100)
MICRO = 1_000_000
BANK, GUARANTOR = "bank_interest", "guarantee_fee"


@dataclass(frozen=True, slots=True)
class Worth:
    """What a period's lending is expected to bring: whole minor units, loans in millionths.

    Args:
        loans_micro: loans made, in millionths.
        volume: principal disbursed.
        revenue: interest and fees that borrowers pay, less what stops with those who stop.
        funding: what goes to the banks, and the cost of own money.
        operating: of making and servicing.
        loss: over the life: what is paid for loans that stop, less what comes back.
        stage_1: PD of 12 months x LGD x principal, the liability of the first day.
        capital: held against what is outstanding when the period ends.
        capital_cost: the hurdle on capital over the life.
        liability: weighted guarantees in force when the period ends.
    """

    loans_micro: int = 0
    volume: int = 0
    revenue: int = 0
    funding: int = 0
    operating: int = 0
    loss: int = 0
    stage_1: int = 0
    capital: int = 0
    capital_cost: int = 0
    liability: int = 0

    @property
    def profit(self) -> int:
        """Revenue less funding, operating cost, expected loss and the cost of capital."""
        return self.revenue - self.funding - self.operating - self.loss - self.capital_cost

    def __add__(self, other: Worth) -> Worth:
        return Worth(*(mine + theirs for mine, theirs in zip(self.row(), other.row(), strict=True)))

    def row(self) -> tuple[int, ...]:
        """The sums in the order of the fields."""
        return (
            self.loans_micro, self.volume, self.revenue, self.funding, self.operating, self.loss,
            self.stage_1, self.capital, self.capital_cost, self.liability,
        )  # fmt: skip


@dataclass(frozen=True)
class Course:
    """One loan as agreed, month by month, and what the guarantor pays if it stops there.

    Sums in major units of the currency, a value a month: ``interest`` and ``fee`` of the
    instalment, ``balance`` before it, ``claim`` when it is the first that is not paid.
    """

    schedule: Schedule
    claim_days: int

    @cached_property
    def principal(self) -> Decimal:
        """What is lent."""
        return self.schedule.terms.principal.decimal()

    @cached_property
    def interest(self) -> tuple[Decimal, ...]:
        """Of each instalment, the bank's."""
        return tuple(row.charges[BANK].decimal() for row in self.schedule.instalments)

    @cached_property
    def fee(self) -> tuple[Decimal, ...]:
        """Of each instalment, the guarantor's."""
        return tuple(row.charges[GUARANTOR].decimal() for row in self.schedule.instalments)

    @cached_property
    def balance(self) -> tuple[Decimal, ...]:
        """Before each instalment."""
        repaid = accumulate(
            (row.principal.decimal() for row in self.schedule.instalments), initial=_ZERO
        )
        return tuple(self.principal - part for part in repaid)[:-1]

    @cached_property
    def claim(self) -> tuple[Decimal, ...]:
        """Paid to the bank when an instalment is the first that is missed (``Schedule.claim``)."""
        return tuple(
            self.schedule.claim(row.number - 1, row.due.plus_days(self.claim_days)).total.decimal()
            for row in self.schedule.instalments
        )

    @cached_property
    def all_in(self) -> Rate:
        """The exact all-in cost, nominal a year."""
        return all_in_cost(self.schedule).nominal

    def still(self, months: int) -> Decimal:
        """Mean balance at the end of a period of ``months`` of loans begun evenly within it."""
        return sum(self.balance[:months], _ZERO) / months


class Courses:
    """Loans that were scheduled once: the same loan is asked for by many cells and targets."""

    def __init__(self, grid: Grid, claim_days: int) -> None:
        self._grid, self._claim_days = grid, claim_days
        self._known: dict[tuple[Price, int, int], Course] = {}

    def of(self, price: Price, months: int, principal: Money) -> Course:
        """The course of a loan at ``price``."""
        key = price, months, principal.minor
        if key not in self._known:
            terms = LoanTerms(
                principal=principal,
                method=self._grid.method,
                months=months,
                start=self._grid.start,
                penalty_rate=self._grid.penalty,
                components=(
                    Component(BANK, price.bank_interest, payer="borrower", payee="bank"),
                    Component(GUARANTOR, price.guarantee_fee, payer="borrower", payee="guarantor"),
                ),
            )
            self._known[key] = Course(build_schedule(terms), self._claim_days)
        return self._known[key]


def pd_at(cell: Cell, price: Price, risk: Risk) -> tuple[Rate, Rate | None]:
    """PD of 12 months and of the life at ``price``: odds grow with each point of per cent.

    Below the price at which the PD was seen they fall by the same rule.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        points = (price.total.fraction - cell.reference.total.fraction) * _HUNDRED
        factor = risk.pd_stress * (1 + risk.odds_per_point) ** points

        def moved(pd: Rate) -> Rate:
            odds = pd.fraction / (1 - pd.fraction) * factor
            return Rate(odds / (1 + odds))

        return moved(cell.pd_12m), None if cell.pd_life is None else moved(cell.pd_life)


def stops(pd_12m: Rate, pd_life: Rate | None, months: int) -> tuple[Decimal, ...]:
    """Probability, month by month, that this instalment is the first that is not paid.

    The monthly risk is constant within the first year, so that twelve months make ``pd_12m``, and
    after it, so that the term makes ``pd_life``; without that it stays as in the first year.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        early = _monthly(_ONE, _ONE - pd_12m.fraction, _YEAR)
        late = early
        if pd_life is not None and months > _YEAR:
            late = _monthly(_ONE - pd_12m.fraction, _ONE - pd_life.fraction, months - _YEAR)
        left, found = _ONE, []
        for month in range(months):
            kept = left * (early if month < _YEAR else late)
            found.append(left - kept)
            left = kept
        return tuple(found)


def _monthly(before: Decimal, after: Decimal, months: int) -> Decimal:
    share = after / before
    check(0 < share <= 1, "who is left a month later is at most who was there")
    return share ** (_ONE / months) if share != 1 else _ONE


@dataclass(frozen=True, slots=True)
class Lender:
    """What a loan's worth depends on besides its course."""

    costs: Costs
    risk: Risk
    guarantor: Guarantor | None
    months: int

    def weight(self, granted: Money, *, small: bool) -> Decimal:
        """Of the loan in the guarantee liability; 1 where there is no guarantor."""
        return self.guarantor.weight_of(granted, small=small) if self.guarantor else _ONE


@dataclass(frozen=True, slots=True)
class Unit:
    """Expected sums in major units, before the cost of a loan and the weight of its liability."""

    volume: Decimal
    revenue: Decimal
    funding: Decimal
    operating: Decimal
    loss: Decimal
    stage_1: Decimal
    still: Decimal
    years: Decimal

    def __add__(self, other: Unit) -> Unit:
        return Unit(
            self.volume + other.volume, self.revenue + other.revenue,
            self.funding + other.funding, self.operating + other.operating,
            self.loss + other.loss, self.stage_1 + other.stage_1,
            self.still + other.still, self.years + other.years,
        )  # fmt: skip

    def scaled(self, factor: Decimal) -> Unit:
        """The same for ``factor`` as much."""
        return Unit(
            self.volume * factor, self.revenue * factor, self.funding * factor,
            self.operating * factor, self.loss * factor, self.stage_1 * factor,
            self.still * factor, self.years * factor,
        )  # fmt: skip


def unit(course: Course, cell: Cell, terms: Terms, lender: Lender) -> Unit:
    """What one loan of ``course`` brings, the cost of making it (a sum for each) left out.

    Loss: LGD x what the guarantor pays for each month in which the loan may stop; of the part lent
    on own money the outstanding principal.
    """
    costs = lender.costs
    pd_12m, pd_life = pd_at(cell, terms.price, lender.risk)
    months = len(course.interest)
    with localcontext() as context:
        context.prec = _DIGITS
        leaving = stops(pd_12m, pd_life, months)
        gone = list(accumulate(leaving))
        paying = [_ONE - share for share in gone]
        there = [_ONE, *paying[:-1]]
        interest = _dot(paying, course.interest)
        years = _dot(there, course.balance) / _YEAR
        owed = [
            (1 - costs.own_share) * claim + costs.own_share * balance
            for claim, balance in zip(course.claim, course.balance, strict=True)
        ]
        return Unit(
            volume=course.principal,
            revenue=interest + _dot(paying, course.fee),
            funding=(1 - costs.own_share) * interest
            + costs.own_share * costs.cost_of_funds.fraction * years,
            operating=costs.acquisition_rate.fraction * course.principal
            + costs.servicing.fraction * years,
            loss=cell.lgd.fraction * _dot(leaving, owed),
            stage_1=pd_12m.fraction * cell.lgd.fraction * course.principal,
            still=course.still(lender.months),
            years=years,
        )


def _dot(left: Sequence[Decimal], right: Sequence[Decimal]) -> Decimal:
    return sum(map(mul, left, right), _ZERO)


def worth(total: Unit, loans: Decimal, weight: Decimal, lender: Lender) -> Worth:
    """``total`` of so many loans of one weight, in whole minor units, rounded once at the end.

    These are expectations, no sums that anybody pays: half to even, as ``Money.of`` does.
    """
    costs, digits = lender.costs, minor_digits(lender.costs.acquisition.currency)
    with localcontext() as context:
        context.prec, context.rounding = _DIGITS, ROUND_HALF_EVEN
        held = costs.capital_rate * weight

        def minor(amount: Decimal) -> int:
            return int(amount.scaleb(digits).to_integral_value())

        return Worth(
            loans_micro=int((loans * MICRO).to_integral_value()),
            volume=minor(total.volume),
            revenue=minor(total.revenue),
            funding=minor(total.funding),
            operating=minor(total.operating + costs.acquisition.decimal() * loans),
            loss=minor(total.loss),
            stage_1=minor(total.stage_1),
            capital=minor(total.still * held),
            capital_cost=minor(costs.hurdle.fraction * total.years * held),
            liability=minor(total.still * (1 - costs.own_share) * weight),
        )


def takers(ask: Ask, granted: Money, take_up: Decimal, risk: Risk) -> Decimal:
    """Loans of a period: applications x take-up, less those whom a smaller sum sends away."""
    with localcontext() as context:
        context.prec = _DIGITS
        loans = ask.applications * take_up
        if risk.limit_elasticity and granted < ask.amount:
            loans *= (granted.decimal() / ask.amount.decimal()) ** risk.limit_elasticity
        return loans
