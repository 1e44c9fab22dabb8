"""FEEL and DMN 1.5: load a decision model, evaluate it, see which rules fired and why.

    model = load("credit.dmn")
    result = model.evaluate({"score": 640, "amount": Decimal("50000")}, "decision")

Usable alone: standard library and ``tael.kernel`` only. ``feel`` is the language from text to
value, ``model`` a DMN file as a graph; ``evaluate`` runs it and ``trace`` tells what happened. Null
never comes without a warning that says where and why. ``authoring`` makes models in Python and in
spreadsheets, ``conformance`` runs the standard's test kit; both load when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tael.dmn.errors import DmnError, FeelSyntaxError
from tael.dmn.evaluate import Model, load, loads
from tael.dmn.feel.durations import DaysDuration, MonthsDuration
from tael.dmn.feel.temporal import Date, DateTime, Time
from tael.dmn.feel.values import Range, Value
from tael.dmn.findings import Finding
from tael.dmn.reasons import Explanation, Reason
from tael.dmn.trace import FeelWarning, Fired, Result, Step, Trace

if TYPE_CHECKING:
    from tael.dmn import authoring, conformance, types
    from tael.dmn.columnar.batch import BatchResult
    from tael.dmn.partial import Partial

__all__ = [
    "BatchResult", "Date", "DateTime", "DaysDuration", "DmnError", "Explanation", "FeelSyntaxError",
    "FeelWarning", "Finding", "Fired", "Model", "MonthsDuration", "Partial", "Range", "Reason",
    "Result", "Step", "Time", "Trace", "Value", "authoring", "conformance", "load", "loads",
    "types",
]  # fmt: skip

# Names that load when first read, with the module each stands in; '' is a module itself.
_LATER = {
    "BatchResult": "columnar.batch",
    "Partial": "partial",
    "authoring": "",
    "conformance": "",
    "types": "",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not _LATER[name]:
        return import_module(f"{__name__}.{name}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
