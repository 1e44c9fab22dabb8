"""What goes wrong on purpose, seen from the client's side of the wire."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from tael.sandbox import BankPolicy, FaultPlan, running_bank
from tael.sandbox.bank.faults import Fault, FaultKind, Faults

POLICY = BankPolicy(private_decline_percent=0)
PATH = "/v1/credit-applications"
AMOUNT = {"minor": 12_000_000, "currency": "CNY"}
REQUEST = {"application": "a1", "amount": AMOUNT, "months": 12}


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        running_bank(tmp_path / "bank.jsonl", policy=POLICY) as url,
        httpx.Client(base_url=url, timeout=0.4, trust_env=False) as client,
    ):
        yield client


def order(bank: httpx.Client, **fault: object) -> None:
    assert bank.post("/v1/faults", json=fault).status_code == 204


def post(bank: httpx.Client, key: str = "c1", **more: object) -> httpx.Response:
    return bank.post(PATH, json=REQUEST | more, headers={"Idempotency-Key": key})


def test_a_late_answer_comes_too_late_but_the_work_is_done(bank: httpx.Client) -> None:
    order(bank, fault="late", delay_ms=900)
    with pytest.raises(httpx.ReadTimeout):
        post(bank)

    assert bank.get(f"{PATH}/c1").json()["outcome"] == "approved"
    assert post(bank).headers["Idempotency-Replayed"] == "true"


def test_an_answer_that_never_comes_drops_the_wire_after_the_work(bank: httpx.Client) -> None:
    order(bank, fault="none", path=PATH, key="c1")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        post(bank)

    assert bank.get(f"{PATH}/c1").json()["outcome"] == "approved"


def test_an_unavailable_bank_does_nothing(bank: httpx.Client) -> None:
    order(bank, fault="error", times=2)

    assert [post(bank).status_code for _ in range(2)] == [503, 503]
    assert bank.get(f"{PATH}/c1").status_code == 404
    assert post(bank).status_code == 200


def test_a_notice_comes_twice_under_its_fault_and_once_without(bank: httpx.Client) -> None:
    with _Listening() as (url, notices):
        order(bank, fault="twice", key="c1")
        assert post(bank, "c1", notice_url=url).status_code == 200
        assert post(bank, "c2", notice_url=url).status_code == 200
        _wait_for(notices, 3)
    assert notices.count(b"c1") == 2
    assert notices.count(b"c2") == 1


def test_orders_strike_only_their_path_and_key_and_can_be_withdrawn(bank: httpx.Client) -> None:
    order(bank, fault="error", key="other")
    assert post(bank).status_code == 200
    order(bank, fault="error", times=5)
    assert bank.delete("/v1/faults").status_code == 204
    assert post(bank, "c2").status_code == 200


@pytest.mark.parametrize("body", [{}, {"fault": "slow"}, {"fault": "late", "delay_ms": "1"}])
def test_an_order_that_makes_no_sense_is_refused(
    bank: httpx.Client, body: dict[str, object]
) -> None:
    assert bank.post("/v1/faults", json=body).status_code == 400


def test_scheduled_faults_depend_on_seed_and_key_and_strike_the_first_attempt_only() -> None:
    plan = FaultPlan(seed=3, late_permille=50, none_permille=50, error_permille=100)
    keys = [f"k{n}" for n in range(1000)]
    faults, again = Faults(plan), Faults(plan)
    struck = [faults.next(PATH, key) for key in keys]

    assert struck == [again.next(PATH, key) for key in keys]
    assert not any(faults.next(PATH, key) for key in keys)
    kinds = [fault.kind for fault in struck if fault]
    assert 70 < kinds.count(FaultKind.ERROR) < 130
    assert 25 < kinds.count(FaultKind.LATE) < 75
    assert [fault for fault in struck if fault] == [
        Fault(fault.kind, 1500) for fault in struck if fault
    ]


class _Listening:
    """A tiny HTTP server that keeps the keys of the notices it gets."""

    def __init__(self) -> None:
        self.notices: list[bytes] = []
        notices = self.notices

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                notices.append(httpx.Response(200, content=body).json()["key"].encode())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> tuple[str, list[bytes]]:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/notices", self.notices

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _wait_for(notices: list[bytes], count: int) -> None:
    pause = threading.Event()
    for _ in range(300):
        if len(notices) >= count:
            break
        pause.wait(0.01)
    assert len(notices) == count
