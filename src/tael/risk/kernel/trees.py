"""Loops over packed trees: sums of leaves and exact contributions. Imports numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled

LANES = 16  # rows that walk a tree side by side: a cache line of float32

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints32 = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]


class Places(NamedTuple):
    """Nodes and leaves of all trees in one row of places; a leaf is its own two children.

    ``start`` and ``depth`` int32 [trees]; ``feature`` int32, ``threshold`` float32,
    ``missing_right`` uint8 and ``value`` float64 [places]; ``child`` int32 [2 x places], left
    then right of each.
    """

    start: Ints32
    depth: Ints32
    feature: Ints32
    threshold: Floats32
    missing_right: Bytes
    child: Ints32
    value: Floats


class Paths(NamedTuple):
    """The variables between root and each leaf, each once: those of leaf l from ``first[l]`` on.

    A value fits where ``low < value <= high``, a missing one where ``missing`` is 1; ``share``
    float64 of the training rows go on at the variable's nodes. ``orders`` float64
    [most + 1, most + 1]: s! (m - 1 - s)! / m! of m variables.
    """

    first: Ints32
    feature: Ints32
    low: Floats32
    high: Floats32
    missing: Bytes
    share: Floats
    leaf: Floats
    orders: Floats


@compiled
def sum_rows(matrix: Floats32, places: Places, out: Floats) -> None:
    """``out[r]`` = the leaves of row r of float32 [rows, variables], summed in order of trees."""
    rows, variables = matrix.shape
    values = np.empty(variables * LANES, np.float32)
    state = np.zeros(LANES, np.int32)
    whole = rows - rows % LANES
    for first in range(0, whole, LANES):
        for lane in range(LANES):
            out[first + lane] = 0.0
            for variable in range(variables):
                values[variable * LANES + lane] = matrix[first + lane, variable]
        _sum_lanes(values, places, state, out[first : first + LANES])
    for row in range(whole, rows):
        out[row] = _sum_one(matrix[row], places)


@compiled
def _sum_lanes(values: Floats32, places: Places, state: Ints32, out: Floats) -> None:
    for tree in range(len(places.start)):
        for lane in range(LANES):
            state[lane] = places.start[tree]
        # As many steps as the tree is deep: no branch, so the lanes become one vector.
        for _ in range(places.depth[tree]):
            for lane in range(LANES):
                at = state[lane]
                value = values[places.feature[at] * LANES + lane]
                right = (value > places.threshold[at]) | (
                    (value != value) & (places.missing_right[at] != 0)  # noqa: PLR0124 - NaN
                )
                state[lane] = places.child[2 * at + np.int32(right)]
        for lane in range(LANES):
            out[lane] += places.value[state[lane]]


@compiled
def _sum_one(row: Floats32, places: Places) -> float:
    total = 0.0
    for tree in range(len(places.start)):
        at, before = places.start[tree], np.int32(-1)
        while at != before:
            before = at
            value = row[places.feature[at]]
            right = (value > places.threshold[at]) | (
                (value != value) & (places.missing_right[at] != 0)  # noqa: PLR0124 - NaN
            )
            at = places.child[2 * at + np.int32(right)]
        total += places.value[at]
    return total


@compiled
def contribute_rows(matrix: Floats32, paths: Paths, out: Floats) -> None:
    """Add the Shapley values of each row to ``out`` float64 [rows, variables + 1].

    Along one path a variable either lets the row on or not. Of those that do, the sums over
    subsets are the coefficients of the product of (share + y): one division by its own factor
    leaves a variable out. Those that do not all get the same.
    """
    most = paths.orders.shape[0]
    let, kept = np.empty(most, np.int32), np.empty(most, np.float64)
    sums, without = np.empty(most + 1, np.float64), np.empty(most + 1, np.float64)
    for row in range(len(matrix)):
        for leaf in range(len(paths.leaf)):
            count = paths.first[leaf + 1] - paths.first[leaf]
            on, rest = _follow(matrix[row], paths, leaf, (let, kept, sums))
            scale = paths.leaf[leaf] * rest
            if on < count:
                shared = 0.0
                for power in range(on + 1):
                    shared += paths.orders[count, power] * sums[power]
                for at in range(on, count):
                    out[row, let[at]] -= scale * shared
            for at in range(on):
                share, own = kept[at], 0.0
                without[on - 1] = sums[on]
                for power in range(on - 1, 0, -1):
                    without[power - 1] = sums[power] - share * without[power]
                for power in range(on):
                    own += paths.orders[count, power] * without[power]
                out[row, let[at]] += scale * (1.0 - share) * own


@compiled
def _follow(
    row: Floats32, paths: Paths, leaf: int, work: tuple[Ints32, Floats, Floats]
) -> tuple[int, float]:
    """Variables that let the row on first, the others behind; how many do, shares of the others."""
    let, kept, sums = work
    begin, end = paths.first[leaf], paths.first[leaf + 1]
    on, behind, rest = 0, end - begin, 1.0
    sums[0] = 1.0
    for at in range(begin, end):
        value, share = row[paths.feature[at]], paths.share[at]
        fits = (value > paths.low[at] and value <= paths.high[at]) or (
            value != value and paths.missing[at] != 0  # noqa: PLR0124 - NaN
        )
        if fits:
            let[on], kept[on] = paths.feature[at], share
            sums[on + 1] = sums[on]
            for power in range(on, 0, -1):
                sums[power] = sums[power - 1] + share * sums[power]
            sums[0] *= share
            on += 1
        else:
            behind -= 1
            let[behind] = paths.feature[at]
            rest *= share
    return on, rest
