"""Bad input in commands: one line that names field and rule, the documented code, no traceback."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tael.cli import app
from tael.cli.exits import ExitCode, exit_code, line
from tael.kernel import (
    BadInput,
    Conflict,
    Forbidden,
    InvariantBroken,
    NotFound,
    OutsideFailure,
    TaelError,
    Unauthenticated,
)

pytestmark = pytest.mark.xdist_group("cli")
Run = Callable[..., Any]
_CASES = list(
    csv.DictReader((Path(__file__).parent / "cases/refused.csv").read_text("utf-8").splitlines())
)


@pytest.mark.parametrize("case", _CASES, ids=[case["words"] for case in _CASES])
def test_a_refused_command_says_why_on_one_line(tael: Run, case: dict[str, str]) -> None:
    words = shlex.split(case["words"])
    answer = tael(*words, typed="a long enough secret\n")

    assert case["says"] in answer.err
    assert answer.code == int(case["exit"])
    assert answer.err.startswith("tael: ")
    assert answer.err.count("\n") == 1
    assert answer.out == ""


@pytest.mark.parametrize("case", _CASES, ids=[case["words"] for case in _CASES])
def test_with_json_the_refusal_is_one_object(tael: Run, case: dict[str, str]) -> None:
    answer = tael(*shlex.split(case["words"]), "--json", typed="a long enough secret\n")

    assert answer.code == int(case["exit"])
    assert set(answer.json) == {"error"}
    assert answer.json["error"]["code"]
    assert "Traceback" not in answer.err


def test_a_file_without_a_needed_column_is_refused_by_its_name(run: Run, tmp_path: Path) -> None:
    book = tmp_path / "loans.csv"
    book.write_text("LoanNr,Amount\n1,2\n", encoding="utf-8")
    words = ("--mapping", "sba-7a", "--train-until", "2004-12-31", "--report", str(tmp_path / "r"))

    answer = run("replay", str(book), *words)

    assert answer.code == ExitCode.BAD_INPUT
    assert "column" in answer.err
    assert answer.err.count("\n") == 1
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    "words", [("loans", "list"), ("serve",), ("db", "check"), ("ledger", "hash")]
)
def test_no_database_is_made_in_a_folder_named_by_mistake(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    answer = run(*words)

    assert answer.code == ExitCode.BAD_INPUT
    assert "run `tael demo`" in answer.err
    assert not (tmp_path / "home").exists()


def test_a_demo_neither_plays_in_nor_removes_another_installation(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home/postgres").mkdir(parents=True)
    for words in (("demo", "--no-serve"), ("demo", "--no-serve", "--fresh")):
        answer = run(*words)
        assert answer.code == ExitCode.REFUSED
        assert "is no demo; name another folder with --home" in answer.err
    assert (tmp_path / "home/postgres").is_dir()


def test_a_setting_that_cannot_be_names_its_variable(run: Run, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    environment = {"TAEL_HOME": str(tmp_path), "TAEL_HTTP_PORT": "many"}
    done = CliRunner().invoke(app, ["settings"], env=environment)

    assert done.exit_code == ExitCode.BAD_INPUT
    assert done.stderr == ("tael: TAEL_HTTP_PORT: 'many' is not a port (rule: 0 to 65535)\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("x"), ExitCode.BAD_INPUT),
        (NotFound("x"), ExitCode.BAD_INPUT),
        (Conflict("x"), ExitCode.REFUSED),
        (Forbidden("x"), ExitCode.REFUSED),
        (Unauthenticated("x"), ExitCode.REFUSED),
        (OutsideFailure("x"), ExitCode.OUTSIDE),
        (TaelError("x"), ExitCode.FAILURE),
        (InvariantBroken("x"), ExitCode.BROKEN),
        (KeyError("x"), ExitCode.FAILURE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
def test_each_kind_of_no_has_its_code_and_its_line(error: Exception, code: ExitCode) -> None:
    assert exit_code(error) is code
    assert "x" in line(error)
    assert "\n" not in line(error)


def test_only_a_failure_that_may_pass_invites_to_try_again() -> None:
    assert "may succeed later" in line(OutsideFailure("the bank is away"))
    assert "may succeed later" not in line(BadInput("no such day", rule="a day"))
    assert line(BadInput("no such day", field="on", rule="a day")) == (
        "on: no such day (rule: a day)"
    )
