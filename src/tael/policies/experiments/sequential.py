"""Intervals that hold at every look at once: watching all day and stopping at will keeps alpha.

A fixed-sample interval looked at again and again leaves out the truth sooner or later. A
confidence sequence does not: with probability 1 - alpha the truth is in it at all looks together,
so one may decide at any of them, whatever made one look (Robbins, Annals of Mathematical Statistics
41 (1970) 1397-1409; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49 (2021)
1055-1080).

Shares are exact: the likelihood ratio against a beta mixture is a martingale of each arm, and so is
the product over both arms, in whatever order rows arrive (two arms: Turner and Grünwald, Statistics
and Probability Letters 198 (2023) 109835). Means are asymptotic: Robbins' normal mixture with the
variances seen (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 52 (2024)
2613-2640); nothing should be said of them before some fifty rows of each arm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tael.kernel import BadInput
from tael.policies.experiments.estimates import NOTHING
from tael.risk import Interval

_STEPS = 48
_GOLDEN = (math.sqrt(5) - 1) / 2
_EDGE = 1e-12
_SURE = 0.8


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of an arm are known, and how many of these are hits."""

    hits: int
    rows: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.rows:
            raise BadInput(f"{self.hits} of {self.rows}", field="hits", rule="0 <= hits <= rows")


@dataclass(frozen=True, slots=True)
class Prior:
    """The mixture over the share of hits: parts of weight, hits and misses (beta distributions).

    Any is valid that was fixed before the first row. One near the truth is quicker:
    ``Prior.around`` what is expected, with a fifth of its weight left for being wrong.
    """

    parts: tuple[tuple[float, float, float], ...] = ((1.0, 0.5, 0.5),)

    @classmethod
    def around(cls, expected: float, within: float) -> Prior:
        """A mixture around ``expected`` with the standard deviation ``within``.

        Raises:
            BadInput: no share between 0 and 1, or a deviation that is not above zero.
        """
        if not 0 < expected < 1 or not within > 0:
            raise BadInput(
                f"a share of {expected!r} within {within!r}",
                field="expected",
                rule="between 0 and 1, deviation above zero",
            )
        rows = max(expected * (1 - expected) / within**2, 1.0)
        return cls(((_SURE, expected * rows, (1 - expected) * rows), (1 - _SURE, 0.5, 0.5)))


def evidence(counts: Counts, prior: Prior = Prior()) -> Callable[[float], float]:
    """The log of the mixture martingale of an arm against a share p, as a function of p."""
    hits, misses = counts.hits, counts.rows - counts.hits
    logs = [
        math.log(weight) + _log_beta(a + hits, b + misses) - _log_beta(a, b)
        for weight, a, b in prior.parts
    ]
    top = max(logs)
    mixed = top + math.log(math.fsum(math.exp(each - top) for each in logs))

    def against(p: float) -> float:
        held = min(max(p, _EDGE), 1 - _EDGE)
        return mixed - hits * math.log(held) - misses * math.log1p(-held)

    return against


def against_equal(champion: Counts, challenger: Counts, prior: Prior = Prior()) -> float:
    """Log evidence against equal shares: above log(1/alpha) at any look rejects at alpha.

    The smallest over the common share, which is that of both arms together.
    """
    rows = champion.rows + challenger.rows
    if not rows:
        return 0.0
    pooled = (champion.hits + challenger.hits) / rows
    return evidence(champion, prior)(pooled) + evidence(challenger, prior)(pooled)


def sequence_of_shares(
    champion: Counts, challenger: Counts, *, alpha: float = 0.05, prior: Prior = Prior()
) -> Interval:
    """The challenger's share less the champion's, in a confidence sequence of level 1 - alpha.

    All differences for which some pair of shares is not ruled out by the two martingales together.
    Rows of an arm are taken as draws of one share. NaN where an arm has no row.
    """
    _check(alpha)
    if not champion.rows or not challenger.rows:
        return NOTHING
    ruled_out = rules_out(champion, challenger, alpha=alpha, prior=prior)
    value = challenger.hits / challenger.rows - champion.hits / champion.rows
    return Interval(value, _edge(value, -1.0, ruled_out), _edge(value, 1.0, ruled_out))


def rules_out(
    champion: Counts, challenger: Counts, *, alpha: float = 0.05, prior: Prior = Prior()
) -> Callable[[float], bool]:
    """Whether a difference, challenger less champion, is left out by the confidence sequence."""
    first, second = evidence(champion, prior), evidence(challenger, prior)
    bar = math.log(1 / alpha)

    def ruled_out(difference: float) -> bool:
        low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
        return _least(lambda p: first(p) + second(p + difference), low, high) >= bar

    return ruled_out


def sequence_of_means(
    difference: float, variance: float, rows: int, *, planned: int, alpha: float = 0.05
) -> Interval:
    """A difference of means in an asymptotic confidence sequence of level 1 - alpha.

    Args:
        difference: challenger less champion.
        variance: of that difference, as estimated: the sum of both squared standard errors.
        rows: known in both arms together.
        planned: rows at which the sequence is to be tightest; fixed before the first.
        alpha: chance of ever leaving out the truth.
    """
    _check(alpha)
    if rows <= 0 or planned <= 0 or not math.isfinite(variance):
        return NOTHING
    # The spread of the mixture that is tightest at `planned` rows, to first order (same paper).
    logs = -2 * math.log(alpha)
    spread = rows * (logs + math.log(logs) + 1) / planned
    half = math.sqrt(variance * 2 * (spread + 1) / spread * math.log(math.sqrt(spread + 1) / alpha))
    return Interval(difference, difference - half, difference + half)


def _least(function: Callable[[float], float], low: float, high: float) -> float:
    """The smallest value of a convex function between two points, by the golden section."""
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = function(a), function(b)
    for _ in range(_STEPS):
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = function(b)
    return min(at_a, at_b)


def _edge(inside: float, outside: float, ruled_out: Callable[[float], bool]) -> float:
    """Where the differences that are not ruled out end; erring outwards."""
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if ruled_out(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _check(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise BadInput(f"alpha {alpha!r}", field="alpha", rule="between 0 and 1")
