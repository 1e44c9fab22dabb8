"""How well a score ranks: AUC, KS, their intervals, and the alarm when it ranks too well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import Refusal
from tael.risk.columns import Columns, Floats, labels, numbers, weights

_PERCENT = 100.0
_RESAMPLES = 200
_MOST_SUSPECTS = 3


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the bounds of its confidence interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """value, low and high, rounded to six digits."""
        return {
            "value": round(self.value, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
        }


def auc(bad: npt.ArrayLike, pd: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
    """The chance that a bad has a higher ``pd`` than a good, ties counting half (by weight).

    Raises:
        BadInput: outcomes other than 0 and 1, or only one of them.
    """
    table = _Ranked(labels(bad), np.asarray(pd, dtype=np.float64), sample_weight)
    return table.auc(table.weight)


def ks(bad: npt.ArrayLike, pd: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
    """The largest gap between the cumulative shares of bads and of goods. Raises as ``auc``."""
    table = _Ranked(labels(bad), np.asarray(pd, dtype=np.float64), sample_weight)
    return table.ks(table.weight)


def auc_interval(
    bad: npt.ArrayLike,
    pd: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """AUC with a percentile bootstrap interval (200 resamples of rows, seeded). Raises as ``auc``.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    table = _Ranked(labels(bad), np.asarray(pd, dtype=np.float64), sample_weight)
    return _interval(table, table.auc, level=level, seed=seed)


def ks_interval(
    bad: npt.ArrayLike,
    pd: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """KS with a percentile bootstrap interval, as ``auc_interval``."""
    table = _Ranked(labels(bad), np.asarray(pd, dtype=np.float64), sample_weight)
    return _interval(table, table.ks, level=level, seed=seed)


def check_leak(
    auc_out_of_time: Interval | float, level: float, suspects: Mapping[str, float] | None = None
) -> Refusal | None:
    """Refuse a model that ranks better than honest data can: something known only later got in.

    Args:
        auc_out_of_time: the model's AUC on later vintages.
        level: the alarm level of the data set, for instance 0.75.
        suspects: AUC of each variable alone (``single_aucs``); the strongest are named.

    Returns:
        ``model.leak_suspected`` with auc, level and suspects when the AUC lies above ``level``.
    """
    value = auc_out_of_time.value if isinstance(auc_out_of_time, Interval) else auc_out_of_time
    if value <= level:
        return None
    strongest = sorted((suspects or {}).items(), key=lambda item: (-item[1], item[0]))[
        :_MOST_SUSPECTS
    ]
    return Refusal(
        "model.leak_suspected",
        {
            "auc": f"{value:.4f}",
            "level": f"{level:.4f}",
            "suspects": ", ".join(f"{name} ({one:.3f})" for name, one in strongest),
        },
    )


def single_aucs(
    columns: Columns, bad: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> dict[str, float]:
    """AUC of each numeric column alone, folded above one half; missing ranks lowest."""
    found = {}
    for name, values in columns.items():
        if values.dtype.kind in "OUS":
            continue
        filled = np.nan_to_num(numbers(values, name), nan=-np.inf, neginf=-np.inf)
        one = auc(bad, filled, sample_weight)
        found[name] = max(one, 1.0 - one)
    return found


class _Ranked:
    """Rows sorted by score once; each measure is then a cumulative sum of weights."""

    def __init__(self, bad: Floats, score: Floats, sample_weight: npt.ArrayLike | None) -> None:
        order = np.argsort(score, kind="stable")
        ordered = score[order]
        self.bad = bad[order]
        self.weight = weights(sample_weight, len(bad))[order]
        # The last row of each run of equal scores.
        self.ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))

    def auc(self, weight: Floats) -> float:
        bads, goods = self._per_score(weight)
        below = np.concatenate([[0.0], goods[:-1]])
        bads_here = np.diff(bads, prepend=0.0)
        goods_here = np.diff(goods, prepend=0.0)
        return float((bads_here * (below + goods_here / 2)).sum() / (bads[-1] * goods[-1]))

    def ks(self, weight: Floats) -> float:
        bads, goods = self._per_score(weight)
        return float(np.abs(bads / bads[-1] - goods / goods[-1]).max())

    def _per_score(self, weight: Floats) -> tuple[Floats, Floats]:
        bads = np.cumsum(weight * self.bad)[self.ends]
        goods = np.cumsum(weight * (1.0 - self.bad))[self.ends]
        return bads, goods


def _interval(
    table: _Ranked, measure: Callable[[Floats], float], *, level: float, seed: int
) -> Interval:
    random = np.random.Generator(np.random.PCG64(seed))
    rows = len(table.bad)
    draws = []
    for _ in range(_RESAMPLES):
        times = np.bincount(random.integers(0, rows, rows), minlength=rows)
        resampled = table.weight * times
        # A resample without goods or without bads has no measure; only tiny samples meet it.
        if (resampled * table.bad).any() and (resampled * (1.0 - table.bad)).any():
            draws.append(measure(resampled))
    tail = (1.0 - level) / 2 * _PERCENT
    low, high = np.percentile(draws, [tail, _PERCENT - tail])
    return Interval(measure(table.weight), float(low), float(high))
