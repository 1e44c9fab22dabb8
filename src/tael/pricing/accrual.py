"""What a balance earns over any days: the all-in charge, split over who pays and who is paid."""

from __future__ import annotations

from fractions import Fraction

from tael.kernel import Money, check, total
from tael.pricing.terms import Terms


def charges_on(terms: Terms, balance: Money, share: Fraction) -> dict[str, Money]:
    """The borrower's charges on ``balance`` for ``share`` of a year, by component."""
    return split_charge(terms, terms.convention.charge(balance, terms.all_in_rate, share))


def split_charge(terms: Terms, charge: Money) -> dict[str, Money]:
    """One all-in charge split over the borrower's components by largest remainder.

    The parts add up to it, and the cent that rounding leaves goes to the component with the largest
    remainder (of equals: the earlier one).
    """
    mine = terms.borrower_components
    if len(mine) == 1:
        return {mine[0].name: charge}
    weights = [part.rate.fraction for part in mine]
    shares = charge.split(weights) if any(weights) else [charge] * len(mine)
    check(total(shares, charge.currency) == charge, "charges add up to the all-in charge")
    return {part.name: amount for part, amount in zip(mine, shares, strict=True)}


def other_charges_on(terms: Terms, balance: Money, share: Fraction) -> dict[str, Money]:
    """What others than the borrower pay on the same balance, each rounded for itself."""
    return {
        part.name: terms.convention.charge(balance, part.rate, share)
        for part in terms.components
        if part.payer != "borrower"
    }
