"""Bounds of banks: together they say exactly whether the money can be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from scipy.optimize import linprog

from tael.kernel import Money
from tael.pricing.strategy import Market, Partner, Targets, Worth, bounds_of


def seeds(usual: int, slow: int) -> list[object]:
    """Some seeds for the usual run, more for the slow one."""
    more = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(usual, slow)]
    return [*range(usual), *more]


def funded(market: Market, lent: list[int]) -> bool:
    """Whether some sharing out of ``lent`` among the banks keeps each of them."""
    pairs = [
        (number, cell)
        for number, bank in enumerate(market.partners)
        for cell, one in enumerate(market.cells)
        if bank.lends(one)
    ]
    cells = [[int(cell == c) for _, cell in pairs] for c in range(len(lent))]
    banks = [[int(bank == b) for bank, _ in pairs] for b in range(len(market.partners))]
    most = [bank.most.minor for bank in market.partners]
    found = linprog([0] * len(pairs), banks, most, cells, lent)
    return bool(found.status == 0)


@pytest.mark.parametrize("seed", seeds(3, 20))
def test_banks_can_fund_exactly_what_keeps_every_bound(
    seed: int, make: Callable[..., Market]
) -> None:
    dice = Random(seed)  # noqa: S311 - banks, no secrets
    market = make(seed, tiers=(1, 2, 4, 6))
    segments = sorted({cell.segment for cell in market.cells}, key=lambda one: one.name)
    banks = tuple(
        Partner(
            f"bank {n}",
            Money(dice.randrange(1, 60) * 1000),
            tiers=frozenset(dice.sample((1, 2, 4, 6), dice.randrange(0, 4))),
            segments=frozenset(dice.sample(segments, dice.randrange(0, 2))),
        )
        for n in range(4)
    )
    market = replace(market, partners=banks, guarantor=None)
    bounds = bounds_of(market, Targets())
    answers = []
    for _ in range(12):
        lent = [dice.choice((0, 0, dice.randrange(1, 30) * 1000)) for _ in market.cells]
        worth = (Worth(volume=amount) for amount in lent)
        entries = list(zip(market.cells, worth, strict=True))
        answers.append(all(bound.kept(entries) for bound in bounds))
        assert answers[-1] == funded(market, lent)
    assert len(bounds) <= 16
