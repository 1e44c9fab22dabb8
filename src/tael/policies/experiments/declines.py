"""What would-be declines come to: some are accepted by lot, and stand for those that are not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.policies.experiments.tables import Bools, Floats
from tael.risk import Interval

_NORMAL = NormalDist()


@dataclass(frozen=True, eq=False)
class Declines:
    """Applications that the policy declines, with the lot that was drawn for each.

    Attributes:
        chance: of being accepted all the same, as set before the draw; 0 for those beyond a cap or
            barred from it [rows].
        accepted: whether the lot fell on it [rows].
        bad: 1 or 0 for those accepted and known; NaN else [rows].
        pd: the model's probability of default [rows].
        inferred: by method of reject inference, its probability for each row [rows].
    """

    chance: npt.ArrayLike
    accepted: npt.ArrayLike
    bad: npt.ArrayLike
    pd: npt.ArrayLike
    inferred: Mapping[str, npt.ArrayLike] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Against:
    """A claim about the same declines, beside what the lot shows.

    Attributes:
        name: ``pd`` or a method of reject inference.
        claim: mean of what it says of the declines that could be drawn.
        ratio: claim over the rate of the lot; NaN when that is zero.
        within: whether the claim lies in the lot's interval.
    """

    name: str
    claim: float
    ratio: float
    within: bool


@dataclass(frozen=True, slots=True)
class DeclineFigures:
    """Default among would-be declines, from those accepted by lot.

    Attributes:
        declines: how many.
        eligible: of these, with a chance above zero: of the others nothing is said.
        accepted: by lot.
        known: of the accepted, with an outcome.
        share: accepted over eligible.
        expected: the sum of the chances: how many the lot should have taken.
        default: of the eligible, by inverse probability weights, with its interval.
        counted: default among the accepted, as counted: biased where chances differ with risk.
        effective: known rows that equal weights would need for the same precision (Kish 1965).
        against: the model's pd first, then each method of reject inference by name.
    """

    declines: int
    eligible: int
    accepted: int
    known: int
    share: float
    expected: float
    default: Interval
    counted: float
    effective: float
    against: tuple[Against, ...]


def default_of_declines(declines: Declines, *, level: float = 0.95) -> DeclineFigures:
    """The unbiased default rate of would-be declines, from the lot, beside what is claimed of it.

    Each accepted row stands for 1/chance rows (Horvitz and Thompson, JASA 47 (1952) 663-685),
    divided by the sum of these weights (Hájek 1971), which is consistent and varies less; variance
    by linearisation (Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992, result
    5.7.1, Poisson sampling), the interval on the logit scale. Outcomes that are not known yet are
    held for missing at random among the accepted.

    Raises:
        BadInput: columns of unequal length, a chance outside 0 to 1, a row accepted without a
            chance, an outcome of one that was not accepted; or no outcome at all.
    """
    chance, accepted, bad, claims = _read(declines)
    eligible = chance > 0
    known = accepted & ~np.isnan(bad)
    if not known.any():
        raise BadInput(
            "no outcome of an accepted decline is known yet", field="bad", rule="known outcomes"
        )
    weight = 1.0 / chance[known]
    hits = bad[known]
    rate = float(weight @ hits / weight.sum())
    # Of rows in the lot, and of the part of these whose outcome is known.
    seen = float(known.sum() / max(int(accepted.sum()), 1))
    residual = weight * (hits - rate)
    variance = float(((1.0 - chance[known] * seen) * residual**2).sum() / weight.sum() ** 2)
    default = _on_logits(rate, variance, len(hits), level)
    return DeclineFigures(
        declines=len(chance),
        eligible=int(eligible.sum()),
        accepted=int(accepted.sum()),
        known=int(known.sum()),
        share=float(accepted.sum() / eligible.sum()),
        expected=float(chance.sum()),
        default=default,
        counted=float(hits.mean()),
        effective=float(weight.sum() ** 2 / (weight**2).sum()),
        against=tuple(_against(name, each[eligible], default) for name, each in claims.items()),
    )


def _read(given: Declines) -> tuple[Floats, Bools, Floats, dict[str, Floats]]:
    chance = np.asarray(given.chance, dtype=np.float64)
    accepted = np.asarray(given.accepted).astype(bool)
    bad = np.asarray(given.bad, dtype=np.float64)
    claims = {"pd": np.asarray(given.pd, dtype=np.float64)}
    claims |= {n: np.asarray(v, dtype=np.float64) for n, v in sorted(given.inferred.items())}
    for name, each in {"accepted": accepted, "bad": bad, **claims}.items():
        if each.shape != chance.shape or chance.ndim != 1:
            raise BadInput(f"{name} has {each.shape} rows", field=name, rule="one per row")
    if not ((chance >= 0) & (chance <= 1)).all():
        raise BadInput("a chance lies between 0 and 1", field="chance", rule="0 to 1")
    _refuse(accepted & (chance == 0), "accepted", "was accepted without a chance")
    _refuse(~accepted & ~np.isnan(bad), "bad", "has an outcome, and was not accepted")
    _refuse(~np.isnan(bad) & ~np.isin(bad, (0.0, 1.0)), "bad", "has an outcome that is not 0 or 1")
    for name, each in claims.items():
        _refuse(~((each >= 0) & (each <= 1)), name, "has no probability")
    return chance, accepted, bad, claims


def _refuse(wrong: Bools, name: str, what: str) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0]) + 1
        raise BadInput(f"row {row} {what}", field=name, row=row, rule="a lot with a set chance")


def _on_logits(rate: float, variance: float, rows: int, level: float) -> Interval:
    """An interval within 0 and 1; without a bad (or a good) that of the rule of three."""
    z = _NORMAL.inv_cdf((1 + level) / 2)
    if rate in (0.0, 1.0):
        reach = 1.0 - (1.0 - level) ** (1.0 / rows)
        return Interval(rate, 0.0, reach) if rate == 0.0 else Interval(rate, 1.0 - reach, 1.0)
    middle = math.log(rate / (1.0 - rate))
    half = z * math.sqrt(variance) / (rate * (1.0 - rate))
    low, high = (1.0 / (1.0 + math.exp(-(middle + side * half))) for side in (-1, 1))
    return Interval(rate, low, high)


def _against(name: str, claims: Floats, found: Interval) -> Against:
    claim = float(claims.mean())
    ratio = claim / found.value if found.value else math.nan
    return Against(name, claim, ratio, found.low <= claim <= found.high)
