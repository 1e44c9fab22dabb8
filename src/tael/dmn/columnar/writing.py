"""Columns and single values into Arrow: one type a decision, whichever way a row was computed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tael.dmn.columnar import guard
from tael.dmn.columnar.analysis import children
from tael.dmn.columnar.columns import (
    Coded,
    Codes,
    Column,
    Days,
    Dictionary,
    Exact,
    Fields,
    Items,
    Truth,
    Truths,
    scale_of,
)
from tael.dmn.columnar.merging import member
from tael.dmn.columnar.pieces import ROUNDINGS, number
from tael.dmn.compiled import plan as p
from tael.dmn.compiled.plan import Kind, Shape
from tael.dmn.feel.temporal import Date
from tael.dmn.feel.text import to_json
from tael.dmn.feel.values import Value

_NARROW, _WIDE = 38, 76  # digits of Arrow's decimals
_SHORT_TEXT = 24  # bytes


class Digits:
    """The most digits before and after the point that the numbers of one column need."""

    def __init__(self) -> None:
        self.scale = 0
        self.whole = 1

    def of(self, value: Decimal) -> None:
        """Make room for ``value``."""
        if value:
            self.scale = max(self.scale, scale_of(value))
            self.whole = max(self.whole, value.adjusted() + 1)

    def of_units(self, scale: int, bound: int) -> None:
        """Make room for units up to ``bound``."""
        self.scale = max(self.scale, scale)
        self.whole = max(self.whole, len(str(bound)) - scale)

    def into(self, other: Digits) -> None:
        """Make the room of this one in ``other`` too."""
        other.scale = max(self.scale, other.scale)
        other.whole = max(self.whole, other.whole)

    def type(self) -> Any:
        """decimal128 if it holds them, else decimal256, else text."""
        if self.whole + self.scale <= _NARROW:
            return pa.decimal128(_NARROW, self.scale)
        if self.whole + self.scale <= _WIDE:
            return pa.decimal256(_WIDE, self.scale)
        return pa.string()


def shape_of(values: Iterable[Value]) -> Shape | None:
    """The shape that all of ``values`` have; None when they differ, or one has no Arrow type."""
    found: Shape | None = None
    for value in values:
        if value is None:
            continue
        shape = _shape(value)
        if shape is None or (found is not None and found != shape):
            joint = None if shape is None or found is None else _joint(found, shape)
            if joint is None:
                return None
            shape = joint
        found = shape
    return found or Shape(Kind.STRING)


def _shape(value: Value) -> Shape | None:  # noqa: PLR0911 - one way a kind
    kinds = {Decimal: Kind.NUMBER, str: Kind.STRING, bool: Kind.BOOLEAN, Date: Kind.DATE}
    kind = kinds.get(type(value))
    if kind is Kind.DATE and isinstance(value, Date) and not 1 <= value.year <= 9999:  # noqa: PLR2004 - Arrow's days are Python's
        return None
    if kind is not None:
        return Shape(kind)
    if isinstance(value, tuple):
        if not value:
            return Shape(Kind.LIST)
        item = shape_of(value)
        return None if item is None else Shape(Kind.LIST, item)
    if isinstance(value, Mapping):
        entries = [(name, shape_of([item])) for name, item in value.items()]
        if not entries or any(shape is None for _, shape in entries):
            return None
        return Shape(Kind.CONTEXT, entries=tuple((n, s) for n, s in entries if s is not None))
    return None


def _joint(left: Shape, right: Shape) -> Shape | None:
    """The shape of two that differ only in a list being empty."""
    if left.kind is Kind.LIST and right.kind is Kind.LIST:
        if left.item is None or right.item is None:
            return left if right.item is None else right
        item = left.item if left.item == right.item else _joint(left.item, right.item)
        return None if item is None else Shape(Kind.LIST, item)
    names = [name for name, _ in left.entries]
    if left.kind is not Kind.CONTEXT or names != [name for name, _ in right.entries]:
        return None
    parts = [
        a if a == b else _joint(a, b)
        for (_, a), (_, b) in zip(left.entries, right.entries, strict=True)
    ]
    if any(part is None for part in parts):
        return None
    return Shape(
        Kind.CONTEXT, entries=tuple((n, s) for n, s in zip(names, parts, strict=True) if s)
    )


def measure(value: Value, digits: Digits) -> None:
    """Make room for every number in ``value``."""
    if isinstance(value, Decimal):
        digits.of(value)
    elif isinstance(value, tuple):
        for item in value:
            measure(item, digits)
    elif isinstance(value, Mapping):
        for item in value.values():
            measure(item, digits)


def measure_column(column: Column, digits: Digits) -> None:
    """Make room for every number in ``column``."""
    if isinstance(column, Coded):
        column.dictionary.derived("digits", _measured).into(digits)  # type: ignore[attr-defined]
    elif isinstance(column, Fields | Items):
        for part in column.columns:
            measure_column(part, digits)
    elif not isinstance(column, Truth | Days):
        whole = guard.exact(column)
        if whole is not None:
            digits.of_units(whole.scale, whole.bound)


def _measured(values: Sequence[Value]) -> Digits:
    digits = Digits()
    for value in values:
        measure(value, digits)
    return digits


def measure_plan(value: p.Expression, plan: p.Plan, digits: Digits) -> None:
    """Make room for what a decision may give by its text: its type hangs less on the rows."""
    waiting, seen = [value], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, p.Constant):
            measure(each.value, digits)
        elif isinstance(each, p.Reference):
            waiting.append(plan.decisions[each.key])
        elif isinstance(each, p.Choose):
            waiting += [each.then, each.otherwise]
        elif isinstance(each, p.Call) and each.function in ROUNDINGS:
            places = each.arguments[1] if len(each.arguments) > 1 else None
            if isinstance(places, p.Constant) and isinstance(places.value, Decimal):
                digits.of_units(max(0, int(places.value)), 1)
        elif isinstance(each, p.Local | p.Table | p.ListOf | p.Record | p.Kept | p.Member):
            waiting += list(children(each))


def type_of(shape: Shape | None, digits: Digits) -> Any:
    """The Arrow type of a shape; text for what has none."""
    if shape is None:
        return pa.string()
    if shape.kind is Kind.NUMBER:
        return digits.type()
    if shape.kind is Kind.LIST:
        return pa.list_(type_of(shape.item, digits) if shape.item else pa.string())
    if shape.kind is Kind.CONTEXT:
        return pa.struct([(name, type_of(each, digits)) for name, each in shape.entries])
    return {Kind.STRING: pa.string(), Kind.BOOLEAN: pa.bool_(), Kind.DATE: pa.date32()}[shape.kind]


def array_of(values: Sequence[Value], kind: Any) -> Any:
    """Single values as an Arrow array of type ``kind``."""
    return pa.array([python_of(value, kind) for value in values], kind)


def python_of(value: Value, kind: Any) -> Any:  # noqa: PLR0911 - one way a kind
    """``value`` as what Arrow makes a ``kind`` of."""
    if value is None:
        return None
    if pa.types.is_list(kind) and isinstance(value, tuple):
        return [python_of(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind) and isinstance(value, Mapping):
        return {each.name: python_of(value.get(each.name), each.type) for each in kind}
    if isinstance(value, Decimal) and not value and not pa.types.is_string(kind):
        return Decimal(0)  # a zero may carry an exponent or a sign that no column holds
    if isinstance(value, Date) and pa.types.is_date(kind):
        return dt.date(value.year, value.month, value.day)
    if pa.types.is_string(kind) and not isinstance(value, str):
        found = to_json(value)
        return found if isinstance(found, str) else str(found)
    return value


def is_writable(column: Column) -> bool:
    """Whether ``column`` can be handed out: an unrounded real cannot."""
    if isinstance(column, Fields | Items):
        return all(is_writable(part) for part in column.columns)
    if isinstance(column, Truth | Days | Coded):
        return True
    return guard.exact(column) is not None


def arrow_of(column: Column, kind: Any, size: int) -> Any:  # noqa: PLR0911 - one way a kind
    """``column`` as an Arrow array of type ``kind`` and ``size`` rows."""
    if isinstance(column, Coded):
        return _coded(column, kind, size)
    if isinstance(column, Truth):
        return pa.array(_rows(column.values, size), pa.bool_())
    if isinstance(column, Days):
        return pa.array(_rows(column.days, size).astype(np.int32), pa.int32()).cast(pa.date32())
    if isinstance(column, Fields):
        parts = [arrow_of(member(column, each.name), each.type, size) for each in kind]
        return pa.StructArray.from_arrays(parts, fields=list(kind))
    if isinstance(column, Items):
        return _listed(column, kind, size)
    whole = guard.exact(number(column))
    if whole is None:
        raise TypeError("an unrounded real has no decimals")
    if pa.types.is_string(kind):
        scale = whole.scale
        return array_of([Decimal(int(u)).scaleb(-scale) for u in _rows(whole.units, size)], kind)
    return _decimals(Exact(_rows(whole.units, size), whole.scale, whole.bound), kind)


def _coded(column: Coded, kind: Any, size: int) -> Any:
    """By numpy where values are few and short: Arrow's own take is several times as slow."""
    codes = _rows(column.codes, size)
    if pa.types.is_decimal128(kind):
        known = column.dictionary.units()
        if known is not None:
            units, scale, bound = known
            return _decimals(Exact(units, scale, bound), kind, codes)
    if pa.types.is_struct(kind):
        parts = [arrow_of(member(column, each.name), each.type, size) for each in kind]
        return pa.StructArray.from_arrays(parts, fields=list(kind))
    if pa.types.is_string(kind):
        texts = column.dictionary.derived("texts", _texts)
        if isinstance(texts, _Texts):
            return _short_texts(codes, texts)
    if pa.types.is_list(kind):
        return _lists(column, codes, kind)

    def make(values: Sequence[Value]) -> Any:
        return array_of(values, kind)

    values = column.dictionary.derived(("arrow", kind), make)
    return values.take(pa.array(codes))  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Strings as rows of bytes, their lengths, and which bytes are theirs."""

    bytes: NDArray[np.uint8]
    lengths: Codes
    inside: Truths


def _texts(values: Sequence[Value]) -> _Texts | None:
    """None when one is long or no string."""
    parts = [value.encode() for value in values if isinstance(value, str)]
    if len(parts) < len(values) or any(len(part) > _SHORT_TEXT for part in parts):
        return None
    width = max(map(len, parts), default=0)
    padded = b"".join(part.ljust(width, b"\0") for part in parts)
    lengths = np.array([len(part) for part in parts], np.intp)
    matrix = np.frombuffer(padded, np.uint8).reshape(len(parts), width)
    return _Texts(matrix, lengths, np.arange(width) < lengths[:, None])


def _short_texts(codes: Codes, texts: _Texts) -> Any:
    offsets = np.zeros(codes.size + 1, np.int32)
    np.cumsum(texts.lengths[codes], out=offsets[1:])
    data = np.ascontiguousarray(texts.bytes[codes][texts.inside[codes]])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), codes.size, buffers)


@dataclass(frozen=True, slots=True)
class _Flat:
    """Lists one after the other: their items, how many each has and where it begins."""

    items: Coded
    counts: Codes
    starts: Codes


def _flat(values: Sequence[Value]) -> _Flat:
    lists = [value if isinstance(value, tuple) else () for value in values]
    dictionary = Dictionary()
    items = [dictionary.code(item) for listed in lists for item in listed]
    counts = np.array([len(listed) for listed in lists], np.intp)
    return _Flat(Coded(np.array(items, np.intp), dictionary), counts, np.cumsum(counts) - counts)


def _lists(column: Coded, codes: Codes, kind: Any) -> Any:
    flat = column.dictionary.derived("flat", _flat)
    if not isinstance(flat, _Flat):
        raise TypeError("a derived value of another kind")
    sizes = flat.counts[codes]
    offsets = np.zeros(codes.size + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    items = flat.items.codes[np.repeat(flat.starts[codes], sizes) + within]
    inner = arrow_of(Coded(items, flat.items.dictionary), kind.value_type, items.size)
    return pa.ListArray.from_arrays(pa.array(offsets), inner, type=kind)


def _listed(column: Items, kind: Any, size: int) -> Any:
    width = len(column.columns)
    parts = pa.concat_arrays([arrow_of(each, kind.value_type, size) for each in column.columns])
    order = np.arange(size)[:, None] + size * np.arange(width)[None, :]
    offsets = pa.array(np.arange(0, (size + 1) * width, width, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, parts.take(pa.array(order.reshape(-1))))


def _decimals(whole: Exact, kind: Any, codes: Codes | None = None) -> Any:
    """Whole units as Arrow's decimals, by their bytes; of some codes where such are given."""
    fits = guard.at_scale(whole, kind.scale) if kind.scale >= whole.scale else None
    own = fits or whole
    units = own.units if codes is None else own.units[codes]
    pairs = np.empty((units.size, 2), np.int64)
    pairs[:, 0] = units
    pairs[:, 1] = units >> 63
    narrow = pa.decimal128(_NARROW, own.scale)
    made = pa.Array.from_buffers(narrow, units.size, [None, pa.py_buffer(pairs)])
    return made if made.type == kind else made.cast(kind)


def _rows(values: np.ndarray, size: int) -> np.ndarray:
    return values if values.ndim else np.ascontiguousarray(np.broadcast_to(values, size))
