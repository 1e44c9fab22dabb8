"""Staged policies to try: the shipped one around a small scorecard; sources as a test wants."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tael.kernel import Rate
from tael.policies import rules
from tael.policies.flow import (
    Ahead,
    Answer,
    Applicant,
    FlowPlan,
    FlowResult,
    FlowRunner,
    FlowSettings,
    plan_of,
    staged_bundle,
)
from tael.policies.model import Bundle, Verdict
from tael.policies.texts import Policy

CAP = Rate.percent(24)
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SAID: Mapping[str, object] = {
    "amount": Decimal(200_000), "months": 12, "owner_age": 41, "firm_age_months": 90,
    "industry": "F", "stated_sales_12m": Decimal(2_000_000),
}  # fmt: skip
TOLD: Mapping[str, object] = {
    "abnormal_listings_180d": 0, "downgrades_365d": 0, "device_changes_365d": 0,
    "bills_missed_365d": 0, "firm_enforced_730d": 0, "owner_enforced_730d": 0,
    "owner_dishonest_now": 0, "late_records_730d": 0, "enquiries_180d": 1, "tax_missed_365d": 0,
    "invoiced_365d": Decimal(1_500_000), "banked_sales_365d": Decimal(1_900_000),
    "takings_365d": Decimal(0),
}  # fmt: skip

# The codes that the small scorecard gives; the shipped policy has words for them.
REASONS = {
    "late_records_730d": "overdue_history", "enquiries_180d": "too_many_enquiries",
    "banked_sales_365d": "sales_below_statement", "invoiced_365d": "sales_below_statement",
}  # fmt: skip


def card(logits: Mapping[str, tuple[Sequence[float], Sequence[float]]], intercept: float) -> str:
    """A scorecard by hand: of each variable the cuts, and what each bin and missing add."""
    factor = 40 / math.log(2)
    even = (600 - factor * (math.log(20) + intercept)) / len(logits)

    def characteristic(name: str, cuts: Sequence[float], adds: Sequence[float]) -> dict[str, Any]:
        feature = {"name": name, "kind": "numeric", "monotone": "auto", "max_bins": 6,
                   "min_share": 0.03, "reason": REASONS.get(name, "")}  # fmt: skip
        share = [1 / len(adds)] * len(adds)
        binning = {"feature": feature, "cuts": list(cuts), "groups": [], "woe": [-z for z in adds],
                   "shares": share, "bad_rates": share, "information_value": 1.0}  # fmt: skip
        points = [round(even - factor * z) for z in adds]
        return {"binning": binning, "coefficient": -1.0, "logits": list(adds), "points": points}

    return json.dumps(
        {
            "format": "tael.scorecard/1",
            "scale": {"base_points": 600, "base_odds": 20.0, "points_to_double": 40},
            "training": [0.005, 1.0],
            "intercept": intercept,
            "characteristics": [characteristic(n, c, a) for n, (c, a) in logits.items()],
            "dropped": {},
        }
    )


USUAL_CARD = card(
    {
        "late_records_730d": ([1, 4], [-0.5, 0.6, 1.4, 0.0]),
        "enquiries_180d": ([2, 5], [-0.3, 0.2, 0.9, 0.0]),
        "banked_sales_365d": ([200_000, 1_000_000], [0.8, 0.1, -0.6, 0.0]),
        "invoiced_365d": ([100_000], [0.05, -0.05, 0.0]),
    },
    intercept=-3.6,
)


@dataclass
class Sources:
    """Sources that say what a test wants, at the plan's prices; every call is noted."""

    plan: FlowPlan
    values: Mapping[str, object] = field(default_factory=lambda: TOLD)
    other: dict[str, Callable[[Answer], Answer]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def fetch(self, source: str, subject: str, *, key: str, budget_s: float) -> Answer:
        assert (key, budget_s > 0) == (f"{subject}/1:{source}", True)
        self.calls.append(source)
        values = {n: self.values[n] for n, b in self.plan.behind.items() if source in b}
        cost = self.plan.sources[source].cost_minor
        answer = Answer(source, values=values, cost_minor=cost, known_at=NOW)
        return self.other.get(source, lambda usual: usual)(answer)


@dataclass(frozen=True)
class Flow:
    """A loaded policy with its flow."""

    bundle: Bundle
    policy: Policy
    ahead: Ahead
    plan: FlowPlan

    @classmethod
    def of(cls, bundle: Bundle) -> Flow:
        ahead = Ahead.of(bundle)
        plan = plan_of(ahead.policy, bundle.parameters)
        assert plan is not None
        return cls(bundle, ahead.policy, ahead, plan)

    def changed(self, change: Callable[[dict[str, Any]], None]) -> Flow:
        """The same flow with other parameters."""
        parameters = json.loads(self.bundle.parameters)
        change(parameters)
        bundle = replace(self.bundle, parameters=json.dumps(parameters))
        plan = plan_of(self.policy, bundle.parameters)
        assert plan is not None
        return replace(self, bundle=bundle, plan=plan)

    def applicant(self, said: Mapping[str, object] = SAID) -> Applicant:
        return Applicant("E1", "E1/1", NOW, said)

    def run(
        self,
        sources: Sources,
        said: Mapping[str, object] = SAID,
        settings: FlowSettings = FlowSettings(watched=False),  # noqa: B008 - frozen
    ) -> FlowResult:
        runner = FlowRunner(self.ahead, self.plan, sources, settings)
        return runner.run(self.applicant(said), cap=CAP)

    def whole(
        self, told: Mapping[str, object] = TOLD, said: Mapping[str, object] = SAID
    ) -> Verdict:
        """The verdict with everything known."""
        inputs = rules.checked(self.policy, {**said, **told})
        return rules.evaluate(self.policy, inputs, cap=CAP)[0]


@cache
def usual() -> Flow:
    return Flow.of(staged_bundle(USUAL_CARD))


@pytest.fixture
def flow() -> Flow:
    """The shipped staged policy around a small scorecard."""
    return usual()


@pytest.fixture
def sources(flow: Flow) -> Sources:
    """Sources that speak well of the applicant."""
    return Sources(flow.plan)
