"""One sort a variable: pieces of about equal weight, their edges, a code a row, and the AUC."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled
from tael.risk.kernel.ordering import packed, round_between, row_of, sort_pairs

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Codes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]
Bits: TypeAlias = npt.NDArray[np.uint32]
Pairs: TypeAlias = npt.NDArray[np.uint64]

KINDS = 3  # of missing values
_ROW = np.uint64(32)  # the key of a pair stands above its row


class Given(NamedTuple):
    """What is binned.

    ``weight`` is whole numbers in float64 whose sum is below 2^53: exact in any order; zero where
    a row only gets its code. ``ones`` [outcomes, rows] is the weight of the rows where an outcome
    is one, ``special`` the values with a code of their own.
    """

    values: Singles
    bits: Bits
    reasons: Codes
    weight: Floats
    ones: Floats
    special: Singles


class Made(NamedTuple):
    """What comes out.

    ``edges`` [variables, most - 1] ends in infinities; ``faults`` holds the row of an infinite
    value, or -1. Codes: the numeric pieces, from ``most`` on the kinds of missing, then the special
    values.
    """

    codes: Codes
    edges: Floats
    filled: Ints
    aucs: Floats
    faults: Ints


class _Scratch(NamedTuple):
    pairs: Pairs
    spare: Pairs
    buckets: Ints
    sums: Floats  # of each outcome: pairs won, weight of zeros below, of the run's ones and zeros


@compiled
def prebin(first: int, last: int, pieces: int, given: Given, made: Made) -> None:
    """Bin the variables from ``first`` to before ``last``."""
    rows = given.values.shape[1]
    scratch = _Scratch(
        np.empty(rows, np.uint64),
        np.empty(rows, np.uint64),
        np.empty((3, 2048), np.int64),
        np.empty((len(given.ones), 8), np.float64),
    )
    for i in range(first, last):
        fixed = made.filled[i] > 0
        count = _gather(i, given, made, scratch.pairs)
        if made.faults[i] >= 0:
            continue
        ordered = sort_pairs(scratch.pairs, scratch.spare, count, scratch.buckets)
        if not fixed:
            made.filled[i] = _cut(i, pieces, ordered[:count], given, made)
        _rank(i, ordered[:count], given, made, scratch.sums)
        _place(i, given, made)


@compiled
def _gather(i: int, given: Given, made: Made, pairs: Pairs) -> int:
    """Codes of the missing and the special; how many other rows that count are in ``pairs``."""
    most = made.edges.shape[1] + 1
    count = 0
    for row in range(given.values.shape[1]):
        kind = given.reasons[i, row]
        value = given.values[i, row]
        if kind == 0 and value != value:  # noqa: PLR0124 - NaN differs from itself
            kind = np.uint8(KINDS)
        if kind > 0:
            made.codes[i, row] = most + min(kind, KINDS) - 1
            continue
        if np.isinf(value):
            made.faults[i] = row
            return 0
        code = 255
        for k in range(len(given.special)):
            if value == given.special[k]:
                code = most + KINDS + k
        made.codes[i, row] = code
        if code == 255 and given.weight[row] > 0.0:  # noqa: PLR2004 - no code yet
            pairs[count] = packed(given.bits[i, row], row)
            count += 1
    return count


@compiled
def _cut(i: int, pieces: int, ordered: Pairs, given: Given, made: Made) -> int:
    """Edges and codes of the pieces: by the middle rank of each distinct value.

    A value that alone weighs as much as a piece is one, so that a heap of zeros stays apart.
    """
    total = 0.0
    for k in range(len(ordered)):
        total += given.weight[row_of(ordered[k])]
    code, below, at = -1, 0.0, 0
    last_piece, last_heavy, last_value = -1, False, 0.0
    while at < len(ordered):
        value = given.values[i, row_of(ordered[at])]
        end, mass = at, 0.0
        while end < len(ordered) and given.values[i, row_of(ordered[end])] == value:
            mass += given.weight[row_of(ordered[end])]
            end += 1
        heavy = mass * pieces >= total
        piece = int(pieces * (below + 0.5 * mass) / total)
        if code < 0 or heavy or last_heavy or piece != last_piece:
            if code >= 0:
                made.edges[i, code] = round_between(last_value, np.float64(value))
            code += 1
        for k in range(at, end):
            made.codes[i, row_of(ordered[k])] = code
        last_piece, last_heavy, last_value = piece, heavy, np.float64(value)
        below += mass
        at = end
    return max(code + 1, 1)


@compiled
def _place(i: int, given: Given, made: Made) -> None:
    """Codes of the rows that had none: those that do not count, all where edges were given."""
    edges = made.edges[i, : made.filled[i] - 1]
    for row in range(given.values.shape[1]):
        if made.codes[i, row] == 255:  # noqa: PLR2004 - no code yet
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


@compiled
def _rank(i: int, ordered: Pairs, given: Given, made: Made, sums: Floats) -> None:
    """AUC of each outcome, folded above one half; the missing all below or all above the others.

    Special values count as missing here. Of the two places of the missing the better is kept.
    """
    _sum_outside(i, given, made, sums)
    at = 0
    while at < len(ordered):
        key = ordered[at] >> _ROW
        for k in range(len(sums)):
            sums[k, 2] = sums[k, 3] = 0.0
        while at < len(ordered) and ordered[at] >> _ROW == key:
            _add(row_of(ordered[at]), 2, given, sums)
            at += 1
        for k in range(len(sums)):
            sums[k, 0] += sums[k, 2] * (sums[k, 1] + 0.5 * sums[k, 3])
            sums[k, 1] += sums[k, 3]
            sums[k, 6] += sums[k, 2]
    for k in range(len(sums)):
        won, zeros, ones = sums[k, 0], sums[k, 1], sums[k, 6]
        out_ones, out_zeros = sums[k, 4], sums[k, 5]
        inside = won + 0.5 * out_ones * out_zeros
        every = (ones + out_ones) * (zeros + out_zeros)
        low, high = (inside + ones * out_zeros) / every, (inside + zeros * out_ones) / every
        made.aucs[k, i] = max(low, 1.0 - low, high, 1.0 - high) if every > 0.0 else 0.5


@compiled
def _sum_outside(i: int, given: Given, made: Made, sums: Floats) -> None:
    """The weights of the missing and the special, into places 4 and 5."""
    for k in range(len(sums)):
        for part in range(sums.shape[1]):
            sums[k, part] = 0.0
    for row in range(given.values.shape[1]):
        if made.codes[i, row] > made.edges.shape[1] and given.weight[row] > 0.0:
            _add(row, 4, given, sums)


@compiled
def _add(row: int, part: int, given: Given, sums: Floats) -> None:
    """The row's weight to the ones, at ``part``, or to the zeros after them."""
    for k in range(len(sums)):
        sums[k, part] += given.ones[k, row]
        sums[k, part + 1] += given.weight[row] - given.ones[k, row]
