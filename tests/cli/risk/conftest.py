"""A small lender on disk and ``tael risk`` to work on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tael.cli import app

ROWS, WIDTH = 900, 40
CONFIG = """format: tael.risk.training/1
name: small
version: 1
values: [values.parquet]
outcomes: outcomes.parquet
form: [form.amount]
bounds: [0.10, 0.20, 0.35]
periods:
  built_on: 2018-01-01
  train: {first: 2014-01-01, until: 2018-01-01}
  test: {first: 2018-01-01, until: 2020-01-01}
selection:
  wanted: 12
  threads: 1
  stability: {bads_per_block: 10}
  strength: {permutations: 2}
  boosting: {folds: 2, trees: 10}
calibration: {months: 12, most_months: 12, wanted_bads: 20}
model:
  kind: booster
  booster: {rounds: 20, min_rows: 20, threads: 1}
"""
STEPS = ("select", "train", "calibrate")


def write_lender(folder: Path, seed: int = 5) -> Path:
    """values.parquet, outcomes.parquet, form.parquet and model.yaml; the configuration's path."""
    random = np.random.default_rng(seed)
    cause = random.normal(size=ROWS)
    days = np.sort(random.integers(0, 6 * 365, ROWS)) * np.timedelta64(86_400, "s")
    asof = np.datetime64("2014-01-01", "s") + days
    bad = (random.random(ROWS) < 1 / (1 + np.exp(1.5 - 1.2 * cause))).astype(float)
    keys = {"borrower": [f"E{row:04d}" for row in range(ROWS)], "asof": _utc(asof)}
    values = {
        f"ent.s{i % 5}.all.in.90d.v{i}.sum": cause * (i < WIDTH // 2)
        + random.normal(size=ROWS) * (1 + i % 4)
        for i in range(WIDTH)
    }
    form = {"form.amount": random.normal(size=ROWS) - cause}
    known = _utc(asof + np.timedelta64(395, "D"))
    region = ["east" if row % 2 else "west" for row in range(ROWS)]
    population = np.where(random.random(ROWS) < 0.75, "granted", "declined")
    told = {"bad": bad, "known": known, "region": region, "population": population}
    pq.write_table(pa.table(keys | values), folder / "values.parquet")
    pq.write_table(pa.table(keys | told | form), folder / "outcomes.parquet")
    pq.write_table(pa.table(keys | form), folder / "form.parquet")
    (folder / "model.yaml").write_text(CONFIG, "utf-8")
    return folder / "model.yaml"


def _utc(instants: np.ndarray) -> pa.Array:
    return pa.array(instants, pa.timestamp("s")).cast(pa.timestamp("s", tz="UTC"))


Risk = Callable[..., "Answer"]
Fine = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output: one JSON object on one line, without NaN, and nothing else."""
        assert self.out.count("\n") == 1, self.out
        found = json.loads(self.out, parse_constant=pytest.fail)
        assert isinstance(found, dict)
        return found


def told(*words: str | Path) -> Answer:
    """``tael risk`` with these words."""
    done = CliRunner().invoke(app, ["risk", *map(str, words)])
    return Answer(done.exit_code, done.stdout, done.stderr)


def said(*words: str | Path) -> dict[str, Any]:
    """What a command that ended well said with --json."""
    answer = told(*words, "--json")
    assert answer.code == 0, answer.err
    return answer.json


@pytest.fixture(scope="session")
def risk() -> Risk:
    """``tael risk`` with some words."""
    return told


@pytest.fixture(scope="session")
def fine() -> Fine:
    """What ``tael risk`` with some words says with --json when all is well."""
    return said


@pytest.fixture(scope="session")
def a_lender() -> Callable[[Path], Path]:
    """Writes a lender's files into a folder; the configuration's path."""
    return write_lender


@pytest.fixture(scope="session")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose model is selected, trained and calibrated; what each step said is kept."""
    folder = tmp_path_factory.mktemp("lender")
    config = write_lender(folder)
    for step in STEPS:
        found = said(step, config, "--model", folder / "model")
        (folder / f"{step}.json").write_text(json.dumps(found), "utf-8")
    return folder
