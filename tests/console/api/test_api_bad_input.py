# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""Bad input by table: a precise error each, and nothing half-written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
CASES = Path(__file__).parents[1] / "cases" / "api_bad_input.csv"
V1 = "/api/v1"
GOOD = {
    "amount": {"minor": 10000000, "currency": "CNY"},
    "months": 12,
    "purpose": "stock",
    "owner": {
        "name": "赵一",
        "id_number": "110101198001011234",
        "authorisation": {"scope": ["tax"], "expires": "2027-12-31", "document_hash": "ab" * 32},
    },
    "enterprise": {
        "kind": "individual_business",
        "name": "赵一小吃店",
        "id_number": "92110101MA00000001",
        "since": "2015-03-01",
    },
}


def cases() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def places(shared) -> dict[str, str]:
    """What stands for the names in braces."""
    desk = shared.client("desk")
    house = shared.house
    return {
        "{loan}": desk.get(f"{V1}/loans?status=active").json()["items"][0]["id"],
        "{application}": desk.get(f"{V1}/applications").json()["items"][0]["id"],
        **{f"{{{state}}}": _first(desk, state) for state in ("contracted", "declined")},
        "{today}": house.clock.now().astimezone(house.settings.zone).date().isoformat(),
    }


def _first(desk, state: str) -> str:
    return desk.get(f"{V1}/applications", params={"state": state}).json()["items"][0]["id"]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["what"])
def test_bad_input_is_told_precisely_and_leaves_nothing(shared, places, case) -> None:
    path, body = case["path"], case["body"]
    for name, value in places.items():
        path, body = path.replace(name, value), body.replace(name, value)
    if path == "/applications" and case["method"] == "POST":
        body = json.dumps({**GOOD, **json.loads(body)})
    before = shared.counts()
    own = {"Content-Type": "application/json", "Idempotency-Key": case["what"].replace(" ", "-")}
    answer = shared.client(case["who"]).request(
        case["method"],
        V1 + path,
        content=body.encode() or None,
        headers=own,
    )
    error = answer.json()["error"]
    seen = (str(answer.status_code), error["code"], error["field"] or "")
    assert seen == (case["status"], case["code"], case["field"]), error
    assert error["message"]
    assert error["reference"] == answer.headers["x-reference"]
    if case["status"] == "422":
        assert error["rule"]
    assert shared.counts() == before


def test_a_change_without_a_key_of_its_own_is_refused(shared, places) -> None:
    body = {"amount": {"minor": 1000, "currency": "CNY"}, "day": places["{today}"]}
    before = shared.counts()
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 201}):
        answer = shared.client("desk").post(
            f"{V1}/loans/{places['{loan}']}/repayments", json=body, headers=headers
        )
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == "Idempotency-Key"
    assert shared.counts() == before


def test_a_borrower_has_one_open_application(api) -> None:
    owner = api.client("owner")
    first = owner.post(f"{V1}/applications", json=GOOD, headers={"Idempotency-Key": "one"})
    assert first.status_code == 201, first.text
    same = owner.post(f"{V1}/applications", json=GOOD, headers={"Idempotency-Key": "one"})
    assert same.text == first.text
    assert same.headers["idempotency-replayed"] == "true"
    before = api.counts()
    second = owner.post(f"{V1}/applications", json=GOOD, headers={"Idempotency-Key": "two"})
    assert (second.status_code, second.json()["error"]["code"]) == (409, "open_application")
    other = owner.post(
        f"{V1}/applications", json={**GOOD, "months": 6}, headers={"Idempotency-Key": "one"}
    )
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")
    assert api.counts() == before


def test_a_key_within_its_scopes_does_no_more(api) -> None:
    from datetime import timedelta

    from tael.platform import SYSTEM

    with api.house.database.begin(SYSTEM) as work:
        _, narrow = api.house.identity.api_keys.issue(
            work,
            api.users["desk"],
            name="reader",
            scopes=["loan.read"],
            lasts=timedelta(days=1),
        )
    reader = api.client()
    headers = {"Authorization": f"Bearer {narrow}"}
    assert reader.get(f"{V1}/loans", headers=headers).status_code == 200
    assert reader.get(f"{V1}/audit", headers=headers).status_code == 403
