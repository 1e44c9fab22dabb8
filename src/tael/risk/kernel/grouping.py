"""Counts by group of rows on bins that stay: information, ranking and shift of each group."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled
from tael.risk.kernel.merging import column_sum, information_value

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]


class Grouped(NamedTuple):
    """Rows in groups: ``groups`` [rows] counts from 0, -1 is in none.

    ``weights`` [2, rows]: of goods and of bads, or of all rows twice where no outcome matters.
    ``prior`` average rows are added to a bin in its weight of evidence.
    """

    codes: Codes
    groups: Ints
    weights: Floats
    unit: float
    prior: float


@compiled
def judge(first: int, last: int, given: Grouped, woe: Floats, out: tuple[Floats, Floats]) -> None:
    """Information value and AUC of the fixed weights of evidence in each group.

    Both [variables, groups], NaN where a group lacks goods or bads. The information value is that
    of the group's own counts.
    """
    values, aucs = out
    table = np.empty((values.shape[1], woe.shape[1], 2), np.float64)
    order = np.empty(woe.shape[1], np.int64)
    for i in range(first, last):
        _tally(i, given, table)
        _order(woe[i], order)
        for group in range(len(table)):
            held = table[group]
            if column_sum(held, 0) == 0.0 or column_sum(held, 1) == 0.0:
                values[i, group] = np.nan
                aucs[i, group] = np.nan
            else:
                values[i, group] = information_value(held, given.prior)
                aucs[i, group] = _auc(held, woe[i], order)


@compiled
def _tally(i: int, given: Grouped, table: Floats) -> None:
    _set_zero(table)
    for row in range(given.codes.shape[1]):
        group = given.groups[row]
        if group >= 0:
            code = given.codes[i, row]
            table[group, code, 0] += given.weights[0, row]
            table[group, code, 1] += given.weights[1, row]
    for group in range(len(table)):
        for k in range(table.shape[1]):
            table[group, k, 0] *= given.unit
            table[group, k, 1] *= given.unit


@compiled
def _set_zero(table: Floats) -> None:
    for group in range(len(table)):
        for k in range(table.shape[1]):
            table[group, k, 0] = table[group, k, 1] = 0.0


@compiled
def _order(values: Floats, order: Ints) -> None:
    """Positions by value, by insertion: there are a dozen."""
    for k in range(len(values)):
        at = k
        while at > 0 and values[order[at - 1]] > values[k]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = k


@compiled
def _auc(counts: Floats, woe: Floats, order: Ints) -> float:
    """The chance that a bad has a lower weight of evidence than a good, ties counting half."""
    won, bads, at = 0.0, 0.0, 0
    while at < len(order):
        value, good_here, bad_here = woe[order[at]], 0.0, 0.0
        while at < len(order) and woe[order[at]] == value:
            good_here += counts[order[at], 0]
            bad_here += counts[order[at], 1]
            at += 1
        won += good_here * (bads + 0.5 * bad_here)
        bads += bad_here
    return float(won / (column_sum(counts, 0) * bads))


@compiled
def tally(first: int, last: int, given: Grouped, out: Floats) -> None:
    """The weight of each code [variables, codes] in the rows of group 0."""
    table = np.empty((1, out.shape[1], 2), np.float64)
    for i in range(first, last):
        _tally(i, given, table)
        for k in range(out.shape[1]):
            out[i, k] = table[0, k, 0]


@compiled
def shift(first: int, last: int, given: Grouped, base: Floats, out: Floats) -> None:
    """The stability index of each group [variables, groups] against ``base`` [variables, codes]."""
    table = np.empty((out.shape[1], base.shape[1], 2), np.float64)
    for i in range(first, last):
        _tally(i, given, table)
        for group in range(len(table)):
            out[i, group] = stability(base[i], table[group])


@compiled
def stability(expected: Floats, counts: Floats) -> float:
    """Sum of (a - e) ln(a / e) over shares, half a row added to each code that either holds.

    The actual weights are the first column of ``counts``.
    """
    all_expected, all_actual, held = 0.0, column_sum(counts, 0), 0
    for k in range(len(expected)):
        all_expected += expected[k]
        if expected[k] > 0.0 or counts[k, 0] > 0.0:
            held += 1
    if all_expected == 0.0 or all_actual == 0.0:
        return math.nan
    total = 0.0
    for k in range(len(expected)):
        if expected[k] > 0.0 or counts[k, 0] > 0.0:
            e = (expected[k] + 0.5) / (all_expected + 0.5 * held)
            a = (counts[k, 0] + 0.5) / (all_actual + 0.5 * held)
            total += (a - e) * math.log(a / e)
    return total
