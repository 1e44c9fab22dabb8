"""The sources as the outside sees them: shapes, charges, refusals."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SECTIONS = {
    ("bureau", "P1", "person"): {
        "summary", "accounts", "overdue", "public_records", "enquiries"},
    ("tax", "E1", "enterprise"): {"arrears", "returns"},
    ("invoice", "E1", "enterprise"): {"invoices"},
    ("bank_statement", "P1", "person"): {"totals", "transactions"},
    ("registry", "E1", "enterprise"): {"firm", "people", "markets", "changes"},
    ("court", "E1", "enterprise"): {"cases"},
    ("device", "P1", "person"): {"sessions", "bills"},
    ("merchant_books", "E1", "enterprise"): {"days", "entries"},
    ("region", "42-F", "market"): {"figures"},
}  # fmt: skip


@pytest.mark.parametrize(("who", "sections"), SECTIONS.items(), ids=[one[0] for one in SECTIONS])
def test_every_source_answers_in_its_shape(
    served: Any, who: tuple[str, str, str], sections: set[str]
) -> None:
    source, subject, kind = who
    response = served.ask(source, subject, kind, key=f"shape-{source}")

    body = response.json()
    assert response.status_code == 200
    assert set(body["sections"]) == sections
    assert body["found"] is True
    assert body["missing"] == []
    assert (body["source"], body["subject"], body["entity"]) == (source, subject, "guarantor")
    events = [one for each in body["sections"].values() for one in each if "known_at" in one]
    months = [month for one in body["sections"].get("accounts", ()) for month in one["months"]]
    assert events + months
    assert max(one["known_at"] for one in events + months) <= body["as_of"]


def test_the_body_is_signed_and_its_digest_told(served: Any) -> None:
    response = served.ask("court", key="signed")
    digest = base64.b64encode(hashlib.sha256(response.content).digest()).decode()
    key = bytes.fromhex(served.client.get("/v1/key").json()["public_key"])
    key_id, _, signature = response.headers["source-signature"].partition(":")

    assert response.headers["content-digest"] == f"sha-256=:{digest}:"
    assert key_id == hashlib.sha256(key).hexdigest()[:16]
    Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature), response.content)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature), b"other")


def test_one_key_is_answered_with_the_same_bytes_and_charged_once(served: Any) -> None:
    first = served.ask("bureau", "P1", "person", key="twice")
    again = served.ask("bureau", "P1", "person", key="twice")

    assert first.content == again.content
    assert [one["charge"] for one in served.charges() if one["key"] == "twice"] == [500]
    other = served.ask("bureau", "P3", "person", key="twice")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")


def test_what_nobody_knows_is_told_and_charged(served: Any) -> None:
    body = served.ask("court", "E9", key="nobody").json()

    assert body["found"] is False
    assert body["sections"] == {"cases": []}
    assert {"source": "court", "key": "nobody", "charge": 60} in served.charges()


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bad_signature": ({"signature": base64.b64encode(b"x" * 64).decode()}, {}),
    "wrong_subject": ({"subject": "P3"}, {}),
    "wrong_recipient": ({}, {"entity": "platform", "mode": "verdict_only"}),
    "not_entitled": ({}, {"route": "direct"}),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_question_that_may_not_be_answered_is_refused(served: Any, code: str) -> None:
    paper, changes = REFUSALS[code]
    drawn = served.paper(paper.get("subject", "P1"), "person")
    asked = {"authorisation": {**drawn, **paper}, **changes}
    response = served.ask("bureau", "P1", "person", key=f"no-{code}", **asked)

    assert (response.status_code, response.json()["error"]["code"]) == (403, code)
    assert f"no-{code}" not in {one["key"] for one in served.charges()}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("out_of_scope", {"scope": ["tax"]}),
        ("expired", {"expires_at": "2024-05-31T23:59:59Z"}),
        ("expired", {"issued_at": "2024-06-01T00:00:01Z"}),
    ],
)
def test_a_signed_paper_that_does_not_cover_it_is_refused(
    served: Any, code: str, changes: dict[str, Any]
) -> None:
    paper = served.paper("P1", "person", **changes)
    response = served.ask("bureau", "P1", "person", key="uncovered", authorisation=paper)

    assert (response.status_code, response.json()["error"]["code"]) == (403, code)


def test_an_authorisation_that_was_taken_back_at_the_source_is_refused(served: Any) -> None:
    paper = served.paper("P4", "person", authorisation="taken-back")
    told = {"authorisation": paper["authorisation"]}
    assert served.client.post("/v1/withdrawals", json=told).status_code == 204

    response = served.ask("court", "P4", "person", key="taken-back", authorisation=paper)
    assert response.json()["error"]["code"] == "withdrawn"


def test_who_may_not_see_a_credit_report_sees_a_verdict_and_no_record(served: Any) -> None:
    paper = served.paper("P1", "person", recipient="platform")
    asked = {"entity": "platform", "authorisation": paper, "route": "bank_verdict"}
    body = served.ask("bureau", "P1", "person", key="verdict", **asked, mode="verdict_only").json()
    full = served.ask("bureau", "P1", "person", key="full", **asked)

    assert body["verdict"] in {"pass", "fail"}
    assert (body["sections"], body["counts"]) == ({}, {})
    assert (full.status_code, full.json()["error"]["code"]) == (403, "not_entitled")


def test_a_bank_knows_nothing_of_who_has_no_account(served: Any) -> None:
    paper = served.paper("P4", "person", recipient="platform")
    asked = {"entity": "platform", "authorisation": paper, "route": "bank_verdict"}
    body = served.ask("bureau", "P4", "person", key="none", **asked, mode="verdict_only").json()

    assert body["verdict"] == "unknown"


def test_slow_sources_give_a_ticket_and_answer_later(served: Any) -> None:
    body = served.question("tax", "E1", "enterprise")
    headers = {"Idempotency-Key": "ticket"}
    first = served.client.post("/v1/tax/reports", json=body, headers=headers)

    assert first.status_code == 202
    assert first.json()["ready_in_ms"] >= 1
    assert served.ask("tax", key="ticket").json()["request_key"] == "ticket"
    assert served.client.get("/v1/tax/reports/never").status_code == 404


@pytest.mark.parametrize(
    "broken", [{"as_of": "yesterday"}, {"as_of": "2024-06-01"}, {"subject": 7}, {"mode": None}]
)
def test_a_question_that_cannot_be_read_is_refused(served: Any, broken: dict[str, Any]) -> None:
    assert served.ask("court", key="broken", **broken).status_code == 400
    body = served.question("court", "E1", "enterprise")
    assert served.client.post("/v1/court/reports", json=body).status_code == 400
    keyed = {"Idempotency-Key": "k"}
    assert served.client.post("/v1/gossip/reports", json=body, headers=keyed).status_code == 400
