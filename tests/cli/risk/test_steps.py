"""A model from the shell: from a configuration to scores, and how each command ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.cli.exits import ExitCode

pytestmark = pytest.mark.xdist_group("risk_cli")

Risk = Callable[..., Any]
Fine = Callable[..., dict[str, Any]]


def test_each_step_says_what_it_did_and_keeps_it(lender: Path) -> None:
    selected, trained, calibrated = (
        json.loads((lender / f"{step}.json").read_text("utf-8"))
        for step in ("select", "train", "calibrate")
    )
    model = lender / "model"
    kept = (model / "kept.txt").read_text("utf-8").split()

    assert (selected["kept"], selected["offered"]) == (12, 41)
    assert selected["hash"] == trained["funnel"]
    assert trained["variables"] == 12
    assert set(kept) < set(pq.read_schema(lender / "values.parquet").names)
    assert "form.amount" not in kept
    assert calibrated["bounds"] == ["10%", "20%", "35%"]
    assert json.loads((model / "rated.json").read_text("utf-8"))["hash"] == calibrated["hash"]


def test_the_whole_way_from_evaluation_to_the_registry(
    lender: Path, tmp_path: Path, fine: Fine
) -> None:
    model = lender / "model"
    where = (lender / "model.yaml", "--model", model)
    page = tmp_path / "report.html"

    judged = fine("evaluate", *where, "--segment", "region", "--report", page)
    written = json.loads((model / "evaluation.json").read_text("utf-8"))
    tiers = fine("tiers", *where)
    card = fine("card", *where, "--segment", "region", "--registry", tmp_path / "models")

    assert written == judged
    assert judged["by_year"][0]["auc"]["value"] > 0.65
    assert sorted(one["key"] for one in judged["segments"]["region"]) == ["east", "west"]
    assert tiers == judged["tiers"]
    assert "Calibration" in page.read_text("utf-8")
    assert "校准" in page.with_suffix(".zh.html").read_text("utf-8")
    assert card["registered"] == judged["model"]
    assert not {"variables", "segments"} & set(card["missing"])
    assert (model / "card.zh.html").is_file()


def test_tiers_leave_the_evaluation_alone(lender: Path, fine: Fine) -> None:
    where = (lender / "model.yaml", "--model", lender / "model")
    fine("evaluate", *where, "--segment", "region")
    kept = lender / "model" / "evaluation.json"
    before = kept.read_bytes()

    fine("tiers", *where)

    assert kept.read_bytes() == before


def test_a_score_needs_no_outcome_and_comes_with_reasons(
    lender: Path, tmp_path: Path, fine: Fine
) -> None:
    out = tmp_path / "scores.parquet"
    told = fine(
        "score", lender / "model" / "rated.json", lender / "values.parquet",
        "--form", lender / "form.parquet", "--out", out, "--reasons",
    )  # fmt: skip
    scores = pq.read_table(out)
    worst = int(np.argmax(scores["pd"].to_numpy()))
    reasons = scores["reasons_zh"][worst].as_py()

    assert told["rows"] == scores.num_rows == 900 == sum(told["tiers"].values())
    assert len(told["tiers"]) > 1
    assert str(scores.schema.field("asof").type.tz) == "UTC"
    assert 1 <= len(reasons) <= 4
    assert all(reasons)
    assert len(reasons) == len(scores["reasons_en"][worst])
    assert scores.schema.metadata[b"tael.model"].decode() == told["model"]


def test_monitoring_ends_with_an_alarm_where_something_must_be_done(
    lender: Path, tmp_path: Path, risk: Risk
) -> None:
    page = tmp_path / "months.html"
    model = lender / "model"
    answer = risk(
        "monitor", lender / "model.yaml", "--model", model, "--as-of", "2020-01-01",
        "--report", page, "--json",
    )  # fmt: skip
    acts = [alarm for alarm in answer.json["alarms"] if alarm["step"] == "act"]

    assert answer.code == (ExitCode.ALARM if acts else 0), answer.err
    assert page.is_file()
    assert page.with_suffix(".zh.html").is_file()


def moved(lender: Path, folder: Path, by: float) -> Path:
    """The lender's configuration over values whose firms moved by so much from 2018 on."""
    table = pq.read_table(lender / "values.parquet")
    late = table["asof"].to_numpy() >= np.datetime64("2018-01-01")
    for place, name in enumerate(table.column_names):
        if name.startswith("ent."):
            column = pa.array(table[name].to_numpy() + by * late)
            table = table.set_column(place, name, column)
    pq.write_table(table, folder / "values.parquet")
    for name in ("outcomes.parquet", "model.yaml"):
        (folder / name).write_bytes((lender / name).read_bytes())
    return folder / "model.yaml"


