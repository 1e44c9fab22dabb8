"""A played demo on the throw-away server, and the command line to look at it with."""

from __future__ import annotations

import json
import os
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


@pytest.fixture(scope="session")
def company(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a small demo that was played once, through the command line."""
    name = f"cli_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(
        postgres_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    environment = {
        "TAEL_HOME": str(tmp_path_factory.mktemp("company")),
        "TAEL_DATABASE_URL": url,
    }
    words = ("demo", "--no-serve", "--applications", "6", "--months", "2", "--json")
    played = run_with(environment)(*words)
    assert played.code == 0, played.err
    assert played.json["loans"] > 0
    return environment


@pytest.fixture
def tael(company: dict[str, str]) -> Run:
    """The command line on the played demo."""
    return run_with(company)
