"""Figures of models on the same rows: measures, their intervals, and gains resampled in pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tael.risk import auc
from tael.risk.measures import ks

RESAMPLES, PERCENT = 200, (2.5, 97.5)
MEASURES = ("auc", "ks", "brier")
Figures = dict[str, Any]  # of JSON


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows and what each model said of them.

    Attributes:
        bad: 1 or 0 [rows].
        scores: of each model, probability of bad [repeats, rows]: a repeat is a seed or another
            drawing of folds; every row is judged by a model that did not see it.
        weight: of each row.
        resamples: of the rows.
    """

    bad: np.ndarray
    scores: Mapping[str, np.ndarray]
    weight: np.ndarray
    resamples: int = RESAMPLES


class _Ranked:
    """One score in order, for many drawings of the rows."""

    def __init__(self, bad: np.ndarray, score: np.ndarray) -> None:
        self.order = np.argsort(score, kind="stable")
        self.bad = bad[self.order]
        self.ends = np.append(np.flatnonzero(np.diff(score[self.order])), len(bad) - 1)
        self.error = (score - bad) ** 2

    def measures(self, weight: np.ndarray) -> list[float]:
        ordered = weight[self.order]
        bads = np.cumsum(ordered * self.bad)[self.ends]
        goods = np.cumsum(ordered * (1.0 - self.bad))[self.ends]
        steps, below = np.diff(bads, prepend=0.0), np.append(0.0, goods[:-1])
        area = float((steps * (below + np.diff(goods, prepend=0.0) / 2)).sum())
        gap = float(np.abs(bads / bads[-1] - goods / goods[-1]).max())
        brier = float((self.error * weight).sum() / weight.sum())
        return [area / (bads[-1] * goods[-1]), gap, brier]


def judged(rows: Judged, beside: Mapping[str, tuple[str, ...]] | None = None) -> Figures:
    """Each model's measures with 95% intervals, and the AUC gained over those it stands beside.

    A figure is the mean over repeats; the interval is that of rows drawn again, the same rows for
    all models. ``seeds`` are the AUC of each repeat.
    """
    bad = rows.bad.astype(float)
    ranked = {name: [_Ranked(bad, one) for one in many] for name, many in rows.scores.items()}
    whole = _all(ranked, rows.weight)
    random, count = np.random.default_rng(0), len(bad)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in ranked}
    for _ in range(rows.resamples):
        times = np.bincount(random.integers(0, count, count), minlength=count)
        for name, found in _all(ranked, rows.weight * times).items():
            drawn[name].append(found.mean(axis=0))
    draws = {name: np.array(many) for name, many in drawn.items()}
    told: Figures = {
        name: {
            **{
                measure: _interval(whole[name][:, i].mean(), draws[name][:, i])
                for i, measure in enumerate(MEASURES)
            },
            "seeds": [round(float(one), 4) for one in whole[name][:, 0]],
        }
        for name in ranked
    }
    for name, others in (beside or {}).items():
        if name not in ranked:
            continue
        told[name]["auc_gain"] = {
            other: _interval(
                whole[name][:, 0].mean() - whole[other][:, 0].mean(),
                draws[name][:, 0] - draws[other][:, 0],
            )
            for other in others
            if other in ranked
        }
    return told


def _all(ranked: Mapping[str, list[_Ranked]], weight: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.array([one.measures(weight) for one in many]) for name, many in ranked.items()}


def _interval(value: float, draws: np.ndarray) -> dict[str, float]:
    low, high = np.percentile(draws, PERCENT)
    return {name: round(float(one), 4) for name, one in zip(
        ("value", "low", "high"), (value, low, high), strict=True
    )}  # fmt: skip


def proven() -> None:
    """The quick measures here equal those of the engine.

    Raises:
        AssertionError: they do not.
    """
    random = np.random.default_rng(3)
    bad, weight = random.integers(0, 2, 400).astype(float), random.random(400)
    score = np.round(random.random(400) + 0.2 * bad, 1)  # with ties
    found = _Ranked(bad, score).measures(weight)
    if not np.allclose(found[:2], [auc(bad, score, weight), ks(bad, score, weight)]):
        raise AssertionError(found)
