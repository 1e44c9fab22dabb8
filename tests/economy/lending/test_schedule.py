from __future__ import annotations

import pytest

from tael.economy.lending.schedule import instalment_of, plan


@pytest.mark.parametrize(
    ("balance", "rate_bp", "months", "instalment"),
    [
        # 100,000.00 at 12 % over a year: the annuity of the textbook, rounded up to a fen.
        (10_000_000, 1_200, 12, 888_488),
        (10_000_000, 0, 12, 833_334),
        (1_000_000, 1_000, 1, 1_008_334),
    ],
)
def test_an_instalment_is_that_of_an_annuity(
    balance: int, rate_bp: int, months: int, instalment: int
) -> None:
    assert instalment_of(balance, rate_bp, months) == instalment


@pytest.mark.parametrize("rate_bp", [0, 480, 1_234, 2_400])
def test_principals_add_up_to_the_loan(rate_bp: int) -> None:
    rows = plan(12_345_600, rate_bp, 24)

    assert len(rows) == 24
    assert sum(principal for _, principal in rows) == 12_345_600
    assert all(principal > 0 and interest >= 0 for interest, principal in rows)
    assert max(map(sum, rows[:-1])) == min(map(sum, rows[:-1]))
