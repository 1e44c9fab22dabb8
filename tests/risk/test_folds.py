"""Folds along time: order, gap, borrowers apart, and what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.folds import FoldSettings, folds, hold_last, refuse_shared, time_folds
from tael.risk.sample import Sample


def sample(rows: int = 3_000, months: int = 60, seed: int = 1) -> Sample:
    random = np.random.default_rng(seed)
    days = random.integers(0, months * 30, rows)
    asof = np.datetime64("2010-01-01T00:00:00") + days * np.timedelta64(86_400, "s")
    return Sample(
        ("x",),
        random.normal(size=(1, rows)).astype(np.float32),
        np.zeros((1, rows), dtype=np.uint8),
        (random.random(rows) < 0.2).astype(float),
        np.ones(rows),
        np.array([f"b{i}" for i in random.integers(0, rows // 2, rows)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
        "plan",
    )


def test_tests_follow_one_another_and_training_ends_a_gap_before() -> None:
    held = sample()
    folds = time_folds(held, FoldSettings(count=3))
    ends = []
    for train, test in folds:
        begin = held.vintage[test].min()
        assert held.vintage[train].max() + 12 < begin
        assert (held.known[train] < np.datetime64(int(begin), "M")).all()
        assert not set(held.borrower[train]) & set(held.borrower[test])
        assert min(held.bad[train].sum(), held.bad[test].sum()) >= 30
        ends.append((begin, held.vintage[test].max()))
    assert all(last[1] < first[0] for last, first in itertools.pairwise(ends))
    sizes = [train.sum() for train, _ in folds]
    assert sizes == sorted(sizes)


def test_shuffled_rows_fall_into_the_same_folds() -> None:
    held = sample()
    order = np.random.default_rng(2).permutation(held.rows)
    for (train, test), (again, retest) in zip(
        time_folds(held), time_folds(held.take(order)), strict=True
    ):
        assert (train[order] == again).all()
        assert (test[order] == retest).all()


def test_rows_without_an_outcome_are_in_no_fold() -> None:
    held = sample()
    held.bad[::3] = np.nan
    for train, test in time_folds(held, FoldSettings(count=2)):
        assert not (train | test)[::3].any()


REFUSED = [
    (FoldSettings(count=2, min_bads=400), "bads, 2 folds need 1200"),
    (FoldSettings(count=2, gap_months=3), "the gap is 3 months, 12 are needed"),
    (FoldSettings(count=4, gap_months=50), "too few for 4 folds"),
    (FoldSettings(count=1, gap_months=55, min_bads=20), "bads of .* rows to train on, 20 are"),
    (FoldSettings(late="perhaps"), "refused or left out"),
    (FoldSettings(count=0), "one or more"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_folds_that_would_mislead_are_refused(settings: FoldSettings, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        time_folds(sample(), settings)


def test_late_outcomes_may_be_left_out_instead() -> None:
    held = sample()
    for train, test in time_folds(held, FoldSettings(count=2, gap_months=3, late="leave_out")):
        begin = np.datetime64(int(held.vintage[test].min()), "M")
        assert (held.known[train] < begin).all()


def test_the_last_year_is_held_back_and_told() -> None:
    held = sample()
    found = hold_last(held)
    first = np.datetime64(found.first_held, "M").astype(int)
    assert held.vintage.max() - first == 11
    assert found.sample.vintage.max() < first
    assert found.sample.rows + found.rows_held == held.rows
    with pytest.raises(BadInput, match="no longer than the 99 months"):
        hold_last(held, 99)


def test_borrowers_in_training_and_test_are_refused() -> None:
    held = sample(100)
    first, second = held.take(np.arange(50)), held.take(np.arange(50, 100))
    shared = set(first.borrower) & set(second.borrower)
    with pytest.raises(BadInput, match=f"{len(shared)} borrowers are in training and test"):
        refuse_shared(first, second)
    apart = replace(second, borrower=np.array([f"c{i}" for i in range(50)], dtype=object))
    assert refuse_shared(first, apart) is None


def test_folds_by_borrower_test_each_row_once_on_strangers() -> None:
    held = sample()
    parts = folds(held, FoldSettings(by="borrower", count=3))
    assert (np.sum([test for _, test in parts], axis=0) == 1).all()
    for train, test in parts:
        assert not set(held.borrower[train]) & set(held.borrower[test])
        assert (train | test).all()


def test_a_panel_of_the_same_firms_keeps_them_where_it_is_not_purged() -> None:
    held = sample()
    kept = time_folds(held, FoldSettings(count=2, purge=False))
    purged = time_folds(held, FoldSettings(count=2))
    for (train, test), (fewer, same) in zip(kept, purged, strict=True):
        assert (test == same).all()
        assert set(held.borrower[train]) & set(held.borrower[test])
        assert train.sum() > fewer.sum()


@pytest.mark.parametrize(
    "settings", [FoldSettings(by="hand"), FoldSettings(by="borrower", count=1)]
)
def test_folds_by_anything_else_are_refused(settings: FoldSettings) -> None:
    with pytest.raises(BadInput, match="folds by"):
        folds(sample(), settings)
