"""The rows of a book as arrays: what is not known is -1, and what was assumed is counted."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tael.policies.books.model import OUTCOMES, RANKING, Note, Role
from tael.policies.books.money import PPM, Assumptions

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
UNKNOWN = -1
_DAYS_A_MONTH = 30


@dataclass(frozen=True)
class Rows:
    """A book's rows, arrays of one length.

    Attributes:
        applied: days since 1970, -1 unknown; ``bad_on`` the same.
        amount: minor units, months and millionths of annual rate beside it, blanks filled.
        outcome: 1 bad, 0 good, -1 not known yet.
        decision: 1 approved, 0 declined, -1 unknown; ``decided`` is whether the book tells at all.
        ranking: role → float64 values, NaN unknown, or texts of a tier.
        segments: column → texts.
        notes: what was filled in, and how often.
    """

    applied: Ints
    bad_on: Ints
    amount: Ints
    months: Ints
    rate_ppm: Ints
    outcome: Ints
    decision: Ints
    decided: bool
    ranking: Mapping[Role, npt.NDArray[np.float64] | npt.NDArray[np.object_]] = field(hash=False)
    segments: Mapping[str, npt.NDArray[np.object_]] = field(hash=False)
    notes: tuple[Note, ...] = ()

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.outcome)


def rows_of(table: pa.Table, assumed: Assumptions) -> Rows:
    """The typed table of a book as arrays, under what is assumed.

    A blank amount, term or rate is filled with the median of the known ones of its column, or, in a
    column that says nothing, with what is assumed.
    """
    notes: list[Note] = []
    filled = {
        role: _filled(table, role, default, notes)
        for role, default in (
            (Role.AMOUNT, assumed.amount_minor),
            (Role.MONTHS, assumed.months),
            (Role.RATE, int(assumed.rate * PPM)),
        )
    }
    names = set(table.column_names)
    applied, bad_on = _whole(table, Role.APPLIED), _whole(table, Role.BAD_ON)
    outcome = _outcome(table, assumed.bad_from)
    young = _young(applied, bad_on, assumed.mature)
    if count := int((young & (outcome != UNKNOWN)).sum()):
        notes.append(Note("young", {"count": str(count), "months": str(assumed.mature)}))
    decided = Role.DECISION.value in names
    return Rows(
        applied=applied,
        bad_on=bad_on,
        amount=filled[Role.AMOUNT],
        months=filled[Role.MONTHS],
        rate_ppm=filled[Role.RATE],
        outcome=np.where(young, UNKNOWN, outcome),
        decision=_whole(table, Role.DECISION),
        decided=decided,
        ranking={role: _ranking(table, role) for role in RANKING if role.value in names},
        segments={
            name: table.column(name).to_numpy()
            for name in table.column_names
            if name.startswith(Role.SEGMENT.value)
        },
        notes=tuple(notes),
    )


def packed(table: pa.Table) -> bytes:
    """``table`` as the bytes of a Parquet file."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, and only books need it

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def unpacked(data: bytes) -> pa.Table:
    """The table that ``packed`` wrote."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, and only books need it

    return pq.read_table(io.BytesIO(data))


def _whole(table: pa.Table, role: Role) -> Ints:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only books need it
    import pyarrow.compute as pc  # noqa: PLC0415 - same

    if role.value not in table.column_names:
        return np.full(len(table), UNKNOWN, dtype=np.int64)
    column = table.column(role.value)
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    found: Ints = pc.fill_null(column.cast(pa.int64()), UNKNOWN).to_numpy()
    return found


def _filled(table: pa.Table, role: Role, default: int, notes: list[Note]) -> Ints:
    found = _whole(table, role)
    known = found[found != UNKNOWN]
    value = int(np.sort(known)[len(known) // 2]) if len(known) else default
    if len(known) < len(found):
        code = "filled" if len(known) else "assumed"
        count = str(len(found) - len(known))
        notes.append(Note(code, {"role": role.value, "count": count, "value": _said(role, value)}))
    return np.where(found == UNKNOWN, value, found)


def _said(role: Role, value: int) -> str:
    if role is Role.AMOUNT:
        return f"{Decimal(value) / 100:,.2f}"
    return f"{Decimal(value) * 100 / PPM:f}%" if role is Role.RATE else str(value)


def _outcome(table: pa.Table, bad_from: int) -> Ints:
    role = next(role for role in OUTCOMES if role.value in table.column_names)
    found = _whole(table, role)
    if role is Role.BAD:
        return found
    return np.where(found == UNKNOWN, UNKNOWN, (found >= bad_from).astype(np.int64))


def _young(applied: Ints, bad_on: Ints, months: int) -> Flags:
    """Applications so late in the book that good and bad cannot be told alike."""
    last = int(max(applied.max(initial=UNKNOWN), bad_on.max(initial=UNKNOWN)))
    young: Flags = (applied != UNKNOWN) & (last - applied < months * _DAYS_A_MONTH)
    return young


def _ranking(table: pa.Table, role: Role) -> npt.NDArray[np.float64] | npt.NDArray[np.object_]:
    column = table.column(role.value)
    if role is Role.TIER:
        texts: npt.NDArray[np.object_] = column.to_numpy()
        return texts
    numbers: Floats = column.to_numpy().astype(np.float64)
    return numbers
