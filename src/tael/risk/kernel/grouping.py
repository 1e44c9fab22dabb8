"""Counts by group of rows on bins that stay: information, ranking and shift of each group."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled
from tael.risk.kernel.merging import information_value

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]


class Grouped(NamedTuple):
    """Rows in groups: ``groups`` [rows] counts from 0, -1 is in none.

    ``weights`` [2, rows]: of goods and of bads, or of all rows twice where no outcome matters.
    """

    codes: Codes
    groups: Ints
    weights: Floats
    unit: float


@compiled
def judge(first: int, last: int, given: Grouped, woe: Floats, out: tuple[Floats, Floats]) -> None:
    """Information value and AUC of the fixed weights of evidence in each group.

    Both [variables, groups], NaN where a group lacks goods or bads. The information value is not
    smoothed twice: ten average rows a bin, as where the bins were fitted.
    """
    values, aucs = out
    table = np.empty((values.shape[1], woe.shape[1], 2), np.float64)
    for i in range(first, last):
        _tally(i, given, table)
        order = np.argsort(woe[i])
        for group in range(len(table)):
            held = table[group]
            if held[:, 0].sum() == 0.0 or held[:, 1].sum() == 0.0:
                values[i, group] = np.nan
                aucs[i, group] = np.nan
            else:
                values[i, group] = information_value(held, 10.0)
                aucs[i, group] = _auc(held, woe[i], order)


@compiled
def _tally(i: int, given: Grouped, table: Floats) -> None:
    table[:] = 0.0
    for row in range(given.codes.shape[1]):
        group = given.groups[row]
        if group >= 0:
            code = given.codes[i, row]
            table[group, code, 0] += given.weights[0, row]
            table[group, code, 1] += given.weights[1, row]
    table[:] *= given.unit


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
    return float(won / (counts[:, 0].sum() * bads))


@compiled
def tally(first: int, last: int, given: Grouped, out: Floats) -> None:
    """The weight of each code [variables, codes] in the rows of group 0."""
    table = np.empty((1, out.shape[1], 2), np.float64)
    for i in range(first, last):
        _tally(i, given, table)
        out[i] = table[0, :, 0]


@compiled
def shift(first: int, last: int, given: Grouped, base: Floats, out: Floats) -> None:
    """The stability index of each group [variables, groups] against ``base`` [variables, codes]."""
    table = np.empty((out.shape[1], base.shape[1], 2), np.float64)
    for i in range(first, last):
        _tally(i, given, table)
        for group in range(len(table)):
            out[i, group] = stability(base[i], table[group, :, 0])


@compiled
def stability(expected: Floats, actual: Floats) -> float:
    """Sum of (a - e) ln(a / e) over shares, half a row added to each code that either holds."""
    all_expected, all_actual, held = expected.sum(), actual.sum(), 0
    if all_expected == 0.0 or all_actual == 0.0:
        return math.nan
    for k in range(len(expected)):
        if expected[k] > 0.0 or actual[k] > 0.0:
            held += 1
    total = 0.0
    for k in range(len(expected)):
        if expected[k] > 0.0 or actual[k] > 0.0:
            e = (expected[k] + 0.5) / (all_expected + 0.5 * held)
            a = (actual[k] + 0.5) / (all_actual + 0.5 * held)
            total += (a - e) * math.log(a / e)
    return total
