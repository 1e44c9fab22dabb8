"""Policy versions and decisions through the door: on PostgreSQL, or quickly in memory."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tael import dmn
from tael.economy import FEATURE_NAMES, Applicant, applicants, history
from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    Day,
    DecisionId,
    FixedClock,
    Money,
    NotFound,
    VersionId,
)
from tael.platform import Actor, Database, Work
from tael.policies import Policies, SqlPolicyStore, first_bundle
from tael.policies.canonical import canonical, digest, read
from tael.policies.engines import ENGINES
from tael.policies.memory import MemoryPolicyStore
from tael.policies.model import Traffic
from tael.policies.ports import OpenStore
from tael.risk import Scorecard

WANG, LI = Actor("user", "wang"), Actor("user", "li")
START = Day(2025, 1, 1)


class Figures:
    """Dated figures that a test may change."""

    def __init__(self, cap: object = "0.24") -> None:
        self.cap = cap

    def value(self, work: Work, name: str, on: Day) -> Any:
        assert (work.actor.kind, name, on >= START) == ("user", "cap.all_in", True)
        return self.cap


@functools.cache
def scorecard() -> str:
    past = history(1, 4000)
    return Scorecard().fit(past.columns, past.bad).to_json()


@functools.cache
def applicant(number: int = 0) -> Applicant:
    return list(applicants(7, 40, START))[number]


def features(who: Applicant) -> dict[str, object]:
    values = {name: getattr(who.features, name) for name in FEATURE_NAMES}
    return {k: v.decimal() if isinstance(v, Money) else v for k, v in values.items()}


def application(number: int = 0) -> ApplicationId:
    return ApplicationId.derive(FixedClock.on(START).now(), number)


def service(store: OpenStore, cap: object = "0.24") -> Policies:
    return Policies(store, parameters=Figures(cap), engines=ENGINES, signing_key=bytes(32))


def in_memory() -> tuple[Policies, Work, Work]:
    store, clock = MemoryPolicyStore(), FixedClock.on(START)
    connection = sa.create_mock_engine("postgresql://", lambda *_: None)
    wang, li = (Work(connection, clock, actor) for actor in (WANG, LI))  # type: ignore[arg-type]
    return service(lambda _: store), wang, li


def deployed(policies: Policies, first: Work, second: Work) -> VersionId:
    version = policies.draft(first, "first", first_bundle(scorecard()))
    policies.check(first, version.id)
    policies.waive_backtest(first, version.id, "there is no history yet")
    policies.approve(second, version.id)
    policies.deploy(second, version.id)
    return version.id


def in_force(policies: Policies, database: Database) -> VersionId:
    with database.begin(WANG) as work:
        version = policies.draft(work, "first", first_bundle(scorecard()))
        policies.check(work, version.id)
        policies.waive_backtest(work, version.id, "there is no history yet")
    with database.begin(LI) as work:
        policies.approve(work, version.id)
        policies.deploy(work, version.id)
    return version.id


@pytest.mark.parametrize("part", ["dmn", "model", "prices", "parameters", "variables"])
def test_a_bundle_that_cannot_be_read_is_not_kept(part: str) -> None:
    policies, wang, _ = in_memory()
    with pytest.raises(BadInput):
        policies.draft(wang, "broken", replace(first_bundle(scorecard()), **{part: "<"}))
    assert policies.versions(wang) == []


def test_nothing_is_decided_without_a_policy_in_force() -> None:
    policies, wang, _ = in_memory()
    with pytest.raises(Conflict, match="no policy"):
        policies.decide(
            wang, application(), features(applicant()), amount=Money.parse("1000"), months=6
        )


def test_an_application_is_decided_by_its_arm_and_the_log_says_which() -> None:
    policies, wang, li = in_memory()
    champion, challenger = deployed(policies, wang, li), deployed(policies, wang, li)
    policies.rollback(li, "the first decides again")
    again = policies.draft(wang, "again", first_bundle(scorecard()))
    policies.check(wang, again.id)
    policies.waive_backtest(wang, again.id, "there is no history yet")
    policies.approve(li, again.id)
    policies.deploy(li, champion, Traffic({again.id: 5000}))
    made = {}
    for number in range(8):
        decision = policies.decide(
            wang, application(number), features(applicant()), amount=Money.parse("90000"), months=12
        )
        put = policies.assigned(wang, application(number))
        told = json.loads(policies.log_entry(wang, decision.id).context)
        assert told == {
            "deployment": 4, "bucket": put.bucket, "arm": put.arm.role.value,
            "random_accept": False,
        }  # fmt: skip
        made[told["arm"]] = decision.policy_id
    assert made == {"champion": champion, "challenger": again.id}
    assert challenger not in made.values()


def test_a_decision_asked_twice_is_one_decision() -> None:
    policies, wang, li = in_memory()
    deployed(policies, wang, li)
    ask = functools.partial(policies.decide, wang, application(), features(applicant()))
    first = ask(amount=Money.parse("90000"), months=12)
    assert ask(amount=Money.parse("90000"), months=12) == first
    assert ask(amount=Money.parse("90001"), months=12).id != first.id
    assert len(policies.decisions_of(wang, application())) == 2


@pytest.mark.parametrize(
    ("amount", "change", "field"),
    [
        (Money.parse("1000", "USD"), {}, "amount"),
        (Money.parse("-5"), {}, "amount"),
        (Money.parse("1000"), {"debt_ratio": 0.3}, "debt_ratio"),
        (Money.parse("1000"), {"amount": Decimal(7)}, "amount"),
        (Money.parse("1000"), {"owner_age": None}, "owner_age"),
    ],
)
def test_a_bad_input_leaves_no_row_in_the_log(
    amount: Money, change: Mapping[str, object], field: str
) -> None:
    policies, wang, li = in_memory()
    deployed(policies, wang, li)
    with pytest.raises(BadInput) as refused:
        policies.decide(
            wang, application(), {**features(applicant()), **change}, amount=amount, months=6
        )
    assert refused.value.field == field
    assert policies.decisions_of(wang, application()) == []


def test_unknown_ids_are_not_found() -> None:
    policies, wang, _ = in_memory()
    for ask in (policies.approve, policies.bundle, policies.deploy, policies.retire):
        with pytest.raises(NotFound):
            ask(wang, VersionId.new(wang.clock.now()))


def test_the_economy_is_decided_into_every_tier_and_reproduced_bit_for_bit(
    database: Database,
) -> None:
    policies = service(SqlPolicyStore)
    in_force(policies, database)
    decided = []
    with database.begin(WANG) as work:
        for number in range(40):
            who = applicant(number)
            decided.append(
                policies.decide(
                    work, application(number), features(who), amount=who.amount, months=who.months
                )
            )
    assert {d.outcome for d in decided} >= {"approve", "decline"}
    assert len({d.tier for d in decided}) >= 5
    for decision in decided:
        assert (decision.outcome == "approve") <= (2 <= len(decision.options) <= 3)
        assert (decision.outcome == "decline") <= bool(decision.reasons)
        assert all(reason.zh and reason.en for reason in decision.reasons)
    # A service that never saw these texts reads them from the log and comes to the same bits.
    fresh = service(SqlPolicyStore, "0.01")
    with database.begin(LI) as work:
        assert all(fresh.reproduce(work, d.id).same for d in decided)
        assert fresh.decision(work, decided[3].id) == decided[3]


def test_the_log_is_append_only_and_a_seal_shows_what_was_changed(database: Database) -> None:
    policies = service(SqlPolicyStore)
    in_force(policies, database)
    with database.begin(LI) as work:
        ids = [
            policies.decide(
                work, application(n), features(applicant(n)), amount=Money.parse("90000"), months=12
            ).id
            for n in range(3)
        ]
        assert policies.seal(work, limit=2) == 2
        assert policies.seal(work) == 1
        assert policies.seal(work) == 0
        assert policies.verify_log(work).whole
    for statement in (
        "UPDATE policies.decision_log SET result = '{}'",
        "DELETE FROM policies.decision_log",
        "UPDATE policies.policy_version SET dmn = ''",
        "DELETE FROM policies.policy_version",
        "UPDATE policies.decision_seal SET hash = ''",
    ):
        with pytest.raises(sa.exc.DBAPIError), database.begin(LI) as work:
            work.connection.execute(sa.text(statement))
    with database.begin(LI) as work:
        work.connection.execute(
            sa.text("ALTER TABLE policies.decision_log DISABLE TRIGGER append_only")
        )
        work.connection.execute(
            sa.text("UPDATE policies.decision_log SET result = '{}' WHERE id = :id"), {"id": ids[1]}
        )
        proof = policies.verify_log(work)
    assert (proof.rows, proof.sealed, proof.broken) == (3, 3, (ids[1],))


def test_sealers_at_once_make_one_chain(database: Database) -> None:
    policies = service(SqlPolicyStore)
    in_force(policies, database)
    with database.begin(LI) as work:
        for number in range(24):
            policies.decide(
                work,
                application(number),
                features(applicant(number)),
                amount=Money.parse("90000"),
                months=12,
            )

    def sealed(_: int) -> int:
        with database.begin(LI) as work:
            return policies.seal(work, limit=3)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(sealed, range(12))) == 24
    with database.begin(LI) as work:
        proof = policies.verify_log(work)
    assert (proof.sealed, proof.whole) == (24, True)


def test_every_decision_of_a_played_set_is_decided_again_with_its_reasons_and_trace() -> None:
    store, clock = MemoryPolicyStore(), FixedClock.on(START)
    connection = sa.create_mock_engine("postgresql://", lambda *_: None)
    wang, li = (Work(connection, clock, actor) for actor in (WANG, LI))  # type: ignore[arg-type]
    policies = service(lambda _: store)
    deployed(policies, wang, li)
    made = [
        policies.decide(wang, application(n), features(who), amount=who.amount, months=who.months)
        for n, who in enumerate(applicants(11, 300, START))
    ]
    # Another process, years later: other figures are in force, the texts come from the log.
    fresh = service(lambda _: store, "0.05")
    model = dmn.loads(first_bundle("").dmn)
    for decision in made:
        again = fresh.reproduce(li, decision.id)
        assert again.same
        assert again.engine_recorded == again.engine_now
        assert fresh.decision(li, decision.id) == decision
        assert decision.versions["rules"] == model.hash
        entry = fresh.log_entry(li, decision.id)
        inputs = read(entry.inputs)
        assert isinstance(inputs, dict)
        # Without the room: the engine alone, from the logged inputs, gives the logged trace.
        trace = json.loads(entry.trace)
        result = model.evaluate({**inputs, "pd": Decimal(str(trace["score"]["pd"]))})
        whole = read(fresh.whole_trace(li, decision.id))
        assert canonical(result.to_json()["trace"]) == canonical(whole["decisions"])  # type: ignore[index]
        fired = {s.node: [r.number for r in s.fired] for s in result.trace.steps if s.fired}
        assert trace["fired"] == fired
        assert len(decision.reasons) <= 4
    assert {d.outcome for d in made} == {"approve", "decline", "refer"}


def test_a_row_from_before_versions_were_kept_is_still_read_and_decided_again() -> None:
    store, clock = MemoryPolicyStore(), FixedClock.on(START)
    connection = sa.create_mock_engine("postgresql://", lambda *_: None)
    wang, li = (Work(connection, clock, actor) for actor in (WANG, LI))  # type: ignore[arg-type]
    policies = service(lambda _: store)
    deployed(policies, wang, li)
    who = applicant()
    made = policies.decide(wang, application(), features(who), amount=who.amount, months=who.months)
    entry = policies.log_entry(wang, made.id)
    older = replace(
        entry,
        id=DecisionId.new(clock.now()),
        parameters='{"cap.all_in":0.24,"evaluator":1}',
        trace=policies.whole_trace(wang, made.id),
    )
    store.add_decision(older)
    again = policies.reproduce(wang, older.id)
    assert (again.same, again.engine_recorded) == (True, "")
    versions = policies.decision(wang, older.id).versions
    assert versions["dated"] == digest(older.parameters)
    assert "engine" not in versions


def test_a_refused_model_stays_refused_in_the_database(database: Database) -> None:
    policies = service(SqlPolicyStore)
    with database.begin(WANG) as work:
        version = policies.draft(work, "first", first_bundle(scorecard()))
        model = str(version.hashes["model"])
        made = policies.refuse_model(work, model, "trained on too few defaults")
    with database.begin(LI) as work:
        assert policies.models(work) == [made]
        assert (made.ended_by, made.why) == ("wang", "trained on too few defaults")
    with pytest.raises(sa.exc.DBAPIError, match="stays so"), database.begin(LI) as work:
        work.connection.execute(
            sa.text("UPDATE policies.model_version SET state = 'draft' WHERE hash = :hash"),
            {"hash": model},
        )
