"""Several models as one: weights, contributions, keeping."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from tael.kernel import BadInput
from tael.risk import Scorecard, auc
from tael.risk.bins import at_edge
from tael.risk.boosting import BoosterSettings, MonotoneBooster, chance, hash_of
from tael.risk.ensemble import Ensemble, seeded, stack
from tael.risk.folds import FoldSettings
from tael.risk.sample import Sample

BOOSTER = MonotoneBooster(BoosterSettings(rounds=10, min_rows=20, threads=1, column_share=0.6))
FOLDS = FoldSettings(count=2, min_bads=20)


def sample(rows: int = 1_500, seed: int = 1) -> Sample:
    random = np.random.default_rng(seed)
    values = random.normal(size=(4, rows)).astype(np.float32)
    odds = values[0] + values[1] * values[2] - 1
    reasons = np.where(random.random((4, rows)) < 0.1, random.integers(1, 4, (4, rows)), 0)
    values[reasons > 0] = np.nan
    asof = np.datetime64("2010-01-01T00:00:00") + random.integers(0, 1_800, rows) * np.timedelta64(
        86_400, "s"
    )
    return Sample(
        ("a", "b", "c", "d"),
        values,
        reasons.astype(np.uint8),
        (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float),
        np.ones(rows),
        np.array([f"b{i}" for i in range(rows)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
        "plan",
    )


class OneColumn(MonotoneBooster):
    """A booster that sees one column."""

    def __init__(self, name: str = "a", settings: BoosterSettings = BOOSTER.settings) -> None:
        super().__init__(settings)
        self.name = name

    def fit(self, X: object, y: object = None, sample_weight: object = None) -> OneColumn:  # noqa: N803
        assert isinstance(X, Sample)
        super().fit(X.select([self.name]), y, sample_weight)
        return self


@pytest.fixture(scope="module")
def model() -> Ensemble:
    return Ensemble(seeded(BOOSTER, (1, 2)) | {"card": Scorecard()}, folds=FOLDS).fit(sample())


def test_it_ranks_no_worse_than_its_members(model: Ensemble) -> None:
    later = sample(seed=2)
    each = [auc(later.bad, one.log_odds(later)) for one in model.members_.values()]
    assert auc(later.bad, model.log_odds(later)) > max(each) - 0.01
    assert len(each) > 1
    assert all(weight > 0 for weight in model.weights_.values())


def test_shuffled_rows_give_the_same_hash(model: Ensemble) -> None:
    held = sample()
    order = np.random.default_rng(3).permutation(held.rows)
    assert clone(model).fit(held.take(order)).hash == model.hash


def test_contributions_are_the_weighted_sum_and_add_up(model: Ensemble) -> None:
    held = sample(seed=4)
    found = model.contributions(held)
    assert np.allclose(found.sum(axis=1), model.log_odds(held), atol=1e-9)
    at = model.names_.index("a")
    expected = sum(
        model.weights_[name] * one.contributions(held)[:, one.names_.index("a")]
        for name, one in model.members_.items()
    )
    assert np.allclose(found[:, at], expected, atol=1e-12)


def test_it_reads_back_and_a_changed_one_is_refused(model: Ensemble) -> None:
    held = sample(seed=5)
    again = Ensemble.from_json(model.to_json(), expected=model.hash)
    assert again.hash == model.hash
    assert (again.log_odds(held) == model.log_odds(held)).all()
    assert (pickle.loads(pickle.dumps(model)).log_odds(held) == model.log_odds(held)).all()  # noqa: S301
    data = json.loads(model.to_json())
    data["intercept"] += 0.5
    with pytest.raises(BadInput, match="was changed"):
        Ensemble.from_json(json.dumps(data))
    name = next(name for name in data["members"] if name.startswith("booster"))
    data["members"][name] = data["members"][name].replace('"seed":1', '"seed":3')
    del data["hash"]
    if name == "booster_1":
        with pytest.raises(BadInput, match="was changed"):
            Ensemble.from_json(json.dumps(data | {"hash": hash_of(data)}))


def test_a_row_at_the_edge_gets_what_the_sample_gets(model: Ensemble) -> None:
    held = sample(seed=6)
    edge, odds = at_edge(held), model.log_odds(held)
    for number in np.flatnonzero((held.reasons > 0).any(axis=0))[:20]:
        row = dict(zip(held.names, edge[:, number], strict=True))
        assert float(model.pd(row).fraction) == pytest.approx(chance(odds[number]), abs=1e-9)


def test_another_plan_is_refused(model: Ensemble) -> None:
    held = sample()
    other = replace(held, plan="")
    with pytest.raises(BadInput, match="trained on plan 'plan'"):
        model.log_odds(other)


def test_weights_are_learnt_on_the_populations_that_the_model_is_for() -> None:
    """'a' tells of applicants, 'b' of the market, which is eight times as large."""
    random = np.random.default_rng(9)
    rows = 3_000
    values = random.normal(size=(2, rows)).astype(np.float32)
    market = np.arange(rows) % 9 > 0
    odds = np.where(market, values[1], 2 * values[0]) - 1
    bad = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    held = sample(rows)
    who = np.where(market, "market", "granted").astype(object)
    plain = replace(
        held, names=("a", "b"), values=values, reasons=np.zeros((2, rows), np.uint8), bad=bad
    )
    mixed = replace(plain, population=who)
    settings = BoosterSettings(rounds=5, min_rows=20, threads=1, max_bins=8)
    one = {name: OneColumn(name, settings) for name in ("a", "b")}
    whole = Ensemble(one, folds=FoldSettings(by="borrower", count=2)).fit(mixed)
    folds = FoldSettings(by="borrower", count=2)
    judged = Ensemble(one, folds=folds, judged=("granted",)).fit(mixed)

    assert whole.weights_["b"] > whole.weights_.get("a", 0.0)
    assert judged.weights_["a"] > judged.weights_.get("b", 0.0)
    with pytest.raises(BadInput, match="does not say of which population"):
        Ensemble(one, folds=folds, judged=("granted",)).fit(plain)
    with pytest.raises(BadInput, match="not both bads and goods of declined"):
        Ensemble(one, folds=folds, judged=("declined",)).fit(mixed)


def test_stacked_weights_are_the_best_that_are_not_below_zero() -> None:
    random = np.random.default_rng(7)
    for seed in range(3):
        odds = random.normal(size=(300, 4))
        truth = odds @ random.normal(size=4)
        bad = (random.random(300) < 1 / (1 + np.exp(-truth))).astype(float)
        weight = random.random(300) + 0.5

        def loss(beta: np.ndarray, odds=odds, bad=bad, weight=weight) -> float:  # noqa: ANN001
            z = beta[0] + odds @ beta[1:]
            fit = weight @ (np.logaddexp(0, z) - bad * z)
            return float(fit + 0.5 * beta[1:] @ beta[1:])

        bounds = [(None, None)] + [(0, None)] * 4
        best = minimize(loss, np.zeros(5), bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-9})
        assert loss(stack(odds, bad, weight)) <= best.fun + 1e-7, seed


def test_members_that_tell_nothing_are_refused() -> None:
    random = np.random.default_rng(8)
    truth = random.normal(size=200)
    bad = (random.random(200) < 1 / (1 + np.exp(-truth))).astype(float)
    with pytest.raises(BadInput, match="no member tells"):
        stack(-truth[:, None], bad, np.ones(200))


def test_it_keeps_the_contract_of_scikit_learn() -> None:
    held = sample(2_400)
    matrix, bad = np.nan_to_num(held.matrix()), held.bad
    model = Ensemble({"booster": BOOSTER, "card": Scorecard()}, folds=FOLDS)
    assert clone(model).get_params().keys() == model.get_params().keys()
    assert cross_val_score(model, matrix, bad, scoring="roc_auc", cv=2).min() > 0.6
    with pytest.raises(BadInput, match="not trained"):
        clone(model).predict(matrix)
