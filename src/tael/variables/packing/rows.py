"""Packed events as Arrow rows, one a borrower: what is stored and sent to workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.packing.book import UNKNOWN_GROUP, Book
from tael.variables.packing.packed import Packed
from tael.variables.packing.schema import EventSchema

if TYPE_CHECKING:
    import pyarrow as pa

SINGLE = ("time", "visible_from", "visible_to", "leaf", "key")
BORROWER, PRESENT = "borrower", "present"
GROUP = "group"
Schemas = Mapping[str, EventSchema]


def to_rows(packed: Packed, borrowers: tuple[str, ...], measures: tuple[str, ...]) -> pa.Table:
    """One row a borrower: ``borrower``, ``present`` and large lists without a copy of the values.

    The lists are ``time``, ``visible_from``, ``visible_to`` (UTC seconds), ``leaf``, ``key`` and
    one ``measure.NAME`` a measure; those of one row are equally long.

    Raises:
        BadInput: as many names as borrowers and measures are needed.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    if len(borrowers) != packed.borrowers or len(measures) != len(packed.measures):
        raise BadInput(
            f"{len(borrowers)} borrowers and {len(measures)} measures are named, "
            f"{packed.borrowers} and {len(packed.measures)} are packed",
            field=BORROWER,
        )
    columns = {
        BORROWER: pa.array(borrowers, pa.large_string()),
        PRESENT: pa.array(packed.present),
    }
    values = {name: getattr(packed, name) for name in SINGLE}
    values |= {f"measure.{name}": row for name, row in zip(measures, packed.measures, strict=True)}
    for name, flat in values.items():
        columns[name] = pa.LargeListArray.from_arrays(pa.array(packed.offsets), pa.array(flat))
    return pa.table(columns)


def from_rows(rows: pa.Table, measures: tuple[str, ...]) -> Packed:
    """The packed events of rows as ``to_rows`` made them, of any slice of them or order.

    Raises:
        BadInput: a column is missing or of another type, or lists of one row differ in length.
    """
    offsets = _offsets(rows, "time")
    flat: dict[str, NDArray[Any]] = {}
    for name in (*SINGLE, *(f"measure.{name}" for name in measures)):
        if not np.array_equal(_offsets(rows, name), offsets):
            raise BadInput("the lists of a row differ in length", field=name)
        flat[name] = _flat(rows, name, "uint16" if name == "leaf" else "int64")
    stacked = [flat[f"measure.{name}"] for name in measures]
    return Packed(
        offsets=offsets,
        time=flat["time"],
        visible_from=flat["visible_from"],
        visible_to=flat["visible_to"],
        leaf=flat["leaf"],
        measures=np.stack(stacked) if stacked else np.zeros((0, int(offsets[-1])), np.int64),
        key=flat["key"],
        present=_writable(_column(rows, PRESENT).to_numpy()),
    )


def book_to_rows(book: Book, schemas: Schemas) -> pa.Table:
    """One row a borrower with the events of every slot, as clusters take them.

    Columns: ``borrower``, ``group`` (int64, -1 unknown), then of each slot in the order of
    ``schemas`` those of ``to_rows``, named ``SLOT/present``, ``SLOT/time``, … A slot that the book
    has not has no columns.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    groups = book.groups
    if groups is None:
        groups = np.full(len(book.borrowers), UNKNOWN_GROUP, np.int64)
    columns = {
        BORROWER: pa.array(book.borrowers, pa.large_string()),
        GROUP: pa.array(groups),
    }
    for slot, schema in schemas.items():
        if slot in book.slots:
            rows = to_rows(book.slots[slot], book.borrowers, schema.measures)
            columns |= {f"{slot}/{name}": rows[name] for name in rows.column_names[1:]}
    return pa.table(columns)


def book_from_rows(rows: pa.Table, schemas: Schemas) -> Book:
    """The book of rows as ``book_to_rows`` made them, of any slice of them or order.

    Other columns, and slots that ``schemas`` do not name, are left alone.

    Raises:
        BadInput: the borrowers or groups are missing, or a slot lacks a column or has another type.
    """
    slots = {}
    for slot, schema in schemas.items():
        names = [name for name in rows.column_names if name.startswith(f"{slot}/")]
        if names:
            part = rows.select(names).rename_columns([name[len(slot) + 1 :] for name in names])
            slots[slot] = from_rows(part, schema.measures)
    return Book(
        tuple(_column(rows, BORROWER).to_pylist()),
        slots,
        _writable(_column(rows, GROUP).to_numpy()),
    )


def _writable(values: NDArray[Any]) -> NDArray[Any]:
    """Memory that may be written: loops are compiled for it, and again for any other."""
    return np.require(values, requirements=["C", "W"])


def _column(rows: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in rows.column_names:
        raise BadInput("the column is missing", field=name, rule="packed rows have it")
    column = rows[name]
    if column.null_count:
        raise BadInput("a row is null", field=name, rule="packed rows have no null")
    return column


def _offsets(rows: pa.Table, name: str) -> NDArray[np.int64]:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    column = _column(rows, name)
    if not (pa.types.is_large_list(column.type) or pa.types.is_list(column.type)):
        raise BadInput(f"{column.type} is given, a list is needed", field=name)
    lengths = pc.list_value_length(column).to_numpy()
    return np.append(0, np.cumsum(lengths)).astype(np.int64)


def _flat(rows: pa.Table, name: str, kind: str) -> NDArray[Any]:
    import pyarrow.compute as pc  # noqa: PLC0415 - an extra, and slow to load

    values = pc.list_flatten(rows[name])
    if str(values.type) != kind or values.null_count:
        raise BadInput(f"list of {values.type} is given, of {kind} needed", field=name)
    return _writable(values.to_numpy())
