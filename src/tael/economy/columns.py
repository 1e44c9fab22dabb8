"""Columns of plain values with their types: hashed as they are, then written as an Arrow table."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Type = Literal["text", "whole", "number", "flag", "instant", "day"]
Columns = dict[str, tuple[Type, list[object]]]

_US = 1_000_000


def digest(columns: Columns) -> str:
    """SHA-256, in hexadecimal, of names, types and values; no library has a say in it."""
    state = hashlib.sha256()
    for name, (kind, values) in columns.items():
        state.update(f"{name}\x1f{kind}\x1f{values!r}\x1e".encode())
    return state.hexdigest()


def arrow(columns: Columns) -> pa.Table:
    """The columns as a table: int64, float64, string, bool, timestamp[us, UTC] and date32.

    Instants are seconds of UTC, days numbers from 1970-01-01.
    """
    import pyarrow as pa  # noqa: PLC0415 - an engine loads Arrow where it is used

    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "instant": pa.timestamp("us", tz="UTC"),
        "day": pa.date32(),
    }
    made = {}
    for name, (kind, values) in columns.items():
        made[name] = pa.array(_ticks(values) if kind == "instant" else values, types[kind])
    return pa.table(made)


def _ticks(seconds: list[object]) -> list[int | None]:
    return [second * _US if isinstance(second, int) else None for second in seconds]
