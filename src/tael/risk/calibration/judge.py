"""How well probabilities meet what happened: Cox's line, Brier, gaps by score and segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Column, Kind, Series, Words
from tael.risk.calibration.calibrator import effective, frequencies, one_column, outcomes
from tael.risk.calibration.curve import Scored, fit_platt, fit_shift
from tael.risk.calibration.distributions import gamma_cdf, logit, sigmoid
from tael.risk.calibration.intervals import expected_to_observed, jeffreys
from tael.risk.calibration.kept import plain
from tael.risk.columns import Floats, Ints
from tael.risk.measures import Interval

# Predicted over observed bads that counts as calibrated in a normal vintage.
NORMAL_BAND = (0.8, 1.25)
_NEAREST = 1e-12


@dataclass(frozen=True, slots=True)
class Line:
    """Cox's calibration line, logit of the true chance = intercept + slope * logit of the PD.

    Attributes:
        in_the_large: the intercept with the slope held at 1; 0 when predicted equals observed.
        intercept, slope: fitted together; a slope below 1 tells of PDs that are too extreme.
    """

    in_the_large: Interval
    intercept: Interval
    slope: Interval

    def to_json(self) -> dict[str, object]:
        """The three estimates with their bounds."""
        return {
            "in_the_large": self.in_the_large.to_json(),
            "intercept": self.intercept.to_json(),
            "slope": self.slope.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Brier:
    """The mean squared error of probabilities and what it is made of; the parts add up exactly.

    score = reliability - resolution + uncertainty + within, where ``within`` is what the groups
    hide: the variance of PDs inside them less twice their covariance with the outcome.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float

    def to_json(self) -> dict[str, float]:
        """The score and its parts."""
        found: dict[str, float] = plain(self)
        return found


@dataclass(frozen=True, slots=True)
class Gap:
    """Predicted and observed of one group of rows.

    Attributes:
        key: what the group is called.
        rows: how many rows; ``bads`` of them bad (by weight, scaled to effective rows).
        pd_mean: the mean predicted probability.
        observed: the share of bads with its Jeffreys interval.
        ratio: predicted over observed bads with the exact Poisson interval of the bads.
        verdict: ``inside`` the band; ``outside`` when the whole interval is; else ``unclear``.
    """

    key: str
    rows: int
    bads: float
    pd_mean: float
    observed: Interval
    ratio: Interval
    verdict: str

    def to_json(self) -> dict[str, object]:
        """All figures; an infinite ratio (no bads) is null."""
        found: dict[str, object] = plain(self)
        return found


GAP_COLUMNS = (
    Column(Words(zh="组", en="Group")),
    Column(Words(zh="笔数", en="Rows"), Kind.COUNT),
    Column(Words(zh="坏", en="Bads"), Kind.NUMBER, 0),
    Column(Words(zh="预测", en="Predicted"), Kind.PERCENT, 2),
    Column(Words(zh="实际", en="Observed"), Kind.PERCENT, 2),
    Column(Words(zh="下限", en="Low"), Kind.PERCENT, 2),
    Column(Words(zh="上限", en="High"), Kind.PERCENT, 2),
    Column(Words(zh="预测/实际", en="Predicted / observed"), Kind.NUMBER, 2),
    Column(Words(zh="比值下限", en="Ratio, low"), Kind.NUMBER, 2),
    Column(Words(zh="比值上限", en="Ratio, high"), Kind.NUMBER, 2),
    Column(Words(zh="结论", en="Verdict")),
)
VERDICTS = {
    "inside": Words(zh="在带内", en="inside the band"),
    "outside": Words(zh="在带外", en="outside the band"),
    "unclear": Words(zh="样本不足以判断", en="too few bads to tell"),
}


def gap_rows(gaps: Sequence[Gap]) -> list[tuple[object, ...]]:
    """One row for each gap, as ``GAP_COLUMNS`` heads them."""
    return [
        (
            gap.key, gap.rows, gap.bads, gap.pd_mean,
            gap.observed.value, gap.observed.low, gap.observed.high,
            gap.ratio.value, gap.ratio.low, gap.ratio.high, VERDICTS[gap.verdict],
        )
        for gap in gaps
    ]  # fmt: skip


