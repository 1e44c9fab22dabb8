"""What scikit-learn asks of an estimator, without importing it until somebody calls it."""

from __future__ import annotations

import inspect
from typing import Self

from tael.kernel import BadInput


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
