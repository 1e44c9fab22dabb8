"""One row of the decision log: whether the chain holds there, and where it comes out otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tael.kernel import ApplicationId, Day, DecisionId, FixedClock, VersionId
from tael.policies.canonical import digest
from tael.policies.chain import GENESIS, link_hash, place_of
from tael.policies.memory import MemoryPolicyStore
from tael.policies.model import ChainFault, ChainPlace, LogEntry, Seal
from tael.policies.remade import differing

NOW = FixedClock.on(Day(2026, 1, 5)).now()
INPUTS, RESULT = '{"amount":200000}', '{"outcome":"decline","tier":7}'


def row(number: int) -> LogEntry:
    return LogEntry(
        id=DecisionId.derive(NOW, number),
        application_id=ApplicationId.derive(NOW, number),
        policy_id=VersionId.derive(NOW, 1),
        key=f"key {number}",
        as_of=NOW,
        recorded_by="wang",
        inputs=INPUTS,
        inputs_hash=digest(INPUTS),
        parameters="{}",
        result=RESULT,
        result_hash=digest(RESULT),
        trace="{}",
        elapsed_us=7,
    )


def chain(count: int = 3) -> tuple[list[LogEntry], list[Seal]]:
    entries, seals, previous = [row(n) for n in range(count)], list[Seal](), GENESIS
    for number, entry in enumerate(entries, 1):
        seals.append(Seal(number, entry.id, previous, link_hash(previous, entry)))
        previous = seals[-1].hash
    return entries, seals


def looked(entries: list[LogEntry], seals: list[Seal], place: int) -> ChainPlace:
    store = MemoryPolicyStore()
    for entry in entries:
        store.add_decision(entry)
    store.add_seals(seals)
    before, own, after = store.seals_at(entries[place].id)
    return place_of(entries[place], own, (before, after))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_chain_holds_at_its_ends_and_between(place: int) -> None:
    found = looked(*chain(), place)
    assert (found.sequence, found.faults) == (place + 1, ())


def test_a_row_that_was_not_sealed_yet_is_held_to_its_own_hashes() -> None:
    entries, seals = chain()
    assert looked(entries, seals[:2], 2) == ChainPlace(None, "", "")
    entries[2] = replace(entries[2], result=RESULT.replace("7", "1"))
    assert looked(entries, seals[:2], 2).faults == (ChainFault.RESULT,)


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"inputs": "{}"}, (ChainFault.INPUTS,)),
        ({"result": "{}"}, (ChainFault.RESULT,)),
        ({"result": "{}", "result_hash": digest("{}")}, (ChainFault.ROW,)),
        ({"context": '{"arm":"champion"}'}, (ChainFault.ROW,)),
        ({"trace": ""}, (ChainFault.ROW,)),
        ({"elapsed_us": 8}, ()),
    ],
)
def test_whatever_of_a_sealed_row_is_changed_is_told(
    fields: Mapping[str, Any], faults: tuple[ChainFault, ...]
) -> None:
    entries, seals = chain()
    entries[1] = replace(entries[1], **fields)
    assert looked(entries, seals, 1).faults == faults


def test_a_link_that_was_taken_out_is_missed_on_both_sides() -> None:
    entries, seals = chain()
    forged = [seals[0], replace(seals[1], hash="f" * 64), seals[2]]
    assert looked(entries, forged, 1).faults == (ChainFault.ROW, ChainFault.AFTER)
    assert looked(entries, forged, 2).faults == (ChainFault.BEFORE,)
    assert looked(entries, [seals[0], seals[2]], 2).faults == (ChainFault.BEFORE,)


@pytest.mark.parametrize(
    ("logged", "now", "places"),
    [
        ('{"tier":3}', '{"tier":3}', []),
        ('{"tier":3}', '{"tier":4}', [("tier", "3", "4")]),
        ('{"a":{"b":[1,2]}}', '{"a":{"b":[1,3,4]}}', [("a.b[2]", "2", "3"), ("a.b[3]", None, "4")]),
        ('{"a":1}', '{"b":"x"}', [("a", "1", None), ("b", None, "x")]),
        ('{"a":{"b":1}}', '{"a":null}', [("a", '{"b":1}', "null")]),
        ('{"a": 1}', '{"a":1}', [("", '{"a": 1}', '{"a":1}')]),
        ("cut o", '{"a":1}', [("", "cut o", '{"a":1}')]),
        ('{"a":NaN}', '{"a":1}', [("", '{"a":NaN}', '{"a":1}')]),
    ],
)
def test_every_place_that_differs_is_told(
    logged: str, now: str, places: list[tuple[str, str | None, str | None]]
) -> None:
    found = differing("result", logged, now)
    assert [(one.place, one.logged, one.now) for one in found] == places
