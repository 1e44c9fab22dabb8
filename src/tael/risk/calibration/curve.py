"""Curves from a model's log odds to calibrated log odds; each strictly rising."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tael.kernel import BadInput, check
from tael.risk.calibration.distributions import logit, sigmoid
from tael.risk.columns import Floats
from tael.risk.logistic import fit_logistic

_DIGITS = 12
_STEPS = 200
_CLOSE = 1e-13
# Tiers stay apart by at least this much: a curve that falls or lies level would merge tiers.
_LEAST_SLOPE = 1e-6
_STRETCH = 1_000.0

SHIFT, PLATT, BETA, ISOTONIC = "shift", "platt", "beta", "isotonic"


@dataclass(frozen=True, slots=True)
class Curve:
    """A strictly rising curve over log odds.

    Attributes:
        method: ``shift``, ``platt``, ``beta`` or ``isotonic``.
        parameters: shift: (intercept); platt: (intercept, slope); beta: (c, a, b) of Kull.
        knots: isotonic: log odds before and after at the centre of each pool; straight between
            them, and with slope 1 beyond the outermost.
    """

    method: str
    parameters: tuple[float, ...] = ()
    knots: tuple[tuple[float, float], ...] = ()

    def apply(self, log_odds: Floats) -> Floats:
        """Calibrated log odds of each of ``log_odds``."""
        if self.method == SHIFT:
            return np.asarray(log_odds + self.parameters[0])
        if self.method == PLATT:
            return np.asarray(self.parameters[0] + self.parameters[1] * log_odds)
        if self.method == BETA:
            c, a, b = self.parameters
            return np.asarray(
                c + b * np.logaddexp(0.0, log_odds) - a * np.logaddexp(0.0, -log_odds)
            )
        return self._between(log_odds)

    def _between(self, log_odds: Floats) -> Floats:
        before, after = (np.array(side) for side in zip(*self.knots, strict=True))
        inside: Floats = np.interp(log_odds, before, after)
        beyond = np.minimum(log_odds - before[0], 0) + np.maximum(log_odds - before[-1], 0)
        return np.asarray(inside + beyond)


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows in their canonical order, so that sums do not depend on how they came."""

    z: Floats
    bad: Floats
    weight: Floats

    @classmethod
    def of(cls, z: Floats, bad: Floats, weight: Floats) -> Scored:
        """Sort by log odds, outcome and weight."""
        order = np.lexsort((weight, bad, z))
        return cls(z[order], bad[order], weight[order])


def mean_shift(log_odds: Floats, target: float, weight: Floats) -> float:
    """What to add to log odds so that the weighted mean probability is ``target``.

    Raises:
        BadInput: a target that is not strictly between 0 and 1, or out of reach.
    """
    if not 0.0 < target < 1.0:
        raise BadInput(
            f"a mean probability of {target!r} is out of reach",
            field="target",
            rule="strictly between 0 and 1",
        )
    share = weight / weight.sum()
    wanted = float(logit(target))
    # Were every row like the best, or like the worst, the shift would be one of these.
    low, high = wanted - float(log_odds.max()), wanted - float(log_odds.min())
    shift = min(max(wanted - float(share @ log_odds), low), high)
    for _ in range(_STEPS):
        chance = sigmoid(log_odds + shift)
        off = float(share @ chance) - target
        low, high = (shift, high) if off < 0 else (low, shift)
        # Newton's step on the log odds of the mean, halved back where it leaves the bracket.
        slope = float(share @ (chance * (1.0 - chance)))
        moved = shift - off / slope if slope > 0 else low
        if not low < moved < high:
            moved = (low + high) / 2.0
        if abs(moved - shift) < _CLOSE:
            return moved
        shift = moved
    return shift


def fit_shift(rows: Scored) -> Curve:
    """The intercept that makes predicted equal observed; the slope stays 1.

    The maximum-likelihood intercept with the score as offset: Cox 1958; Steyerberg, Clinical
    Prediction Models, 2nd edition, 2019, chapter 15 (update method 1).
    """
    observed = float(rows.weight @ rows.bad) / float(rows.weight.sum())
    return Curve(SHIFT, (round(mean_shift(rows.z, observed, rows.weight), _DIGITS),))


def fit_platt(rows: Scored, *, priors: bool = True) -> Curve:
    """Intercept and slope of the log odds.

    Platt, Probabilistic Outputs for Support Vector Machines, 1999; with ``priors`` the targets are
    (bads + 1) / (bads + 2) and 1 / (goods + 2) instead of 1 and 0 (Lin, Lin and Weng 2007).

    Raises:
        BadInput: the slope is not above zero: the score does not rank.
    """
    target = rows.bad
    if priors:
        bads = float(rows.weight @ rows.bad)
        goods = float(rows.weight.sum()) - bads
        target = np.where(rows.bad > 0, (bads + 1.0) / (bads + 2.0), 1.0 / (goods + 2.0))
    intercept, slope = fit_logistic(rows.z[:, None], target, rows.weight, ridge=0.0)
    return Curve(PLATT, (round(float(intercept), _DIGITS), _rising(float(slope))))


