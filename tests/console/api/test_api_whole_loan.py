# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""A lender's own front end: a whole loan through the HTTP API alone, from request to pay-off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tael.app.jobs import company_jobs
from tael.funding import BankClient
from tael.kernel import Day, day_of
from tael.platform import SYSTEM, Worker
from tael.sandbox import BankPolicy, running_bank

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
V1 = "/api/v1"
SIGNED = "ab" * 32
REQUEST = {
    "amount": {"minor": 12000000, "currency": "CNY"},
    "months": 12,
    "purpose": "stock",
    "owner": {
        "name": "孙三",
        "id_number": "110101198001015678",
        "phone": "13800000001",
        "authorisation": {
            "scope": ["bureau", "tax"],
            "expires": "2027-12-31",
            "document_hash": SIGNED,
        },
    },
    "enterprise": {
        "kind": "individual_business",
        "name": "孙三面馆",
        "id_number": "92110101MA00000077",
        "region": "east",
        "industry": "retail",
        "since": "2014-03-01",
    },
}
VALUES = {
    "owner_age": 41,
    "years_in_business": 12,
    "employees": 15,
    "monthly_revenue": 400000,
    "bank_turnover_12m": 4800000,
    "tax_paid_12m": 150000,
    "total_debt": 0,
    "debt_ratio": {"number": "0.05"},
    "revenue_volatility": {"number": "0.05"},
    "overdue_count_24m": 0,
    "enquiries_6m": 0,
    "active_loans": 0,
    "owns_property": True,
    "region": "east",
    "industry": "retail",
    "enterprise_kind": "individual_business",
}


class Front:
    """A front end: the programs of the borrower and of the lender's desk."""

    def __init__(self, api) -> None:
        self.api = api
        self._sent = 0

    def get(self, path: str, **params: str) -> dict[str, Any]:
        answer = self.api.client("desk").get(V1 + path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, *, who: str = "desk") -> dict[str, Any]:
        """Send a command under a key of its own; it must be accepted."""
        answer = self.send(path, body, who=who)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    def send(self, path: str, body: object = None, *, who: str = "desk") -> httpx.Response:
        self._sent += 1
        headers = {"Idempotency-Key": f"front-{self._sent}"}
        return self.api.client(who).post(V1 + path, json=body or {}, headers=headers)

    def wait(self, job: dict[str, Any]) -> dict[str, Any]:
        """What the job ends with."""
        for _ in range(600):
            seen = self.get(f"/jobs/{job['key']}")
            if seen["state"] in ("done", "failed"):
                assert seen["state"] == "done", seen
                return seen["result"]
            time.sleep(0.05)
        raise AssertionError(f"{job['key']} did not end")


@contextmanager
def opened(api, tmp_path, *, declines: int) -> Iterator[Front]:
    """The company with its worker, and a bank on the wire that declines so many in a hundred."""
    with api.house.database.begin(SYSTEM) as work:
        partner = api.house.rooms(work).funding.partners()[0]
    policy = BankPolicy(private_decline_percent=declines)
    with (
        running_bank(tmp_path / "bank.jsonl", policy=policy) as url,
        BankClient(url, timeout=timedelta(seconds=10), pauses=()) as wire,
        Worker(api.house.database, company_jobs(api.house, {partner.id: wire}), name="front"),
    ):
        yield Front(api)


@pytest.fixture
def front(api, tmp_path) -> Iterator[Front]:
    """A front end whose bank agrees with the guarantor."""
    with opened(api, tmp_path, declines=0) as one:
        yield one


@pytest.fixture
def declining(api, tmp_path) -> Iterator[Front]:
    """A front end whose bank declines everybody."""
    with opened(api, tmp_path, declines=100) as one:
        yield one


def today(api) -> Day:
    return day_of(api.house.clock.now(), api.house.settings.zone)


