"""A staged decision in the log: one a round, made again bit for bit, with what it cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.policies.flow.conftest import NOW, SAID, TOLD, Flow, Sources

from tael.kernel import ApplicationId, BadInput, Money, VersionId
from tael.policies.decisions import round_key
from tael.policies.flow import FlowResult, Refusal, StagedRun
from tael.policies.model import Arm, Assignment, Role

ONE, TWO = (ApplicationId.derive(NOW, "application", number) for number in (1, 2))


@pytest.fixture
def desk(new_desk: Callable[..., Any], flow: Flow) -> Any:
    """A desk where the staged policy was approved, with the version's id."""
    made = new_desk()
    version = made.drafted(flow.bundle)
    for finding in made.policies.check(made.wang, version).open:
        made.policies.accept_finding(made.wang, version, finding.id, "known, and meant so")
    made.policies.check(made.wang, version)
    made.policies.waive_backtest(made.wang, version, "there is no history of it yet at all")
    made.policies.approve(made.li, version)
    return made, version


def run(result: FlowResult, version: VersionId, application: ApplicationId = ONE,
        *, round_: int = 1, drawn: bool = False) -> StagedRun:  # fmt: skip
    put = Assignment(3, 41, Arm(version, Role.CHAMPION, 10_000), (), drawn)
    figures: Mapping[str, Decimal | int] = {"cap.all_in": Decimal("0.24"), "evaluator": 3}
    return StagedRun(application, round_, put, figures, NOW, result)


def test_a_run_is_written_once_a_round_and_made_again(
    desk: Any, flow: Flow, sources: Sources
) -> None:
    (made, version), result = desk, flow.run(sources)
    policies, work = made.policies, made.wang
    first = policies.keep_run(work, run(result, version))
    other = flow.run(Sources(flow.plan, {**TOLD, "late_records_730d": 9}))
    again = policies.keep_run(work, run(other, version))
    later = policies.keep_run(work, run(other, version, round_=2))
    entry = policies.log_entry(work, first.id)
    context = json.loads(entry.context)

    assert (first.outcome, again.id, later.outcome) == ("approve", first.id, "decline")
    assert entry.key == round_key(ONE, 1)
    assert policies.reproduce(work, first.id).same
    assert policies.reproduce(work, later.id).same
    assert (context["deployment"], context["bucket"], context["round"]) == (3, 41, 1)
    assert context["flow"]["cost_minor"] == result.cost_minor > 0
    assert {one["known_at"] for one in context["flow"]["fetched"]} == {NOW.isoformat()}
    assert "policy" in json.loads(entry.timings)
    assert policies.lost_sources(work, first.id) == {}


def test_a_lost_source_stands_in_the_row_and_in_every_replay(
    desk: Any, flow: Flow, sources: Sources
) -> None:
    made, version = desk
    sources.other["tax"] = lambda usual: replace(usual, status="down", code="source_down")
    kept = made.policies.keep_run(made.wang, run(flow.run(sources), version))
    entry = made.policies.log_entry(made.wang, kept.id)

    assert (kept.outcome, kept.reason_codes) == ("refer", ("source_unavailable",))
    assert made.policies.lost_sources(made.wang, kept.id) == {"tax": "source_down"}
    assert "tax_missed_365d" not in json.loads(entry.inputs)
    assert made.policies.reproduce(made.wang, kept.id).same
    assert json.loads(made.policies.whole_trace(made.wang, kept.id)) == json.loads(entry.trace)


def test_the_lot_takes_no_decline_that_was_certain_early(desk: Any, flow: Flow) -> None:
    made, version = desk
    early = flow.run(Sources(flow.plan), {**SAID, "firm_age_months": 8})
    kept = made.policies.keep_run(made.wang, run(early, version, TWO, drawn=True))
    assert (early.how, kept.outcome, kept.tier) == ("early", "decline", 0)


def test_a_refused_run_leaves_no_row(desk: Any, flow: Flow, sources: Sources) -> None:
    made, version = desk
    refused = replace(flow.run(sources), refusal=Refusal("consent_withdrawn", ("tax",)))
    with pytest.raises(BadInput, match="nothing was decided"):
        made.policies.keep_run(made.wang, run(refused, version))
    assert made.policies.decisions_of(made.wang, ONE) == []


def test_of_a_version_it_is_known_whether_it_decides_in_stages(desk: Any, flow: Flow) -> None:
    made, version = desk
    staged = made.policies.staged(made.wang, version)
    received = {"owner_age": 30, "amount": 5, "tax_missed_365d": 0, "colour": "red"}
    assert staged is made.policies.staged(made.wang, version)
    assert staged.plan.order == flow.plan.order
    assert staged.said(received, Money.parse("100"), 6) == {
        "owner_age": 30, "amount": Decimal(100), "months": 6}  # fmt: skip
    with pytest.raises(BadInput, match="USD"):
        staged.said({}, Money(100, "USD"), 6)
