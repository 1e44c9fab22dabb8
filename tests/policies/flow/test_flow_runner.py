"""One application through the stages: what is asked, what is not, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.policies.flow.conftest import CAP, NOW, SAID, TOLD, Flow, Sources

from tael.kernel import BadInput
from tael.policies.canonical import canonical, read
from tael.policies.flow import (
    Answer,
    FlowRunner,
    FlowSettings,
    Grounds,
    History,
    conclude,
    savings,
)
from tael.report import Words


def test_a_certain_knock_out_ends_the_flow_before_any_call(flow: Flow, sources: Sources) -> None:
    said = {**SAID, "firm_age_months": 8}
    result = flow.run(sources, said)
    assert (result.outcome, result.how, sources.calls) == ("decline", "early", [])
    verdict = result.concluded.verdict if result.concluded else None
    assert verdict is not None
    assert verdict.reasons == flow.whole(said=said).reasons == ("business_too_young",)
    assert (verdict.tier, verdict.limit.minor, verdict.options) == (0, 0, ())
    assert result.cost_minor == 0
    assert result.saved_minor == sum(rule.cost_minor for rule in flow.plan.sources.values())
    told = {skipped.why for skipped in result.skipped}
    assert told == {
        Words(
            "已确定拒绝（business_too_young），该来源的任何数据都不会改变结果",
            "a decline was certain (business_too_young): nothing this source says can change it",
        )
    }


def test_a_good_applicant_is_approved_without_what_no_longer_matters(
    flow: Flow, sources: Sources
) -> None:
    result = flow.run(sources)
    whole = flow.whole()
    verdict = result.concluded.verdict if result.concluded else None
    assert verdict is not None
    assert (verdict.outcome, whole.outcome) == ("approve", "approve")
    assert verdict == replace(whole, pd=verdict.pd, points=verdict.points)
    # Bank sales confirm more than the limit needs, and invoices can no longer move the tier.
    assert [skipped.source for skipped in result.skipped] == ["invoice"]
    assert whole.pd <= verdict.pd
    assert sources.calls == [
        "registry", "court", "device", "tax", "bureau", "merchant_books", "bank_statement"
    ]  # fmt: skip
    assert [stage.service for stage in result.stages if stage.ended] == ["score_and_tier"]
    assert savings([result]).total.cost_minor == result.cost_minor == 1_190


def test_the_verdict_follows_again_from_the_grounds(flow: Flow, sources: Sources) -> None:
    for change in ({}, {"late_records_730d": 9}, {"banked_sales_365d": Decimal(100_000)}):
        sources.values = {**TOLD, **change}
        result = flow.run(sources)
        written = canonical(result.grounds.as_json())
        again = conclude(flow.ahead, Grounds.from_json(read(written)), cap=CAP)
        assert result.concluded is not None
        assert canonical(again.verdict.as_json()) == canonical(result.concluded.verdict.as_json())
        assert canonical(again.trace) == canonical(result.concluded.trace)
        assert canonical(result.to_json())


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], "grounds"),
        ({"known": {}}, "grounds.lost"),
        ({"known": {"months": [1]}, "lost": {}}, "grounds.known.months"),
        ({"known": {}, "lost": {"tax": 5}}, "grounds.lost.tax"),
        ({"known": {}, "lost": {}, "more": 1}, "grounds.more"),
    ],
)
def test_what_are_no_grounds_is_refused(data: object, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        Grounds.from_json(data)
    assert refused.value.field == field


def test_an_applicant_on_the_edge_needs_every_source(flow: Flow, sources: Sources) -> None:
    sources.values = {**TOLD, "banked_sales_365d": Decimal(150_000), "takings_365d": Decimal(10)}
    result = flow.run(sources)
    assert result.how == "complete"
    assert result.skipped == ()
    assert result.concluded is not None
    assert result.concluded.verdict == flow.whole(sources.values)


DOWN: list[tuple[str, Mapping[str, object], str]] = [
    ("down", {"status": "down", "code": "timeout"}, "timeout"),
    ("down without a code", {"status": "down"}, "down"),
    ("refused", {"status": "refused", "code": "no_such_person"}, "no_such_person"),
    ("too old", {"status": "stale", "known_at": NOW.replace(year=2025)}, "too_old"),
    ("invalid", {"values": {"late_records_730d": -1, "enquiries_180d": 0}}, "invalid"),
    ("no number", {"values": {"late_records_730d": "none", "enquiries_180d": 0}}, "invalid"),
    ("late by its own clock", {"latency_ms": 60_000}, "late"),
    ("incomplete", {"values": {"enquiries_180d": 0, "late_records_730d": None}}, "incomplete"),
    ("nothing", {"values": {}}, "incomplete"),
]


@pytest.mark.parametrize(("change", "code"), [case[1:] for case in DOWN], ids=[c[0] for c in DOWN])
def test_a_source_without_an_answer_refers_and_never_approves(
    flow: Flow, sources: Sources, change: Mapping[str, object], code: str
) -> None:
    sources.other["bureau"] = lambda usual: replace(usual, **change)  # type: ignore[arg-type]
    result = flow.run(sources)
    assert (flow.whole().outcome, result.outcome, result.how) == ("approve", "refer", "degraded")
    verdict = result.concluded.verdict if result.concluded else None
    assert verdict is not None
    assert verdict.reasons == ("source_unavailable",)
    assert (verdict.limit.minor, verdict.options) == (0, ())
    degraded = result.degraded[0]
    assert (degraded.source, degraded.code) == ("bureau", code)
    assert degraded.what.zh
    assert "a person decides" in degraded.became.en
    assert flow.policy.reason("source_unavailable").zh.startswith("暂时无法取得")
    assert "tax" in sources.calls


def test_a_decline_that_is_certain_without_the_lost_source_stays_one(
    flow: Flow, sources: Sources
) -> None:
    sources.other["bureau"] = lambda usual: replace(usual, status="down", code="timeout")
    sources.other["tax"] = lambda usual: replace(usual, values={"tax_missed_365d": 5})
    rest = frozenset({"tax", "bank_statement", "merchant_books", "invoice"})
    history = History({("bureau", rest): (50, 50)})
    result = flow.run(sources, settings=FlowSettings(watched=False, history=history))
    assert sources.calls[3:] == ["bureau", "tax"]
    assert result.outcome == "decline"
    assert result.concluded is not None
    assert result.concluded.verdict.reasons == ("tax_not_declared",)
    assert result.degraded[0].became.en == "a decline was certain even without this source"


def test_a_source_may_end_the_asking_when_it_is_down(flow: Flow) -> None:
    strict = flow.changed(lambda p: p["sources"]["registry"].update(when_down="refer_now"))
    sources = Sources(strict.plan)
    sources.other["registry"] = lambda usual: replace(usual, status="down")
    result = strict.run(sources)
    assert (sources.calls, result.outcome) == (["registry"], "refer")
    assert {skipped.code for skipped in result.skipped} == {"stopped"}


def test_a_part_of_an_answer_counts_only_where_the_policy_takes_it(flow: Flow) -> None:
    strict = flow.changed(lambda p: p["sources"]["court"].update(partial="refuse"))
    for each, outcome in ((flow, "approve"), (strict, "refer")):
        sources = Sources(each.plan)
        sources.other["court"] = lambda usual: replace(usual, status="partial", code="one_court")
        result = each.run(sources)
        assert result.outcome == outcome
        court = next(fetched for fetched in result.fetched if fetched.source == "court")
        assert (court.status, bool(court.hash)) == ("partial", outcome == "approve")


def test_data_within_their_time_count_though_nobody_fetched_them_now(
    flow: Flow, sources: Sources
) -> None:
    sources.other["bureau"] = lambda usual: replace(
        usual, status="stale", known_at=NOW.replace(month=1, day=1), cached=True, cost_minor=0
    )
    result = flow.run(sources)
    assert (result.outcome, result.cost_minor) == ("approve", 690)


def test_answers_that_are_there_already_cost_nothing_and_old_ones_are_asked_again(
    flow: Flow, sources: Sources
) -> None:
    def there(source: str, known_at: object) -> Answer:
        usual = sources.fetch(source, "E1", key=f"E1/1:{source}", budget_s=1)
        return replace(usual, known_at=known_at)  # type: ignore[arg-type]

    answers = [there("bureau", NOW), there("bureau", NOW), there("tax", NOW.replace(year=2024))]
    sources.calls.clear()
    runner = FlowRunner(flow.ahead, flow.plan, sources, FlowSettings(watched=False))
    result = runner.run(flow.applicant(), cap=CAP, answers=answers)
    assert "bureau" not in sources.calls
    assert result.asked.count("bureau") == 1
    assert "tax" in sources.calls
    assert result.outcome == "approve"
    assert result.cost_minor == 690


def test_inputs_may_be_computed_from_the_events_of_all_answers(
    flow: Flow, sources: Sources
) -> None:
    for name in flow.plan.sources:
        sources.other[name] = lambda usual: replace(usual, values={}, events=usual.source.encode())
    seen: list[tuple[str, ...]] = []

    def compute(answers: Mapping[str, Answer]) -> Mapping[str, object]:
        seen.append(tuple(each.events.decode() for each in answers.values()))
        given = flow.plan.behind
        return {name: value for name, value in TOLD.items() if given[name] <= answers.keys()}

    result = flow.run(sources, settings=FlowSettings(watched=False, compute=compute))
    assert result.outcome == "approve"
    assert seen[:2] == [("registry",), ("registry", "court")]
    assert all(fetched.hash for fetched in result.fetched)


def test_what_the_application_must_say_is_asked_for(flow: Flow, sources: Sources) -> None:
    for said, field in (
        ({**SAID, "late_records_730d": 0}, "late_records_730d"),
        ({**SAID, "colour": "red"}, "colour"),
        ({name: v for name, v in SAID.items() if name != "months"}, "months"),
        ({**SAID, "owner_age": 400}, "owner_age"),
    ):
        with pytest.raises(BadInput) as refused:
            flow.run(sources, said)
        assert refused.value.field == field
    assert sources.calls == []
