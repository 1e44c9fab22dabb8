"""Arrow in, Arrow out: types, rows that fall back, decisions without columns, bad input, traces."""

from __future__ import annotations

import datetime as dt
import math
import os
import subprocess
import sys
from decimal import Decimal

import pyarrow as pa
import pytest

from tael.dmn import BatchResult, DmnError, Model
from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.dmn.columnar.batch import evaluate_batch
from tael.dmn.columnar.writing import python_of
from tael.kernel import BadInput

TIERS = Table(
    inputs=(InputColumn("score", "number"), InputColumn("kind", "tKind")),
    outputs=(OutputColumn("", "string"),),
    rules=(
        Rule((">= 700", "-"), ('"A"',)),
        Rule(("[600..700)", 'not("farm")'), ('"B"',)),
        Rule(("< 0.5", "-"), ('"C"',)),
    ),
    hit_policy="U",
)


def policy() -> Draft:
    return (
        Draft.new("policy", "https://example.org/policy")
        .type("tKind", "string", allowed='"shop", "farm"')
        .input("score", "number")
        .input("kind", "tKind")
        .input("debt", "number")
        .decision("tier", TIERS, "string")
        .decision("share", "debt / score", "number")
        .decision("shown", "decimal(share, 3)", "number")
        .decision("offer", '{tier: tier, limit: if tier = "A" then 1000.50 else debt}')
    )


@pytest.fixture(scope="module")
def model() -> Model:
    return policy().model()


def batch(**columns: object) -> pa.Table:
    given: dict[str, object] = {
        "score": pa.array([700, 650, 0, 650, None], pa.int32()),
        "kind": ["shop", "farm", "shop", "bank", "shop"],
        "debt": pa.array([Decimal("1.25")] * 5, pa.decimal128(9, 2)),
    }
    return pa.table(given | columns)


def test_values_come_with_one_type_whichever_way_a_row_took(model: Model) -> None:
    found = model.evaluate_batch(batch(), ["tier", "shown", "offer"])
    assert isinstance(found, BatchResult)
    assert found.table.column("tier").to_pylist() == [
        "A",
        None,
        "C",
        "B",
        None,
    ]  # a bank is null, no farm
    shown = found.table.column("shown")
    assert shown.type == pa.decimal128(38, 3)
    assert shown.to_pylist() == [Decimal("0.002"), Decimal("0.002"), None, Decimal("0.002"), None]
    assert found.table.column("offer").type.field("limit").type == pa.decimal128(38, 2)
    assert found.table.column("offer").to_pylist()[0] == {"tier": "A", "limit": Decimal("1000.50")}
    assert found.fallbacks == {}
    assert found.rows_fallen_back == 4  # no rule, a division by zero, not allowed, a null


def test_a_decision_without_columns_is_computed_row_by_row_and_named(model: Model) -> None:
    found = model.evaluate_batch(batch())
    assert found.fallbacks == {"share": "it gives a quotient that is not rounded"}
    share = found.table.column("share")
    assert (
        share[0].as_py()
        == model.evaluate({"score": 700, "debt": Decimal("1.25")}, "share").outputs["share"]
    )
    other = policy().decision("each", "for i in 1..3 return i * debt").model()
    listed = other.evaluate_batch(batch(), ["each"])
    assert listed.fallbacks == {"each": "decision 'each': a for is not planned"}
    assert listed.table.column("each").to_pylist()[0] == [
        Decimal("1.25"),
        Decimal("2.5"),
        Decimal("3.75"),
    ]


def test_rows_whose_evaluation_warned_are_told_also_of_decisions_that_are_only_watched(
    model: Model,
) -> None:
    asked = model.evaluate_batch(batch(), ["tier"])
    assert asked.warned == (1, 3, 4)  # no rule, not allowed, a null
    seen = model.watch_batch(batch(), ["tier"], ["share", "shown", "offer"], trace=True)
    assert seen.warned == (1, 2, 3, 4)  # a division by zero too, in what nobody asked for
    assert (seen.fallbacks, seen.rows_fallen_back) == ({}, 4)
    assert seen.table.column_names == ["tier", "tier rules"]
    assert seen.table.column("tier").equals(asked.table.column("tier"))
    near = [1.25 / 700, 1.25 / 650, math.nan, 1.25 / 650, math.nan]
    assert seen.doubles["share"].tolist() == pytest.approx(near, nan_ok=True)
    assert set(seen.doubles) == {"share", "shown"}


def test_a_trace_names_the_rules_that_fired(model: Model) -> None:
    found = model.evaluate_batch(batch(), ["tier", "shown"], trace=True).table
    assert found.column_names == ["tier", "tier rules", "shown"]
    assert found.column("tier rules").to_pylist() == [[1], [], [3], [2], []]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ([700, 650, 600], pa.uint64()),
        ([700.0, 650.0, 600.0], pa.float32()),
        ([700, 650, 600], pa.decimal256(50, 10)),
        ([700, 650, 600], pa.decimal128(5, 1)),
    ],
)
def test_numbers_of_any_arrow_type_are_read(
    model: Model, column: list[float], kind: pa.DataType
) -> None:
    table = batch().slice(0, 3).set_column(0, "score", pa.array(column, kind))
    words = pa.array(["shop"] * 3).dictionary_encode()
    table = table.set_column(1, "kind", words)
    assert model.evaluate_batch(table, ["tier"]).table.column(0).to_pylist() == ["A", "B", "B"]