def gap_lines(gaps: Sequence[Gap]) -> tuple[Series, ...]:
    """A reliability diagram: observed over predicted with its bounds, and the diagonal."""
    at = [gap.pd_mean for gap in gaps]

    def line(name: Words, values: Sequence[float]) -> Series:
        return Series(name, tuple(zip(at, values, strict=True)))

    return (
        line(Words(zh="实际", en="Observed"), [gap.observed.value for gap in gaps]),
        line(Words(zh="完全校准", en="Perfect"), at),
        line(Words(zh="下限", en="Low"), [gap.observed.low for gap in gaps]),
        line(Words(zh="上限", en="High"), [gap.observed.high for gap in gaps]),
    )


def verdict_of(ratio: Interval, band: tuple[float, float] = NORMAL_BAND) -> str:
    """Where a ratio lies beside a band: ``inside``, ``outside`` for sure, or ``unclear``."""
    if band[0] <= ratio.value <= band[1]:
        return "inside"
    return "outside" if ratio.low > band[1] or ratio.high < band[0] else "unclear"


@dataclass(frozen=True, eq=False)
class Judged:
    """Outcomes, probabilities and weights, checked once for all measures.

    Attributes:
        bad: float64 [rows], 0 or 1.
        pd: float64 [rows], strictly between 0 and 1.
        weight: float64 [rows]: how many loans a row stands for.
    """

    bad: Floats
    pd: Floats
    weight: Floats

    @classmethod
    def of(
        cls, bad: npt.ArrayLike, pd: npt.ArrayLike, weight: npt.ArrayLike | None = None
    ) -> Judged:
        """Check the rows; a PD of exactly 0 or 1 moves inwards by 1e-12.

        Raises:
            BadInput: unknown outcomes, one outcome only, a PD that is none, or bad weights.
        """
        chances = one_column(pd, "pd")
        if len(chances) and not (chances.min() >= 0 and chances.max() <= 1):
            raise BadInput("a PD lies between 0 and 1", field="pd", rule="a probability")
        inside = np.clip(chances, _NEAREST, 1.0 - _NEAREST)
        return cls(outcomes(bad, len(chances)), inside, frequencies(weight, len(chances)))

    def part(self, here: Ints) -> Judged:
        """The rows of positions ``here``, in canonical order: sums then do not depend on theirs."""
        bad, pd, weight = self.bad[here], self.pd[here], self.weight[here]
        order = np.lexsort((weight, bad, pd))
        return Judged(bad[order], pd[order], weight[order])

    def in_order(self) -> Judged:
        """All rows in canonical order."""
        return self.part(np.arange(len(self.bad)))

    @property
    def evidence(self) -> Floats:
        """Weights scaled so that they count rows of evidence (Kish)."""
        scale = effective(self.weight) / float(self.weight.sum())
        return self.weight * scale


def calibration_line(rows: Judged, *, level: float = 0.95) -> Line:
    """Intercept and slope of calibration, with Wald intervals.

    Cox, Two further applications of a model for binary regression, Biometrika 45 (1958);
    Steyerberg, Clinical Prediction Models, 2nd edition, 2019, section 15.3.

    Raises:
        BadInput: the PDs do not rank at all.
    """
    rows = rows.in_order()
    z = logit(rows.pd)
    scored = Scored.of(z, rows.bad, rows.weight)
    alone = fit_shift(scored).parameters[0]
    intercept, slope = fit_platt(scored, priors=False).parameters
    wide = NormalDist().inv_cdf((1.0 + level) / 2.0)

    def around(value: float, variance: float) -> Interval:
        half = wide * math.sqrt(variance)
        return Interval(value, value - half, value + half)

    flat = sigmoid(z + alone)
    spread = 1.0 / float(rows.evidence @ (flat * (1.0 - flat)))
    fitted = sigmoid(intercept + slope * z)
    curve = rows.evidence * fitted * (1.0 - fitted)
    design = np.column_stack([np.ones(len(z)), z])
    covariance = np.linalg.inv((design * curve[:, None]).T @ design)
    return Line(
        around(alone, spread),
        around(intercept, float(covariance[0, 0])),
        around(slope, float(covariance[1, 1])),
    )


def brier(rows: Judged, *, groups: int = 10) -> Brier:
    """The Brier score with Murphy's parts over groups of equal weight.

    Murphy, A new vector partition of the probability score, J. Applied Meteorology 12 (1973); the
    part within groups: Stephenson, Coelho and Jolliffe, Weather and Forecasting 23 (2008).
    """
    rows = rows.in_order()
    share = rows.weight / rows.weight.sum()
    base = float(share @ rows.bad)
    score = float(share @ (rows.pd - rows.bad) ** 2)
    reliability = resolution = 0.0
    for here in _groups(rows, groups):
        part = float(share[here].sum())
        mean, seen = (float(share[here] @ of[here]) / part for of in (rows.pd, rows.bad))
        reliability += part * (mean - seen) ** 2
        resolution += part * (seen - base) ** 2
    uncertainty = base * (1.0 - base)
    return Brier(
        score, reliability, resolution, uncertainty, score - reliability + resolution - uncertainty
    )


