"""What is stored of a contract is all of it: every field there is, and any that is added."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import Calendar, Day, FixedClock, LoanId, Money, Rate, Roll, Rounding
from tael.ledger import Dimensions
from tael.pricing import (
    Component,
    DayCount,
    Instalment,
    LastRow,
    Method,
    Schedule,
    Terms,
)
from tael.servicing import GuaranteeTerms, LoanContract
from tael.servicing.codec import contract_from_json, contract_to_json

days = st.integers(0, 20_000).map(Day(1999, 12, 31).plus_days)
rates = st.integers(0, 20_000).map(lambda points: Rate.percent(str(points / 100)))
amounts = st.integers(1, 10**12)
names = st.text(min_size=1, max_size=8).filter(lambda name: name not in ("principal", "penalty"))


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def sets(values: st.SearchStrategy[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(values, max_size=4)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    holidays = draw(sets(days))
    return Calendar(draw(st.text(max_size=8)), holidays, draw(sets(days)) - holidays)


# One strategy a field. A field of Terms without one fails below.
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "method": st.sampled_from(Method),
    "months": st.integers(1, 1200),
    "start": days,
    "components": st.lists(
        st.builds(
            Component,
            name=names,
            rate=rates,
            payer=st.sampled_from(["borrower", "guarantor", "bank"]),
            payee=st.sampled_from(["bank", "guarantor", "platform"]),
        ),
        max_size=4,
        unique_by=lambda part: part.name,
    ).map(tuple),
    "rounding": st.sampled_from(Rounding),
    "day_count": st.sampled_from(DayCount),
    "penalty_rate": rates,
    "first_due": optional(days),
    "due_dates": st.just(()) | sets(days).map(sorted).map(tuple),
    "due_day": optional(st.integers(1, 31)),
    "roll": st.sampled_from(Roll),
    "calendar": optional(calendars()),
    "instalment_rounding": optional(st.sampled_from(Rounding)),
    "instalment_multiple": optional(amounts),
    "last_row": st.sampled_from(LastRow),
    "principal_grace": st.integers(0, 12),
    "equal_part": optional(amounts),
    "year_days": optional(st.integers(1, 400)),
}


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    currency = draw(st.sampled_from(["CNY", "USD", "JPY"]))
    parts = {name: draw(strategy) for name, strategy in PARTS.items()}
    for name in ("instalment_multiple", "equal_part"):
        parts[name] = None if parts[name] is None else Money(parts[name], currency)
    if parts["due_dates"]:
        parts["months"] = len(parts["due_dates"])
        parts["start"] = min(parts["start"], parts["due_dates"][0])
    if parts["first_due"] is not None:
        parts["first_due"] = max(parts["first_due"], parts["start"].plus_days(1))
    if parts["calendar"] is None:
        parts["roll"] = Roll.NONE
    if parts["method"] not in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL):
        parts |= {"principal_grace": 0, "equal_part": None}
    parts["principal_grace"] = min(parts["principal_grace"], parts["months"] - 1)
    return Terms(principal=Money(draw(amounts), currency), **parts)


@st.composite
def contracts(draw: st.DrawFn) -> LoanContract:
    agreed = draw(terms())
    currency, first = agreed.currency, draw(st.integers(1, 9))
    charges = st.dictionaries(names, amounts.map(lambda minor: Money(minor, currency)), max_size=3)
    row = Instalment(first, draw(days), agreed.principal, draw(charges), draw(charges))
    guarantee = GuaranteeTerms(draw(rates), draw(rates), draw(rates), draw(st.integers(0, 400)))
    about = Dimensions(*(draw(st.text(max_size=6)) for _ in fields(Dimensions)))
    loan_id = LoanId.derive(FixedClock.on(Day(2026, 1, 1)).now(), draw(st.integers(1, 99)))
    return LoanContract(loan_id, Schedule(agreed, (row,), first), guarantee, about)


@given(contracts())
def test_a_contract_comes_back_from_its_text_as_it_was(contract: LoanContract) -> None:
    text = json.dumps(contract_to_json(contract))
    assert contract_from_json(json.loads(text)) == contract


def test_every_field_of_the_terms_is_tried() -> None:
    assert {part.name for part in fields(Terms)} == {"principal", *PARTS}


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (Schedule, "terms instalments version"),
        (Instalment, "number due principal charges other_charges"),
        (Component, "name rate payer payee"),
        (Calendar, "name holidays workdays"),
        (GuaranteeTerms, "pd_12m lgd_initial lgd_compensated claim_dpd"),
        (LoanContract, "loan_id schedule guarantee dimensions"),
    ],
)
def test_what_a_contract_is_made_of_has_no_field_that_is_not_stored(kind: Any, known: str) -> None:
    assert [part.name for part in fields(kind)] == known.split()


def test_a_contract_that_was_stored_before_a_field_was_has_its_default() -> None:
    start = Day(2026, 1, 31)
    agreed = Terms(Money(100), Method.EQUAL_INSTALMENT, 1, start, ())
    row = Instalment(1, Day(2026, 2, 28), Money(100), {})
    loan_id = LoanId.derive(FixedClock.on(start).now(), 1)
    guarantee = GuaranteeTerms(Rate.percent(4), Rate.percent(75), Rate.percent(60), 80)
    contract = LoanContract(loan_id, Schedule(agreed, (row,)), guarantee, Dimensions())
    stored = contract_to_json(contract)
    del stored["terms"]["roll"], stored["terms"]["calendar"]
    assert contract_from_json(stored) == contract
