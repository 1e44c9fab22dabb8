# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""What a program reads: pages, masks, figures that tie, and nothing it may not."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
V1 = "/api/v1"


def test_a_caller_without_a_key_is_told_how_to_name_itself(shared) -> None:
    answer = shared.client().get(f"{V1}/loans")
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "field", "row", "rule", "retryable", "reference"}
    assert error["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_method_that_is_not_there_is_answered_with_those_that_are(shared) -> None:
    answer = shared.client("desk").put(f"{V1}/loans", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_key_that_nobody_issued_is_nobodys(shared) -> None:
    answer = shared.client().get(f"{V1}/loans", headers={"Authorization": "Bearer tael_key_x"})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["applications", "loans", "audit"])
def test_pages_follow_each_other_without_gap_or_overlap(shared, path: str) -> None:
    desk = shared.client("desk")
    whole = desk.get(f"{V1}/{path}", params={"limit": 200}).json()["items"]
    seen: list[str] = []
    after = ""
    while len(seen) <= len(whole):
        page = desk.get(f"{V1}/{path}", params={"limit": 3, "after": after}).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
        if after is None or len(seen) >= 30:
            break
    assert seen == [one["id"] for one in whole][: len(seen)]
    assert len(seen) >= min(len(whole), 7)


def test_an_auditor_sees_the_tier_and_operations_alone_does_not(shared) -> None:
    full = shared.client("desk").get(f"{V1}/loans").json()["items"][0]
    assert full["tier"] in range(1, 8)
    assert shared.client("keeper").get(f"{V1}/loans").status_code == 403


def test_an_owner_finds_nothing_of_others(shared) -> None:
    owner, desk = shared.client("stranger"), shared.client("desk")
    assert owner.get(f"{V1}/applications").json() == {"items": [], "next": None}
    loan = desk.get(f"{V1}/loans").json()["items"][0]["id"]
    assert owner.get(f"{V1}/loans/{loan}").status_code == 404
    application = desk.get(f"{V1}/applications").json()["items"][0]["id"]
    assert owner.get(f"{V1}/applications/{application}").status_code == 404
    assert owner.get(f"{V1}/applications/{application}/offers").status_code == 404


def test_one_loan_shows_schedule_postings_events_and_payoff(shared) -> None:
    desk = shared.client("desk")
    loan = desk.get(f"{V1}/loans", params={"status": "active"}).json()["items"][-1]
    place = f"{V1}/loans/{loan['id']}"
    assert desk.get(place).json()["principal"] == loan["principal"]
    rows = desk.get(f"{place}/schedule").json()["items"]
    assert sum(row["principal"]["minor"] for row in rows) == loan["principal"]["minor"]
    entries = desk.get(f"{place}/postings", params={"limit": 200}).json()["items"]
    for entry in entries:
        signed = [
            line["amount"]["minor"] * (1 if line["side"] == "Dr" else -1) for line in entry["lines"]
        ]
        assert sum(signed) == 0
    kinds = [one["kind"] for one in desk.get(f"{place}/events").json()["items"]]
    assert kinds[0] == "Disbursed"
    payoff = desk.get(f"{place}/payoff").json()
    assert payoff["amount"]["minor"] >= desk.get(place).json()["balance"]["minor"] > 0


def test_an_application_shows_timeline_decision_with_reasons_and_offers(shared) -> None:
    desk = shared.client("desk")
    items = desk.get(f"{V1}/applications", params={"state": "contracted"}).json()["items"]
    place = f"{V1}/applications/{items[0]['id']}"
    codes = [one["code"] for one in desk.get(f"{place}/timeline").json()["items"]]
    assert codes[0] == "application_drafted"
    decided = desk.get(f"{place}/decisions").json()["items"]
    assert decided[0]["outcome"] == "approve"
    assert decided[0]["trace"]
    offers = desk.get(f"{place}/offers").json()["items"]
    assert {"contracted"} <= {one["state"] for one in offers}
    assert offers[0]["terms"]["disclosure"]["zh"]


def test_figures_tie_and_books_balance(shared) -> None:
    desk = shared.client("desk")
    dashboard = desk.get(f"{V1}/portfolio/dashboard").json()
    assert dashboard["months"]
    assert all(one["ties"] for one in dashboard["tie_outs"])
    for book in "BGPC":
        balance = desk.get(f"{V1}/ledger/trial-balance", params={"book": book}).json()
        assert balance["balanced"], book
    assert desk.get(f"{V1}/ledger/proof").json()["sound"]
    assert len(desk.get(f"{V1}/ledger/content-hash").json()["content_hash"]) == 64
    use = desk.get(f"{V1}/partners/utilisation").json()
    assert use["outstanding"]["minor"] > 0
    assert desk.get(f"{V1}/partners").json()["items"][0]["agreements"]


def test_the_audit_chain_is_walked_on_request(shared) -> None:
    proof = shared.client("desk").get(f"{V1}/audit/proof").json()
    assert proof["holds"], proof
    assert proof["sealed"] > 0


def test_health_needs_no_key(shared) -> None:
    for path in ("live", "ready"):
        assert shared.client().get(f"{V1}/health/{path}").json() == {"status": "ok"}


def test_parameters_show_what_is_in_force_and_what_was(shared) -> None:
    desk = shared.client("desk")
    names = [one["name"] for one in desk.get(f"{V1}/parameters").json()["items"]]
    assert "cap.all_in" in names
    versions = desk.get(f"{V1}/parameters/cap.all_in").json()["items"]
    assert versions[0]["state"] == "approved"
