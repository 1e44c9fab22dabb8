"""One application, decided by the deployment in force, whatever its policy reads."""

from __future__ import annotations

import importlib.util
import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from tael.app.demo.company import found_company
from tael.app.evidence import firm_of
from tael.app.installation import Installation, build
from tael.app.lending import Lending
from tael.app.source_desk import About, whom_of
from tael.app.sources import open_sources, signer_of
from tael.app.staged_decision import Arm, open_run
from tael.app.underwriting import Underwriting
from tael.console import create_app
from tael.console.security import SESSION
from tael.funding import BankClient
from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    Day,
    EventId,
    FixedClock,
    Forbidden,
    LoanId,
    Money,
    NotFound,
    PartyId,
    VersionId,
)
from tael.origination import ASSESSMENT, BANK, Origin, model
from tael.origination.sources import SOURCES, SqlSources
from tael.origination.sources.breaker import BreakerLimits
from tael.origination.sources.model import Mode, Request, Status
from tael.origination.sources.ports import Patience
from tael.origination.sources.wire import SourceWire
from tael.platform import SYSTEM, Actor, Database, Settings, Work
from tael.platform.sessions import Session
from tael.policies import Bundle
from tael.policies.decisions import round_key
from tael.policies.flow import staged_bundle
from tael.policies.live import (
    Lane,
    learn_order,
    order_of,
    replay_sample,
    run_shadows,
    shadows_of,
)
from tael.policies.model import Traffic
from tael.pricing import Method
from tael.sandbox import BankPolicy, running_bank
from tael.sandbox.sources import Authority, Latency, SourcesSetup, public_key, running_sources
from tael.servicing import LoanState

_MADE = Path(__file__).parents[1] / "sandbox" / "sources" / "tiny_economy.py"
_spec = importlib.util.spec_from_file_location("tael_tests_tiny_economy_of_app", _MADE)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

pytestmark = pytest.mark.slow  # nine sources and a bank over HTTP, on PostgreSQL
S = model.ApplicationState
NOW = datetime(2024, 6, 1, tzinfo=UTC)
# Three failures do not open a breaker here: faults are ordered one after another.
PATIENCE = Patience(attempts=1, attempt_s=1.5, late_s=2, pause_s=0.002, breaker=BreakerLimits(50))
FIRM, OWNER = "E3", "P4"
PASSWORD = "nine silver sycees"
SAID: Mapping[str, object] = {
    "owner_age": 41, "firm_age_months": 90, "industry": "F",
    "stated_sales_12m": Decimal(2_000_000),
}  # fmt: skip
WANG, LI = (Actor("user", name, frozenset({"risk_manager"})) for name in ("wang", "li"))


def card() -> str:
    """A scorecard by hand, of banked sales alone: without sales in the bank risk is high."""
    adds = [0.8, 0.1, -0.6, 0.0]
    feature = {"name": "banked_sales_365d", "kind": "numeric", "monotone": "auto", "max_bins": 6,
               "min_share": 0.03, "reason": ""}  # fmt: skip
    binning = {"feature": feature, "cuts": [200_000, 1_000_000], "groups": [],
               "woe": [-add for add in adds], "shares": [0.25] * 4, "bad_rates": [0.25] * 4,
               "information_value": 1.0}  # fmt: skip
    characteristic = {"binning": binning, "coefficient": -1.0, "logits": adds,
                      "points": [round(-57 * add) for add in adds]}  # fmt: skip
    scale = {"base_points": 600, "base_odds": 20.0, "points_to_double": 40}
    return json.dumps(
        {"format": "tael.scorecard/1", "scale": scale, "training": [0.005, 1.0], "intercept": -3.6,
         "characteristics": [characteristic], "dropped": {}}
    )  # fmt: skip