def test_columns_in_pieces_and_record_batches_are_read(model: Model) -> None:
    whole = batch()
    pieces = pa.concat_tables([whole.slice(0, 2), whole.slice(2)])
    one = model.evaluate_batch(pieces).table
    two = model.evaluate_batch(whole.combine_chunks().to_batches()[0]).table
    assert one == two == model.evaluate_batch(whole).table


def test_many_chunks_and_an_empty_table_keep_rows_and_types(model: Model) -> None:
    many = pa.concat_tables([batch()] * 14_000)
    found = model.evaluate_batch(many, ["tier"]).table
    assert found.column(0).to_pylist() == ["A", None, "C", "B", None] * 14_000
    empty = model.evaluate_batch(batch().slice(0, 0))
    assert empty.table.num_rows == 0
    assert empty.table.column_names == ["tier", "share", "shown", "offer"]


@pytest.mark.parametrize(
    ("table", "field", "says"),
    [
        (batch().drop_columns(["score"]), "score", "no column 'score'"),
        (batch(score=["700"] * 5), "score", "is of string"),
        (batch(kind=[1] * 5), "kind", "is of int64"),
        (batch().append_column("kind", [["shop"] * 5]), "kind", "2 times"),
        (batch(score=[1.0, float("nan"), 2.0, 3.0, 4.0]), "score", "row 2"),
        (batch(debt=[dt.date(2026, 4, 1)] * 5), "debt", "is of date32"),
        ({"score": [1]}, "table", "not dict"),
    ],
)
def test_bad_input_names_column_and_rule(
    model: Model, table: pa.Table, field: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        model.evaluate_batch(table)
    assert caught.value.field == field
    assert caught.value.rule


def test_an_unknown_decision_is_refused(model: Model) -> None:
    with pytest.raises(DmnError, match="no decision 'tears'"):
        model.evaluate_batch(batch(), ["tears"])


def test_columns_of_floats_too_long_for_whole_units_agree(model: Model) -> None:
    table = batch(score=[700.0000000000001, 650.1, 0.1 + 0.2, 1e300, 600.0])
    table = table.set_column(1, "kind", [["shop"] * 5])
    assert model.evaluate_batch(table, ["tier"]).table.column(0).to_pylist() == [
        "A",
        "B",
        "C",
        "A",
        "B",
    ]


def test_importing_the_engine_loads_no_arrays() -> None:
    program = "import sys, tael.dmn; print({'numpy', 'pyarrow', 'numba'} & set(sys.modules))"
    done = subprocess.run(  # noqa: S603 - our own interpreter on a constant program
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_numpy_does_the_same_as_numba(model: Model) -> None:
    found = evaluate_batch(model, batch(), ["tier"], compiled=False)
    assert not found.compiled
    assert found.table == model.evaluate_batch(batch(), ["tier"]).table


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads follow the processors")
def test_threads_change_nothing(model: Model) -> None:
    many = batch().take(pa.array([0] * 66_000 + [1, 2, 3] + [0] * 200_000))
    names = ["tier", "shown", "offer"]
    shared = policy().model().evaluate_batch(many, names, trace=True)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        alone = model.evaluate_batch(many, names, trace=True)
    finally:
        os.sched_setaffinity(0, allowed)
    assert shared.table == alone.table
    assert shared.rows_fallen_back == alone.rows_fallen_back


def there_of(kind: pa.DataType, number: str) -> object:
    return python_of(Decimal(number), kind)


def test_a_type_that_grows_with_later_rows_takes_the_earlier_ones_along() -> None:
    grown = (
        Draft.new("grown", "https://example.org/grown")
        .input("a", "number")
        .decision("twice", "a * 2", "number")
        .decision("both", "{twice: twice, list: [twice, a]}")
        .model()
    )
    places = 70_000
    for last in (Decimal("0.125"), Decimal("1e30"), Decimal("1e-60"), Decimal("1e90")):
        table = pa.table({"a": pa.array([1.5] * places + [float(last)], pa.float64())})
        found = evaluate_batch(grown, table, ["twice", "both"]).table
        kind = found.schema.field("twice").type
        assert found.column("twice")[0].as_py() == there_of(kind, "3")
        there = found.column("twice")[places].as_py()
        assert there == python_of(2 * last, kind)
        both = found.column("both")[0].as_py()
        listed = [there_of(kind, number) for number in ("3", "1.5")]
        assert both == {"twice": there_of(kind, "3"), "list": listed}
