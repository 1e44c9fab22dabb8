"""A configuration is read as it was written; a wrong one names the field by its path."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tael.kernel import BadInput, Rate
from tael.risk.pipeline import TrainingConfig, read_config

CASES = tomllib.loads(
    (Path(__file__).parent / "cases" / "configurations_refused.toml").read_text("utf-8")
)["case"]
SOUND = """
format: tael.risk.training/1
name: small
version: "1"
values: [values]
outcomes: outcomes.parquet
periods:
  built_on: 2018-01-01
  train: {first: 2014-01-01, until: 2018-01-01}
  test: {first: 2018-01-01, until: 2020-01-01}
"""


def read(raw: object, folder: Path) -> TrainingConfig:
    path = folder / "model.yaml"
    path.write_text(raw if isinstance(raw, str) else yaml.safe_dump(raw), "utf-8")
    return read_config(path)


def parent(raw: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *way, last = path.split(".")
    for name in way:
        raw = raw.setdefault(name, {})
    return raw, last


def changed(case: dict[str, Any]) -> dict[str, Any]:
    """The sound configuration with the case's mistake."""
    raw: dict[str, Any] = yaml.safe_load(SOUND)
    for path, value in case.get("set", {}).items():
        place, name = parent(raw, path)
        place[name] = value["day"] if isinstance(value, dict) else value
    if "drop" in case:
        place, name = parent(raw, case["drop"])
        del place[name]
    return raw


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_wrong_configuration_names_the_field_by_its_path(
    case: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as caught:
        read(changed(case), tmp_path)
    assert caught.value.field == case["field"]
    assert case["says"] in f"{caught.value.message} ({caught.value.rule})"
    assert caught.value.rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no configuration"),
        ("- one\n- two\n", "is no configuration"),
        ("values: [one, two\n", "is no YAML"),
        ("name: \x00", "is no YAML"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=says):
        read(text, tmp_path)


def test_no_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no file") as caught:
        read_config(tmp_path / "none.yaml")
    assert caught.value.field == "config"
    with pytest.raises(BadInput, match="is a folder"):
        read_config(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(BadInput, match="is no YAML"):
        read_config(tmp_path / "model.yaml")


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    found = read(SOUND, tmp_path)
    assert found.periods.built_on == date(2018, 1, 1)
    assert found.selection.wanted == 1063
    assert found.model.kind == "booster"
    assert [str(bound) for bound in found.bounds] == ["0.5%", "1%", "2%", "4%", "8%", "16%"]
    assert found.path("outcomes.parquet") == tmp_path / "outcomes.parquet"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    raw = yaml.safe_load(SOUND) | {
        "version": 2, "bounds": [0.1, "0.25"], "downturn_years": [2015],
        "model": {"kind": "ensemble", "folds": {"by": "borrower", "purge": False}},
    }  # fmt: skip
    found = read(raw, tmp_path)
    assert found.version == "2"
    assert found.bounds == (Rate(Decimal("0.1")), Rate(Decimal("0.25")))
    assert (found.model.folds.by, found.model.folds.purge) == ("borrower", False)
    assert read(raw | {"bounds": []}, tmp_path).bounds == ()


def test_the_hash_is_of_what_decides_and_not_of_the_machine(tmp_path: Path) -> None:
    raw = yaml.safe_load(SOUND)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    first = read(raw, tmp_path)
    threads = raw | {"selection": {"threads": 7}, "model": {"booster": {"threads": 5}}}
    assert read(threads, elsewhere).hash == first.hash
    assert read(raw | {"selection": {"seed": 1}}, tmp_path).hash != first.hash
    assert read(raw | {"name": "other"}, tmp_path).hash != first.hash
