"""Splits along time: train on what was known, test on what came after; no borrower on both."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tael.kernel import BadInput
from tael.risk.encoding import folds_of
from tael.risk.sample import Bools, Ints, Sample

Fold: TypeAlias = tuple[Bools, Bools]
LATE = ("refuse", "leave_out")


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """How a sample is cut.

    Attributes:
        by: 'time', or 'borrower': each fold tests a part of the borrowers, of all times, and trains
            on the others; for a panel of the same firms, which a model would know again.
        count: how many folds.
        gap_months: months between the last vintage trained on and the first tested: as long as an
            outcome takes to be known.
        first_share: share of the bads before the first test.
        min_bads: each side of each fold has so many bads.
        purge: whether a borrower of a test is left out of its training. Without, what was known of
            it before the test may be learnt: a panel of the same firms has no other rows.
        late: what happens to a training outcome known only after its test begins: 'refuse', or
            'leave_out', which favours bads, for these are known first.
    """

    by: str = "time"
    count: int = 4
    gap_months: int = 12
    first_share: float = 0.4
    min_bads: int = 30
    purge: bool = True
    late: str = "refuse"


def folds(sample: Sample, settings: FoldSettings = FoldSettings()) -> list[Fold]:
    """Masks (train, test) of rows, by time or by borrower as ``settings.by`` says.

    Raises:
        BadInput: as ``time_folds``; too few bads of a part of the borrowers.
    """
    if settings.by == "time":
        return time_folds(sample, settings)
    if settings.by != "borrower" or settings.count < 2:  # noqa: PLR2004 - one part has no others
        raise BadInput(
            f"{settings.count} folds by {settings.by!r}",
            field="folds",
            rule="by time, or two or more by borrower",
        )
    part = folds_of(sample.borrower, settings.count)
    found: list[Fold] = []
    for number in range(settings.count):
        test: Bools = sample.labelled & (part == number)
        train: Bools = sample.labelled & (part != number)
        _enough(sample, number + 1, {"train": train, "test": test}, settings.min_bads)
        found.append((train, test))
    return found


def time_folds(sample: Sample, settings: FoldSettings = FoldSettings()) -> list[Fold]:
    """Masks (train, test) of rows, earliest test first; the training window grows.

    The tests divide the vintages after the first share of bads so that each has about as many
    bads. A borrower in a test is left out of its training (de Prado, Advances in Financial Machine
    Learning, 2018, chapter 7, purges likewise). Rows without an outcome are in no fold.

    Raises:
        BadInput: too few bads on a side, and how many are needed; vintages too few for the folds;
            a gap too short for outcomes to be known, and how long it must be.
    """
    if settings.late not in LATE or settings.count < 1 or settings.gap_months < 0:
        raise BadInput(
            "folds are one or more, a gap is not below zero, late outcomes are refused or left out",
            field="folds",
            rule=f"late is one of {', '.join(LATE)}",
        )
    bounds = _bounds(sample, settings)
    return [
        _fold(sample, settings, (number, begin, end))
        for number, (begin, end) in enumerate(itertools.pairwise(bounds.tolist()), 1)
    ]


def _bounds(sample: Sample, settings: FoldSettings) -> Ints:
    """First vintages of the tests, and the one after the last."""
    seen = sample.labelled
    bad = sample.bad[seen] == 1
    wanted = settings.min_bads * (settings.count + 1)
    if bad.sum() < wanted:
        raise BadInput(
            f"there are {int(bad.sum())} bads, {settings.count} folds need {wanted}",
            field="folds",
            rule=f"{settings.min_bads} bads on each side",
        )
    months, place = np.unique(sample.vintage[seen], return_inverse=True)
    before = np.concatenate([[0.0], np.cumsum(np.bincount(place, weights=bad))])
    shares = np.linspace(settings.first_share, 1.0, settings.count + 1)[:-1]
    cuts = np.searchsorted(before / before[-1], shares, side="left").clip(1, len(months) - 1)
    starts = np.maximum(months[cuts], months[0] + settings.gap_months + 1)
    bounds = np.append(starts, months[-1] + 1).astype(np.int64)
    if (np.diff(bounds) <= 0).any():
        raise BadInput(
            f"{len(months)} vintages are too few for {settings.count} folds with a gap of "
            f"{settings.gap_months} months",
            field="folds",
            rule="each test has vintages of its own",
        )
    return bounds


def _fold(sample: Sample, settings: FoldSettings, which: tuple[int, int, int]) -> Fold:
    number, begin, end = which
    seen, vintage = sample.labelled, sample.vintage
    test: Bools = seen & (vintage >= begin) & (vintage < end)
    train: Bools = seen & (vintage + settings.gap_months < begin)
    late = train & (sample.known >= _month_start(begin))
    if late.any() and settings.late == "refuse":
        known = sample.known[train].astype("datetime64[M]").astype(np.int64)
        needed = int((known - vintage[train]).max())
        raise BadInput(
            f"{int(late.sum())} training outcomes of fold {number} were known only after its test "
            f"begins: the gap is {settings.gap_months} months, {needed} are needed",
            field="gap_months",
            rule="no target from the future",
        )
    train = train & ~late
    if settings.purge:
        train &= ~np.isin(sample.borrower, np.unique(sample.borrower[test]))
    _enough(sample, number, {"train": train, "test": test}, settings.min_bads)
    return train, test


def _enough(sample: Sample, number: int, sides: Mapping[str, Bools], least: int) -> None:
    for side, rows in sides.items():
        bads = int((sample.bad[rows] == 1).sum())
        if bads < least or bads == rows.sum():
            raise BadInput(
                f"fold {number} has {bads} bads of {int(rows.sum())} rows to {side} on, "
                f"{least} are needed, and goods",
                field="folds",
                rule="enough bads and goods on each side",
            )


def _month_start(month: int) -> np.datetime64:
    start: np.datetime64 = np.datetime64(month, "M").astype("datetime64[s]")
    return start


@dataclass(frozen=True, eq=False)
class Held:
    """A sample without its last months.

    Attributes:
        sample: the earlier rows.
        first_held: the first month held back, ISO (``2015-03``).
        rows_held: how many rows were held back.
    """

    sample: Sample
    first_held: str
    rows_held: int


def hold_last(sample: Sample, months: int = 12) -> Held:
    """The sample without the vintages of its last ``months`` months.

    Raises:
        BadInput: nothing is left.
    """
    first = int(sample.vintage.max()) - months + 1 if sample.rows else 0
    earlier = sample.vintage < first
    if not earlier.any():
        raise BadInput(
            f"the sample is no longer than the {months} months to hold back",
            field="last_months",
            rule="vintages before the months held back",
        )
    name = str(np.datetime64(first, "M"))
    return Held(sample.take(earlier), name, int((~earlier).sum()))


def refuse_shared(train: Sample, test: Sample) -> None:
    """Refuse two samples that have a borrower in common.

    Raises:
        BadInput: how many, and one of them.
    """
    shared = np.intersect1d(train.borrower.astype(str), test.borrower.astype(str))
    if len(shared):
        raise BadInput(
            f"{len(shared)} borrowers are in training and test, {shared[0]!r} is one",
            field="borrower",
            rule="a borrower on one side",
        )
