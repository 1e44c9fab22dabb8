"""Asking the nine sources: answers, cache, consent, cost, faults."""

from __future__ import annotations

import dataclasses
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from tael.kernel import BadInput, Day
from tael.origination.sources import SOURCES
from tael.origination.sources.model import (
    BreakerState,
    Code,
    Mode,
    Route,
    SourceAnswer,
    Status,
    Verdict,
)
from tael.origination.sources.ports import BreakerLimits, Wire
from tael.sandbox.sources import public_key

WHOM = {"bureau": ("P1", "person"), "device": ("P1", "person"), "region": ("42-F", "market")}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_answers_and_is_paid_its_price(asking: Any, source: str) -> None:
    answer = asking.fetch(source, *WHOM.get(source, ("E1", "enterprise")))

    assert (answer.status, answer.code, answer.cached) == (Status.OK, None, False), answer.told
    assert answer.cost_minor == SOURCES[source].price_minor == asking.charged()
    assert set(answer.report.sections) == {one.name for one in SOURCES[source].schema.sections}
    assert answer.report.as_of == asking.now
    assert answer.report.known_at is not None
    assert answer.report.known_at <= asking.now
    assert answer.report.found


def test_what_was_asked_is_answered_from_the_store_and_costs_nothing(asking: Any) -> None:
    first = asking.fetch("bureau", "P1", "person")
    asking.clock.advance(timedelta(days=29))
    again = asking.fetch("bureau", "P1", "person", key="k2")

    assert again.report == first.report
    assert (again.cached, again.cost_minor, again.saved_minor, again.attempts) == (True, 0, 500, 0)
    assert asking.charged() == 500


def test_an_answer_that_is_no_longer_fresh_is_asked_for_anew(asking: Any) -> None:
    asking.fetch("court")
    asking.clock.advance(timedelta(days=31))
    again = asking.fetch("court", key="k2")

    assert (again.status, again.cached, again.cost_minor) == (Status.OK, False, 60)
    assert asking.charged() == 120


def test_one_command_gets_one_answer_however_late_it_comes_again(asking: Any) -> None:
    first = asking.fetch("court", key="decision-7")
    asking.clock.advance(timedelta(days=60))
    again = asking.fetch("court", key="decision-7")

    assert (again.report, again.cached) == (first.report, True)
    assert asking.charged() == 60


def test_an_answer_serves_only_the_consent_it_came_under(asking: Any) -> None:
    asking.fetch("court")
    subject = asking.subject("E1", "enterprise")
    bank = asking.paper(subject, to="partner_a")

    answer = asking.fetch("court", paper=bank, key="k2")
    assert (answer.status, answer.cached) == (Status.OK, False)


def test_of_a_consent_that_was_withdrawn_nothing_is_asked_nor_read(asking: Any) -> None:
    subject = asking.subject("E1", "enterprise")
    paper = asking.paper(subject)
    asking.fetch("court", paper=paper)
    asking.withdraw(paper)

    answer = asking.fetch("court", paper=paper, key="k1")
    assert (answer.status, answer.code) == (Status.REFUSED, Code.CONSENT_WITHDRAWN)
    assert (answer.report, answer.attempts) == (None, 0)
    assert asking.charged() == 60
    assert [read.code for read in asking.store.log] == [None, Code.CONSENT_WITHDRAWN]


def test_of_a_consent_that_expired_nothing_is_asked_nor_read(asking: Any) -> None:
    subject = asking.subject("E1", "enterprise")
    paper = asking.paper(subject, until=Day(2024, 6, 3))
    asking.fetch("court", paper=paper)
    asking.clock.advance(timedelta(days=4))

    answer = asking.fetch("court", paper=paper)
    assert (answer.status, answer.code) == (Status.REFUSED, Code.CONSENT_EXPIRED)
    assert asking.charged() == 60


def test_a_consent_that_ends_while_the_source_is_asked_is_not_read_but_paid(asking: Any) -> None:
    subject = asking.subject("E1", "enterprise")
    paper = asking.paper(subject)
    asking.order(fault="late", delay_ms=200, source="court")
    fetched = []
    thread = threading.Thread(target=lambda: fetched.append(asking.fetch("court", paper=paper)))
    thread.start()
    _until(lambda: asking.charged() == 60)
    asking.withdraw(paper)
    thread.join()

    assert (fetched[0].code, fetched[0].report) == (Code.CONSENT_WITHDRAWN, None)
    assert fetched[0].cost_minor == 60
    assert asking.store.stored == []


