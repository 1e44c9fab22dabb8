"""Features from the columns of a row, as the mapping derives them. Nothing else reaches a model."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tael.app.replay.cells import floating, is_empty, number, text
from tael.app.replay.mapping import Derivation

Row = Mapping[str, object]
FeatureColumns = dict[str, np.ndarray]


def derived(item: Derivation, row: Row) -> object:
    """The value of one feature: a float (NaN when missing) or a text ('' when missing).

    Raises:
        CellFault: a text where a number is read.
    """
    cells = [row[column] for column in item.columns]
    if item.how == "ratio":
        part, whole = (floating(cell, name) for cell, name in zip(cells, item.columns, strict=True))
        return part / whole if whole else math.nan
    if any(is_empty(cell) for cell in cells):
        return math.nan if item.feature.kind == "numeric" else ""
    if item.how == "equal":
        left, right = (text(cell, name) for cell, name in zip(cells, item.columns, strict=True))
        return "yes" if left == right else "no"
    if item.how == "multiple_of":
        amount = number(cells[0], item.columns[0])
        return next((str(step) for step in item.steps if amount % step == 0), "other")
    return _column(item, cells[0])


def _column(item: Derivation, cell: object) -> object:
    name = item.columns[0]
    written = text(cell, name)
    if written in item.missing or (item.codes and written not in item.codes):
        return math.nan if item.feature.kind == "numeric" else ""
    if item.feature.kind == "numeric":
        return floating(cell, name)
    return written[: item.prefix] if item.prefix else written


def as_arrays(items: tuple[Derivation, ...], rows: list[list[object]]) -> FeatureColumns:
    """Rows of values as one array per feature: float64, or object of texts."""
    return {
        item.feature.name: np.array(
            [row[place] for row in rows],
            dtype=np.float64 if item.feature.kind == "numeric" else object,
        )
        for place, item in enumerate(items)
    }
