"""Sources as a staged decision asks them: over the wire, under consents, to an outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tael.app.source_desk import (
    About,
    Gave,
    SourceDesk,
    Whom,
    inputs_of,
    keep_pulls,
    own_links,
    whom_of,
)
from tael.app.source_events import from_bytes as from_events
from tael.kernel import Rate
from tael.origination.model import ApplicationState, PartyKind
from tael.origination.sources import SOURCES, authorise
from tael.origination.sources.model import Subject
from tael.platform import Settings
from tael.policies.engines import ENGINES
from tael.policies.flow import (
    Ahead,
    Answer,
    Applicant,
    FlowRunner,
    FlowSettings,
    plan_of,
    staged_bundle,
)
from tael.policies.model import Bundle
from tael.policies.texts import Policy, load
from tael.variables import (
    Plan,
    compile_plan,
    compute,
    expand,
    from_bytes,
    load_definitions,
)

CAP = Rate.percent(24)
SAID: Mapping[str, object] = {
    "amount": Decimal(200_000), "months": 12, "owner_age": 41, "firm_age_months": 90,
    "industry": "F", "stated_sales_12m": Decimal(2_000_000),
}  # fmt: skip
TOLD: Mapping[str, object] = {
    "abnormal_listings_180d": 0, "downgrades_365d": 0, "device_changes_365d": 0,
    "bills_missed_365d": 0, "firm_enforced_730d": 0, "owner_enforced_730d": 0,
    "owner_dishonest_now": 0, "late_records_730d": 0, "enquiries_180d": 1, "tax_missed_365d": 0,
    "invoiced_365d": Decimal(1_500_000), "banked_sales_365d": Decimal(1_900_000),
    "takings_365d": Decimal(0),
}  # fmt: skip


def card() -> str:
    """A scorecard by hand, of banked sales alone."""
    adds = [0.8, 0.1, -0.6, 0.0]
    feature = {"name": "banked_sales_365d", "kind": "numeric", "monotone": "auto", "max_bins": 6,
               "min_share": 0.03, "reason": ""}  # fmt: skip
    binning = {"feature": feature, "cuts": [200_000, 1_000_000], "groups": [],
               "woe": [-add for add in adds], "shares": [0.25] * 4, "bad_rates": [0.25] * 4,
               "information_value": 1.0}  # fmt: skip
    characteristic = {"binning": binning, "coefficient": -1.0, "logits": adds,
                      "points": [round(-57 * add) for add in adds]}  # fmt: skip
    return json.dumps(
        {
            "format": "tael.scorecard/1",
            "scale": {"base_points": 600, "base_odds": 20.0, "points_to_double": 40},
            "training": [0.005, 1.0],
            "intercept": -3.6,
            "characteristics": [characteristic],
            "dropped": {},
        }
    )


def whom(asking: Any, *, to: str = "guarantor", firm: str = "E1", owner: str = "P1") -> Whom:
    subjects = asking.subject(firm, "enterprise"), asking.subject(owner, "person")
    firm_about, owner_about = (About(one, asking.paper(one, to=to)) for one in subjects)
    since = asking.now - timedelta(days=900)
    market = About(asking.subject("42-F", "market"))
    return Whom(firm_about, (replace(owner_about, since=since),), market)


def desk(asking: Any, whom: Whom) -> SourceDesk:
    return SourceDesk(asking.client, lambda subject: {"E1/1": whom}[subject])


def test_one_question_is_put_to_everybody_whom_a_source_tells_of(asking: Any) -> None:
    one = desk(asking, whom(asking))
    answer = one.fetch("bureau", "E1/1", key="d1:bureau", budget_s=5)
    again = one.fetch("bureau", "E1/1", key="d1:bureau", budget_s=5)

    assert (answer.status, answer.code, answer.cost_minor) == ("ok", "", 2 * 500)
    assert answer.known_at == asking.now
    assert (again.cached, again.cost_minor, again.events) == (True, 0, answer.events)
    assert one.fetch("tax", "E1/1", key="d1:tax", budget_s=5).cost_minor == 300
    assert one.fetch("region", "E1/1", key="d1:region", budget_s=5).cost_minor == 10
    assert {read.caller_key.rpartition(":")[0] for read in asking.store.log} == {
        "d1:bureau", "d1:tax", "d1:region"}  # fmt: skip


def test_an_answer_is_as_bad_as_its_worst_part(asking: Any) -> None:
    asking.order(fault="error", source="court", times=9)
    down = desk(asking, whom(asking)).fetch("court", "E1/1", key="d1:court", budget_s=5)
    asking.admin.delete("/v1/faults")
    asking.order(fault="partial", source="device")
    partial = desk(asking, whom(asking)).fetch("device", "E1/1", key="d1:device", budget_s=5)

    assert (down.status, down.code, down.events) == ("down", "source_down", b"")
    assert (partial.status, partial.code) == ("partial", "partial")
    assert partial.events


def test_who_has_not_consented_is_not_asked_about(asking: Any) -> None:
    both = whom(asking)
    silent = replace(both, persons=(replace(both.persons[0], authorisation=None),))
    refused = desk(asking, silent).fetch("court", "E1/1", key="d1:court", budget_s=5)
    asking.withdraw(both.firm.authorisation)
    barred = desk(asking, both).may_ask("E1/1", list(SOURCES), at=asking.now)

    assert (refused.status, refused.code) == ("refused", "consent_withdrawn")
    assert asking.store.requests == []
    assert set(barred) == set(SOURCES) - {"region"}
    assert set(barred.values()) == {"consent_withdrawn"}
    assert desk(asking, silent).may_ask("E1/1", ["tax", "court"], at=asking.now) == {
        "court": "consent_withdrawn", "tax": "consent_withdrawn"}  # fmt: skip


@dataclass(frozen=True)
class Elsewhere:
    """The bureau is asked over the wire, every other source says what is usual."""

    desk: SourceDesk
    behind: Mapping[str, frozenset[str]]

    def fetch(self, source: str, subject: str, *, key: str, budget_s: float) -> Answer:
        if source == "bureau":
            return self.desk.fetch(source, subject, key=key, budget_s=budget_s)
        values = {name: TOLD[name] for name, behind in self.behind.items() if source in behind}
        return Answer(source, values=values, cost_minor=1)


def blind_bundle() -> Bundle:
    """The staged policy where only a bank's verdict on the credit report may be seen."""
    usual = staged_bundle(card())
    parameters = json.loads(usual.parameters)
    del parameters["inputs"]["late_records_730d"]
    parameters["inputs"]["bureau_verdict"] = {
        "type": "text", "values": ["pass", "fail", "unknown"]}  # fmt: skip
    parameters["sources"]["bureau"]["inputs"] = ["bureau_verdict"]
    parameters["sources"]["tax"]["inputs"] += ["enquiries_180d"]
    rules = usual.dmn
    for old, new in (
        ('name="late_records_730d" typeRef="from_zero"', 'name="bureau_verdict" typeRef="string"'),
        ('typeRef="number"><text>late_records_730d', 'typeRef="string"><text>bureau_verdict'),
        ('credit_stops_1_i1"><text>&gt; 6<', 'credit_stops_1_i1"><text>"fail"<'),
        ("late_records_730d", "bureau_verdict"),
    ):
        assert old in rules
        rules = rules.replace(old, new)
    return replace(usual, dmn=rules, parameters=json.dumps(parameters))


