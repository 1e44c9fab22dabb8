"""What scikit-learn asks of an estimator, without importing it until somebody calls it."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Rate
from tael.risk.columns import Floats, Ints
from tael.risk.sample import Sample


class EstimatorContract:
    """Parameters by name, and the tags scikit-learn reads: clone and cross-validation work."""

    _estimator_type = "classifier"

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: ARG002, FBT001, FBT002
        """The constructor's parameters by name."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **parameters: object) -> Self:
        """Change parameters by name.

        Raises:
            BadInput: no such parameter.
        """
        for name, value in parameters.items():
            if name not in self._parameter_names():
                raise BadInput(
                    f"no parameter {name!r}", field=name, rule="a parameter of the constructor"
                )
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> object:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags  # noqa: PLC0415

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True, single_output=True),
            classifier_tags=ClassifierTags(multi_class=False),
            input_tags=InputTags(allow_nan=True, categorical=True),
        )

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({given})"


class LogOddsClassifier(EstimatorContract, ABC):
    """A classifier that gives log odds of bad; what follows from these raises as they do."""

    @abstractmethod
    def log_odds(self, X: object) -> Floats:  # noqa: N803 - scikit-learn's name
        """float64 [rows]: the log odds of bad."""

    def predict_proba(self, X: object) -> Floats:  # noqa: N803
        """Probabilities of good and of bad, one row each, shape (rows, 2)."""
        bad = np.array([chance(z) for z in self.log_odds(X).tolist()])
        return np.column_stack([1.0 - bad, bad])

    def predict(self, X: object) -> Ints:  # noqa: N803
        """1 where bad is likelier than good."""
        return (self.log_odds(X) > 0.0).astype(np.int64)

    def pd(self, row: Mapping[str, object]) -> Rate:
        """The probability of default of one row, exact to nine digits: as ``predict_proba`` gives.

        Raises:
            BadInput: a variable of the model is missing from ``row`` (give None for unknown).
        """
        one = {name: np.array([value], dtype=object) for name, value in row.items()}
        return Rate.from_probability(float(self.predict_proba(one)[0, 1]))


def chance(log_odds: float) -> float:
    """The probability of log odds; math.exp and not numpy's: one row has the bits of a million."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    grown = math.exp(log_odds)
    return grown / (1.0 + grown)


def outcome_of(
    data: object, outcome: npt.ArrayLike | None, weight: npt.ArrayLike | None
) -> tuple[object, npt.ArrayLike, npt.ArrayLike | None]:
    """What to train on: of a sample without ``outcome`` its labelled rows, outcomes and weights.

    Raises:
        BadInput: no outcome, and no sample that holds one.
    """
    if isinstance(data, Sample) and outcome is None:
        data = data if data.labelled.all() else data.take(data.labelled)
        outcome, weight = data.bad, data.weight if weight is None else weight
    if outcome is None:
        raise BadInput("there are no outcomes", field="outcome", rule="one per row")
    return data, outcome, weight
