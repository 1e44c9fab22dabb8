"""Columns and single values into Arrow: one type a decision, whichever way a row was computed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from tael.dmn.columnar import guard
from tael.dmn.columnar.analysis import children
from tael.dmn.columnar.columns import (
    Bytes,
    Coded,
    Codes,
    Column,
    Days,
    Dictionary,
    Ends,
    Exact,
    Fields,
    Items,
    Truth,
    Whole,
    code_array,
    scale_of,
)
from tael.dmn.columnar.kernels import Kernels
from tael.dmn.columnar.merging import member
from tael.dmn.columnar.pieces import ROUNDINGS, number
from tael.dmn.compiled import plan as p
from tael.dmn.compiled.plan import Kind, Shape
from tael.dmn.feel.temporal import Date
from tael.dmn.feel.text import to_json
from tael.dmn.feel.values import Value

_NARROW, _WIDE = 38, 76  # digits of Arrow's decimals
_SHORT_TEXT, _EIGHT = 24, 8  # bytes
_NO: Whole = np.zeros(0, np.int64)
_PIECE = 2**20  # of eight bytes: so large a piece is of large pages


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
        column.dictionary.grown("digits", _measured).into(digits)  # type: ignore[attr-defined]
    elif isinstance(column, Fields | Items):
        for part in column.columns:
            measure_column(part, digits)
    elif not isinstance(column, Truth | Days):
        whole = guard.exact(column)
        if whole is not None:
            digits.of_units(whole.scale, whole.bound)


def _measured(known: object, values: Sequence[Value]) -> Digits:
    digits = Digits()
    if isinstance(known, Digits):
        known.into(digits)
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


def widened(array: Any, kind: Any) -> Any:
    """``array``, as ``arrow_of`` makes it, in a type with more room for digits."""
    if array.type == kind:
        return array
    if pa.types.is_struct(kind):
        parts = [widened(array.field(each.name), each.type) for each in kind]
        return pa.StructArray.from_arrays(parts, fields=list(kind))
    if pa.types.is_list(kind):
        items = widened(array.values, kind.value_type)
        return pa.ListArray.from_arrays(array.offsets, items, type=kind)
    if pa.types.is_decimal(array.type) and pa.types.is_string(kind):
        return array_of(array.to_pylist(), kind)
    return array.cast(kind)


def is_writable(column: Column) -> bool:
    """Whether ``column`` can be handed out: an unrounded real cannot."""
    if isinstance(column, Fields | Items):
        return all(is_writable(part) for part in column.columns)
    if isinstance(column, Truth | Days | Coded):
        return True
    return guard.exact(column) is not None


class Room:
    """Memory for columns in large pieces, which the system hands out several times as quickly.

    One serves many threads.
    """

    def __init__(self, kernels: Kernels) -> None:
        self.kernels = kernels
        self._left: Whole = np.empty(0, np.int64)
        self._lock = Lock()

    def pairs(self, count: int) -> Whole:
        """``count`` rows of two int64, to be written."""
        with self._lock:
            if self._left.size < 2 * count:
                self._left = np.empty(max(2 * count, _PIECE), np.int64)
            found, self._left = self._left[: 2 * count], self._left[2 * count :]
        return found.reshape(-1, 2)


def arrow_of(column: Column, kind: Any, size: int, room: Room) -> Any:  # noqa: PLR0911 - one way a kind
    """``column`` as an Arrow array of type ``kind`` and ``size`` rows."""
    if isinstance(column, Coded):
        return _coded(column, kind, size, room)
    if isinstance(column, Truth):
        return pa.array(_rows(column.values, size), pa.bool_())
    if isinstance(column, Days):
        return pa.array(_rows(column.days, size).astype(np.int32), pa.int32()).cast(pa.date32())
    if isinstance(column, Fields):
        parts = [arrow_of(member(column, each.name), each.type, size, room) for each in kind]
        return pa.StructArray.from_arrays(parts, fields=list(kind))
    if isinstance(column, Items):
        return _listed(column, kind, size, room)
    whole = guard.exact(number(column))
    if whole is None:
        raise TypeError("an unrounded real has no decimals")
    if pa.types.is_string(kind):
        scale = whole.scale
        return array_of([Decimal(int(u)).scaleb(-scale) for u in _rows(whole.units, size)], kind)
    own = _fitting(whole, kind)
    pairs = room.pairs(size)
    pairs[:, 0] = own.units
    np.right_shift(pairs[:, 0], 63, out=pairs[:, 1])
    return _decimals(pairs, own.scale, kind)


def _coded(column: Coded, kind: Any, size: int, room: Room) -> Any:
    """By our own loops where values are few and short: Arrow's take is several times as slow."""
    if pa.types.is_struct(kind):
        parts = [arrow_of(member(column, each.name), each.type, size, room) for each in kind]
        return pa.StructArray.from_arrays(parts, fields=list(kind))
    if pa.types.is_decimal128(kind):
        known = column.dictionary.units()
        if known is not None:
            own = _fitting(Exact(*known), kind)
            units, keys = column.direct(own.units)
            pairs = room.pairs(size)
            room.kernels.wide(units, _rows(keys, size), pairs)
            return _decimals(pairs, own.scale, kind)
    codes = _rows(column.codes, size)
    if pa.types.is_string(kind):
        texts = column.dictionary.derived("texts", _texts)
        if isinstance(texts, _Texts):
            ends, data = room.kernels.written(codes, texts.lengths, texts.padded)
            return _variable(kind, ends, data)
    if pa.types.is_list(kind):
        return _lists(column, codes, kind, room)

    def make(values: Sequence[Value]) -> Any:
        return array_of(values, kind)

    values = column.dictionary.derived(("arrow", kind), make)
    return values.take(pa.array(codes))  # type: ignore[attr-defined]


