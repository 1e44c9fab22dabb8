"""Runs of hits in the order of events, by brute force in plain Python.

The events of a filter make one sequence for each key. A hit is an event in certain leaves:

    longest      the longest run of hits of any key
    current      the longest run of hits of any key that reaches its newest event
    transitions  hits that follow on no hit of their key: the next older event is none, or there is
                 no older event
    since_last   days since the newest hit, of 86,400 s
    since_worst  days since the newest event in the worst severity that ever occurred

The last two are NO_EVENT where there is no such event.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, takewhile

from tael.variables.oracle.events import (
    ABSENT,
    NOTHING,
    VALUE,
    Answer,
    Event,
    visible,
    within,
)
from tael.variables.packing.packed import Packed
from tael.variables.plan.sequences import SequencesOutput, SequencesPlan


def answers(plan: SequencesPlan, packed: Packed, borrower: int, asof: int) -> list[Answer]:
    """Value and reason of each output for one borrower as of an instant in UTC seconds."""
    events = visible(packed, borrower, asof)
    if events is None:
        return [ABSENT] * len(plan.outputs)
    return [answer(plan, events, output) for output in plan.outputs]


def answer(plan: SequencesPlan, events: list[Event], output: SequencesOutput) -> Answer:
    """Value and reason of one output."""
    mine, hits = within(events, plan.filters[output.filter]), plan.hits[output.hit]
    if output.aggregate == "since_last":
        return _since([each for each in mine if each.leaf in hits])
    if output.aggregate == "since_worst":
        return _since(_worst(mine, plan.worst[output.hit]))
    sequences: dict[int, list[bool]] = {}
    for event in mine:
        sequences.setdefault(event.key, []).append(event.leaf in hits)
    return float(_counted(sequences.values(), output.aggregate)), VALUE


def _since(events: list[Event]) -> Answer:
    return (float(events[0].age_s) / 86400.0, VALUE) if events else NOTHING


def _worst(events: list[Event], severities: tuple[frozenset[int], ...]) -> list[Event]:
    for leaves in reversed(severities):
        if found := within(events, leaves):
            return found
    return []


def _counted(sequences: Iterable[list[bool]], aggregate: str) -> int:
    if aggregate == "transitions":
        # True before False or before the end: newest first, so the older one stands behind.
        return sum(
            hit and not older
            for sequence in sequences
            for hit, older in zip(sequence, [*sequence[1:], False], strict=True)
        )
    if aggregate == "current":
        return max((len(list(takewhile(bool, each))) for each in sequences), default=0)
    runs = (len(list(run)) for each in sequences for hit, run in groupby(each) if hit)
    return max(runs, default=0)
