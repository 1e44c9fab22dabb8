from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import Borrower, Life, borrower, life
from tael.economy.columns import arrow, digest
from tael.economy.figures import auc
from tael.economy.lending import Application, applications_of
from tael.economy.sealed import foreseen, pd_within, planted, truth_of
from tael.economy.world import MONTHS, Parameters, World

SEED = 7

Case = tuple[Borrower, Life, tuple[Application, ...]]


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def row(world: World) -> list[Case]:
    found = []
    for number in range(120):
        subject = borrower(world, SEED, number)
        months = life(world, subject)
        found.append((subject, months, applications_of(world, subject, months)))
    return found


@pytest.mark.parametrize(
    ("hazard", "count", "expected"),
    [
        ([0.9, 0.0, 0.0], 2, 0.0),  # the month of the application itself is over
        ([0.0, 0.5, 0.5, 0.9], 2, 0.75),
        ([0.0, 0.1], 1, 0.1),
        ([0.0, 1.0, 0.3], 2, 1.0),
    ],
)
def test_a_probability_is_that_of_not_surviving_every_month(
    hazard: list[float], count: int, expected: float
) -> None:
    path = np.zeros(MONTHS)
    path[: len(hazard)] = hazard
    assert pd_within(path, 0, count) == pytest.approx(expected, abs=1e-15)


def test_a_probability_past_the_last_month_is_not_known() -> None:
    assert pd_within(np.zeros(MONTHS), MONTHS - 13, 12) == 0.0
    assert pd_within(np.zeros(MONTHS), MONTHS - 12, 12) is None


def test_what_is_foreseen_reads_nothing_that_is_to_come(world: World, row: list[Case]) -> None:
    subject, months, items = next(case for case in row if case[2])
    month = items[0].filing.month
    later = np.arange(MONTHS) > month
    changed = dataclasses.replace(
        months,
        level=np.where(later, 9.0, months.level),
        stress=np.where(later, -9.0, months.stress),
        hazard=np.where(later, 0.9, months.hazard),
        default_month=month + 1,
    )
    assert foreseen(world, subject, months, month) == foreseen(world, subject, changed, month)


def test_what_is_foreseen_is_near_what_came(world: World, row: list[Case]) -> None:
    pairs = []
    for subject, months, items in row:
        for item in items:
            truth = truth_of(world, subject, months, item)
            if truth.pd_12m is not None:
                pairs.append((truth.pd_12m, truth.pd_12m_foreseen))
    came, expected = np.array(pairs).T
    assert len(pairs) > 200
    assert np.corrcoef(np.log(came), np.log(expected))[0, 1] > 0.85
    assert expected.mean() == pytest.approx(came.mean(), rel=0.3)


def test_the_declined_have_an_outcome_too(world: World, row: list[Case]) -> None:
    seen = 0
    for subject, months, items in row:
        for item in items:
            truth = truth_of(world, subject, months, item)
            assert truth.approved == item.verdict.approved
            assert truth.would_end == item.loan.status
            firm = months.default_month
            if not truth.approved and 0 <= firm <= item.filing.month + 12:
                seen += 1
                assert truth.default_12m
                assert truth.default_24m
            if truth.would_lose:
                assert item.loan.default_month is not None
    assert seen


def test_planted_columns_know_what_nobody_could(world: World, row: list[Case]) -> None:
    later, calls = [], []
    for subject, months, items in row:
        for item in items:
            trap = planted(subject, months, item)
            again = planted(subject, months, item)
            assert trap == again
            later.append((item.filing.month, trap.batch_series))
            if item.verdict.approved:
                default = item.loan.default_month
                late = default is not None and default <= item.filing.month + 12
                calls.append((late, trap.follow_up_calls))
            assert (trap.turnover_check is None) == (trap.turnover_checked_at is None)
    assert np.corrcoef(np.array(later).T)[0, 1] > 0.99
    assert min(count for late, count in calls if late) >= 3


@pytest.mark.parametrize(
    ("score", "bad", "expected"),
    [
        ([*range(10), *range(10, 20)], [False] * 10 + [True] * 10, 1.0),
        ([*range(10, 20), *range(10)], [False] * 10 + [True] * 10, 0.0),
        ([1] * 20, [False] * 10 + [True] * 10, 0.5),
        ([1, 2] * 6, [False, True, True, False] * 3, 0.5),
        ([1, 2, 3], [False, True, False], None),
    ],
)
def test_an_area_counts_pairs_in_order_and_ties_half(
    score: list[int], bad: list[bool], expected: float | None
) -> None:
    assert auc(np.array(score, dtype=np.float64), np.array(bad)) == expected


def test_columns_are_hashed_as_they_are_and_written_with_their_types() -> None:
    columns = {
        "id": ("text", ["a", "b"]),
        "sum": ("whole", [1, None]),
        "at": ("instant", [0, None]),
        "on": ("day", [14_000, None]),
        "is": ("flag", [True, None]),
        "share": ("number", [0.5, None]),
    }
    table = arrow(columns)

    assert [str(field.type) for field in table.schema] == [
        *("string", "int64", "timestamp[us, tz=UTC]", "date32[day]", "bool", "double"),
    ]
    assert all(column.null_count == 1 for column in table.columns[1:])
    assert digest(columns) == digest(dict(columns))
    assert digest(columns) != digest(columns | {"sum": ("whole", [2, None])})
    assert digest(columns) != digest({"name": columns["id"]})
