"""From a model's log odds to a probability of default, by a written choice of the method."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Rate
from tael.risk.calibration.curve import BETA, FITS, ISOTONIC, PLATT, SHIFT, Curve, Scored
from tael.risk.calibration.distributions import sigmoid
from tael.risk.calibration.kept import canonical, hash_of, read
from tael.risk.columns import Floats, Ints, labels, numbers
from tael.risk.estimator import EstimatorContract

_FORMAT = "tael.calibration/1"
AUTO = "auto"
_PROBE = np.linspace(-50.0, 50.0, 401)

# The written rule: how many bads each method asks for. Below 20 not even the level is known within
# a factor of 1.6; 100 and 200 events: Vergouwe et al., J Clin Epidemiol 58 (2005), and Van Calster
# et al., J Clin Epidemiol 74 (2016); about 1,000 for a free curve: Niculescu-Mizil and Caruana,
# ICML 2005.
LEAST_BADS = {SHIFT: 20, PLATT: 100, BETA: 200, ISOTONIC: 1000}


def method_for(bads: float) -> str:
    """The richest method that ``bads`` bads allow, by ``LEAST_BADS``.

    Raises:
        BadInput: fewer than a shift needs; says how many.
    """
    allowed = [method for method, least in LEAST_BADS.items() if bads >= least]
    if not allowed:
        raise BadInput(
            f"{bads:.4g} bads are too few to calibrate on: {LEAST_BADS[SHIFT]} are needed",
            field="outcome",
            rule=f"at least {LEAST_BADS[SHIFT]} bads",
        )
    return allowed[-1]


class Calibrator(EstimatorContract):
    """Log odds of a model in, calibrated probabilities of default out.

    Keeps the scikit-learn contract; draws no random number; the order of rows does not matter.
    Every method rises strictly, so the ranking of the model is kept.

    Args:
        method: ``shift``, ``platt``, ``beta``, ``isotonic``, or ``auto``: the richest that the
            number of bads allows (``LEAST_BADS``).
        least_bads: fewer bads than this are refused, whatever the method.

    Attributes:
        classes_: ``[0, 1]``.
        curve_: the fitted curve.
        bads_: bads counted as evidence: rows, or with weights Kish's effective number, for a
            weight says how many loans a row stands for and not how many were seen.
        rows_: how many rows there were.
    """

    def __init__(self, method: str = AUTO, *, least_bads: int = LEAST_BADS[SHIFT]) -> None:
        self.method = method
        self.least_bads = least_bads

    def fit(
        self,
        X: npt.ArrayLike,  # noqa: N803 - scikit-learn's name
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Calibrator:
        """Learn from log odds of bad (one column) and outcomes (1 = bad).

        Rows that the model was trained on flatter it: hand in later rows, or log odds of folds.

        Raises:
            BadInput: log odds that are not finite, unknown outcomes, one outcome only, a negative
                weight, too few bads (how many are needed), or a score that does not rank.
        """
        if self.method not in {AUTO, *FITS}:
            raise BadInput(
                f"no method {self.method!r}", field="method", rule=f"auto, {', '.join(FITS)}"
            )
        z = one_column(X)
        weight = frequencies(sample_weight, len(z))
        bad = outcomes(y, len(z))
        self.bads_ = effective(weight[bad > 0])
        if self.bads_ < self.least_bads:
            raise BadInput(
                f"{self.bads_:.4g} bads are too few to calibrate on: {self.least_bads} are needed",
                field="outcome",
                rule=f"at least {self.least_bads} bads",
            )
        chosen = method_for(self.bads_) if self.method == AUTO else self.method
        held = weight > 0
        self.curve_ = FITS[chosen](Scored.of(z[held], bad[held], weight[held]))
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = 1
        self.rows_ = int(held.sum())
        return self

    # --- use

    def log_odds(self, X: npt.ArrayLike) -> Floats:  # noqa: N803
        """Calibrated log odds of bad.

        Raises:
            BadInput: log odds that are not finite.
        """
        return self._fitted().apply(one_column(X))

    def pd(self, X: npt.ArrayLike) -> Floats:  # noqa: N803
        """Calibrated probabilities of default. Raises as ``log_odds``."""
        return sigmoid(self.log_odds(X))

    def rate(self, log_odds: float) -> Rate:
        """The probability of default of one row, to nine digits."""
        return Rate.from_probability(float(self.pd([log_odds])[0]))

    def predict_proba(self, X: npt.ArrayLike) -> Floats:  # noqa: N803
        """Probabilities of good and of bad, one row each, shape (rows, 2)."""
        bad = self.pd(X)
        return np.column_stack([1.0 - bad, bad])

    def predict(self, X: npt.ArrayLike) -> Ints:  # noqa: N803
        """1 where bad is likelier than good."""
        return (self.pd(X) > 0.5).astype(np.int64)  # noqa: PLR2004

    def _fitted(self) -> Curve:
        if not hasattr(self, "curve_"):
            raise BadInput("the calibrator is not trained", field="calibrator", rule="fit first")
        return self.curve_

    # --- keeping

    def to_json(self) -> str:
        """The fitted calibrator as canonical JSON."""
        data = {
            "format": _FORMAT,
            "method": self.method,
            "least_bads": self.least_bads,
            "curve": self._fitted(),
            "evidence": {"bads": self.bads_, "rows": self.rows_},
        }
        return canonical(data)

    @classmethod
    def from_json(cls, text: str) -> Calibrator:
        """The calibrator that ``to_json`` wrote.

        Raises:
            BadInput: not such a text; names the field.
        """
        data = read(text, _FORMAT)
        try:
            return cls._read(data)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise BadInput(
                f"not a calibration: {error}", field="calibration", rule=f"format {_FORMAT}"
            ) from None

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Calibrator:
        found = cls(data["method"], least_bads=data["least_bads"])
        curve = data["curve"]
        knots = tuple((float(z), float(to)) for z, to in curve["knots"])
        found.curve_ = Curve(curve["method"], tuple(map(float, curve["parameters"])), knots)
        rises = np.diff(found.curve_.apply(_PROBE)) > 0
        if found.curve_.method not in FITS or not rises.all():
            raise ValueError("a curve that is unknown or does not rise")
        found.classes_ = np.array([0, 1])
        found.n_features_in_ = 1
        found.bads_, found.rows_ = float(data["evidence"]["bads"]), int(data["evidence"]["rows"])
        return found

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json`` in hexadecimal."""
        return hash_of(self.to_json())


