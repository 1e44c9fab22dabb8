"""The life of a version: what each step asks for, keeps, and refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tael.kernel import BadInput, Conflict, Forbidden, NotFound, TaelError, VersionId
from tael.policies import Bundle, first_bundle
from tael.policies.engines import DmnRules
from tael.policies.model import (
    EventKind,
    ModelState,
    PolicyState,
    Traffic,
    Weight,
    move,
)

CASES = Path(__file__).parent / "cases"
WHY = "there is no history yet"
HASHES = ("a" * 64, "b" * 64)
KINDS = {kind.__name__: kind for kind in (BadInput, Conflict, Forbidden, NotFound)}


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def bundle(**texts: str) -> Bundle:
    return replace(first_bundle(json.dumps({"format": "none"})), **texts)


@pytest.fixture
def light(new_desk: Callable[..., Any], light_engines: Any) -> Any:
    """A desk whose rules and model are read once, for tests that are not about them."""
    return new_desk(light_engines)


@pytest.mark.parametrize("case", rows("moves.csv"), ids=lambda case: f"{case['from']}-{case['to']}")
def test_a_version_moves_only_as_the_table_says(case: dict[str, str]) -> None:
    current, to = PolicyState(case["from"]), PolicyState(case["to"])
    for rollback in (False, True):
        if case["allowed"] == "yes" or (rollback and case["allowed"] == "rollback"):
            assert move(current, to, rollback=rollback) is to
        else:
            with pytest.raises(Conflict) as refused:
                move(current, to, rollback=rollback)
            assert current.value in refused.value.message


def draft(desk: Any) -> VersionId:
    return desk.drafted(bundle())  # type: ignore[no-any-return]


def checked(desk: Any) -> VersionId:
    version = draft(desk)
    assert desk.policies.check(desk.wang, version).passed
    return version


def backtested(desk: Any) -> VersionId:
    return desk.backtested(bundle())  # type: ignore[no-any-return]


def approved(desk: Any) -> VersionId:
    return desk.approved(bundle())  # type: ignore[no-any-return]


def deployed(desk: Any) -> VersionId:
    return desk.deployed(bundle())  # type: ignore[no-any-return]


def retired(desk: Any) -> VersionId:
    version = deployed(desk)
    desk.policies.retire(desk.li, version)
    return version


def doubted(desk: Any, *, fault: bool = False) -> tuple[VersionId, str]:
    """A draft with a doubt or a fault, checked, and the finding's id."""
    given = json.loads(first_bundle("").parameters)
    given["note"] = "nobody reads this"
    texts = {"parameters": json.dumps(given)} if fault else {"cases": ""}
    version = desk.drafted(bundle(**texts))
    (finding,) = desk.policies.check(desk.wang, version).open
    return version, finding.id


def challenged(desk: Any) -> VersionId:
    champion, other = approved(desk), approved(desk)
    desk.policies.deploy(desk.li, champion, Traffic({other: 1000}))
    return other


def stranger(desk: Any) -> VersionId:
    return VersionId.derive(desk.wang.clock.now(), "nobody")


def model_of(desk: Any, version: VersionId) -> str:
    return str(desk.policies.version(desk.wang, version).hashes["model"])


def other_model(desk: Any) -> VersionId:
    """An approved version with a model of its own, which is then retired."""
    version: VersionId = desk.approved(bundle(model=json.dumps({"format": "none", "n": 2})))
    desk.policies.retire_model(desk.li, model_of(desk, version), WHY)
    return version


def approve_after_retirement(desk: Any) -> None:
    first, second = backtested(desk), backtested(desk)
    desk.policies.approve(desk.li, first)
    desk.policies.retire_model(desk.li, model_of(desk, first), WHY)
    desk.policies.approve(desk.li, second)


def refused_model(desk: Any) -> str:
    found = model_of(desk, draft(desk))
    desk.policies.refuse_model(desk.li, found, WHY)
    return found


def approve_after_refusal(desk: Any) -> None:
    version = backtested(desk)
    desk.policies.refuse_model(desk.chen, model_of(desk, version), WHY)
    desk.policies.approve(desk.li, version)


def backtest(desk: Any, version: VersionId, hashes: Any = HASHES, **figures: Any) -> None:
    desk.policies.record_backtest(desk.wang, version, hashes=hashes, figures=figures)


