"""Raw events over HTTP: kept once under a key, bad rows named, nothing without the right to."""

from __future__ import annotations

from typing import Any

import pytest

from tael.kernel import day_of

pytestmark = pytest.mark.slow  # the catalogue's plan is compiled
V1, SIGNED = "/api/v1", "ab" * 32


def applied(api: Any) -> tuple[str, str]:
    """The place of an application whose firm and owner have consented to the bureau."""
    paper = {"scope": ["bureau", "bank_statement"], "expires": "2027-12-31",
             "document_hash": SIGNED}  # fmt: skip
    since = day_of(api.house.clock.now(), api.house.settings.zone).plus_months(-60)
    body = {
        "amount": {"minor": 20_000_000, "currency": "CNY"}, "months": 12, "purpose": "stock",
        "owner": {"name": "王五", "id_number": "110101197001011234", "authorisation": paper},
        "enterprise": {"kind": "company", "name": "五金店", "id_number": "91110000EVIDENCE01",
                       "region": "42", "industry": "F", "since": since.isoformat(),
                       "authorisation": paper},
    }  # fmt: skip
    made = api.client("owner").post(
        f"{V1}/applications", json=body, headers={"Idempotency-Key": "apply"}
    )
    assert made.status_code == 201, made.text
    firm = next(one["id"] for one in made.json()["parties"] if one["role"] == "enterprise")
    return f"{V1}/applications/{made.json()['id']}/evidence", firm


def event(api: Any, subject: str, **changes: object) -> dict[str, object]:
    at = api.house.clock.now().isoformat()
    return {"subject_id": subject, "event_id": "q-1", "event_at": at, "known_at": at,
            "lender": "bank", "reason": "loan_approval", **changes}  # fmt: skip


def test_events_are_kept_once_and_what_is_wrong_is_named(api: Any) -> None:
    place, firm = applied(api)
    desk, good = api.client("desk"), {"events": {"bureau_enquiry": [event(api, firm)]}}

    def post(body: object, key: str) -> Any:
        return desk.post(place, json=body, headers={"Idempotency-Key": key})

    first, again = post(good, "one"), post(good, "one")
    bad = [event(api, firm), event(api, firm, event_id="q-2", lender="pawnshop")]
    wrong = post({"events": {"bureau_enquiry": bad}}, "two").json()["error"]
    stream = post({"events": {"tea_leaves": []}}, "three").json()["error"]
    barred = post({"events": {"court_record": [event(api, firm)]}}, "four")
    nobody = api.client().post(place, json=good, headers={"Idempotency-Key": "five"})
    owner = api.client("owner").post(place, json=good, headers={"Idempotency-Key": "six"})
    huge = post({"events": {"bureau_enquiry": [event(api, firm)] * 9_000}}, "seven")

    assert first.status_code == 201, first.text
    assert first.json()["events"] == {"bureau_enquiry": 1}
    assert (first.json()["borrower"], len(first.json()["hash"])) == (firm, 64)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert (wrong["field"], wrong["row"]) == ("events.bureau_enquiry.lender", 2)
    assert stream["field"] == "events.tea_leaves"
    assert barred.status_code == 422
    assert (nobody.status_code, owner.status_code, huge.status_code) == (401, 403, 413)
