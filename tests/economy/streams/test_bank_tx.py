from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import Borrower, Life, borrower, life
from tael.economy.streams import Events, bank_tx
from tael.economy.streams.bank_tx import PURPOSES
from tael.economy.world import MONTHS, Parameters, World
from tael.economy.world.months import day_in_china, first_days

SEED, COUNT = 7, 40
SALES, TAX = PURPOSES.index("sales"), PURPOSES.index("tax")
OWNER = 1


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def trading(world: World) -> list[tuple[Borrower, Life]]:
    row = [borrower(world, SEED, number) for number in range(COUNT)]
    pairs = [(subject, life(world, subject)) for subject in row]
    return [pair for pair in pairs if pair[1].open.sum() > 100]


def _mean_balance(part: Events, whose: int) -> float:
    return float(part.columns["balance"][part.subject == whose].mean())


@pytest.mark.parametrize(
    ("trait", "whose"), [("buffer", 0), ("wealth", OWNER), ("prudence", OWNER)]
)
def test_what_stays_on_the_account_follows_the_trait(
    world: World, trading: list[tuple[Borrower, Life]], trait: str, whose: int
) -> None:
    subject, months = trading[0]
    means = []
    for value in (-1.0, 1.0):
        held = subject.firm if trait == "buffer" else subject.owner
        changed = dataclasses.replace(held, **{trait: value})
        other = dataclasses.replace(subject, **{"firm" if trait == "buffer" else "owner": changed})
        means.append(_mean_balance(bank_tx(world, other, months), whose))

    assert means[1] > 1.3 * means[0]


def test_stress_melts_the_balance(world: World, trading: list[tuple[Borrower, Life]]) -> None:
    subject, months = trading[0]
    means = [
        _mean_balance(
            bank_tx(world, subject, dataclasses.replace(months, stress=np.full(MONTHS, stress))), 0
        )
        for stress in (0.0, 2.0)
    ]

    assert means[1] < 0.7 * means[0]


def test_honest_owners_pay_more_tax_on_their_sales(
    world: World, trading: list[tuple[Borrower, Life]]
) -> None:
    subject, months = trading[0]
    sums = []
    for honesty in (-1.0, 1.0):
        owner = dataclasses.replace(subject.owner, honesty=honesty)
        part = bank_tx(world, dataclasses.replace(subject, owner=owner), months)
        sums.append(part.columns["amount"][part.columns["purpose"] == TAX].sum())

    assert sums[1] > 1.5 * sums[0]


def test_banked_sales_add_up_to_the_sales_of_the_months_between(
    world: World, trading: list[tuple[Borrower, Life]]
) -> None:
    shares = []
    for subject, months in trading:
        part = bank_tx(world, dataclasses.replace(subject, fraud=None), months)
        keep = (part.columns["purpose"] == SALES) & (part.version == 0)
        month = np.searchsorted(first_days(), day_in_china(part.event_at), side="right") - 1
        until = months.sales[: int(month[keep].max()) + 1].sum()
        shares.append(part.columns["amount"][keep].sum() / until)

    assert np.std(shares) < 0.1
    assert np.median(shares) == pytest.approx(0.8, abs=0.06)
