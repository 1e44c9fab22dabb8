"""Columns decide every application as the decision of one does: that one is the definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tael.dmn import authoring
from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.kernel import BadInput, InvariantBroken, Rate, TaelError
from tael.policies import Bundle, first_bundle, rules
from tael.policies.backtest.verdict import OUTCOMES, Decider, Verdicts
from tael.policies.ports import Score

CAP = Rate.percent(24)
TIER = Table(
    (InputColumn("pd", "number"),),
    (OutputColumn(type="number"),),
    (Rule(("< 0.02",), ("1",)), Rule(("[0.02..0.1)",), ("4",)), Rule((">= 0.1",), ("7",))),
)
REASONED = Table(
    (InputColumn("tier", "number"), InputColumn("debt_ratio", "number")),
    (OutputColumn(type="string"),),
    (
        Rule(("7", "-"), ('"decline"',), ("risk_too_high",)),
        Rule(("-", "> 0.9"), ('"decline"',), ("over_indebted",)),
        Rule(("4", "> 0.5"), ('"refer"',), ("weak_tier_large_amount",)),
        Rule(("-", "-"), ('"approve"',), ("",)),
    ),
    hit_policy="FIRST",
    annotations=("reason",),
)
MENU = """{"currency": "CNY", "limit_step": "0.25", "least_amount": "12.345",
 "penalty_rate": "0.03", "servicing_fee": "0.03", "options": [
 {"code": "a", "tiers": [1, 4], "method": "EQUAL_INSTALMENT", "months": "0.333", "fee_change": "0",
  "limit_share": "0.3333"},
 {"code": "b", "tiers": [1], "method": "FLAT", "months": "1", "fee_change": "-0.0000000000005",
  "limit_share": "1"}]}"""


class Told:
    """A scorer whose answer is at hand."""

    variables: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""

    def __init__(self, pd: Decimal) -> None:
        self.pd = pd

    def score(self, features: Mapping[str, object]) -> Score:
        assert features
        return Score(Rate(self.pd), 0)


def written(limit: str, prices: str, outcome: Table | str = REASONED) -> Bundle:
    """A policy written for the test: its limit and prices are expressions."""
    draft = Draft.new("tried", "https://tael.example/tried")
    for name in ("amount", "months", "debt_ratio", "monthly_revenue", "total_debt", "pd"):
        draft = draft.input(name, "number")
    draft = draft.decision("tier", TIER, "number").decision("outcome", outcome, "string")
    draft = draft.decision("heavy", "total_debt / monthly_revenue > 12", "boolean")
    draft = draft.decision("limit", limit, "number").decision("prices", prices)
    return replace(first_bundle(SCORECARD), dmn=draft.to_xml(), prices=MENU)


SCORECARD = ""
PRICES = "{bank_interest: 0.055, guarantee_fee: if tier = 1 then 0.06 else 0.2}"
WRITTEN: dict[str, tuple[str, str, Table | str]] = {
    "reasons by rule": ("amount * 0.71", PRICES, REASONED),
    "a limit that is a quotient": ("amount / 3", PRICES, REASONED),
    "a limit that may be null": ("if amount > 200000 then null else amount", PRICES, REASONED),
    "a price by the row": (
        "total_debt + 0.001",
        "{bank_interest: pd / 2 + 0.01, guarantee_fee: decimal(pd * 1.7, 12)}",
        REASONED,
    ),
    "a price that is no number": ("amount", '{bank_interest: "x", guarantee_fee: 0}', REASONED),
    "an outcome that is none": (
        "amount", PRICES, 'if debt_ratio > 0.5 then "perhaps" else "approve"',
    ),
    "a limit below zero": ("amount - 100000", PRICES, REASONED),
}  # fmt: skip


@pytest.fixture(scope="module")
def first(card: str) -> Decider:
    return Decider(first_bundle(card), CAP)


@pytest.fixture(scope="module")
def card() -> str:
    from tests.policies.backtest.conftest import scorecard

    return scorecard()


def alone(decider: Decider, row: dict[str, Any]) -> tuple[object, ...]:
    """The decision of one row by the definition, in the words of the columns."""
    policy = replace(decider.policy, scorer=Told(row.pop("pd")))
    try:
        features = rules.checked(policy, row)
    except BadInput as wrong:
        kind = "input_missing:" if wrong.rule == "required" else "input_refused:"
        return "unanswered", 0, 0, kind + str(wrong.field), {}, None
    try:
        found, _ = rules.evaluate(policy, features, cap=CAP)
    except (TaelError, InvariantBroken):
        return "unanswered", 0, 0, "policy_undetermined", {}, None
    rates = {
        option.code: sum(
            (part.rate.fraction for part in option.components if part.payer == "borrower"),
            Decimal(0),
        )
        for option in found.options
    }
    best = min(found.options, key=lambda option: rates[option.code], default=None)
    return (
        found.outcome,
        found.tier,
        found.limit.minor,
        found.reasons[0] if found.reasons else "",
        {option.code: option.limit.minor for option in found.options},
        best and (best.code, best.months, rates[best.code].quantize(Decimal("1e-9"))),
    )


def together(decider: Decider, found: Verdicts, row: int) -> tuple[object, ...]:
    offers, menu = found.offers, decider.menu.options
    takes = int(offers.takes[row])
    rate = Decimal(int(offers.rate[row])).scaleb(-9)
    return (
        OUTCOMES[found.outcome[row]],
        int(found.tier[row]),
        int(found.limit[row]),
        found.codes[found.reason[row]],
        {
            option.code: int(offers.limits[place, row])
            for place, option in enumerate(menu)
            if offers.kinds[row] >> place & 1
        },
        None if takes < 0 else (menu[takes].code, int(offers.months[row]), rate),
    )


def differences(decider: Decider, table: pa.Table) -> list[object]:
    found = decider.decide(table)
    read = [rule.name for rule in decider.policy.inputs]
    rows = table.select([*read, "pd"]).to_pylist()
    pairs = [(alone(decider, row), together(decider, found, at)) for at, row in enumerate(rows)]
    assert len(found) == len(rows) > 0
    return [pair for pair in pairs if pair[0] != pair[1]]


def test_the_first_policy_decides_in_columns_as_alone(
    first: Decider, inputs_of: Callable[..., dict[str, Any]]
) -> None:
    table = pa.table(inputs_of(1500, 5))
    assert differences(first, table) == []
    assert first.decide(table).alone == 0
    assert {OUTCOMES[code] for code in first.decide(table).outcome} >= {"approve", "refer"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_first_policy_decides_in_columns_as_alone_many_times(
    first: Decider, inputs_of: Callable[..., dict[str, Any]], seed: int
) -> None:
    assert differences(first, pa.table(inputs_of(3000, 100 + seed))) == []


@pytest.mark.parametrize("what", WRITTEN)
def test_any_policy_decides_in_columns_as_alone(
    card: str, inputs_of: Callable[..., dict[str, Any]], what: str
) -> None:
    decider = Decider(replace(written(*WRITTEN[what]), model=card), CAP)
    assert differences(decider, pa.table(inputs_of(250, 9))) == []


def test_an_input_that_is_missing_or_refused_is_told_and_nothing_is_decided(
    first: Decider, inputs_of: Callable[..., dict[str, Any]]
) -> None:
    columns = inputs_of(60, 3)
    columns["debt_ratio"] = pa.array([None, *columns["debt_ratio"].to_pylist()[1:]])
    columns["enterprise_kind"] = pa.array(["company", "trust", *["company"] * 58])
    columns["region"] = pa.array(["", "  ", None, *["310000"] * 57])
    columns["owner_age"] = pa.array([Decimal("41.5")] * 5 + [Decimal(40)] * 55)
    columns["tax_paid_12m"] = pa.array(
        [Decimal(-1), Decimal(10) ** 30, *[Decimal(0)] * 58], pa.decimal128(38, 0)
    )
    table = pa.table(columns)
    assert differences(first, table) == []
    found = first.decide(table)
    told = [found.codes[code] for code in found.reason[:5]]
    assert told == [
        "input_refused:owner_age", "input_refused:owner_age", "input_refused:owner_age",
        "input_refused:owner_age", "input_refused:owner_age",
    ]  # fmt: skip
    assert found.outcome[:5].tolist() == [0] * 5
    assert found.offers.kinds[:5].tolist() == [0] * 5


def test_numbers_too_long_for_columns_are_decided_alone(
    first: Decider, inputs_of: Callable[..., dict[str, Any]]
) -> None:
    columns = inputs_of(40, 4)
    amounts = [Decimal(10) ** 25 + Decimal("0.01"), *columns["amount"].to_pylist()[1:]]
    columns["amount"] = pa.array(amounts, pa.decimal128(38, 2))
    columns["months"] = pa.array([12] * 40)
    assert differences(first, pa.table(columns)) == []


def test_scores_are_those_of_one_row_when_the_history_holds_none(
    first: Decider, inputs_of: Callable[..., dict[str, Any]]
) -> None:
    table = pa.table(inputs_of(200, 6)).drop_columns(["pd"])
    found = first.decide(table)
    scorer = first.policy.scorer
    for row, features in enumerate(table.to_pylist()):
        if OUTCOMES[found.outcome[row]] != "unanswered":
            expected = scorer.score(rules.checked(first.policy, features)).pd.fraction
            assert Decimal(int(found.pd[row])).scaleb(-9) == expected
    assert int(np.unique(found.pd).size) > 5


def test_neither_scores_nor_what_the_model_reads_is_refused(
    first: Decider, inputs_of: Callable[..., dict[str, Any]]
) -> None:
    table = pa.table(inputs_of(5)).drop_columns(["pd", "revenue_volatility"])
    with pytest.raises(BadInput, match="neither scores") as refused:
        first.decide(table)
    assert refused.value.field == "revenue_volatility"


def test_a_model_made_of_drafts_is_one_that_loads() -> None:
    assert isinstance(authoring.Draft.read(written("amount", PRICES).dmn), Draft)
