"""Consents: what they must say, when they end, and what is not done without one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tael.kernel import BadInput, Day, Forbidden
from tael.origination import ASSESSMENT, BANK
from tael.origination.model import ApplicationState, ConsentState

S = ApplicationState


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": "Any Thing"}, "purpose"),
        ({"scope": frozenset()}, "scope"),
        ({"recipient": " "}, "recipient"),
        ({"expires": Day(2026, 1, 4)}, "expires"),
        ({"document_hash": "abc"}, "document_hash"),
    ],
)
def test_an_authorisation_that_lacks_a_part_is_refused(
    house: Any, change: dict[str, Any], field: str
) -> None:
    person = house.person()
    with house.begin() as work, pytest.raises(BadInput) as refused:
        house.parties.grant(work, "k", person.id, replace(house.authorisation(), **change))
    assert refused.value.field == field


def test_a_newer_consent_supersedes_the_older_of_the_same_purpose_and_recipient(
    either: Any,
) -> None:
    person = either.person()
    old = either.consent(person.id)
    with either.begin() as work:
        longer = replace(either.authorisation(), expires=Day(2026, 12, 31))
        new = either.parties.grant(work, "newer", person.id, longer)
        states = {c.id: c.state for c in either.parties.consents_of(work, person.id)}
    assert states == {old.id: ConsentState.SUPERSEDED, new.id: ConsentState.GRANTED}


def test_a_consent_ends_with_its_last_day(either: Any) -> None:
    person = either.person()
    consent = either.consent(person.id)
    either.clock.move_to_day(Day(2026, 6, 30))
    with either.begin() as work:
        assert either.parties.expire_consents(work) == 0
        assert either.parties.reveal(work, person.id, purpose=ASSESSMENT).name == "张三"
    either.clock.move_to_day(Day(2026, 7, 1))
    with either.begin() as work:
        with pytest.raises(Forbidden):
            either.parties.reveal(work, person.id, purpose=ASSESSMENT)
        assert either.parties.expire_consents(work) == 1
        assert either.parties.consent(work, consent.id).state is ConsentState.EXPIRED


def test_nothing_is_submitted_without_consent(house: Any) -> None:
    draft = house.draft(house.group())
    with pytest.raises(Forbidden) as refused:
        house.do("submit", draft.id)
    assert refused.value.code == "no_live_consent"
    assert house.get(draft.id).state is S.DRAFT


@pytest.mark.parametrize(
    ("source", "purpose", "holder", "rule"),
    [
        ("registry", ASSESSMENT, "borrower", "with registry in its scope"),
        ("bureau", BANK, "borrower", "for credit_assessment"),
        ("bureau", ASSESSMENT, "stranger", "of a member of the group"),
    ],
)
def test_data_comes_only_under_a_consent_that_allows_it(
    house: Any, source: str, purpose: str, holder: str, rule: str
) -> None:
    application = house.at(S.DATA_PENDING)
    stranger = house.person("外人", "TEST-X")
    who = application.borrower_id if holder == "borrower" else stranger.id
    consent = house.consent(who, purpose, "other")
    with pytest.raises(Forbidden) as refused, house.begin() as work:
        house.applications.add_pull(
            work, "p", consent.id, application_id=application.id, source=source, values={"x": 1}
        )
    assert refused.value.rule == rule
    with house.begin() as work:
        assert house.applications.pulls(work, application.id) == []