def decided(asking: Any, bundle: Bundle, whom: Whom, at: datetime) -> Any:
    policy = load(bundle, ENGINES)
    plan = plan_of(policy, bundle.parameters)
    assert plan is not None
    runner = FlowRunner(
        Ahead(policy, bundle),
        plan,
        Elsewhere(desk(asking, whom), plan.behind),
        FlowSettings(watched=False),
    )
    return runner.run(Applicant("E1/1", "E1/1", at, SAID), cap=CAP)


def test_a_policy_runs_where_only_the_banks_verdict_is_visible(asking: Any) -> None:
    bundle = blind_bundle()
    bad = whom(asking, to="platform")
    unknown = whom(asking, to="platform", firm="E3", owner="P4")

    declined = decided(asking, bundle, bad, asking.now)
    approved = decided(asking, bundle, unknown, asking.now)
    assert (declined.outcome, declined.concluded.verdict.reasons) == (
        "decline", ("overdue_history",))  # fmt: skip
    assert approved.outcome == "approve"
    verdicts = [
        desk(asking, one).fetch("bureau", "E1/1", key="E1/1:bureau", budget_s=5)
        for one in (bad, unknown)
    ]
    assert [one.values for one in verdicts] == [
        {"bureau_verdict": "fail"}, {"bureau_verdict": "unknown"}]  # fmt: skip
    assert all(one.cached and not from_events(one.events) for one in verdicts)


