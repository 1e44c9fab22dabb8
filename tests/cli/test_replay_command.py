"""`tael replay` and `tael dmn`: one object of figures, a report, an alarm with its code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Run = Callable[..., Any]
CASES = Path(__file__).parents[1] / "app/cases"
BOOK = ("replay", str(CASES / "replay_loans.csv"), "--train-until", "2004-12-31", "--in-memory")
POLICY = Path(__file__).parents[2] / "src/tael/policies/data/first_policy.dmn"


def test_a_replay_prints_its_figures_and_writes_its_report(run: Run, tmp_path: Path) -> None:
    mapping = ("--mapping", str(CASES / "replay_loans.yaml"))
    answer = run(*BOOK, *mapping, "--report", str(tmp_path / "out"), "--json")

    assert answer.code == 0
    assert set(answer.json["auc"]) == {"value", "low", "high"}
    assert (tmp_path / "out/report.html").is_file()
    assert "Wrote" in answer.err
    assert "Out-of-time ranking" in run(*BOOK, *mapping).out


def test_rows_that_are_left_out_are_named(run: Run, tmp_path: Path) -> None:
    lines = (CASES / "replay_loans.csv").read_text("utf-8").splitlines()
    lines[2] = lines[2].replace("2001-01-11", "2001-02-31")
    book = tmp_path / "loans.csv"
    book.write_text("\n".join([*lines, lines[1]]), encoding="utf-8")
    words = ("--mapping", str(CASES / "replay_loans.yaml"), *BOOK[2:])

    said = run("replay", str(book), *words).err

    assert "Left out: row 2, approved: " in said
    assert "Left out: row 401, number: " in said


def test_a_scorecard_that_ranks_too_well_rings_the_alarm(run: Run, tmp_path: Path) -> None:
    mapping = yaml.safe_load((CASES / "replay_loans.yaml").read_text("utf-8"))
    mapping["alarm"] = {"level": 0.55}
    strict = tmp_path / "strict.yaml"
    strict.write_text(yaml.safe_dump(mapping), encoding="utf-8")

    answer = run(*BOOK, "--mapping", str(strict), "--json")

    assert answer.code == 6
    assert answer.json["alarm"] is not None
    assert "tael: alarm: " in answer.err


def test_a_policy_is_checked_and_run_without_a_database(run: Run, tmp_path: Path) -> None:
    checked = run("dmn", "check", str(POLICY), "--json").json
    assert checked["sound"]
    assert checked["decisions"]

    names = list(checked["inputs"])
    answer = run("dmn", "run", str(POLICY), "-i", f"{names[0]}=1", "--json")
    assert set(answer.json) == {"model", "hash", "outputs", "trace", "warnings"}
    assert "Results" in run("dmn", "run", str(POLICY), "-i", f"{names[0]}=1").out
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-i", "nothing=1"), "the model has no input nothing; it has"),
        (("-i", "nothing"), "'nothing' is not NAME=VALUE"),
        (("--inputs", "missing.json"), "there is no file missing.json"),
        (("--decision", "Nothing"), "no decision 'Nothing'; there are"),
    ],
)
def test_inputs_that_the_model_does_not_know_are_refused(
    run: Run, words: tuple[str, ...], says: str
) -> None:
    answer = run("dmn", "run", str(POLICY), *words)

    assert answer.code == 3
    assert says in answer.err
    assert answer.err.count("\n") == 1


def test_a_broken_model_is_reported_with_file_and_line(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dmn"
    broken.write_text("<definitions", encoding="utf-8")

    answer = run("dmn", "check", str(broken), "--json")

    assert answer.code == 3
    assert str(broken) in answer.err
