# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""The edge of live decisions: keys, methods, headers and faults are those of the whole API."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tael.console import create_app

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
PATH = "/api/v1/live/decisions"
REFUSED = {
    # The method, the headers, the status and the code of the fault.
    "another method": ("GET", {}, 405, "method_not_allowed"),
    "no key": ("POST", {}, 401, "unauthenticated"),
    "another scheme": ("POST", {"Authorization": "Basic eDp5"}, 401, "unauthenticated"),
    "an unknown key": ("POST", {"Authorization": "Bearer tael_key_no"}, 401, "unauthenticated"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_request_that_may_not_be_answered_is_told_as_everywhere(shared, serve, what: str) -> None:
    method, headers, status, code = REFUSED[what]
    url = serve(create_app(shared.house))
    with httpx.Client(base_url=url) as client:
        found = client.request(method, PATH, headers=headers)
    fault = found.json()["error"]
    assert (found.status_code, fault["code"]) == (status, code)
    assert found.headers["X-Reference"] == fault["reference"]
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert (found.headers.get("Allow"), found.headers.get("WWW-Authenticate")) == (
        "POST" if status == 405 else None,
        "Bearer" if status == 401 else None,
    )


def test_a_key_without_the_right_is_refused_and_a_body_by_its_field(shared, serve) -> None:
    url = serve(create_app(shared.house))
    with httpx.Client(base_url=url) as client:

        def ask(login: str, body: object) -> httpx.Response:
            key = {"Authorization": f"Bearer {shared.keys[login]}"}
            return client.post(PATH, json=body, headers=key)

        assert ask("owner", {}).json()["error"]["code"] == "forbidden"
        found = ask("desk", {"months": 3})
    assert (found.status_code, found.json()["error"]["field"]) == (422, "application_id")


def test_keys_that_nobody_knows_are_looked_up_so_often_and_no_more(shared, serve) -> None:
    settings = replace(shared.house.settings, api_per_minute=3)
    url = serve(create_app(replace(shared.house, settings=settings)))
    with httpx.Client(base_url=url) as client:
        told = [
            client.post(PATH, headers={"Authorization": f"Bearer tael_key_{n}"}) for n in range(4)
        ]
    assert [each.status_code for each in told] == [401, 401, 401, 429]
    assert int(told[-1].headers["Retry-After"]) > 0
