"""What variables are worth on a population: coverage, range, and which of them are published.

Published is a variable that is covered, not constant, and not the same as one before it. A table of
these figures lies beside the definitions as ``figures.csv``; the catalogue reads it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tael.kernel import BadInput
from tael.variables.definitions.load import SHIPPED
from tael.variables.kernel.sheet import VALUE, Sheet
from tael.variables.plan.plan import Plan

FILE: Final = "figures.csv"
LEAST_COVERAGE: Final = 0.01
_HEADER = ["id", "version", "coverage", "low", "high", "standing", "same_as"]


class Standing(Enum):
    """Why a variable is published or not."""

    PUBLISHED = "published"
    RARE = "rare"  # fewer than one row in a hundred has a value
    CONSTANT = "constant"  # every row that has a value has the same
    SAME = "same"  # every row has the value, or the reason for none, of a variable before it


class Measured(NamedTuple):
    """Figures of one variable on a population.

    Attributes:
        id: its id.
        version: the version that was measured.
        coverage: share of rows with a value.
        low: the least value, in the variable's unit and minor units; None when there is none.
        high: the greatest.
        standing: whether it is published.
        same_as: the id of the variable that it is the same as; empty otherwise.
    """

    id: str
    version: int
    coverage: float
    low: float | None
    high: float | None
    standing: Standing
    same_as: str = ""


class Measurer:
    """Takes sheets of a plan one after the other; holds a few numbers a variable, no row."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows = 0
        self._count = np.zeros(plan.width, np.int64)
        self._low = np.full(plan.width, np.inf)
        self._high = np.full(plan.width, -np.inf)
        self._bits = [hashlib.sha256() for _ in range(plan.width)]

    def add(self, sheet: Sheet) -> None:
        """The next rows."""
        valued = sheet.reasons == VALUE
        values = np.where(valued, sheet.values, np.nan)
        self.rows += len(values)
        self._count += valued.sum(0)
        self._low = np.minimum(self._low, np.where(valued, values, np.inf).min(0, initial=np.inf))
        high = np.where(valued, values, -np.inf).max(0, initial=-np.inf)
        self._high = np.maximum(self._high, high)
        columns = np.ascontiguousarray(values.T).astype("<f8", copy=False)
        reasons = np.ascontiguousarray(sheet.reasons.T)
        for bits, column, why in zip(self._bits, columns, reasons, strict=True):
            bits.update(column.tobytes())
            bits.update(why.tobytes())

    def measured(self) -> tuple[Measured, ...]:
        """The figures of every column of the plan, in its order.

        Raises:
            BadInput: there was no row.
        """
        if not self.rows:
            raise BadInput("there is no row to measure", field="rows", rule="at least one")
        first: dict[bytes, str] = {}
        found = []
        for column, (name, version) in enumerate(
            zip(self.plan.ids, self.plan.versions, strict=True)
        ):
            count, low, high = int(self._count[column]), self._low[column], self._high[column]
            coverage = count / self.rows
            same_as = first.setdefault(self._bits[column].digest(), name)
            standing = _standing(coverage, constant=bool(low == high), same=same_as != name)
            found.append(
                Measured(
                    name,
                    version,
                    round(coverage, 6),
                    float(low) if count else None,
                    float(high) if count else None,
                    standing,
                    same_as if standing is Standing.SAME else "",
                )
            )
        return tuple(found)


def _standing(coverage: float, *, constant: bool, same: bool) -> Standing:
    if coverage < LEAST_COVERAGE:
        return Standing.RARE
    if constant:
        return Standing.CONSTANT
    return Standing.SAME if same else Standing.PUBLISHED


def write_measured(measured: Sequence[Measured]) -> str:
    """The text of a figures.csv; numbers as Python writes them, so that they read back equal."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADER)
    for each in measured:
        writer.writerow([*each[:5], each.standing.value, each.same_as])
    return out.getvalue()


def load_measured(folder: Path | None = None) -> Mapping[tuple[str, int], Measured]:
    """The figures beside the definitions of ``folder``, or the shipped ones; empty: none measured.

    Raises:
        BadInput: the file cannot be read.
    """
    file = (folder or SHIPPED) / FILE
    return read_measured(file.read_text("utf-8"), str(file)) if file.is_file() else {}


def read_measured(text: str, file: str = FILE) -> Mapping[tuple[str, int], Measured]:
    """The rows of a figures.csv by id and version.

    Raises:
        BadInput: with file, row and rule, for a row that is none.
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or rows[0] != _HEADER:
        rule = f"the first line is {','.join(_HEADER)}"
        raise BadInput(f"{file}: {rule}", field=file, row=1, rule=rule)
    found = {}
    for line, row in enumerate(rows[1:], 2):
        try:
            number, version, coverage, low, high, standing, same_as = row
            made = Measured(
                number,
                int(version),
                float(coverage),
                float(low) if low else None,
                float(high) if high else None,
                Standing(standing),
                same_as,
            )
        except ValueError as error:
            rule = "id, whole version, coverage, low, high, standing, same_as"
            raise BadInput(f"{file}:{line}: {error}", field=file, row=line, rule=rule) from None
        found[made.id, made.version] = made
    return found
