"""Sequence variables, compiled: runs of hits by key. Imports numba.

The visible events of each key are linked, newest to oldest, in one pass; a second walks along the
links, key after key, so what runs is remembered of one key at a time. A borrower costs events times
the tracks that hold them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.checks import check_run
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.keys import Keys, make_keys, shift_for, slot_of
from tael.variables.kernel.rows import leave_out, put, visible
from tael.variables.kernel.sheet import NO_EVENT, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.sequences import SequencesArrays, SequencesPlan

_DAY = 86400.0
_LONGEST, _CURRENT, _TRANSITIONS, _SINCE_LAST, _SINCE_WORST, _COLUMNS = range(6)
_NEVER = 1 << 62  # more than any age, and no bit of one
_AGE_BITS, _AGES = 32, (1 << 32) - 1  # an age is less than half of this in seconds


class Work(NamedTuple):
    """Memory of one run, used again for every borrower.

    Attributes:
        tracks: int64[T, columns], of a borrower: the longest run, the longest current one, how many
            runs, age in seconds of the newest hit, or `_NEVER`, and of the worst severity · 2^32
            less its age, so that the largest is the newest of the worst, or 0.
        running: int64[T, 2], of a key: length of the run so far, whether nothing broke one yet.
        heads: int64[events], the newest event of each key, counted from the borrower's first.
        older: int64[events], the next older event of the same key, -1 for none.
        linked: int64[slots], the event of each key that was linked last.
        keys: a table of so many slots.
    """

    tracks: NDArray[np.int64]
    running: NDArray[np.int64]
    heads: NDArray[np.int64]
    older: NDArray[np.int64]
    linked: NDArray[np.int64]
    keys: Keys


def run(
    plan: SequencesPlan, packed: Packed, asof: NDArray[np.int64], first: int, sheet: Sheet
) -> None:
    """Write the variables of borrowers ``first``, ``first + 1``, … into the rows of ``sheet``.

    Args:
        plan: what to compute.
        packed: the events; `verify` has let them through.
        asof: int64[B], UTC seconds, the instant as of which each borrower is looked at.
        first: place of the first borrower.
        sheet: a row each; the plan's outputs go into the columns from ``sheet.start``.

    Raises:
        BadInput: shapes or types do not fit, an as-of instant lies outside 1990 to 2038, or an
            event has a leaf that the plan has not.
    """
    most = check_run(plan, packed, asof, first, sheet)
    last = first + len(sheet.values)
    arrays = plan.arrays()
    keys = make_keys(most)
    work = Work(
        tracks=np.empty((arrays.sizes[0], _COLUMNS), np.int64),
        running=np.empty((arrays.sizes[0], 2), np.int64),
        heads=np.empty(most, np.int64),
        older=np.empty(most, np.int64),
        linked=np.empty(len(keys.keys), np.int64),
        keys=keys,
    )
    _rows(arrays, packed.arrays(), asof[first:last], first, (work, sheet))


@compiled
def _rows(
    plan: SequencesArrays,
    events: Events,
    asof: NDArray[np.int64],
    first: int,
    where: tuple[Work, Sheet],
) -> None:
    work, sheet = where
    for row in range(len(asof)):
        if not events.present[first + row]:
            leave_out(sheet, row, len(plan.program))
            continue
        work.tracks[:] = 0
        work.tracks[:, _SINCE_LAST] = _NEVER
        keys = _link(events, work, first + row, asof[row])
        begin = events.offsets[first + row]
        for key in range(keys):
            work.running[:, 0] = 0
            work.running[:, 1] = 1
            place = work.heads[key]
            while place >= 0:
                _step(plan, events, work, begin + place, asof[row])
                place = work.older[place]
        for column in range(len(plan.program)):
            put(sheet, row, column, _answer(plan, work, column))


@inlined
def _link(events: Events, work: Work, b: int, asof: int) -> int:
    """Link the visible events of each key, and count the keys."""
    begin, end = events.offsets[b], events.offsets[b + 1]
    shift = shift_for(end - begin)
    keys = 0
    for i in range(begin, end):
        if not visible(events, i, asof):
            continue
        slot, fresh = slot_of(work.keys, events.key[i], b + 1, shift)
        place = i - begin
        if fresh:
            work.heads[keys] = place
            keys += 1
        else:
            work.older[work.linked[slot]] = place
        work.linked[slot] = place
        work.older[place] = -1
    return keys


@inlined
def _step(plan: SequencesArrays, events: Events, work: Work, i: int, asof: int) -> None:
    """One event, the next older of its key, in every track that holds it."""
    leaf = np.int64(events.leaf[i])
    age = asof - events.time[i]
    for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
        running, track = work.running[plan.leaf_tracks[j, 0]], work.tracks[plan.leaf_tracks[j, 0]]
        hit, severity = plan.leaf_tracks[j, 1], plan.leaf_tracks[j, 2]
        # Without a branch, for whether an event is a hit cannot be guessed.
        run = (running[0] + 1) * hit
        running[0] = run
        running[1] &= hit
        track[_LONGEST] = max(track[_LONGEST], run)
        track[_CURRENT] = max(track[_CURRENT], run * running[1])
        track[_TRANSITIONS] += np.int64(run == 1)
        track[_SINCE_LAST] = min(track[_SINCE_LAST], age | ((hit - 1) & _NEVER))
        track[_SINCE_WORST] = max(track[_SINCE_WORST], (severity << _AGE_BITS) - age)


@inlined
def _answer(plan: SequencesArrays, work: Work, column: int) -> tuple[float, int]:
    code = plan.program[column, 0]
    found = work.tracks[plan.program[column, 1], code]
    if code not in (_SINCE_LAST, _SINCE_WORST):
        return float(found), VALUE
    if found == (_NEVER if code == _SINCE_LAST else 0):
        return np.nan, NO_EVENT
    age = found if code == _SINCE_LAST else -found & _AGES
    return float(age) / _DAY, VALUE
