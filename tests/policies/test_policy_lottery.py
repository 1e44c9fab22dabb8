"""Random acceptance: only declines by codes that are named, on small amounts, within the cap."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from tael.kernel import BadInput, Money, Rate
from tael.policies import first_bundle
from tael.policies.decisions import run_on
from tael.policies.engines import DmnRules, Engines, Score
from tael.policies.figures import DRAWN
from tael.policies.lottery import accepted
from tael.policies.model import Feature, Verdict
from tael.policies.rules import checked, evaluate
from tael.policies.texts import Policy, load

CAP = Rate(Decimal("0.24"))
LOTTERY = {
    "codes": ["risk_too_high"], "most_amount": "50000", "tier": "6",
    "bank_interest": "0.06", "guarantee_fee": "0.15",
}  # fmt: skip
ASKED: dict[str, object] = {
    "owner_age": 40, "years_in_business": 6, "employees": 5, "monthly_revenue": 200_000,
    "bank_turnover_12m": 2_400_000, "tax_paid_12m": 40_000, "total_debt": 300_000,
    "debt_ratio": Decimal("0.3"), "revenue_volatility": Decimal("0.2"), "overdue_count_24m": 0,
    "enquiries_6m": 2, "active_loans": 1, "owns_property": True, "region": "华东",
    "industry": "餐饮", "enterprise_kind": "company", "amount": 200_000, "months": 12,
}  # fmt: skip


class Given:
    """A model whose probability is its text."""

    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""
    variables = ()
    codes = ()

    def __init__(self, text: str) -> None:
        self._pd = Rate(Decimal(text))

    def score(self, features: Mapping[str, object]) -> Score:
        assert features
        return Score(self._pd, 500)


def policy(pd: str = "0.5", **changes: object) -> Policy:
    made = first_bundle(pd)
    parameters = json.loads(made.parameters) | {"random_accept": LOTTERY | changes}
    text = json.dumps(parameters, ensure_ascii=False)
    return load(replace(made, parameters=text), Engines(rules=DmnRules, scorer=Given))


def verdict(of: Policy, **changes: object) -> tuple[dict[str, Feature], Verdict]:
    inputs = checked(of, ASKED | changes)
    found, _ = evaluate(of, inputs, cap=CAP)
    return inputs, found


def test_a_decline_by_score_is_taken_on_a_small_amount() -> None:
    of = policy()
    inputs, declined = verdict(of)
    assert (declined.outcome, declined.hard) == ("decline", ("risk_too_high",))
    taken = accepted(of, inputs, declined, cap=CAP)
    assert (taken.outcome, taken.routing) == ("approve", "random_accept")
    assert (taken.tier, taken.pd, taken.reasons) == (declined.tier, declined.pd, declined.reasons)
    assert taken.limit == Money.parse("50000")
    assert {option.limit for option in taken.options} == {Money.parse("50000")}


@pytest.mark.parametrize(
    ("pd", "changes", "cap"),
    [
        ("0.01", {}, "0.24"),  # approved anyway
        ("0.5", {"owner_age": 80}, "0.24"),  # another rule declines besides
        ("0.01", {"owner_age": 80}, "0.24"),  # another rule declines
        ("0.5", {"amount": 9_000}, "0.24"),  # less than is lent at all
        ("0.5", {}, "0.10"),  # no price within the cap
    ],
)
def test_everything_else_stays_as_it_is(pd: str, changes: dict[str, object], cap: str) -> None:
    of = policy(pd)
    inputs, before = verdict(of, **changes)
    assert accepted(of, inputs, before, cap=Rate(Decimal(cap))) == before


def test_who_is_not_drawn_is_declined_and_the_log_says_who_was() -> None:
    of = policy()
    inputs, _ = verdict(of)
    dated = {"cap.all_in": Decimal("0.24"), "evaluator": Decimal(3)}
    without, _ = run_on(of, inputs, dated)
    drawn, _ = run_on(of, inputs, {**dated, DRAWN: Decimal(1)})
    assert json.loads(without)["outcome"] == "decline"
    assert json.loads(drawn)["outcome"] == "approve"
    assert json.loads(drawn)["routing"] == "random_accept"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"codes": []}, "parameters.random_accept.codes"),
        ({"codes": "risk_too_high"}, "parameters.random_accept.codes"),
        ({"tier": "8"}, "parameters.random_accept.tier"),
        ({"most_amount": "0"}, "parameters.random_accept.most_amount"),
        ({"bank_interest": "-0.01"}, "parameters.random_accept.bank_interest"),
        ({"share": "0.5"}, "parameters.random_accept.share"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        policy(**changes)
    assert refused.value.field == field
