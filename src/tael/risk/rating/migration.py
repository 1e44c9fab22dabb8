"""Migration between tiers, and how the book lies over them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Column, Kind, Words
from tael.risk.calibration.calibrator import frequencies
from tael.risk.calibration.kept import plain
from tael.risk.columns import Floats, Ints

_EMPTY = 1e-6
_PRIME = 3


@dataclass(frozen=True, slots=True)
class Migration:
    """Where borrowers went between two dates or two scores.

    Attributes:
        counts: borrowers (or their weight) by tier before (row) and after (column).
        same, better, worse: shares that kept their tier, rose to a better and fell to a worse.
        notches: mean number of tiers moved, either way.
        stability_index: PSI of the two distributions over tiers; 0.1 watch, 0.25 act.
    """

    counts: tuple[tuple[float, ...], ...]
    same: float
    better: float
    worse: float
    notches: float
    stability_index: float

    def shares(self) -> Floats:
        """Rows that sum to one; of a tier that nobody was in, NaN."""
        counts = np.array(self.counts)
        sums = counts.sum(axis=1, keepdims=True)
        found: Floats = np.full_like(counts, np.nan)
        np.divide(counts, sums, out=found, where=sums > 0)
        return found

    def columns(self) -> tuple[Column, ...]:
        """What heads ``rows``."""
        tiers = tuple(Column(f"R{i}", Kind.PERCENT) for i in range(1, len(self.counts) + 1))
        before = Column(Words(zh="原等级 \\ 新等级", en="Before \\ after"))
        return (before, Column(Words(zh="户数", en="Borrowers"), Kind.NUMBER, 0), *tiers)

    def rows(self) -> list[tuple[object, ...]]:
        """One row for each tier before: borrowers and shares by tier after."""
        return [
            (f"R{number}", sum(counts), *shares)
            for number, (counts, shares) in enumerate(
                zip(self.counts, self.shares().tolist(), strict=True), 1
            )
        ]

    def to_json(self) -> dict[str, object]:
        """Counts, shares and measures."""
        found: dict[str, object] = plain(self)
        return found | {"shares": plain(self.shares())}


def migration(
    before: npt.ArrayLike, after: npt.ArrayLike, tiers: int, weight: npt.ArrayLike | None = None
) -> Migration:
    """The migration of borrowers whose tiers were ``before`` and are ``after``, row by row.

    Raises:
        BadInput: not one tier of 1 to ``tiers`` on each side of each row, or no rows.
    """
    one, two = _tiers(before, tiers, "before"), _tiers(after, tiers, "after")
    if one.shape != two.shape or not len(one):
        raise BadInput(
            f"{len(one)} tiers before and {len(two)} after", field="after", rule="one for each"
        )
    held = frequencies(weight, len(one))
    counts = np.zeros((tiers, tiers))
    np.add.at(counts, (one - 1, two - 1), held)
    total = float(counts.sum())
    moved = np.arange(tiers)[None, :] - np.arange(tiers)[:, None]
    index = _stability(counts.sum(axis=1) / total, counts.sum(axis=0) / total)
    return Migration(
        tuple(tuple(row) for row in counts.tolist()),
        float(np.trace(counts)) / total,
        float(counts[moved < 0].sum()) / total,
        float(counts[moved > 0].sum()) / total,
        float((counts * np.abs(moved)).sum()) / total,
        index,
    )


@dataclass(frozen=True, slots=True)
class Concentration:
    """How a book lies over tiers.

    Attributes:
        shares: of each tier.
        herfindahl: sum of squared shares: 1 in one tier, 1 / tiers when even.
        normalised: the same from 0 (even) to 1 (one tier).
        prime: share of R1 to R3.
    """

    shares: tuple[float, ...]
    herfindahl: float
    normalised: float
    prime: float

    def to_json(self) -> dict[str, object]:
        """All figures."""
        found: dict[str, object] = plain(self)
        return found


def concentration(
    tiers_of_rows: npt.ArrayLike, tiers: int, weight: npt.ArrayLike | None = None
) -> Concentration:
    """Shares of tiers by count, or by ``weight`` (amounts as floats), and their Herfindahl index.

    Hirschman 1964; the normalised form is that of merger control.

    Raises:
        BadInput: a tier outside 1 to ``tiers``, or no rows.
    """
    place = _tiers(tiers_of_rows, tiers, "tiers")
    if not len(place):
        raise BadInput("no rows", field="tiers", rule="at least one")
    sums = np.bincount(place - 1, frequencies(weight, len(place)), minlength=tiers)
    shares = sums / sums.sum()
    index = float(shares @ shares)
    even = 1.0 / tiers
    normalised = (index - even) / (1.0 - even) if tiers > 1 else 1.0
    return Concentration(
        tuple(shares.tolist()), index, normalised, math.fsum(shares[:_PRIME].tolist())
    )


def _stability(before: Floats, after: Floats) -> float:
    one, two = np.maximum(before, _EMPTY), np.maximum(after, _EMPTY)
    return float(((two - one) * np.log(two / one)).sum())


def _tiers(given: npt.ArrayLike, tiers: int, field: str) -> Ints:
    values = np.asarray(given)
    whole = values.ndim == 1 and (values.dtype.kind in "iu" or not len(values))
    if not whole or (len(values) and not (values.min() >= 1 and values.max() <= tiers)):
        raise BadInput(
            f"tiers are whole numbers from 1 to {tiers}", field=field, rule=f"1 to {tiers}"
        )
    return values.astype(np.int64)
