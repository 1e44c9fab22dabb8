"""Who would be approved by one model and not by the other, and how they did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tael.kernel import BadInput
from tael.risk.calibration.kept import plain
from tael.risk.columns import Bools, Floats
from tael.risk.fairness.shares import Share, share
from tael.risk.sample import Sample


@dataclass(frozen=True, slots=True)
class Part:
    """One of the four parts of the applications.

    Attributes:
        rows: how many.
        share: of the rows.
        bad: share of bads among those whose outcome is known.
    """

    rows: int
    share: float
    bad: Share


@dataclass(frozen=True, slots=True)
class SwapSet:
    """Approvals of two models at an equal approval rate. The four parts make up all rows.

    Attributes:
        both: approved by both.
        swapped_in: by the challenger only.
        swapped_out: by the champion only.
        neither: by none.
    """

    both: Part
    swapped_in: Part
    swapped_out: Part
    neither: Part

    def to_json(self) -> dict[str, Any]:
        """The four parts."""
        found: dict[str, Any] = plain(self)
        return found


def approve(pd: Floats, sample: Sample, rate: float) -> Bools:
    """The ``rate`` of rows with the lowest ``pd``, by number of rows.

    Ties go to the earlier application, then to the borrower's name: not to the order of rows.

    Raises:
        BadInput: another number of rows.
    """
    if pd.shape != (sample.rows,):
        raise BadInput(
            f"{pd.shape} probabilities for {sample.rows} rows", field="pd", rule="one per row"
        )
    order = np.lexsort((sample.borrower.astype(str), sample.asof, pd))
    found = np.zeros(sample.rows, dtype=bool)
    found[order[: round(rate * sample.rows)]] = True
    return found


def swap_set(champion: Bools, challenger: Bools, sample: Sample, level: float = 0.95) -> SwapSet:
    """What the challenger's approvals change."""

    def part(rows: Bools) -> Part:
        known = rows & sample.labelled
        bad = share(sample.bad[known] == 1, sample.weight[known], level)
        return Part(int(rows.sum()), float(rows.mean()), bad)

    return SwapSet(
        part(champion & challenger),
        part(~champion & challenger),
        part(champion & ~challenger),
        part(~champion & ~challenger),
    )