def reading(policy: Policy) -> tuple[Plan, Any]:
    """The plan of the variables that a policy reads, and how it reads them."""
    definitions = load_definitions()
    taken = {rule.name: rule.taken for rule in policy.inputs if rule.taken is not None}
    wanted = {one.variable for one in taken.values()}
    plan = compile_plan(definitions, [one for one in expand(definitions) if one.name in wanted])

    def read(packed: bytes, as_of: datetime) -> dict[str, object]:
        row = compute(plan, from_bytes(packed), int(as_of.timestamp()))
        found: dict[str, object] = {}
        for name, one in taken.items():
            column = plan.column(one.variable)
            value = Decimal(repr(float(row.values[column]))) * one.scale
            found[name] = one.missing if row.reasons[column] else value
        return found

    return plan, read


@pytest.mark.slow
def test_a_staged_policy_decides_on_what_nine_sources_answer(asking: Any) -> None:
    bundle = staged_bundle(card())
    policy = load(bundle, ENGINES)
    plan = plan_of(policy, bundle.parameters)
    assert plan is not None
    about = whom(asking)
    one = desk(asking, about)
    variables, read = reading(policy)
    settings = FlowSettings(consents=one, compute=inputs_of(variables, read, about, asking.now))
    runner = FlowRunner(Ahead(policy, bundle), plan, one, settings)
    result = runner.run(Applicant("E1/1", "E1/1", asking.now, SAID), cap=CAP)

    asked = {fetched.source for fetched in result.fetched}
    assert result.refusal is None
    assert result.outcome in ("decline", "refer", "approve")
    assert asked
    assert set(result.grounds.lost) == set()
    assert sum(fetched.cost_minor for fetched in result.fetched) == asking.charged() > 0
    asking.withdraw(about.firm.authorisation)
    refused = runner.run(Applicant("E1/1", "E1/2", asking.now, SAID), cap=CAP)
    assert refused.refusal is not None
    assert refused.refusal.code == "consent_withdrawn"
    assert asking.charged() == sum(fetched.cost_minor for fetched in result.fetched)


def test_persons_stand_behind_the_firm_as_the_house_knows_them(asking: Any) -> None:
    links = own_links(whom(asking)).to_pylist()
    assert [(one["person_id"], one["enterprise_id"], one["role"]) for one in links] == [
        ("P1", "E1", "controller")]  # fmt: skip
    assert links[0]["known_at"] == asking.now - timedelta(days=900)


def test_an_application_tells_whom_it_is_about(asking: Any, tmp_path: Path) -> None:
    house = asking.house
    group = house.group(PartyKind.COMPANY)
    application = house.draft(group)
    for party_id in {application.applicant_id, application.borrower_id}:
        house.consent(party_id)
    installed: Any = SimpleNamespace(
        settings=Settings(data_dir=tmp_path), applications=house.applications, parties=house.parties
    )
    with house.begin() as work:
        found = whom_of(installed, work, application.id)

    assert found.firm.subject.kind == "enterprise"
    assert found.firm.subject.name == "TEST-E1"
    assert [(one.subject.name, one.subject.kind) for one in found.persons] == [
        ("TEST-P1", "person")]  # fmt: skip
    assert found.persons[0].authorisation.recipient == "guarantor"
    assert found.persons[0].since is not None
    assert found.market is None


def test_what_sources_gave_stands_with_the_application_under_its_consent(asking: Any) -> None:
    house = asking.house
    application = house.at(ApplicationState.DATA_PENDING)
    with house.begin() as work:
        consent = house.parties.consents_of(work, application.borrower_id)[0]
    subject = Subject(application.borrower_id, "enterprise", "TEST-E1")
    about = Whom(About(subject, authorise(consent, subject, asking.signer)))
    told = {"bureau": {"bureau_verdict": "pass"}, "tax": {}}
    for _ in range(2):
        with house.begin() as work:
            installed: Any = SimpleNamespace(applications=house.applications)
            pulls = keep_pulls(installed, work, application.id, Gave(about, told))

    with house.begin() as work:
        assert list(pulls) == list(house.applications.pulls(work, application.id))
    assert [(one.source, one.consent_id, one.values) for one in pulls] == [
        ("bureau", consent.id, {"bureau_verdict": "pass"})]  # fmt: skip
