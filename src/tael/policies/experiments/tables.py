"""The tables an experiment reads, checked: who was put into which arm, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tael.kernel import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]

ASSIGNED: Mapping[str, pa.DataType] = {
    "application": pa.string(),
    "arm": pa.string(),
    "decided_on": pa.date32(),
    "outcome": pa.string(),
    "booked_on": pa.date32(),
}
OUTCOMES: Mapping[str, pa.DataType] = {
    "application": pa.string(),
    "month_on_book": pa.int64(),
    "known_on": pa.date32(),
    "bad": pa.bool_(),
    "loss_minor": pa.int64(),
    "profit_minor": pa.int64(),
}
_MAY_BE_NULL = frozenset({"booked_on"})
_ENDS = ("approve", "decline", "refer")


@dataclass(frozen=True, eq=False)
class Assigned:
    """The applications of an experiment, one row each.

    Attributes:
        application: its id [rows].
        arm: the arm's name [rows].
        decided_on: day of the decision [rows].
        approved: whether it was approved [rows].
        booked_on: day on which the money went out; NaT where none did [rows].
    """

    application: Texts
    arm: Texts
    decided_on: Days
    approved: Bools
    booked_on: Days

    @classmethod
    def of(cls, table: pa.Table) -> Assigned:
        """The rows of an Arrow table with the columns of ``ASSIGNED``; dates are contract days.

        Raises:
            BadInput: a column is missing, of another type or without a value; an application is
                there twice; an outcome that is none; a loan drawn that was not approved.
        """
        columns = columns_of(table, ASSIGNED, "assigned")
        application = columns["application"].astype(object)
        once, counts = np.unique(application.astype(str), return_counts=True)
        if len(once) < len(application):
            twice = once[counts > 1][0]
            raise BadInput(
                f"application {twice} was put into an arm twice",
                field="application",
                row=_row(application == twice, 1),
                rule="one arm each",
            )
        outcome = columns["outcome"].astype(str)
        strange = ~np.isin(outcome, _ENDS)
        if strange.any():
            raise BadInput(
                f"{outcome[strange][0]!r} is no outcome",
                field="outcome",
                row=_row(strange),
                rule=" | ".join(_ENDS),
            )
        booked = columns["booked_on"].astype("datetime64[D]")
        # A person may approve what the policy referred.
        wrong = ~np.isnat(booked) & (outcome == "decline")
        if wrong.any():
            raise BadInput(
                f"application {application[wrong][0]} was declined and drawn",
                field="booked_on",
                row=_row(wrong),
                rule="only what was approved is drawn",
            )
        return cls(
            application,
            columns["arm"].astype(object),
            columns["decided_on"].astype("datetime64[D]"),
            outcome == "approve",
            booked,
        )

    @property
    def rows(self) -> int:
        """How many applications."""
        return len(self.application)


def columns_of(
    table: pa.Table, wanted: Mapping[str, pa.DataType], name: str
) -> dict[str, npt.NDArray[np.generic]]:
    """The columns of ``table`` as arrays, cast to the types that are ``wanted``.

    Raises:
        BadInput: names the column, and the row of the first value that is missing.
    """
    found = {}
    for column, kind in wanted.items():
        if column not in table.column_names:
            raise BadInput(
                f"the table {name} has no column {column!r}",
                field=column,
                rule="columns " + ", ".join(wanted),
            )
        try:
            values = pc.cast(table.column(column), kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as wrong:
            raise BadInput(
                f"{name}.{column}: {wrong}", field=column, rule=f"a column of {kind}"
            ) from None
        if column not in _MAY_BE_NULL and values.null_count:
            raise BadInput(
                f"{name}.{column} has no value",
                field=column,
                row=_row(values.is_null().to_numpy(zero_copy_only=False)),
                rule="a value in every row",
            )
        found[column] = _array(values)
    return found


def add_months(days: Days, months: int) -> Days:
    """The day ``months`` later; the last of the month where it has no such day."""
    month = days.astype("datetime64[M]")
    offset = days - month.astype("datetime64[D]")
    first = (month + months).astype("datetime64[D]")
    last = (month + months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    found: Days = np.minimum(first + offset, last)
    return found


def day(value: date) -> np.datetime64:
    """A day as numpy counts it."""
    return np.datetime64(value.isoformat(), "D")


def names_in_order(arms: Texts) -> Sequence[str]:
    """The arms that are there, by name."""
    return sorted({str(arm) for arm in arms})


def _array(values: pa.ChunkedArray) -> npt.NDArray[np.generic]:
    if pa.types.is_date(values.type):
        days: npt.NDArray[np.generic] = values.to_numpy().astype("datetime64[D]")
        return days
    found: npt.NDArray[np.generic] = values.to_numpy()
    return found


def _row(marked: npt.NDArray[np.bool_], skip: int = 0) -> int:
    """The number of a marked row, from 1."""
    return int(np.flatnonzero(marked)[skip]) + 1