def expected_calibration_error(rows: Judged, *, groups: int = 10) -> float:
    """Mean distance of predicted and observed over groups of equal weight.

    Naeini, Cooper and Hauskrecht, AAAI 2015; groups of equal weight and not of equal width, for
    PDs crowd near zero.
    """
    rows = rows.in_order()
    share = rows.weight / rows.weight.sum()
    gaps = [share[here] @ (rows.pd[here] - rows.bad[here]) for here in _groups(rows, groups)]
    return float(np.abs(gaps).sum())


def reliability_curve(rows: Judged, *, groups: int = 10, level: float = 0.95) -> tuple[Gap, ...]:
    """Predicted and observed in groups of equal weight, from the lowest PD to the highest."""
    return tuple(
        _gap(str(number), rows, here, level) for number, here in enumerate(_groups(rows, groups), 1)
    )


def gaps_by(rows: Judged, keys: npt.ArrayLike, *, level: float = 0.95) -> tuple[Gap, ...]:
    """Predicted and observed for each key (a month, a year, a segment), in the order of keys.

    Raises:
        BadInput: not one key for each row.
    """
    named = np.asarray(keys)
    if named.shape != rows.bad.shape:
        raise BadInput("there is one key per row", field="keys", rule="one per row")
    return tuple(
        _gap(str(key), rows, np.flatnonzero(named == key), level) for key in np.unique(named)
    )


def month_names(vintage: Ints) -> npt.NDArray[np.str_]:
    """Months since January 1970 as 2019-03."""
    return np.datetime_as_string(np.asarray(vintage).astype("datetime64[M]"), unit="M")


def year_names(vintage: Ints) -> npt.NDArray[np.str_]:
    """Months since January 1970 as their year, 2019."""
    return np.datetime_as_string(np.asarray(vintage).astype("datetime64[M]"), unit="Y")


def hosmer_lemeshow(rows: Judged, *, groups: int = 10, fitted: bool = False) -> tuple[float, float]:
    """The statistic and its p-value; 10 degrees of freedom for 10 groups of new data.

    Hosmer and Lemeshow, Applied Logistic Regression, 2000, section 5.2.2; two degrees fewer for
    the rows the model was fitted on. It tells nothing of the direction; read the curve beside it.
    """
    rows = rows.in_order()
    statistic, count = 0.0, 0
    for here in _groups(rows, groups):
        weight = rows.evidence[here]
        total, expected = float(weight.sum()), float(weight @ rows.pd[here])
        variance = expected * (1.0 - expected / total)
        statistic += (float(weight @ rows.bad[here]) - expected) ** 2 / variance
        count += 1
    freedom = count - 2 if fitted else count
    return statistic, 1.0 - gamma_cdf(statistic / 2.0, freedom / 2.0) if freedom > 0 else math.nan


def _groups(rows: Judged, groups: int) -> list[Ints]:
    """Rows of each group: equal shares of weight, equal PDs never apart."""
    order = np.lexsort((rows.weight, rows.bad, rows.pd))
    reached = np.cumsum(rows.weight[order])
    ends = np.append(np.flatnonzero(np.diff(rows.pd[order]) > 0), len(order) - 1)
    # A run of equal PDs belongs where its middle lies, so that one long run is a group of its own.
    starts = np.append(0.0, reached[ends[:-1]])
    middle = (starts + reached[ends]) / (2.0 * reached[-1])
    place = np.minimum((middle * groups).astype(np.int64), groups - 1)
    number = np.repeat(place, np.diff(np.append(-1, ends)))
    return [order[number == one] for one in np.unique(number)]


def _gap(key: str, rows: Judged, here: Ints, level: float) -> Gap:
    part = rows.part(here)
    count = effective(part.weight)
    if not count:
        raise BadInput(f"group {key} has no weight", field="sample_weight", rule="above zero")
    scale = count / float(part.weight.sum())
    bads = min(float(part.weight @ part.bad) * scale, count)
    expected = float(part.weight @ part.pd) * scale
    ratio = expected_to_observed(expected, bads, level=level)
    observed = jeffreys(bads, count, level=level)
    return Gap(key, len(here), bads, expected / count, observed, ratio, verdict_of(ratio))
