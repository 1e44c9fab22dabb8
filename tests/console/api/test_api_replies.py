# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""What is kept of a command: a fingerprint nobody can guess back, an answer for a while."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tael.console import purge_replies
from tael.console.store import replies
from tael.platform import SYSTEM

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
V1 = "/api/v1"


def _send(api) -> object:
    loan = api.client("desk").get(f"{V1}/loans", params={"status": "active"}).json()["items"][0]
    today = api.house.clock.now().astimezone(api.house.settings.zone).date().isoformat()
    body = {"amount": {"minor": 50000, "currency": "CNY"}, "day": today}
    place = f"{V1}/loans/{loan['id']}/repayments"
    headers = {"Idempotency-Key": "cash"}
    return api.client("desk").post(place, json=body, headers=headers), [place, body]


def _kept(api) -> list[sa.Row]:
    with api.house.database.begin(SYSTEM) as work:
        return list(work.connection.execute(sa.select(replies)).all())


def test_the_fingerprint_of_a_command_needs_the_key_of_the_house(api) -> None:
    _, content = _send(api)
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    fingerprint = _kept(api)[-1].fingerprint
    digest = hashlib.sha256(plain).hexdigest()
    assert fingerprint != digest
    keyed = api.house.vault.blind_index(digest, field="console.reply")
    assert fingerprint == keyed.hex()


def test_old_answers_are_forgotten_and_young_ones_kept(api) -> None:
    first, _ = _send(api)
    at = _kept(api)[0].at
    with api.house.database.begin(SYSTEM) as work:
        assert purge_replies(work, at) == 0
    again, _ = _send(api)
    assert again.text == first.text
    assert again.headers["idempotency-replayed"] == "true"
    with api.house.database.begin(SYSTEM) as work:
        assert purge_replies(work, at + timedelta(microseconds=1)) == 1
        assert purge_replies(work, at + timedelta(microseconds=1)) == 0
    assert _kept(api) == []
    # The room still knows the event by its own key: a late repeat books nothing twice.
    loan = first.json()["loan"]["id"]
    events = api.client("desk").get(f"{V1}/loans/{loan}/events", params={"limit": 200}).json()
    third, _ = _send(api)
    assert "idempotency-replayed" not in third.headers
    after = api.client("desk").get(f"{V1}/loans/{loan}/events", params={"limit": 200}).json()
    assert after == events
