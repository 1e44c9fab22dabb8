"""`tael policies backtest` and `history`: from files to the written report, and bad input told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tael.cli import app
from tael.cli.policy_files import save
from tael.economy import FEATURE_NAMES, history
from tael.policies import first_bundle
from tael.risk import Scorecard

pytestmark = pytest.mark.xdist_group("cli")
SECRET = "three green hills"
WHOLE = ("owner_age", "years_in_business", "employees", "overdue_count_24m", "enquiries_6m",
         "active_loans", "months")  # fmt: skip


def scorecard() -> str:
    past = history(1, 2000)
    return Scorecard().fit({name: past.columns[name] for name in FEATURE_NAMES}, past.bad).to_json()


def rows(count: int) -> pa.Table:
    """Past applicants of the small economy, as a history without scores."""
    past = history(2, count)
    columns: dict[str, Any] = {}
    for name, values in past.columns.items():
        told = [each.item() if isinstance(each, np.generic) else each for each in values]
        if name == "owns_property":
            columns[name] = pa.array([bool(each) for each in told])
        elif isinstance(told[0], float):
            kind = pa.int64() if name in WHOLE else pa.decimal128(18, 4)
            column = pa.array(np.round(np.array(told), 0 if name in WHOLE else 4))
            columns[name] = column.cast(kind, safe=False)
        else:
            columns[name] = pa.array(told)
    days = pa.array((18_000 + np.arange(count) % 700).astype(np.int32)).cast(pa.date32())
    known = pa.array((18_800 + np.arange(count) % 700).astype(np.int32)).cast(pa.date32())
    columns |= {
        "amount": pa.array(20_000 + 1000 * (np.arange(count) % 300)),
        "months": pa.array(np.array([6, 12, 18, 24])[np.arange(count) % 4]),
        "application_id": pa.array([f"A{row:05d}" for row in range(count)]),
        "applied_on": days,
        "decided": pa.array(["approve", "decline"] * (count // 2)),
        "funded": pa.array([True, False] * (count // 2)),
        "bad": pa.array([bool(bad) if row % 2 == 0 else None for row, bad in enumerate(past.bad)]),
        "bad_known_on": known,
    }
    return pa.table(columns)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backtest")
    bundle = first_bundle(scorecard())
    save(bundle, folder / "policy")
    (folder / "history").mkdir()
    table = rows(200)
    pq.write_table(table, folder / "history" / "part-00000.parquet")
    return folder


def told(*words: str, environment: dict[str, str] | None = None) -> Any:
    return CliRunner().invoke(app, list(words), input=f"{SECRET}\n", env=environment)


def test_files_are_tried_without_an_installation(bench: Path, tmp_path: Path) -> None:
    words = (
        "policies", "backtest", "--files", str(bench / "policy"), "--against",
        str(bench / "policy"), "--history", str(bench / "history"), "--json",
    )  # fmt: skip
    answer = told(*words, "--out", str(tmp_path / "out"))
    assert answer.exit_code == 0, answer.stderr
    data = json.loads(answer.stdout)
    assert list(data["versions"]) == ["policy", "policy (2)", "then"]
    assert data["versions"]["policy"] == data["versions"]["policy (2)"]
    assert data["versions"]["policy"]["applications"] == data["applications"] == 200
    assert data["recorded"] is False
    assert all(Path(file).exists() for file in data["files"])
    again = told(*words, "--out", str(tmp_path / "again"), "--cap", "0.24")
    assert json.loads(again.stdout)["result_hash"] == data["result_hash"]
    other = told(*words, "--out", str(tmp_path / "other"), "--cap", "0.15", "--as-of", "2021-01-01")
    assert json.loads(other.stdout)["result_hash"] != data["result_hash"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ((), "history"),
        (("--history", "HISTORY"), "out"),
        (("--history", "HISTORY", "--out", "OUT"), "version"),
        (("--history", "none", "--out", "OUT", "--files", "POLICY"), "history"),
        (("--history", "HISTORY", "--out", "OUT", "--files", "POLICY", "--cap", "x"), "cap"),
        (("--history", "HISTORY", "--out", "OUT", "--files", "POLICY", "--as-of", "x"), "as_of"),
        (("--history", "HISTORY", "--out", "OUT", "--files", "POLICY", "--sensitivity", "--steps",
          "60"), "steps"),
        (("--history", "HISTORY", "--out", "OUT", "--files", "POLICY", "--segment", "shade"),
         "shade"),
        (("--history", "HISTORY", "--out", "OUT", "--files", "POLICY", "--as", "lin"), "as"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named(
    bench: Path, tmp_path: Path, words: tuple[str, ...], field: str
) -> None:
    named = {"HISTORY": bench / "history", "POLICY": bench / "policy", "OUT": tmp_path / "out"}
    answer = told("policies", "backtest", *(str(named.get(w, w)) for w in words), "--json")
    assert answer.exit_code != 0
    assert json.loads(answer.stdout)["error"]["field"] == field


def test_a_history_needs_an_economy_and_a_policy(bench: Path, tmp_path: Path) -> None:
    for words, field in (
        ((), "economy"),
        (("--economy", str(tmp_path)), "out"),
        (("--economy", str(tmp_path), "--out", str(tmp_path / "out")), "files"),
        (("--economy", str(tmp_path), "--out", str(tmp_path / "out"), "--files",
          str(bench / "policy")), "economy"),
        (("--economy", str(tmp_path), "--out", str(tmp_path / "out"), "--files",
          str(bench / "policy"), "--model", str(tmp_path / "none.json")), "model"),
    ):  # fmt: skip
        answer = told("policies", "history", *words, "--json")
        assert json.loads(answer.stdout)["error"]["field"] == field


@pytest.mark.slow
def test_a_result_is_kept_with_the_version_which_may_then_be_approved(
    bench: Path, tmp_path: Path, place: Callable[[str], dict[str, str]]
) -> None:
    home = place("backtest")
    told("db", "upgrade", environment=home)
    told("users", "add", "lin", "--role", "risk_manager", "--password-stdin", environment=home)
    signed = ("--as", "lin", "--password-stdin", "--json")
    folder = bench / "policy"
    texts = [
        word
        for name, file in (("dmn", "policy.dmn"), ("model", "model.json"))
        for word in (f"--{name}", str(folder / file))
    ]
    drafted = told("policies", "draft", "first", *texts, *signed, environment=home)
    version = json.loads(drafted.stdout)["version"]["id"]
    words = ("policies", "backtest", version, "--history", str(bench / "history"), "--out")
    early = told(*words, str(tmp_path / "early"), *signed, environment=home)
    assert early.exit_code != 0
    checked = told("policies", "check", version, *signed, environment=home)
    assert checked.exit_code == 0, checked.stdout
    kept = told(*words, str(tmp_path / "out"), *signed, environment=home)
    assert kept.exit_code == 0, kept.stderr
    assert json.loads(kept.stdout)["recorded"] is True
    shown = told("policies", "show", version, "--json", environment=home)
    assert json.loads(shown.stdout)["version"]["state"] == "backtested"
