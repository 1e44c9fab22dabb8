"""What a loan costs a year with everything in it, and the caps it must stay under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tael.kernel import BadInput, Day, Money, Rate, Refusal, check, total
from tael.pricing.build import planned_days
from tael.pricing.daycount import Convention
from tael.pricing.irr import irr
from tael.pricing.refusals import CAP_EXCEEDED, PLATFORM_FEE_FROM_BORROWER
from tael.pricing.schedule import Schedule
from tael.pricing.terms import PAYEES, PAYERS, Component

_DIGITS = Decimal("1E-12")
_MONTHS = 12
_DAYS_OF_MONTH = 30
LPR_MULTIPLE = 4


@dataclass(frozen=True, slots=True)
class Fee:
    """A charge taken once, on the day the money is paid out.

    Raises:
        BadInput: a negative amount, an unknown payer or payee.
    """

    name: str
    amount: Money
    payer: str = "borrower"
    payee: str = "bank"

    def __post_init__(self) -> None:
        if self.amount.minor < 0:
            raise BadInput(
                f"a fee of {self.amount} is none", field=f"fees.{self.name}.amount", rule=">= 0"
            )
        if self.payer not in PAYERS or self.payee not in PAYEES:
            raise BadInput(
                f"{self.payer!r} does not pay {self.payee!r} a fee",
                field=f"fees.{self.name}",
                rule="payer " + " | ".join(PAYERS) + "; payee " + " | ".join(PAYEES),
            )


@dataclass(frozen=True, slots=True)
class AllInCost:
    """The annualised cost of everything the borrower pays (综合融资成本) when paying in time.

    Args:
        monthly: the internal rate of return of a month.
        nominal: 12 times that, what caps and the disclosure speak of.
        effective: ``(1 + monthly) ** 12 - 1``.
        charges: everything paid besides principal, upfront fees included.
    """

    monthly: Rate
    nominal: Rate
    effective: Rate
    charges: Money


def all_in_cost(schedule: Schedule, fees: Sequence[Fee] = ()) -> AllInCost:
    """IRR over all the borrower gets and pays: principal less upfront fees against instalments.

    Periods are months on the planned due days; a broken first period counts by 30/360. PBOC notice
    2021 no. 3 asks for an annualised rate with fees in it; the method is the IRR of its annex.

    Raises:
        BadInput: fees in another currency, or fees that eat up the whole principal.
    """
    upfront = total(
        (fee.amount for fee in fees if fee.payer == "borrower"), schedule.terms.currency
    )
    received = schedule.terms.principal - upfront
    if received.minor <= 0:
        raise BadInput(
            f"fees of {upfront} leave nothing of {schedule.terms.principal}",
            field="fees",
            rule="below the principal",
        )
    flows = [-received.decimal(), *(row.total.decimal() for row in schedule.instalments)]
    monthly = irr(flows, [Decimal(0), *_months(schedule)])
    check(isinstance(monthly, Decimal), "a loan that is repaid has an internal rate of return")
    charges = schedule.total_charges + upfront
    return _cost(monthly, charges) if isinstance(monthly, Decimal) else _cost(Decimal(0), charges)


def _cost(monthly: Decimal, charges: Money) -> AllInCost:
    with localcontext() as context:
        context.prec = 40
        effective = (1 + monthly) ** _MONTHS - 1
        nominal = monthly * _MONTHS
        return AllInCost(
            Rate(monthly.quantize(_DIGITS)),
            Rate(nominal.quantize(_DIGITS)),
            Rate(effective.quantize(_DIGITS)),
            charges,
        )


def _months(schedule: Schedule) -> list[Decimal]:
    terms = schedule.terms
    convention = Convention(seed_day=terms.seed_day)
    with localcontext() as context:
        context.prec = 40
        return [
            Decimal(convention.days(terms.start, day)) / _DAYS_OF_MONTH
            for day in planned_days(terms)[: len(schedule.instalments)]
        ]


def check_cap(cost: AllInCost, cap: Rate, *, on: Day | None = None) -> Refusal | None:
    """Nothing when ``cost.nominal`` is at most ``cap``, the cap in force on the signing day.

    Compared exactly: a rate set at the cap itself may be refused for the cents its rounding adds,
    so price below it.

    Refusals:
        cap_exceeded: with the cost, the cap and the day.
    """
    if cap.fraction < 0:
        raise BadInput(f"a cap of {cap} is below zero", field="cap", rule=">= 0")
    if cost.nominal <= cap:
        return None
    detail = {"cost": str(cost.nominal), "cap": str(cap)}
    return Refusal(CAP_EXCEEDED, detail | ({"on": on.isoformat()} if on else {}))


def lpr_cap(lpr: Rate, multiple: int = LPR_MULTIPLE) -> Rate:
    """The private-lending cap: ``multiple`` times the one-year LPR in force on the signing day.

    Source: Supreme People's Court, judicial interpretation on private lending, second amendment of
    December 2020, article 25. Licensed guarantee companies stand outside it; courts look at 24 %.
    """
    if lpr.fraction < 0 or multiple < 1:
        raise BadInput(
            f"{multiple} times {lpr} is no cap", field="lpr", rule="lpr >= 0, multiple >= 1"
        )
    return Rate(lpr.fraction * multiple)


def check_payers(
    charges: Sequence[Component | Fee], *, platform_fee_from_borrower: bool
) -> Refusal | None:
    """Nothing when the platform charges the borrower nothing, or the jurisdiction lets it.

    ``platform_fee_from_borrower`` is the jurisdiction's dated parameter: false in China since the
    facilitation notice of 2025 (金规〔2025〕9号), in force from 2025-10-01.

    Refusals:
        platform_fee_from_borrower: names the component.
    """
    if platform_fee_from_borrower:
        return None
    for charge in charges:
        if charge.payer == "borrower" and charge.payee == "platform":
            return Refusal(PLATFORM_FEE_FROM_BORROWER, {"component": charge.name})
    return None
