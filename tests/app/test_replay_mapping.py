"""A mapping is read strictly, and lets nothing in that is known only later."""

from __future__ import annotations

import copy
import csv
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tael.app.replay import load_mapping
from tael.app.replay.mapping import read_mapping
from tael.kernel import BadInput, NotFound

CASES = Path(__file__).parent / "cases"
WRONG = list(csv.DictReader((CASES / "replay_mappings.csv").read_text("utf-8").splitlines()))


@pytest.fixture
def written() -> dict[str, object]:
    return yaml.safe_load((CASES / "replay_loans.yaml").read_text("utf-8"))


def changed(data: dict[str, object], path: str, value: object) -> dict[str, object]:
    copied = copy.deepcopy(data)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = copied
    for step in way:
        place = place[step]
    place[last] = value
    return copied


def test_the_shipped_mapping_reads_no_column_that_leaks() -> None:
    mapping = load_mapping("sba-7a")
    read = {column for item in mapping.features for column in item.columns}
    assert not read & {"Term", "MIS_Status", "ChgOffDate", "ChgOffPrinGr", "BalanceGross"}
    assert not read & {"DisbursementDate", "DisbursementGross", "samples", "Bank"}
    assert mapping.alarm.level == Decimal("0.75")
    assert mapping.samples is not None
    assert mapping.samples.sources["balanced_30000"] == (Decimal("49.307"), Decimal("10.504"))


def test_a_mapping_of_a_lender_is_read_from_its_file() -> None:
    mapping = load_mapping(CASES / "replay_loans.yaml")
    assert (mapping.name, len(mapping.features)) == ("invented", 5)
    assert mapping.columns["months"] == "term"


@pytest.mark.parametrize("case", WRONG, ids=[row["case"] for row in WRONG])
def test_a_wrong_mapping_names_field_and_rule(
    case: dict[str, str], written: dict[str, object]
) -> None:
    with pytest.raises(BadInput) as caught:
        read_mapping(changed(written, case["path"], yaml.safe_load(case["value"])))
    assert caught.value.field == case["field"]
    assert str(caught.value.rule).startswith(case["rule"])


def test_a_leaking_feature_is_refused_with_the_note_of_its_column(
    written: dict[str, object],
) -> None:
    with pytest.raises(BadInput, match="written after the outcome") as caught:
        read_mapping(changed(written, "features.0.column", "late_flag"))
    assert caught.value.code == "leak_refused"


def test_a_signed_reason_raises_the_alarm_level(written: dict[str, object]) -> None:
    signed = {"level": 0.8, "raised_by": "An Actuary", "reason": "the book is of one product"}
    assert read_mapping(changed(written, "alarm", signed)).alarm.level == Decimal("0.8")


def test_a_mapping_nobody_ships_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="sba-7a"):
        load_mapping("sba-504")
    with pytest.raises(NotFound):
        load_mapping(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "rule"), [("a: [", "YAML"), ("- 1", "names with values"), ("", "names with values")]
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_mapping(path)
    assert caught.value.rule == rule
