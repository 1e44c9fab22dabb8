"""FEEL and DMN 1.5: load a decision model, evaluate it, see which rules fired and why.

    model = load("credit.dmn")
    result = model.evaluate({"score": 640, "amount": Decimal("50000")}, "decision")

Usable alone: standard library and ``tael.kernel`` only. ``feel`` is the language from text to
value, ``model`` a DMN file as a graph; ``evaluate`` runs it and ``trace`` tells what happened. Null
never comes without a warning that says where and why.
"""

from tael.dmn.errors import DmnError, FeelSyntaxError
from tael.dmn.evaluate import Model, load, loads
from tael.dmn.feel.values import Range, Value
from tael.dmn.trace import FeelWarning, Fired, Result, Step, Trace

__all__ = [
    "DmnError", "FeelSyntaxError", "FeelWarning", "Fired", "Model", "Range", "Result", "Step",
    "Trace", "Value", "load", "loads",
]  # fmt: skip
