"""Whatever the rows: no weight is lost, swap sets make up the whole, tests are fair to both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tael.kernel import Refusal
from tael.risk.challenger import Pairs, approve, delong, paired_auc_gain, swap_set
from tael.risk.fairness import Decided, FairnessSettings, assess
from tael.risk.rejects import METHODS, Evidence, RejectSettings, infer
from tael.risk.sample import Sample

SEEDS = st.integers(0, 2**31)


class Told:
    """An estimator that learns nothing: chances are the row's own column."""

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: ARG002, FBT001, FBT002
        return {}

    def set_params(self, **_: object) -> Told:
        return self

    def fit(self, *_: np.ndarray, sample_weight: np.ndarray) -> Told:
        assert (sample_weight > 0).all()
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        p = X[:, 0].astype(float)
        return np.column_stack([1 - p, p])


def rows(seed: int, count: int, kind: str) -> Sample:
    random = np.random.default_rng(seed)
    known = random.random(count) < 0.9
    asof = np.datetime64("2020-01-01", "s") + random.integers(0, 5_000, count)
    return Sample(
        ("p",),
        # Few values, so that ties abound; 0 and 1 are chances too.
        random.choice([0.0, 0.1, 0.3, 0.5, 0.9, 1.0], (1, count)).astype(np.float32),
        np.zeros((1, count), dtype=np.uint8),
        np.where(known, (random.random(count) < 0.4).astype(float), np.nan),
        random.choice([0.25, 1.0, 3.5], count),
        np.array([f"{kind}{i}" for i in random.integers(0, count, count)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
    )


@settings(max_examples=25)
@given(
    method=st.sampled_from(METHODS),
    seed=SEEDS,
    sizes=st.tuples(st.integers(40, 120), st.integers(1, 90)),
    uplift=st.sampled_from([0.5, 1.0, 2.5, None]),
)
def test_the_weight_of_accepted_and_rejected_is_kept(
    method: str, seed: int, sizes: tuple[int, int], uplift: float | None
) -> None:
    accepted, rejected = rows(seed, sizes[0], "a"), rows(seed + 1, sizes[1], "r")
    random = np.random.default_rng(seed)
    evidence = Evidence(random.random(sizes[0]) < 0.5, random.choice([0.0, 1.0, np.nan], sizes[1]))
    asked = RejectSettings(Told(), bands=4, uplift=uplift, min_cell=5, min_cell_bads=2, folds=2)
    found = infer(method, accepted, rejected, asked, evidence)
    if isinstance(found, Refusal):
        assert found.code in {"rejects.cell_too_small", "rejects.elsewhere_too_few"}
        assert int(found.detail["needed_rows"]) >= 5
        return
    known = float(accepted.weight[accepted.labelled].sum())
    refused = 0.0 if method == "none" else float(rejected.weight.sum())
    made = found.sample
    assert made.weight.sum() == pytest.approx(known + refused)
    assert found.record.weight_inferred == pytest.approx(refused)
    assert found.record.weight_accepted == pytest.approx(known)
    assert (made.weight > 0).all()
    assert set(np.unique(made.bad)) <= {0.0, 1.0}


@given(seed=SEEDS, count=st.integers(2, 80), rate=st.floats(0.05, 0.95))
def test_a_swap_set_makes_up_all_rows_and_swaps_one_for_one(
    seed: int, count: int, rate: float
) -> None:
    sample = rows(seed, count, "b")
    random = np.random.default_rng(seed)
    first, second = np.round(random.random((2, count)), 1)
    approvals = [approve(pd, sample, rate) for pd in (first, second)]
    found = swap_set(*approvals, sample)
    parts = [found.both, found.swapped_in, found.swapped_out, found.neither]
    assert sum(part.rows for part in parts) == count
    assert sum(part.share for part in parts) == pytest.approx(1)
    assert sum(part.bad.rows for part in parts) == sample.labelled.sum()
    assert found.swapped_in.rows == found.swapped_out.rows
    assert approvals[0].sum() == round(rate * count)
    # Nobody who is refused has a lower probability than somebody approved.
    if 0 < approvals[0].sum() < count:
        assert first[approvals[0]].max() <= first[~approvals[0]].min()


@given(seed=SEEDS, count=st.integers(8, 120))
def test_champion_and_challenger_may_change_places(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    bad = (random.random(count) < 0.4).astype(float)
    assume(1 < bad.sum() < count - 1)
    first, second = np.round(random.random((2, count)), 1)
    borrower = random.integers(0, count // 2 + 1, count)
    pairs = Pairs(bad, first, second, None, borrower)
    there = Pairs(bad, second, first, None, borrower)
    one, other = delong(pairs), delong(there)
    assert one.gain.value == pytest.approx(-other.gain.value, abs=1e-12)
    assert one.error == pytest.approx(other.error, abs=1e-9)
    assert one.p == pytest.approx(other.p, abs=1e-6)
    assert 0 <= one.p <= 1
    gain, loss = (paired_auc_gain(of, resamples=10, seed=seed) for of in (pairs, there))
    assert (gain.value, gain.low) == pytest.approx((-loss.value, -loss.high), abs=1e-12)
    # What matters is the order that a score makes.
    stretched = replace(pairs, champion=np.exp(first), challenger=second * 7 - 3)
    assert delong(stretched).gain == one.gain


@settings(max_examples=5)
@given(seed=SEEDS, groups=st.integers(2, 6), count=st.integers(20, 120))
def test_groups_make_up_all_rows_and_their_names_do_not_matter(
    seed: int, groups: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    number = random.integers(0, groups, count)
    number[:2] = 0, 1
    pd = random.random(count)
    held = Decided(pd, pd < 0.5, (random.random(count) < pd).astype(float))
    judging = FairnessSettings(min_rows=10, min_bads=3)
    names = np.array(["a", "b", "c", "d", "e", "f"], dtype=object)
    found = assess("x", names[number], held, judging)
    assert sum(group.rows for group in found.groups) == count
    for group in found.groups:
        assert group.rows == sum(
            (names[number] == name).sum() for name in group.merged or [group.name]
        )
        if group.approval_ratio:
            assert group.approval_ratio.low <= group.approval_ratio.value
            assert group.approval_ratio.value <= 1 + 1e-12 or group.merged
    renamed = assess("x", names[::-1][number], held, judging)
    assert found.worst_ratio == renamed.worst_ratio
