"""Bad input in commands: one line that names field and rule, the documented code, no traceback."""

from __future__ import annotations

import csv
import fcntl
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

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


def test_only_one_demo_plays_in_a_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with (tmp_path / "home/demo.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = run("demo", "--no-serve")

    assert answer.code == ExitCode.REFUSED
    assert "another `tael demo` plays in" in answer.err
    assert not (tmp_path / "home/demo-story.json").exists()


@pytest.mark.parametrize(
    "words", [("demo", "--no-serve"), ("db", "upgrade"), ("loans", "list")], ids=" ".join
)
@pytest.mark.parametrize("inside", ["", "inside"])
def test_a_home_that_is_a_file_is_named_with_its_setting(
    tmp_path: Path, words: tuple[str, ...], inside: str
) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / inside
    done = CliRunner().invoke(app, words, env={"TAEL_HOME": str(home)})

    assert done.exit_code == ExitCode.BAD_INPUT
    assert done.stderr.startswith("tael: TAEL_HOME: ")
    assert "--home" in done.stderr


def test_a_home_that_cannot_be_made_is_named_with_its_setting() -> None:
    done = CliRunner().invoke(app, ["db", "upgrade"], env={"TAEL_HOME": "/proc/nowhere"})

    assert done.exit_code == ExitCode.BAD_INPUT
    assert "tael: TAEL_HOME: no folder can be made at /proc/nowhere" in done.stderr


def test_a_database_that_does_not_answer_is_an_outside_failure(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    environment = {"TAEL_HOME": str(tmp_path), "TAEL_DATABASE_URL": url}
    done = CliRunner().invoke(app, ["loans", "list"], env=environment)

    assert done.exit_code == ExitCode.OUTSIDE
    assert "the database cannot be reached" in done.stderr
    assert "TAEL_DATABASE_URL" in done.stderr


def test_a_database_of_a_newer_release_is_refused(place: Callable[[str], dict[str, str]]) -> None:
    environment = place("newer")
    assert CliRunner().invoke(app, ["db", "upgrade"], env=environment).exit_code == 0
    engine = sa.create_engine(environment["TAEL_DATABASE_URL"], poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO public.schema_versions VALUES ('ledger_9999')"))

    done = CliRunner().invoke(app, ["loans", "list"], env=environment)

    assert done.exit_code == ExitCode.REFUSED
    assert "the database was made by a newer release" in done.stderr
    assert "ledger_9999" in done.stderr


def test_a_database_of_another_shape_is_refused_with_a_remedy(
    place: Callable[[str], dict[str, str]],
) -> None:
    environment = place("shape")
    assert CliRunner().invoke(app, ["db", "upgrade"], env=environment).exit_code == 0
    engine = sa.create_engine(environment["TAEL_DATABASE_URL"], poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE policies.policy_version RENAME name TO title"))

    done = CliRunner().invoke(app, ["policies", "list"], env=environment)

    assert done.exit_code == ExitCode.REFUSED
    assert "name does not exist" in done.stderr
    assert "`tael db check` names the differences" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["loans"]], ids=["tael", "tael loans"])
def test_no_command_at_all_shows_the_help(run: Run, words: list[str]) -> None:
    answer = run(*words)

    assert answer.code == ExitCode.USAGE
    assert answer.err.startswith("Usage: ")
    assert "\nCommands:\n" in answer.err


def test_a_setting_that_cannot_be_names_its_variable(run: Run, tmp_path: Path) -> None:
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
