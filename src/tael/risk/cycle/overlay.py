"""The macro overlay: how far the economy of the day moves all log odds, by what was published."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tael.kernel import BadInput
from tael.report import Column, Kind, Words
from tael.risk.columns import Floats

# A skill of one or two per cent came from series that made the next years worse.
_LEAST_SKILL = 0.05


@dataclass(frozen=True, slots=True)
class MacroSeries:
    """A published series.

    Attributes:
        name: of the series.
        months: month of each value, since January 1970, rising.
        values: the figures.
        lag_months: how long after the month's end a value is published: the value of month m is
            known from the first day of month m + 1 + lag.
    """

    name: str
    months: tuple[int, ...]
    values: tuple[float, ...]
    lag_months: int = 1

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.months, self.months[1:], strict=False))
        if len(self.months) != len(self.values) or not rising:
            raise BadInput(
                f"{self.name}: months do not rise, or not one value each",
                field=self.name,
                rule="one value for each month, months rising",
            )
        if not all(math.isfinite(value) for value in self.values) or self.lag_months < 0:
            raise BadInput(
                f"{self.name}: a value that is not finite, or published before its month",
                field=self.name,
                rule="finite values, a lag not below zero",
            )

    def known(self, month: int) -> float | None:
        """The latest value published by the first day of ``month``; None before the first."""
        place = bisect_right(self.months, month - 1 - self.lag_months)
        return self.values[place - 1] if place else None


@dataclass(frozen=True, slots=True)
class Period:
    """Predicted and observed bads of the loans of one quarter or year.

    Attributes:
        month: its first month, since January 1970: what was known then explains it.
        loans: how many loans.
        expected: sum of their calibrated PDs.
        bads: how many went bad.
        ripe: the month from which the outcome is known.
    """

    month: int
    loans: float
    expected: float
    bads: float
    ripe: int

    def miss(self) -> tuple[float, float]:
        """Log odds of observed less those of predicted, and the information in it."""
        if not 0 < self.expected < self.loans or not 0 <= self.bads <= self.loans:
            raise BadInput(
                f"{self.bads} bads and {self.expected} expected among {self.loans} loans",
                field="periods",
                rule="0 <= bads <= loans, 0 < expected < loans",
            )
        seen, mean = (self.bads + 0.5) / (self.loans + 1.0), self.expected / self.loans
        gap = math.log(seen / (1.0 - seen)) - math.log(mean / (1.0 - mean))
        return gap, self.loans * mean * (1.0 - mean)


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """How freely the economy may move log odds.

    Attributes:
        ridge: bads' worth of information that pulls each coefficient to zero.
        least_periods: fewer periods than this are refused.
        largest_shift: bound of the shift, in log odds.
    """

    ridge: float = 50.0
    least_periods: int = 12
    largest_shift: float = 0.7


@dataclass(frozen=True, slots=True)
class Overlay:
    """A fitted overlay.

    Attributes:
        names: the series.
        means, scales: by which each series is standardised.
        intercept: of the miss.
        slopes: log odds per standard deviation of each series.
        largest_shift: bound of the shift.
        periods: how many it was fitted on.
        skill: 1 - squared error against no overlay, each period foretold from those whose
            outcome was known at its start; at or below zero it foretells nothing.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    intercept: float
    slopes: tuple[float, ...]
    largest_shift: float
    periods: int
    skill: float

    @property
    def useful(self) -> bool:
        """Whether it foretold anything worth while: the written rule for using it at all."""
        return self.skill > _LEAST_SKILL

    def shift(self, month: int, series: Mapping[str, MacroSeries]) -> float:
        """The shift of log odds for loans of ``month``, by what was published on its first day.

        Raises:
            BadInput: a series is missing or was not yet published.
        """
        row = _row(month, [_series(series, name) for name in self.names])
        if row is None:
            raise BadInput(
                "a series had no value yet", field="month", rule="published before the month"
            )
        scaled = (np.array(row) - self.means) / self.scales
        free = self.intercept + float(scaled @ np.array(self.slopes))
        return min(max(free, -self.largest_shift), self.largest_shift)

    def rows(self) -> list[tuple[object, ...]]:
        """Name and slope of each series, as ``OVERLAY_COLUMNS`` heads them."""
        return list(zip(self.names, self.slopes, strict=True))