@pytest.mark.parametrize("by", [0.0, 5.0])
def test_what_moved_rings_and_what_stayed_does_not(
    by: float, lender: Path, tmp_path: Path, risk: Risk
) -> None:
    config, model = moved(lender, tmp_path, by), lender / "model"
    where = ("monitor", config, "--model", model, "--as-of", "2020-01-01")
    answer = risk(*where, "--months", "12", "--json")
    alarms = {(one["code"], one["about"], one["step"]) for one in answer.json["alarms"]}
    moves = {one for one in alarms if one[0].endswith("_psi")}
    kept = (model / "kept.txt").read_text("utf-8").split()
    every = {("variable_psi", name, "act") for name in kept} | {("score_psi", "", "act")}

    assert moves == (every if by else set())
    assert {step for *_, step in alarms} <= ({"act", "watch"} if by else {"watch"})
    assert answer.code == (ExitCode.ALARM if by else 0)
    assert answer.json["unjudged"] == []
    if by:
        told = risk(*where, "--months", "3")
        assert answer.code == told.code == ExitCode.ALARM
        assert kept[0] in told.out
        assert "not judged, under 50 applications: 2018Q1, 2018Q2" in told.err


def test_applications_without_an_outcome_are_watched_too(
    lender: Path, tmp_path: Path, risk: Risk
) -> None:
    config = moved(lender, tmp_path, 5.0)
    table = pq.read_table(tmp_path / "outcomes.parquet")
    young = table["asof"].to_numpy() >= np.datetime64("2019-01-01")
    for name in ("bad", "known"):
        held = [
            None if late else one for late, one in zip(young, table[name].to_pylist(), strict=True)
        ]
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(held, table.schema.field(name).type))
    pq.write_table(table, tmp_path / "outcomes.parquet")
    answer = risk(
        "monitor", config, "--model", lender / "model", "--as-of", "2020-01-01",
        "--months", "12", "--json",
    )  # fmt: skip
    figures = answer.json["figures"]

    assert [(one["rows"], one["ripe"] > 0) for one in figures] == [(156, True), (162, False)]
    assert "2019" in {_year(one) for one in answer.json["alarms"] if one["code"] == "score_psi"}


def _year(alarm: dict[str, Any]) -> str:
    return str(1970 + alarm["period"]["first"] // 12)


def test_periods_too_small_to_judge_are_refused_not_passed_over(lender: Path, risk: Risk) -> None:
    where = (lender / "model.yaml", "--model", lender / "model")
    answer = risk("monitor", *where, "--as-of", "2020-01-01", "--months", "1", "--json")

    assert answer.code == 3
    assert answer.json["error"]["field"] == "months"
    assert "none of 24 periods of 1 months holds 50 applications" in answer.err


def test_a_model_that_ranks_too_well_is_taken_for_a_leak(lender: Path, risk: Risk) -> None:
    where = (lender / "model.yaml", "--model", lender / "model")
    answer = risk("evaluate", *where, "--leak-level", "0.6", "--json")

    assert answer.code == ExitCode.ALARM
    assert answer.json["leak"]["level"] == "0.6000"
    assert "above 0.6000 (--leak-level): taken for a leak" in answer.err


def test_a_card_tells_the_segments_of_the_evaluation_and_leaves_it_alone(
    lender: Path, fine: Fine
) -> None:
    where = (lender / "model.yaml", "--model", lender / "model")
    fine("evaluate", *where, "--segment", "region")
    before = (lender / "model" / "evaluation.json").read_bytes()
    card = fine(
        "card", *where, "--purpose", "Small loans", "--limit", "Not for shops", "--limit", ""
    )
    told = (lender / "model" / "card.md").read_text("utf-8")

    assert not {"segments", "purpose", "limits"} & set(card["missing"])
    assert "population" in card["missing"]
    assert "Small loans" in told
    assert "Not for shops" in told
    assert "| east |" in told
    assert (lender / "model" / "evaluation.json").read_bytes() == before


def test_bins_are_told_and_written(lender: Path, tmp_path: Path, fine: Fine) -> None:
    out = tmp_path / "bins.csv"
    told = fine("bin", lender / "values.parquet", lender / "outcomes.parquet", "--out", out)
    values = list(told["variables"].values())

    assert len(values) == 40
    assert values == sorted(values, reverse=True)
    assert out.read_text("utf-8").startswith("variable,information_value,bin,share,bad_rate,woe\n")


NAME = "ent.s0.all.in.90d.v0.sum"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("cuts.yaml", f"{NAME}: [-0.5, 0, 0.25, 1]\n"),
        ("cuts.csv", f"variable,cut\n{NAME},-0.5\n{NAME},0\n{NAME},0.25\n{NAME},1\n"),
    ],
)
def test_bins_set_by_hand_stay_as_they_were_set(
    file: str, text: str, lender: Path, tmp_path: Path, fine: Fine
) -> None:
    (tmp_path / file).write_text(text, "utf-8")
    out = tmp_path / "bins.csv"
    told = fine(
        "bin", lender / "values.parquet", lender / "outcomes.parquet",
        "--cuts", tmp_path / file, "--match", ".v0.", "--out", out,
    )  # fmt: skip
    rows = [line.split('"') for line in out.read_text("utf-8").splitlines()]

    assert told["cuts"] == {NAME: [-0.5, 0.0, 0.25, 1.0]}
    assert [row[1] for row in rows if len(row) > 1 and row[0].startswith(NAME)] == [
        "(-inf, -0.5)", "[-0.5, 0)", "[0, 0.25)", "[0.25, 1)", "[1, inf)",
    ]  # fmt: skip


