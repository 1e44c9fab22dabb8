"""What a model can still say of a row that is known in part."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk import Ensemble, Scorecard
from tael.risk.binning import Feature
from tael.risk.boosting import BoosterSettings, MonotoneBooster
from tael.risk.explain import Reach
from tael.risk.shrunk_logistic import ShrunkLogistic, ShrunkSettings

ROWS = 400
NAMES = ("income", "debt", "age")
# One value of each kind that a model tells apart, the codes of missing among them.
SOME = (-2.5, -0.4, 0.3, 1.9, None, -9999.0, -9998.0, -9997.0)


def table() -> tuple[dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(4)
    columns = {name: random.normal(size=ROWS) for name in NAMES}
    odds = columns["debt"] - columns["income"] + columns["debt"] * columns["age"] / 2 - 1
    bad = (random.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(float)
    columns["debt"][random.random(ROWS) < 0.15] = np.nan
    return columns, bad


@pytest.fixture(scope="module")
def booster() -> MonotoneBooster:
    settings = BoosterSettings(rounds=8, min_rows=10, threads=1)
    return MonotoneBooster(settings).fit(*table())


@pytest.fixture(scope="module")
def shrunk() -> ShrunkLogistic:
    return ShrunkLogistic(ShrunkSettings(pieces=6, max_bins=4, threads=1)).fit(*table())


@pytest.fixture(scope="module")
def card() -> Scorecard:
    columns, bad = table()
    columns["trade"] = np.where(columns["age"] > 0.5, "shop", "farm").astype(object)
    special = (-9999.0, -9998.0)
    features = [Feature(n, special=special) for n in NAMES] + [Feature("trade", "categorical")]
    return Scorecard(features).fit(columns, bad)


def ensemble(*members: object) -> Ensemble:
    made = Ensemble()
    made.members_ = {f"m{i}": one for i, one in enumerate(members)}  # type: ignore[misc]
    made.weights_, made.intercept_ = {"m0": 0.45, "m1": 0.55}, -0.03
    return made


def score(model: object, row: dict[str, object]) -> float:
    columns = {name: np.array([value], dtype=object) for name, value in row.items()}
    return float(model.log_odds(columns)[0])  # type: ignore[attr-defined]


def held(model: object, names: tuple[str, ...], values: tuple[object, ...]) -> None:
    """Every subset of what is known bounds the score; all of it is the score."""
    row = dict(zip(names, values, strict=True))
    exact = score(model, row)
    reach = Reach(model)
    for size in range(len(names) + 1):
        for known in itertools.combinations(names, size):
            part = reach.row()
            part.tell({name: row[name] for name in known})
            low, high = part.log_odds()
            assert low <= exact <= high
            if size == len(names):
                assert high - low < 1e-7


@pytest.mark.parametrize("kind", ["booster", "shrunk", "both"])
def test_a_row_known_in_part_scores_within_its_reach(
    kind: str, booster: MonotoneBooster, shrunk: ShrunkLogistic
) -> None:
    model = {"booster": booster, "shrunk": shrunk, "both": ensemble(booster, shrunk)}[kind]
    random = np.random.default_rng(8)
    for _ in range(25):
        held(model, NAMES, tuple(SOME[i] for i in random.integers(0, len(SOME), len(NAMES))))


def test_the_reach_of_a_scorecard_is_exact(card: Scorecard) -> None:
    names = tuple(item.name for item in card.characteristics_)
    choices = [("shop", "farm", "mill", None) if n == "trade" else SOME for n in names]
    every = {
        row: score(card, dict(zip(names, row, strict=True))) for row in itertools.product(*choices)
    }
    held(card, names, next(iter(every)))
    for at, name in enumerate(names):
        part = Reach(card).row()
        part.tell({name: choices[at][1]})
        reached = [z for row, z in every.items() if row[at] == choices[at][1]]
        assert part.log_odds() == pytest.approx((min(reached), max(reached)))


def test_what_is_never_missing_does_not_reach_the_bin_of_missing(card: Scorecard) -> None:
    debt = next(item for item in card.characteristics_ if item.name == "debt")
    wide, narrow = (Reach(card, sure).row().log_odds() for sure in ((), ("debt",)))
    left = debt.logits[:-1]
    assert wide[0] - min(debt.logits) == pytest.approx(narrow[0] - min(left))
    assert wide[1] - max(debt.logits) == pytest.approx(narrow[1] - max(left))


def test_without_numba_the_reach_of_trees_is_the_same(
    booster: MonotoneBooster, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Reach(booster).row()]
    rows[0].log_odds()  # compiled while there is a compiler
    monkeypatch.setitem(sys.modules, "numba", None)  # type: ignore[arg-type]
    rows.append(Reach(booster).row())
    for news in ({}, {"income": 0.3}, {"debt": None}, {"age": -1.0}):
        found = []
        for row in rows:
            row.tell(news)
            found.append(row.log_odds())
        assert found[0] == pytest.approx(found[1], abs=1e-12)


def test_what_is_no_such_model_and_no_number_is_refused(booster: MonotoneBooster) -> None:
    with pytest.raises(BadInput, match="reach of a dict"):
        Reach({})
    with pytest.raises(BadInput, match="holds no number"):
        Reach(booster).row().tell({"income": "much"})
