"""Reads the files of a set that was published by others: what is not there is told at once."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput

if TYPE_CHECKING:
    import pyarrow as pa


def read_table(
    path: Path, columns: Sequence[str], *, only: tuple[str, Sequence[str]] | None = None
) -> pa.Table:
    """``columns`` of a Parquet file; with ``only`` the rows whose column holds one of the texts.

    Raises:
        BadInput: there is no such file, it is of another kind, or a column is missing.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    _refuse_missing(path)
    try:
        _refuse_without(path, columns, pq.read_schema(path).names)
        chosen = None if only is None else pc.field(only[0]).isin(list(only[1]))
        return pq.read_table(path, columns=list(columns), filters=chosen)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path.name}: {error}", field="data", rule="a Parquet file") from None


def read_rows(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """``columns`` of a CSV file (UTF-8, gzip if its name says so) as texts, row by row.

    Raises:
        BadInput: there is no such file, it is of another kind, or a column is missing.
    """
    _refuse_missing(path)
    raw = path.read_bytes()
    try:
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name}: {error}", field="data", rule="a CSV file in UTF-8") from None
    lines = csv.DictReader(io.StringIO(text))
    _refuse_without(path, columns, list(lines.fieldnames or ()))
    return [[row[name] or "" for name in columns] for row in lines]


def plain_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column, however the file kept it, as large strings."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    return column.cast(pa.large_string())


def codes_of(column: pa.ChunkedArray, words: Sequence[str]) -> NDArray[np.int64]:
    """The place of each text in ``words``."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    places = pc.index_in(column, value_set=pa.array(words, pa.large_string()))
    found: NDArray[np.int64] = places.fill_null(-1).to_numpy().astype(np.int64)
    return found


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise BadInput(f"there is no file {path}", field="data", rule="the folder of the set")


def _refuse_without(path: Path, columns: Sequence[str], names: object) -> None:
    present = set(names) if isinstance(names, (list, tuple, dict)) else set()
    missing = [name for name in columns if name not in present]
    if missing:
        told = ", ".join(missing)
        raise BadInput(
            f"{path.name} has no column {told}", field=missing[0], rule="columns of the set"
        )
