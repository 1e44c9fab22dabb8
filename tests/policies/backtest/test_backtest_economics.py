"""Life tables of loans and what loans are worth, against schedules and exact fractions."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import BadInput, Day, Money, Rate
from tael.policies.backtest.economics import (
    Economics,
    Loans,
    life_of,
    read_economics,
    realised,
    worth_of,
)
from tael.policies.backtest.numbers import BILLION, exact_sum, share_of, sums_by
from tael.pricing import Component, Method, Terms, build_schedule

METHODS = tuple(Method)
PLAIN = Economics(
    Day(2024, 1, 1), operating_minor=500, operating=Rate.percent(2), prepayment=Rate.zero()
)


def loans(amount: int, method: Method, months: int, pd: int) -> Loans:
    def one(value: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([value, 0], np.int64)

    return Loans(
        one(amount), one(METHODS.index(method)), one(months), one(150_000_000), one(60_000_000),
        one(pd), METHODS,
    )  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("months", [1, 12, 36])
def test_a_loan_that_stays_good_earns_what_its_schedule_charges(
    method: Method, months: int
) -> None:
    amount = 12_345_600
    price = Component("all_in", Rate.percent(15))
    schedule = build_schedule(Terms(Money(amount), method, months, Day(2025, 1, 1), (price,)))
    found = worth_of(loans(amount, method, months, 0), PLAIN)

    # The schedule rounds each instalment to a cent, the life table every sum to a billionth.
    assert abs(int(found.revenue[0]) - schedule.total_charges.minor) <= months
    balances = [schedule.outstanding_after(k).minor for k in range(months)]
    assert abs(int(found.funding[0]) - Fraction(sum(balances) * 6, 1200)) <= months
    assert abs(int(found.operating[0]) - 500 - Fraction(sum(balances) * 2, 1200)) <= months
    assert abs(int(found.exposed[0]) - Fraction(sum(balances), months)) <= months
    assert (found.loss[0], found.revenue[1], found.operating[1]) == (0, 0, 0)
    if method is not Method.FLAT:
        assert found.all_in.tolist() == [150_000_000, 0]


def test_default_costs_the_balance_and_what_it_no_longer_earns() -> None:
    amount, pd = 10_000_000, 100_000_000
    good = worth_of(loans(amount, Method.INTEREST_ONLY, 12, 0), PLAIN)
    found = worth_of(loans(amount, Method.INTEREST_ONLY, 12, pd), PLAIN)
    # Of a balance that stays: PD 10 % x LGD 75 % of it; on the mean half a year's charges are lost.
    assert found.loss[0] == amount * Decimal("0.1") * Decimal("0.75")
    lost = int(good.revenue[0] - found.revenue[0])
    assert abs(lost - amount * Decimal("0.15") * Decimal("0.1") * 13 / 24) <= 2
    assert found.profit[0] == (
        found.revenue[0] - found.funding[0] - found.operating[0] - found.loss[0]
    )


def test_prepayment_shortens_every_part_of_a_life() -> None:
    kept = life_of(Method.EQUAL_INSTALMENT, 24, 120_000_000, Rate.zero())
    paid = life_of(Method.EQUAL_INSTALMENT, 24, 120_000_000, Rate.percent(20))
    assert paid.charges < kept.charges
    assert paid.balance_years < kept.balance_years
    assert paid.average == kept.average


def test_what_came_of_a_loan_counts_its_own_loss() -> None:
    worth = worth_of(loans(10_000_000, Method.INTEREST_ONLY, 12, 50_000_000), PLAIN)
    exposed, lost = np.array([8_000_000, 0]), np.array([500_000_000, 0])
    loss, profit = realised(worth, np.array([1, 0]), exposed, lost, PLAIN)
    assert loss.tolist() == [4_000_000, 0]
    half = (int(worth.full[0]) - int(worth.full_funding[0])) // 2
    assert abs(int(profit[0]) - (half - int(worth.operating[0]) - 4_000_000)) <= 1
    _, good = realised(worth, np.array([0, 0]), exposed, lost, PLAIN)
    assert good[0] == worth.full[0] - worth.full_funding[0] - worth.operating[0]


def test_many_rates_are_told_to_a_tenth_of_a_per_cent() -> None:
    rows = 3_000
    rate = 100_000_000 + np.arange(rows, dtype=np.int64) * 1_000
    fixed = np.full(rows, 1_000_000, np.int64)
    many = Loans(fixed, fixed * 0, fixed * 0 + 6, rate, rate, rate, METHODS)
    found = worth_of(many, PLAIN)
    assert set(found.all_in.tolist()) == {100_000_000, 101_000_000, 102_000_000, 103_000_000}


@given(st.integers(0, 2**48), st.integers(0, 4 * BILLION))
def test_a_share_of_an_amount_is_exact_and_rounded_half_up(amount: int, rate: int) -> None:
    exact = Fraction(amount * rate, BILLION)
    assert share_of(np.array([amount]), rate)[0] == int(exact + Fraction(1, 2))


@given(st.lists(st.integers(-(2**61), 2**61), min_size=1, max_size=40))
def test_sums_are_exact_however_large(values: list[int]) -> None:
    column = np.array(values, np.int64)
    assert exact_sum(column) == sum(values)
    halved = [value >> 6 for value in values]  # sums of groups must fit into 62 bits
    found = sums_by(np.zeros(len(values), np.int64), np.array(halved, np.int64), 2)
    assert found.tolist() == [sum(halved), 0]


def test_figures_of_a_file_take_the_place_of_those_assumed(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    told = {"operating": "0.01", "as_of": "2025-02-03", "rejects": ["1", "2", "3"],
            "operating_minor": 1200}  # fmt: skip
    file.write_text(json.dumps(told))
    found = read_economics(file, PLAIN)
    assert found.operating == Rate.percent(1)
    assert (found.as_of, found.operating_minor) == (Day(2025, 2, 3), 1200)
    assert found.rejects == (Decimal(1), Decimal(2), Decimal(3))
    assert found.sources["operating"].en == "given in own.json"
    assert found.funding == PLAIN.funding
    assert found.hash != PLAIN.hash


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"operatng": "0.01"}', "economics"),
        ("[]", "economics"),
        ("{", "economics"),
        ('{"operating": "much"}', "operating"),
        ('{"operating": "1.2"}', "operating"),
        ('{"operating_minor": -1}', "operating_minor"),
        ('{"rejects": ["2", "1", "3"]}', "rejects"),
        ('{"rejects": ["-1", "1", "3"]}', "rejects"),
    ],
)
def test_figures_that_are_none_are_refused(tmp_path: Path, text: str, field: str) -> None:
    file = tmp_path / "own.json"
    file.write_text(text)
    with pytest.raises(BadInput) as refused:
        read_economics(file, PLAIN)
    assert refused.value.field == field


def test_a_file_of_figures_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_economics(tmp_path / "none.json", PLAIN)