DO: dict[str, Callable[[Any], object]] = {
    "approve draft": lambda d: d.policies.approve(d.li, draft(d)),
    "approve checked": lambda d: d.policies.approve(d.li, checked(d)),
    "reject checked": lambda d: d.policies.reject(d.li, checked(d), WHY),
    "reject approved": lambda d: d.policies.reject(d.li, approved(d), WHY),
    "reject curt": lambda d: d.policies.reject(d.li, backtested(d), "no"),
    "approve own": lambda d: d.policies.approve(d.wang, backtested(d)),
    "deploy draft": lambda d: d.policies.deploy(d.li, draft(d)),
    "deploy checked": lambda d: d.policies.deploy(d.li, checked(d)),
    "deploy backtested": lambda d: d.policies.deploy(d.li, backtested(d)),
    "deploy retired": lambda d: d.policies.deploy(d.li, retired(d)),
    "check checked": lambda d: d.policies.check(d.wang, checked(d)),
    "waive draft": lambda d: d.policies.waive_backtest(d.wang, draft(d), WHY),
    "waive approved": lambda d: d.policies.waive_backtest(d.wang, approved(d), WHY),
    "waive curt": lambda d: d.policies.waive_backtest(d.wang, checked(d), "so what"),
    "backtest draft": lambda d: backtest(d, draft(d), rows=1),
    "backtest unhashed": lambda d: backtest(d, checked(d), ("x", "b" * 64), rows=1),
    "backtest bare": lambda d: backtest(d, checked(d)),
    "backtest inexact": lambda d: backtest(d, checked(d), rate=0.5),
    "accept unknown": lambda d: d.policies.accept_finding(d.wang, draft(d), "0123456789", WHY),
    "accept fault": lambda d: d.policies.accept_finding(d.wang, *doubted(d, fault=True), WHY),
    "accept curt": lambda d: d.policies.accept_finding(d.wang, *doubted(d), "可以"),
    "accept checked": lambda d: d.policies.accept_finding(d.wang, checked(d), "x", WHY),
    "rollback nothing": lambda d: d.policies.rollback(d.li, WHY),
    "rollback curt": lambda d: (deployed(d), d.policies.rollback(d.li, "")),
    "rollback unknown": lambda d: (deployed(d), d.policies.rollback(d.li, WHY, to=9)),
    "rollback itself": lambda d: (deployed(d), d.policies.rollback(d.li, WHY, to=1)),
    "retire draft": lambda d: d.policies.retire(d.li, draft(d)),
    "retire challenger": lambda d: d.policies.retire(d.li, challenged(d)),
    "deploy stranger": lambda d: d.policies.deploy(d.li, approved(d), Traffic({stranger(d): 1000})),
    "deploy shadowed by a draft": lambda d: d.policies.deploy(
        d.li, approved(d), Traffic({}, shadows=(draft(d),))
    ),
    "approve no model": lambda d: d.policies.approve_model(d.li, "c" * 64),
    "approve own model": lambda d: d.policies.approve_model(d.wang, model_of(d, draft(d))),
    "approve model twice": lambda d: d.policies.approve_model(d.li, model_of(d, approved(d))),
    "retire live model": lambda d: d.policies.retire_model(d.li, model_of(d, deployed(d)), WHY),
    "retire model draft": lambda d: d.policies.retire_model(d.li, model_of(d, draft(d)), WHY),
    "retire model curt": lambda d: d.policies.retire_model(d.li, model_of(d, approved(d)), "old"),
    "refuse no model": lambda d: d.policies.refuse_model(d.li, "c" * 64, WHY),
    "refuse model curt": lambda d: d.policies.refuse_model(d.li, model_of(d, draft(d)), "no"),
    "refuse approved model": lambda d: d.policies.refuse_model(d.li, model_of(d, approved(d)), WHY),
    "approve refused model": lambda d: d.policies.approve_model(d.li, refused_model(d)),
    "draft refused model": lambda d: (refused_model(d), draft(d)),
    "approve with refused model": approve_after_refusal,
    "draft retired model": lambda d: d.drafted(d.store.bundle(other_model(d))),
    "approve retired model": approve_after_retirement,
    "deploy retired model": lambda d: d.policies.deploy(d.li, other_model(d)),
}


