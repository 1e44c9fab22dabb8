"""The variables of some borrowers at once, out of their stored bytes: what came together live."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.machine import run_plan
from tael.variables.kernel.sheet import make_sheet
from tael.variables.packing.many import from_many_bytes
from tael.variables.plan.plan import Plan


def compute_stored(
    plan: Plan, data: Sequence[bytes], asof: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """The variables of the borrowers whose events ``data`` holds, in one thread.

    Args:
        plan: what to compute; slots that it does not read are not read either.
        data: as ``to_bytes`` wrote them, each borrower once.
        asof: UTC seconds, an instant for each.

    Returns:
        Values and reasons, float64 and uint8[borrowers, variables], as in ``compute``.

    Raises:
        BadInput: a borrower stands twice, bytes are damaged or of another version, or ``asof`` lies
            outside 1990 to 2038 or has another length.
    """
    book = from_many_bytes(data, {section.slot for section in plan.sections})
    sheet = make_sheet(len(book.borrowers), plan.width)
    run_plan(plan, book, np.array(asof, np.int64), 0, sheet)
    return sheet.values, sheet.reasons
