"""Is one model better than the other on the same rows? Paired bootstrap, and DeLong's test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.columns import Floats, Ints, labels, weights
from tael.risk.measures import Interval, _Ranked

_PERCENT = 100.0
_RESAMPLES = 500
_FEWEST = 2  # a variance needs two


@dataclass(frozen=True, slots=True)
class Gain:
    """What the challenger adds to a measure of the champion, with the interval of the difference.

    Attributes:
        champion: the measure of the champion.
        challenger: the same of the challenger.
        gain: challenger less champion; the interval is that of the difference.
        above_zero: share of resamples in which the difference is above zero.
    """

    champion: float
    challenger: float
    gain: Interval
    above_zero: float


@dataclass(frozen=True, slots=True)
class DeLong:
    """Two areas under the curve on the same rows and the test of their difference.

    Attributes:
        champion, challenger: AUC of each.
        gain: challenger less champion with its normal interval.
        error: standard error of the difference.
        p: two-sided probability of such a difference or a larger one when there is none.
    """

    champion: float
    challenger: float
    gain: Interval
    error: float
    p: float


@dataclass(frozen=True, eq=False)
class Pairs:
    """The same rows judged by two models.

    Attributes:
        bad: 1 bad, 0 good [rows].
        champion, challenger: probability of default or any score that rises with risk [rows].
        weight: above or equal to zero [rows]; None: all alike.
        borrower: text [rows]; rows of one borrower are resampled together. None: each row alone.
    """

    bad: npt.ArrayLike
    champion: npt.ArrayLike
    challenger: npt.ArrayLike
    weight: npt.ArrayLike | None = None
    borrower: npt.ArrayLike | None = None

    def ordered(self) -> tuple[Floats, Floats, Floats, Floats, Ints]:
        """bad, champion, challenger, weight and borrower's number, in an order of content alone.

        Raises:
            BadInput: outcomes other than 0 and 1 or only one of them, scores that are not numbers,
                columns of different lengths, weights that do not weigh.
        """
        bad = labels(self.bad)
        weight = weights(self.weight, len(bad))
        scores = [
            _score(self.champion, "champion", bad),
            _score(self.challenger, "challenger", bad),
        ]
        cluster = np.zeros(len(bad), dtype=np.int64)
        if self.borrower is not None:
            borrowers = np.asarray(self.borrower).astype(str)
            if len(borrowers) != len(bad):
                raise BadInput(
                    f"borrower has {len(borrowers)} rows, bad {len(bad)}",
                    field="borrower",
                    rule="columns of one length",
                )
            cluster = np.unique(borrowers, return_inverse=True)[1].astype(np.int64)
        # Rows that tie in everything are the same row: whatever order they came in, sums and
        # resamples are the same to the last bit.
        order = np.lexsort((weight, bad, scores[1], scores[0], cluster))
        number = cluster[order] if self.borrower is not None else np.arange(len(bad))
        return bad[order], scores[0][order], scores[1][order], weight[order], number


def _score(given: npt.ArrayLike, name: str, bad: Floats) -> Floats:
    score = np.asarray(given, dtype=np.float64)
    if score.shape != bad.shape or not np.isfinite(score).all():
        raise BadInput(
            f"the {name}'s scores are one finite number per row", field=name, rule="finite scores"
        )
    return score


def paired_gain(
    pairs: Pairs, *, level: float = 0.95, resamples: int = _RESAMPLES, seed: int = 0
) -> dict[str, Gain]:
    """Gain of the challenger in ``auc`` and ``ks``: percentile intervals over the same resamples.

    Borrowers are drawn with all their rows (cluster bootstrap: Davison and Hinkley, Bootstrap
    Methods and their Application, 1997, section 3.8), so that one who applies often does not look
    like many. The result does not depend on the order of the rows.

    Raises:
        BadInput: as ``Pairs.ordered``, or too few bads or goods to resample.
    """
    bad, *scores, weight, cluster = pairs.ordered()
    places = [np.argsort(score, kind="stable") for score in scores]
    tables = [_Ranked(bad, score, weight) for score in scores]
    random = np.random.Generator(np.random.PCG64(seed))
    count = int(cluster.max()) + 1
    drawn = []
    for _ in range(resamples):
        times = np.bincount(random.integers(0, count, count), minlength=count)[cluster]
        resampled = weight * times
        if (resampled * bad).any() and (resampled * (1.0 - bad)).any():
            drawn.append([_both(t, resampled[p]) for t, p in zip(tables, places, strict=True)])
    if len(drawn) < _FEWEST:
        raise BadInput(
            "too few bads or goods to resample", field="bad", rule="both outcomes in resamples"
        )
    whole = [_both(table, table.weight) for table in tables]
    draws = np.array(drawn)
    return {
        name: _gain(whole[0][i], whole[1][i], draws[:, 1, i] - draws[:, 0, i], level)
        for i, name in enumerate(("auc", "ks"))
    }


def paired_auc_gain(
    pairs: Pairs, *, level: float = 0.95, resamples: int = _RESAMPLES, seed: int = 0
) -> Interval:
    """AUC of the challenger less that of the champion, as ``paired_gain``."""
    return paired_gain(pairs, level=level, resamples=resamples, seed=seed)["auc"].gain


def _both(table: _Ranked, weight: Floats) -> tuple[float, float]:
    return table.auc(weight), table.ks(weight)


def _gain(champion: float, challenger: float, draws: Floats, level: float) -> Gain:
    tail = (1.0 - level) / 2 * _PERCENT
    low, high = np.percentile(draws, [tail, _PERCENT - tail])
    found = Interval(challenger - champion, float(low), float(high))
    return Gain(champion, challenger, found, float((draws > 0).mean()))


def delong(pairs: Pairs, *, level: float = 0.95) -> DeLong:
    """The test of two correlated areas under the curve; weights are not used.

    DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845, by midranks (Sun and Xu, IEEE
    Signal Processing Letters 21 (2014) 1389-1393); with borrowers that have several rows, the
    components are summed by borrower (Obuchowski, Biometrics 53 (1997) 567-578), which is the same
    thing when each has one.

    Raises:
        BadInput: as ``Pairs.ordered``, or fewer than two bads or goods.
    """
    bad, champion, challenger, _, cluster = pairs.ordered()
    is_bad = bad == 1.0
    if min(is_bad.sum(), (~is_bad).sum()) < _FEWEST:
        raise BadInput(
            "DeLong's test needs two bads and two goods", field="bad", rule="two of each outcome"
        )
    first, ranked_first = _components(champion, is_bad)
    second, ranked_second = _components(challenger, is_bad)
    difference = second - first
    error = math.sqrt(max(_variance(ranked_second - ranked_first - difference, is_bad, cluster), 0))
    normal = NormalDist()
    width = normal.inv_cdf((1 + level) / 2) * error
    # Equal scores have no difference and no error: nothing speaks against "no difference".
    p = math.erfc(abs(difference) / error / math.sqrt(2)) if error else float(difference == 0)
    gain = Interval(difference, difference - width, difference + width)
    return DeLong(first, second, gain, error, p)


def _components(score: Floats, is_bad: npt.NDArray[np.bool_]) -> tuple[float, Floats]:
    """AUC, and for each row the share of the other class that it stands right of."""
    bads, goods = int(is_bad.sum()), int((~is_bad).sum())
    every = _midranks(score)
    parts = np.empty(len(score))
    parts[is_bad] = (every[is_bad] - _midranks(score[is_bad])) / goods
    parts[~is_bad] = 1.0 - (every[~is_bad] - _midranks(score[~is_bad])) / bads
    return float(parts[is_bad].mean()), parts


def _variance(parts: Floats, is_bad: npt.NDArray[np.bool_], cluster: Ints) -> float:
    """Variance of the mean of ``parts`` (centred): over bads, over goods, and between both."""
    sums, sides = [], []
    for side in (is_bad, ~is_bad):
        rows = np.bincount(cluster[side], minlength=int(cluster.max()) + 1)
        total = np.bincount(cluster[side], weights=parts[side], minlength=len(rows))
        held = int((rows > 0).sum())
        sums.append(total / side.sum())
        sides.append(held / max(held - 1, 1) * float((sums[-1] ** 2).sum()))
    count = len(sums[0])
    return sum(sides) + 2 * count / max(count - 1, 1) * float((sums[0] * sums[1]).sum())


def _midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ends = np.append(starts[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks
