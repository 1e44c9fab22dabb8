"""Our scorecard, booster and both together, settings chosen inside the training rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tael.risk import Feature, Scorecard, auc
from tael.risk.boosting import BoosterSettings, MonotoneBooster

Columns = dict[str, np.ndarray]
HELD_BACK = 4  # one row in so many is held back to choose settings on, by turns
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)  # of the scorecard in the ensemble
SHAPES = ("free", "auto")  # of numeric bins in the scorecard: any, or bad rates that rise or fall
MOST = 1e-6  # a probability stays this far from 0 and 1
CHOICES = (
    BoosterSettings(rounds=150, leaves=6, learning_rate=0.06, min_rows=10, column_share=0.3),
    BoosterSettings(rounds=250, leaves=15, learning_rate=0.05, min_rows=20, column_share=0.3),
    BoosterSettings(rounds=400, leaves=31, learning_rate=0.05, min_rows=10, column_share=0.3),
    # As LightGBM comes: where outcomes follow sharp cuts of a few ratios, draws and bins cost rank.
    BoosterSettings(
        rounds=100, leaves=31, learning_rate=0.1, min_rows=20, row_share=1.0, column_share=1.0,
        l2=0.0, max_bins=255,
    ),
)  # fmt: skip


def fitted(
    train: tuple[Columns, np.ndarray], test: Columns, seed: int, *, bags: int = 2, threads: int = 2
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Probabilities of bad of the test rows, and what was chosen on rows held back."""
    columns, bad = train
    settings, shape, share, tried = _chosen(columns, bad, seed, threads)
    card = _card(columns, shape).fit(columns, bad)
    from_card = card.predict_proba(test)[:, 1]
    boosted = np.mean(
        [_odds((columns, bad), test, replace(settings, seed=seed * bags + i)) for i in range(bags)],
        axis=0,
    )
    both = (1 - share) * boosted + share * odds(from_card)
    found = {
        "scorecard": from_card,
        "booster": chance(boosted),
        "ensemble": chance(both),
    }
    chosen = {
        "rounds": settings.rounds, "leaves": settings.leaves, "shape": shape, "scorecard": share
    } | tried  # fmt: skip
    return found, chosen


def _chosen(
    columns: Columns, bad: np.ndarray, seed: int, threads: int
) -> tuple[BoosterSettings, str, float, dict[str, object]]:
    """Settings, shape of bins and share of the scorecard that rank rows held back best."""
    choices = [replace(each, threads=threads) for each in CHOICES]
    random = np.random.default_rng(1_000 + seed)
    turn = np.empty(len(bad), dtype=np.int64)
    for outcome in (0, 1):
        rows = random.permutation(np.flatnonzero(bad == outcome))
        turn[rows] = np.arange(len(rows)) % HELD_BACK
    # Of few bads two turns; of many one tells enough.
    turns = range(2) if bad.sum() < 1_000 else range(1)  # noqa: PLR2004
    seen = np.isin(turn, list(turns))
    boosted = {choice: np.zeros(len(bad)) for choice in choices}
    carded = {shape: np.zeros(len(bad)) for shape in SHAPES}
    for one in turns:
        kept, back = turn != one, turn == one
        part = {name: held[kept] for name, held in columns.items()}
        rest = {name: held[back] for name, held in columns.items()}
        for shape in SHAPES:
            carded[shape][back] = _card(part, shape).fit(part, bad[kept]).log_odds(rest)
        for choice in choices:
            boosted[choice][back] = _odds((part, bad[kept]), rest, choice)
    settings = max(choices, key=lambda choice: auc(bad[seen], boosted[choice][seen]))
    shape = max(SHAPES, key=lambda one: auc(bad[seen], carded[one][seen]))
    ranks = {
        share: auc(bad[seen], ((1 - share) * boosted[settings] + share * carded[shape])[seen])
        for share in SHARES
    }
    share = max(SHARES, key=lambda one: ranks[one])
    return settings, shape, share, {"held_back_auc": round(ranks[share], 4)}


def _card(columns: Columns, shape: str) -> Scorecard:
    return Scorecard(
        [
            Feature(name, "categorical", "free", max_bins=8)
            if held.dtype == object
            else Feature(name, "numeric", shape, max_bins=8)
            for name, held in columns.items()
        ],
        ridge=5.0,
    )


def _odds(
    train: tuple[Columns, np.ndarray], test: Columns, settings: BoosterSettings
) -> np.ndarray:
    columns, bad = train
    texts = [name for name, held in columns.items() if held.dtype == object]
    return MonotoneBooster(settings, categorical=texts).fit(columns, bad).log_odds(test)


def odds(probability: np.ndarray) -> np.ndarray:
    """Log odds."""
    clipped = np.clip(probability, MOST, 1 - MOST)
    found: np.ndarray = np.log(clipped / (1 - clipped))
    return found


def chance(log_odds: np.ndarray) -> np.ndarray:
    """The probability of log odds."""
    found: np.ndarray = 1.0 / (1.0 + np.exp(-log_odds))
    return found
