"""What the loops of every kind do with a row and with an event."""

from __future__ import annotations

import numpy as np

from tael.variables.kernel.compiled import inlined
from tael.variables.kernel.sheet import NO_SOURCE, Sheet
from tael.variables.packing.packed import Events


@inlined
def visible(events: Events, i: int, asof: int) -> bool:
    """Whether event ``i`` had happened before ``asof``, was known then and not yet replaced."""
    return bool(
        events.time[i] < asof and events.visible_from[i] <= asof and events.visible_to[i] > asof
    )


@inlined
def put(sheet: Sheet, row: int, column: int, answer: tuple[float, int]) -> None:
    """Write a value and its reason; ``column`` counts from the start of the section."""
    sheet.values[row, sheet.start + column] = answer[0]
    sheet.reasons[row, sheet.start + column] = answer[1]


@inlined
def leave_out(sheet: Sheet, row: int, width: int) -> None:
    """Write that the source is not there, over the columns of a section."""
    for column in range(sheet.start, sheet.start + width):
        sheet.values[row, column] = np.nan
        sheet.reasons[row, column] = NO_SOURCE
