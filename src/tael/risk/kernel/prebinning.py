"""One sort a variable: pieces of about equal weight, their edges, a code a row, and the AUC."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled
from tael.risk.kernel.ordering import (
    mark_of,
    packed,
    round_between,
    row_of,
    same_key,
    sort_pairs,
)

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Codes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]
Bits: TypeAlias = npt.NDArray[np.uint32]
Pairs: TypeAlias = npt.NDArray[np.uint64]

KINDS = 3  # of missing values
OUTCOMES = 2
_WAITING = 255  # a code that is still to come
MOST_ROWS = 1 << 29  # a pair has 29 bits for the row


class Given(NamedTuple):
    """What is binned.

    ``weight`` is whole numbers in float64 whose sum is below 2^53: exact in any order; zero where
    a row only gets its code. ``even`` is the weight that all others share, or zero. Bit k of
    ``marks`` [rows] is outcome k, ``special`` the values with a code of their own.
    """

    values: Singles
    bits: Bits
    reasons: Codes
    weight: Floats
    even: float
    marks: Codes
    special: Singles


class Made(NamedTuple):
    """What comes out.

    ``edges`` [variables, most - 1] ends in infinities; where ``filled`` is given, so are they.
    ``faults`` holds the row of an infinite value, or -1. Codes: the numeric pieces, from ``most``
    on the kinds of missing, then the special values.
    """

    codes: Codes
    edges: Floats
    filled: Ints
    aucs: Floats
    faults: Ints


class _Scratch(NamedTuple):
    """``sums`` [zeros and ones of each outcome, places]: see the places below."""

    pairs: Pairs
    spare: Pairs
    buckets: Ints
    sums: Floats


# Of each outcome: weight of the missing, of the run of equal values, of all values up to it, and
# the pairs that its ones have won.
_OUT, _RUN, _UP_TO, _WON = range(4)


@compiled
def prebin(first: int, last: int, pieces: int, given: Given, made: Made) -> None:
    """Bin the variables from ``first`` to before ``last``."""
    rows = given.values.shape[1]
    scratch = _Scratch(
        np.empty(rows, np.uint64),
        np.empty(rows, np.uint64),
        np.empty((3, 2048), np.int64),
        np.empty((2 * OUTCOMES, 4), np.float64),
    )
    for i in range(first, last):
        count, waiting = _gather(i, given, made, scratch)
        if made.faults[i] >= 0:
            continue
        ordered = sort_pairs(scratch.pairs, scratch.spare, count, scratch.buckets)[:count]
        fixed = made.filled[i] > 0
        filled = _walk(i, 0 if fixed else pieces, ordered, (given, made), scratch.sums)
        if not fixed:
            made.filled[i] = filled
        _rank(i, made, scratch.sums)
        if fixed or waiting:
            _place(i, given, made)


@compiled
def _gather(i: int, given: Given, made: Made, scratch: _Scratch) -> tuple[int, bool]:
    """Codes of the missing and the special; how many other rows count, whether one does not."""
    _set_zero(scratch.sums)
    most = made.edges.shape[1] + 1
    count, waiting = 0, False
    for row in range(given.values.shape[1]):
        code = _outside(i, row, given, most)
        made.codes[i, row] = code
        if code != _WAITING:
            _add(given.marks[row], given.weight[row], _OUT, scratch.sums)
        elif np.isinf(given.values[i, row]):
            made.faults[i] = row
            return 0, False
        elif given.weight[row] > 0.0:
            scratch.pairs[count] = packed(given.bits[i, row], given.marks[row], row)
            count += 1
        else:
            waiting = True
    return count, waiting


@compiled
def _outside(i: int, row: int, given: Given, most: int) -> int:
    """The code of a missing or special value."""
    kind, value = given.reasons[i, row], given.values[i, row]
    if kind > 0:
        return int(most + min(kind, KINDS) - 1)
    if value != value:  # noqa: PLR0124 - NaN differs from itself
        return most + KINDS - 1
    for k in range(len(given.special)):
        if value == given.special[k]:
            return most + KINDS + k
    return _WAITING


@compiled
def _walk(i: int, pieces: int, ordered: Pairs, arrays: tuple[Given, Made], sums: Floats) -> int:
    """Edges and codes by the middle rank of each distinct value; the pairs that each has won.

    A value that alone weighs as much as a piece is one, so that a heap of zeros stays apart.
    Without ``pieces`` the edges are there already. How many pieces there are.
    """
    given, made = arrays
    total = _weight(ordered, given)
    code, below, at = -1, 0.0, 0
    last_piece, last_heavy = -1, False
    while at < len(ordered):
        end = _run(at, ordered, given, sums)
        mass = sums[0, _RUN] + sums[1, _RUN]
        heavy = mass * pieces >= total
        piece = int(pieces * (below + 0.5 * mass) / total)
        if pieces and (code < 0 or heavy or last_heavy or piece != last_piece):
            if code >= 0:
                low = np.float64(given.values[i, row_of(ordered[at - 1])])
                high = np.float64(given.values[i, row_of(ordered[at])])
                made.edges[i, code] = round_between(low, high)
            code += 1
        for k in range(at, end if pieces else at):
            made.codes[i, row_of(ordered[k])] = code
        last_piece, last_heavy = piece, heavy
        below += mass
        at = end
    return max(code + 1, 1)


@compiled
def _weight(ordered: Pairs, given: Given) -> float:
    if given.even > 0.0:
        return given.even * len(ordered)
    total = 0.0
    for k in range(len(ordered)):
        total += given.weight[row_of(ordered[k])]
    return total


@compiled
def _run(at: int, ordered: Pairs, given: Given, sums: Floats) -> int:
    """The end of the run of equal values that starts at ``at``; its weight goes to ``sums``."""
    for k in range(len(sums)):
        sums[k, _RUN] = 0.0
    end = at
    while end < len(ordered) and same_key(ordered[at], ordered[end]):
        weight = given.even if given.even > 0.0 else given.weight[row_of(ordered[end])]
        _add(mark_of(ordered[end]), weight, _RUN, sums)
        end += 1
    for k in range(OUTCOMES):
        zeros, ones = sums[2 * k, _RUN], sums[2 * k + 1, _RUN]
        sums[2 * k, _WON] += ones * (sums[2 * k, _UP_TO] + 0.5 * zeros)
        sums[2 * k, _UP_TO] += zeros
        sums[2 * k + 1, _UP_TO] += ones
    return end


@compiled
def _add(mark: int, weight: float, place: int, sums: Floats) -> None:
    for k in range(OUTCOMES):
        sums[2 * k + ((mark >> k) & 1), place] += weight


@compiled
def _set_zero(sums: Floats) -> None:
    for k in range(len(sums)):
        for place_ in range(sums.shape[1]):
            sums[k, place_] = 0.0


@compiled
def _rank(i: int, made: Made, sums: Floats) -> None:
    """AUC of each outcome, folded above one half; the missing all below or all above the others.

    Special values count as missing here. Of the two places of the missing the better is kept.
    """
    for k in range(OUTCOMES):
        zeros, ones = sums[2 * k, _UP_TO], sums[2 * k + 1, _UP_TO]
        out_zeros, out_ones = sums[2 * k, _OUT], sums[2 * k + 1, _OUT]
        inside = sums[2 * k, _WON] + 0.5 * out_ones * out_zeros
        every = (ones + out_ones) * (zeros + out_zeros)
        low, high = (inside + ones * out_zeros) / every, (inside + zeros * out_ones) / every
        made.aucs[k, i] = max(low, 1.0 - low, high, 1.0 - high) if every > 0.0 else 0.5


@compiled
def _place(i: int, given: Given, made: Made) -> None:
    """Codes of the rows that wait: those that do not count, all where edges were given."""
    edges = made.edges[i, : made.filled[i] - 1]
    for row in range(given.values.shape[1]):
        if made.codes[i, row] == _WAITING:
            made.codes[i, row] = place(edges, np.float64(given.values[i, row]))


@compiled
def place(edges: Floats, value: float) -> int:
    """How many of the ascending edges are not above ``value``."""
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) >> 1
        if edges[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low
