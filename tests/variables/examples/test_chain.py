"""The order of a day's transactions is the one in which each balance follows from the last."""

from __future__ import annotations

import numpy as np

from tael.variables.examples.chain import Chain, order_by_balance


def test_transactions_stand_as_their_balances_tell() -> None:
    #        account, day, signed, balance
    rows = np.array(
        [
            (1, 1, 100, 100),
            (1, 2, -30, 120),  # second: from 150
            (1, 2, 50, 150),  # first: from 100
            (1, 2, 1, 131),  # fourth: from 130, ten too many by rounding
            (1, 2, 10, 130),  # third: from 120
            (2, 2, 7, 7),  # another account begins at nothing
            (2, 3, 5, 900),  # follows from nothing
        ]
    ).T
    place, chain = order_by_balance(*(np.ascontiguousarray(row) for row in rows))

    assert place.tolist() == [0, 1, 0, 3, 2, 0, 0]
    assert chain == Chain(exact=6, rounded=0, broken=1)


def test_a_balance_may_miss_by_rounding() -> None:
    rows = np.array([(1, 1, 100, 100), (1, 2, 55, 160)]).T
    _, chain = order_by_balance(*(np.ascontiguousarray(row) for row in rows))

    assert chain == Chain(exact=1, rounded=1, broken=0)


def test_no_transactions_make_no_chain() -> None:
    nothing = np.zeros(0, np.int64)
    place, chain = order_by_balance(nothing, nothing, nothing, nothing)

    assert not len(place)
    assert chain == Chain(0, 0, 0)
