"""Logistic regression by Newton's method: weighted, with a small ridge, the same each time."""

from __future__ import annotations

import numpy as np

from tael.kernel import BadInput
from tael.risk.columns import Floats

_STEPS = 50
_CLOSE = 1e-10


def fit_logistic(matrix: Floats, bad: Floats, weight: Floats, *, ridge: float = 1.0) -> Floats:
    """Intercept and coefficients of the log odds of bad.

    Iteratively re-weighted least squares (McCullagh and Nelder, Generalized Linear Models, 1989,
    section 4.4). ``ridge`` is the L2 penalty on the coefficients, not on the intercept.

    Raises:
        BadInput: no convergence.
    """
    design = np.column_stack([np.ones(len(matrix)), matrix])
    penalty = np.diag([0.0] + [ridge] * matrix.shape[1])
    beta: Floats = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-(design @ beta)))
        slope = design.T @ (weight * (bad - chance)) - penalty @ beta
        curve = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve + 1e-12 * np.eye(len(beta)), slope)
        beta = beta + np.clip(step, -5.0, 5.0)
        if float(np.abs(step).max()) < _CLOSE:
            return beta
    raise BadInput(
        "the regression did not converge: a column may tell the outcome exactly",
        field="columns",
        rule="converges in 50 Newton steps",
    )
