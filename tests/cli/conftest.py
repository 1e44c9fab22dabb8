"""A played demo on the throw-away server, and the command line to look at it with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from tael.cli import app


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object on one line and nothing else."""
        assert self.out.count("\n") == 1, self.out
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Run = Callable[..., Answer]
STORY = ("--no-serve", "--applications", "6", "--months", "2", "--start", "2024-10-01")


def run_with(environment: dict[str, str]) -> Run:
    """The command line under ``environment``."""

    def run(*words: str, typed: str = "") -> Answer:
        done = CliRunner().invoke(app, list(words), input=typed, env=environment)
        return Answer(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command line on an empty folder."""
    return run_with({"TAEL_HOME": str(tmp_path / "home")})


Place = Callable[[str], dict[str, str]]


@pytest.fixture(scope="session")
def place(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Makes the environment of an installation: a folder and an empty database."""

    def make(name: str) -> dict[str, str]:
        return _place(postgres_url, tmp_path_factory.mktemp(name), name)

    return make


def command(*words: str) -> list[str]:
    """A command line in a process of its own."""
    return [sys.executable, "-c", "import tael.cli; tael.cli.main()", *words]


@pytest.fixture(scope="session")
def played(place: Place) -> tuple[dict[str, str], dict[str, Any]]:
    """A small demo, played once in a process of its own: its environment, and what it said."""
    environment = place("company")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command("demo", *STORY, "--json"),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = Answer(done.returncode, done.stdout, done.stderr).json
    assert said["loans"] > 0
    return environment, said


@pytest.fixture(scope="session")
def company(played: tuple[dict[str, str], dict[str, Any]]) -> dict[str, str]:
    """The environment of the played demo."""
    return played[0]


def _place(postgres_url: str, folder: Path, name: str) -> dict[str, str]:
    database = f"cli_{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    where = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())
    url = sa.make_url(postgres_url).set(database=database)
    return {
        "TAEL_HOME": str(folder),
        "TAEL_DATABASE_URL": url.render_as_string(hide_password=False),
    }


@pytest.fixture
def tael(company: dict[str, str]) -> Run:
    """The command line on the played demo."""
    return run_with(company)