def fit_beta(rows: Scored) -> Curve:
    """Beta calibration: log odds c + a ln s - b ln(1 - s) of the score's probability s.

    Kull, Silva Filho and Flach, Beta calibration, AISTATS 2017. Where all PDs are low, b is hardly
    seen in the data, and free it would bend high PDs by anything; so a - b is pulled to zero, which
    is Platt's line, by one bad's worth of information. Where a coefficient would still not be above
    zero it is Platt's line: with zero, as their algorithm 1 has it, the curve is flat at one end.

    Raises:
        BadInput: both coefficients fall: the score does not rank.
    """
    low, high = -np.logaddexp(0.0, -rows.z), np.logaddexp(0.0, rows.z)
    # a ln s - b ln(1 - s) = m z + d (ln s + ln(1 - s)) with a = m + d and b = m - d; the ridge of
    # the regression is to meet d alone, so z is stretched.
    design = np.column_stack([_STRETCH * rows.z, low - high])
    c, stretched, d = fit_logistic(design, rows.bad, rows.weight, ridge=1.0)
    a, b = _STRETCH * stretched + d, _STRETCH * stretched - d
    if min(a, b) < _LEAST_SLOPE:
        c, slope = fit_platt(rows, priors=False).parameters
        a = b = _rising(slope)
    return Curve(BETA, tuple(round(float(one), _DIGITS) for one in (c, a, b)))


def fit_isotonic(rows: Scored, *, pool_bads: float = 20.0) -> Curve:
    """Centred isotonic regression, straight in log odds between the centres of the pools.

    Pools of adjacent violators (Ayer et al. 1955) become points at their mean score, so that the
    curve rises strictly (Oron and Flournoy, Centered Isotonic Regression, Statistics in
    Biopharmaceutical Research 9, 2017). Pools are joined until each holds ``pool_bads`` bads and
    as many goods, or log odds at the ends would be infinite. Afterwards the curve is moved so that
    predicted equals observed.

    Raises:
        BadInput: one pool only: the score does not rank.
    """
    pools = _joined(_pooled(rows), pool_bads)
    centres = [(z / w, float(logit(bads / w))) for w, bads, z in pools]
    rough = Curve(ISOTONIC, knots=tuple(centres))
    if len(centres) < 2:  # noqa: PLR2004 - a curve needs two points
        raise BadInput(
            "the score does not rank bads above goods", field="log_odds", rule="two pools that rise"
        )
    observed = float(rows.weight @ rows.bad) / float(rows.weight.sum())
    move = mean_shift(rough.apply(rows.z), observed, rows.weight)
    knots = tuple((round(z, _DIGITS), round(to + move, _DIGITS)) for z, to in centres)
    rises = all(one[1] < two[1] for one, two in itertools.pairwise(knots))
    check(rises, "an isotonic curve rises strictly")
    return Curve(ISOTONIC, knots=knots)


# Weight, weight of bads, and weighted sum of log odds.
_Pool = tuple[float, float, float]


def _pooled(rows: Scored) -> list[_Pool]:
    starts = np.flatnonzero(np.append(True, np.diff(rows.z) > 0))
    sums = (
        np.add.reduceat(part, starts).tolist()
        for part in (rows.weight, rows.weight * rows.bad, rows.weight * rows.z)
    )
    pools: list[_Pool] = []
    for pool in zip(*sums, strict=True):
        here: _Pool = pool
        while pools and pools[-1][1] * here[0] >= here[1] * pools[-1][0]:
            here = _sum(pools.pop(), here)
        pools.append(here)
    return pools


def _joined(pools: list[_Pool], least: float) -> list[_Pool]:
    done: list[_Pool] = []
    for pool in pools:
        if done and not _enough(done[-1], least):
            done[-1] = _sum(done[-1], pool)
        else:
            done.append(pool)
    while len(done) > 1 and not _enough(done[-1], least):
        done[-2:] = [_sum(done[-2], done[-1])]
    return done


def _enough(pool: _Pool, least: float) -> bool:
    return pool[1] >= least and pool[0] - pool[1] >= least


def _sum(one: _Pool, two: _Pool) -> _Pool:
    return (one[0] + two[0], one[1] + two[1], one[2] + two[2])


def _rising(slope: float) -> float:
    if slope < _LEAST_SLOPE:
        raise BadInput(
            f"the score does not rank bads above goods (slope {slope:.3g})",
            field="log_odds",
            rule="higher log odds, more bads",
        )
    return round(slope, _DIGITS)


FITS: dict[str, Callable[[Scored], Curve]] = {
    SHIFT: fit_shift,
    PLATT: fit_platt,
    BETA: fit_beta,
    ISOTONIC: fit_isotonic,
}