@pytest.mark.parametrize("case", rows("refusals.csv"), ids=lambda case: case["name"])
def test_what_may_not_be_is_refused_by_field_and_rule(light: Any, case: dict[str, str]) -> None:
    with pytest.raises(TaelError) as refused:
        DO[case["do"]](light)
    assert type(refused.value) is KINDS[case["kind"]]
    assert refused.value.field == case["field"]
    assert case["says"] in refused.value.message


def test_every_refusal_of_the_table_is_played() -> None:
    assert {case["do"] for case in rows("refusals.csv")} == set(DO)


def test_a_draft_made_from_a_version_says_from_which_and_why(light: Any) -> None:
    first = draft(light)
    policies = light.policies
    made = policies.draft(light.wang, "next", bundle(), why=f" {WHY} ", base=first)
    (event,) = policies.timeline(light.wang, made.id)
    assert (event.kind, event.why) == (EventKind.DRAFTED, WHY)
    assert json.loads(event.record)["from"] == first
    (before,) = policies.timeline(light.wang, first)
    assert "from" not in json.loads(before.record)
    with pytest.raises(BadInput, match="does not say why"):
        policies.draft(light.wang, "next", bundle(), why="so")
    with pytest.raises(NotFound):
        policies.draft(light.wang, "next", bundle(), base=VersionId.new(light.wang.clock.now()))


def test_a_draft_with_a_gap_is_kept_and_the_check_says_node_rule_and_reason(
    new_desk: Callable[..., Any], light_engines: Any
) -> None:
    desk = new_desk(replace(light_engines, rules=DmnRules))
    gap = bundle().dmn.replace("<text>&gt;= 0.16</text>", "<text>&gt;= 0.17</text>")
    version = desk.drafted(bundle(dmn=gap))
    record = desk.policies.check(desk.wang, version)
    (finding,) = record.open
    assert (finding.text, finding.node, finding.kind) == ("dmn", "tier", "gap")
    assert "no rule covers pd in [0.16..0.17)" in finding.words.en
    assert finding.words.zh.startswith("没有规则覆盖")
    (failure,) = record.failures
    assert str(failure).startswith("case R7 is declined: was refused: the policy does not")
    assert not record.passed
    assert desk.policies.version(desk.wang, version).state is PolicyState.DRAFT
    # Accepted in writing it is settled; the failed case still blocks.
    desk.policies.accept_finding(desk.wang, version, finding.id, "没有客户会落在这个区间里")
    again = desk.policies.check(desk.wang, version)
    assert (again.open, len(again.failures), again.passed) == ((), 1, False)
    assert again.findings[again.findings.index(finding)].id in again.accepted


def test_a_doubt_accepted_in_writing_lets_the_version_pass_and_is_kept(light: Any) -> None:
    version, finding = doubted(light)
    event = light.policies.accept_finding(light.chen, version, finding, f"  {WHY} \n anyway ")
    assert (event.why, event.by) == (f"{WHY} anyway", "chen")
    record = light.policies.check(light.wang, version)
    assert (record.passed, record.accepted) == (True, {finding})
    light.policies.waive_backtest(light.wang, version, WHY)
    light.policies.approve(light.li, version)
    events = light.policies.timeline(light.wang, version)
    assert [event.kind for event in events] == [
        EventKind.DRAFTED, EventKind.CHECKED, EventKind.ACCEPTED, EventKind.CHECKED,
        EventKind.WAIVED, EventKind.APPROVED,
    ]  # fmt: skip
    assert json.loads(events[2].record)["kind"] == "no_cases"


def test_an_acceptance_of_one_version_says_nothing_of_another(light: Any) -> None:
    first, finding = doubted(light)
    light.policies.accept_finding(light.wang, first, finding, WHY)
    second, same = doubted(light)
    assert same == finding
    assert not light.policies.check(light.wang, second).passed


