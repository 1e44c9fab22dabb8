"""How far a population has moved: stability of variables, by group, and of a scorecard's bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.bins.judging import groups_of
from tael.risk.bins.prebins import Prebins, prebin
from tael.risk.bins.settings import BinSettings, checked_weight, in_ranges, whole_weights
from tael.risk.columns import Columns, columns_of
from tael.risk.sample import Bools, Floats, Ints, Reasons, Sample

if TYPE_CHECKING:
    from tael.risk.binning import Binning
    from tael.risk.kernel import grouping
    from tael.risk.scorecard import Characteristic, Scorecard

PSI_SETTINGS = BinSettings(pieces=10)
_HALF_A_ROW = 0.5


def psi(expected: Sample, actual: Sample, settings: BinSettings = PSI_SETTINGS) -> Floats:
    """Population stability index of each variable: float64 [variables] of ``expected``.

    PSI = sum (a - e) ln(a / e) over the shares of bins: Siddiqi, Credit Risk Scorecards, 2006,
    chapter 8; it is the symmetric divergence of Kullback and Leibler, Annals of Mathematical
    Statistics 22, 1951. Bins are pieces of equal weight of ``expected``; the kinds of missing and
    special codes are bins of their own. Half a row is added to each bin that either side holds, so
    that an empty one stays finite. All rows with a weight count, labelled or not; a weight counts
    rows. Without any move it is about (bins - 1)(1/n + 1/m): Yurdakul and Naranjo, Journal of Risk
    Model Validation 14, 2020.

    Raises:
        BadInput: a variable that ``actual`` lacks, an infinite value, a negative weight, or numba
            is not installed.
    """
    checked_weight(actual)
    held = prebin(expected, settings)
    base = _base(held, expected, held.used)
    one = np.where(actual.weight > 0, 0, -1)
    return _shift(held, base, _Rows(held.place(actual), one, actual.weight))[:, 0]


@dataclass(frozen=True, eq=False)
class Shifts:
    """Stability index by group.

    Attributes:
        groups: int64 [groups], ascending.
        psi: float64 [variables, groups], against the base.
    """

    groups: Ints
    psi: Floats


def psi_by(
    sample: Sample,
    groups: npt.ArrayLike,
    base: Bools,
    settings: BinSettings = PSI_SETTINGS,
    *,
    prebins: Prebins | None = None,
) -> Shifts:
    """``psi`` of each group of rows (for instance vintages) against the rows of ``base``.

    Args:
        sample: all rows.
        groups: int [rows].
        base: bool [rows]: the expected population; its groups are told too.
        settings: how to bin, by the rows of ``base``.
        prebins: of this sample, when they are there already; their pieces are taken.

    Raises:
        BadInput: as ``psi``, or one group a row is not given.
    """
    held = prebins or prebin(sample, settings, used=base)
    used = sample.weight > 0
    labels, place = groups_of(groups, used)
    rows = _Rows(held.codes, place, sample.weight)
    return Shifts(labels, _shift(held, _base(held, sample, base & used), rows))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Codes [variables, rows], the group of each row (-1: in none) and its weight."""

    codes: Reasons
    groups: Ints
    weight: Floats

    def grouped(self) -> grouping.Grouped:
        from tael.risk.kernel import grouping  # noqa: PLC0415 - numba loads when bins are counted

        weight, unit = whole_weights(self.weight, self.groups >= 0)
        return grouping.Grouped(self.codes, self.groups, np.vstack([weight, weight]), unit, 0.0)


def _base(held: Prebins, sample: Sample, rows: Bools) -> Floats:
    """The weight of each code among ``rows``: [variables, codes]."""
    from tael.risk.kernel import grouping  # noqa: PLC0415 - numba loads when bins are counted

    found = np.empty((len(held.names), held.width))
    given = _Rows(held.codes, np.where(rows, 0, -1), sample.weight).grouped()
    work = partial(grouping.tally, given=given, out=found)
    in_ranges(len(held.names), held.settings.threads, work)
    return found


def _shift(held: Prebins, base: Floats, rows: _Rows) -> Floats:
    from tael.risk.kernel import grouping  # noqa: PLC0415 - numba loads when bins are counted

    found = np.empty((len(held.names), int(rows.groups.max(initial=0)) + 1))
    work = partial(grouping.shift, given=rows.grouped(), base=base, out=found)
    in_ranges(len(held.names), held.settings.threads, work)
    return found


def stability_index(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """``psi`` of counts in the same bins, for instance of scores; NaN where a side is empty.

    Raises:
        BadInput: counts of different shapes, or a negative one.
    """
    before, after = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    if before.shape != after.shape or (before < 0).any() or (after < 0).any():
        raise BadInput(
            "both sides count the same bins, none below zero", field="counts", rule="shared bins"
        )
    held = (before > 0) | (after > 0)
    if not before.any() or not after.any():
        return float("nan")
    e = (before[held] + _HALF_A_ROW) / (before.sum() + _HALF_A_ROW * held.sum())
    a = (after[held] + _HALF_A_ROW) / (after.sum() + _HALF_A_ROW * held.sum())
    return float(((a - e) * np.log(a / e)).sum())


@dataclass(frozen=True, slots=True)
class CharacteristicShift:
    """How one characteristic of a scorecard has moved.

    Attributes:
        name: the variable.
        index: stability index over its bins.
        points: what the move alone adds to the average score: sum (a - e) points.
        expected: share of the weight in each bin then.
        actual: the same now.
    """

    name: str
    index: float
    points: float
    expected: tuple[float, ...]
    actual: tuple[float, ...]


def csi(card: Scorecard, expected: object, actual: object) -> tuple[CharacteristicShift, ...]:
    """The shift of each characteristic of ``card`` on its own bins, in the card's order.

    Characteristic analysis: Siddiqi, Credit Risk Scorecards, 2006, chapter 8.

    Args:
        card: fitted.
        expected: columns of the rows it was trained on, as ``Scorecard.fit`` takes them.
        actual: columns of later rows.

    Raises:
        BadInput: a column of the card is missing; names it.
    """
    before, after = columns_of(expected), columns_of(actual)
    return tuple(_moved(item, before, after) for item in card.characteristics_)


def _moved(item: Characteristic, before: Columns, after: Columns) -> CharacteristicShift:
    counts = [_counted(item.binning, columns) for columns in (before, after)]
    shares = [count / max(count.sum(), 1) for count in counts]
    moved = float(((shares[1] - shares[0]) * np.array(item.points)).sum())
    first, second = (tuple(share.tolist()) for share in shares)
    return CharacteristicShift(item.name, stability_index(*counts), moved, first, second)


def _counted(binning: Binning, columns: Columns) -> Ints:
    name = binning.feature.name
    if name not in columns:
        raise BadInput(
            f"column {name!r} is missing", field=name, rule="every variable of the scorecard"
        )
    return np.bincount(binning.assign(columns[name]), minlength=len(binning.woe))
