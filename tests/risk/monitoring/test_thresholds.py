"""Thresholds are data: written, read back, and refused when they make no sense."""

from __future__ import annotations

import json

import pytest

from tael.kernel import BadInput
from tael.risk.monitoring import Limit, Thresholds


def test_thresholds_come_back_as_they_were_written() -> None:
    mine = Thresholds(version="mine", auc_drop=Limit(0.01, 0.03))
    assert Thresholds.from_json(mine.to_json()) == mine
    assert mine.hash != Thresholds().hash


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "other"}, "format"),
        ({"coverage": {"watch": 0.2, "act": 0.1}}, "coverage"),
        ({"coverage": {"watch": 0.2}}, "coverage"),
        ({"coverage": {"watch": "much", "act": 1}}, "coverage"),
        ({"coverage": None}, "coverage"),
    ],
)
def test_thresholds_without_sense_are_refused(change: dict[str, object], field: str) -> None:
    data = {**json.loads(Thresholds().to_json()), **change}
    with pytest.raises(BadInput) as told:
        Thresholds.from_json(json.dumps(data))
    assert told.value.field == field


def test_a_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(BadInput, match="not JSON"):
        Thresholds.from_json("{")
