"""Models as PMML 4.4: scorecards as points with reason codes or as log odds, boosters as trees.

Standard library only. Specification: Data Mining Group, PMML 4.4, Scorecard, TreeModel and
MiningModel. Numbers are written so that reading them gives the same float again. A missing value
is a missing one of PMML; a text '' counts as missing too; trees read single precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from tael.kernel import BadInput
from tael.risk.binning import OTHER, Binning
from tael.risk.bins import MISSING_CODES
from tael.risk.boosting import MonotoneBooster
from tael.risk.calibration import Calibrator
from tael.risk.export.formulas import add_probability, output
from tael.risk.export.provenance import NOWHERE, Provenance, version
from tael.risk.matrix import CodeBook
from tael.risk.scorecard import Scorecard
from tael.risk.trees import Trees

_NAMESPACE = "http://www.dmg.org/PMML-4_4"
_MOST_REASONS = 4


def to_pmml(
    model: Scorecard | MonotoneBooster,
    calibrator: Calibrator | None = None,
    provenance: Provenance = NOWHERE,
) -> str:
    """The log odds and the probability of default of a model as a PMML 4.4 document.

    Outputs: ``log_odds`` (before calibration), ``calibrated`` where there is a calibrator, ``pd``.

    Raises:
        BadInput: a model that is not trained, or of another kind.
    """
    told = {} if calibrator is None else {"tael.calibration": calibrator.hash}
    curve = None if calibrator is None else calibrator.curve_
    if isinstance(model, Scorecard):
        root = _document(
            {**told, "tael.model": model.hash, "tael.plan": provenance.plan}, provenance
        )
        given, body = _scorecard(root, model, {"modelName": "log_odds", "useReasonCodes": "false"})
        body.set("initialScore", repr(model.intercept_))
        _characteristics(body, model, points=False)
    elif isinstance(model, MonotoneBooster):
        plan = provenance.plan or model.plan_
        root = _document({**told, "tael.model": model.hash, "tael.plan": plan}, provenance)
        given = _booster(root, model)
    else:
        raise BadInput(
            f"a {type(model).__name__} has no PMML form here",
            field="model",
            rule="a scorecard or a booster",
        )
    output(given, "log_odds", "double", feature="predictedValue")
    add_probability(given, curve)
    return _written(root)


def points_to_pmml(card: Scorecard, provenance: Provenance = NOWHERE) -> str:
    """The points of a scorecard as a PMML 4.4 document, with reason codes.

    Outputs: ``points`` (whole), and ``reason_1`` to ``reason_4``: the codes of the characteristics
    furthest below the points of the average training row.

    Raises:
        BadInput: a scorecard that is not trained.
    """
    root = _document({"tael.model": card.hash, "tael.plan": provenance.plan}, provenance)
    told = {
        "modelName": "points",
        "initialScore": "0",
        "useReasonCodes": "true",
        "reasonCodeAlgorithm": "pointsBelow",
        "baselineMethod": "mean",
    }
    given, body = _scorecard(root, card, told)
    _characteristics(body, card, points=True)
    output(given, "points", "integer", feature="predictedValue")
    for rank in range(1, min(_MOST_REASONS, len(card.characteristics_)) + 1):
        output(given, f"reason_{rank}", "string", feature="reasonCode", rank=str(rank))
    return _written(root)


# --- the document


def _document(told: dict[str, str], provenance: Provenance) -> ET.Element:
    root = ET.Element("PMML", {"version": "4.4", "xmlns": _NAMESPACE})
    header = ET.SubElement(root, "Header", {"description": provenance.name or "tael.risk"})
    for name, value in sorted(told.items()):
        ET.SubElement(header, "Extension", {"name": name, "value": value})
    ET.SubElement(header, "Application", {"name": "tael", "version": version()})
    return root


def _dictionary(
    root: ET.Element, fields: Iterable[tuple[str, str]], codes: Sequence[float] = ()
) -> None:
    """The fields with the type of their numbers, '' for a text; ``codes`` count as missing."""
    held = list(fields)
    dictionary = ET.SubElement(root, "DataDictionary", {"numberOfFields": str(len(held))})
    for name, kind in held:
        told = {"name": name, "optype": "continuous" if kind else "categorical"}
        field = ET.SubElement(dictionary, "DataField", {**told, "dataType": kind or "string"})
        for value in map(repr, codes) if kind else ("",):
            ET.SubElement(field, "Value", {"value": value, "property": "missing"})


def _schema(body: ET.Element, names: Iterable[str]) -> None:
    schema = ET.SubElement(body, "MiningSchema")
    for name in names:
        # No range or list of values is declared, so a text never seen is not invalid.
        ET.SubElement(schema, "MiningField", {"name": name, "usageType": "active"})


def _written(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


# --- scorecards


def _scorecard(
    root: ET.Element, card: Scorecard, told: dict[str, str]
) -> tuple[ET.Element, ET.Element]:
    """The element of the outputs and that of the scorecard, without characteristics yet."""
    if not hasattr(card, "characteristics_"):
        raise BadInput("the scorecard is not trained", field="scorecard", rule="fit first")
    kinds = {item.name: item.binning.feature.kind for item in card.characteristics_}
    _dictionary(root, [(n, "double" if k == "numeric" else "") for n, k in kinds.items()])
    body = ET.SubElement(root, "Scorecard", {"functionName": "regression", **told})
    _schema(body, kinds)
    return ET.SubElement(body, "Output"), body


def _characteristics(body: ET.Element, card: Scorecard, *, points: bool) -> None:
    held = ET.SubElement(body, "Characteristics")
    for item in card.characteristics_:
        told = {"name": item.name}
        if points:
            told |= {
                "reasonCode": item.binning.feature.reason_code,
                "baselineScore": str(item.average()),
            }
        characteristic = ET.SubElement(held, "Characteristic", told)
        scores = [repr(each) for each in (item.points if points else item.logits)]
        _attributes(characteristic, item.binning, scores)


def _attributes(characteristic: ET.Element, binning: Binning, scores: Sequence[str]) -> None:
    """An attribute a bin; the first that is true counts, so missing and codes go first."""
    name = binning.feature.name

    def attribute(number: int) -> ET.Element:
        told = {"partialScore": scores[number]}
        return ET.SubElement(characteristic, "Attribute", told)

    absent = {"field": name, "operator": "isMissing"}
    ET.SubElement(attribute(binning.missing), "SimplePredicate", absent)
    if binning.feature.kind != "numeric":
        for number, group in enumerate(binning.groups):
            if OTHER not in group:
                _one_of(attribute(number), name, group)
        others = (number for number, group in enumerate(binning.groups) if OTHER in group)
        ET.SubElement(attribute(next(others, binning.missing)), "True")
        return
    for number, code in enumerate(binning.feature.special, len(binning.cuts) + 1):
        _compare(attribute(number), name, "equal", code)
    for number, cut in enumerate(binning.cuts):
        # The bins below are asked before, so a bin needs its upper bound only.
        _compare(attribute(number), name, "lessThan", cut)
    ET.SubElement(attribute(len(binning.cuts)), "True")


def _compare(parent: ET.Element, name: str, operator: str, value: float) -> None:
    told = {"field": name, "operator": operator, "value": repr(value)}
    ET.SubElement(parent, "SimplePredicate", told)


def _one_of(parent: ET.Element, name: str, texts: Sequence[str], operator: str = "isIn") -> None:
    told = {"field": name, "booleanOperator": operator}
    held = ET.SubElement(parent, "SimpleSetPredicate", told)
    array = ET.SubElement(held, "Array", {"type": "string", "n": str(len(texts))})
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    array.text = " ".join(f'"{text}"' for text in escaped)


# --- trees


def _booster(root: ET.Element, booster: MonotoneBooster) -> ET.Element:
    """Adds the trees, each a segment of a sum; gives the element of the outputs."""
    if not hasattr(booster, "trees_"):
        raise BadInput("the booster is not trained", field="booster", rule="fit first")
    kinds = [(n, "" if n in booster.books_ else "float") for n in booster.names_]
    _dictionary(root, kinds, MISSING_CODES if booster.edge_ else ())
    told = {"modelName": "log_odds", "functionName": "regression"}
    body = ET.SubElement(root, "MiningModel", told)
    _schema(body, booster.names_)
    given = ET.SubElement(body, "Output")
    segments = ET.SubElement(body, "Segmentation", {"multipleModelMethod": "sum"})
    for number, start in enumerate(booster.trees_.roots.tolist()):
        segment = ET.SubElement(segments, "Segment", {"id": str(number + 1)})
        ET.SubElement(segment, "True")
        _tree(segment, booster, start)
    return given


def _tree(segment: ET.Element, booster: MonotoneBooster, start: int) -> None:
    trees, names = booster.trees_, booster.names_
    told = {"functionName": "regression", "missingValueStrategy": "defaultChild"}
    model = ET.SubElement(segment, "TreeModel", {**told, "splitCharacteristic": "binarySplit"})
    reached = _reached(trees, start)
    asked = {names[int(trees.feature[at])] for at in reached if at >= 0}
    _schema(model, [name for name in names if name in asked])
    top = ET.SubElement(model, "Node", {"id": str(start)})
    ET.SubElement(top, "True")
    held = {start: top}
    for at in reached:
        if at < 0:
            held[at].set("score", repr(float(trees.leaf[~at])))
            continue
        left, right = int(trees.left[at]), int(trees.right[at])
        held[at].set("defaultChild", str(left if trees.default_left[at] else right))
        name, threshold = names[int(trees.feature[at])], float(trees.threshold[at])
        for child, operator in ((left, "lessOrEqual"), (right, "greaterThan")):
            held[child] = ET.SubElement(held[at], "Node", {"id": str(child)})
            if name in booster.books_:
                low = operator == "lessOrEqual"
                _side_of(held[child], booster.books_[name], threshold, low=low)
            else:
                _compare(held[child], name, operator, threshold)


def _side_of(node: ET.Element, book: CodeBook, threshold: float, *, low: bool) -> None:
    """The categories whose number is at most ``threshold``, or above; others go with OTHER."""
    texts = [text for i, text in enumerate(book.values) if (i <= threshold) == low]
    if OTHER in texts:
        _one_of(node, book.name, [text for text in book.values if text not in texts], "isNotIn")
    else:
        _one_of(node, book.name, texts)


def _reached(trees: Trees, start: int) -> list[int]:
    """The nodes and leaves of one tree, each after its parent."""
    order = [start]
    for at in order:
        if at >= 0:
            order += [int(trees.left[at]), int(trees.right[at])]
    return order
