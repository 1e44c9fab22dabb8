"""A red invoice takes back the latest invoice of equal and opposite amounts, each only once."""

from __future__ import annotations

import numpy as np
import pytest

from tael.variables.examples.reversals import match_reversals

# (parties, day, amount, tax) of each invoice, and which it reverses.
CASES = {
    "the one invoice": ([(1, 1, 500, 50), (1, 9, -500, -50)], {1: 0}),
    "on the same day": ([(1, 5, 500, 50), (1, 5, -500, -50)], {1: 0}),
    "not a later one": ([(1, 9, -500, -50), (1, 10, 500, 50)], {}),
    "the latest of two": ([(1, 1, 500, 50), (1, 4, 500, 50), (1, 9, -500, -50)], {2: 1}),
    "each only once": (
        [(1, 1, 500, 50), (1, 4, 500, 50), (1, 9, -500, -50), (1, 9, -500, -50), (1, 9, -500, -50)],
        {2: 1, 3: 0},
    ),
    "not of another counterparty": ([(2, 1, 500, 50), (1, 9, -500, -50)], {}),
    "not with another tax": ([(1, 1, 500, 30), (1, 9, -500, -50)], {}),
    "not a part of it": ([(1, 1, 500, 50), (1, 9, -200, -20)], {}),
    "the earlier red one first, however they stand": (
        [(1, 8, -500, -50), (1, 1, 500, 50), (1, 3, -500, -50)],
        {2: 1},
    ),
    "nothing at all": ([], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_red_invoice_finds(case: str) -> None:
    invoices, wanted = CASES[case]
    columns = np.array(invoices, np.int64).reshape(-1, 4).T
    found = match_reversals(*(np.ascontiguousarray(column) for column in columns))

    assert {red: int(of) for red, of in enumerate(found) if of >= 0} == wanted
