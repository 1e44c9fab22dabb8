"""The folder of a model: whole files, steps in their order, nothing changed behind its back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.pipeline import (
    ModelFolder,
    TrainingConfig,
    check_made_with,
    check_unseen,
    read_model,
    rows_of_test,
    rows_of_training,
    run_calibration,
    run_evaluation,
)

pytestmark = pytest.mark.xdist_group("risk_pipeline")


def test_every_step_leaves_its_files_and_no_draft(whole: ModelFolder) -> None:
    assert sorted(file.name for file in whole.path.iterdir()) == [
        "config.json", "evaluation.json", "funnel.json", "future.json", "kept.txt", "model.json",
        "rated.json", "reference.json", "training.json",
    ]  # fmt: skip
    assert whole.has("rated.json")
    assert not whole.has("card.json")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path / "deep" / "model")
    folder.write("kept.txt", "one\ntwo\n")
    folder.write("kept.txt", "one\n")
    assert folder.read("kept.txt") == "one\n"
    assert [file.name for file in folder.path.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("funnel.json", "select"),
        ("kept.txt", "select"),
        ("model.json", "train"),
        ("training.json", "train"),
        ("rated.json", "calibrate"),
        ("evaluation.json", "evaluate"),
    ],
)
def test_a_missing_file_names_the_step_that_writes_it(name: str, step: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"no {name}: run `tael risk {step}` first") as caught:
        ModelFolder(tmp_path).read(name)
    assert caught.value.field == "model"


Change = Callable[[str], str]


def halved(text: str) -> str:
    """The file of a writer that was killed, or of a full disk."""
    return text[: len(text) // 2]


def emptied(text: str) -> str:
    return text[:0] + "{}"


@pytest.mark.parametrize(
    "change",
    [lambda text: text.replace('"anchor":0.0', '"anchor":0.5', 1), halved, emptied],
    ids=["a figure changed", "halved", "emptied"],
)
def test_a_rated_model_that_was_changed_is_refused(change: Change, copied: ModelFolder) -> None:
    text = copied.read("rated.json")
    assert change(text) != text
    copied.write("rated.json", change(text))
    with pytest.raises(BadInput):
        read_model(copied.path / "rated.json")


@pytest.mark.parametrize(
    "change",
    [lambda text: text.replace('"seed":7', '"seed":8', 1), halved, emptied],
    ids=["a figure changed", "halved", "emptied"],
)
def test_a_trained_model_that_was_changed_is_refused(
    change: Change, copied: ModelFolder, config: TrainingConfig
) -> None:
    text = copied.read("model.json")
    assert change(text) != text
    copied.write("model.json", change(text))
    with pytest.raises(BadInput):
        run_calibration(config, copied)


def test_a_model_put_in_the_place_of_the_trained_one_is_refused(
    copied: ModelFolder, config: TrainingConfig
) -> None:
    record = copied.read_json("training.json")
    copied.write_json("training.json", record | {"model": "ab" * 32})
    with pytest.raises(BadInput, match="abababababab was trained") as caught:
        run_calibration(config, copied)
    assert caught.value.field == "model"


def test_another_configuration_is_refused_by_every_later_step(
    copied: ModelFolder, config: TrainingConfig
) -> None:
    other = replace(config, version="2")
    rated = read_model(copied.path / "rated.json")
    before = copied.read("evaluation.json")
    with pytest.raises(BadInput, match="was trained with configuration") as trained:
        run_calibration(other, copied)
    with pytest.raises(BadInput, match="was rated with configuration") as judged:
        run_evaluation(other, copied, rated)
    with pytest.raises(BadInput, match="was rated with configuration"):
        check_made_with(other, rated)
    assert trained.value.field == judged.value.field == "config"
    assert copied.read("evaluation.json") == before


def test_a_damaged_file_names_the_step_to_run_again(copied: ModelFolder) -> None:
    copied.write("training.json", halved(copied.read("training.json")))
    with pytest.raises(BadInput, match=r"is damaged \(.*run `tael risk train` again") as caught:
        copied.read_json("training.json")
    assert caught.value.field == "model"
    copied.write("kept.txt", "{")
    assert copied.read("kept.txt") == "{"  # no JSON, and not meant to be


def test_a_funnel_that_was_changed_is_refused(copied: ModelFolder, config: TrainingConfig) -> None:
    funnel = copied.read_json("funnel.json")
    funnel["period"]["last"] = "2010-06-30T00:00:00"
    copied.write_json("funnel.json", funnel)
    rated = read_model(copied.path / "rated.json")
    with pytest.raises(BadInput, match=r"funnel\.json has hash") as caught:
        run_evaluation(config, copied, rated)
    assert caught.value.field == "model"


def test_rows_that_took_part_in_the_selection_judge_nothing(
    whole: ModelFolder, config: TrainingConfig
) -> None:
    rated = read_model(whole.path / "rated.json")
    rows = rows_of_training(config, rated.names)
    with pytest.raises(BadInput, match="test rows are not later than the last row") as caught:
        check_unseen(config, whole, rated, rows)
    assert caught.value.field == "periods.test"
    with pytest.raises(BadInput, match="there is no row to judge on"):
        check_unseen(config, whole, rated, rows.take(np.arange(0)))
    check_unseen(config, whole, rated, rows_of_test(config, rated.names))
