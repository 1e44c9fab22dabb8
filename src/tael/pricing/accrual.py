"""What a balance earns over any days: the all-in charge, split over who pays and who is paid."""

from __future__ import annotations

from decimal import Decimal, localcontext

from tael.kernel import Day, Money, check, total
from tael.pricing.daycount import PRECISION
from tael.pricing.terms import Terms


def charges_on(terms: Terms, balance: Money, share: Decimal) -> dict[str, Money]:
    """The borrower's charges on ``balance`` for ``share`` of a year, by component.

    One all-in charge, rounded once, then split by largest remainder: the parts add up to it, and
    the cent that rounding leaves goes to the component with the largest remainder.
    """
    mine = terms.borrower_components
    with localcontext() as context:
        context.prec = PRECISION
        charge = balance.times(terms.all_in_rate.fraction * share, terms.rounding)
    weights = [part.rate.fraction for part in mine]
    shares = charge.split(weights) if any(weights) else [charge] * len(mine)
    check(total(shares, balance.currency) == charge, "charges add up to the all-in charge")
    return {part.name: amount for part, amount in zip(mine, shares, strict=True)}


def other_charges_on(terms: Terms, balance: Money, share: Decimal) -> dict[str, Money]:
    """What others than the borrower pay on the same balance, each rounded for itself."""
    with localcontext() as context:
        context.prec = PRECISION
        return {
            part.name: balance.times(part.rate.fraction * share, terms.rounding)
            for part in terms.components
            if part.payer != "borrower"
        }


def year_share(terms: Terms, start: Day, end: Day) -> Decimal:
    """The days from ``start`` to ``end`` as a share of a year by the contract's day count."""
    with localcontext() as context:
        context.prec = PRECISION
        return Decimal(terms.convention.days(start, end)) / terms.day_count.year_days
