"""The first policy through a scorer of the test's own: tiers, prices, knock-outs, bad input."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tael import dmn
from tael.kernel import BadInput, Rate, TaelError
from tael.policies import first_bundle
from tael.policies.canonical import canonical, read
from tael.policies.engines import DmnRules, Engines, Score
from tael.policies.model import Verdict
from tael.policies.rules import checked, evaluate
from tael.policies.texts import Policy, load

CASES = Path(__file__).parent / "cases"
CAP = Rate.percent(24)
GOOD: Mapping[str, object] = {
    "owner_age": 41, "years_in_business": 6, "employees": 5, "monthly_revenue": 100_000,
    "bank_turnover_12m": 1_000_000, "tax_paid_12m": 20_000, "total_debt": 300_000,
    "debt_ratio": Decimal("0.25"), "revenue_volatility": Decimal("0.2"), "overdue_count_24m": 0,
    "enquiries_6m": 1, "active_loans": 1, "owns_property": True, "region": "310000",
    "industry": "F52", "enterprise_kind": "company", "amount": 150_000, "months": 12,
}  # fmt: skip


class FixedScorer:
    """Gives the probability that its model text names."""

    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""

    def __init__(self, text: str) -> None:
        self._pd = Rate(Decimal(text))
        self.variables: tuple[str, ...] = ()
        self.codes = ("debt_ratio",)

    def score(self, features: Mapping[str, object]) -> Score:
        assert features
        return Score(self._pd, 600, reasons=lambda: ("debt_ratio",))


class Answering(FixedScorer):
    """Gives one answer."""

    def __init__(self, answer: Score) -> None:
        super().__init__("0")
        self._answer = answer

    def score(self, features: Mapping[str, object]) -> Score:
        assert features
        return self._answer


def policy(pd: str = "0.02") -> Policy:
    return load(first_bundle(pd), Engines(rules=DmnRules, scorer=FixedScorer))


def verdict(pd: str = "0.02", cap: Rate = CAP, **changes: object) -> Verdict:
    loaded = policy(pd)
    return evaluate(loaded, checked(loaded, {**GOOD, **changes}), cap=cap)[0]


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def menu(count: int = 1, **change: str) -> str:
    """A price menu with one field of its option changed."""
    fields = {
        "code": '"a"',
        "tiers": "[1]",
        "method": '"EQUAL_INSTALMENT"',
        "months": '"1"',
        "fee_change": '"0"',
        "limit_share": '"1"',
    }
    whole = {"currency": '"CNY"', "limit_step": "1000", "least_amount": "1", "penalty_rate": "0",
             "servicing_fee": "0"}  # fmt: skip
    whole |= {name: text for name, text in change.items() if name in whole}
    fields |= {name: text for name, text in change.items() if name not in whole}
    option = ", ".join(f'"{name}": {text}' for name, text in fields.items())
    head = ", ".join(f'"{name}": {text}' for name, text in whole.items())
    return f'{{{head}, "options": [' + ", ".join(["{" + option + "}"] * count) + "]}"


def inputs(**fields: str) -> str:
    """Parameters with one input of these fields."""
    spec = ", ".join(f'"{name}": {text}' for name, text in {"type": '"number"', **fields}.items())
    return '{"reasons": {}, "inputs": {"x": {' + spec + "}}}"


@pytest.mark.parametrize("case", rows("first_policy.csv"), ids=lambda case: case["name"])
def test_the_first_policy_decides_as_its_table_of_cases_says(case: dict[str, str]) -> None:
    change: dict[str, Any] = {case["input"]: _value(case["value"])} if case["input"] else {}
    found = verdict(case["pd"], **change)
    assert found.outcome == case["outcome"]
    assert found.tier == int(case["tier"])
    by_score = ["debt_ratio"] if "risk_too_high" in case["reasons"] else []
    assert list(found.reasons) == case["reasons"].split() + by_score
    assert len(found.options) == int(case["options"])


def _value(text: str) -> object:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def test_better_tiers_pay_less_and_may_borrow_more() -> None:
    chances = ("0.005", "0.015", "0.03", "0.05", "0.08", "0.12")
    found = [verdict(pd, monthly_revenue=10_000_000) for pd in chances]
    assert [v.tier for v in found] == [1, 2, 3, 4, 5, 6]
    paid = [[c for c in v.options[0].components if c.payer == "borrower"] for v in found]
    rates = [sum(c.rate.fraction for c in parts) for parts in paid]
    assert rates == sorted(set(rates))
    limits = [v.limit for v in found]
    assert limits == sorted(set(limits), reverse=True)
    assert all(rate <= CAP.fraction for rate in rates)


def test_every_option_names_who_pays_and_the_platform_is_not_paid_by_the_borrower() -> None:
    for option in verdict().options:
        paid = [c for c in option.components if c.payer == "borrower"]
        assert {c.payee for c in paid} == {"bank", "guarantor"}


def test_options_above_the_cap_are_not_made_and_without_one_nothing_is_approved() -> None:
    below = verdict("0.03", cap=Rate.percent("15.2"))
    assert [option.code for option in below.options] == ["as_asked", "equal_principal"]
    found = verdict("0.03", cap=Rate.percent(10))
    assert (found.outcome, found.reasons[0]) == ("decline", "no_price_within_cap")


def test_a_limit_below_the_request_says_so() -> None:
    found = verdict(amount=900_000, months=36)
    assert found.outcome == "approve"
    assert found.reasons == ("limit_below_request",)
    assert str(found.limit) == "600,000.00 CNY"


def test_every_reason_has_both_texts() -> None:
    loaded = policy()
    for case in rows("first_policy.csv"):
        for code in case["reasons"].split():
            reason = loaded.reason(code)
            assert reason.zh != code
            assert reason.en != code


@pytest.mark.parametrize("case", rows("bad_inputs.csv"), ids=lambda case: case["name"])
def test_a_bad_input_is_refused_by_name_and_rule(case: dict[str, str]) -> None:
    values: dict[str, object] = {
        "float": 1.5, "none": None, "true": True, "list": [1], "nan": Decimal("NaN"),
    }  # fmt: skip
    value = values.get(case["value"], _value(case["value"]))
    with pytest.raises(BadInput) as refused:
        checked(policy(), {**GOOD, case["input"]: value})
    assert refused.value.field == case["input"]
    assert refused.value.rule == case["rule"]


@pytest.mark.parametrize(
    ("part", "text", "field"),
    [
        ("prices", "{", "prices"),
        ("prices", "[]", "prices"),
        ("prices", '{"options": []}', "prices.options"),
        ("parameters", '{"inputs": {"x": {"type": "day"}}}', "parameters.inputs.x.type"),
        ("prices", menu(tiers="[8]"), "prices.options.tiers"),
        ("prices", menu(limit_share='"1.1"'), "prices.options.limit_share"),
        ("prices", menu(months='"0"'), "prices.options.months"),
        ("prices", menu(method='"BY_MOOD"'), "prices.options.method"),
        ("prices", menu(fee_change='"much"'), "prices.options.fee_change"),
        ("prices", menu(count=2), "prices.options.code"),
        ("prices", menu(tiers="[true]"), "prices.options.tiers"),
        ("prices", menu(code="7"), "prices.options.code"),
        ("prices", "[" * 100_000, "prices"),
        ("prices", menu(currency='"XXXX"'), "prices.currency"),
        ("prices", menu(limit_step="0"), "prices.limit_step"),
        ("parameters", '{"inputs": []}', "parameters.inputs"),
        ("parameters", '{"inputs": {"x": 7}}', "parameters.inputs.x"),
        ("parameters", inputs(minimum='"much"'), "parameters.inputs.x.minimum"),
        ("parameters", inputs(minimum="3", maximum="2"), "parameters.inputs.x.minimum"),
        ("parameters", inputs(values="5"), "parameters.inputs.x.values"),
        ("parameters", inputs(values="[5]"), "parameters.inputs.x.values"),
        (
            "parameters",
            inputs()[:-1] + ', "explained_by_score": 1}',
            "parameters.explained_by_score",
        ),
        ("parameters", '{"inputs": {}, "reasons": {"a": {"zh": "x"}}}', "parameters.reasons.a.en"),
        ("dmn", "<a/>", "dmn"),
        ("model", "much", "model"),
        ("variables", "[]", "variables"),
        ("variables", '{"names": []}', "variables.plan"),
        ("variables", '{"plan": "p", "names": ["a", "a"]}', "variables.names.a"),
        ("variables", '{"plan": "p", "names": ["months"]}', "variables.names.months"),
        ("variables", '{"plan": "p", "names": [], "x": 1}', "variables.x"),
    ],
)
def test_a_broken_text_does_not_load(part: str, text: str, field: str) -> None:
    bundle = first_bundle("0.02")
    with pytest.raises(BadInput) as refused:
        load(replace(bundle, **{part: text}), Engines(rules=DmnRules, scorer=FixedScorer))
    assert refused.value.field == field


def test_a_policy_that_leaves_a_value_open_decides_nothing() -> None:
    bundle = first_bundle("0.02")
    gap = bundle.dmn.replace("<text>&gt;= 0.16</text>", "<text>&gt;= 0.17</text>")
    assert gap != bundle.dmn
    bundle = type(bundle)(gap, "0.165", bundle.prices, bundle.parameters)
    loaded = load(bundle, Engines(rules=DmnRules, scorer=FixedScorer))
    with pytest.raises(TaelError) as refused:
        evaluate(loaded, checked(loaded, GOOD), cap=CAP)
    assert refused.value.code == "policy_undetermined"


@pytest.mark.parametrize(
    "known",
    [
        {"owner_age": 17}, {"years_in_business": Decimal("0.5")}, {"industry": "gambling"},
        {"overdue_count_24m": 7}, {"months": 48}, {"pd": Decimal("0.9")},
        {"debt_ratio": Decimal("1.3"), "owner_age": 41},
    ],
    ids=str,
)  # fmt: skip
def test_one_knock_out_declines_whatever_else_will_be_known(known: dict[str, object]) -> None:
    looked_at = dmn.loads(first_bundle("0.02").dmn).partial(known, "outcome")
    assert (looked_at.decided, looked_at.value) == (True, "decline")


def test_without_a_knock_out_everything_still_matters() -> None:
    known = {"owner_age": 41, "industry": "F52"}
    looked_at = dmn.loads(first_bundle("0.02").dmn).partial(known, "outcome")
    assert not looked_at.decided
    assert {"pd", "overdue_count_24m", "amount", "tax_paid_12m"} <= looked_at.needs


def test_four_reasons_at_most_and_one_concept_once() -> None:
    broken = {"years_in_business": 0, "overdue_count_24m": 9, "enquiries_6m": 20,
              "debt_ratio": Decimal(2), "owner_age": 70}  # fmt: skip
    every = ("business_too_young", "overdue_history", "too_many_enquiries", "over_indebted",
             "owner_age_out_of_range", "risk_too_high")  # fmt: skip
    loaded = policy("0.3")
    inputs = checked(loaded, {**GOOD, **broken})
    assert evaluate(loaded, inputs, cap=CAP)[0].reasons == every[:4]
    indebted = checked(loaded, {**GOOD, "debt_ratio": Decimal(2)})
    # The score's debt_ratio speaks of the same debt that the hard rule names.
    assert evaluate(loaded, indebted, cap=CAP)[0].reasons == ("over_indebted", "risk_too_high")


def test_what_an_older_evaluator_decided_is_decided_again_as_it_was() -> None:
    loaded = policy("0.3")
    inputs = checked(loaded, {**GOOD, "debt_ratio": Decimal(2), "owner_age": 70, "months": 40})
    assert evaluate(loaded, inputs, cap=CAP, evaluator=1)[0].reasons == (
        "over_indebted", "owner_age_out_of_range", "term_not_offered", "risk_too_high",
        "debt_ratio",
    )  # fmt: skip


@pytest.mark.parametrize(("pd", "asked"), [("0.02", 0), ("0.3", 1)])
def test_a_model_is_asked_for_reasons_only_where_they_are_given(pd: str, asked: int) -> None:
    loaded, times = policy(pd), list[str]()

    def why() -> tuple[str, ...]:
        times.append(pd)
        return ("debt_ratio",)

    answer = replace(loaded.scorer.score(checked(loaded, GOOD)), reasons=why)
    found = replace(loaded, scorer=Answering(answer))
    trace = evaluate(found, checked(found, GOOD), cap=CAP)[1]
    assert len(times) == asked
    assert "reasons" not in trace["score"]  # type: ignore[index]
    # In a trace that is whole, and as it was noted before, they always stand.
    for whole, evaluator in ((True, 4), (False, 3)):
        trace = evaluate(found, checked(found, GOOD), cap=CAP, evaluator=evaluator, whole=whole)[1]
        assert trace["score"]["reasons"] == ["debt_ratio"]  # type: ignore[index]


def test_rules_that_declare_no_reasons_give_the_codes_of_their_lists() -> None:
    bundle = first_bundle("0.3")
    silent = replace(bundle, dmn=bundle.dmn.replace("<why:codes/>", ""))
    engines = Engines(rules=DmnRules, scorer=FixedScorer)
    for case in ({"owner_age": 70}, {"tax_paid_12m": 0, "amount": 600_000}):
        inputs = checked(policy("0.3"), {**GOOD, **case})
        answers = [evaluate(load(b, engines), inputs, cap=CAP) for b in (bundle, silent)]
        assert canonical(answers[0][0].as_json()) == canonical(answers[1][0].as_json())


def test_canonical_text_is_one_per_value_and_is_read_back_exactly() -> None:
    value = {"b": Decimal("1.50"), "a": [1, Decimal("-0"), None, True, "元"]}
    text = canonical(value)
    assert text == '{"a":[1,0,null,true,"元"],"b":1.5}'
    assert canonical(read(text)) == text


@pytest.mark.parametrize("value", [1.5, {1: {2.5}}, Decimal("Infinity")])
def test_a_value_without_an_exact_text_is_refused(value: object) -> None:
    with pytest.raises(BadInput):
        canonical(value)
