"""How bins are made, and the checks of what they are made from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tael.kernel import BadInput
from tael.risk.bins.cuts import check_rising
from tael.risk.sample import Bools, Floats, Sample

MISSING_CODES = (-9999.0, -9998.0, -9997.0)
MONOTONE = ("auto", "rising", "falling", "free")
_MOST_PIECES, _MOST_SPECIAL = 64, 32  # codes of pieces, missing and special fit in a byte
_CHUNK = 64  # variables a thread takes at a time
_HEAVIEST = 1e30  # beyond it a float32 ends
_WHOLE = 51  # weights become whole numbers that add up to less than 2^52


@dataclass(frozen=True, slots=True)
class BinSettings:
    """How variables are binned.

    Attributes:
        pieces: pre-bins of about equal weight, at most 64; a value as heavy as one is one itself.
        max_bins: at most so many numeric bins.
        min_share: a numeric bin holds at least this share of the weight.
        monotone: 'auto' (the direction with more information), 'rising' or 'falling' bad rate as
            the value grows, or 'free'.
        special: values that are codes; each has its bin.
        threads: at work at once; results do not depend on it.
        difference: neighbours whose chi-square is not above this are merged (2.706: 10 %).
        prior_rows: average rows added to each bin: draws the weight of a tiny bin towards zero.
        least_bads: fewer bads are refused.
    """

    pieces: int = 20
    max_bins: int = 8
    min_share: float = 0.02
    monotone: str = "auto"
    special: tuple[float, ...] = ()
    threads: int = 2
    difference: float = 2.706
    prior_rows: float = 10.0
    least_bads: int = 10

    def __post_init__(self) -> None:
        _within("pieces", self.pieces, (2, _MOST_PIECES))
        _within("max_bins", self.max_bins, (1, 3 * _MOST_PIECES))
        _within("min_share", self.min_share, (0, 0.5))
        _within("threads", self.threads, (1, 256))
        _within("special", len(self.special), (0, _MOST_SPECIAL))
        _within("difference", self.difference, (0, math.inf))
        _within("prior_rows", self.prior_rows, (0, math.inf))
        if self.monotone not in MONOTONE:
            raise BadInput(
                f"monotone is one of {', '.join(MONOTONE)}, not {self.monotone!r}",
                field="monotone",
                rule="a known direction",
            )
        if not all(math.isfinite(value) for value in self.special):
            raise BadInput(
                "a special code is a finite number", field="special", rule="finite codes"
            )

    @property
    def most(self) -> int:
        """How many numeric pre-bins there may be: pieces, heavy values and what they part."""
        return 3 * self.pieces


def _within(name: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise BadInput(f"{name} is {value}, {low:g} to {high:g} asked", field=name, rule="bounds")


DEFAULT = BinSettings()


def checked_cuts(
    cuts: Mapping[str, Sequence[float]], sample: Sample, most: int
) -> dict[int, tuple[float, ...]]:
    """Hand-set cuts by the number of their variable.

    Raises:
        BadInput: cuts of no variable, not ascending, not finite, or too many; names the variable.
    """
    place = {name: i for i, name in enumerate(sample.names)}
    found = {}
    for name, given in cuts.items():
        asked = tuple(float(cut) for cut in given)
        if name not in place:
            raise BadInput(
                f"there are cuts of {name!r}, which is no variable of the sample",
                field=name,
                rule="cuts of a variable of the sample",
            )
        check_rising(name, asked)
        if len(asked) >= most:
            raise BadInput(
                f"{len(asked)} cuts of {name!r}, fewer than {most} asked", field=name, rule="bounds"
            )
        found[place[name]] = asked
    return found


def checked_outcome(sample: Sample, least: int) -> Bools:
    """The rows to learn from: an outcome that is known and a weight above zero.

    Raises:
        BadInput: an outcome other than 0, 1 or unknown, a negative weight (both name the row, from
            1), no goods, no bads, or fewer than ``least`` bads.
    """
    checked_weight(sample)
    bad = sample.bad
    wrong = np.flatnonzero(~np.isnan(bad) & (bad != 0) & (bad != 1))
    if len(wrong):
        raise BadInput(
            "an outcome is 1 (bad), 0 (good) or unknown",
            field="bad",
            row=int(wrong[0]) + 1,
            rule="0, 1 or unknown",
        )
    used = sample.labelled & (sample.weight > 0)
    bads = int((bad[used] == 1).sum())
    if not bads or bads == int(used.sum()):
        raise BadInput(
            f"needs both goods and bads: {int(used.sum())} rows have a known outcome, "
            f"{bads} of them bad",
            field="bad",
            rule="both outcomes occur",
        )
    if bads < least:
        raise BadInput(f"needs at least {least} bads, has {bads}", field="bad", rule="enough bads")
    return used


def checked_weight(sample: Sample) -> None:
    """Weights that are finite and not negative.

    Raises:
        BadInput: another weight; names the row, from 1.
    """
    wrong = np.flatnonzero(~((sample.weight >= 0) & (sample.weight <= _HEAVIEST)))
    if len(wrong):
        raise BadInput(
            "a weight is finite and not negative",
            field="weight",
            row=int(wrong[0]) + 1,
            rule="non-negative weights",
        )


def whole_weights(weight: Floats, used: Bools) -> tuple[Floats, float]:
    """Weights as whole numbers in float64, zero where not ``used``, and what one of them is.

    Read as float32, as models read them, and scaled by a power of two so that all add up to less
    than 2^53: their sums are exact in any order, and a row of weight two is that row twice.
    """
    single = np.where(used, weight, 0.0).astype(np.float32).astype(np.float64)
    total = math.fsum(single.tolist())
    if not total:
        raise BadInput("no row has a weight above zero", field="weight", rule="some weight")
    power = _WHOLE - math.floor(math.log2(total))
    return np.rint(np.ldexp(single, power)), math.ldexp(1.0, -power)


class Loop(Protocol):
    """Works on the variables from ``first`` to before ``last``."""

    def __call__(self, first: int, last: int) -> None: ...


def in_ranges(count: int, threads: int, loop: Loop) -> None:
    """Run ``loop`` over all variables, in chunks, on some threads; each writes only its own."""
    starts = range(0, count, _CHUNK)
    if threads == 1 or len(starts) < 2:  # noqa: PLR2004 - nothing to share
        loop(0, count)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(loop, k, min(k + _CHUNK, count)) for k in starts]:
            done.result()
