"""Arrow columns into what the steps read; what is null or too long for it is marked unsure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tael.dmn.columnar.analysis import Analysis
from tael.dmn.columnar.columns import (
    Coded,
    Codes,
    Column,
    Dictionary,
    Exact,
    Floats,
    Given,
    Raw,
    Truth,
    Truths,
    Whole,
    code_array,
)
from tael.dmn.columnar.grids import Spelling
from tael.dmn.columnar.kernels import Kernels
from tael.dmn.compiled.plan import Input, Kind
from tael.dmn.feel.values import Value
from tael.kernel import BadInput

# What gives the rows from one up to another as a column.
Reader: TypeAlias = Callable[[int, int], Column]
CodeReader: TypeAlias = Callable[[int, int], Codes]
_WORD = 8


def columns_of(table: pa.Table, names: Iterable[str]) -> dict[str, Any]:
    """The Arrow columns called ``names``, each in one piece.

    Raises:
        BadInput: one is missing or there twice.
    """
    found: dict[str, Any] = {}
    for name in names:
        places = table.schema.get_all_field_indices(name)
        if not places:
            raise BadInput(
                f"the table has no column {name!r}", field=name, rule="one column an input"
            )
        if len(places) > 1:
            raise BadInput(
                f"the table has the column {name!r} {len(places)} times",
                field=name,
                rule="one column an input",
            )
        column = table.column(places[0])
        found[name] = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return found


def reader(  # noqa: PLR0911 - one way a type
    column: Any, node: Input, analysis: Analysis, kernels: Kernels
) -> Reader:
    """How the steps read ``column``.

    Raises:
        BadInput: its Arrow type is not that of the input, or a double is not finite.
    """
    if pa.types.is_dictionary(column.type) and not _is_text(column.type.value_type):
        column = column.cast(column.type.value_type)
    valid = None if column.null_count == 0 else column.is_valid().to_numpy(zero_copy_only=False)
    unsure = None if valid is None else ~valid
    kind = node.shape.kind
    if pa.types.is_null(column.type):
        return _nulls(kind, len(column))
    if kind is Kind.NUMBER and pa.types.is_floating(column.type):
        return _doubles(_filled(column.cast(pa.float64())), node.name, unsure)
    if kind is Kind.NUMBER and pa.types.is_decimal(column.type):
        return _decimals(column, node.name, unsure)
    if kind is Kind.NUMBER and pa.types.is_integer(column.type):
        if column.type == pa.uint64():
            return _decimals(column.cast(pa.decimal128(20, 0)), node.name, unsure)
        return _whole(_filled(column.cast(pa.int64())), 0, unsure)
    if kind is Kind.BOOLEAN and pa.types.is_boolean(column.type):
        filled = column.fill_null(False) if column.null_count else column
        return _truths(filled.to_numpy(zero_copy_only=False), unsure)
    if kind is Kind.STRING and (_is_text(column.type) or pa.types.is_dictionary(column.type)):
        if node.name in analysis.opened:
            return _opened_texts(column, unsure)
        codes, dictionary = _texts(column, node, analysis, kernels), analysis.texts_of(node.name)
        return lambda start, end: Coded(codes(start, end), dictionary, _part(unsure, start, end))
    wanted = {
        Kind.NUMBER: "an integer, floating or decimal type",
        Kind.STRING: "strings",
        Kind.BOOLEAN: "booleans",
    }[kind]
    raise BadInput(f"the column {node.name!r} is of {column.type}", field=node.name, rule=wanted)


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _filled(column: Any) -> np.ndarray:
    filled = column.fill_null(0) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _part(marks: Truths | None, start: int, end: int) -> Truths | None:
    """The marks of some rows; None where no row is marked."""
    if marks is None:
        return None
    part = marks[start:end]
    return part if part.any() else None


def _nulls(kind: Kind, size: int) -> Reader:
    value: Value = "" if kind is Kind.STRING else False
    dictionary = Dictionary([value])

    def read(start: int, end: int) -> Column:
        rows = np.zeros(min(end, size) - start, np.uint16)
        if kind is Kind.NUMBER:
            return Exact(rows.astype(np.int64), 0, 0, np.ones(rows.size, np.bool_))
        return Coded(rows, dictionary, np.ones(rows.size, np.bool_))

    return read


def _doubles(values: Floats, name: str, unsure: Truths | None) -> Reader:
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise BadInput(
            f"row {row + 1} of the column {name!r} is {values[row]}",
            field=name,
            row=row + 1,
            rule="finite numbers; null where a value is missing",
        )
    return lambda start, end: Raw(values[start:end], _part(unsure, start, end))


def _whole(values: Whole, scale: int, unsure: Truths | None) -> Reader:
    return lambda start, end: Given(values[start:end], scale, _part(unsure, start, end))


def _decimals(column: Any, name: str, unsure: Truths | None) -> Reader:
    """Decimals by their lower eight bytes; those that need more are unsure."""
    scale = column.type.scale
    try:
        wide = column.cast(pa.decimal128(38, max(scale, 0)))
    except pa.ArrowInvalid as error:
        raise BadInput(
            f"the column {name!r} is of {column.type}: {error}",
            field=name,
            rule="decimals of at most 38 digits",
        ) from None
    data = np.frombuffer(wide.buffers()[1], np.int64).reshape(-1, 2)
    data = data[wide.offset : wide.offset + len(wide)]
    low, high = np.ascontiguousarray(data[:, 0]), data[:, 1]
    long = high != low >> 63
    if unsure is not None:
        long = long | unsure
    if long.any():
        low, unsure = np.where(long, 0, low), long
    return _whole(low, max(scale, 0), unsure)


def _truths(values: Truths, unsure: Truths | None) -> Reader:
    return lambda start, end: Truth(values[start:end], _part(unsure, start, end))


def _texts(column: Any, node: Input, analysis: Analysis, kernels: Kernels) -> CodeReader:
    """What gives the codes of some rows: known texts by number, all others as one."""
    spelling = analysis.spelling(node.name)
    other = len(spelling.texts)
    if pa.types.is_dictionary(column.type):
        own = pc.index_in(column.dictionary, pa.array(spelling.texts, column.type.value_type))
        own = own.fill_null(other).to_numpy().astype(np.uint16)
        places = _filled(column.indices)
        if not own.size:
            places, own = np.zeros(len(column), np.intp), np.array([other], np.uint16)
        return lambda start, end: own.take(places[start:end], mode="clip")
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    if kernels.spelled is not None and spelling.fits and len(column):
        return _spelled(column, spelling, kernels.spelled)
    known = pa.array(spelling.texts, column.type)

    def read(start: int, end: int) -> Codes:
        found = pc.index_in(column.slice(start, end - start), known)
        return np.asarray(found.fill_null(other).to_numpy().astype(np.uint16))

    return read


def _spelled(column: Any, spelling: Spelling, look: Callable[..., Codes]) -> CodeReader:
    _, offsets, data = column.buffers()
    kind = np.int64 if pa.types.is_large_string(column.type) else np.int32
    ends = np.frombuffer(offsets, kind)[column.offset : column.offset + len(column) + 1]
    size = 0 if data is None else data.size
    whole = np.frombuffer(data if size >= _WORD else b"", np.uint64, size // _WORD)
    left = b"" if data is None else data.slice(size - size % _WORD).to_pybytes()
    tail, other = np.uint64(int.from_bytes(left, "little")), len(spelling.texts)
    return lambda start, end: look(ends[start : end + 1], whole, tail, spelling.slots, other)


def _opened_texts(column: Any, unsure: Truths | None) -> Reader:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = column.dictionary.to_pylist()
    dictionary = Dictionary()
    codes = code_array([dictionary.code(value or "") for value in values] or [dictionary.code("")])
    places = _filled(column.indices)

    def read(start: int, end: int) -> Column:
        return Coded(
            codes.take(places[start:end], mode="clip"), dictionary, _part(unsure, start, end)
        )

    return read
