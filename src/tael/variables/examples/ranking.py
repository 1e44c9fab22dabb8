"""How far each variable tells defaulted firms from others, and how much of it chance would.

With few firms and many variables the best of them looks good by chance alone. So beside each AUC
stands its interval, and the AUC that the best variable reaches when the defaults are dealt anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NORMAL_95 = 1.959963984540054
_HALF = 0.5
_ALIKE = 0.9
_LEAST_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Ranked:
    """One variable against the outcome.

    Attributes:
        column: its column.
        firms: firms that have a value.
        bads: of these, how many defaulted.
        auc: chance that a defaulted firm has the higher value, ties counting half.
        low: lower end of the 95 % interval, None where all values of one group lie above the other.
        high: its upper end.
        by_chance: share of deals in which the best of all variables is as far from one half; the
            probability corrected for having looked at all of them.
        copies: how many weaker variables rank the firms nearly the same way.
    """

    column: int
    firms: int
    bads: int
    auc: float
    low: float | None
    high: float | None
    by_chance: float = 1.0
    copies: int = 0

    @property
    def strength(self) -> float:
        """The AUC when read in its better direction."""
        return max(self.auc, 1 - self.auc)

    def ends(self) -> tuple[float | None, float | None]:
        """Both ends of the interval of ``auc``."""
        return self.low, self.high

    def interval(self) -> tuple[float | None, float | None]:
        """Both ends when read in the better direction, as ``strength``."""
        if self.low is None or self.high is None or self.auc >= _HALF:
            return self.low, self.high
        return 1 - self.high, 1 - self.low


@dataclass(frozen=True, slots=True)
class Chance:
    """What AUCs variables reach, each in its better direction, when outcomes are dealt at random.

    Attributes:
        deals: how often they were dealt.
        variables: how many variables were looked at.
        median: AUC of the best of them, in the middle of all deals.
        top: the AUC that the best of them exceeds in 5 % of the deals.
        by_place: mean AUC of the best, second best, … variable of a deal.
    """

    deals: int
    variables: int
    median: float
    top: float
    by_place: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Screening:
    """Variables from the strongest to the weakest, those that rank as a stronger one left out.

    Attributes:
        ranked: the variables.
        chance: what would be found where there is nothing.
        firms: how many firms have an outcome.
        bads: how many of them defaulted.
        beyond: how many variables, copies too, lie above ``chance.top``.
        by_place: AUC of the best, second best, … variable, copies too, in its better direction.
    """

    ranked: tuple[Ranked, ...]
    chance: Chance
    firms: int
    bads: int
    beyond: int
    by_place: tuple[float, ...]


def screen(
    values: Floats, bad: Flags, *, least_covered: float = 0.9, deals: int = 2000, seed: int = 0
) -> Screening:
    """Rank the columns of ``values`` (float64[B, V], NaN for none) against ``bad`` (bool[B]).

    Only columns that ``least_covered`` of the borrowers have and that take two values are looked
    at. The null of the maximum deals the outcomes out anew, ``deals`` times, and takes the largest
    distance of any AUC from one half; it keeps how variables hang together. Source: Westfall and
    Young, Resampling-Based Multiple Testing, 1993, section 2.3 (maximum statistic). A weaker
    variable whose rank correlation with a stronger one is 0.9 counts as its copy. Without such
    columns, or where all outcomes are the same, nothing is ranked.
    """
    covered = ~np.isnan(values)
    columns = _comparable(values, bad, least_covered)
    if not columns.size:
        return Screening((), Chance(deals, 0, _HALF, _HALF, ()), len(bad), int(bad.sum()), 0, ())
    ranks = np.stack([midranks(values[:, each]) for each in columns], axis=1)
    aucs = _rank_sum_aucs(ranks, covered[:, columns], bad[None, :].astype(np.float64))[0]
    far = np.abs(aucs - _HALF)
    generator = np.random.default_rng(seed)
    dealt = np.stack([generator.permutation(bad) for _ in range(deals)]).astype(np.float64)
    by_place = -np.sort(-np.abs(_rank_sum_aucs(ranks, covered[:, columns], dealt) - _HALF), axis=1)
    best = by_place[:, 0]
    kept, copies = _distinct(ranks, np.argsort(-far, kind="stable"))
    found = tuple(
        replace(
            _ranked(values[:, columns[place]], bad, int(columns[place]), float(aucs[place])),
            by_chance=(1 + int((best >= far[place]).sum())) / (1 + deals),
            copies=copies[place],
        )
        for place in kept
    )
    median, top = (_HALF + float(np.quantile(best, share)) for share in (0.5, 0.95))
    means = tuple((_HALF + by_place.mean(axis=0)).tolist())
    chance = Chance(deals, len(columns), median, top, means)
    ordered = tuple((_HALF - np.sort(-far)).tolist())
    beyond = int((far + _HALF > top).sum())
    return Screening(found, chance, len(bad), int(bad.sum()), beyond, ordered)


def _comparable(values: Floats, bad: Flags, least_covered: float) -> NDArray[np.intp]:
    """Columns that enough borrowers have, of both outcomes, and that take two values."""
    if not bad.any() or bad.all():
        return np.zeros(0, np.intp)
    covered = ~np.isnan(values)
    moving = np.fmax.reduce(values) > np.fmin.reduce(values)
    both = covered[bad].any(axis=0) & covered[~bad].any(axis=0)
    return np.flatnonzero((covered.mean(axis=0) >= least_covered) & moving & both)


def correlations(values: Floats, size: Floats) -> Floats:
    """Rank correlation (Spearman) of each column with ``size``, over rows that have both.

    NaN where fewer than three have both or one of them does not vary.
    """
    found = np.full(values.shape[1], np.nan)
    for place, column in enumerate(values.T):
        here = ~np.isnan(column) & ~np.isnan(size)
        if here.sum() > _LEAST_PAIRS:
            one, two = midranks(column[here]), midranks(size[here])
            if one.std() and two.std():
                found[place] = np.corrcoef(one, two)[0, 1]
    return found


def _ranked(values: Floats, bad: Flags, column: int, auc: float) -> Ranked:
    here = ~np.isnan(values)
    mine, outcome = values[here], bad[here]
    low, high = delong(mine[outcome], mine[~outcome])
    return Ranked(column, len(mine), int(outcome.sum()), auc, low, high)


def aucs_of(values: Floats, bad: Flags, *, least_covered: float = 0.9) -> Floats:
    """The AUC of every column of ``values``; NaN where fewer than ``least_covered`` have it."""
    covered = ~np.isnan(values)
    ranks = np.stack([midranks(column) for column in values.T], axis=1)
    if not len(values):
        return np.full(values.shape[1], np.nan)
    found: Floats = _rank_sum_aucs(ranks, covered, bad[None, :].astype(np.float64))[0]
    found[covered.mean(axis=0) < least_covered] = np.nan
    return found


def midranks(values: Floats) -> Floats:
    """Ranks from 1, equals sharing their mean; 0 for NaN."""
    found = np.zeros(len(values))
    here = ~np.isnan(values)
    _, at, many = np.unique(values[here], return_inverse=True, return_counts=True)
    ends = np.cumsum(many)
    found[here] = (ends - (many - 1) / 2)[at]
    return found


def delong(bads: Floats, goods: Floats) -> tuple[float | None, float | None]:
    """The 95 % interval of the AUC on the scale of its log-odds, so that it stays within 0 and 1.

    Variance: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988). Log-odds: Pepe, The
    Statistical Evaluation of Medical Tests, 2003, section 5.2.
    """
    wins = (bads[:, None] > goods[None, :]) + _HALF * (bads[:, None] == goods[None, :])
    auc = float(wins.mean())
    if min(wins.shape) < 2 or not 0 < auc < 1:  # noqa: PLR2004 - a variance needs two
        return None, None
    of_bads, of_goods = wins.mean(axis=1), wins.mean(axis=0)
    variance = of_bads.var(ddof=1) / len(bads) + of_goods.var(ddof=1) / len(goods)
    odds = np.log(auc / (1 - auc))
    reach = _NORMAL_95 * np.sqrt(variance) / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(odds + np.array([-reach, reach]))))
    return float(low), float(high)


def _rank_sum_aucs(ranks: Floats, covered: Flags, outcomes: Floats) -> Floats:
    """AUC of each outcome (rows) for each column, over the borrowers that have a value.

    From rank sums: Mann and Whitney, Annals of Mathematical Statistics 18 (1947).
    """
    inside = covered.astype(np.float64)
    bads = outcomes @ inside
    goods = inside.sum(axis=0)[None, :] - bads
    sums = outcomes @ ranks
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (sums - bads * (bads + 1) / 2) / (bads * goods)
    return found


def _distinct(ranks: Floats, order: NDArray[np.intp]) -> tuple[list[int], dict[int, int]]:
    """Columns in ``order`` that rank unlike every one kept before, and how many each stands for."""
    centred = ranks - ranks.mean(axis=0)
    centred /= np.sqrt((centred**2).sum(axis=0))
    kept: list[int] = []
    copies: dict[int, int] = {}
    for place in order.tolist():
        near = np.abs(centred[:, kept].T @ centred[:, place]) if kept else np.zeros(0)
        if near.size and near.max() >= _ALIKE:
            copies[kept[int(near.argmax())]] += 1
        else:
            kept.append(place)
            copies[place] = 0
    return kept, copies