CUTS_REFUSED = {
    "unknown variable": ("c.yaml", "nobody: [1]", "nobody", "'nobody', which is no variable"),
    "falling": ("c.yaml", f"{NAME}: [2, 1]", NAME, "do not rise: 1 stands after 2"),
    "twice": ("c.csv", f"variable,cut\n{NAME},2\n{NAME},2\n", NAME, "2 stands after 2"),
    "infinite": ("c.yaml", f"{NAME}: [1, .inf]", NAME, f"a cut of '{NAME}' is inf"),
    "not a number": ("c.csv", f"variable,cut\n{NAME},low\n", NAME, "row 2"),
    "true": ("c.yaml", f"{NAME}: [true]", NAME, "is True"),
    "a single figure": ("c.yaml", f"{NAME}: 3", NAME, "a list of cuts like [1, 5]"),
    "a list": ("c.yaml", "- 1", "cuts", "is no mapping"),
    "empty": ("c.yaml", "{}", "cuts", "holds no cuts"),
    "no YAML": ("c.yaml", "a: [1", "cuts", "is no YAML"),
    "other columns": ("c.csv", "name,cut\nx,1\n", "cuts", "columns variable and cut"),
    "another file": ("c.txt", "", "cuts", ".yaml, .yml or .csv"),
}


@pytest.mark.parametrize("case", CUTS_REFUSED)
def test_wrong_cuts_are_refused_by_variable(
    case: str, lender: Path, tmp_path: Path, risk: Risk
) -> None:
    file, text, field, told = CUTS_REFUSED[case]
    (tmp_path / file).write_text(text, "utf-8")
    tables = (lender / "values.parquet", lender / "outcomes.parquet")
    answer = risk("bin", *tables, "--cuts", tmp_path / file, "--json")

    assert answer.code == 3
    assert answer.json["error"]["field"] == field
    assert told in answer.err


REFUSED = {
    "no model yet": (("train",), "run `tael risk select` first"),
    "no rated model": (("evaluate",), "there is no model"),
    "another configuration": (("calibrate",), "train again after a change"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_step_out_of_order_says_what_to_do(
    case: str, lender: Path, tmp_path: Path, risk: Risk, a_lender: Callable[[Path], Path]
) -> None:
    words, told = REFUSED[case]
    config, model = a_lender(tmp_path), tmp_path / "model"
    if case == "another configuration":
        config.write_text(config.read_text("utf-8").replace("rounds: 20", "rounds: 21"), "utf-8")
        model = lender / "model"

    answer = risk(*words, config, "--model", model, "--json")

    assert answer.code == 3
    assert answer.json["error"]["code"] == "bad_input"
    assert told in answer.err


def test_a_changed_model_file_and_one_of_another_hash_score_nothing(
    lender: Path, tmp_path: Path, risk: Risk
) -> None:
    values, out = lender / "values.parquet", tmp_path / "scores.parquet"
    text = (lender / "model" / "rated.json").read_text("utf-8")
    changed = tmp_path / "rated.json"
    changed.write_text(text.replace('"anchor":0.0', '"anchor":0.1'), "utf-8")

    tampered = risk("score", changed, values, "--out", out, "--json")
    other = risk(
        "score",
        lender / "model" / "rated.json",
        values,
        "--out",
        out,
        "--hash",
        "ab" * 32,
        "--json",
    )

    assert tampered.json["error"]["field"] == other.json["error"]["field"] == "hash"
    assert "the model was changed" in tampered.err
    assert not out.exists()


def test_both_days_of_a_panel_are_asked_for(tmp_path: Path, risk: Risk) -> None:
    answer = risk("label", tmp_path, "--out", tmp_path / "o.parquet", "--panel-from", "2010-01-01")

    assert answer.code == 3
    assert "--panel-from and --panel-to" in answer.err
