"""What holds of the first policy whatever is put into it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import Rate
from tael.policies import first_bundle
from tael.policies.canonical import canonical, read
from tael.policies.engines import DmnRules, Engines, Score
from tael.policies.model import Verdict
from tael.policies.rules import checked, evaluate
from tael.policies.texts import load

CAP = Rate.percent(24)


class ScorerOfInput:
    """Takes a feature for the probability, so that one policy serves every draw."""

    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""

    def __init__(self, text: str) -> None:
        self._scale = Decimal(text)
        self.variables = ("revenue_volatility",)
        self.codes: tuple[str, ...] = ()

    def score(self, features: Mapping[str, object]) -> Score:
        return Score(Rate(Decimal(str(features["revenue_volatility"])) * self._scale), 0)


POLICY = load(first_bundle("1"), Engines(rules=DmnRules, scorer=ScorerOfInput))


def sums(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most * 100).map(lambda cents: Decimal(cents) / 100)


APPLICATIONS = st.fixed_dictionaries(
    {
        "owner_age": st.integers(0, 120),
        "years_in_business": st.integers(0, 150),
        "employees": st.integers(0, 500),
        "monthly_revenue": sums(5_000_000),
        "bank_turnover_12m": sums(60_000_000),
        "tax_paid_12m": sums(1_000_000),
        "total_debt": sums(60_000_000),
        "debt_ratio": sums(3),
        "revenue_volatility": sums(1),  # the probability here
        "overdue_count_24m": st.integers(0, 24),
        "enquiries_6m": st.integers(0, 40),
        "active_loans": st.integers(0, 20),
        "owns_property": st.booleans(),
        "region": st.sampled_from(["310000", "440000"]),
        "industry": st.sampled_from(["F52", "gambling"]),
        "enterprise_kind": st.sampled_from(["individual_business", "company"]),
        "amount": sums(3_000_000).map(lambda amount: amount + 1),
        "months": st.integers(1, 360),
    }
)


def decided(features: Mapping[str, object], cap: Rate = CAP) -> Verdict:
    return evaluate(POLICY, checked(POLICY, features), cap=cap)[0]


@settings(max_examples=150, deadline=None)
@given(APPLICATIONS)
def test_the_policy_answers_everything_in_range_and_keeps_its_word(
    features: dict[str, object],
) -> None:
    verdict = decided(features)
    assert (verdict.outcome == "decline") == (not verdict.options)
    assert (verdict.outcome == "approve") <= (verdict.limit.minor > 0)
    assert (verdict.outcome != "approve") <= bool(verdict.reasons)
    assert all(POLICY.reason(code).zh != code for code in verdict.reasons)
    for option in verdict.options:
        paid = [c.rate.fraction for c in option.components if c.payer == "borrower"]
        assert sum(paid) <= CAP.fraction
        assert option.limit <= verdict.limit


@settings(max_examples=100, deadline=None)
@given(APPLICATIONS, sums(1))
def test_a_lower_probability_never_gets_a_worse_price_or_limit(
    features: dict[str, object], other: Decimal
) -> None:
    low, high = sorted([Decimal(str(features["revenue_volatility"])), other])
    better = decided({**features, "revenue_volatility": low})
    worse = decided({**features, "revenue_volatility": high})
    assert better.tier <= worse.tier
    if worse.outcome == "approve":
        assert better.outcome == "approve"
        assert better.limit >= worse.limit
        rates = [
            sum(c.rate.fraction for c in v.options[0].components if c.payer == "borrower")
            for v in (better, worse)
        ]
        assert rates[0] <= rates[1]


@settings(max_examples=60, deadline=None)
@given(APPLICATIONS)
def test_a_decision_from_its_logged_text_is_the_same_bits(features: dict[str, object]) -> None:
    inputs = checked(POLICY, features)
    first = evaluate(POLICY, inputs, cap=CAP)
    logged = read(canonical(inputs))
    assert isinstance(logged, dict)
    again = evaluate(POLICY, logged, cap=CAP)
    assert canonical(first[0].as_json()) == canonical(again[0].as_json())
    assert canonical(first[1]) == canonical(again[1])
