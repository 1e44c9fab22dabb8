"""Packed events go into Arrow rows and Parquet and come back bit by bit."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.variables.packing.packed import Packed
from tael.variables.packing.rows import from_rows, to_rows

NAMES = ("a", "b", "c")
MEASURES = ("amount", "tax")


def packed() -> Packed:
    time = np.arange(1_000_000_005, 1_000_000_000, -1)
    return Packed(
        offsets=np.array([0, 2, 2, 5]),
        time=time,
        visible_from=time + 1,
        visible_to=time + 9,
        leaf=np.arange(5, dtype=np.uint16),
        measures=np.arange(10).reshape(2, 5),
        key=np.arange(5) - 2,
        present=np.array([True, False, True]),
    )


def same(one: Packed, other: Packed) -> bool:
    return all(map(np.array_equal, one.arrays(), other.arrays()))


def test_rows_come_back_bit_by_bit_also_through_parquet() -> None:
    rows = to_rows(packed(), NAMES, MEASURES)
    assert same(from_rows(rows, MEASURES), packed())
    file = io.BytesIO()
    pq.write_table(rows, file)
    assert same(from_rows(pq.read_table(file), MEASURES), packed())


def test_a_slice_and_chunks_are_rows_too() -> None:
    rows = to_rows(packed(), NAMES, MEASURES)
    last = from_rows(rows.slice(1), MEASURES)
    assert last.offsets.tolist() == [0, 0, 3]
    assert last.measures.tolist() == [[2, 3, 4], [7, 8, 9]]
    assert same(from_rows(pa.concat_tables([rows.slice(0, 1), rows.slice(1)]), MEASURES), packed())
    assert from_rows(rows.slice(3), MEASURES).offsets.tolist() == [0]


def changed(name: str, column: pa.Array | None) -> pa.Table:
    rows = to_rows(packed(), NAMES, MEASURES).drop_columns(name)
    return rows if column is None else rows.append_column(name, column)


@pytest.mark.parametrize(
    ("name", "column", "said"),
    [
        ("key", None, "missing"),
        ("leaf", pa.array([[1, 2], [], [3, 4, 5]], pa.large_list(pa.int64())), "uint16"),
        ("key", pa.array([[1, 2], [3], [4, 5]], pa.large_list(pa.int64())), "differ in length"),
        ("key", pa.array([[1, 2], None, [3, 4, 5]], pa.large_list(pa.int64())), "null"),
        ("key", pa.array([1, 2, 3]), "a list is needed"),
    ],
)
def test_rows_of_another_shape_are_refused(name: str, column: pa.Array | None, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        from_rows(changed(name, column), MEASURES)
    assert refused.value.field == name


def test_as_many_names_as_borrowers_are_needed() -> None:
    with pytest.raises(BadInput, match="2 borrowers and 2 measures are named"):
        to_rows(packed(), NAMES[:2], MEASURES)
