"""Rows as trees read them: float32, categories as numbers, missing as NaN, nothing infinite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.columns import Column, Columns, Ints, categories, category, columns_of, numbers
from tael.risk.sample import Floats, Sample, Values

Hashes: TypeAlias = npt.NDArray[np.uint64]

OTHER = "other values"
_PRIOR_ROWS = 10.0


@dataclass(frozen=True, slots=True)
class CodeBook:
    """How the values of one variable of categories became numbers.

    The categories stand in order of their bad rate in training, drawn towards the average where
    they are few: of a variable with two outcomes the best split in two is then a cut of this order
    (Fisher, On grouping for maximum homogeneity, JASA 53 (1958); Breiman et al., Classification
    and Regression Trees, 1984, section 9.4). Rare categories share the place of ``OTHER`` with
    those never seen. A missing value is NaN.

    Attributes:
        name: the variable.
        values: the categories; a category's number is its place.
    """

    name: str
    values: tuple[str, ...]

    def codes(self, values: Column) -> Values:
        """float32 [rows]."""
        place = {value: float(i) for i, value in enumerate(self.values)}
        place[""] = np.nan
        other = place[OTHER]
        found = (place.get(value, other) for value in categories(values).tolist())
        return np.fromiter(found, dtype=np.float32, count=len(values))

    def code(self, value: object) -> float:
        """The number of one value."""
        text = category(value)
        if not text:
            return np.nan
        return float(self.values.index(text if text in self.values else OTHER))


def fit_book(
    name: str, values: Column, outcome: tuple[Floats, Floats], min_rows: int = 50
) -> CodeBook:
    """The code book of a column, given bad (0 or 1) and weight of each row."""
    bad, weight = outcome
    text = categories(values)
    seen = text != ""
    names, code, rows = np.unique(text[seen].astype(str), return_inverse=True, return_counts=True)
    # By sums of sorted values, so that the order of rows makes no difference.
    mass, bads = (_sums(code, part[seen], len(names)) for part in (weight, weight * bad))
    common = rows >= min_rows
    mass, bads = (
        np.append(part[common], float(np.sort(part[~common]).sum())) for part in (mass, bads)
    )
    average = float(bads.sum()) / float(mass.sum()) if mass.sum() else 0.0
    rate = (bads + _PRIOR_ROWS * average) / (mass + _PRIOR_ROWS)
    members = [*names[common].tolist(), OTHER]
    order = sorted(range(len(members)), key=lambda i: (round(float(rate[i]), 12), members[i]))
    return CodeBook(name, tuple(members[i] for i in order))


def _sums(code: Ints, values: Floats, groups: int) -> Floats:
    order = np.lexsort((values, code))
    found: Floats = np.bincount(code[order], weights=values[order], minlength=groups)  # type: ignore[assignment]
    return found


def read_rows(data: object, names: Sequence[str], books: Mapping[str, CodeBook]) -> Values:
    """float32 [rows, variables] of ``names`` from a sample, columns or a matrix (x0, x1, ...).

    Raises:
        BadInput: a variable that is missing, a text where numbers are asked, an infinite value;
            names the column and the row.
    """
    if isinstance(data, Sample):
        held = data if data.names == tuple(names) else data.select(names)
        values = held.values
        if books:
            values = values.copy()
            for at, name in enumerate(names):
                if name in books:
                    values[at] = books[name].codes(values[at])
        matrix = values.T
    else:
        matrix = _from_columns(data, names, books)
    refuse_infinite(matrix, names)
    return matrix


def _from_columns(data: object, names: Sequence[str], books: Mapping[str, CodeBook]) -> Values:
    columns = columns_of(data)
    rows = len(next(iter(columns.values()))) if columns else 0
    matrix = np.empty((rows, len(names)), dtype=np.float32)
    with np.errstate(over="ignore"):  # beyond float32 is infinite, which is refused below
        for at, name in enumerate(names):
            column = column_of(columns, name)
            matrix[:, at] = books[name].codes(column) if name in books else numbers(column, name)
    return matrix


def column_of(columns: Columns, name: str) -> Column:
    """The column called ``name``.

    Raises:
        BadInput: there is none.
    """
    if name not in columns:
        raise BadInput(
            f"column {name!r} is missing", field=name, rule="every variable of the model"
        )
    return columns[name]


def refuse_infinite(matrix: Values, names: Sequence[str]) -> None:
    """Refuse a float32 [rows, variables] that holds an infinite value; names column and row."""
    infinite = np.isinf(matrix)
    if infinite.any():
        row, column = (int(places[0]) for places in np.nonzero(infinite))
        raise BadInput(
            f"column {names[column]!r} is infinite, or too large for float32, in row {row}",
            field=names[column],
            rule="finite or missing values",
        )


def content_order(columns: Iterable[Column], bad: Floats, weight: Floats) -> Ints:
    """The rows by a hash of what they hold, so that shuffled rows come into one order.

    Rows with one hash are alike in all they hold (two that differ share one of 64 bits by chance
    once in 10**10 samples of 50,000 rows), so their order makes no difference. Numbers are hashed
    as they are, other values as the place of their text among those of the column.
    """
    mixed: Hashes = np.zeros(len(bad), dtype=np.uint64)
    for column in (bad, weight, *columns):
        if column.dtype.kind in "OUS":
            held = np.unique(column.astype(str), return_inverse=True)[1].astype(np.float64)
        else:
            held = column.astype(np.float64)
        # One bit pattern for all NaN, and for both zeros.
        plain = np.where(np.isnan(held), np.nan, held + 0.0)
        mixed = _mix(mixed, plain.view(np.uint64))
    return np.argsort(mixed, kind="stable").astype(np.int64)


def _mix(state: Hashes, values: Hashes) -> Hashes:
    """One round of the finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    state = (state ^ values) + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
