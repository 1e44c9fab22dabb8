"""Simpler ways to the same targets, to see what choosing cell by cell adds.

Cutting off: today's offers, without the worst tiers. Uniform prices: besides that one change of
price for R1 to R3 and one for the others, the same in every segment. Both keep the same bounds and
are priced by the same model; neither needs better tiers to pay less, so they are held to less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from itertools import product

from tael.kernel import BadInput, Rate
from tael.pricing.strategy.bounds import Bound
from tael.pricing.strategy.economics import Worth
from tael.pricing.strategy.menu import NOTHING, Menu, worth_of
from tael.pricing.strategy.model import PRIME, TIERS, Cell, Price, Terms
from tael.pricing.strategy.offer import Offer, priced

_MOST_TRIED = 40
_STEP = Decimal("0.01")
SHIFTS = tuple(Rate(_STEP * n) for n in range(-6, 7))
NO_SHIFT = (Rate(Decimal(0)),)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A simple strategy that keeps the bounds.

    Args:
        offer: its terms and their exact worth.
        last: the worst tier that is still served, 0 for none.
        prime, others: change of price for R1 to R3 and for the rest.
    """

    offer: Offer
    last: int
    prime: Rate
    others: Rate


def cut_off(menu: Menu, bounds: Sequence[Bound]) -> Baseline | None:
    """The most profitable way of serving today's terms up to some tier; None: none keeps all."""
    return _best(menu, bounds, NO_SHIFT)


def uniform(menu: Menu, bounds: Sequence[Bound]) -> Baseline | None:
    """The same with one change of price for R1 to R3 and one for the rest (whole points)."""
    return _best(menu, bounds, SHIFTS)


def _best(menu: Menu, bounds: Sequence[Bound], shifts: Sequence[Rate]) -> Baseline | None:
    market = menu.market
    table = {shift: [_shifted(menu, cell, shift) for cell in market.cells] for shift in shifts}
    ways = sorted(_ways(menu, bounds, table), key=lambda way: -way[0])
    for _, last, prime, others in ways[:_MOST_TRIED]:
        terms = [
            _choice(table, n, cell, (last, prime, others))[0] for n, cell in enumerate(market.cells)
        ]
        offer = priced(market, menu.courses, terms)
        if offer.highest <= market.grid.cap and all(b.kept(offer.entries) for b in bounds):
            return Baseline(offer, last, prime, others)
    return None


_Table = dict[Rate, list[tuple[Terms | None, Worth]]]


def _ways(
    menu: Menu, bounds: Sequence[Bound], table: _Table
) -> Iterator[tuple[int, int, Rate, Rate]]:
    """Profit, last tier and shifts of the ways that keep the bounds."""
    cells = menu.market.cells
    for last, prime, others in product(range(TIERS.stop), table, table):
        if last < PRIME.stop and others.fraction:
            continue  # nobody but R1 to R3 is served: the others' price says nothing
        worths = [_choice(table, n, cell, (last, prime, others))[1] for n, cell in enumerate(cells)]
        entries = list(zip(cells, worths, strict=True))
        if all(bound.kept(entries) for bound in bounds):
            yield reduce(Worth.__add__, worths, NOTHING).profit, last, prime, others


def _choice(
    table: _Table, number: int, cell: Cell, way: tuple[int, Rate, Rate]
) -> tuple[Terms | None, Worth]:
    last, prime, others = way
    if cell.tier > last:
        return None, NOTHING
    return table[prime if cell.prime else others][number]


def _shifted(menu: Menu, cell: Cell, shift: Rate) -> tuple[Terms | None, Worth]:
    """Today's terms at another price, kept within what was observed and below the cap."""
    if cell.today is None:
        return None, NOTHING
    curve, grid = menu.market.take_up[cell.tier], menu.market.grid
    total = cell.today.price.total
    if shift.fraction:
        # A hundredth of a point below the cap leaves room for what rounding adds to small loans.
        room = min(curve.high, grid.cap - Rate(_STEP / 100))
        total = max(min(total + shift, room), curve.low)
    bank = min(cell.today.price.bank_interest, total)
    terms = Terms(Price(bank, total - bank), cell.today.limit)
    try:
        return terms, worth_of(menu, cell, terms)
    except BadInput:
        return None, NOTHING