def test_a_source_outside_the_scope_is_not_asked(asking: Any) -> None:
    subject = asking.subject("E1", "enterprise")
    paper = asking.paper(subject, scope=frozenset({"tax"}))

    answer = asking.fetch("court", paper=paper)
    assert (answer.status, answer.code) == (Status.REFUSED, Code.OUT_OF_SCOPE)
    assert asking.charged() == 0


def test_no_unit_of_work_is_open_while_a_source_is_asked(asking: Any) -> None:
    asking.order(fault="late", delay_ms=150, source="court")
    seen = []
    thread = threading.Thread(target=lambda: asking.fetch("court"))
    thread.start()
    _until(lambda: asking.charged() == 60)
    while thread.is_alive() and len(seen) < 5:
        seen.append(asking.units)
    thread.join()

    assert seen == [0] * 5


def test_the_platform_sees_a_verdict_where_it_may_not_see_the_report(asking: Any) -> None:
    subject = asking.subject("P1", "person")
    paper = asking.paper(subject, to="platform")

    answer = asking.fetch("bureau", "P1", "person", paper=paper)
    assert answer.status is Status.OK
    assert answer.report.mode is Mode.VERDICT_ONLY
    assert answer.report.verdict in {Verdict.PASS, Verdict.FAIL}
    assert answer.report.sections == {}


def test_an_entity_without_a_route_is_refused_before_the_source_is_asked(asking: Any) -> None:
    ended = Route("court", "enterprise", "guarantor", "none", Mode.FULL, Day(2024, 1, 1))
    asking.store.add_route(ended, asking.now, "zhao")

    answer = asking.fetch("court")
    assert (answer.status, answer.code) == (Status.REFUSED, Code.NOT_ENTITLED)
    assert asking.store.requests == []


def test_what_the_source_itself_refuses_is_told_and_not_tried_again(asking: Any) -> None:
    paper = asking.paper(asking.subject("E1", "enterprise"))
    forged = dataclasses.replace(paper, signature=b"x" * 64)

    answer = asking.fetch("court", paper=forged)
    assert (answer.status, answer.code) == (Status.REFUSED, Code.NOT_ENTITLED)
    assert (answer.attempts, answer.told) == (1, "the source refuses: bad_signature")
    withdrawn = {"authorisation": paper.consent_id}
    asking.admin.post("/v1/withdrawals", json=withdrawn)
    assert asking.fetch("court", paper=paper).code is Code.CONSENT_WITHDRAWN


def test_the_same_market_serves_everybody(asking: Any) -> None:
    asking.fetch("region", "42-F", "market", key="k1")
    again = asking.fetch("region", "42-F", "market", key="k2")

    assert (again.cached, asking.charged()) == (True, 10)