def _variable(kind: Any, ends: Ends, data: Bytes) -> Any:
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(kind, ends.size - 1, buffers)


@dataclass(frozen=True, slots=True)
class _Texts:
    """The bytes of strings: their lengths, and each padded to as many eights as the longest."""

    lengths: Whole
    padded: Bytes


def _texts(values: Sequence[Value]) -> _Texts | None:
    """None when one is long or no string."""
    parts = [value.encode() for value in values if isinstance(value, str)]
    if len(parts) < len(values) or any(len(part) > _SHORT_TEXT for part in parts):
        return None
    width = -(-max(map(len, parts), default=0) // _EIGHT) * _EIGHT
    padded = b"".join(part.ljust(width, b"\0") for part in parts)
    lengths = np.array([len(part) for part in parts], np.int64)
    return _Texts(lengths, np.frombuffer(padded, np.uint8).reshape(len(parts), width))


@dataclass(frozen=True, slots=True)
class _Flat:
    """Lists one after the other: their items, how many each has and where it begins."""

    items: Coded
    counts: Whole
    starts: Whole


def _flat(known: object, values: Sequence[Value]) -> _Flat:
    old = (
        known if isinstance(known, _Flat) else _Flat(Coded(code_array([]), Dictionary()), _NO, _NO)
    )
    lists = [value if isinstance(value, tuple) else () for value in values]
    items = [old.items.dictionary.code(item) for listed in lists for item in listed]
    counts = np.array([len(listed) for listed in lists], np.int64)
    codes = np.concatenate([old.items.codes, code_array(items)])
    counts = np.concatenate([old.counts, counts])
    return _Flat(Coded(codes, old.items.dictionary), counts, np.cumsum(counts) - counts)


def _lists(column: Coded, codes: Codes, kind: Any, room: Room) -> Any:
    flat = column.dictionary.grown("flat", _flat)
    if not isinstance(flat, _Flat):
        raise TypeError("a derived value of another kind")
    ends, items = room.kernels.spread(codes, flat.counts, flat.starts, flat.items.codes)
    inner = arrow_of(Coded(items, flat.items.dictionary), kind.value_type, items.size, room)
    return pa.ListArray.from_arrays(pa.array(ends), inner, type=kind)


def _listed(column: Items, kind: Any, size: int, room: Room) -> Any:
    width = len(column.columns)
    listed = [arrow_of(each, kind.value_type, size, room) for each in column.columns]
    order = np.arange(size)[:, None] + size * np.arange(width)[None, :]
    ends = pa.array(np.arange(0, (size + 1) * width, width, dtype=np.int32))
    items = pa.concat_arrays(listed).take(pa.array(order.reshape(-1)))
    return pa.ListArray.from_arrays(ends, items)


def _fitting(whole: Exact, kind: Any) -> Exact:
    """``whole`` in the units of ``kind``, if that is possible."""
    return (guard.at_scale(whole, kind.scale) if kind.scale >= whole.scale else None) or whole


def _decimals(pairs: Whole, scale: int, kind: Any) -> Any:
    """Arrow's decimals by their bytes."""
    narrow = pa.decimal128(_NARROW, scale)
    made = pa.Array.from_buffers(narrow, len(pairs), [None, pa.py_buffer(pairs)])
    return made if made.type == kind else made.cast(kind)


def _rows(values: np.ndarray, size: int) -> np.ndarray:
    return values if values.ndim else np.ascontiguousarray(np.broadcast_to(values, size))
