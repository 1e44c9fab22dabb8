"""External functions of kind PMML: models in Python that their user registers by name.

A model file only names the function. What runs is what was handed to ``loads`` or
``Model.with_functions`` under that name: nothing is imported, opened or looked up anywhere else
(DMN 1.5 clause 10.2.1.7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tael.dmn.errors import Nothing
from tael.dmn.feel.values import Value, from_python
from tael.kernel import BadInput

# Takes FEEL values by position: Decimal, str, bool, None, tuple, mapping, Date and the like; gives
# one, or a float or int.
Registered = Callable[..., object]


def registered_function(
    functions: Mapping[str, Registered], document: str, model: str
) -> Callable[..., Value]:
    """The function registered as ``model``, or as ``document`` where no model is named.

    Raises Nothing when there is none. What the function itself raises becomes null with a warning.
    """
    name = model or document
    function = functions.get(name)
    if function is None:
        known = ", ".join(functions) or "none"
        raise Nothing(f"no function is registered as {name!r}; there are {known}")

    def call(*arguments: Value) -> Value:
        try:
            return from_python(function(*arguments), name)
        except BadInput as error:
            raise Nothing(f"the registered function {name!r} gave no FEEL value: {error}") from None
        except Exception as error:  # noqa: BLE001 - an edge: code that is not ours
            why = f"{type(error).__name__}: {error}"
            raise Nothing(f"the registered function {name!r} failed: {why}") from None

    return call
