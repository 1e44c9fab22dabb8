"""The rules of the alarm, each on the smallest rows that show it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tael.risk.sample import Sample
from tael.risk.selection.clusters import clusters
from tael.risk.selection.eras import time_figures
from tael.risk.selection.evidence import Evidence, evidence_of, time_blocks
from tael.risk.selection.leaks import correlations, leaks, pairs_of
from tael.risk.selection.settings import SelectionSettings, Stability

ROWS = 1_200


def crowd_of(strength: float, crowd: int = 220) -> Evidence:
    """Weak honest variables and one of some strength, 'x'."""
    random = np.random.default_rng(4)
    bad = (random.random(ROWS) < 0.3).astype(np.float64)
    values = 0.3 * bad + random.standard_normal((crowd + 1, ROWS))
    values[-1] += strength * bad
    return evidence_of(sample_of(values, bad), SelectionSettings(threads=1), None)


def sample_of(values: np.ndarray, bad: np.ndarray) -> Sample:
    names = [f"ent.s{i % 7}.x{i}.90d.value.sum" for i in range(len(values) - 1)]
    rows = values.shape[1]
    asof = np.datetime64("2015-01-01", "s") + np.arange(rows) * np.timedelta64(86_400, "s")
    return Sample(
        (*names, "x"),
        values.astype(np.float32),
        np.zeros(values.shape, dtype=np.uint8),
        bad,
        np.ones(rows),
        np.array([f"b{k}" for k in range(rows)], dtype=object),
        asof,
        asof,
    )


@pytest.mark.parametrize(("strength", "rule"), [(0.3, ""), (0.8, "leak_crowd"), (3, "leak_level")])
def test_a_variable_far_above_the_crowd_is_suspected(strength: float, rule: str) -> None:
    evidence = crowd_of(strength)
    found = leaks(evidence, np.arange(len(evidence.names)))
    assert [each.rule for each in found] == ([rule] if rule else [])
    assert all(evidence.names[each.variable] == "x" for each in found)


def test_few_variables_are_no_crowd() -> None:
    evidence = crowd_of(0.8, crowd=30)
    assert leaks(evidence, np.arange(31)) == []


def test_values_without_one_bad_tell_the_outcome() -> None:
    random = np.random.default_rng(4)
    bad = (np.arange(ROWS) % 5 == 0).astype(np.float64)
    mixed = random.random(ROWS) < 0.75
    flag = np.where((bad == 0) & mixed, 1.0, 0.0)
    values = np.vstack([random.standard_normal(ROWS), flag])
    found = leaks(evidence_of(sample_of(values, bad), SelectionSettings(), None), np.arange(2))
    assert [(each.variable, each.rule) for each in found] == [(1, "leak_level")]
    asked = SelectionSettings(leaks=replace(SelectionSettings().leaks, level=0.99))
    found = leaks(evidence_of(sample_of(values, bad), asked, None), np.arange(2))
    assert [(each.variable, each.rule) for each in found] == [(1, "leak_certain")]


def test_correlations_of_whole_numbers_are_exact_in_any_order() -> None:
    random = np.random.default_rng(1)
    left = random.integers(-15, 16, (7, 5_000)).astype(np.float32)
    order = random.permutation(5_000)
    found = correlations(left, left)
    assert (found == correlations(left[:, order], left[:, order])).all()
    assert np.allclose(found, np.corrcoef(left.astype(np.float64)))
    assert (correlations(np.ones((1, 9), np.float32), left[:, :9]) == 0).all()


def test_pairs_are_the_next_application_of_the_same_borrower(planted: Sample) -> None:
    evidence = evidence_of(planted, SelectionSettings(threads=1), None)
    now, later = pairs_of(evidence)
    assert len(now) == planted.rows // 2
    assert (planted.borrower[now] == planted.borrower[later]).all()
    assert (planted.asof[later] > planted.asof[now]).all()


def test_time_figures_tell_the_calendar_and_what_the_month_decides(planted: Sample) -> None:
    months = planted.vintage
    bumpy = ((months * 7919) % 101).astype(np.float32)
    values = np.vstack([months.astype(np.float32), -bumpy, planted.values[0]])
    sample = replace(
        planted,
        names=("at", "bumpy", "honest"),
        values=values,
        reasons=np.zeros_like(values, np.uint8),
    )
    with_time, by_month = time_figures(evidence_of(sample, SelectionSettings(), None))
    assert with_time[0] > 0.99
    assert abs(with_time[1]) < 0.6
    assert by_month[1] > 0.98
    assert abs(by_month[2]) < 0.05


def test_blocks_are_whole_months_with_about_equal_bads(planted: Sample) -> None:
    block, blocks = time_blocks(planted, planted.labelled, SelectionSettings())
    assert blocks == 5
    bads = np.bincount(block[planted.bad == 1], minlength=5)
    assert bads.min() > 0.6 * bads.mean()
    for month in np.unique(planted.vintage):
        assert len(np.unique(block[planted.vintage == month])) == 1
    few = SelectionSettings(stability=Stability(bads_per_block=150))
    assert time_blocks(planted, planted.labelled, few)[1] == 2


def test_a_large_cluster_keeps_more_than_one_but_never_a_copy() -> None:
    random = np.random.default_rng(6)
    factor = random.standard_normal(ROWS)
    bad = (random.random(ROWS) < 0.3).astype(np.float64)
    spread = np.repeat([0.0, 0.34, 0.34], [6, 3, 2])[:, None]
    values = np.vstack([factor + spread * random.standard_normal((11, ROWS)), random.random(ROWS)])
    evidence = evidence_of(sample_of(values, bad), SelectionSettings(), None)
    strength = np.linspace(1, 0, 12)
    found = {each.variable for each in clusters(evidence, np.arange(12), strength)}
    kept = sorted(set(range(12)) - found)
    assert kept == [0, 6, 11]


def test_nearly_too_strong_and_nearly_of_the_future_is_too_much() -> None:
    """'x' lies under both limits but follows the next record; its twin of today stays."""
    random = np.random.default_rng(8)
    half = 1_500
    factor = random.standard_normal(2 * half)
    ahead = np.concatenate([factor[half:], random.standard_normal(half)])
    bad = (factor + ahead + 1.2 * random.standard_normal(2 * half) > 2.0).astype(np.float64)
    crowd = random.standard_normal((220, 2 * half))
    crowd[:20] += 0.8 * factor
    values = np.vstack([crowd, 0.8 * factor + 1.3 * random.standard_normal(2 * half), ahead])
    values[-1] += 1.42 * random.standard_normal(2 * half)
    sample = sample_of(values, bad)
    year = np.repeat([0, 365], half) * np.timedelta64(86_400, "s")
    borrower = np.array([f"b{k:04d}" for k in np.tile(np.arange(half), 2)], dtype=object)
    start = np.tile(sample.asof[:half], 2)
    sample = replace(sample, asof=start + year, borrower=borrower)
    evidence = evidence_of(sample, SelectionSettings(threads=1), None)
    (found,) = leaks(evidence, np.arange(len(evidence.names)))
    assert evidence.names[found.variable] == "x"
    assert found.rule == "leak_both"
    assert found.other.startswith("ent.s")
