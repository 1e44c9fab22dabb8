"""Columns in, whatever carries them: mapping of arrays, Arrow table, data frame or matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.sample import Sample

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
# One variable: numbers, text, booleans or objects.
Column: TypeAlias = npt.NDArray[Any]
Columns: TypeAlias = Mapping[str, Column]


def columns_of(data: object) -> dict[str, Column]:
    """``data`` as arrays by name.

    A mapping of one-dimensional arrays; an object with ``column_names`` (Arrow) or ``columns``
    (data frame); a sample, each kind of missing value as its code (``bins.at_edge``); or a matrix
    of numbers, whose columns are called x0, x1, ...

    Raises:
        BadInput: nothing of these, or columns of different lengths; names the column.
    """
    if isinstance(data, Mapping):
        named = {str(name): np.asarray(values) for name, values in data.items()}
    elif isinstance(data, Sample):
        from tael.risk.bins import at_edge  # noqa: PLC0415 - which reads columns itself

        named = dict(zip(data.names, at_edge(data), strict=True))
    elif hasattr(data, "column_names"):
        named = {name: data[name].to_numpy() for name in data.column_names}  # type: ignore[index]
    elif hasattr(data, "columns"):
        named = {str(name): np.asarray(data[name]) for name in data.columns}  # type: ignore[index]
    else:
        matrix = np.asarray(data)
        if matrix.ndim != 2:  # noqa: PLR2004 - rows and columns
            raise BadInput(
                "columns are a mapping of arrays or a matrix", field="columns", rule="2-D"
            )
        named = {f"x{i}": matrix[:, i] for i in range(matrix.shape[1])}
    _same_length(named)
    return named


def _same_length(named: Mapping[str, Column]) -> None:
    lengths = {name: len(values) for name, values in named.items()}
    expected = next(iter(lengths.values()), 0)
    for name, length in lengths.items():
        if length != expected or named[name].ndim != 1:
            raise BadInput(
                f"column {name!r} has {length} rows, the first has {expected}",
                field=name,
                rule="columns of one length",
            )


def numbers(values: Column, name: str) -> Floats:
    """``values`` as floats, None and NaT as NaN.

    Raises:
        BadInput: a value that is not a number; names the column.
    """
    try:
        if values.dtype == object:
            return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
        return values.astype(np.float64)
    except (TypeError, ValueError):
        raise BadInput(
            f"column {name!r} holds values that are not numbers", field=name, rule="numeric column"
        ) from None


def categories(values: Column) -> Column:
    """``values`` as text; None, NaN and the empty text become ''."""
    return np.array([category(value) for value in values.tolist()], dtype=object)


def category(value: object) -> str:
    """One value as the text of its category; '' when missing. 5.0 and 5 are the same."""
    if value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def labels(outcome: npt.ArrayLike) -> Floats:
    """Bad (1) and good (0) as floats.

    Raises:
        BadInput: another value, or only one of the two.
    """
    values = np.asarray(outcome).astype(np.float64)
    if not np.isin(values, (0.0, 1.0)).all():
        raise BadInput("an outcome is 1 (bad) or 0 (good)", field="outcome", rule="0 or 1")
    if len(np.unique(values)) != 2:  # noqa: PLR2004 - good and bad
        raise BadInput("there are no goods or no bads", field="outcome", rule="both outcomes occur")
    return values


def weights(given: npt.ArrayLike | None, rows: int) -> Floats:
    """Sample weights scaled to a mean of one, so that counts keep their size.

    Raises:
        BadInput: another length, a negative weight, or none above zero.
    """
    if given is None:
        return np.ones(rows)
    values = np.asarray(given, dtype=np.float64)
    if (
        len(values) != rows
        or not np.isfinite(values).all()
        or (values < 0).any()
        or not values.sum()
    ):
        raise BadInput(
            "there is one finite weight per row, none negative, one above zero",
            field="sample_weight",
            rule="non-negative weights",
        )
    scaled: Floats = values * (rows / values.sum())
    return scaled