def test_an_approval_signs_every_text_record_and_person(light: Any) -> None:
    version = checked(light)
    figures = {"approved": Decimal("0.41"), "rows": 1000}
    first = light.policies.record_backtest(light.wang, version, hashes=HASHES, figures=figures)
    second = light.policies.record_backtest(light.chen, version, hashes=HASHES, figures=figures)
    made = light.policies.approve(light.li, version)
    approval = light.policies.timeline(light.wang, version)[-1]
    signed = json.loads(approval.record)
    checks = light.policies.timeline(light.wang, version)[1]
    assert first.record == second.record
    assert signed["hashes"] == bundle().hashes()
    assert signed["model"] == {
        "hash": bundle().hashes()["model"], "kind": "scorecard", "plan": "", "trained_on": "",
    }  # fmt: skip
    assert (signed["check"], signed["backtest"]) == (checks.hash, second.hash)
    assert (signed["drafted_by"], signed["approved_by"]) == ("wang", "li")
    assert signed["approved_at"] == made.approved_at.isoformat()
    assert len(approval.signature) == 128
    proof = light.policies.verify(light.wang, version)
    assert (proof.sound, proof.signed_by, proof.key) == (True, "li", approval.key)


def test_the_second_person_covers_the_model_and_a_third_is_needed_for_ones_own(light: Any) -> None:
    own = bundle(model=json.dumps({"format": "none", "n": 3}))
    light.policies.draft(light.li, "li's model", own)
    (model,) = light.policies.models(light.wang)
    assert (model.drafted_by, model.state) == ("li", ModelState.DRAFT)
    version = light.backtested(own)
    with pytest.raises(Forbidden, match="drafted a model") as refused:
        light.policies.approve(light.li, version)
    assert refused.value.field == "model"
    assert light.policies.version(light.li, version).state is PolicyState.BACKTESTED
    assert light.policies.approve_model(light.chen, model.hash).approved_by == "chen"
    assert light.policies.approve(light.li, version).state is PolicyState.APPROVED
    covered = light.approved(bundle(model=json.dumps({"format": "none", "n": 4})))
    known = {one.hash: one for one in light.policies.models(light.wang)}
    assert known[model_of(light, covered)].approved_by == "li"


def test_a_model_that_was_refused_or_retired_keeps_who_when_and_why(light: Any) -> None:
    desk = light
    refused = desk.policies.refuse_model(desk.wang, model_of(desk, draft(desk)), f" {WHY} ")
    assert (refused.state, refused.ended_by, refused.why) == (ModelState.REFUSED, "wang", WHY)
    assert (refused.refused_at, refused.retired_at) == (desk.wang.clock.now(), None)
    other = desk.approved(bundle(model=json.dumps({"format": "none", "n": 5})))
    retired = desk.policies.retire_model(desk.li, model_of(desk, other), WHY)
    assert (retired.state, retired.ended_by, retired.why) == (ModelState.RETIRED, "li", WHY)
    assert set(desk.policies.models(desk.wang)) == {refused, retired}


def test_an_approved_version_can_be_withdrawn_and_then_never_decides(light: Any) -> None:
    version = approved(light)
    assert light.policies.retire(light.li, version).state is PolicyState.RETIRED
    with pytest.raises(Conflict):
        light.policies.deploy(light.li, version)


def test_a_rejected_version_is_a_draft_again_and_may_come_back(light: Any) -> None:
    version = backtested(light)
    assert light.policies.reject(light.li, version, WHY).state is PolicyState.DRAFT
    told = light.policies.timeline(light.wang, version)[-1]
    assert (told.kind, told.by, told.why) == (EventKind.REJECTED, "li", WHY)
    with pytest.raises(Conflict):
        light.policies.approve(light.li, version)
    assert light.policies.check(light.wang, version).passed
    light.policies.waive_backtest(light.wang, version, WHY)
    light.policies.approve(light.li, version, why="answered in writing")
    assert light.policies.verify(light.wang, version).sound
    assert light.policies.timeline(light.wang, version)[-1].why == "answered in writing"


def test_the_timeline_of_all_tells_each_version_in_order_of_time(light: Any) -> None:
    versions = {deployed(light), retired(light), draft(light)}
    events = light.policies.timeline(light.wang)
    assert {event.version for event in events} == versions
    assert [event.at for event in events] == sorted(event.at for event in events)
    for version in versions:
        numbers = [event.number for event in events if event.version == version]
        assert numbers == list(range(1, len(numbers) + 1))


def test_every_finding_that_is_no_note_stands_in_the_way_until_accepted(light: Any) -> None:
    version, _ = doubted(light, fault=True)
    record = light.policies.check(light.wang, version)
    assert [one.weight for one in record.open] == [Weight.FAULT]
    told = record.as_json()
    assert told["passed"] is False
    assert json.loads(light.policies.timeline(light.wang, version)[-1].record)["passed"] is False
