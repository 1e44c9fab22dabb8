"""Signed authorisations and routes: what a consent becomes, and who may ask what."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tael.kernel import BadInput, ConsentId, Day, PartyId
from tael.origination.model import Authorisation, Consent, ConsentState
from tael.origination.sources import SHIPPED_ROUTES, SOURCES, RouteTable, Signer, authorise
from tael.origination.sources.authorisations import message, to_json, verified
from tael.origination.sources.model import Mode, Route, Subject

GRANTED = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
PARTY = PartyId.derive(GRANTED, "P1")
SUBJECT = Subject(PARTY, "person", "P1")
SIGNER = Signer(b"s" * 32)
CONSENT = Consent(
    ConsentId.derive(GRANTED, "c1"),
    PARTY,
    Authorisation("credit_assessment", frozenset({"tax", "bureau"}), "guarantor",
                  Day(2024, 12, 31), "ab" * 32),
    ConsentState.GRANTED,
    GRANTED,
)  # fmt: skip


def test_an_authorisation_says_what_the_consent_says() -> None:
    paper = authorise(CONSENT, SUBJECT, SIGNER)

    assert to_json(paper) | {"signature": "", "key_id": ""} == {
        "authorisation": CONSENT.id,
        "subject": "P1",
        "subject_kind": "person",
        "scope": ["bureau", "tax"],
        "recipient": "guarantor",
        "purpose": "credit_assessment",
        "issued_at": "2024-03-01T08:00:00Z",
        "expires_at": "2024-12-31T15:59:59Z",
        "document_hash": "ab" * 32,
        "key_id": "",
        "signature": "",
    }
    assert verified(SIGNER.public_key, paper.signature, message(paper))


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": ("bureau", "court", "tax")},
        {"recipient": "bank"},
        {"expires_at": datetime(2025, 12, 31, tzinfo=UTC)},
        {"subject": "P2"},
        {"document_hash": "cd" * 32},
    ],
)
def test_no_part_of_an_authorisation_can_be_changed(changes: dict[str, object]) -> None:
    paper = dataclasses.replace(authorise(CONSENT, SUBJECT, SIGNER), **changes)

    assert not verified(SIGNER.public_key, paper.signature, message(paper))


def test_another_key_did_not_sign_it() -> None:
    paper = authorise(CONSENT, SUBJECT, SIGNER)

    assert not verified(Signer(b"o" * 32).public_key, paper.signature, message(paper))
    assert not verified(b"no key", paper.signature, message(paper))


def test_a_consent_is_not_made_out_for_somebody_else() -> None:
    with pytest.raises(BadInput) as refused:
        authorise(CONSENT, Subject("party_other", "person", "P9"), SIGNER)
    assert refused.value.field == "subject"


def test_neither_name_nor_signature_is_shown() -> None:
    shown = repr(authorise(CONSENT, SUBJECT, SIGNER)) + repr(SUBJECT)
    assert "P1" not in shown
    assert "signature" not in shown


def test_a_key_has_thirty_two_bytes() -> None:
    with pytest.raises(BadInput):
        Signer(b"short")


BANK = Route("bureau", "person", "bank", "licensed_bureau", Mode.FULL, Day(2024, 1, 1))


def route(**changes: Any) -> Route:
    return dataclasses.replace(BANK, **changes)


def test_personal_credit_data_takes_no_way_but_a_licensed_bureau() -> None:
    for entity in ("bank", "platform", "guarantor"):
        for way in ("direct", "published"):
            with pytest.raises(BadInput) as refused:
                RouteTable([route(entity_kind=entity, way=way)])
            assert refused.value.field == "way"
            assert "licensed bureau" in str(refused.value.rule)
        assert RouteTable([route(entity_kind=entity)]).find(
            "bureau", "person", entity, Day(2024, 1, 1)
        )
    RouteTable([route(way="bank_verdict", mode=Mode.VERDICT_ONLY)])


WRONG = [
    (route(source="gossip"), "source"),
    (route(subject_kind="market"), "subject_kind"),
    (route(entity_kind="broker"), "entity_kind"),
    (route(way="pigeon"), "way"),
    (route(way="bank_verdict"), "mode"),
    (route(mode=Mode.VERDICT_ONLY), "mode"),
]


@pytest.mark.parametrize(("one", "field"), WRONG, ids=[field for _, field in WRONG])
def test_a_route_that_cannot_be_is_refused(one: Route, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        RouteTable([one])
    assert refused.value.field == field


def test_the_route_in_force_is_the_latest_that_has_begun() -> None:
    table = RouteTable(
        [
            route(since=Day(2024, 1, 1)),
            route(since=Day(2024, 7, 1), way="none"),
            route(since=Day(2024, 7, 1), way="bank_verdict", mode=Mode.VERDICT_ONLY),
            route(since=Day(2025, 1, 1), way="none"),
        ]
    )

    def way(day: Day) -> str | None:
        found = table.find("bureau", "person", "partner_x", day)
        return found.way if found else None

    days = (Day(2023, 12, 31), Day(2024, 6, 30), Day(2024, 7, 1), Day(2025, 1, 1))
    assert [way(day) for day in days] == [None, "licensed_bureau", "bank_verdict", None]
    assert table.find("bureau", "person", "platform", Day(2024, 7, 1)) is None
    assert table.in_force(Day(2025, 6, 1)) == []


def test_what_is_shipped_lets_every_source_be_asked_and_blinds_the_platform() -> None:
    table = RouteTable(SHIPPED_ROUTES)
    today = Day(2026, 1, 1)
    for source in SOURCES.values():
        for subject in source.subjects:
            for entity in ("guarantor", "platform", "partner_bank"):
                found = table.find(source.name, subject, entity, today)
                assert found is not None
                blind = source.name == "bureau" and entity == "platform"
                assert (found.mode is Mode.VERDICT_ONLY) is blind


def test_signatures_are_made_over_sorted_fields_without_blanks() -> None:
    said = json.loads(message(authorise(CONSENT, SUBJECT, SIGNER)))
    text = message(authorise(CONSENT, SUBJECT, SIGNER)).decode()
    assert list(said) == sorted(said)
    assert text == json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
