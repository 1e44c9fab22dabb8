"""What a policy may suggest: of a closed list, and never what cannot be changed or is false."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from tael.kernel import BadInput
from tael.policies import first_bundle
from tael.policies.engines import ENGINES
from tael.policies.recourse import Advised, Declared, Kind, declared
from tael.policies.texts import InputRule, load

with (Path(__file__).parent / "cases" / "refused.csv").open(encoding="utf-8") as _file:
    CASES = list(csv.DictReader(_file))
WORDS = {"zh": "从{from}到{to}", "en": "from {from} to {to}"}


def inputs(**more: str) -> tuple[InputRule, ...]:
    given = json.loads(first_bundle("{}").parameters)["inputs"]
    kinds = {name: str(spec["type"]) for name, spec in given.items()} | more
    return tuple(InputRule(name, kind, None, None, ()) for name, kind in kinds.items())


def read(
    changes: Mapping[str, Mapping[str, object]],
    links: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> Declared:
    filled = {name: {**WORDS, **fields} for name, fields in changes.items()}
    text = json.dumps({"recourse": {"changes": filled, "links": dict(links or {})}})
    return declared(text, inputs(**(more or {})))


DEBT = {"total_debt": {"kind": "pay_down"}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_may_not_be_suggested_is_refused_with_its_reason(case: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        read({case["change"]: json.loads(case["fields"])})
    assert case["says"] in str(refused.value)
    assert str(refused.value.field).startswith(f"parameters.recourse.changes.{case['change']}")
    assert refused.value.rule


def test_a_policy_that_declares_nothing_suggests_nothing() -> None:
    assert declared("{}", inputs()) == Declared()


def test_every_kind_can_be_declared() -> None:
    found = read(
        {
            "total_debt": {"kind": "pay_down", "least": "10", "step": "5", "cost": "0.1"},
            "active_loans": {"kind": "close_line"},
            "wait": {"kind": "wait", "most": "24"},
            "amount": {"kind": "less_amount"},
            "months": {"kind": "other_term", "values": [12, 3, 3]},
            "late_tax_filings": {"kind": "file_tax", "months": 1},
            "guarantors": {"kind": "add_guarantor", "most": "2"},
            "bank_data_authorised": {"kind": "authorise"},
        },
        more={
            "late_tax_filings": "integer",
            "guarantors": "integer",
            "bank_data_authorised": "boolean",
        },
    )
    assert {lever.kind for lever in found.levers} == set(Kind)
    debt, term = found.levers[0], found.levers[4]
    assert (debt.least, debt.step, debt.cost) == tuple(map(Decimal, ("10", "5", "0.1")))
    assert term.values == (Decimal(3), Decimal(12))


def test_debt_held_against_income_is_no_claim() -> None:
    kinds = {"debt_to_income": "number"}
    assert read({"debt_to_income": {"kind": "pay_down"}}, more=kinds).levers
    assert read(DEBT, {"debt_to_income": "debt_to_income"}, more=kinds).links


@pytest.mark.parametrize(
    ("links", "says"),
    [
        ({"gold": "1"}, "is no input"),
        ({"region": "total_debt"}, "is a text"),
        ({"monthly_revenue": "total_debt"}, "inventing it only"),
        ({"owner_age": "owner_age + total_debt"}, "nothing that an owner can change"),
        ({"enquiries_6m": "if total_debt > 0 then 1 else 0"}, "time alone changes"),
        ({"monthly_revenue": "monthly_revenue + waited"}, "inventing it only"),
        ({"total_debt": "total_debt"}, "change of its own"),
        ({"debt_ratio": "before.gold"}, "before.gold, which is no input"),
        (
            {"debt_ratio": "total_debt", "revenue_volatility": "debt_ratio"},
            "debt_ratio, which is linked itself",
        ),
    ],
)
def test_links_that_lie_are_refused(links: Mapping[str, str], says: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(DEBT, links)
    assert says in str(refused.value)
    assert str(refused.value.field).startswith("parameters.recourse.links.")


def test_time_may_pass_over_age_and_over_records() -> None:
    links = {"owner_age": "owner_age + floor(waited / 12)", "enquiries_6m": "0 * waited"}
    found = read({"wait": {"kind": "wait", "most": "6"}}, links)
    assert found.reads == {name: frozenset({"waited"}) for name in links}


def test_a_formula_that_is_no_feel_is_refused_when_the_policy_is_loaded(card: str) -> None:
    bundle = first_bundle(card)
    parameters = json.loads(bundle.parameters)
    parameters["recourse"] = {
        "changes": {"total_debt": {**WORDS, "kind": "pay_down"}},
        "links": {"debt_ratio": "total_debt +"},
    }
    text = json.dumps(parameters)
    with pytest.raises(BadInput) as refused:
        Advised.of(type(bundle)(bundle.dmn, bundle.model, bundle.prices, text))
    assert refused.value.field == "parameters.recourse.links.debt_ratio"


def test_too_many_changes_are_refused() -> None:
    names = [f"debt{n}" for n in range(13)]
    with pytest.raises(BadInput, match="are 13"):
        read({name: {"kind": "pay_down"} for name in names}, more=dict.fromkeys(names, "number"))


def test_the_shipped_policy_declares_what_its_applicants_can_do(card: str) -> None:
    bundle = first_bundle(card)
    found = declared(bundle.parameters, load(bundle, ENGINES).inputs)
    assert {lever.kind for lever in found.levers} == {
        Kind.PAY_DOWN, Kind.CLOSE_LINE, Kind.LESS_AMOUNT, Kind.OTHER_TERM, Kind.WAIT,
    }  # fmt: skip
    assert found.links.keys() >= {"debt_ratio", "years_in_business", "enquiries_6m"}
