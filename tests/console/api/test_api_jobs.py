# ruff: noqa: ANN001 - the class of the fixtures stands in conftest
"""Work that outlives its request: what asking again does, by how the job stands."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tael.console.api.jobs import JobOut, Order
from tael.platform import SYSTEM

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
V1 = "/api/v1"
_JOBS = sa.table(
    "jobs",
    sa.column("key"),
    sa.column("state"),
    sa.column("retry_at", sa.DateTime(timezone=True)),
    schema="platform",
)


def place(api, *, day: str = "2026-01-31") -> JobOut:
    with api.house.database.begin(SYSTEM) as work:
        return Order("close_day", "close-day:test", {"day": day}).place(work)


def put(api, key: str, **values: Any) -> None:
    with api.house.database.begin(SYSTEM) as work:
        work.connection.execute(sa.update(_JOBS).where(_JOBS.c.key == key).values(**values))


def test_asking_twice_is_one_job(api) -> None:
    assert place(api) == place(api)
    seen = api.client("desk").get(f"{V1}/jobs/close-day:test").json()
    assert seen == {
        "key": "close-day:test",
        "job": "close_day",
        "state": "requested",
        "attempt": 1,
        "result": None,
        "error": "",
        "retry_at": None,
    }


def test_a_job_that_failed_runs_again_when_it_is_asked_for_again(api) -> None:
    key = place(api).key
    put(api, key, state="failed")
    again = place(api)
    assert (again.key, again.state, again.attempt) == (key, "requested", 2)


def test_a_job_that_waits_goes_on_at_once_when_it_is_asked_for_again(api) -> None:
    key = place(api).key
    put(api, key, retry_at=api.house.clock.now())
    shown = api.client("desk").get(f"{V1}/jobs/{key}").json()
    assert shown["retry_at"] == api.house.clock.now().isoformat()
    assert place(api).retry_at is None


def test_a_job_that_ended_without_the_effect_is_followed_by_another(api) -> None:
    first = place(api).key
    put(api, first, state="done")
    second = place(api)
    assert (second.key, second.state) == (f"{first}:2", "requested")
    put(api, second.key, state="running")
    assert place(api).key == second.key


def test_only_who_may_ask_for_a_job_looks_it_up(api) -> None:
    key = place(api).key
    assert api.client("desk").get(f"{V1}/jobs/{key}").status_code == 200
    for who in ("owner", "field", "second", "keeper"):
        assert api.client(who).get(f"{V1}/jobs/{key}").status_code == 403, who
    assert api.client().get(f"{V1}/jobs/{key}").status_code == 401
