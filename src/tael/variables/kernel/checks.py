"""What would make compiled loops read or write beside their arrays, or overflow: refused here."""

from __future__ import annotations

from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.kernel.compiled import compiled
from tael.variables.kernel.sheet import Sheet
from tael.variables.packing.packed import LEAST_TIME, MOST_TIME, Packed


class SectionPlan(Protocol):
    """The plan of variables of one kind from one source.

    Attributes:
        leaves: how many leaves the source has.
        measures: how many measures an event has; None: the plan reads none of them.
        width: how many columns the plan fills.
    """

    @property
    def leaves(self) -> int: ...
    @property
    def measures(self) -> int | None: ...
    @property
    def width(self) -> int: ...


def check_run(
    plan: SectionPlan, packed: Packed, asof: NDArray[np.int64], first: int, sheet: Sheet
) -> int:
    """Refuse arguments of a ``run`` that do not fit each other.

    Returns:
        How many events a borrower of these rows has at most.

    Raises:
        BadInput: with the field: ``sheet``, ``asof``, ``first``, ``measures`` or ``leaf``.
    """
    last = first + len(sheet.values)
    check_sheet(sheet, plan.width)
    if asof.dtype != np.int64 or asof.shape != packed.present.shape:
        raise BadInput(f"int64[{packed.borrowers}] is needed", field="asof")
    if first < 0 or last > packed.borrowers:
        raise BadInput(f"there are {packed.borrowers} borrowers", field="first")
    if plan.measures is not None and len(packed.measures) != plan.measures:
        raise BadInput(f"the plan has {plan.measures}", field="measures")
    within, most, leaf = _extent(packed.offsets, packed.leaf, asof, first, last)
    if not within:
        _refuse_instants()
    if leaf >= plan.leaves:
        raise BadInput(f"the plan has {plan.leaves} leaves", field="leaf")
    return int(most)


def check_sheet(sheet: Sheet, width: int) -> None:
    """Refuse a sheet without ``width`` columns from its start, or of another type or layout."""
    values, reasons, start = sheet
    shape = values.shape
    if values.ndim != 2 or reasons.shape != shape or start < 0 or start + width > shape[1]:  # noqa: PLR2004
        raise BadInput(f"{width} columns from column {start} are needed", field="sheet")
    if values.dtype != np.float64 or reasons.dtype != np.uint8:
        raise BadInput("float64 values and uint8 reasons are needed", field="sheet")
    if not (values.flags.c_contiguous and reasons.flags.c_contiguous):
        raise BadInput("whole rows are needed, lying together", field="sheet")


def check_instants(asof: NDArray[np.int64]) -> None:
    """Refuse as-of instants, UTC seconds, outside 1990 to 2038."""
    if asof.size and not (asof.min() >= LEAST_TIME and asof.max() < MOST_TIME):
        _refuse_instants()


def _refuse_instants() -> NoReturn:
    raise BadInput("an as-of instant lies between 1990 and 2038, UTC seconds", field="asof")


@compiled
def _extent(
    offsets: NDArray[np.int64],
    leaves: NDArray[np.uint16],
    asof: NDArray[np.int64],
    first: int,
    last: int,
) -> tuple[bool, int, int | np.int64]:
    """Whether all instants are within bounds, the most events of a borrower, the highest leaf.

    One call: four of numpy take longer than the variables of a borrower with few events.
    """
    within, most, highest = True, 0, np.int64(-1)
    for b in range(first, last):
        within &= LEAST_TIME <= asof[b] < MOST_TIME
        most = max(most, offsets[b + 1] - offsets[b])
    for i in range(offsets[first], offsets[last]):
        highest = max(highest, np.int64(leaves[i]))
    return within, most, highest
