"""The state tables of the room: every allowed move is made, every other one refused."""

from __future__ import annotations

import csv
from enum import Enum
from pathlib import Path

import pytest

from tael.kernel import Conflict
from tael.origination.model import (
    APPLICATION_MOVES,
    CONSENT_MOVES,
    CONTRACT_MOVES,
    OFFER_MOVES,
    OPEN_STATES,
    ApplicationState,
    ConsentState,
    ContractState,
    OfferState,
    move,
)

CASES = Path(__file__).parent / "cases" / "moves.csv"
KINDS: dict[str, type[Enum]] = {
    "application": ApplicationState,
    "offer": OfferState,
    "consent": ConsentState,
    "contract": ContractState,
}


def allowed() -> set[tuple[str, str, str]]:
    with CASES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(row["entity"], row["from"], to) for row in rows for to in row["to"].split()}


PAIRS = [
    (entity, current, to)
    for entity, kind in KINDS.items()
    for current in kind
    for to in kind
]  # fmt: skip


@pytest.mark.parametrize(("entity", "current", "to"), PAIRS)
def test_a_state_moves_only_as_the_case_table_says(entity: str, current: Enum, to: Enum) -> None:
    if (entity, current.value, to.value) in allowed():
        assert move(current, to) is to
        return
    with pytest.raises(Conflict) as refused:
        move(current, to)
    assert refused.value.field == "state"
    assert current.value in str(refused.value.rule)


def test_the_case_table_names_known_states_only() -> None:
    known = {(entity, state.value) for entity, kind in KINDS.items() for state in kind}
    for entity, current, to in allowed():
        assert (entity, current) in known
        assert (entity, to) in known


def test_every_state_of_each_table_has_its_line() -> None:
    tables = (APPLICATION_MOVES, OFFER_MOVES, CONSENT_MOVES, CONTRACT_MOVES)
    assert [set(table) for table in tables] == [set(kind) for kind in
        (ApplicationState, OfferState, ConsentState, ContractState)]  # fmt: skip


def test_an_open_application_may_be_withdrawn_and_may_expire() -> None:
    closed = {"declined", "contracted", "withdrawn", "expired"}
    assert {state.value for state in ApplicationState} - {s.value for s in OPEN_STATES} == closed
