"""What a live decision is asked with: read exactly, and what is wrong is named."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tael.console.live import request_of
from tael.kernel import ApplicationId, BadInput, Money

CASES = tomllib.loads((Path(__file__).parent / "cases/live_requests_refused.toml").read_text())
ID = ApplicationId.derive(datetime(2026, 1, 5, tzinfo=UTC), 1)
GOOD = {"application_id": ID, "amount": {"minor": 500, "currency": "CNY"}, "months": 12}


def test_numbers_come_exactly_and_instants_in_utc() -> None:
    body = {**GOOD, "borrower": "E1", "as_of": "2026-01-05T16:00:00+08:00", "round": 2}
    text = json.dumps(body)[:-1] + ', "features": {"ratio": 0.1, "kind": "company", "new": true}}'
    found = request_of(text.encode())
    assert found.application_id == ID
    assert found.amount == Money(500, "CNY")
    assert found.features == {"ratio": Decimal("0.1"), "kind": "company", "new": True}
    assert found.as_of == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert (found.borrower, found.months, found.round, found.evidence) == ("E1", 12, 2, "")


@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["field"])
def test_a_body_that_asks_for_nothing_is_refused_by_field(case: dict[str, str]) -> None:
    body = case.get("body") or json.dumps(GOOD | json.loads(case["with"]))
    with pytest.raises(BadInput) as refused:
        request_of(body.encode())
    assert (refused.value.field, refused.value.rule) == (case["field"], case["rule"])
