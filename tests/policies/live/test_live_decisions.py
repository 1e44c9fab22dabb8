"""Decisions on raw events through the lane: once, by one deployment, and again bit for bit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import BadInput, Conflict, InvariantBroken, NotFound
from tael.policies import Bundle
from tael.policies.live import Answer, Evidence, replay, replay_sample, run_shadows
from tael.policies.live.store import SqlLiveStore
from tael.policies.model import Traffic

from .conftest import ASOF, TAKEN, WANG, Lender

Asks = Callable[..., Any]


def test_inputs_are_the_variables_of_the_raw_events(
    ready: Lender, events: Mapping[str, bytes], request_for: Asks
) -> None:
    from tael.variables import compile_plan, compute, from_bytes, load_definitions

    plan = compile_plan(load_definitions())
    answers = ready.ask(*(request_for(n, who) for n, who in enumerate(events)))
    for who, answer in zip(events, answers, strict=True):
        row = compute(plan, from_bytes(events[who]), int(ASOF.timestamp()))
        inputs = json.loads(answer.entry.inputs, parse_float=Decimal, parse_int=Decimal)
        for name, (variable, scale, missing) in TAKEN.items():
            place = plan.column(variable)
            known = row.reasons[place] == 0
            said = Decimal(repr(float(row.values[place]))) * Decimal(scale)
            assert inputs[name] == (said if known else Decimal(missing))
        assert json.loads(answer.entry.context)["evidence"]
    assert len({json.loads(a.entry.inputs)["bank_turnover_12m"] for a in answers}) > 3


def test_together_or_alone_the_answer_is_the_same(
    ready: Lender, events: Mapping[str, bytes], request_for: Asks
) -> None:
    together = ready.ask(*(request_for(n, who) for n, who in enumerate(events)))
    alone = [ready.ask(request_for(100 + n, who))[0] for n, who in enumerate(events)]
    told = [[(a.entry.inputs, a.entry.result, a.entry.trace) for a in each]
            for each in (together, alone)]  # fmt: skip
    assert told[0] == told[1]


def test_an_application_is_decided_once_whoever_asks_and_whatever_is_in_force(
    ready: Lender, bundle: Bundle, events: Mapping[str, bytes], request_for: Asks
) -> None:
    asked = request_for(1, min(events))
    first, twice = ready.ask(asked, asked)
    assert (first.repeated, twice.repeated) == (False, True)
    ready.deploy(ready.approved(replace(bundle, prices=bundle.prices.replace('"1000"', '"500"'))))
    again = ready.another().ask(asked)[0]
    assert again.repeated
    assert again.entry == first.entry


def test_a_reconsideration_is_a_round_of_its_own(
    ready: Lender, events: Mapping[str, bytes], request_for: Asks
) -> None:
    borrower = min(events)
    ready.ask(request_for(1, borrower))
    (other,) = ready.ask(request_for(1, borrower, months=6))
    assert isinstance(other, Conflict)
    assert (other.field, other.rule) == ("round", "one decision a round")
    (second,) = ready.ask(request_for(1, borrower, months=6, round=2))
    assert not second.repeated


def test_one_at_fault_is_refused_alone(
    ready: Lender, events: Mapping[str, bytes], request_for: Asks
) -> None:
    borrower = min(events)
    found = ready.ask(
        request_for(1, borrower),
        request_for(2, "E99999999"),
        request_for(3, borrower, features={"owner_age": 40}),
        request_for(4, borrower, as_of=ASOF + timedelta(days=36_500)),
        request_for(5, borrower, evidence="0" * 64),
        request_for(6, borrower),
    )
    kinds = [type(each) for each in found]
    assert kinds == [Answer, NotFound, BadInput, BadInput, NotFound, Answer]
    assert [getattr(each, "field", "") for each in found[1:5]] == [
        "borrower", "years_in_business", "as_of", "evidence",
    ]  # fmt: skip


def test_what_is_computed_is_not_given_besides(
    ready: Lender, events: Mapping[str, bytes], request_for: Asks
) -> None:
    asked = request_for(1, min(events))
    asked = replace(asked, features={**asked.features, "enquiries_6m": 0})
    (refused,) = ready.ask(asked)
    assert isinstance(refused, BadInput)
    assert (refused.field, refused.rule) == ("enquiries_6m", "not given besides")


def test_evidence_is_kept_once_and_only_of_its_borrower(
    ready: Lender, events: Mapping[str, bytes]
) -> None:
    borrower, other = sorted(events)[:2]
    with ready.database.begin(WANG) as work:
        one = Evidence(borrower, ASOF, "{}", events[borrower])
        assert ready.lane.keep(work, one) == ready.lane.keep(work, one) == one.hash
        with pytest.raises(BadInput, match="not of"):
            ready.lane.keep(work, Evidence(borrower, ASOF, "{}", events[other]))
        with pytest.raises(BadInput, match="damaged"):
            ready.lane.keep(work, Evidence(borrower, ASOF, "{}", events[borrower][:-3]))
        kept = work.connection.execute(sa.text("SELECT count(*) FROM policies.evidence")).scalar()
    assert kept == len(events)


def test_callers_at_once_get_one_decision_an_application(
    ready: Lender, events: Mapping[str, bytes], request_for: Asks
) -> None:
    asked = [request_for(n, who) for n, who in enumerate(events)]
    processes = [ready.another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one.ask(*asked), processes))
    assert all(isinstance(answer, Answer) for each in answers for answer in each)
    ids = [[answer.entry.id for answer in each] for each in answers]
    assert ids == [ids[0]] * 4
    with ready.database.begin(WANG) as work:
        rows = work.connection.execute(sa.text("SELECT count(*) FROM policies.decision_log"))
        assert rows.scalar() == len(asked)


def test_each_arm_decides_its_share_and_says_so(
    ready: Lender, bundle: Bundle, events: Mapping[str, bytes], request_for: Asks
) -> None:
    champion = ready.approved(bundle)
    challenger = ready.approved(replace(bundle, prices=bundle.prices.replace('"1000"', '"500"')))
    ready.deploy(champion, Traffic(challengers={challenger: 4_000}))
    who = sorted(events)
    answers = ready.ask(*(request_for(n, who[n % len(who)]) for n in range(200)))
    arms = Counter((a.entry.policy_id, json.loads(a.entry.context)["arm"]) for a in answers)
    assert set(arms) == {(champion, "champion"), (challenger, "challenger")}
    assert 50 < arms[challenger, "challenger"] < 110
    assert all(json.loads(a.entry.context)["deployment"] == 2 for a in answers)


def test_decisions_of_all_versions_come_out_again(
    ready: Lender, bundle: Bundle, events: Mapping[str, bytes], request_for: Asks
) -> None:
    who = sorted(events)
    for change in range(3):
        ready.ask(*(request_for(10 * change + n, who[n]) for n in range(8)))
        ready.deploy(ready.approved(replace(bundle, prices=bundle.prices + "\n" * (change + 1))))
    fresh = ready.another()
    with fresh.database.begin(WANG) as work:
        found = replay_sample(work, fresh.lane, size=1_000, seed="2025-01-01")
    assert (found.looked, found.equal, found.on_evidence) == (24, 24, 24)


def test_what_was_changed_since_is_found(
    ready: Lender, events: Mapping[str, bytes], request_for: Asks
) -> None:
    answers = ready.ask(*(request_for(n, who) for n, who in enumerate(sorted(events)[:4])))
    log = sa.table("decision_log", *map(sa.column, ("id", "inputs", "result", "trace")),
                   schema="policies")  # fmt: skip
    turnover = '"bank_turnover_12m":'
    changes = (
        {"result": sa.func.replace(log.c.result, '"tier"', '"tear"')},
        {"inputs": sa.func.regexp_replace(log.c.inputs, turnover + "[0-9.]+", turnover + "1")},
        {"trace": "{}"},
    )
    with ready.database.begin(WANG) as work:
        work.connection.execute(sa.text("ALTER TABLE policies.decision_log DISABLE TRIGGER ALL"))
        for answer, change in zip(answers, changes, strict=False):
            mine = sa.update(log).where(log.c.id == answer.entry.id)
            work.connection.execute(mine.values(**change))
        work.connection.execute(sa.text("ALTER TABLE policies.decision_log ENABLE TRIGGER ALL"))
        found = replay(work, ready.lane, [answer.entry.id for answer in answers])
        what = {each.decision_id: each.what for each in found.deviations}
        assert [what.get(a.entry.id) for a in answers] == ["result", "inputs", "trace", None]
        with pytest.raises(BadInput, match="cannot be chosen"):
            replay_sample(work, ready.lane, size=0, seed="x")


def test_texts_that_were_changed_do_not_decide(
    ready: Lender, bundle: Bundle, events: Mapping[str, bytes], request_for: Asks
) -> None:
    ready.deploy(ready.approved(replace(bundle, prices=bundle.prices + " ")))
    with ready.database.begin(WANG) as work:
        work.connection.execute(sa.text("ALTER TABLE policies.policy_version DISABLE TRIGGER ALL"))
        work.connection.execute(sa.text("UPDATE policies.policy_version SET dmn = dmn || ' '"))
        work.connection.execute(sa.text("ALTER TABLE policies.policy_version ENABLE TRIGGER ALL"))
    with pytest.raises(InvariantBroken, match="dmn"):
        ready.another().ask(request_for(1, min(events)))


def test_versions_that_are_to_come_are_laid_out_before(ready: Lender, bundle: Bundle) -> None:
    fresh = ready.another()
    with fresh.database.begin(WANG) as work:
        assert (fresh.lane.warm(work), fresh.lane.warm(work)) == (1, 0)
    ready.approved(replace(bundle, prices=bundle.prices + " "))
    with fresh.database.begin(WANG) as work:
        assert fresh.lane.warm(work) == 1


def test_shadows_look_at_every_decision_once_and_change_none(
    ready: Lender, bundle: Bundle, events: Mapping[str, bytes], request_for: Asks
) -> None:
    champion = ready.approved(bundle)
    shadow = ready.approved(replace(bundle, prices=bundle.prices.replace('"0.03",', '"0.02",', 1)))
    ready.deploy(champion, Traffic(challengers={}, shadows=(shadow,)))
    answers = ready.ask(*(request_for(n, who) for n, who in enumerate(sorted(events))))
    log = sa.text("SELECT id, result, trace FROM policies.decision_log ORDER BY id")
    with ready.database.begin(WANG) as work:
        before = work.connection.execute(log).all()
        deployment = ready.policies.deployment(work)
        seen = [run_shadows(work, ready.lane, deployment, most=7) for _ in range(3)]
        kept = SqlLiveStore(work).shadowed(shadow, "", 100)
        assert work.connection.execute(log).all() == before
    assert seen == [7, len(answers) - 7, 0]
    assert [row[0] for row in kept] == [row[0] for row in before]
    for _, made, would, failure in kept:
        assert failure == ""
        assert json.loads(made)["tier"] == json.loads(would)["tier"]
    assert any(made != would for _, made, would, _ in kept)
