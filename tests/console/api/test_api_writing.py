# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""What a program changes: an application to its signed contract, repayments, parameters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tael.kernel import ApplicationId
from tael.origination import ASSESSMENT, BANK, model, ports
from tael.platform import SYSTEM

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
V1 = "/api/v1"
SIGNED = "ab" * 32
GOOD_FIRM = {
    "owner_age": Decimal(41),
    "years_in_business": Decimal(12),
    "employees": Decimal(15),
    "monthly_revenue": Decimal(400000),
    "bank_turnover_12m": Decimal(4800000),
    "tax_paid_12m": Decimal(150000),
    "total_debt": Decimal(0),
    "debt_ratio": Decimal("0.05"),
    "revenue_volatility": Decimal("0.05"),
    "overdue_count_24m": Decimal(0),
    "enquiries_6m": Decimal(0),
    "active_loans": Decimal(0),
    "owns_property": True,
    "region": "east",
    "industry": "retail",
    "enterprise_kind": "individual_business",
}


def application(**changes: object) -> dict[str, object]:
    """A body that is accepted, with ``changes``."""
    authorisation = {
        "scope": ["bureau", "tax"],
        "expires": "2027-12-31",
        "document_hash": SIGNED,
    }
    return {
        "amount": {"minor": 10000000, "currency": "CNY"},
        "months": 12,
        "purpose": "stock",
        "owner": {
            "name": "赵一",
            "id_number": "110101198001011234",
            "phone": "13800000000",
            "authorisation": authorisation,
        },
        "enterprise": {
            "kind": "individual_business",
            "name": "赵一小吃店",
            "id_number": "92110101MA00000001",
            "region": "east",
            "industry": "retail",
            "since": "2015-03-01",
        },
        "others": [{"role": "spouse", "name": "钱二", "id_number": "110101198202022345"}],
        **changes,
    }


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


def test_an_owner_applies_reads_confirms_accepts_and_signs(api) -> None:
    owner = api.client("owner")
    received = owner.post(f"{V1}/applications", json=application(), headers=key("apply"))
    assert received.status_code == 201, received.text
    one = received.json()
    assert one["state"] == "submitted"
    place = f"{V1}/applications/{one['id']}"
    assert owner.get(place).json()["amount"] == {"minor": 10000000, "currency": "CNY"}
    _to_offers(api, one["id"])
    assert owner.get(f"{place}/decisions").json()["items"][0]["outcome"] == "approve"
    offer = owner.get(f"{place}/offers").json()["items"][0]
    step = f"{V1}/offers/{offer['id']}"
    early = owner.post(f"{step}/acceptance", json={}, headers=key("early"))
    assert early.status_code == 409
    read = {"document_hash": offer["terms"]["disclosure"]["hash"]}
    assert owner.post(f"{step}/disclosure", json=read, headers=key("read")).status_code == 200
    assert owner.post(f"{step}/acceptance", json={}, headers=key("take")).status_code == 200
    shown = owner.get(f"{step}/documents").json()
    assert set(shown["documents"]) == {"loan", "guarantee", "service"}
    signature = {
        "party_id": one["borrower_id"],
        "method": "electronic",
        "document_hash": shown["hash"],
    }
    signed = owner.post(f"{step}/signature", json=signature, headers=key("sign"))
    assert signed.status_code == 200, signed.text
    assert signed.json()["hash"] == shown["hash"]
    again = owner.post(f"{step}/signature", json=signature, headers=key("sign"))
    assert again.text == signed.text
    assert owner.get(place).json()["state"] == "contracted"


def test_nobody_else_confirms_accepts_or_signs_an_owners_offer(api) -> None:
    owner = api.client("owner")
    one = owner.post(f"{V1}/applications", json=application(), headers=key("apply")).json()
    _to_offers(api, one["id"])
    offer = owner.get(f"{V1}/applications/{one['id']}/offers").json()["items"][0]["id"]
    before = api.counts()
    for who, status in (("stranger", 404), ("desk", 403), ("field", 403)):
        answer = api.client(who).post(
            f"{V1}/offers/{offer}/acceptance", json={}, headers=key(f"{who}-takes")
        )
        assert answer.status_code == status, answer.text
    assert api.counts() == before


