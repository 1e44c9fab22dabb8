from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import Borrower, Fraud, Life, borrower, life
from tael.economy.streams import Events, book_entry
from tael.economy.streams.book_entry import STATUSES
from tael.economy.world import MONTHS, Parameters, World, month_of
from tael.economy.world.months import day_in_china, first_days

SEED, COUNT = 7, 250
OPEN, SETTLED, OVERDUE = range(len(STATUSES))
SALE, RECEIVABLE, PAYABLE = 0, 2, 3

Keeper = tuple[Borrower, Life, Events]


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def keepers(world: World) -> list[Keeper]:
    row = [borrower(world, SEED, number) for number in range(COUNT)]
    lives = [life(world, subject) for subject in row]
    parts = [book_entry(world, *pair) for pair in zip(row, lives, strict=True)]
    return [item for item in zip(row, lives, parts, strict=True) if len(item[2])]


def test_some_firms_keep_their_books_in_the_app_from_2017_on(keepers: list[Keeper]) -> None:
    first = min(int(part.event_at[0]) for _, _, part in keepers)
    month = np.searchsorted(first_days(), day_in_china(np.array([first])), side="right")[0] - 1

    assert 0.04 < len(keepers) / COUNT < 0.2
    assert month >= month_of("2017-01")


def test_every_entry_and_status_occurs(keepers: list[Keeper]) -> None:
    for name, codes in keepers[0][2].codes.items():
        seen = {int(code) for _, _, part in keepers for code in np.unique(part.columns[name])}
        assert seen == set(range(len(codes)))


def test_what_is_owed_is_open_first_and_settled_or_overdue_later(keepers: list[Keeper]) -> None:
    ended = 0
    for _, _, part in keepers:
        status, first = part.columns["status"], part.version == 0
        owed = np.isin(part.columns["entry"], (RECEIVABLE, PAYABLE))
        assert (status[first & owed] == OPEN).all()
        assert (status[~owed] == SETTLED).all()
        last = np.append(part.event[1:] != part.event[:-1], True)
        ended += (status[last & owed] != OPEN).sum()
    assert ended > 100


def test_stress_lets_payables_fall_overdue(world: World, keepers: list[Keeper]) -> None:
    subject, months, _ = max(keepers, key=lambda item: len(item[2]))
    shares = []
    for stress in (-1.0, 3.0):
        even = dataclasses.replace(months, stress=np.full(MONTHS, stress), default_month=-1)
        columns = book_entry(world, subject, even).columns
        shares.append((columns["status"][columns["entry"] == PAYABLE] == OVERDUE).mean())

    assert shares[1] > 2 * shares[0]


def test_a_packed_file_books_sales_that_were_never_made(
    world: World, keepers: list[Keeper]
) -> None:
    subject, months, _ = max(keepers, key=lambda item: len(item[2]))
    faking = dataclasses.replace(months, faking=np.ones(MONTHS, dtype=np.int64))
    sums = []
    for fraud in (None, Fraud("broker_packed", 120)):
        columns = book_entry(world, dataclasses.replace(subject, fraud=fraud), faking).columns
        sums.append(columns["amount"][columns["entry"] == SALE].sum())

    assert sums[1] > 1.5 * sums[0]
