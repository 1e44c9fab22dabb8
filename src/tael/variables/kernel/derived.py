"""Derived variables, compiled: arithmetic on columns of the sheet. Imports numba."""

from __future__ import annotations

import numpy as np

from tael.kernel import BadInput
from tael.variables.kernel.checks import check_sheet
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.rows import put
from tael.variables.kernel.sheet import UNDEFINED, VALUE, Sheet
from tael.variables.plan.derived import DerivedArrays, DerivedPlan

_RATIO = 0
_BYTE = 0xFF


def run(plan: DerivedPlan, sheet: Sheet) -> None:
    """Write the variables of every row; their parents stand in it already.

    Args:
        plan: what to compute.
        sheet: the plan's outputs go into the columns from ``sheet.start``.

    Raises:
        BadInput: shapes or types do not fit, or a parent does not stand before its variable.
    """
    check_sheet(sheet, plan.width)
    for place, each in enumerate(plan.outputs):
        if max(each.of, each.by or 0) >= sheet.start + place:
            rule = "a parent stands before its variable"
            raise BadInput(f"column {sheet.start + place}: {rule}", field=f"outputs[{place}]",
                           rule=rule)  # fmt: skip
    _rows(plan.arrays(), sheet)


@compiled
def _rows(plan: DerivedArrays, sheet: Sheet) -> None:
    for row in range(len(sheet.values)):
        for column in range(len(plan.program)):
            put(sheet, row, column, _answer(plan, sheet, row, column))


@inlined
def _answer(plan: DerivedArrays, sheet: Sheet, row: int, column: int) -> tuple[float, int]:
    of, by = plan.program[column, 1], plan.program[column, 2]
    one, two = sheet.reasons[row, of], sheet.reasons[row, by]
    if one != VALUE or two != VALUE:
        # Less one, no reason is the largest of bytes; the others decide in the order of numbers.
        return np.nan, 1 + min((one - 1) & _BYTE, (two - 1) & _BYTE)
    a, b = sheet.values[row, of], sheet.values[row, by]
    if plan.program[column, 0] == _RATIO:
        if b == 0.0:
            return np.nan, UNDEFINED
        value = a / b
    else:
        value = a - b
    if not np.isfinite(value):
        return np.nan, UNDEFINED
    if value == 0.0:
        value = 0.0  # never -0.0
    return value, VALUE
