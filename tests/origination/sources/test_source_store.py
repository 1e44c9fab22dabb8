"""The sources over PostgreSQL: the same as in memory, append-only, sealed, once for two at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import Day
from tael.origination.sources import SOURCES, SqlSources
from tael.origination.sources.model import BreakerMove, BreakerState, Code, Mode, Route, Status

DAY = timedelta(days=1)
CHANGES = (
    "UPDATE origination.source_request SET source = 'x'",
    "DELETE FROM origination.source_answer",
    "UPDATE origination.source_read SET cost_minor = 0",
)


def test_what_is_kept_comes_back_and_is_never_changed(asking_kept: Any) -> None:
    first = asking_kept.fetch("bureau", "P1", "person")
    again = asking_kept.fetch("bureau", "P1", "person", key="k2")
    asking_kept.fetch("region", "42-F", "market")
    asking_kept.order(fault="error", source="court", times=9)
    down = asking_kept.fetch("court")

    assert again.report == first.report
    assert (again.cached, again.saved_minor, down.code) == (True, 500, Code.SOURCE_DOWN)
    person = asking_kept.subject("P1", "person")
    with asking_kept.house.begin() as work:
        store = SqlSources(work)
        reads = store.reads(person.id)
        assert [(read.status, read.cached, read.cost_minor) for read in reads] == [
            (Status.OK, False, 500), (Status.OK, True, 0)]  # fmt: skip
        assert len({read.content_hash for read in reads}) == 1
        sealed = work.connection.execute(sa.text("SELECT sealed FROM origination.source_answer"))
        assert not any(b"account" in bytes(row.sealed) for row in sealed)
    for change in CHANGES:
        with (
            pytest.raises(sa.exc.DBAPIError, match="never changed or deleted"),
            asking_kept.house.begin() as work,
        ):
            work.connection.execute(sa.text(change))


def test_a_withdrawn_consent_ends_what_is_kept_too(asking_kept: Any) -> None:
    paper = asking_kept.paper(asking_kept.subject("E1", "enterprise"))
    asking_kept.fetch("court", paper=paper)
    asking_kept.withdraw(paper)

    assert asking_kept.fetch("court", paper=paper).code is Code.CONSENT_WITHDRAWN


def test_two_processes_that_ask_at_once_pay_once(asking_kept: Any) -> None:
    asking_kept.order(fault="late", delay_ms=150, source="court")
    subject = asking_kept.subject("E1", "enterprise")
    paper = asking_kept.paper(subject)
    told = []
    with asking_kept.client_with() as other:
        clients = [(asking_kept.client, "k1"), (other, "k2")]
        threads = [
            threading.Thread(
                target=lambda one=one, key=key: told.append(
                    one.fetch("court", subject, paper, key=key, budget_s=4)
                )
            )
            for one, key in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [answer.status for answer in told] == [Status.OK, Status.OK]
    assert sorted(answer.cost_minor for answer in told) == [0, 60]


def test_health_and_routes_read_as_they_were_written(asking_kept: Any) -> None:
    asking_kept.fetch("court")
    asking_kept.fetch("court", key="k2")
    ended = Route("tax", "enterprise", "guarantor", "none", Mode.FULL, Day(2024, 1, 1), "over")
    with asking_kept.house.begin() as work:
        store = SqlSources(work)
        for state in (BreakerState.OPEN, BreakerState.HALF_OPEN):
            store.add_move(BreakerMove("tax", "w1", state, asking_kept.now, "silent"))
        store.add_route(ended, asking_kept.now, "zhao")
    refused = asking_kept.fetch("tax")

    assert refused.code is Code.NOT_ENTITLED
    with asking_kept.house.begin() as work:
        store = SqlSources(work)
        assert store.routes() == [ended]
        health = {
            one.source: one for one in store.health(asking_kept.now - DAY, asking_kept.now + DAY)
        }
    court = health["court"]
    assert list(health) == list(SOURCES)
    assert (court.reads, court.asked, court.hits, court.codes) == (2, 1, 1, {"ok": 2})
    assert (court.spent_minor, court.saved_minor) == (60, 60)
    assert court.p50_ms == court.p95_ms is not None
    assert health["tax"].breaker == {"w1": BreakerState.HALF_OPEN}
    assert health["tax"].codes == {"not_entitled": 1}
    assert health["device"].reads == 0
