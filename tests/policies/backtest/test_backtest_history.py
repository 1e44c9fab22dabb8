"""Histories: what is missing is named at once, and what came twice or late counts once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput, Day, Rate
from tael.policies.backtest import (
    Backtest,
    Settings,
    Version,
    backtest,
    last_day,
    open_history,
)

if TYPE_CHECKING:
    from tests.policies.backtest.conftest import Bench

Tables = Callable[..., pa.Table]


def run(bench: Bench, table: pa.Table, name: str = "history", files: int = 1) -> Backtest:
    path = bench.kept(table, name, files)
    return backtest(path, [Version("new", bench.bundle)], bench.settings)


def test_columns_that_are_missing_are_named_all_at_once(bench: Bench, table_of: Tables) -> None:
    table = table_of(20).drop_columns(["bad", "debt_ratio", "owner_age", "applied_on"])
    with pytest.raises(BadInput) as refused:
        run(bench, table)
    assert refused.value.field == "applied_on"
    assert refused.value.message == (
        "the history has no column applied_on, bad, debt_ratio, owner_age"
    )


def test_scores_of_another_model_are_no_scores_of_this_one(bench: Bench, table_of: Tables) -> None:
    table = table_of(20)
    place = table.column_names.index("pd")
    field = table.schema.field("pd").with_metadata({"model": "f" * 64})
    table = table.set_column(place, field, table.column("pd"))
    without = table.drop_columns(["revenue_volatility"])
    with pytest.raises(BadInput, match="it holds scores of ffffffffffff, the policy's model is"):
        run(bench, without)
    # With all that the model reads, its own scores are made.
    assert run(bench, table, "whole").version("new").overall.applications == 20


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("debt_ratio", pa.array([0.5] * 10), "debt_ratio is of double"),
        ("owner_age", pa.array(["41"] * 10), "owner_age is of string"),
        ("bad", pa.array([1] * 10), "bad is of int64"),
        ("applied_on", pa.array(["2020-01-01"] * 10), "applied_on is of string"),
    ],
)
def test_a_column_of_another_type_is_refused(
    bench: Bench, table_of: Tables, name: str, values: pa.Array, told: str
) -> None:
    table = table_of(10)
    table = table.set_column(table.column_names.index(name), name, values)
    with pytest.raises(BadInput, match=told) as refused:
        run(bench, table)
    assert refused.value.field == name


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("decided", ["yes"] * 10, "decided is 'yes'"),
        ("application_id", ["A1"] * 9 + [None], "1 rows have no number"),
        ("applied_on", pa.array([None] * 10, pa.date32()), "10 rows have no day"),
    ],
)
def test_a_value_that_no_history_holds_is_refused(
    bench: Bench, table_of: Tables, name: str, values: object, told: str
) -> None:
    with pytest.raises(BadInput, match=told) as refused:
        run(bench, table_of(10, **{name: values}))
    assert refused.value.field == name


def test_an_empty_folder_and_files_of_different_columns_are_refused(
    bench: Bench, table_of: Tables
) -> None:
    empty = bench.folder / "empty"
    empty.mkdir()
    with pytest.raises(BadInput, match="has no history"):
        open_history(empty)
    folder = bench.kept(table_of(4))
    pq.write_table(table_of(4).drop_columns(["bad"]), folder / "part-00001.parquet")
    with pytest.raises(BadInput, match=r"part-00001.parquet has other columns"):
        open_history(folder)
    with pytest.raises(BadInput, match="Parquet"):
        open_history(Path(__file__))


def test_the_latest_outcome_known_in_time_counts_wherever_it_stands(
    bench: Bench, table_of: Tables
) -> None:
    nothing = pa.array([None] * 6, pa.bool_())
    table = table_of(6, bad=nothing, funded=nothing, bad_known_on=pa.array([None] * 6, pa.date32()))
    as_of = date(2024, 1, 1)

    def told(row: int, bad: object, on: date | None) -> pa.Table:
        one = table.slice(row, 1)
        known = pa.array([on], pa.date32())
        one = one.set_column(one.column_names.index("bad"), "bad", pa.array([bad], pa.bool_()))
        return one.set_column(one.column_names.index("bad_known_on"), "bad_known_on", known)

    early, day = date(2000, 1, 1), timedelta(1)
    rows = [
        told(0, False, as_of - 2 * day), told(0, True, as_of - day), told(0, False, as_of + day),
        told(1, True, as_of),  # known on the very day
        told(2, True, as_of + day),  # late
        told(3, True, None),  # undated
        told(4, True, early),  # before the application
        told(5, None, None), told(5, False, as_of - day),
    ]  # fmt: skip
    whole = pa.concat_tables(rows)
    found = run(bench, whole)
    assert found.cases.bad.tolist() == [1, 1, -1, -1, -1, 0]
    assert found.doubles.repeated == 3
    assert (found.doubles.late, found.doubles.undated, found.doubles.early) == (2, 1, 1)
    assert found.doubles.conflicting == 0
    backwards = whole.take(list(reversed(range(whole.num_rows))))
    assert run(bench, backwards, "backwards", 4).result_hash == found.result_hash


def test_rows_of_one_application_that_differ_are_told(bench: Bench, table_of: Tables) -> None:
    table = table_of(3)
    other = table.slice(1, 1)
    amount = pa.array([Decimal("77777.77")], other.column("amount").type)
    other = other.set_column(other.column_names.index("amount"), "amount", amount)
    found = run(bench, pa.concat_tables([table, other]))
    assert (found.doubles.conflicting, found.doubles.repeated) == (1, 1)
    again = run(bench, pa.concat_tables([other, table]), "again")
    assert again.result_hash == found.result_hash


def test_the_last_day_of_a_history_is_read_from_its_files(bench: Bench, table_of: Tables) -> None:
    table = table_of(30)
    latest = max(day for day in table.column("bad_known_on").to_pylist() if day)
    assert last_day(open_history(bench.kept(table, files=3))) == Day.fromordinal(latest.toordinal())


def test_outcomes_of_months_too_young_to_judge_do_not_count(bench: Bench, table_of: Tables) -> None:
    old, young = date(2020, 5, 3), date(2022, 11, 3)
    applied = pa.array([old] * 10 + [young] * 10, pa.date32())
    # Of the old month's loans nine of ten are known, of the young one's only the two gone bad.
    bad = pa.array([False] * 8 + [True, None] + [True] * 2 + [None] * 8)
    known = pa.array([None if each is None else date(2023, 2, 1) for each in bad.to_pylist()])
    table = table_of(
        20, applied_on=applied, bad=bad, bad_known_on=known, funded=pa.array([True] * 20)
    )
    found = run(bench, table)
    assert found.cases.bad.tolist() == [0] * 8 + [1, -1] + [-1] * 10
    assert found.doubles.unripe == 2
    all_known = replace(bench.economics, ripe=Rate.zero())
    path = bench.folder / "history"
    whole = backtest(path, [Version("new", bench.bundle)], Settings(all_known))
    assert whole.cases.bad.tolist() == [0] * 8 + [1, -1] + [1, 1] + [-1] * 8
