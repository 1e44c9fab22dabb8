"""The stopping rule: its four states, the first end that counts, and plans."""

from __future__ import annotations

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.policies.experiments import Measure, Plan, Rule, State, applications_needed
from tael.policies.experiments.sequential import Counts
from tael.policies.experiments.stopping import first_end, judge_means, judge_shares, shared_alpha

RULE = Rule(Measure.DEFAULT, margin=0.01, expected=0.05)


@pytest.mark.parametrize(
    ("champion", "challenger", "state"),
    [
        (Counts(5, 100), Counts(2, 100), State.CONTINUE),
        (Counts(1_000, 20_000), Counts(700, 20_000), State.CHALLENGER_BETTER),
        (Counts(700, 20_000), Counts(1_000, 20_000), State.CHAMPION_BETTER),
        (Counts(5_000, 100_000), Counts(5_010, 100_000), State.NO_DIFFERENCE),
    ],
)
def test_a_lower_default_rate_is_better(champion: Counts, challenger: Counts, state: State) -> None:
    found = judge_shares(RULE, champion, challenger)
    assert found.state is state
    assert not found.given_up


def test_a_higher_approval_rate_is_better() -> None:
    rule = Rule(Measure.APPROVAL, margin=0.02, expected=0.5)
    assert judge_shares(rule, Counts(500, 1_000), Counts(600, 1_000)).state is (
        State.CHALLENGER_BETTER
    )


def test_what_is_not_told_apart_by_the_planned_end_is_given_up_and_says_so() -> None:
    rule = Rule(Measure.DEFAULT, margin=0.01, expected=0.05, planned=2_000)
    assert judge_shares(rule, Counts(50, 999), Counts(52, 1_000)).state is State.CONTINUE
    found = judge_shares(rule, Counts(50, 1_000), Counts(52, 1_000))
    assert found.state is State.NO_DIFFERENCE
    assert found.given_up
    assert "proves no equality" in found.words.en


def test_more_profit_is_better_and_little_is_said_of_few() -> None:
    random = np.random.Generator(np.random.PCG64(1))
    champion, challenger = random.normal(100.0, 50.0, 4_000), random.normal(120.0, 50.0, 4_000)
    rule = Rule(Measure.PROFIT, margin=5.0)
    assert judge_means(rule, champion, challenger).state is State.CHALLENGER_BETTER
    assert judge_means(rule, challenger, champion).state is State.CHAMPION_BETTER
    assert judge_means(rule, champion[:49], challenger).state is State.CONTINUE
    assert judge_means(rule, champion[:0], challenger).state is State.CONTINUE


def test_the_first_end_counts_whatever_later_looks_say() -> None:
    looks = [(Counts(5, 100), Counts(2, 100)), (Counts(1_000, 20_000), Counts(700, 20_000)),
             (Counts(5_000, 100_000), Counts(5_010, 100_000))]  # fmt: skip
    number, found = first_end(RULE, looks)
    assert (number, found.state) == (1, State.CHALLENGER_BETTER)
    number, found = first_end(RULE, looks[:1])
    assert (number, found.state) == (0, State.CONTINUE)
    with pytest.raises(BadInput, match="no look"):
        first_end(RULE, [])


def test_several_challengers_share_alpha() -> None:
    assert shared_alpha(RULE, ["a", "b"]) == pytest.approx(0.025)
    assert shared_alpha(RULE, []) == pytest.approx(0.05)


@pytest.mark.parametrize("change", [{"margin": 0.0}, {"alpha": 1.0}, {"planned": 0}])
def test_a_rule_that_cannot_be_meant_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        Rule(**{"measure": Measure.DEFAULT, "margin": 0.01, **change})  # type: ignore[arg-type]


def test_the_number_looked_at_once_is_that_of_the_book() -> None:
    # (1.96 √(2 · 0.65 · 0.35) + 0.8416 √(0.24 + 0.21))² / 0.1² = 356 an arm.
    needed = applications_needed(Plan(champion=0.6, challenger=0.7))
    assert needed.at_once == pytest.approx(2 * 356, abs=2)


def test_watching_costs_more_and_small_arms_cost_more() -> None:
    even = applications_needed(Plan(champion=0.3, challenger=0.2))
    uneven = applications_needed(Plan(champion=0.3, challenger=0.2, share=0.1))
    half_known = applications_needed(Plan(champion=0.3, challenger=0.2, known=0.5))
    assert even.at_once < even.watched < 4 * even.at_once
    assert uneven.watched > 2 * even.watched
    assert half_known.watched == pytest.approx(2 * even.watched, rel=0.01)


@pytest.mark.parametrize(
    ("field", "value"), [("challenger", 0.05), ("share", 0.0), ("known", 1.5), ("power", 1.0)]
)
def test_a_plan_that_cannot_be_met_is_refused(field: str, value: float) -> None:
    with pytest.raises(BadInput) as refused:
        Plan(**{"champion": 0.05, "challenger": 0.04, field: value})
    assert refused.value.field == field


@pytest.mark.slow
def test_a_planned_experiment_finds_its_difference_as_often_as_planned() -> None:
    plan = Plan(champion=0.08, challenger=0.05, power=0.8)
    rows = applications_needed(plan).watched // 2
    random, found = np.random.Generator(np.random.PCG64(3)), 0
    rule = Rule(Measure.DEFAULT, margin=0.03, expected=0.08)
    looks = np.unique(np.geomspace(100, rows, 40).astype(int))
    for _ in range(300):
        first = (random.random(rows) < plan.champion).cumsum()[looks - 1].tolist()
        second = (random.random(rows) < plan.challenger).cumsum()[looks - 1].tolist()
        _, standing = first_end(
            rule,
            (
                (Counts(a, n), Counts(b, n))
                for a, b, n in zip(first, second, looks.tolist(), strict=True)
            ),
        )
        found += standing.state is State.CHALLENGER_BETTER
    # Never less than planned but for chance; more, since one may end before the last look.
    assert 0.75 <= found / 300 <= 0.97
