"""Characteristics of a scorecard chosen one by one: each the one that adds most to those chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.risk.binning import Binning
from tael.risk.columns import Floats
from tael.risk.logistic import fit_logistic

_TINY = 1e-12
_AT_ONCE = 64  # candidates whose rows are in memory twice


@dataclass(frozen=True, slots=True)
class Forward:
    """When to stop and what not to take.

    Attributes:
        most: so many characteristics at most.
        correlation: of weights of evidence; a variable that goes along more closely with one
            already chosen is left out.
        statistic: least score statistic of a variable beside those chosen (chi square, one degree
            of freedom: 6.63 is 1 in 100).
    """

    most: int = 20
    correlation: float = 0.7
    statistic: float = 6.63


def choose(
    candidates: list[tuple[Binning, Floats]], outcome: tuple[Floats, Floats], settings: Forward
) -> tuple[list[tuple[Binning, Floats]], dict[str, str]]:
    """The candidates to keep, in their order, and why each other one is left out.

    The next one is that of the largest score statistic beside those chosen (Rao, Proceedings of
    the Cambridge Philosophical Society 44 (1948)), if more evidence of good still means less bad;
    ties go to the earlier candidate.

    Args:
        candidates: bins and the weight of evidence of each row, float64 [rows].
        outcome: bad (1 or 0) and weight of each row.
        settings: when to stop.
    """
    names = [binning.feature.name for binning, _ in candidates]
    left: dict[str, str] = {}
    open_ = dict(enumerate(names))
    chosen: list[int] = []
    while open_ and len(chosen) < settings.most:
        matrix = np.column_stack(
            [candidates[i][1] for i in chosen] or [np.empty((len(outcome[0]), 0))]
        )
        found = _statistics(matrix, [candidates[i][1] for i in open_], outcome)
        value, best = max(zip(found.tolist(), (-i for i in open_), strict=True))
        if value < settings.statistic:
            break
        chosen.append(-best)
        del open_[-best]
        for i in list(open_):
            close = _correlation(candidates[-best][1], candidates[i][1], outcome[1])
            if abs(close) > settings.correlation:
                left[open_.pop(i)] = f"correlation {close:.2f} with {names[-best]}"
    full = len(chosen) == settings.most
    for name in open_.values():
        left[name] = (
            f"{settings.most} others tell more" if full else "adds nothing beside those chosen"
        )
    return [candidates[i] for i in sorted(chosen)], left


def _statistics(matrix: Floats, columns: list[Floats], outcome: tuple[Floats, Floats]) -> Floats:
    """The score statistic of each column beside ``matrix``; zero where its sign is wrong."""
    bad, weight = outcome
    beta = fit_logistic(matrix, bad, weight)
    fitted = 1.0 / (1.0 + np.exp(-beta[0] - matrix @ beta[1:]))
    left, curve = weight * (bad - fitted), weight * fitted * (1.0 - fitted)
    design = np.column_stack([np.ones(len(bad)), matrix])
    curved = design * curve[:, None]
    inverse = np.linalg.inv(curved.T @ design + _TINY * np.eye(len(beta)))
    found = []
    for begin in range(0, len(columns), _AT_ONCE):
        block = np.array(columns[begin : begin + _AT_ONCE])
        slope, across = block @ left, block @ curved
        spread = (block * block) @ curve - ((across @ inverse) * across).sum(axis=1)
        # Evidence of good must lower the log odds of bad.
        told = (slope < 0) & (spread > _TINY)
        found.append(np.where(told, slope**2 / np.where(told, spread, 1.0), 0.0))
    return np.round(np.concatenate(found), 9)


def _correlation(one: Floats, other: Floats, weight: Floats) -> float:
    first, second = (part - np.average(part, weights=weight) for part in (one, other))
    across = float((weight * first) @ second)
    spread = float((weight * first) @ first) * float((weight * second) @ second)
    return across / float(np.sqrt(spread)) if spread > 0 else 0.0
