# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""Who asks too often waits, and says how long; who sends too much is told before it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from tael.console import create_app
from tael.console.gate import LARGEST_BODY_BYTES, Buckets
from tael.kernel import BadInput
from tael.platform import Settings

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
V1 = "/api/v1"


@pytest.fixture
def narrow(shared, serve) -> Iterator[httpx.Client]:
    """The console of a house that answers three API requests and two sign-ins a minute."""
    settings = replace(shared.house.settings, api_per_minute=3, sign_ins_per_minute=2)
    url = serve(create_app(replace(shared.house, settings=settings)))
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


def bearer(shared, login: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shared.keys[login]}"}


def test_a_bucket_fills_evenly_and_holds_a_minutes_worth() -> None:
    now = [0.0]
    bucket = Buckets(6, lambda: now[0])
    assert [bucket.take("a") for _ in range(7)] == [0] * 6 + [10]
    assert bucket.take("b") == 0
    now[0] = 9.5
    assert bucket.take("a") == 1
    now[0] = 10.0
    assert bucket.take("a") == 0
    now[0] = 10_000.0
    assert [bucket.take("a") for _ in range(7)] == [0] * 6 + [10]


def test_a_rate_of_zero_counts_none() -> None:
    bucket = Buckets(0)
    assert {bucket.take("a") for _ in range(1000)} == {0}


@pytest.mark.parametrize("name", ["TAEL_API_PER_MINUTE", "TAEL_SIGN_INS_PER_MINUTE"])
@pytest.mark.parametrize("text", ["-1", "1.5", "many", "1000001"])
def test_a_rate_is_a_whole_number_of_requests(name: str, text: str) -> None:
    assert Settings.from_env({name: "90"}) != Settings()
    with pytest.raises(BadInput) as refused:
        Settings.from_env({name: text})
    assert refused.value.field == name


def test_callers_that_stayed_away_are_forgotten_first() -> None:
    bucket = Buckets(1, lambda: 0.0)
    assert bucket.take("first") == 0
    for number in range(9_999):
        bucket.take(str(number))
    assert bucket.take("first") == 60
    for number in range(10_000):
        bucket.take(f"next {number}")
    assert bucket.take("first") == 0


def test_a_key_that_asks_too_often_waits_and_others_do_not(narrow, shared) -> None:
    mine = bearer(shared, "desk")
    answers = [narrow.get(f"{V1}/loans", headers=mine) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    error = answers[-1].json()["error"]
    assert set(error) == {"code", "message", "field", "row", "rule", "retryable", "reference"}
    assert (error["code"], error["retryable"]) == ("too_many_requests", True)
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert answers[-1].headers["x-content-type-options"] == "nosniff"
    assert narrow.get(f"{V1}/loans", headers=bearer(shared, "second")).status_code == 200


def test_whoever_has_no_key_is_counted_by_address_and_a_monitor_is_not(narrow) -> None:
    assert [narrow.get(f"{V1}/loans").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert {narrow.get(f"{V1}/health/live").status_code for _ in range(9)} == {200}


def test_an_address_that_signs_in_too_often_gets_a_page_that_says_so(narrow) -> None:
    page = narrow.get("/sign-in").text
    token = page.split('name="form_token" value="')[1].split('"')[0]
    data = {"login": "nobody-here", "password": "x", "form_token": token}
    answers = [narrow.post("/sign-in", data=data) for _ in range(3)]
    assert [one.status_code for one in answers] == [401, 401, 429]
    assert "<html" in answers[-1].text
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30


@pytest.mark.parametrize("told", [True, False])
def test_a_body_too_large_is_refused_whether_or_not_it_says_so(shared, told: bool) -> None:  # noqa: FBT001
    body = b"x" * (LARGEST_BODY_BYTES + 1)
    before = shared.counts()
    loan = shared.client("desk").get(f"{V1}/loans").json()["items"][0]["id"]
    headers = {"Content-Type": "application/json", "Idempotency-Key": "large"}
    answer = shared.client("desk").post(
        f"{V1}/loans/{loan}/repayments",
        content=body if told else iter([body[:9], body[9:]]),
        headers=headers,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert shared.counts() == before
