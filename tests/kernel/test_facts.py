"""Facts on the wire: old ones stay readable, broken ones are named."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tael.kernel import ApplicationId, BadInput, Day, LoanId, Money, facts

AT = datetime(2026, 1, 5, tzinfo=UTC)
PAID = facts.RepaymentReceived(
    stream="loan",
    day=Day(2026, 2, 5),
    loan_id=LoanId.derive(AT, 1),
    amount=Money(11001_60),
    principal=Money(9201_60),
    balance=Money(110798_40),
)


def test_a_fact_survives_the_wire() -> None:
    again = facts.from_json(json.loads(json.dumps(facts.to_json(PAID))))
    assert again == PAID
    assert type(again) is facts.RepaymentReceived


def test_money_travels_in_minor_units_and_days_as_text() -> None:
    data = facts.to_json(PAID)
    assert data["kind"] == "RepaymentReceived"
    assert data["amount"] == {"minor": 1100160, "currency": "CNY"}
    assert data["day"] == "2026-02-05"


def test_fields_that_a_later_version_added_are_ignored() -> None:
    assert facts.from_json(facts.to_json(PAID) | {"added_later": 1}) == PAID


@pytest.mark.parametrize("field", ["stream", "day", "loan_id", "amount"])
def test_a_missing_field_is_named(field: str) -> None:
    data = facts.to_json(PAID)
    del data[field]
    with pytest.raises(BadInput) as refused:
        facts.from_json(data)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "Nothing"),
        ("stream", 5),
        ("stream", None),
        ("day", "5 February"),
        ("day", 20260205),
        ("loan_id", ApplicationId.derive(AT, 1)),
        ("loan_id", 7),
        ("amount", "11001.60"),
        ("amount", {"minor": "1", "currency": "CNY"}),
        ("amount", {"minor": 1}),
        ("amount", {"currency": "CNY"}),
        ("amount", {"minor": 1.5, "currency": "CNY"}),
    ],
)
def test_a_malformed_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(BadInput):
        facts.from_json(facts.to_json(PAID) | {field: value})


def test_a_decision_may_be_without_a_tier() -> None:
    data = {
        "kind": "DecisionMade",
        "stream": "application",
        "day": "2026-01-05",
        "application_id": str(ApplicationId.derive(AT, 1)),
        "decision_id": "dec_" + "0" * 26,
        "outcome": "declined",
    }
    for tier in (None, 3):
        read = facts.from_json(data | {"tier": tier})
        assert isinstance(read, facts.DecisionMade)
        assert read.tier == tier
    with pytest.raises(BadInput):
        facts.from_json(data | {"tier": "R3"})