def told(bundle: Bundle) -> Bundle:
    """``bundle`` with a text for the one reason that the card gives."""
    parameters = json.loads(bundle.parameters)
    parameters["reasons"]["banked_sales_365d"] = {"zh": "流水偏低", "en": "Low sales in the bank"}
    return replace(bundle, parameters=json.dumps(parameters))


def at_once(bundle: Bundle) -> Bundle:
    """``bundle`` without stages: it reads everything before it decides."""
    parameters = json.loads(bundle.parameters)
    for name in ("stages", "sources", "consent"):
        del parameters[name]
    return replace(bundle, parameters=json.dumps(parameters))


@dataclass
class Company:
    """An installation whose sources and bank are on the wire."""

    house: Installation
    underwriting: Underwriting
    lending: Lending
    sources: httpx.Client
    clock: FixedClock

    def apply(self, firm: str = FIRM, owner: str = OWNER, **said: object) -> ApplicationId:
        """An application, handed in with what it says; owner and firm have consented."""
        house = self.house
        with house.database.begin(SYSTEM) as work:
            register, day = house.parties.register, Day(2022, 1, 1)
            company = register(work, model.PartyKind.COMPANY, model.PersonalFields(firm, firm),
                               region="42", industry="F")  # fmt: skip
            person = register(work, model.PartyKind.PERSON, model.PersonalFields(owner, owner))
            for party_id in (company.id, person.id):
                self.consent(work, party_id, ASSESSMENT, "guarantor")
            members = [model.Member(person.id, model.Role.OWNER, day),
                       model.Member(company.id, model.Role.ENTERPRISE, day)]  # fmt: skip
            group = house.parties.form_group(work, members)
            asked = model.Request(Money.parse("200000"), 12, Method.EQUAL_INSTALMENT, "stock")
            made = house.applications.create(work, f"{firm}:1", Origin(group.id, person.id), asked)
            house.applications.submit(work, made.id)
            house.applications.collect(work, made.id)
            consent = house.parties.consents_of(work, company.id)[0]
            house.applications.add_pull(
                work, f"{firm}:form", consent.id, application_id=made.id, source="form",
                values={**SAID, **said},
            )  # fmt: skip
        return made.id

    def consent(self, work: Any, party_id: PartyId, purpose: str, to: str) -> None:
        scope = frozenset({*SOURCES, "form"})
        terms = model.Authorisation(purpose, scope, to, Day(2024, 12, 31), "0" * 64)
        self.house.parties.grant(work, f"{party_id}:{to}", party_id, terms)

    def deploy(self, bundle: Bundle, *shadows: Bundle) -> None:
        version, beside = self.approved(bundle), tuple(map(self.approved, shadows))
        with self.house.database.begin(LI) as work:
            self.house.policies.deploy(work, version, Traffic(challengers={}, shadows=beside))

    def approved(self, bundle: Bundle) -> VersionId:
        policies = self.house.policies
        with self.house.database.begin(WANG) as work:
            version = policies.draft(work, "staged", bundle).id
            for finding in policies.check(work, version).open:
                policies.accept_finding(work, version, finding.id, "known, and meant so")
            policies.check(work, version)
            policies.waive_backtest(work, version, "there is no history of it yet at all")
        with self.house.database.begin(LI) as work:
            policies.approve(work, version)
        return version

    def order(self, **fault: Any) -> None:
        assert self.sources.post("/v1/faults", json=fault).status_code == 204

    def charged(self) -> int:
        found: list[dict[str, Any]] = self.sources.get("/v1/charges").json()["charges"]
        return sum(one["charge"] for one in found)

    def logged(self, application_id: ApplicationId) -> list[Any]:
        policies = self.house.policies
        with self.house.database.begin(SYSTEM) as work:
            made = policies.decisions_of(work, application_id)
            return [policies.log_entry(work, one.id) for one in made]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(scope="module")