# --- rows


def one_column(values: npt.ArrayLike, field: str = "log_odds") -> Floats:
    """One column of finite numbers, from a vector or a matrix of one column.

    Raises:
        BadInput: several columns, or a value that is not finite; tells how many.
    """
    found = numbers(np.asarray(values), field)
    if found.ndim == 2 and found.shape[1] == 1:  # noqa: PLR2004 - rows and columns
        found = found[:, 0]
    if found.ndim != 1:
        raise BadInput(f"{field} has shape {found.shape}", field=field, rule="one column")
    wrong = int((~np.isfinite(found)).sum())
    if wrong:
        raise BadInput(
            f"{wrong} of {len(found)} values of {field} are not finite",
            field=field,
            rule="finite numbers",
        )
    return found


def outcomes(given: npt.ArrayLike, rows: int) -> Floats:
    """One outcome a row, 0 or 1, both of them present.

    Raises:
        BadInput: unknown outcomes (how many), another length, or one outcome only.
    """
    values = numbers(np.asarray(given), "outcome")
    if values.shape != (rows,):
        raise BadInput(
            f"{values.shape} outcomes for {rows} rows", field="outcome", rule="one per row"
        )
    unknown = int(np.isnan(values).sum())
    if unknown:
        raise BadInput(
            f"{unknown} outcomes are not known; leave those rows out",
            field="outcome",
            rule="0 or 1",
        )
    return labels(values)


def frequencies(given: npt.ArrayLike | None, rows: int) -> Floats:
    """How many loans each row stands for; ones where nothing is given.

    Raises:
        BadInput: another length, a negative or infinite weight, or none above zero.
    """
    if given is None:
        return np.ones(rows)
    values = numbers(np.asarray(given), "sample_weight")
    if values.shape != (rows,) or not np.isfinite(values).all() or (values < 0).any():
        raise BadInput(
            "there is one finite weight per row, none negative",
            field="sample_weight",
            rule="non-negative weights",
        )
    if not values.any():
        raise BadInput("every weight is zero", field="sample_weight", rule="one above zero")
    return values


def effective(weight: Floats) -> float:
    """Kish's effective number of rows: the square of the sum over the sum of squares."""
    ordered = np.sort(weight)
    squares = float(ordered @ ordered)
    return float(ordered.sum()) ** 2 / squares if squares else 0.0