def test_a_cap_lowered_before_signing_refuses_the_contract(api) -> None:
    owner = api.client("owner")
    one = owner.post(f"{V1}/applications", json=application(), headers=key("apply")).json()
    _to_offers(api, one["id"])
    offer = owner.get(f"{V1}/applications/{one['id']}/offers").json()["items"][0]
    step = f"{V1}/offers/{offer['id']}"
    read = {"document_hash": offer["terms"]["disclosure"]["hash"]}
    owner.post(f"{step}/disclosure", json=read, headers=key("read"))
    owner.post(f"{step}/acceptance", json={}, headers=key("take"))
    _lower_cap(api)
    shown = owner.get(f"{step}/documents").json()
    signature = {
        "party_id": one["borrower_id"],
        "method": "electronic",
        "document_hash": shown["hash"],
    }
    before = api.counts()
    answer = owner.post(f"{step}/signature", json=signature, headers=key("sign"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "cap_exceeded")
    assert api.counts() == before


def test_a_consultants_application_is_the_consultants(api) -> None:
    body = application()
    answer = api.client("field").post(f"{V1}/applications", json=body, headers=key("visit"))
    assert answer.status_code == 201, answer.text
    place = f"{V1}/applications/{answer.json()['id']}"
    assert api.client("field").get(place).json()["consultant_id"] == api.users["field"]
    assert api.client("owner").get(place).status_code == 404


def test_a_repayment_is_booked_once_however_often_it_is_sent(api) -> None:
    desk, loan = api.client("desk"), _active(api)
    body = {"amount": {"minor": 50000, "currency": "CNY"}, "day": _today(api)}
    place = f"{V1}/loans/{loan}/repayments"

    def send(_: int) -> tuple[int, str]:
        answer = desk.post(place, json=body, headers=key("cash-1"))
        return answer.status_code, answer.text

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(send, range(4)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    events = desk.get(f"{V1}/loans/{loan}/events").json()["items"]
    assert sum(one["detail"].get("amount") == body["amount"] for one in events) == 1
    other = {**body, "amount": {"minor": 50001, "currency": "CNY"}}
    refused = desk.post(place, json=other, headers=key("cash-1"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "key_reused")
    second = api.client("second").post(place, json=body, headers=key("cash-1"))
    assert second.status_code == 403


def test_a_repayment_that_came_back_is_reversed_once(api) -> None:
    desk, loan = api.client("desk"), _active(api)
    before = desk.get(f"{V1}/loans/{loan}/schedule").json()
    today = _today(api)
    cash = {"amount": {"minor": 70000, "currency": "CNY"}, "day": today}
    booked = desk.post(f"{V1}/loans/{loan}/repayments", json=cash, headers=key("cash")).json()
    back = {"repayment": booked["key"], "day": today}
    place = f"{V1}/loans/{loan}/reversals"
    assert desk.post(place, json=back, headers=key("back")).status_code == 201
    assert desk.get(f"{V1}/loans/{loan}/schedule").json() == before
    again = desk.post(place, json=back, headers=key("back-again"))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_reversed")
    assert desk.get(f"{V1}/ledger/proof").json()["sound"]


def test_a_parameter_needs_a_second_person(api) -> None:
    first, second = api.client("desk"), api.client("second")
    body = {"value": "0.20", "effective": "2027-01-01", "source": "a notice"}
    place = f"{V1}/parameters/cap.all_in/versions"
    made = first.post(place, json=body, headers=key("propose"))
    assert made.status_code == 201, made.text
    version = made.json()["id"]
    pending = first.get(f"{V1}/parameter-versions/pending").json()["items"]
    assert [one["id"] for one in pending] == [version]
    step = f"{V1}/parameter-versions/{version}/approval"
    assert first.post(step, json={}, headers=key("own")).status_code == 403
    assert second.post(step, json={}, headers=key("other")).status_code == 200
    assert first.get(f"{V1}/parameters/cap.all_in").json()["items"][0]["decided_by"]


def test_a_session_changes_only_with_its_csrf_token(api) -> None:
    with api.house.database.begin(SYSTEM) as work:
        session = api.house.identity.sessions.sign_in(work, "api-desk", "ten silver sycees")
    body = {"amount": {"minor": 50000, "currency": "CNY"}, "day": _today(api)}
    place = f"{V1}/loans/{_active(api)}/repayments"
    browser = api.client()
    browser.cookies.set("tael_session", session.token)
    assert browser.get(f"{V1}/loans").status_code == 200
    refused = browser.post(place, json=body, headers=key("form"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf")
    proof = {**key("form"), "X-CSRF-Token": session.csrf_token}
    assert browser.post(place, json=body, headers=proof).status_code == 201


def test_what_is_kept_of_a_command_holds_no_personal_datum(api) -> None:
    answer = api.client("owner").post(f"{V1}/applications", json=application(), headers=key("a"))
    for personal in ("赵一", "110101198001011234", "13800000000"):
        assert personal not in answer.text


def _active(api) -> str:
    loans = api.client("desk").get(f"{V1}/loans", params={"status": "active"})
    return loans.json()["items"][0]["id"]


def _today(api) -> str:
    house = api.house
    return house.clock.now().astimezone(house.settings.zone).date().isoformat()


def _lower_cap(api) -> None:
    today = _today(api)
    body = {"value": "0.01", "effective": today, "source": "a notice"}
    made = api.client("desk").post(
        f"{V1}/parameters/cap.all_in/versions", json=body, headers=key("cap")
    )
    assert made.status_code == 201, made.text
    place = f"{V1}/parameter-versions/{made.json()['id']}/approval"
    assert api.client("second").post(place, json={}, headers=key("cap")).status_code == 200


def _to_offers(api, application_id: str) -> None:
    """What guarantor and bank do meanwhile."""
    house, one = api.house, ApplicationId(application_id)
    with house.database.begin(SYSTEM) as work:
        house.applications.collect(work, one)
        found = house.applications.get(work, one)
        consents = house.parties.consents_of(work, found.borrower_id)
        consent = next(each for each in consents if each.authorisation.purpose == ASSESSMENT)
        house.applications.add_pull(
            work, "pull", consent.id, application_id=one, source="bureau", values=GOOD_FIRM
        )
        house.applications.review(work, one)
        decided = house.applications.decide(work, one)
        assert decided.state is model.ApplicationState.APPROVED, decided.state
        routed = house.applications.route(work, one)
        authorisation = model.Authorisation(
            BANK,
            frozenset({"bureau"}),
            routed.partner_id,
            consent.authorisation.expires,
            SIGNED,
        )
        house.parties.grant(work, "to the bank", found.borrower_id, authorisation)
        request = house.applications.bank_request(work, one)
        answer = ports.BankAnswer(routed.partner_id, True, "ref", request.amount)
        house.applications.bank_answered(work, one, answer)
        offers = house.offers.make(work, one)
        assert isinstance(offers, tuple), offers