def economy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of its firms one sells 180,000 yuan a month, as its bank and its invoices tell."""
    folder: Path = _module.write_tiny_economy(tmp_path_factory.mktemp("tiny") / "economy")
    draw, usual = random.Random(1), {"amount": 18_000_000, "void": False}  # noqa: S311 - no secret
    sales = {"bank_tx": {"purpose": "sales", "direction": "in"},
             "vat_invoice": {"direction": "out", "status": "valid"}}  # fmt: skip
    for stream, what in sales.items():
        rows = []
        for month in range(12):
            at = NOW - timedelta(days=30 * month + 20)
            when = {"event_at": at, "known_at": at + timedelta(days=2)}
            rows.append({**_module._row(stream, FIRM, month, draw), **usual, **what, **when})
        _module._table(folder / "events" / stream, 1, rows, stream)
    return folder


@pytest.fixture
def company(
    database: Database, clock: FixedClock, tmp_path: Path, economy: Path
) -> Iterator[Company]:
    with ExitStack() as stack:
        signer = signer_of(Settings(data_dir=tmp_path))
        authority = Authority({signer.key_id: signer.public_key})
        setup = SourcesSetup(authority, latency=Latency(0, 0, 1))
        url = stack.enter_context(running_sources(economy, setup))
        wires = {"*": f"{url}#{public_key(1).hex()}"}
        house = build(Settings(data_dir=tmp_path, sources=wires), database, clock)
        client = stack.enter_context(open_sources(house, PATIENCE))
        admin = stack.enter_context(httpx.Client(base_url=url, timeout=2, trust_env=False))
        with house.database.begin(SYSTEM) as work:
            house.parameters.install_defaults(work)
        # Whatever the house decides, it asks with the patience of these tests.
        vars(house)["underwriting"] = Underwriting(house, client)
        made = Company(house, house.underwriting, Lending(house, {}), admin, clock)
        made.deploy(told(staged_bundle(card())))
        bank = stack.enter_context(
            running_bank(tmp_path / "bank.jsonl", policy=BankPolicy(private_decline_percent=0))
        )
        partner = found_company(house, seed=7, start=Day(2024, 6, 1))
        wire = stack.enter_context(BankClient(bank, timeout=timedelta(seconds=5), pauses=()))
        made.lending = Lending(house, {partner: wire})
        yield made


def book(company: Company, application_id: ApplicationId) -> LoanState:
    """The rest of the way: bank, offer, signature, money."""
    house, lending = company.house, company.lending
    with house.database.begin(SYSTEM) as work:
        routed = house.applications.route(work, application_id)
        assert isinstance(routed, model.Application)
        assert routed.partner_id is not None
        company.consent(work, routed.borrower_id, BANK, routed.partner_id)
    assert lending.ask_bank(application_id).state is S.BANK_APPROVED
    with house.database.begin(SYSTEM) as work:
        offers = house.offers
        made = offers.make(work, application_id)
        assert isinstance(made, tuple | list)
        offers.confirm_disclosure(work, made[0].id, document_hash=made[0].disclosure.hash)
        offers.accept(work, made[0].id)
        _, shown = offers.documents(work, made[0].id)
        offers.sign(work, made[0].id, model.Signature(routed.borrower_id, "electronic", shown))
    loan = lending.disburse(application_id, loan_id=LoanId.derive(NOW, application_id))
    assert isinstance(loan, LoanState)
    return loan


def test_an_application_goes_from_consents_over_its_sources_to_the_money(company: Company) -> None:
    one = company.apply()
    before = company.charged()
    decided = company.underwriting.decide(one, key="press")
    paid = company.charged() - before
    assert company.underwriting.decide(one, key="press") == decided
    (entry,) = company.logged(one)
    flow = json.loads(entry.context)["flow"]
    with company.house.database.begin(SYSTEM) as work:
        pulls = company.house.applications.pulls(work, one)
        again = company.house.policies.reproduce(work, entry.id)
        replayed = replay_sample(work, Lane(company.house.policies), size=5, seed="any")
        dates = [each["known_at"] for each in flow["fetched"]]
    loan = book(company, one)

    assert (decided.state, decided.tier, decided.decision_id) == (S.APPROVED, 3, entry.id)
    assert flow["how"] == "early"
    assert flow["cost_minor"] == paid == 2030
    assert dates == [NOW.isoformat()] * 7
    assert [each["source"] for each in flow["fetched"]] == [
        "registry", "court", "device", "tax", "bureau", "merchant_books", "bank_statement",
    ]  # fmt: skip
    assert set(json.loads(entry.timings)) == {
        "policy",
        "sources.identity_and_fraud",
        "sources.bureau_and_tax",
        "sources.score_and_tier",
    }
    assert {pull.source for pull in pulls} >= {"form", "registry", "bank_statement"}
    assert again.same
    assert (replayed.looked, replayed.deviations) == (1, ())
    assert loan.status.value == "active"
    with pytest.raises(Conflict, match="contracted"):
        company.underwriting.decide(one)


def test_a_withdrawn_consent_refuses_before_any_source_is_called(company: Company) -> None:
    one = company.apply()
    before = company.charged()
    with company.house.database.begin(SYSTEM) as work:
        borrower = company.house.applications.get(work, one).borrower_id
        consent = company.house.parties.consents_of(work, borrower)[0]
        company.house.parties.withdraw_consent(work, consent.id)
    with pytest.raises(Forbidden) as refused:
        company.underwriting.decide(one)

    assert refused.value.code == "consent_withdrawn"
    assert company.charged() == before
    assert company.logged(one) == []
    with company.house.database.begin(SYSTEM) as work:
        assert company.house.applications.get(work, one).state is S.DATA_PENDING


def test_a_source_that_is_down_refers_and_the_next_round_decides(company: Company) -> None:
    one = company.apply()
    company.order(fault="error", source="court", times=9)
    referred = company.underwriting.decide(one)
    with company.house.database.begin(SYSTEM) as work:
        company.house.applications.review(work, one)
    with (
        company.house.database.begin(SYSTEM) as work,
        pytest.raises(Conflict, match="no limit and no price"),
    ):
        company.house.applications.judge(work, one, approve=True, note="looks fine")
    company.sources.delete("/v1/faults")
    approved = company.underwriting.decide(one)
    first, second = company.logged(one)

    assert (referred.state, referred.tier) == (S.REFERRED, None)
    assert json.loads(first.parameters)["lost"] == {"court": "source_down"}
    assert json.loads(first.result)["reasons"] == ["source_unavailable"]
    assert approved.state is S.APPROVED
    assert [json.loads(each.context)["round"] for each in (first, second)] == [1, 2]
    assert json.loads(second.parameters)["lost"] == {}


def test_a_run_that_was_killed_is_taken_up_without_paying_twice(company: Company) -> None:
    one = company.apply()
    house, before = company.house, company.charged()
    with house.database.begin(SYSTEM) as work:
        application = house.applications.get(work, one)
        put = house.policies.assigned(work, one)
        staged = house.policies.staged(work, put.arm.version)
        assert staged is not None
        ready = Lane(house.policies).ready(work, put.arm.version)
        killed = open_run(house, work, application, Arm(put, staged, ready), "")
    with open_sources(house, PATIENCE) as client:
        result = killed.ask(client)  # and there it dies, before anything was written
    paid = company.charged() - before
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(company.underwriting.decide, one) for _ in range(2)]
        ends = [each.result() for each in running]
    with house.database.begin(SYSTEM) as work:
        late = killed.settle(work, result)

    assert company.charged() - before == paid == 2030
    assert {end.state for end in ends} == {S.APPROVED}
    assert late == ends[0]
    (entry,) = company.logged(one)
    assert json.loads(entry.context)["flow"]["cost_minor"] == 0


def test_answers_that_a_process_did_not_live_to_hear_are_collected_at_night(
    company: Company,
) -> None:
    one = company.apply()
    house, before = company.house, company.charged()
    with house.database.begin(SYSTEM) as work:
        whom = whom_of(house, work, one)
        asked = [_question(work, whom.firm, "tax"), _question(work, whom.firm, "court")]
        for request in asked:
            SqlSources(work).add_request(request)
    # The process put the first question, and died before the answer and before the second.
    with SourceWire(str(company.sources.base_url), attempt_s=2) as wire:
        wire.ask(asked[0], whom.firm.subject, whom.firm.authorisation, lambda: 5.0)
    early = company.underwriting.collect_late()
    company.clock.advance(timedelta(hours=1))
    collected = [company.underwriting.collect_late() for _ in range(2)]
    with house.database.begin(SYSTEM) as work:
        reads = SqlSources(work).reads(whom.firm.subject.id)
    decided = company.underwriting.decide(one)
    (entry,) = company.logged(one)
    tax = next(o for o in json.loads(entry.context)["flow"]["fetched"] if o["source"] == "tax")

    assert (early, collected) == (0, [1, 0])
    assert [(read.source, read.late, read.cost_minor) for read in reads] == [("tax", True, 300)]
    assert (tax["cached"], tax["cost_minor"]) == (True, 0)
    assert decided.state is S.APPROVED
    assert company.charged() - before == 2030


def _question(work: Work, about: About, source: str) -> Request:
    """A question as a client writes it down before it puts it."""
    now = work.clock.now()
    consent = about.authorisation.consent_id if about.authorisation else None
    return Request(EventId.new(now), source, about.subject.id, consent, "guarantor", Mode.FULL,
                   "direct" if source == "tax" else "published", now, now, "dead")  # fmt: skip


def handed_in(company: Company, one: ApplicationId) -> dict[str, list[dict[str, object]]]:
    """A year of sales, as its bank and its invoices tell, by the ids of parties."""
    with company.house.database.begin(SYSTEM) as work:
        firm = firm_of(company.house, work, company.house.applications.get(work, one))
    rows: dict[str, list[dict[str, object]]] = {"bank_tx": [], "vat_invoice": []}
    for month in range(12):
        at = NOW - timedelta(days=30 * month + 20)
        usual = {"subject_id": firm, "event_id": f"m{month}", "event_at": at.isoformat(),
                 "known_at": (at + timedelta(days=2)).isoformat(), "amount": 18_000_000,
                 "counterparty": f"C{month % 4}"}  # fmt: skip
        bank = {"purpose": "sales", "direction": "in", "weekpart": "weekday", "daypart": "day",
                "balance": 5_000_000}  # fmt: skip
        invoice = {"direction": "out", "status": "valid", "kind": "ordinary", "tax": 1_000}
        rows["bank_tx"].append({**usual, **bank})
        rows["vat_invoice"].append({**usual, **invoice})
    return rows


def test_a_policy_with_variables_decides_on_the_events_that_were_handed_in(
    company: Company,
) -> None:
    company.deploy(at_once(told(staged_bundle(card()))))
    one = company.apply()
    before, rows = company.charged(), handed_in(company, one)
    with pytest.raises(NotFound, match="no evidence"):
        company.underwriting.decide(one)
    faults = []
    for column, value in (("amount", 1.5), ("purpose", "gift"), ("subject_id", "party_x"),
                          ("known_at", "2030-01-01T00:00:00Z"), ("colour", "red")):  # fmt: skip
        bad = [*rows["bank_tx"][:4], {**rows["bank_tx"][4], column: value}]
        with company.house.database.begin(SYSTEM) as work, pytest.raises(BadInput) as refused:
            company.underwriting.keep_evidence(work, one, {"bank_tx": bad})
        faults.append((refused.value.field, refused.value.row))
    with company.house.database.begin(SYSTEM) as work:
        kept = company.underwriting.keep_evidence(work, one, rows)
        again = company.underwriting.keep_evidence(work, one, rows)
    decided = company.underwriting.decide(one)
    (entry,) = company.logged(one)
    with company.house.database.begin(SYSTEM) as work:
        replayed = replay_sample(work, Lane(company.house.policies), size=5, seed="any")
        with pytest.raises(Conflict) as late:
            company.underwriting.keep_evidence(work, one, rows)

    assert faults == [(f"events.bank_tx.{name}", 5) for name in (
        "amount", "purpose", "subject_id", "known_at", "colour")]  # fmt: skip
    assert kept.hash == again.hash == json.loads(entry.context)["evidence"]
    assert decided.state is S.APPROVED
    assert json.loads(entry.inputs)["banked_sales_365d"] == 12 * 180_000
    assert company.charged() == before
    assert entry.key == round_key(one, 1)  # live, staged or at once: one decision a round
    assert (replayed.on_evidence, replayed.deviations) == (1, ())
    assert late.value.rule


def test_events_of_somebody_who_has_not_consented_are_refused(company: Company) -> None:
    one = company.apply()
    rows = handed_in(company, one)
    with company.house.database.begin(SYSTEM) as work:
        borrower = company.house.applications.get(work, one).borrower_id
        consent = company.house.parties.consents_of(work, borrower)[0]
        company.house.parties.withdraw_consent(work, consent.id)
    with company.house.database.begin(SYSTEM) as work, pytest.raises(Forbidden) as refused:
        company.underwriting.keep_evidence(work, one, rows)
    assert refused.value.code == "no_live_consent"


def refer(company: Company, source: str = "court") -> ApplicationId:
    """An application that was referred because ``source`` was down; it is back, a day later."""
    one = company.apply()
    company.order(fault="error", source=source, times=9)
    assert company.underwriting.decide(one).state is S.REFERRED
    company.sources.delete("/v1/faults")
    company.clock.advance(timedelta(days=1))
    return one


def test_what_only_a_lost_source_held_up_is_decided_by_itself_in_one_more_round(
    company: Company,
) -> None:
    one = refer(company)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(company.underwriting.decide_waiting) for _ in range(2)]
        done = [each.result() for each in running]
    again = company.underwriting.decide_waiting()
    with company.house.database.begin(SYSTEM) as work:
        decided = company.house.applications.get(work, one)
        open_ = company.underwriting.missing(work, decided)

    assert decided.state is S.APPROVED
    assert max(done) == 1
    assert again == 0
    assert len(company.logged(one)) == 2
    assert open_ == {}


def test_a_source_that_stays_down_is_tried_once_a_day_and_so_many_days(company: Company) -> None:
    one = refer(company)
    rounds = []
    company.order(fault="error", source="court", times=99)
    for _ in range(5):
        company.underwriting.decide_waiting()
        company.underwriting.decide_waiting()
        rounds.append(len(company.logged(one)))
        company.clock.advance(timedelta(days=1))
    company.sources.delete("/v1/faults")
    at_night = company.underwriting.decide_waiting()
    by_hand = company.underwriting.decide(one)

    assert rounds == [2, 3, 4, 4, 4]  # three tries in vain, as ``decision.most_tries`` says
    assert at_night == 0
    assert by_hand.state is S.APPROVED


def test_a_source_that_was_heard_to_fail_since_is_left_alone_until_a_late_answer_came(
    company: Company,
) -> None:
    one = refer(company)
    with company.house.database.begin(SYSTEM) as work:
        whom = whom_of(company.house, work, one)
        read = next(r for r in SqlSources(work).reads(whom.firm.subject.id) if r.source == "court")
        now = work.clock.now()
        heard = replace(read, id=EventId.new(now), at=now, subject_id="another", caller_key="b")
        SqlSources(work).add_read(heard)
    left_alone = company.underwriting.decide_waiting()
    with company.house.database.begin(SYSTEM) as work:
        came = replace(read, id=EventId.new(now), at=now, caller_key="c", late=True, code=None)
        SqlSources(work).add_read(replace(came, status=Status.OK))
    assert (left_alone, company.underwriting.decide_waiting()) == (0, 1)


def test_nothing_is_decided_again_by_itself_after_a_consent_or_under_review(
    company: Company,
) -> None:
    one = refer(company)
    house, before = company.house, company.charged()
    with house.database.begin(SYSTEM) as work:
        house.applications.review(work, one)
    reviewed = company.underwriting.decide_waiting()
    with house.database.begin(SYSTEM) as work:
        application = house.applications.get(work, one)
        assert company.underwriting.missing(work, application) == {"court": "source_down"}
        consent = house.parties.consents_of(work, application.borrower_id)[0]
        house.parties.withdraw_consent(work, consent.id)
    with pytest.raises(Forbidden, match="may not be asked"):
        company.underwriting.decide(one)
    assert reviewed == 0
    assert company.charged() == before
    assert len(company.logged(one)) == 1


def test_a_withdrawn_consent_ends_the_tries_before_any_source_is_called(company: Company) -> None:
    one = refer(company)
    house = company.house
    with house.database.begin(SYSTEM) as work:
        application = house.applications.get(work, one)
        consent = house.parties.consents_of(work, application.borrower_id)[0]
        house.parties.withdraw_consent(work, consent.id)
        heard = len(SqlSources(work).reads(whom_of(house, work, one).firm.subject.id))
    before = company.charged()
    done = company.underwriting.decide_waiting()
    with house.database.begin(SYSTEM) as work:
        reads = SqlSources(work).reads(whom_of(house, work, one).firm.subject.id)

    assert done == 0
    assert (company.charged(), len(reads)) == (before, heard)
    assert len(company.logged(one)) == 1


@contextmanager
def served(house: Installation) -> Iterator[str]:
    """The address of the console of ``house``."""
    config = uvicorn.Config(create_app(house), port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def signed_in(
    company: Company, stack: ExitStack, url: str, *roles: str
) -> tuple[httpx.Client, str]:
    """A browser of somebody with ``roles``, and the token of their forms."""
    house, login = company.house, f"who-{'-'.join(roles)}"
    with house.database.begin(SYSTEM) as work:
        house.identity.users.add(work, login=login, password=PASSWORD, roles=roles)
        session = house.identity.sessions.sign_in(work, login, PASSWORD)
    assert isinstance(session, Session)
    headers = {"Accept-Language": "en", "Cookie": f"{SESSION}={session.token}"}
    client = httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False)
    stack.enter_context(client)
    return client, session.csrf_token


def test_the_page_decides_again_and_tells_what_came_of_it(company: Company) -> None:
    one = company.apply()
    company.order(fault="error", source="court", times=99)
    company.underwriting.decide(one)
    with ExitStack() as stack:
        url = stack.enter_context(served(company.house))
        risk, csrf = signed_in(company, stack, url, "risk_manager")
        clerk, token = signed_in(company, stack, url, "operations")
        path = f"/applications/{one}"
        form = {"csrf": csrf, "round": "2"}
        offered = [client.get(path).text for client in (risk, clerk)]
        refused = clerk.post(f"{path}/decision", data={"csrf": token, "round": "2"})
        in_vain = risk.post(f"{path}/decision", data=form)
        twice = risk.post(f"{path}/decision", data=form)
        told = risk.get(in_vain.headers["location"]).text
        company.sources.delete("/v1/faults")
        done = risk.post(f"{path}/decision", data={"csrf": csrf, "round": "3"})
        shown = risk.get(done.headers["location"]).text
        late = risk.post(f"{path}/decision", data={"csrf": csrf, "round": "4"})

    button, open_ = "Decide again</button>", "still depends on a source"
    assert [button in text for text in offered] == [True, False]
    assert all("Court records" in text for text in offered)
    assert refused.status_code == 403
    assert in_vain.headers["location"] == twice.headers["location"] == f"{path}?round=2"
    assert open_ in told
    assert button in told
    assert "Decided again: <strong>Approved" in shown
    assert button not in shown
    assert late.status_code == 409
    assert "somebody changed the application" in late.text
    assert len(company.logged(one)) == 3


def test_the_page_says_that_a_consent_is_gone_and_asks_nobody(company: Company) -> None:
    one = refer(company)
    with company.house.database.begin(SYSTEM) as work:
        borrower = company.house.applications.get(work, one).borrower_id
        consent = company.house.parties.consents_of(work, borrower)[0]
        company.house.parties.withdraw_consent(work, consent.id)
    before = company.charged()
    with ExitStack() as stack:
        url = stack.enter_context(served(company.house))
        risk, csrf = signed_in(company, stack, url, "risk_manager")
        answer = risk.post(f"/applications/{one}/decision", data={"csrf": csrf, "round": "2"})

    assert answer.status_code == 403
    assert "No source was asked" in answer.text
    assert company.charged() == before
    assert len(company.logged(one)) == 1


def test_a_run_asks_in_the_order_that_its_version_learnt_and_says_so(company: Company) -> None:
    first, house = company.apply(), company.house
    company.underwriting.decide(first)
    with house.database.begin(SYSTEM) as work:
        version = house.policies.assigned(work, first).arm.version
        too_few = learn_order(work, version)
        learnt = learn_order(work, version, fewest=1)
        assert learnt is not None
        assert order_of(work, version) == learnt
    second = company.apply("E1", "P1")
    company.underwriting.decide(second)
    (before,), (after,) = company.logged(first), company.logged(second)
    with house.database.begin(SYSTEM) as work:
        again = house.policies.reproduce(work, after.id)

    flows = [json.loads(entry.context)["flow"] for entry in (before, after)]
    assert too_few is None
    assert [flow["order"] for flow in flows] == [None, learnt.as_json()]
    asked = [[each["source"] for each in flow["fetched"]] for flow in flows]
    # Of one decision: what settled it is asked earlier, what did not is asked later.
    assert asked[0] != asked[1]
    assert again.same


def test_a_shadow_that_would_have_asked_for_more_says_so_and_asks_nobody(
    company: Company,
) -> None:
    mine, house = told(staged_bundle(card())), company.house
    cheaper = replace(mine, prices=mine.prices + "\n")
    older = replace(mine, dmn=mine.dmn.replace("<text>&lt; 12</text>", "<text>&lt; 6</text>", 1))
    company.deploy(mine, cheaper, at_once(mine), older)
    young = company.apply(firm_age_months=8)
    approved = company.apply("E1", "P1")
    for one in (young, approved):
        company.underwriting.decide(one)
    paid = company.charged()
    with house.database.begin(SYSTEM) as work:
        deployment = house.policies.deployment(work)
        seen = run_shadows(work, house.lane, deployment)
        order = [arm.version for arm in deployment.shadows]
        said = {}
        for one in (young, approved):
            (decision,) = house.policies.decisions_of(work, one)
            verdicts = {each.version_id: each for each in shadows_of(work, decision.id)}
            said[one] = [verdicts[version] for version in order]

    assert seen == 6
    assert company.charged() == paid
    assert all(not each.failure for verdicts in said.values() for each in verdicts)
    results = [json.loads(each.result) for each in said[young]]
    assert [each["outcome"] for each in results] == ["decline", "ask", "ask"]
    assert results[1]["sources"][0] == "registry"
    assert len(results[1]["sources"]) == 8
    assert results[2]["sources"] == ["registry"]
    with ExitStack() as stack:
        url = stack.enter_context(served(house))
        risk, _ = signed_in(company, stack, url, "risk_manager")
        (entry,) = company.logged(young)
        page = risk.get(f"/policies/decisions/{entry.id}").text
        report = risk.get("/policies/experiments").text
    assert "The shadow would have asked for more: Enterprise register" in page
    assert "The shadow would have asked for more" in report
