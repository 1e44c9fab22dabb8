from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import Borrower, Life, borrower, life
from tael.economy.lending import Application, Loan, applications_of
from tael.economy.lending.model import REASONS
from tael.economy.world import MONTHS, Parameters, World, month_of
from tael.economy.world.months import day_month

SEED, COUNT = 7, 160


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def row(world: World) -> list[tuple[Borrower, Life, tuple[Application, ...]]]:
    found = []
    for number in range(COUNT):
        subject = borrower(world, SEED, number)
        months = life(world, subject)
        found.append((subject, months, applications_of(world, subject, months)))
    return found


@pytest.fixture(scope="module")
def filed(row: list[tuple[Borrower, Life, tuple[Application, ...]]]) -> list[Application]:
    return [item for _, _, applications in row for item in applications]


def _loans(filed: list[Application]) -> list[Loan]:
    return [item.loan for item in filed if item.verdict.approved]


def test_a_firm_applies_while_it_is_open_and_has_not_defaulted(
    row: list[tuple[Borrower, Life, tuple[Application, ...]]],
) -> None:
    for subject, months, applications in row:
        when = [item.filing.month for item in applications]
        assert when == sorted(set(when))
        assert all(months.open[month] for month in when)
        assert all(month - subject.firm.opened >= 6 for month in when)
        assert months.default_month < 0 or all(month < months.default_month for month in when)


def test_a_file_holds_nothing_of_its_month_or_after(
    world: World, row: list[tuple[Borrower, Life, tuple[Application, ...]]]
) -> None:
    subject, months, applications = next(item for item in row if len(item[2]) > 1)
    month = applications[0].filing.month
    later = np.arange(MONTHS) >= month
    other = dataclasses.replace(
        months,
        stress=np.where(later, 9.0, months.stress),
        sales=np.where(later, 1, months.sales),
        hazard=np.where(later, 0.9, months.hazard),
    )
    changed = applications_of(world, subject, other)[0]
    assert changed.filing == applications[0].filing
    assert changed.verdict == applications[0].verdict


def test_decisions_name_their_reason_and_some_are_taken_at_random(
    filed: list[Application],
) -> None:
    for item in filed:
        assert item.verdict.reason in {"", *REASONS}
        assert item.verdict.approved == (not item.verdict.reason or item.verdict.at_random)
        assert item.verdict.amount <= item.filing.amount_asked
        assert 480 <= item.verdict.rate_bp <= 2_400
    assert 0.4 < np.mean([item.verdict.approved for item in filed]) < 0.65
    assert len({item.verdict.policy for item in filed}) == 8


def test_the_money_of_a_loan_adds_up(filed: list[Application]) -> None:
    for loan in _loans(filed):
        before, owed = loan.amount, 0
        for month in loan.history:
            owed += month.due
            assert month.balance >= 0
            assert month.balance <= before or month.status == "restructured"
            assert month.paid == 0 or month.recovered == 0
            before = month.balance
        if loan.status in {"prepaid", "settled", "written_off"}:
            assert loan.history[-1].balance == 0
        if loan.status == "settled" and not loan.restructured:
            assert sum(month.paid for month in loan.history) == owed
            assert owed >= loan.amount
        assert loan.recovered <= loan.owed_at_default


def test_months_of_a_loan_follow_each_other(filed: list[Application]) -> None:
    for loan in _loans(filed):
        assert [item.month_on_book for item in loan.history] == list(
            range(1, len(loan.history) + 1)
        )
        assert day_month(loan.disbursed_day) == loan.disbursed_month
        late = [item for item in loan.history if item.status == "late"]
        assert all(item.days_past_due > 0 for item in late)
        assert all(
            item.days_past_due == 0
            for item in loan.history
            if item.status in {"current", "cured", "holiday", "prepaid", "settled", "restructured"}
        )


def test_a_loan_defaults_only_as_its_firm_does(
    row: list[tuple[Borrower, Life, tuple[Application, ...]]],
) -> None:
    defaults = 0
    for _, months, applications in row:
        for item in applications:
            if item.loan.default_month is not None:
                defaults += 1
                assert item.loan.default_month >= months.default_month >= 0
                first = next(each for each in item.loan.history if each.status == "defaulted")
                assert first.month == item.loan.default_month
                assert first.days_past_due >= 90
    assert defaults


def test_a_default_comes_ninety_days_after_its_first_unpaid_instalment(
    filed: list[Application],
) -> None:
    for loan in (item.loan for item in filed):
        before = [item for item in loan.history if item.status != "written_off"]
        assert all(item.days_past_due < 90 or item.status == "defaulted" for item in before)


def test_payment_holidays_are_of_2020_and_move_the_label_only(
    world: World, row: list[tuple[Borrower, Life, tuple[Application, ...]]]
) -> None:
    rested = [
        month.month
        for _, _, applications in row
        for item in applications
        for month in item.loan.history
        if month.status == "holiday"
    ]
    assert rested
    assert month_of("2020-02") <= min(rested)
    assert max(rested) <= month_of("2021-05")


def test_one_borrower_alone_has_the_applications_of_the_row(
    world: World, row: list[tuple[Borrower, Life, tuple[Application, ...]]]
) -> None:
    for number in (0, 37, COUNT - 1):
        subject = borrower(world, SEED, number)
        assert applications_of(world, subject, life(world, subject)) == row[number][2]


def test_stress_brings_applications_and_refusals(world: World) -> None:
    subject = next(
        item
        for item in (borrower(world, SEED, number) for number in range(60))
        if item.firm.opened < -36
    )
    months = dataclasses.replace(life(world, subject), default_month=-1)
    months = dataclasses.replace(months, open=np.ones(MONTHS, dtype=np.int64))
    counts, shares = [], []
    for stress in (-1.0, 3.0):
        pressed = dataclasses.replace(months, stress=np.full(MONTHS, stress))
        asked = [
            item
            for seed in range(40)
            for item in applications_of(world, dataclasses.replace(subject, seed=seed), pressed)
        ]
        counts.append(len(asked))
        shares.append(np.mean([item.verdict.approved for item in asked]))

    assert counts[0] < counts[1]
    assert shares[0] > shares[1] + 0.2
