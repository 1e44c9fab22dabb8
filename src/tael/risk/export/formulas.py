"""What stands behind a model in PMML: its calibration and the probability, as formulas."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tael.risk.calibration import Curve


def output(given: ET.Element, name: str, kind: str, **told: str) -> ET.Element:
    """An output field named ``name`` of data type ``kind``."""
    measured = "categorical" if kind == "string" else "continuous"
    held = {"name": name, "optype": measured, "dataType": kind, **told}
    return ET.SubElement(given, "OutputField", held)


def add_probability(given: ET.Element, curve: Curve | None) -> None:
    """The outputs after ``log_odds``: ``calibrated`` where there is a curve, and ``pd``."""
    source = "log_odds"
    if curve is not None:
        source = "calibrated"
        _curve(output(given, source, "double", feature="transformedValue"), curve)
    held = output(given, "pd", "double", feature="transformedValue")
    below = _apply(_apply(held, "/", 1.0), "+", 1.0)
    _field(_apply(_apply(below, "exp"), "*", -1.0), source)


def _curve(parent: ET.Element, curve: Curve) -> None:
    if curve.method == "shift":
        _field(_apply(parent, "+", curve.parameters[0]), "log_odds")
    elif curve.method == "platt":
        total = _apply(parent, "+", curve.parameters[0])
        _field(_apply(total, "*", curve.parameters[1]), "log_odds")
    elif curve.method == "beta":
        c, a, b = curve.parameters
        total = _apply(parent, "+", c)
        both = _apply(total, "-")
        _softplus(_apply(both, "*", b), sign=1.0)
        _softplus(_apply(both, "*", a), sign=-1.0)
    else:
        _between(parent, curve)


def _between(parent: ET.Element, curve: Curve) -> None:
    """Straight between knots; one more at each end, for what lies beyond follows the last piece."""
    (first, low), (last, high) = curve.knots[0], curve.knots[-1]
    knots = [(first - 1.0, low - 1.0), *curve.knots, (last + 1.0, high + 1.0)]
    held = ET.SubElement(parent, "NormContinuous", {"field": "log_odds", "outliers": "asIs"})
    for before, after in knots:
        ET.SubElement(held, "LinearNorm", {"orig": repr(before), "norm": repr(after)})


def _softplus(parent: ET.Element, *, sign: float) -> None:
    """ln(1 + e^z) as max(z, 0) + ln(1 + e^-|z|), of ``sign`` times the log odds."""
    total = _apply(parent, "+")
    _field(_apply(_apply(total, "max", 0.0), "*", sign), "log_odds")
    small = _apply(_apply(_apply(total, "ln"), "+", 1.0), "exp")
    _field(_apply(_apply(small, "*", -1.0), "abs"), "log_odds")


def _apply(parent: ET.Element, function: str, first: float | None = None) -> ET.Element:
    """A function, its first argument a constant where one is given."""
    held = ET.SubElement(parent, "Apply", {"function": function})
    if first is not None:
        constant = ET.SubElement(held, "Constant", {"dataType": "double"})
        constant.text = repr(first)
    return held


def _field(parent: ET.Element, name: str) -> None:
    ET.SubElement(parent, "FieldRef", {"field": name})
