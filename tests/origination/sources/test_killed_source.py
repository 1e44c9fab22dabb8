"""kill -9 of a source in the middle of an answer: asked again, paid once, never half believed."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tael.origination.sources import SOURCES, BreakerLimits
from tael.origination.sources.model import SourceAnswer, Status
from tael.origination.sources.ports import Patience, Wire
from tael.sandbox import SourcesProcess
from tael.sandbox.sources import public_key

RUNS = int(os.environ.get("TAEL_KILLS", "6"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 20 * RUNS)]
# Long waits: a process that starts on a busy machine answers late.
PATIENCE = Patience(attempts=3, attempt_s=12, late_s=2, pause_s=0.05, breaker=BreakerLimits(500))
MOMENTS_S = (0.0, 0.02, 0.06, 0.1, 0.15)  # after the question was put


def test_a_source_that_is_killed_in_mid_answer_is_asked_again_and_paid_once(
    asking: Any, tiny_economy: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "charges.jsonl"
    options = ["--economy", str(tiny_economy), "--house-key", asking.signer.public_key.hex()]
    process = SourcesProcess(ledger, options=[*options, "--later-ms", "60"])
    url = process.start()
    subject = asking.subject("E1", "enterprise")
    wires = {name: Wire(url, public_key(1)) for name in SOURCES}
    try:
        for run in range(RUNS):
            source = ("court", "tax", "bank_statement")[run % 3]
            paper = asking.paper(subject, to=f"partner_{run}")
            with asking.client_with(wires=wires, patience=PATIENCE) as client:
                _order_late(url, source)
                told: list[SourceAnswer] = []
                asked = threading.Thread(
                    target=lambda s=source, p=paper, n=run, c=client, t=told: t.append(
                        c.fetch(s, subject, p, key=f"first-{n}", budget_s=1.0)
                    )
                )
                asked.start()
                time.sleep(MOMENTS_S[run % len(MOMENTS_S)])
                process.kill()
                asked.join()
                assert told[0].report is None or told[0].status is Status.OK
                assert process.start() == url
                again = client.fetch(source, subject, paper, key=f"again-{run}", budget_s=40)
                assert (again.status, again.code) == (Status.OK, None), (run, again)
                cost = told[0].cost_minor + again.cost_minor
                assert cost == SOURCES[source].price_minor
    finally:
        process.stop()
    _paid_once(asking, ledger)


def _order_late(url: str, source: str) -> None:
    fault = {"fault": "late", "delay_ms": 120, "source": source}
    assert httpx.post(f"{url}/v1/faults", json=fault, trust_env=False).status_code == 204


def _paid_once(asking: Any, ledger: Path) -> None:
    """What the source's own file charged is what we counted, key by key."""
    lines = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    keys = [line["key"] for line in lines]
    assert len(keys) == len(set(keys)) == RUNS
    assert {str(request.id) for request in asking.store.requests} == set(keys)
    counted = sum(read.cost_minor for read in asking.store.log)
    assert counted == sum(line["charge"] for line in lines)
