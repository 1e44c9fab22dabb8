"""PMML read by a small evaluator of this file alone: the same points, odds and reasons."""

from __future__ import annotations

import itertools
import math
import operator
import shlex
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tael.dmn.authoring import Draft
from tael.kernel import BadInput
from tael.risk import Scorecard
from tael.risk.boosting import MonotoneBooster
from tael.risk.calibration import Calibrator
from tael.risk.export import Provenance, points_to_pmml, to_pmml

Rows = dict[str, Any]
Row = dict[str, Any]
Labelled = tuple[Rows, Any]
FEW = 250


class Pmml:
    """What of PMML 4.4 our documents use, read as the specification says."""

    def __init__(self, text: str) -> None:
        plain = text.split("?>", 1)[1].replace(' xmlns="', ' was="')
        self.root = ET.fromstring(plain)  # noqa: S314 - written a moment ago
        self.kinds = {f.get("name"): f.get("dataType") for f in self.root.iter("DataField")}
        self.missing = {
            (f.get("name"), str(v.get("value")))
            for f in self.root.iter("DataField")
            for v in f.iter("Value")
            if v.get("property") == "missing"
        }
        found = self.root.find("Scorecard")
        self.body = self.root.find("MiningModel") if found is None else found
        assert self.body is not None

    def evaluate(self, given: Row) -> Row:
        row = {n: self._read(n, value) for n, value in given.items() if n in self.kinds}
        assert self.body is not None
        reasons: list[str] = []
        if self.body.tag == "Scorecard":
            value, reasons = scorecard(self.body, row)
        else:
            value = sum(tree(each, row) for each in self.body.iter("TreeModel"))
        found: Row = {}
        for field in self.body.iterfind("Output/OutputField"):
            found[str(field.get("name"))] = self._output(field, value, reasons, found)
        return found

    def _read(self, name: str, value: Any) -> Any:
        told = [text for field, text in self.missing if field == name]
        if value is None or self.kinds[name] == "string":
            return None if value in told else value
        number = float(np.float32(value) if self.kinds[name] == "float" else value)
        return None if math.isnan(number) or number in map(float, told) else number

    def _output(self, field: ET.Element, value: float, reasons: list[str], found: Row) -> Any:
        if field.get("feature") == "reasonCode":
            return reasons[int(field.get("rank", "1")) - 1]
        if field.get("feature") == "predictedValue":
            return int(value) if field.get("dataType") == "integer" else value
        return formula(field[0], found)


def scorecard(body: ET.Element, row: Row) -> tuple[float, list[str]]:
    total = float(body.get("initialScore", "0"))
    below: list[tuple[float, int, str]] = []
    for number, each in enumerate(body.iter("Characteristic")):
        scores = (float(a.get("partialScore", "")) for a in each if predicate(a[0], row))
        score = next(scores)
        total += score
        if body.get("useReasonCodes") == "true":
            gap = float(each.get("baselineScore", "")) - score
            below.append((-gap, number, each.get("reasonCode", "")))
    return total, [code for _, _, code in sorted(below)]


def tree(model: ET.Element, row: Row) -> float:
    node = model.find("Node")
    assert node is not None
    while node.get("score") is None:
        children = node.findall("Node")
        answers = [predicate(child[0], row) for child in children]
        if None in answers:
            node = next(c for c in children if c.get("id") == node.get("defaultChild"))
        else:
            node = children[answers.index(True)]
    return float(node.get("score", ""))


def predicate(asked: ET.Element, row: Row) -> bool | None:
    if asked.tag == "True":
        return True
    value, how = row[asked.get("field", "")], asked.get("operator")
    if how == "isMissing":
        return value is None
    if value is None:
        return None
    if asked.tag == "SimpleSetPredicate":
        within = value in shlex.split(str(asked[0].text or ""))
        return within == (asked.get("booleanOperator") == "isIn")
    bound = float(asked.get("value", ""))
    compare = {
        "equal": float.__eq__, "lessThan": float.__lt__, "lessOrEqual": float.__le__,
        "greaterThan": float.__gt__,
    }[str(how)]  # fmt: skip
    return compare(value, bound)


def formula(asked: ET.Element, known: Row) -> float:
    if asked.tag == "Constant":
        return float(str(asked.text))
    if asked.tag == "FieldRef":
        return float(known[asked.get("field", "")])
    if asked.tag == "NormContinuous":
        return between(asked, float(known[asked.get("field", "")]))
    given = [formula(each, known) for each in asked]
    return FUNCTIONS[asked.get("function", "")](*given)


