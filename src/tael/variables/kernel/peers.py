"""Percentiles among peers, compiled, and the distributions that they are read from. Imports numba.

A borrower costs three look-ups of its groups and one binary search an output.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.kernel.checks import check_instants, check_sheet
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.rows import put
from tael.variables.kernel.sheet import UNDEFINED, VALUE, Sheet
from tael.variables.packing.packed import LEAST_TIME, MOST_TIME
from tael.variables.plan.peers import (
    ALL_FIRMS,
    CUTS,
    INDUSTRIES,
    LEAST_PEERS,
    UNKNOWN,
    PeerArrays,
    PeersArrays,
    PeersPlan,
    PeerTable,
    check_groups,
)

_TWICE = 2.0 * CUTS
_NOWHERE = -1


def run(
    plan: PeersPlan,
    table: PeerTable | None,
    groups: NDArray[np.int64] | None,
    asof: NDArray[np.int64],
    sheet: Sheet,
) -> None:
    """Write the percentiles of every row; what they place stands in it already.

    Args:
        plan: what to compute.
        table: the distributions; None: there are none.
        groups: int64[rows], the peer group of each row's firm, -1 where unknown; None: of nobody.
        asof: int64[rows], UTC seconds, the instant as of which each row is looked at.
        sheet: the plan's outputs go into the columns from ``sheet.start``.

    Raises:
        BadInput: shapes or types do not fit, a group cannot be, an as-of instant lies outside 1990
            to 2038, a parent does not stand before the section, or the table is of another plan.
    """
    rows = len(sheet.values)
    check_sheet(sheet, plan.width)
    if max(plan.outputs, default=0) >= max(sheet.start, 1):
        rule = "what is placed stands before the section"
        raise BadInput(f"columns {plan.outputs}: {rule}", field="outputs", rule=rule)
    if asof.dtype != np.int64 or asof.shape != (rows,):
        raise BadInput(f"int64[{rows}] is needed", field="asof")
    check_instants(asof)
    known = np.full(rows, UNKNOWN) if groups is None else groups
    check_groups(known, rows)
    used = _nothing(plan.width) if table is None else table
    if used.width != plan.width:
        raise BadInput(f"the plan has {plan.width} outputs, the table {used.width}", field="table")
    _rows(plan.arrays(), used.arrays(), known, asof, sheet)


def make_peers(
    plan: PeersPlan,
    sheet: Sheet,
    groups: NDArray[np.int64],
    known_at: int,
    names: tuple[str, ...] = (),
) -> PeerTable:
    """The distributions of one instant; `join_tables` puts those of several together.

    Args:
        plan: whose outputs are to be placed; only their parents' columns are read.
        sheet: computed values of all firms of reference, a row each.
        groups: int64[rows], the group of each; -1 is left out.
        known_at: UTC seconds from when percentiles may be read from it: not before the as-of
            instants of the sheet, and the time that computing and checking it takes.
        names: what each output places, to be kept with the table.

    Raises:
        BadInput: shapes or types do not fit, a group cannot be, or the instant lies outside 1990 to
            2038.
    """
    check_groups(groups, len(sheet.values))
    check_sheet(sheet.at(0), 1 + max(plan.outputs, default=-1))
    if not LEAST_TIME <= known_at < MOST_TIME:
        raise BadInput("an instant between 1990 and 2038, UTC seconds", field="known_at")
    codes = np.unique(_levels(groups[groups != UNKNOWN]))
    cuts = np.full((codes.size, plan.width, CUTS), np.nan)
    for output, column in enumerate(plan.outputs):
        counted = (sheet.reasons[:, column] == VALUE) & (groups != UNKNOWN)
        found, quantiles = _quantiles(sheet.values[counted, column], groups[counted])
        cuts[np.searchsorted(codes, found), output] = quantiles
    enough = ~np.isnan(cuts).all((1, 2))
    return PeerTable(codes[enough], np.array([known_at]), cuts[np.newaxis, enough], names)


def _nothing(width: int) -> PeerTable:
    none = np.empty(0, np.int64)
    return PeerTable(none, none, np.empty((0, 0, width, CUTS)))


def _levels(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The group of each firm, then the industry of each, then all."""
    return np.concatenate([groups, groups % INDUSTRIES, np.full(groups.size, ALL_FIRMS)])


def _quantiles(
    values: NDArray[np.float64], groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The groups with enough values, and the 99 cuts of each."""
    levels, tripled = _levels(groups), np.tile(values, 3)
    order = np.lexsort((tripled, levels))
    found, firsts, counts = np.unique(levels[order], return_index=True, return_counts=True)
    enough = counts >= LEAST_PEERS
    steps = -(-np.arange(1, CUTS + 1) * counts[enough, np.newaxis] // (CUTS + 1))
    return found[enough], tripled[order][firsts[enough, np.newaxis] + steps - 1]


@compiled
def _rows(
    plan: PeersArrays,
    table: PeerArrays,
    groups: NDArray[np.int64],
    asof: NDArray[np.int64],
    sheet: Sheet,
) -> None:
    for row in range(len(asof)):
        # The newest known at or before the as-of instant.
        instant = np.searchsorted(table.known, asof[row], side="right") - 1
        group = groups[row]
        own = _place(table, group)
        industry = _place(table, group % INDUSTRIES)
        every = _place(table, ALL_FIRMS)
        for column in range(len(plan.parents)):
            parent = plan.parents[column]
            reason = sheet.reasons[row, parent]
            value = np.nan
            if reason == VALUE:
                reason = UNDEFINED
                if instant >= 0 and group != UNKNOWN:
                    place = _enough(table, instant, column, (own, industry, every))
                    if place != _NOWHERE:
                        cuts = table.cuts[instant, place, column]
                        value = _percentile(cuts, sheet.values[row, parent])
                        reason = VALUE
            put(sheet, row, column, (value, reason))


@inlined
def _place(table: PeerArrays, group: int) -> np.int64:
    place = np.searchsorted(table.groups, group)
    if place < len(table.groups) and table.groups[place] == group:
        return np.int64(place)
    return np.int64(_NOWHERE)


@inlined
def _enough(
    table: PeerArrays, instant: int, column: int, places: tuple[np.int64, np.int64, np.int64]
) -> np.int64:
    """The first of the places whose group has cuts."""
    for place in places:
        if place != _NOWHERE and not np.isnan(table.cuts[instant, place, column, 0]):
            return place
    return np.int64(_NOWHERE)


@inlined
def _percentile(cuts: NDArray[np.float64], value: float) -> float:
    below = np.searchsorted(cuts, value)
    upto = below
    while upto < CUTS and cuts[upto] == value:
        upto += 1
    return float(below + upto) / _TWICE
