"""Leaks planted in a lender's own tables, met on the way from labels to a trained model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.risk.selection import Funnel

pytestmark = pytest.mark.xdist_group("risk_cli")

Fine = Callable[..., dict[str, Any]]
ROWS, MONTHS = 700, 12
COPY = "ent.bank_tx.all.in.30d.copied.sum"
DAY = np.timedelta64(86_400, "s")


def write_books(folder: Path) -> None:
    """Applications that all became loans, watched for a year; the form knows too much.

    ``recovered`` copies the outcome with noise, ``visited_at`` lies after the decision and
    ``visit_points`` is filled in where it is.
    """
    random = np.random.default_rng(11)
    cause = random.normal(size=ROWS)
    bad = random.random(ROWS) < 1 / (1 + np.exp(1.4 - cause))
    asof = np.datetime64("2014-01-01", "s") + np.sort(random.integers(0, 4 * 365, ROWS)) * DAY
    visited = random.random(ROWS) < 0.7
    firms = [f"E{row:04}" for row in range(ROWS)]
    visits = np.where(visited, asof + 9 * DAY, np.datetime64("NaT", "s"))
    tables = {
        "firms": {"enterprise_id": firms, "owner_id": firms, "opened": asof - 900 * DAY},
        "applications": {
            "application_id": firms, "enterprise_id": firms, "applied_at": utc(asof),
            "debt_ratio": random.normal(size=ROWS) + cause,
            "recovered": bad + random.normal(size=ROWS) / 3, "visited_at": utc(visits),
            "visit_points": pa.array(np.where(visited, cause, np.nan), from_pandas=True),
        },
        "loans": {"loan_id": firms, "application_id": firms, "status": ["current"] * ROWS},
        "loan_months": {
            "loan_id": np.repeat(firms, MONTHS), "enterprise_id": np.repeat(firms, MONTHS),
            "month_on_book": np.tile(np.arange(1, MONTHS + 1), ROWS),
            "days_past_due": np.outer(bad, [0] * (MONTHS - 1) + [95]).ravel().astype(int),
            "month_end": (asof[:, None] + np.arange(1, MONTHS + 1) * 30 * DAY).ravel(),
        },
        "events/bureau_tradeline": event(asof) | {"status": ["current"]},
        "events/court_record": event(asof) | {"matter": ["loan"], "role": ["plaintiff"]},
    }  # fmt: skip
    for name, columns in tables.items():
        (folder / name).mkdir(parents=True)
        pq.write_table(pa.table(columns), folder / name / "part-00000.parquet")
    values = {f"ent.s{i % 3}.all.in.90d.v{i}.sum": cause + random.normal(size=ROWS) * (2 + i % 4)
              for i in range(12)}  # fmt: skip
    values[COPY] = bad + random.normal(size=ROWS) / 3
    pq.write_table(pa.table({"borrower": firms, "asof": utc(asof)} | values), folder / "v.parquet")


def event(asof: np.ndarray) -> dict[str, Any]:
    return {"subject_id": ["E0"], "event_id": ["e"], "version": [1], "event_at": utc(asof[:1]),
            "known_at": utc(asof[:1]), "void": [False]}  # fmt: skip


def utc(instants: np.ndarray) -> pa.Array:
    return pa.array(instants, pa.timestamp("s")).cast(pa.timestamp("s", tz="UTC"))


CONFIG = """format: tael.risk.training/1
name: leaky
version: 1
values: [v.parquet]
outcomes: outcomes.parquet
form: [form.debt_ratio, form.recovered, form.visit_points]
periods:
  built_on: 2018-12-31
  train: {first: 2014-01-01, until: 2018-01-01}
  test: {first: 2019-01-01, until: 2020-01-01}
populations: {own: [granted]}
selection:
  wanted: 8
  threads: 1
  stability: {bads_per_block: 20}
  strength: {permutations: 2}
  boosting: {folds: 2, trees: 10}
model:
  booster: {rounds: 10, min_rows: 20, threads: 1}
"""


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory, fine: Fine) -> Path:
    """The folder of those books after label, select and train."""
    folder = tmp_path_factory.mktemp("leaky")
    write_books(folder)
    (folder / "model.yaml").write_text(CONFIG, "utf-8")
    told = fine("label", folder, "--out", folder / "outcomes.parquet")
    assert told["populations"]["granted"]["known"] == ROWS
    selected = fine("select", folder / "model.yaml", "--model", folder / "model")
    (folder / "selected.json").write_text(json.dumps(selected), "utf-8")
    fine("train", folder / "model.yaml", "--model", folder / "model")
    return folder


@pytest.mark.parametrize("name", ["form.recovered", COPY])
def test_a_copy_of_the_outcome_is_dropped_as_a_leak_by_name(name: str, leaky: Path) -> None:
    funnel = Funnel.from_json(json.loads((leaky / "model" / "funnel.json").read_text("utf-8")))
    fate = next(one for one in funnel.fates if one.name == name)
    lines = (leaky / "model" / "funnel.csv").read_text("utf-8").splitlines()

    assert (fate.kept, fate.step, fate.rule) == (False, "leak", "leak_level")
    assert fate.figure > fate.threshold == 0.8
    assert any(line.startswith(name) and "leak_level" in line for line in lines)


def test_what_was_stamped_after_the_decision_is_left_out_by_name(leaky: Path) -> None:
    told = json.loads((leaky / "selected.json").read_text("utf-8"))
    lies = "form.visited_at lies after the row's instant in"

    assert set(told["future"]) == {"form.visited_at", "form.visit_points"}
    assert all(reason.startswith(lies) for reason in told["future"].values())
    assert told["offered"] == 12 + 1 + 2  # variables, the copy, and what is left of the form


def test_no_leak_reaches_the_model(leaky: Path) -> None:
    model = json.loads((leaky / "model" / "model.json").read_text("utf-8"))
    text = json.dumps(model)

    assert "form.debt_ratio" in text
    assert not any(leak in text for leak in ("form.recovered", COPY, "form.visit"))
