"""Two scores at the same approval rate: whose approvals default less, with the paired interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.policies.experiments.tables import Bools, Floats, Ints
from tael.risk import Interval

_PERCENT = 100.0
_RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Scores:
    """The same applications, as two policies see their risk.

    Attributes:
        incumbent: probability of default or any score that rises with risk [rows].
        shadow: the same of the shadow [rows].
        bad: 1 or 0; NaN where nobody knows, since no loan was made or it is too young [rows].
        borrower: whose rows are resampled together [rows]; None: each row alone.
    """

    incumbent: npt.ArrayLike
    shadow: npt.ArrayLike
    bad: npt.ArrayLike
    borrower: npt.ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class EqualRate:
    """Default among what each approves, when both approve the same number.

    Attributes:
        rate: approval rate asked for.
        thresholds: of the incumbent's and of the shadow's score; approved at or below.
        default: rate among the known of the incumbent's approvals, and of the shadow's.
        difference: shadow less incumbent; percentile interval over resamples.
        below: share of resamples in which the shadow's rate is lower.
        known: share of each one's approvals whose outcome is known.
        if_good, if_bad: the difference were all unknown outcomes good, and were all bad, of both.
        swapped: rows that only the shadow approves (and as many that only the incumbent does).
    """

    rate: float
    thresholds: tuple[float, float]
    default: tuple[Interval, Interval]
    difference: Interval
    below: float
    known: tuple[float, float]
    if_good: float
    if_bad: float
    swapped: int


def default_at_equal_rate(
    scores: Scores, rate: float, *, level: float = 0.95, resamples: int = _RESAMPLES, seed: int = 0
) -> EqualRate:
    """Default among the ``rate`` of applications that each score holds for the safest.

    Thresholds are set again in each resample, and both scores are judged on the same one, so that
    the interval is that of the paired difference (Davison and Hinkley, Bootstrap Methods and their
    Application, 1997, sections 2.4 and 3.8: borrowers are drawn with all their rows). Ties are
    approved by the other score, then by the order of content, never by that of the rows.

    Only what was lent has an outcome: a shadow's approvals that the incumbent declined have none,
    which is why ``known`` is told and ``if_good`` and ``if_bad`` bound the rest.

    Raises:
        BadInput: a rate outside 0 to 1, scores that are not finite, columns of unequal length, or
            no known outcome among either one's approvals.
    """
    rows = _Rows.of(scores)
    if not 0 < rate < 1:
        raise BadInput(f"an approval rate of {rate!r}", field="rate", rule="between 0 and 1")
    ones = np.ones(len(rows.bad))
    whole = [rows.judged(side, rate, ones) for side in (0, 1)]
    if not all(each.known for each in whole):
        raise BadInput(
            "no outcome is known among the approvals", field="bad", rule="known outcomes"
        )
    random = np.random.Generator(np.random.PCG64(seed))
    count = int(rows.cluster.max()) + 1
    drawn = np.array(
        [
            [rows.judged(side, rate, times).default for side in (0, 1)]
            for times in (
                np.bincount(random.integers(0, count, count), minlength=count)[rows.cluster]
                for _ in range(resamples)
            )
        ]
    )
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    first, second = whole
    return EqualRate(
        rate=rate,
        thresholds=(first.threshold, second.threshold),
        default=(
            _interval(first.default, drawn[:, 0], level),
            _interval(second.default, drawn[:, 1], level),
        ),
        difference=_interval(second.default - first.default, drawn[:, 1] - drawn[:, 0], level),
        below=float((drawn[:, 1] < drawn[:, 0]).mean()),
        known=(first.known, second.known),
        if_good=second.filled(0.0) - first.filled(0.0),
        if_bad=second.filled(1.0) - first.filled(1.0),
        swapped=int((second.approved & ~first.approved).sum()),
    )


@dataclass(frozen=True, eq=False)
class _Judged:
    """One score's approvals on rows with weights."""

    approved: Bools
    threshold: float
    default: float
    known: float

    def filled(self, value: float) -> float:
        """The default rate with ``value`` for outcomes that are not known."""
        return self.default * self.known + value * (1.0 - self.known)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows in an order of their content, with the places of both scores in rising order."""

    scores: tuple[Floats, Floats]
    bad: Floats
    cluster: Ints
    places: tuple[Ints, Ints]

    @classmethod
    def of(cls, given: Scores) -> _Rows:
        bad = np.asarray(given.bad, dtype=np.float64)
        pair = [np.asarray(each, dtype=np.float64) for each in (given.incumbent, given.shadow)]
        for name, each in zip(("incumbent", "shadow"), pair, strict=True):
            if each.shape != bad.shape or each.ndim != 1 or not np.isfinite(each).all():
                raise BadInput(
                    f"the {name}'s scores are one finite number per row",
                    field=name,
                    rule="finite scores, one per row",
                )
        if not len(bad) or not np.isin(bad[~np.isnan(bad)], (0.0, 1.0)).all():
            raise BadInput("outcomes are 0, 1 or NaN", field="bad", rule="0 | 1 | NaN")
        cluster, order = _clusters(given.borrower, pair, bad)
        a, b = pair[0][order], pair[1][order]
        return cls((a, b), bad[order], cluster[order], (np.lexsort((b, a)), np.lexsort((a, b))))

    def judged(self, side: int, rate: float, times: npt.NDArray[np.generic]) -> _Judged:
        """Approvals of one score, each row counting ``times``."""
        place = self.places[side]
        reached = np.cumsum(times[place])
        wanted = rate * reached[-1]
        last = min(int(np.searchsorted(reached, wanted)), len(place) - 1)
        taken = place[: last + 1]
        bad = self.bad[taken]
        known = ~np.isnan(bad)
        weight = times[taken].astype(np.float64)
        total, seen = float(weight.sum()), float(weight[known].sum())
        approved = np.zeros(len(place), dtype=bool)
        approved[taken] = True
        default = float(weight[known] @ bad[known]) / seen if seen else np.nan
        return _Judged(
            approved, float(self.scores[side][place[last]]), default, seen / total if total else 0.0
        )


def _clusters(borrower: npt.ArrayLike | None, pair: list[Floats], bad: Floats) -> tuple[Ints, Ints]:
    """The number of each row's borrower, and an order of the rows by content alone."""
    content = (np.nan_to_num(bad, nan=2.0), pair[1], pair[0])
    if borrower is None:
        order = np.lexsort(content)
        alone = np.empty(len(bad), dtype=np.int64)
        alone[order] = np.arange(len(bad))
        return alone, order
    who = np.asarray(borrower).astype(str)
    if who.shape != bad.shape:
        raise BadInput("one borrower per row", field="borrower", rule="one per row")
    cluster = np.unique(who, return_inverse=True)[1].astype(np.int64)
    return cluster, np.lexsort((*content, cluster))


def _interval(value: float, draws: Floats, level: float) -> Interval:
    tail = (1.0 - level) / 2 * _PERCENT
    if not len(draws):
        return Interval(value, np.nan, np.nan)
    low, high = np.percentile(draws, [tail, _PERCENT - tail])
    return Interval(value, float(low), float(high))
