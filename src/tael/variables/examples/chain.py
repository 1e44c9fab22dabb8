"""Puts the transactions of a day into the order that their balances tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_TENTH = 10  # amounts and balances are rounded one by one, to a tenth of a koruna


@dataclass(frozen=True, slots=True)
class Chain:
    """How many balances are the one before plus the amount: to the heller, by rounding, or not."""

    exact: int
    rounded: int
    broken: int


def order_by_balance(
    owner: Integers, day: Integers, signed: Integers, balance: Integers
) -> tuple[Integers, Chain]:
    """The place of each transaction within its day, from 0, and how well the balances chain.

    Args:
        owner: the account; rows lie together by account and day, days rising.
        day: the day.
        signed: amount, minor units, negative when paid out.
        balance: after the transaction, minor units.

    Of the day's transactions not yet placed, the one that starts nearest to the balance so far is
    next; at a tie the one that stands first.
    """
    place = np.zeros(len(owner), np.int64)
    before = (balance - signed).tolist()
    after = balance.tolist()
    gaps: list[int] = []
    now = 0
    edges = np.flatnonzero((np.diff(owner) != 0) | (np.diff(day) != 0)) + 1
    starts = [0, *edges.tolist()] if len(owner) else []
    ends = [*edges.tolist(), len(owner)]
    for start, end in zip(starts, ends, strict=False):
        if start == 0 or owner[start] != owner[start - 1]:
            now = 0
        rest = list(range(start, end))
        for number in range(end - start):
            nearest = min(rest, key=lambda row: abs(before[row] - now))
            gaps.append(abs(before[nearest] - now))
            place[nearest], now = number, after[nearest]
            rest.remove(nearest)
    exact = gaps.count(0)
    rounded = sum(1 for gap in gaps if 0 < gap <= _TENTH)
    return place, Chain(exact, rounded, len(gaps) - exact - rounded)