FUNCTIONS: dict[str, Callable[..., float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "max": max, "exp": math.exp, "ln": math.log, "abs": abs,
}  # fmt: skip


def between(asked: ET.Element, z: float) -> float:
    knots = [(float(k.get("orig", "")), float(k.get("norm", ""))) for k in asked]
    for (low, start), (high, end) in itertools.pairwise(knots):
        if z <= high or (high, end) == knots[-1]:
            return start + (z - low) / (high - low) * (end - start)
    raise AssertionError


def rows_of(columns: Rows, count: int = FEW) -> list[Row]:
    return [{name: values[i] for name, values in columns.items()} for i in range(count)]


def test_a_scorecard_gives_the_same_points(card: Scorecard, card_rows: Rows) -> None:
    read = Pmml(points_to_pmml(card))
    found = [read.evaluate(row)["points"] for row in rows_of(card_rows, 1_000)]
    assert found == card.points(card_rows)[:1_000].tolist()


def test_a_scorecard_gives_the_same_log_odds_bit_for_bit(card: Scorecard, card_rows: Rows) -> None:
    read = Pmml(to_pmml(card))
    found = [read.evaluate(row) for row in rows_of(card_rows)]
    assert [each["log_odds"] for each in found] == card.log_odds(card_rows)[:FEW].tolist()
    ours = card.predict_proba(card_rows)[:FEW, 1]
    assert np.abs(np.array([each["pd"] for each in found]) - ours).max() < 1e-15


def test_the_first_reason_is_the_variable_furthest_below_the_average(
    card: Scorecard, train: Labelled
) -> None:
    read = Pmml(points_to_pmml(card))
    for row in rows_of(train[0], 100):
        below = [
            (item.average() - card_points(item, row), item.binning.feature.reason_code)
            for item in card.characteristics_
        ]
        worst = max(gap for gap, _ in below)
        assert read.evaluate(row)["reason_1"] in {code for gap, code in below if gap == worst}


def card_points(item: Any, row: Row) -> int:
    values = np.array([row[item.name]], dtype=object)
    return int(item.points[int(item.binning.assign(values)[0])])


@pytest.mark.parametrize("fixture", ["booster", "coded_booster"])
def test_a_booster_gives_the_same_log_odds(
    fixture: str, booster_rows: Rows, request: pytest.FixtureRequest
) -> None:
    model: MonotoneBooster = request.getfixturevalue(fixture)
    read = Pmml(to_pmml(model))
    found = np.array([read.evaluate(row)["log_odds"] for row in rows_of(booster_rows)])
    assert np.abs(found - model.log_odds(booster_rows)[:FEW]).max() < 1e-14


@pytest.mark.parametrize("method", ["shift", "platt", "beta", "isotonic"])
def test_the_calibration_goes_with_the_model(
    method: str, card: Scorecard, card_rows: Rows, later: Labelled
) -> None:
    calibrator = Calibrator(method).fit(card.log_odds(later[0]), later[1])
    read = Pmml(to_pmml(card, calibrator))
    found = np.array([read.evaluate(row)["pd"] for row in rows_of(card_rows)])
    ours = calibrator.pd(card.log_odds(card_rows)[:FEW])
    assert np.abs(found - ours).max() < 1e-12


def test_a_decision_model_calls_the_scorecard_as_a_function_of_kind_pmml(
    card: Scorecard, train: Labelled
) -> None:
    kinds = {i.name: i.binning.feature.kind for i in card.characteristics_}
    types = {name: "number" if kind == "numeric" else "string" for name, kind in kinds.items()}
    draft = Draft.new("external", "https://example.org/tael/points")
    for name, kind in types.items():
        draft = draft.input(name, kind)
    draft = draft.external("score", "points", types)
    draft = draft.decision("points", f"score({', '.join(types)})", "number")
    read = Pmml(points_to_pmml(card))

    def score(*given: Any) -> int:
        return int(read.evaluate(dict(zip(types, given, strict=True)))["points"])

    model = draft.model().with_functions({"points": score})
    row = {name: train[0][name][11] for name in types}
    told = {name: Decimal(str(v)) if types[name] == "number" else v for name, v in row.items()}
    result = model.evaluate(told, "points")
    assert result.outputs["points"] == card.score_of(row)
    assert list(result.warnings) == []


def test_the_document_names_model_plan_calibration_and_version(
    card: Scorecard, later: Labelled
) -> None:
    calibrator = Calibrator("shift").fit(card.log_odds(later[0]), later[1])
    written = to_pmml(card, calibrator, Provenance(plan="p" * 64, name="sme/3"))
    read = Pmml(written).root
    told = {each.get("name"): each.get("value") for each in read.iter("Extension")}
    assert told == {
        "tael.model": card.hash,
        "tael.plan": "p" * 64,
        "tael.calibration": calibrator.hash,
    }
    header = read.find("Header")
    assert header is not None
    assert header.get("description") == "sme/3"
    assert [each.get("name") for each in read.iter("Application")] == ["tael"]
    assert to_pmml(card, calibrator, Provenance(plan="p" * 64, name="sme/3")) == written


def _other_kind() -> str:
    return to_pmml("a model")  # type: ignore[arg-type]


def _untrained() -> str:
    return points_to_pmml(Scorecard())


@pytest.mark.parametrize("ask", [_other_kind, _untrained])
def test_what_has_no_form_is_refused(ask: Any) -> None:
    with pytest.raises(BadInput):
        ask()
