"""Bad input, met in the shell: each mistake is told by field, row where there is one, and rule."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.xdist_group("risk_cli")

Risk = Callable[..., Any]
Fine = Callable[..., dict[str, Any]]
Column = list[Any]
ROWS = 900
FIRST = "ent.s0.all.in.90d.v0.sum"
FILES = ("values.parquet", "outcomes.parquet", "form.parquet", "model.yaml")


def change(file: Path, column: str, to: Callable[[Column], Column]) -> None:
    """Write a column of a table anew, or one more."""
    table = pq.read_table(file)
    held = table[column].to_pylist() if column in table.column_names else [None] * ROWS
    kind = table.schema.field(column).type if column in table.column_names else None
    rest = table.drop_columns([column]) if column in table.column_names else table
    made = to(held)
    try:
        array = pa.array(made, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        array = pa.array(made)
    pq.write_table(rest.append_column(column, array), file)


@pytest.fixture
def books(lender: Path, tmp_path: Path) -> Path:
    """A copy of the lender that a test may harm; nothing is selected yet."""
    for name in FILES:
        shutil.copy(lender / name, tmp_path)
    return tmp_path


@pytest.fixture
def rated(lender: Path, books: Path) -> Path:
    """The same with its rated model."""
    shutil.copytree(lender / "model", books / "model")
    return books


def at(row: int, value: object) -> Callable[[Column], Column]:
    return lambda held: [value if i == row else one for i, one in enumerate(held)]


def all_of(value: object) -> Callable[[Column], Column]:
    return lambda held: [value] * len(held)


def later(days: int) -> Callable[[Column], Column]:
    return lambda held: [one + timedelta(days=days) for one in held]


# What is done to which column of which file, and what `select` says of it.
OUT, VAL = "outcomes.parquet", "values.parquet"
REFUSED: dict[str, tuple[str, str, Callable[[Column], Column], str]] = {
    "goods only": (OUT, "bad", all_of(0.0), "bad: needs both goods and bads"),
    "no outcome": (OUT, "bad", all_of(None), "periods.train: no outcome of 2014-01-01"),
    "an odd outcome": (OUT, "bad", at(3, 2.0), "row 4, bad: outcomes.parquet: bad is 2"),
    "too few bads": (
        OUT, "bad", lambda _: [float(i % 40 == 0) for i in range(ROWS)],
        "bad: 11 bads are too few to tell variables apart: at least 20 are needed",
    ),
    "known in the future": (OUT, "known", later(9000), "was known by 2018-01-01"),
    "known before": (OUT, "known", later(-900), "before its row's 2014-01-"),
    "no day of knowing": (OUT, "known", at(7, None), "row 8, known: outcomes.parquet: 1 rows"),
    "a negative weight": (OUT, "weight", lambda _: [1.0] * 7 + [-1.0] * 893,
                          "row 8, weight: outcomes.parquet: weight is -1"),
    "an infinite value": (VAL, FIRST, at(5, float("inf")), f"{FIRST} of E0005 at 2014-"),
    "an infinite figure of the form": (OUT, "form.amount", at(5, float("-inf")),
                                       "form.amount of E0005 at 2014-"),
    "a text for a figure": (OUT, "form.amount", lambda _: ["much"] * ROWS,
                            "form.amount is string, a number is wanted"),
    "nobody": (OUT, "borrower", at(0, None), "row 1, borrower: outcomes.parquet"),
    "no time": (OUT, "asof", all_of("soon"), "asof is string, such as 'soon'"),
    "a borrower twice": (OUT, "borrower", at(1, "E0000"), "have no variables"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_tables_are_refused_by_column_and_row(case: str, books: Path, risk: Risk) -> None:
    file, column, to, told = REFUSED[case]
    change(books / file, column, to)
    answer = risk("select", books / "model.yaml", "--model", books / "model")

    assert answer.code == 3, answer.out
    assert told in answer.err
    assert not (books / "model" / "funnel.json").exists()


@pytest.mark.parametrize("value", [1.0, None], ids=["constant", "missing"])
def test_variables_that_say_nothing_are_left_out_or_too_few_are_left(
    value: float | None, books: Path, risk: Risk, fine: Fine
) -> None:
    table = pq.read_table(books / VAL)
    blank = pa.array([value] * ROWS, pa.float64())
    columns = {
        name: blank if name.startswith("ent.s1") else table[name] for name in table.column_names
    }
    pq.write_table(pa.table(columns), books / VAL)
    fine("select", books / "model.yaml", "--model", books / "model")
    kept = (books / "model" / "kept.txt").read_text("utf-8")
    every = {name: blank if name.startswith("ent") else one for name, one in columns.items()}
    pq.write_table(pa.table(every), books / VAL)
    answer = risk("select", books / "model.yaml", "--model", books / "model")

    assert "ent.s0" in kept
    assert "ent.s1" not in kept
    assert answer.code == 3
    assert "12 variables are wanted, 1 may be kept: the others are empty, constant" in answer.err


def test_a_test_of_one_outcome_ranks_nothing(rated: Path, risk: Risk) -> None:
    years = [one.year for one in pq.read_table(rated / OUT)["asof"].to_pylist()]
    late = [year >= 2018 for year in years]
    change(
        rated / OUT,
        "bad",
        lambda held: [one * (not after) for one, after in zip(held, late, strict=True)],
    )
    answer = risk("evaluate", rated / "model.yaml", "--model", rated / "model")

    assert answer.code == 3
    assert "periods.test: 0 of the 318 rows of the test are bad" in answer.err


def test_borrowers_that_come_back_are_judged_apart(rated: Path, fine: Fine) -> None:
    for file in (OUT, VAL):
        change(rated / file, "borrower", lambda _: [f"E{i % 700:04d}" for i in range(ROWS)])
    found = fine("evaluate", rated / "model.yaml", "--model", rated / "model")
    rows = {one["key"]: one["rows"] for one in found["segments"]["borrower"]}

    assert set(rows) == {"new", "trained on before"}
    assert sum(rows.values()) == 318
    assert rows["trained on before"] == 200


@pytest.mark.parametrize("step", ["evaluate", "calibrate", "score"])
def test_rows_of_another_plan_are_refused(step: str, rated: Path, risk: Risk) -> None:
    table = pq.read_table(rated / VAL).replace_schema_metadata({"tael.plan": "ab" * 32})
    pq.write_table(table, rated / VAL)
    words = (rated / "model.yaml", "--model", rated / "model")
    if step == "score":
        words = (rated / "model" / "rated.json", rated / VAL, "--form", rated / "form.parquet",
                 "--out", rated / "scores.parquet")  # fmt: skip
    answer = risk(step, *words)

    assert answer.code == 3
    assert "plan: " in answer.err
    assert "abababababab" in answer.err


OTHER = {
    "calibrate": (), "evaluate": (), "tiers": (), "card": (), "rejects": (),
    "monitor": ("--as-of", "2020-01-01"),
}  # fmt: skip


@pytest.mark.parametrize("step", OTHER)
def test_another_configuration_is_refused_by_every_step(step: str, rated: Path, risk: Risk) -> None:
    config = rated / "model.yaml"
    config.write_text(config.read_text("utf-8").replace("name: small", "name: other"), "utf-8")
    before = {file.name: file.read_bytes() for file in (rated / "model").iterdir()}
    answer = risk(step, config, "--model", rated / "model", *OTHER[step], "--json")

    assert answer.code == 3
    assert answer.json["error"]["field"] == "config"
    assert "with configuration" in answer.err
    assert {file.name: file.read_bytes() for file in (rated / "model").iterdir()} == before


def test_a_day_before_all_applications_has_nothing_to_watch(rated: Path, risk: Risk) -> None:
    answer = risk("monitor", rated / "model.yaml", "--model", rated / "model",
                  "--as-of", "2010-01-01")  # fmt: skip

    assert answer.code == 3
    assert "as_of: no application from 2018-01-01 on lies before 2010-01-01" in answer.err


def test_figures_are_refused_while_they_may_yet_be_mended(books: Path, risk: Risk) -> None:
    config = books / "model.yaml"
    config.write_text(config.read_text("utf-8").replace("rounds: 20", "rounds: 0"), "utf-8")
    answer = risk("select", config, "--model", books / "model", "--json")

    assert answer.code == 3
    assert answer.json["error"]["field"] == "model.booster.rounds"
