"""``tael dmn tck`` on a small kit of our own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
KIT = Path(__file__).parents[1] / "dmn" / "conformance" / "kit"


def test_json_is_one_object_of_levels_and_columns(run: Run) -> None:
    said = run("dmn", "tck", str(KIT), "--json")

    assert said.json["levels"] == {
        "2": {"cases": 2, "passed": 2, "nonnull_cases": 1, "nonnull_passed": 1},
        "3": {"cases": 4, "passed": 3, "nonnull_cases": 3, "nonnull_passed": 2},
    }
    accepted, equal = (said.json["columnar"][key] for key in ("accepted", "equal"))
    assert 0 < accepted == equal <= 6
    assert set(said.json) == {"levels", "columnar"}
    assert said.code == 6


def test_all_passing_ends_with_zero(run: Run, tmp_path: Path) -> None:
    level = "compliance-level-2"
    shutil.copytree(KIT / level, tmp_path / level)
    said = run("dmn", "tck", str(tmp_path))

    assert said.code == 0
    assert "100.00 %" in said.out


def test_why_lists_each_miss_beside_the_table(run: Run) -> None:
    said = run("dmn", "tck", str(KIT), "--why")
    assert "level 3 0001-instalments 003: due days" in said.out
    assert "1 cases failed" in said.err


def test_misses_do_not_disturb_the_json(run: Run) -> None:
    said = run("dmn", "tck", str(KIT), "--why", "--json")
    assert said.json
    assert "0001-instalments 003" in said.err


def test_the_result_file_is_written_with_its_properties(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tck_results.csv"
    run("dmn", "tck", str(KIT), "--csv", str(file))

    assert len(file.read_text("utf-8").splitlines()) == 6
    assert "product.name=Tael\n" in file.with_suffix(".properties").read_text("utf-8")


def test_a_broken_test_file_is_named_and_the_rest_counted(run: Run, tmp_path: Path) -> None:
    kit = Path(shutil.copytree(KIT, tmp_path / "kit"))
    bad = kit / "compliance-level-2" / "0001-discount" / "0001-discount-test-01.xml"
    bad.write_text("<testCases>\n<", "utf-8")
    said = run("dmn", "tck", str(kit), "--json")

    assert said.code == 6
    assert f"{bad}:2: not well-formed" in said.err
    assert said.json["levels"]["3"]["cases"] == 4


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_folder_that_is_not_there_is_bad_input(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    said = run("dmn", "tck", str(tmp_path / "none"), *words)
    assert said.code == 3
    assert "no such folder" in said.err


def test_an_unreadable_model_is_named_with_its_line_and_the_rest_counted(
    run: Run, tmp_path: Path
) -> None:
    kit = Path(shutil.copytree(KIT, tmp_path / "kit"))
    model = kit / "compliance-level-2" / "0001-discount" / "0001-discount.dmn"
    model.write_text("<definitions>\n<", "utf-8")
    said = run("dmn", "tck", str(kit), "--json")

    assert said.err.count(f"{model}:2: not well-formed") == 1
    assert said.json["levels"]["2"] == {
        "cases": 2, "passed": 0, "nonnull_cases": 1, "nonnull_passed": 0,
    }  # fmt: skip
    assert said.json["levels"]["3"]["passed"] == 3