FAULTS: dict[str, tuple[dict[str, Any], Status, Code | None, int]] = {
    # fault → what comes of it, and what the fetch costs
    "one 503": ({"fault": "error"}, Status.OK, None, 60),
    "every 503": ({"fault": "error", "times": 9}, Status.DOWN, Code.SOURCE_DOWN, 0),
    "one cut wire": ({"fault": "drop"}, Status.OK, None, 60),
    "every wire cut": ({"fault": "drop", "times": 9}, Status.DOWN, Code.SOURCE_DOWN, 0),
    "half an answer": ({"fault": "half"}, Status.OK, None, 60),
    "half of every answer": ({"fault": "half", "times": 9}, Status.DOWN, Code.SOURCE_DOWN, 0),
    "records twice": ({"fault": "twice", "times": 9}, Status.OK, None, 60),
    "a section missing": ({"fault": "partial", "times": 9}, Status.PARTIAL, Code.PARTIAL, 60),
    "one malformed": ({"fault": "malformed"}, Status.OK, None, 60),
    "all malformed": ({"fault": "malformed", "times": 9}, Status.DOWN, Code.INVALID_ANSWER, 0),
    "a record lost": ({"fault": "short", "times": 9}, Status.DOWN, Code.INVALID_ANSWER, 0),
    "somebody else": ({"fault": "stranger", "times": 9}, Status.DOWN, Code.INVALID_ANSWER, 0),
    "not as signed": ({"fault": "forged", "times": 9}, Status.DOWN, Code.INVALID_ANSWER, 0),
    "of next year": ({"fault": "future", "times": 9}, Status.DOWN, Code.INVALID_ANSWER, 0),
    "too dear": ({"fault": "dearer", "times": 9}, Status.DOWN, Code.INVALID_ANSWER, 0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_of_a_source_makes_a_wrong_answer(asking: Any, name: str) -> None:
    fault, status, code, cost = FAULTS[name]
    asking.order(source="court", **fault)

    answer = asking.fetch("court")
    assert (answer.status, answer.code, answer.cost_minor) == (status, code, cost), answer.told
    assert (answer.report is None) is (status is Status.DOWN)
    assert bool(answer.told) is (status is not Status.OK)
    asking.admin.delete("/v1/faults")
    healed = asking.fetch("court", key="k2")
    assert (healed.status, healed.report.missing) == (Status.OK, ())
    assert sum(read.cost_minor for read in asking.store.log) == asking.charged() == 60


def test_records_that_come_twice_count_once(asking: Any) -> None:
    plain = asking.fetch("bureau", "P1", "person").report
    asking.clock.advance(timedelta(days=31))
    asking.order(fault="twice", source="bureau")
    twice = asking.fetch("bureau", "P1", "person", key="k2").report

    assert twice.dropped > plain.dropped
    assert set(plain.sections["months"]["id"]) <= set(twice.sections["months"]["id"])
    months = twice.sections["months"]
    ids = list(zip(months["id"], months["known_at"], strict=True))
    assert len(ids) == len(set(ids))


def test_a_late_answer_is_kept_and_there_for_the_next_paid_once(asking: Any) -> None:
    asking.order(fault="late", delay_ms=300, source="court")
    answer = asking.fetch("court", budget_s=0.1)
    assert (answer.status, answer.code) == (Status.DOWN, Code.BUDGET_EXCEEDED)
    assert answer.cost_minor == 0
    assert answer.latency_ms < 250

    _until(lambda: len(asking.store.stored) == 1)
    again = asking.fetch("court", key="k2")
    assert (again.status, again.cached, again.cost_minor) == (Status.OK, True, 0)
    assert asking.store.stored[0].late
    assert [(read.late, read.cost_minor) for read in asking.store.log] == [
        (False, 0), (True, 60), (False, 0)]  # fmt: skip
    assert asking.charged() == 60


def test_a_slow_source_is_asked_again_under_its_own_key(asking: Any) -> None:
    asking.order(fault="timeout", delay_ms=600, source="court")
    patience = dataclasses.replace(asking.patience, late_s=0.01, attempt_s=0.3)
    with asking.client_with(patience=patience) as hurried:
        asking.client, usual = hurried, asking.client
        first = asking.fetch("court", budget_s=0.1)
        answer = asking.fetch("court", key="k2")
        asking.client = usual

    assert first.code is Code.BUDGET_EXCEEDED
    assert (answer.status, answer.cost_minor) == (Status.OK, 60)
    assert len(asking.store.requests) == 1


def test_asynchronous_sources_are_waited_for_within_the_budget(asking: Any) -> None:
    asking.order(fault="late", delay_ms=200, source="tax")
    assert asking.fetch("tax", budget_s=0.05).code is Code.BUDGET_EXCEEDED
    _until(lambda: len(asking.store.stored) == 1)

    answer = asking.fetch("tax", key="k2")
    assert (answer.status, answer.cached, asking.charged()) == (Status.OK, True, 300)


def test_two_who_ask_at_once_pay_once(asking: Any) -> None:
    asking.order(fault="late", delay_ms=100, source="court")
    fetched: list[SourceAnswer] = []
    threads = [
        threading.Thread(target=lambda key=key: fetched.append(asking.fetch("court", key=key)))
        for key in ("k1", "k2", "k3")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status for answer in fetched} == {Status.OK}
    assert len(asking.store.requests) == len(asking.store.stored) == 1
    assert sum(answer.cost_minor for answer in fetched) == asking.charged() == 60


def test_a_source_that_is_down_gives_what_it_said_before_as_stale(asking: Any) -> None:
    first = asking.fetch("court")
    asking.clock.advance(timedelta(days=40))
    asking.order(fault="error", source="court", times=9)

    answer = asking.fetch("court", key="k2")
    assert (answer.status, answer.code) == (Status.STALE, Code.STALE)
    assert answer.report == first.report
    assert answer.told.startswith("source_down: ")


def test_after_a_partial_answer_the_source_is_asked_again_at_no_cost(asking: Any) -> None:
    asking.order(fault="partial", source="bureau")
    partial = asking.fetch("bureau", "P1", "person")
    assert (partial.code, partial.report.missing) == (Code.PARTIAL, ("enquiries",))

    whole = asking.fetch("bureau", "P1", "person", key="k2")
    assert (whole.status, whole.cached, whole.cost_minor) == (Status.OK, False, 0)
    asking.order(fault="error", source="bureau", times=9)
    assert asking.fetch("bureau", "P1", "person", key="k3").cached
    assert asking.charged() == 500


def test_a_source_that_keeps_failing_is_left_alone_for_a_while(asking: Any) -> None:
    patience = dataclasses.replace(
        asking.patience, attempts=1, breaker=BreakerLimits(failures=2, pause_s=0.05)
    )
    with asking.client_with(patience=patience) as client:
        asking.client, usual = client, asking.client
        asking.order(fault="error", source="court", times=2)
        told = [asking.fetch("court", key=f"k{n}") for n in range(4)]
        state = client.breaker("court")
        time.sleep(0.06)
        healed = asking.fetch("court", key="k9")
        asking.client = usual

    assert [answer.attempts for answer in told] == [1, 1, 0, 0]
    assert state is BreakerState.OPEN
    assert client.breaker("tax") is BreakerState.CLOSED
    assert healed.status is Status.OK
    states = [move.state.value for move in asking.store.moves]
    assert states == ["open", "half_open", "closed"]


def test_a_source_without_a_wire_is_down(asking: Any) -> None:
    with asking.client_with(wires={}) as client:
        subject = asking.subject("E1", "enterprise")
        answer = client.fetch("court", subject, asking.paper(subject), key="k1", budget_s=1)
    assert (answer.status, answer.code) == (Status.DOWN, Code.SOURCE_DOWN)
    assert "TAEL_SOURCES" in answer.told


def test_an_answer_signed_by_another_key_is_not_believed(asking: Any) -> None:
    with asking.client_with(wires={"court": Wire(asking.url, public_key(2))}) as client:
        subject = asking.subject("E1", "enterprise")
        answer = client.fetch("court", subject, asking.paper(subject), key="k1", budget_s=1)
    assert answer.code is Code.INVALID_ANSWER
    assert "did not sign" in answer.told


def test_the_body_of_a_party_that_was_erased_is_not_read_again(asking: Any) -> None:
    subject = asking.subject("E1", "enterprise")
    paper = asking.paper(subject)
    asking.fetch("court", paper=paper)
    with asking.begin() as work:
        asking.house.parties.erase(work, subject.id, reason="asked")

    answer = asking.client.fetch("court", subject, paper, key="k2", budget_s=1)
    assert not answer.cached
    assert b"case" not in next(iter(asking.store.bodies.values()))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "gossip"}, "source"),
        ({"source": "tax", "kind": "person"}, "subject"),
        ({"authorisation": None}, "authorisation"),
        ({"authorisation": "of E2"}, "authorisation"),
        ({"key": " "}, "key"),
        ({"budget_s": 0}, "budget_s"),
        ({"budget_s": 1e9}, "budget_s"),
    ],
)
def test_a_question_that_cannot_be_put_is_refused(
    asking: Any, changes: dict[str, Any], field: str
) -> None:
    given = {"source": "court", "kind": "enterprise", "key": "k", "budget_s": 1, **changes}
    subject = asking.subject("E1", given["kind"])
    paper = asking.paper(subject)
    if "authorisation" in changes:
        other = asking.paper(asking.subject("E2", "enterprise"))
        paper = other if changes["authorisation"] else None

    with pytest.raises(BadInput) as refused:
        asking.client.fetch(
            given["source"], subject, paper, key=given["key"], budget_s=given["budget_s"]
        )
    assert refused.value.field == field


def test_health_counts_calls_money_and_codes(asking: Any) -> None:
    asking.fetch("court")
    asking.fetch("court", key="k2")
    asking.order(fault="error", source="tax", times=9)
    asking.fetch("tax")
    asking.order(fault="late", delay_ms=150, source="region")
    asking.fetch("region", "42-F", "market", budget_s=0.05)
    _until(lambda: len(asking.store.stored) == 2)

    day = timedelta(days=1)
    health = {one.source: one for one in asking.store.health(asking.now - day, asking.now + day)}
    court, tax, region = health["court"], health["tax"], health["region"]
    assert (court.reads, court.asked, court.hits) == (2, 1, 1)
    assert (court.codes, court.spent_minor, court.saved_minor) == ({"ok": 2}, 60, 60)
    assert court.p50_ms is not None
    assert (tax.codes, tax.spent_minor) == ({"source_down": 1}, 0)
    assert (region.reads, region.late, region.spent_minor) == (1, 1, 10)
    assert region.codes == {"budget_exceeded": 1}
    assert health["device"].p95_ms is None
    assert asking.store.health(asking.now + day, asking.now + 2 * day)[0].reads == 0


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 3
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
