"""What the sources do wrong on purpose, seen from the other side of the wire."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tael.sandbox.orders import Faults
from tael.sandbox.sources import FaultKind, FaultPlan, Latency


@pytest.fixture(autouse=True)
def _healthy(served: Any) -> Iterator[None]:
    yield
    assert served.client.delete("/v1/faults").status_code == 204


def charged(served: Any, key: str) -> int:
    return sum(one["charge"] for one in served.charges() if one["key"] == key)


@pytest.mark.parametrize(("kind", "status"), [("error", 503), ("timeout", 504)])
def test_a_source_that_is_away_does_nothing_and_charges_nothing(
    served: Any, kind: str, status: int
) -> None:
    served.order(fault=kind, key=kind, delay_ms=1)

    assert served.ask("court", key=kind).status_code == status
    assert charged(served, kind) == 0
    assert served.ask("court", key=kind).status_code == 200
    assert charged(served, kind) == 60


@pytest.mark.parametrize("kind", ["drop", "half"])
def test_a_wire_that_is_cut_leaves_the_answer_to_be_asked_for_again(served: Any, kind: str) -> None:
    served.order(fault=kind, source="court", key=kind)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        served.ask("court", key=kind)

    assert served.client.get(f"/v1/court/reports/{kind}").json()["request_key"] == kind
    assert charged(served, kind) == 60


def test_a_late_answer_is_made_and_charged_all_the_same(served: Any) -> None:
    served.order(fault="late", delay_ms=400)
    with (
        httpx.Client(base_url=served.client.base_url, timeout=0.1, trust_env=False) as hasty,
        pytest.raises(httpx.ReadTimeout),
    ):
        hasty.post(
            "/v1/court/reports",
            json=served.question("court", "E1", "enterprise"),
            headers={"Idempotency-Key": "late"},
        )

    assert served.client.get("/v1/court/reports/late").status_code == 200
    assert charged(served, "late") == 60


def body_under(served: Any, kind: str, source: str = "court") -> dict[str, Any]:
    served.order(fault=kind, source=source)
    subject = ("P1", "person") if source == "bureau" else ("E1", "enterprise")
    body: dict[str, Any] = served.ask(source, *subject, key=f"{kind}-{source}").json()
    return body


def test_what_is_wrong_with_a_body_can_be_seen_in_it(served: Any) -> None:
    assert body_under(served, "partial", "bureau")["missing"] == ["enquiries"]
    short = body_under(served, "short")
    assert short["counts"]["cases"] == len(short["sections"]["cases"]) + 1
    twice = body_under(served, "twice")["sections"]["cases"]
    assert twice[: len(twice) // 2] == twice[len(twice) // 2 :]
    assert body_under(served, "stranger")["subject"] == "E19"
    assert body_under(served, "future")["as_of"] == "2025-06-01T00:00:00Z"
    assert body_under(served, "dearer")["charge"]["minor"] == 61


def test_a_spoilt_body_is_whole_when_it_is_asked_for_again(served: Any) -> None:
    served.order(fault="malformed", key="spoilt")
    spoilt = served.ask("invoice", key="spoilt")
    with pytest.raises(json.JSONDecodeError):
        spoilt.json()

    assert served.ask("invoice", key="spoilt").json()["missing"] == []
    assert charged(served, "spoilt") == 400


@pytest.mark.parametrize("body", [{}, {"fault": "slow"}, {"fault": "late", "delay_ms": "1"}])
def test_an_order_that_makes_no_sense_is_refused(served: Any, body: dict[str, object]) -> None:
    assert served.client.post("/v1/faults", json=body).status_code == 400


def test_a_notice_comes_when_the_answer_is_ready_and_twice_under_its_fault(served: Any) -> None:
    with _Listening() as (url, notices):
        served.order(fault="twice", key="noticed")
        served.ask("tax", key="noticed", notice_url=url)
        _wait_for(notices, 2)
    assert notices == [{"source": "tax", "key": "noticed"}] * 2


def test_scheduled_faults_and_latencies_depend_on_seed_and_key() -> None:
    plan = FaultPlan(seed=3, permille={FaultKind.ERROR: 100, FaultKind.PARTIAL: 50})
    keys = [f"k{n}" for n in range(1000)]
    faults = Faults(plan)
    struck = [faults.next("tax", key) for key in keys]

    assert struck == [plan.strikes("tax", key) for key in keys]
    assert not any(faults.next("tax", key) for key in keys)
    kinds = [fault.kind for fault in struck if fault]
    assert 70 < kinds.count(FaultKind.ERROR) < 130
    assert 25 < kinds.count(FaultKind.PARTIAL) < 75
    latency = Latency(100, 0.5)
    times = sorted(latency.of(3, "tax", key) for key in keys)
    assert times == sorted(latency.of(3, "tax", key) for key in keys)
    assert 90 < times[500] < 110
    assert 200 < times[950] < 260


class _Listening:
    """A tiny HTTP server that keeps the notices it gets."""

    def __init__(self) -> None:
        self.notices: list[dict[str, Any]] = []
        notices = self.notices

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                notices.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def __enter__(self) -> tuple[str, list[dict[str, Any]]]:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/notices", self.notices

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _wait_for(notices: list[dict[str, Any]], count: int) -> None:
    pause = threading.Event()
    for _ in range(300):
        if len(notices) >= count:
            break
        pause.wait(0.01)
    assert len(notices) == count