def to_decision(front: Front, **values: object) -> tuple[str, str, dict[str, Any]]:
    """The application, its borrower, and the decision on a good firm but for ``values``."""
    received = front.post("/applications", REQUEST, who="owner")
    place = f"/applications/{received['id']}"
    assert front.post(f"{place}/collection")["state"] == "data_pending"
    consents = front.get(f"{place}/consents")["items"]
    bureau = next(one for one in consents if one["party_id"] == received["borrower_id"])
    pull = {"consent_id": bureau["id"], "source": "bureau", "values": {**VALUES, **values}}
    kept = front.post(f"{place}/pulls", pull)
    shown = front.get(f"{place}/pulls")["items"][0]
    assert shown.pop("values")["debt_ratio"] == "0.05"
    assert shown == kept
    assert front.post(f"{place}/review")["state"] == "in_review"
    return place, received["borrower_id"], front.post(f"{place}/decision")


def to_bank(front: Front, place: str, borrower: str) -> dict[str, Any]:
    """The routed bank is asked, once the borrower has consented to it."""
    routed = front.post(f"{place}/route")
    early = front.send(f"{place}/bank-request")
    assert (early.status_code, early.json()["error"]["code"]) == (403, "no_live_consent")
    consent = {
        "party_id": borrower,
        "purpose": "bank_application",
        "scope": ["bureau"],
        "recipient": routed["partner_id"],
        "expires": "2027-12-31",
        "document_hash": SIGNED,
    }
    assert front.post(f"{place}/consents", consent, who="owner")["state"] == "granted"
    assert front.get(place)["partner_id"] == routed["partner_id"]
    return front.wait(front.post(f"{place}/bank-request"))


def to_contract(front: Front, place: str, borrower: str) -> dict[str, Any]:
    """The first offer is read, taken and signed."""
    offer = front.post(f"{place}/offers")["items"][0]
    step = f"/offers/{offer['id']}"
    read = {"document_hash": offer["terms"]["disclosure"]["hash"]}
    front.post(f"{step}/disclosure", read, who="owner")
    front.post(f"{step}/acceptance", who="owner")
    shown = front.get(f"{step}/documents")["hash"]
    signature = {"party_id": borrower, "method": "electronic", "document_hash": shown}
    return front.post(f"{step}/signature", signature, who="owner")


def test_a_whole_loan_from_request_to_pay_off_through_the_api_alone(front: Front) -> None:
    place, borrower, decision = to_decision(front)
    assert decision["outcome"] == "approve"
    assert not {"inputs", "trace"} & decision.keys()
    assert front.get(f"{place}/decisions")["items"][0]["trace"]
    assert to_bank(front, place, borrower)["state"] == "bank_approved"
    assert to_contract(front, place, borrower)["state"] == "signed"
    payout = front.post(f"{place}/disbursement")
    assert front.wait(payout)["status"] == "active"
    loan = f"/loans/{payout['loan_id']}"
    assert front.get(loan)["balance"] == REQUEST["amount"]
    again = front.send(f"{place}/disbursement")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_disbursed")
    _live(front, loan)


def _live(front: Front, loan: str) -> None:
    """A first instalment, a repayment that came back, and the rest all at once."""
    first = front.get(f"{loan}/schedule")["items"][0]
    front.api.house.clock.move_to_day(Day.parse(first["due"]))
    on = today(front.api).isoformat()
    parts = ("principal", "bank_interest", "guarantee_fee")
    due = {"minor": sum(first[part]["minor"] for part in parts), "currency": "CNY"}
    paid = front.post(f"{loan}/repayments", {"amount": due, "day": on})
    front.post(f"{loan}/reversals", {"repayment": paid["key"], "day": on})
    assert not front.get(f"{loan}/schedule")["items"][0]["is_paid"]
    front.post(f"{loan}/repayments", {"amount": due, "day": on})
    assert front.get(f"{loan}/schedule")["items"][0]["is_paid"]
    part = {"amount": {"minor": 3000000, "currency": "CNY"}, "day": on}
    front.post(f"{loan}/prepayments", {**part, "effect": "shorter_term"})
    assert front.get(f"{loan}/schedule")["version"] == 2
    quote = front.get(f"{loan}/payoff", day=on)["amount"]
    short = {"amount": {**quote, "minor": quote["minor"] - 1}, "day": on}
    refused = front.send(f"{loan}/payoff", short)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "below_payoff_amount")
    more = {"amount": {**quote, "minor": quote["minor"] + 500}, "day": on}
    assert front.post(f"{loan}/payoff", more)["loan"]["state"] == "settled"
    front.post(f"{loan}/refund", {"day": on})
    kinds = [one["kind"] for one in front.get(f"{loan}/events")["items"]]
    assert kinds[-2:] == ["PaidOff", "Refunded"]
    assert front.get("/ledger/proof")["sound"]
    for book in "BGPC":
        assert front.get("/ledger/trial-balance", book=book)["balanced"], book