OVERLAY_COLUMNS = (
    Column(Words(zh="宏观序列", en="Macro series")),
    Column(Words(zh="每标准差的对数几率", en="Log odds per standard deviation"), Kind.NUMBER, 3),
)


def fit_overlay(
    periods: Sequence[Period],
    series: Sequence[MacroSeries],
    month: int,
    settings: OverlaySettings = OverlaySettings(),
) -> Overlay:
    """A weighted ridge regression of each period's miss on what was published at its start.

    Only periods whose outcome was known by the first day of ``month`` are used (``Period.ripe``).
    Macro regressions of logit default rates: Wilson, Portfolio credit risk, Risk (1997); the
    shrinkage is ours, for a dozen periods carry few parameters. Series published later in a
    revised form flatter it: hand in the first publication where there is one.

    Raises:
        BadInput: too few periods (how many are needed), no series, or one that does not vary.
    """
    if not series:
        raise BadInput("no macro series", field="series", rule="at least one")
    usable = _usable(periods, series, month)
    if len(usable) < settings.least_periods:
        raise BadInput(
            f"{len(usable)} periods are known; {settings.least_periods} are needed",
            field="periods",
            rule=f"at least {settings.least_periods} matured periods",
        )
    names = tuple(one.name for one in series)
    fit = _fit(usable, names, settings)
    skill = _skill(usable, names, settings)
    return Overlay(names, *fit, settings.largest_shift, len(usable), skill)


# A period with its row of macro values.
_Known = tuple[Period, tuple[float, ...]]
# Means, scales, intercept and slopes.
_Fit = tuple[tuple[float, ...], tuple[float, ...], float, tuple[float, ...]]


def _usable(periods: Sequence[Period], series: Sequence[MacroSeries], month: int) -> list[_Known]:
    known = sorted((p for p in periods if p.ripe <= month), key=lambda p: p.month)
    rows = [(period, _row(period.month, series)) for period in known]
    return [(period, row) for period, row in rows if row is not None]


def _row(month: int, series: Sequence[MacroSeries]) -> tuple[float, ...] | None:
    values = [one.known(month) for one in series]
    found = tuple(value for value in values if value is not None)
    return found if len(found) == len(values) else None


def _fit(usable: Sequence[_Known], names: Sequence[str], settings: OverlaySettings) -> _Fit:
    matrix = np.array([row for _, row in usable])
    means, scales = matrix.mean(axis=0), matrix.std(axis=0)
    for name, scale in zip(names, scales.tolist(), strict=True):
        if not scale > 0:
            raise BadInput(f"series {name} does not vary", field=name, rule="more than one value")
    misses: Floats = np.array([period.miss() for period, _ in usable])
    design = np.column_stack([np.ones(len(matrix)), (matrix - means) / scales])
    # The intercept is free: the level of the calibration itself.
    penalty = np.diag([0.0] + [settings.ridge] * len(names))
    left = (design * misses[:, 1:]).T @ design + penalty
    beta = np.linalg.solve(left, design.T @ (misses[:, 1] * misses[:, 0])).tolist()
    return tuple(means.tolist()), tuple(scales.tolist()), beta[0], tuple(beta[1:])


def _skill(usable: Sequence[_Known], names: Sequence[str], settings: OverlaySettings) -> float:
    """Foretell each period from the ones known at its start; NaN where none could be."""
    error = nothing = 0.0
    for period, row in usable:
        before = [item for item in usable if item[0].ripe <= period.month]
        if 2 * len(before) < settings.least_periods:
            continue
        try:
            means, scales, intercept, slopes = _fit(before, names, settings)
        except BadInput:  # a series that did not vary so far foretells nothing yet
            continue
        scaled = (np.array(row) - means) / scales
        bound = settings.largest_shift
        told = min(max(intercept + float(scaled @ np.array(slopes)), -bound), bound)
        gap, information = period.miss()
        error += information * (gap - told) ** 2
        nothing += information * gap**2
    return 1.0 - error / nothing if nothing else math.nan


def _series(series: Mapping[str, MacroSeries], name: str) -> MacroSeries:
    if name not in series:
        raise BadInput(f"series {name} is missing", field=name, rule="every series of the overlay")
    return series[name]
