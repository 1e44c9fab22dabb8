"""How a model answers to one variable: partial dependence, local effects, single rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.kernel import BadInput
from tael.risk.columns import Floats, Ints
from tael.risk.explain.importance import Predict
from tael.risk.sample import Values

_LEAST_POINTS = 2


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over one variable.

    Attributes:
        grid: float64 [points], rising: values of the variable.
        effect: float64 [points]: log odds; of accumulated effects, from their mean.
        rows: int64 [points]: rows in the interval that ends at each point; of the first, the rest.
        missing: log odds where the variable is missing, as ``effect`` is counted; NaN where not
            asked.
    """

    grid: Floats
    effect: Floats
    rows: Ints
    missing: float


def partial_dependence(predict: Predict, matrix: Values, place: int, points: int = 20) -> Curve:
    """The mean log odds of all rows with the variable set to each value of a grid.

    The grid are quantiles of the values seen. Unlike local effects it also asks for rows that
    cannot be, so trust it where variables are not bound to each other. Source: Friedman, Greedy
    function approximation, Annals of Statistics 29 (2001), section 8.2.

    Raises:
        BadInput: no such column, or fewer than two different values.
    """
    grid, rows = _grid(matrix, place, points)
    effect = [_mean(_answers(predict, matrix, place, value)) for value in grid]
    missing = _mean(_answers(predict, matrix, place, np.float32(np.nan)))
    return Curve(grid.astype(np.float64), np.array(effect), rows, missing)


def individual_curves(
    predict: Predict, matrix: Values, place: int, points: int = 20
) -> tuple[Floats, Floats]:
    """The grid, and float64 [rows, points]: each row's log odds along it.

    Source: Goldstein et al., Peeking inside the black box, JCGS 24 (2015).

    Raises:
        BadInput: no such column, or fewer than two different values.
    """
    grid, _ = _grid(matrix, place, points)
    curves = [_answers(predict, matrix, place, value) for value in grid]
    return grid.astype(np.float64), np.column_stack(curves)


def local_effects(predict: Predict, matrix: Values, place: int, points: int = 20) -> Curve:
    """Accumulated local effects: what the variable changes among rows that lie near each value.

    In each interval of quantiles the rows within it are asked at both its ends; the mean
    differences are summed up and centred on the mean over rows. Rows without the variable are left
    out. Source: Apley and Zhu, Visualizing the effects of predictor variables in black box
    supervised learning models, JRSS B 82 (2020), equations 15 and 16.

    Raises:
        BadInput: no such column, or fewer than two different values.
    """
    grid, rows = _grid(matrix, place, points)
    seen = matrix[~np.isnan(matrix[:, place])]
    within = np.searchsorted(grid, seen[:, place], side="left").clip(min=1)
    steps = np.zeros(len(grid))
    for at in range(1, len(grid)):
        here = seen[within == at]
        if len(here):
            upper = _answers(predict, here, place, grid[at])
            steps[at] = _mean(upper - _answers(predict, here, place, grid[at - 1]))
    effect = np.cumsum(steps)
    # Each row counts with the middle of its interval, as the paper's estimate does.
    middle = (effect[1:] + effect[:-1]) / 2
    counted = np.bincount(within, minlength=len(grid))[1:]
    centre = float(middle @ counted) / float(counted.sum())
    return Curve(grid.astype(np.float64), effect - centre, rows, float("nan"))


def _grid(matrix: Values, place: int, points: int) -> tuple[Values, Ints]:
    """Distinct quantiles of a column, and the rows of each interval."""
    if not 0 <= place < matrix.shape[1]:
        raise BadInput(f"there is no column {place}", field="place", rule="a column of the matrix")
    if points < _LEAST_POINTS:
        raise BadInput(f"{points} points make no curve", field="points", rule="two or more")
    values = matrix[:, place]
    seen = values[~np.isnan(values)]
    shares = np.linspace(0.0, 1.0, points)
    grid = np.unique(np.quantile(seen, shares, method="inverted_cdf")) if len(seen) else seen
    if len(grid) < _LEAST_POINTS:
        raise BadInput(
            "the variable has fewer than two different values",
            field="place",
            rule="one that differs",
        )
    within = np.searchsorted(grid, seen, side="left")
    return grid.astype(np.float32), np.bincount(within, minlength=len(grid)).astype(np.int64)


def _answers(predict: Predict, matrix: Values, place: int, value: np.float32) -> Floats:
    changed = matrix.copy()
    changed[:, place] = value
    return np.asarray(predict(changed), dtype=np.float64)


def _mean(values: Floats) -> float:
    """A mean that the order of rows leaves unchanged to the last bit."""
    return float(np.sort(values).mean())
