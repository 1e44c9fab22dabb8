"""Pre-bins: one sort a variable gives pieces of equal weight, a code a row and the AUC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tael.kernel import BadInput
from tael.risk.bins.settings import (
    DEFAULT,
    BinSettings,
    checked_cuts,
    checked_weight,
    in_ranges,
    whole_weights,
)
from tael.risk.extras import need
from tael.risk.sample import REASONS, Bools, Floats, Ints, Reasons, Sample

KINDS = len(REASONS) - 1  # of missing values


@dataclass(frozen=True, eq=False)
class Prebins:
    """The pieces of all variables; what bins, permutations and shifts are counted from.

    Attributes:
        names: the variables.
        settings: how they were made.
        codes: uint8 [variables, rows]: the numeric piece of each row, or ``most`` + 0, 1, 2 for no
            source, no event and undefined, or ``most`` + 3 + k for special value k.
        edges: float64 [variables, most - 1]: the lowest value that belongs to the next piece;
            infinite beyond the last.
        filled: int64 [variables]: how many numeric pieces there are, at least one.
        fixed: the variables whose edges were set by hand.
        used: bool [rows]: the rows that count.
        auc: float64 [variables]: of the value alone against ``bad``, at least one half; one half
            where no outcome is known.
        era_auc: float64 [variables]: the same against 'in the later half of the months'.
    """

    names: tuple[str, ...]
    settings: BinSettings
    codes: Reasons
    edges: Floats
    filled: Ints
    fixed: frozenset[int]
    used: Bools
    auc: Floats
    era_auc: Floats

    @property
    def most(self) -> int:
        """The code of the first kind of missing."""
        return int(self.edges.shape[1]) + 1

    @property
    def width(self) -> int:
        """How many codes there are."""
        return self.most + KINDS + len(self.settings.special)

    def place(self, sample: Sample) -> Reasons:
        """The codes of other rows: uint8 [variables, rows].

        Raises:
            BadInput: a variable that ``sample`` lacks, or an infinite value; names it.
        """
        return placed(sample, self.names, (self.edges, self.filled), self.settings)


def placed(
    sample: Sample, names: tuple[str, ...], bounds: tuple[Floats, Ints], settings: BinSettings
) -> Reasons:
    """Which numeric bin, kind of missing or special code each value has: uint8.

    ``bounds`` are the cuts [variables, bins - 1], infinite beyond the last, and how many bins each
    variable has. Raises as ``Prebins.place``.
    """
    need("numba", "models")
    from tael.risk.kernel import placing  # noqa: PLC0415 - numba loads when something is binned

    held = sample if sample.names == names else sample.select(names)
    codes = np.empty(held.values.shape, dtype=np.uint8)
    faults = np.full(len(names), -1)
    read = placing.Read(
        np.ascontiguousarray(held.values, dtype=np.float32),
        np.ascontiguousarray(held.reasons, dtype=np.uint8),
        *bounds,
        np.array(settings.special, dtype=np.float32),
    )

    def work(first: int, last: int) -> None:
        placing.place_all(first, last, read, codes, faults)

    in_ranges(len(names), settings.threads, work)
    refuse_infinite(held, faults)
    return codes


def prebin(
    sample: Sample,
    settings: BinSettings = DEFAULT,
    *,
    used: Bools | None = None,
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> Prebins:
    """Cut every variable into pieces of about equal weight.

    The piece of a value is that of its middle rank among the values of the rows ``used`` (default:
    all with a weight); a value that alone weighs as much as a piece is one. A value without a
    reason that is NaN counts as undefined. Edges are numbers of few digits between two values.

    Args:
        sample: the variables.
        settings: ``pieces``, ``special`` and ``threads`` are read.
        used: bool [rows]: the rows that decide; the others only get their codes.
        cuts: edges set by hand, by variable.

    Raises:
        BadInput: an infinite value (names variable and row, from 1), negative weights, wrong cuts,
            or numba is not installed.
    """
    need("numba", "models")
    from tael.risk.kernel import prebinning  # noqa: PLC0415 - numba loads when something is binned

    checked_weight(sample)
    if sample.rows > prebinning.MOST_ROWS:
        raise BadInput(
            f"{sample.rows} rows, {prebinning.MOST_ROWS} at most", field="sample", rule="bounds"
        )
    count = sample.weight > 0 if used is None else used & (sample.weight > 0)
    weight, _ = whole_weights(sample.weight, count)
    values = np.ascontiguousarray(sample.values, dtype=np.float32)
    given = prebinning.Given(
        values,
        values.view(np.uint32),
        np.ascontiguousarray(sample.reasons, dtype=np.uint8),
        weight,
        _even(weight),
        _marks(sample, weight, count),
        np.array(settings.special, dtype=np.float32),
    )
    made = _room(sample, settings, checked_cuts(cuts or {}, sample, settings.most))
    fixed = frozenset(np.flatnonzero(made[2]).tolist())
    out = prebinning.Made(*made)

    def work(first: int, last: int) -> None:
        prebinning.prebin(first, last, settings.pieces, given, out)

    in_ranges(len(sample.names), settings.threads, work)
    codes, edges, filled, aucs, faults = made
    refuse_infinite(sample, faults)
    return Prebins(sample.names, settings, codes, edges, filled, fixed, count, *aucs)


def _room(
    sample: Sample, settings: BinSettings, cuts: dict[int, tuple[float, ...]]
) -> tuple[Reasons, Floats, Ints, Floats, Ints]:
    variables, rows = sample.values.shape
    edges = np.full((variables, settings.most - 1), np.inf)
    filled = np.zeros(variables, dtype=np.int64)
    for i, given in cuts.items():
        edges[i, : len(given)] = given
        filled[i] = len(given) + 1
    codes = np.empty((variables, rows), dtype=np.uint8)
    return codes, edges, filled, np.empty((2, variables)), np.full(variables, -1)


def _even(weight: Floats) -> float:
    """The weight that all rows with one share, else zero."""
    held = np.unique(weight[weight > 0])
    return float(held[0]) if len(held) == 1 else 0.0


def _marks(sample: Sample, weight: Floats, used: Bools) -> Reasons:
    """Bit 0: bad; bit 1: in the later half of the months."""
    known = bool(sample.labelled[used].all())  # no AUC without all outcomes
    bad = (sample.bad == 1) & known
    late = sample.vintage >= _half(sample, weight)
    marks: Reasons = (bad + 2 * late).astype(np.uint8)
    return marks


def _half(sample: Sample, weight: Floats) -> int:
    """The month from which on about half of the weight lies."""
    months, place = np.unique(sample.vintage, return_inverse=True)
    mass = np.bincount(place, weights=weight)
    before = np.cumsum(mass) - mass
    return int(months[np.abs(2 * before - mass.sum()).argmin()])


def refuse_infinite(sample: Sample, faults: Ints) -> None:
    """Raise for the first variable whose fault is a row, not -1."""
    found = np.flatnonzero(faults >= 0)
    if len(found):
        i = int(found[0])
        raise BadInput(
            f"variable {sample.names[i]!r} holds an infinite value",
            field=sample.names[i],
            row=int(faults[i]) + 1,
            rule="finite values",
        )
