"""From the decision log to an experiment's tables: arms, shadow pairs, declines by lot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from tael.kernel import ApplicationId, DecisionId, Rate, VersionId
from tael.policies import first_bundle, rules
from tael.policies.canonical import canonical
from tael.policies.decisions import run_logged
from tael.policies.engines import DmnRules, Engines, Score
from tael.policies.experiments import (
    LotSettings,
    assigned_table,
    classify,
    declines_of,
    default_of_declines,
    shadow_tables,
)
from tael.policies.figures import DRAWN
from tael.policies.model import Feature, LogEntry
from tael.policies.texts import Policy, load

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
GOOD: Mapping[str, object] = {
    "owner_age": 41, "years_in_business": 6, "employees": 5, "monthly_revenue": 100_000,
    "bank_turnover_12m": 1_000_000, "tax_paid_12m": 20_000, "total_debt": 300_000,
    "debt_ratio": Decimal("0.25"), "revenue_volatility": Decimal("0.02"), "overdue_count_24m": 0,
    "enquiries_6m": 1, "active_loans": 1, "owns_property": True, "region": "310000",
    "industry": "F52", "enterprise_kind": "company", "amount": 150_000, "months": 12,
}  # fmt: skip
LOTTERY = {"codes": ["risk_too_high"], "most_amount": "50000", "tier": "6",
           "bank_interest": "0.06", "guarantee_fee": "0.16"}  # fmt: skip
CHAMPION, CHALLENGER = (VersionId.new(NOON) for _ in range(2))


class Given:
    """Gives the probability that the model's text names, or as much as the firm's volatility."""

    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""
    variables = ("revenue_volatility",)
    codes = ()

    def __init__(self, text: str) -> None:
        self._added = Decimal(text)

    def score(self, features: Mapping[str, Feature]) -> Score:
        swing = features["revenue_volatility"]
        assert isinstance(swing, Decimal)
        return Score(Rate(swing + self._added), 500)


@pytest.fixture(scope="module")
def policy() -> Policy:
    made = first_bundle("0")
    text = json.dumps(json.loads(made.parameters) | {"random_accept": LOTTERY})
    return load(replace(made, parameters=text), Engines(rules=DmnRules, scorer=Given))


def entry(policy: Policy, number: int, *, drawn: bool = False, **change: object) -> LogEntry:
    """A row of the log as a decision leaves it; every third goes to the challenger."""
    inputs = canonical(rules.checked(policy, {**GOOD, **change}))
    dated = {
        "cap.all_in": Decimal("0.24"),
        "evaluator": rules.EVALUATOR,
        **({DRAWN: 1} if drawn else {}),
    }
    parameters = canonical(dated)
    result, trace = run_logged(policy, inputs, parameters)
    arm = "champion" if number % 3 else "challenger"
    context = {"deployment": 4, "bucket": number, "arm": arm, "random_accept": drawn}
    application = ApplicationId.derive(NOON, str(number))
    return LogEntry(
        id=DecisionId.derive(NOON, f"{number}{drawn}"), application_id=application,
        policy_id=CHAMPION if number % 3 else CHALLENGER, key=str(number), as_of=NOON,
        recorded_by="wang", inputs=inputs, inputs_hash="", parameters=parameters, result=result,
        result_hash="", trace=trace, elapsed_us=1, context=canonical(context),
    )  # fmt: skip


def test_arms_are_those_of_the_log_and_the_last_decision_counts(policy: Policy) -> None:
    first, second = entry(policy, 1, industry="gambling"), entry(policy, 1)
    third = entry(policy, 3)
    booked = {second.application_id: date(2026, 1, 9)}
    table = assigned_table([first, third, second], booked).to_pylist()
    by_arm = {row["arm"]: row for row in table}
    assert by_arm.keys() == {"champion", f"challenger {CHALLENGER}"}
    assert by_arm["champion"]["outcome"] == "approve"
    assert by_arm["champion"]["booked_on"] == date(2026, 1, 9)
    assert by_arm["champion"]["decided_on"] == date(2026, 1, 5)


def test_what_the_lot_accepted_is_a_decline_of_its_arm(policy: Policy) -> None:
    by_lot = entry(policy, 1, drawn=True, revenue_volatility=Decimal("0.5"))
    assert json.loads(by_lot.result)["outcome"] == "approve"
    (row,) = assigned_table([by_lot], {by_lot.application_id: date(2026, 1, 9)}).to_pylist()
    assert (row["outcome"], row["booked_on"]) == ("decline", None)


def test_pairs_of_log_and_shadow_are_classified_without_the_lot(policy: Policy) -> None:
    one, two = entry(policy, 1), entry(policy, 2, drawn=True, revenue_volatility=Decimal("0.5"))
    worse = entry(policy, 1, revenue_volatility=Decimal("0.05")).result
    found, classes = classify(*shadow_tables([(one, worse), (two, two.result)]))
    assert found.rows == 1
    assert classes["class"].to_pylist() == ["tier_worse"]


def test_declines_have_the_chance_of_their_deployment_where_the_policy_opens_them(
    policy: Policy,
) -> None:
    bad = Decimal("0.5")
    rows = [
        entry(policy, 1),
        entry(policy, 2, revenue_volatility=bad),
        entry(policy, 4, drawn=True, revenue_volatility=bad),
        entry(policy, 5, drawn=True, revenue_volatility=bad),
        entry(policy, 7, revenue_volatility=bad, industry="gambling"),
        entry(policy, 8, revenue_volatility=bad, amount=5_000),
    ]
    known = {rows[2].application_id: True}
    settings = LotSettings({4: 200}, {CHAMPION: policy, CHALLENGER: policy}, known)
    found = declines_of(rows, settings)
    assert np.asarray(found.chance).tolist() == [0.02, 0.02, 0.02, 0.0, 0.0]
    assert np.asarray(found.accepted).tolist() == [False, True, True, False, False]
    figures = default_of_declines(found)
    assert (figures.declines, figures.eligible, figures.accepted, figures.known) == (5, 3, 2, 1)
    assert figures.against[0].claim == 0.5


def test_a_log_without_a_decline_has_no_lot(policy: Policy) -> None:
    found = declines_of([entry(policy, 1)], LotSettings({}, {CHAMPION: policy}, {}))
    assert np.asarray(found.chance).shape == (0,)