def test_an_overdue_loan_is_compensated_recovered_and_written_off(front: Front) -> None:
    place, borrower, _ = to_decision(front)
    to_bank(front, place, borrower)
    to_contract(front, place, borrower)
    payout = front.post(f"{place}/disbursement")
    front.wait(payout)
    loan = f"/loans/{payout['loan_id']}"
    first = Day.parse(front.get(f"{loan}/schedule")["items"][0]["due"])
    front.api.house.clock.move_to_day(first.plus_days(100))
    on = today(front.api).isoformat()
    claim = front.post(f"{loan}/compensation", {"day": on})
    assert claim["key"] == f"compensate:{payout['loan_id']}"
    assert front.wait(claim)["status"] == "subrogated"
    again = front.send(f"{loan}/compensation", {"day": on})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "not_active")
    cash = {"amount": {"minor": 100000, "currency": "CNY"}, "day": on}
    assert front.post(f"{loan}/recoveries", cash)["loan"]["state"] == "subrogated"
    written = front.post(f"{loan}/write-off", {"day": on})
    assert written["loan"]["state"] == "written_off"
    assert front.post(f"{loan}/recoveries", cash)["loan"]["state"] == "recovering"
    assert front.get("/ledger/proof")["sound"]


def test_a_bank_that_has_answered_is_not_asked_again(front: Front) -> None:
    place, borrower, _ = to_decision(front)
    to_bank(front, place, borrower)
    again = front.send(f"{place}/bank-request")
    assert (again.status_code, again.json()["error"]["field"]) == (409, "state")
    partner = front.get(place)["partner_id"]
    job = f"{V1}/jobs/ask-bank:{place.rpartition('/')[2]}:{partner}"
    assert front.api.client("desk").get(job).json()["result"]["state"] == "bank_approved"
    assert front.api.client("stranger").get(job).status_code == 404
    assert front.api.client("owner").get(job).status_code == 403


def test_a_bank_that_declines_is_followed_by_the_end_of_the_list(declining: Front) -> None:
    place, borrower, _ = to_decision(declining)
    assert to_bank(declining, place, borrower)["state"] == "bank_declined"
    refused = declining.send(f"{place}/route")
    assert refused.status_code == 409
    note = {"note": "no bank is left"}
    assert declining.post(f"{place}/withdrawal", note, who="owner")["state"] == "withdrawn"


def test_a_decline_is_looked_at_again_on_new_data(api) -> None:
    front = Front(api)
    place, _, decision = to_decision(front, overdue_count_24m=9, enquiries_6m=30)
    assert decision["outcome"] == "decline"
    assert front.get(place)["state"] == "declined"
    assert front.send(f"{place}/route").status_code == 409
    note = {"note": "the debts were a namesake's"}
    assert front.post(f"{place}/reconsideration", note, who="owner")["state"] == "reconsidered"
    front.post(f"{place}/review")
    front.post(f"{place}/collection")
    bureau = front.get(f"{place}/pulls")["items"][0]["consent_id"]
    front.post(f"{place}/pulls", {"consent_id": bureau, "source": "bureau", "values": VALUES})
    front.post(f"{place}/review")
    assert front.post(f"{place}/decision")["outcome"] == "approve"
    assert len(front.get(f"{place}/decisions")["items"]) == 2
    declined = front.send(f"{place}/judgement", {"approve": False, "note": "no"})
    assert (declined.status_code, declined.json()["error"]["code"]) == (409, "conflict")
