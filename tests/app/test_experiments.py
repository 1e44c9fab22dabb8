"""Decisions of a deployment and what became of them: arms, the rule's word, shadows."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from tael.app.experiment_rows import Rows, outcome_of
from tael.app.experiment_telling import Wanted, tell
from tael.app.store.outcomes import MonthEnd, Shadowed
from tael.kernel import ApplicationId, DecisionId, VersionId
from tael.policies.experiments import LotSettings
from tael.policies.model import Arm, Deployment, LogEntry, Role, StoppingRule

AT = datetime(2025, 1, 6, tzinfo=UTC)
OLD, NEW, BESIDE = (VersionId.derive(AT, "version", name) for name in ("old", "new", "beside"))
TODAY = date(2026, 3, 1)
DECLARED = StoppingRule(margin=Decimal("0.03"))
LOOK = Wanted(DECLARED, as_of=TODAY)


def _deployment(**changes: object) -> Deployment:
    arms = (Arm(OLD, Role.CHAMPION, 5000), Arm(NEW, Role.CHALLENGER, 5000))
    return replace(
        Deployment(1, (*arms, Arm(BESIDE, Role.SHADOW, 10_000)), "salt", AT, "usr", "try it"),
        **changes,  # type: ignore[arg-type] # fields of its own
    )


def _result(outcome: str, pd: str, tier: int) -> str:
    limit = {"minor": 1_000_000, "currency": "CNY"}
    more = {"points": 600, "reasons": [], "limit": limit, "routing": "none", "options": []}
    told = {"outcome": outcome, "tier": tier, "pd": Decimal(pd), **more}
    return json.dumps(told, default=str)


def _entry(number: int, version: VersionId, role: str, result: str) -> LogEntry:
    at = AT + timedelta(minutes=number * 300)
    context = json.dumps({"deployment": 1, "bucket": 1, "arm": role, "random_accept": False})
    return LogEntry(
        DecisionId.derive(at, "decision", number),
        ApplicationId.derive(at, "application", number),
        version,
        f"key {number}",
        at,
        "usr",
        "{}",
        "",
        "{}",
        result,
        "",
        "",
        10,
        context,
    )


def played(count: int = 900, *, worse: float = 0.16, better: float = 0.04) -> Rows:
    """A challenger whose loans default less; the shadow declines what it holds for risky."""
    drawn = random.Random(3)  # noqa: S311 - made-up rows
    entries, booked, ends, shadowed = [], {}, [], []
    for number in range(count):
        challenger = number % 2 == 1
        risk = drawn.uniform(0.01, 0.2)
        outcome = "approve" if risk < (0.16 if challenger else 0.19) else "decline"
        role, version = ("challenger", NEW) if challenger else ("champion", OLD)
        entry = _entry(number, version, role, _result(outcome, f"{risk:.4f}", 1 + int(risk * 30)))
        entries.append(entry)
        said = _result("approve" if risk < 0.12 else "refer", f"{risk / 2:.4f}", 2)
        shadowed.append(Shadowed(entry.id, said, ""))
        if outcome == "approve":
            day = entry.as_of.date() + timedelta(days=2)
            booked[entry.application_id] = day
            bad = drawn.random() < (better if challenger else worse)
            ends += _months(entry.application_id, day, bad=bad)
    names = {OLD: "first policy", NEW: "tighter tiers", BESIDE: "new model"}
    return Rows(_deployment(), entries, booked, ends, names, {BESIDE: shadowed})


def _months(application: str, day: date, *, bad: bool) -> list[MonthEnd]:
    found = []
    for month in range(8):
        first = date(day.year + (day.month + month) // 12, (day.month + month) % 12 + 1, 1)
        late = 120 if bad and month >= 4 else 0
        lost = 800_000 if bad and month >= 6 else 0
        found.append(
            MonthEnd(application, month, first - timedelta(days=1), late, lost, lost // 4, 0)
        )
    return found


def test_a_challenger_that_defaults_less_is_told_to_be_better_and_drawn_over_time() -> None:
    found = tell(played(700), LOOK)
    page = found.html("en")
    assert "Challenger tighter tiers: The challenger is better" in page
    assert "The difference over time" in page
    assert "applications looked at once at the end" in page
    assert "Loss per application" in page
    assert "Profit per application" not in page
    assert "挑战者 tighter tiers: 挑战者更好" in found.html("zh")


BY = "judged by default rate at month 6 on book;"
WORDS = {
    # What was declared, what it is looked at by, and what the page says in both languages.
    "as declared": (DECLARED, DECLARED, f"The stopping rule declared beforehand: {BY} 3 points",
                    "事先写明的停止规则: 按违约率判断"),
    "another margin": (DECLARED, StoppingRule(margin=Decimal("0.02")),
                       f"Not the rule declared beforehand: {BY} 2 points", "不是事先写明的规则"),
    "another end": (DECLARED, replace(DECLARED, planned=4000), "given up at 4,000 applications",
                    "到4,000笔申请为止"),
    "none": (None, DECLARED, "No stopping rule was declared with this deployment", "没有写明"),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
@pytest.mark.parametrize("count", [0, 300])
def test_the_page_says_whether_the_rule_is_the_one_declared(case: str, count: int) -> None:
    declared, by, en, zh = WORDS[case]
    rows = replace(played(count), deployment=_deployment(stopping=declared))
    page = tell(rows, replace(LOOK, by=by))
    assert en in page.html("en")
    assert zh in page.html("zh")
    assert ("Not the rule declared" in page.html("en")) == (case.startswith("another"))


def test_a_deployment_of_one_version_is_told_no_rule() -> None:
    rows = replace(played(0), deployment=_deployment(arms=(Arm(OLD, Role.CHAMPION, 10_000),)))
    assert "stopping rule" not in tell(rows, LOOK).html("en")


def test_a_surer_rule_takes_longer_to_say_something() -> None:
    rows = played(300)
    sure = replace(DECLARED, confidence=Decimal("0.9999"))
    first, second = (tell(rows, Wanted(by, TODAY)).html("en") for by in (DECLARED, sure))
    assert "intervals of 95%" in first
    assert first != second


def test_before_the_first_loan_is_old_enough_the_word_is_to_go_on() -> None:
    rows = replace(played(60), ends=[])
    early = replace(LOOK, as_of=date(2025, 2, 1))
    assert "Go on: nothing is known of month 6 on book yet." in tell(rows, early).html("en")


def test_differences_of_a_shadow_are_classified_and_default_told_at_an_equal_rate() -> None:
    page = tell(played(200), LOOK).html("en")
    assert "Shadow new model" in page
    assert "Approve to refer" in page
    assert "Default at an equal approval rate" in page


def test_a_shadow_that_failed_or_has_seen_nothing_is_said() -> None:
    rows = played(40)
    broken = [Shadowed(rows.entries[0].id, "", "no input")]
    page = tell(replace(rows, shadowed={BESIDE: broken}), LOOK).html("en")
    assert "Shadow new model: 1 could not be computed." in page
    assert "The shadow new model has seen nothing yet." in page


def test_a_loan_bad_at_one_month_end_stays_bad_and_costs_what_was_not_recovered() -> None:
    day, one = date(2025, 1, 20), ApplicationId.new(AT)
    ends = [
        MonthEnd(one, m, day + timedelta(days=30 * m), (0, 95, 0)[m], 0, 0, 0) for m in range(3)
    ]
    ends[2] = replace(ends[2], claimed=900, recovered=400)
    told = replace(played(2), ends=ends[::-1]).outcomes().to_pylist()
    assert [row["bad"] for row in told] == [False, True, True]
    assert [row["loss_minor"] for row in told] == [0, 0, 500]


def test_what_a_person_lent_to_one_the_policy_declined_is_no_loan_of_its_arm() -> None:
    rows = played(40)
    declined = next(e for e in rows.entries if '"decline"' in e.result)
    booked = {**rows.booked, declined.application_id: date(2025, 2, 1)}
    told = replace(rows, booked=booked).assigned().to_pylist()
    line = next(one for one in told if one["application"] == declined.application_id)
    assert (line["outcome"], line["booked_on"]) == ("decline", None)


@pytest.mark.parametrize("count", [0, 1])
def test_a_deployment_that_has_decided_nothing_says_so(count: int) -> None:
    rows = played(count)
    page = tell(rows, LOOK).html("en")
    told = "It has decided nothing yet." if not count else "The challenger has decided nothing yet."
    assert told in page


def test_a_lot_none_of_whose_loans_is_old_enough_says_what_may_be_drawn() -> None:
    arms = (Arm(OLD, Role.CHAMPION, 10_000), Arm(OLD, Role.RANDOM_ACCEPT, 150))
    lucky = _entry(
        1, OLD, "champion", _result("approve", "0.2", 6).replace("none", "random_accept")
    )
    kept = [entry for entry in played(40).entries if outcome_of(entry) == "approve"]
    rows = replace(played(2), entries=kept, deployment=_deployment(arms=arms))
    nobody = partial(LotSettings, {1: 150}, {})
    told = "Random accept: 1.50% of would-be declines may be drawn, {} were"
    assert told.format(0) in tell(rows, LOOK, nobody).html("en")
    assert replace(rows, entries=[*kept, lucky]).accepted_by_lot == 1
    assert replace(rows, entries=[*kept, lucky]).would_be_declines == [lucky]
