"""Which column of an economy, or which variable, is which input of a policy: exact numbers of both.

A map is JSON, one entry an input:

* ``from``: an application's column or a variable; of several, with commas, the first with a value;
* ``per``: it is divided by so much (amounts are in minor units there);
* ``digits``: so many after the point, half to even; with 0 and ``per`` cut, as years of months;
* ``words``, ``numbers``: what a text stands for; ``missing`` where there is no value, or no word.

A policy's own words win over the map: an input that is *taken* from a variable says which, and by
how much it is multiplied (``scale``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tael.kernel import BadInput

_FIELDS = {"from", "per", "digits", "words", "numbers", "missing"}
_WHOLE, _MOST_UNITS = 2.0**53, 2.0**62
# What gives a column of an application or a variable by its name; None where there is neither.
Source = Callable[[str], Any]


@dataclass(frozen=True)
class Origin:
    """Where an input comes from; see this module's text."""

    names: tuple[str, ...]
    per: int = 1
    digits: int | None = None
    words: Mapping[str, str] | None = None
    numbers: Mapping[str, int] | None = None
    missing: str | None = None
    scale: Decimal = Decimal(1)


def read_origins(path: Path | None) -> dict[str, Origin]:
    """The map of a file, or the shipped one: the inputs of the first policy.

    Raises:
        BadInput: no JSON of such entries; names the input.
    """
    shipped = files("tael.app") / "data" / "history_inputs.json"
    try:
        data = json.loads((shipped if path is None else path).read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", field="map", rule="a file") from None
    except ValueError as error:
        raise BadInput(f"{path}: {error}", field="map", rule="JSON") from None
    if not isinstance(data, dict):
        raise BadInput(f"{path} is no object", field="map", rule="an object, one entry an input")
    return {name: _origin(name, entry) for name, entry in data.items()}


def _origin(name: str, entry: object) -> Origin:
    if not isinstance(entry, dict) or not str(entry.get("from", "")).strip():
        raise BadInput(f"{name} does not say from what", field=name, rule='"from"')
    if unknown := sorted(set(entry) - _FIELDS):
        raise BadInput(f"{name}: {unknown[0]} is no field", field=name, rule=", ".join(_FIELDS))
    missing = entry.get("missing")
    return Origin(
        tuple(part.strip() for part in str(entry["from"]).split(",")),
        int(entry.get("per", 1)),
        None if entry.get("digits") is None else int(entry["digits"]),
        entry.get("words"),
        entry.get("numbers"),
        None if missing is None else str(missing),
    )


def column_of(origin: Origin, source: Source, kind: str) -> Any:
    """The Arrow column of an input; None where ``source`` has none of its names.

    Args:
        origin: where it comes from.
        source: gives columns by name.
        kind: its type in the policy: ``number``, ``integer``, ``text``, ``boolean``.
    """
    found = [each for each in map(source, origin.names) if each is not None]
    if not found:
        return None
    if kind in ("text", "boolean"):
        return _texts(found[0], origin) if kind == "text" else found[0].cast(pa.bool_())
    if origin.numbers is not None:
        texts = found[0].cast(pa.string()).to_pylist()
        other = None if origin.missing is None else int(origin.missing)
        return pa.array([origin.numbers.get(text, other) for text in texts], pa.int64())
    return _numbers([_doubles(each) for each in found], origin)


def _texts(column: Any, origin: Origin) -> Any:
    words = origin.words or {}
    other = origin.missing
    return pa.array(
        [words.get(text, other or text) if words else text or other for text in column.to_pylist()],
        pa.string(),
    )


def _doubles(column: Any) -> npt.NDArray[np.float64]:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _numbers(columns: Sequence[npt.NDArray[np.float64]], origin: Origin) -> Any:
    """Exact decimals: whole numbers stay whole, a double counts as its shortest decimal."""
    values = columns[0].copy()
    for other in columns[1:]:
        np.copyto(values, other, where=np.isnan(values))
    empty = np.isnan(values)
    values[empty] = 0
    if origin.scale != 1:
        column = _times(values, origin.scale)
    elif origin.per == 1 and origin.digits in (None, 0) and _are_whole(values):
        column = pa.array(values.astype(np.int64))
    elif origin.digits is None:
        column = pa.array(values)  # counts as its shortest decimal, as a variable does live
    else:
        exact = [_cut(value, origin, origin.digits) for value in values.tolist()]
        column = pa.array(exact, pa.decimal128(38, origin.digits))
    return _filled(column, empty, origin)


def _are_whole(values: npt.NDArray[np.float64]) -> bool:
    return bool(np.all(values == np.rint(values)) and np.all(np.abs(values) < _WHOLE))


def _times(values: npt.NDArray[np.float64], scale: Decimal) -> Any:
    """Whole numbers exactly times a scale; of others the double nearest to the product."""
    digits = max(0, -int(scale.as_tuple().exponent))
    units = int(scale.scaleb(digits))
    if not _are_whole(values) or float(np.max(np.abs(values), initial=0)) * units >= _MOST_UNITS:
        exact = (Decimal(repr(value)) * scale for value in values.tolist())
        return pa.array([float(each) for each in exact], pa.float64())
    wide = np.zeros((len(values), 2), np.int64)
    wide[:, 0] = values.astype(np.int64) * units
    wide[:, 1] = wide[:, 0] >> 63
    kind = pa.decimal128(38, digits)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(wide)])


def _cut(value: float, origin: Origin, digits: int) -> Decimal:
    exact = Decimal(repr(value)) / origin.per
    if digits == 0 and origin.per > 1:
        return exact.to_integral_value(ROUND_FLOOR)
    return exact.quantize(Decimal(1).scaleb(-digits))


def _filled(column: Any, empty: npt.NDArray[np.bool_], origin: Origin) -> Any:
    if not empty.any():
        return column
    kind = column.type
    other = pa.scalar(None, kind)
    if origin.missing is not None:
        told = Decimal(origin.missing)
        other = pa.scalar(float(told) if pa.types.is_floating(kind) else told).cast(kind)
    return pc.if_else(pa.array(empty), other, column)
