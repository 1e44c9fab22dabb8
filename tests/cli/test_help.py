"""Help answers at once and teaches: nothing heavy is loaded, every command shows an example."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from tael.cli import app

HEAVY = {
    "alembic", "argon2", "cryptography", "dbos", "duckdb", "fastapi", "httpx", "jinja2", "numpy",
    "psycopg", "pyarrow", "sklearn", "sqlalchemy", "starlette", "structlog", "uvicorn",
    "yaml",
}  # fmt: skip
_ROOMS = {"tael", "tael.cli", "tael.kernel"}
_PROGRAM = """
import contextlib, io, json, sys
from tael.cli import app
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        app([*words, "--help"], standalone_mode=False)
    assert "Usage: " in said.getvalue(), words
print(json.dumps(sorted(sys.modules)))
"""


def leaves(words: tuple[str, ...] = (), group: Any = None) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it."""
    for name, command in (group or get_command(app)).commands.items():
        if getattr(command, "commands", None):
            yield from leaves((*words, name), command)
        else:
            yield (*words, name), command


_LEAVES = dict(leaves())


def test_help_loads_no_driver_no_framework_and_no_numbers() -> None:
    calls = json.dumps([[], *_LEAVES])
    done = subprocess.run(  # noqa: S603 - our own interpreter on a constant program
        [sys.executable, "-I", "-c", _PROGRAM, calls], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))

    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
    rooms = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("tael")}
    assert rooms == _ROOMS


@pytest.mark.parametrize("words", _LEAVES, ids=" ".join)
def test_every_command_teaches_by_an_example_that_it_understands(words: tuple[str, ...]) -> None:
    shown = _LEAVES[words].help
    call = f"tael {' '.join(words)}"

    assert "Example" in shown
    assert call in shown or f"tael --home restored {' '.join(words)}" in shown


# They answer over HTTP until they are stopped.
_SERVERS = {("serve",), ("sandbox", "sources")}


@pytest.mark.parametrize("words", sorted(set(_LEAVES) - _SERVERS), ids=" ".join)
def test_every_command_with_figures_has_json(words: tuple[str, ...]) -> None:
    assert any("--json" in param.opts for param in _LEAVES[words].params)


def test_help_keeps_the_lines_of_examples() -> None:
    from typer.testing import CliRunner

    said = CliRunner().invoke(app, ["loans", "quote", "--help"]).stdout

    assert "\n      tael loans quote 120000 --months 12\n" in said


def test_the_version_is_the_package_s() -> None:
    from typer.testing import CliRunner

    import tael

    assert CliRunner().invoke(app, ["--version"]).stdout == f"tael {tael.__version__}\n"


def test_help_names_the_demo_s_own_defaults() -> None:
    from tael.app.demo import Story

    said = {param.name: param.help for param in _LEAVES[("demo",)].params}

    assert f"{Story.applications} when not given" in said["applications"]
    assert f"{Story.months} when not given" in said["months"]
