"""The room and everything around it: in memory where that is quicker, on PostgreSQL else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import (
    ApplicationId,
    Day,
    DecisionId,
    FixedClock,
    Money,
    OutsideFailure,
    PartnerId,
    PartyId,
    Rate,
    Refusal,
    day_of,
)
from tael.origination import (
    ASSESSMENT,
    BANK,
    Applications,
    Offers,
    Origin,
    Parties,
    SqlOriginationStore,
    ports,
)
from tael.origination.memory import MemoryOriginationStore
from tael.origination.model import (
    Application,
    ApplicationState,
    Authorisation,
    Consent,
    Contract,
    Group,
    Lender,
    Member,
    Offer,
    Party,
    PartyKind,
    PersonalFields,
    Request,
    Role,
    Signature,
)
from tael.platform import Actor, Database, Work
from tael.platform.permissions import Permissions
from tael.platform.vault import Vault
from tael.platform.vault_keys import VaultKeys
from tael.pricing import Component, Method

TODAY = Day(2026, 1, 5)
START = FixedClock.on(TODAY).now()
STAFF = Actor("user", "zhao", frozenset({"operations"}))
BANK_A, BANK_B = (PartnerId.derive(START, name) for name in "AB")
HASH = hashlib.sha256(b"signed").hexdigest()
VERSIONS = {"dmn": "d", "scorecard": "s", "prices": "p", "parameters": "q"}
PENALTY = Rate.percent(3)
S = ApplicationState


@dataclass(frozen=True)
class Option:
    code: str
    method: Method
    months: int
    limit: Money
    components: tuple[Component, ...]
    penalty_rate: Rate = PENALTY


@dataclass(frozen=True)
class Decided:
    id: DecisionId
    outcome: str
    tier: int
    limit: Money
    options: tuple[Option, ...]
    reason_codes: tuple[str, ...] = ()
    routing: str = "prime"
    versions: Mapping[str, str] = None  # type: ignore[assignment]


def option(code: str, fee: str = "12", method: Method = Method.EQUAL_INSTALMENT) -> Option:
    parts = (
        Component("bank_interest", Rate.percent(6), payer="borrower", payee="bank"),
        Component("guarantee_fee", Rate.percent(fee), payer="borrower", payee="guarantor"),
        Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform"),
    )
    return Option(code, method, 12, Money.parse("120000"), parts)


class Outer:
    """Everything outside the room, as a test wants it."""

    def __init__(self) -> None:
        self.outcome = "approve"
        self.options = (option("as_asked"), option("equal_principal", "11", Method.EQUAL_PRINCIPAL))
        self.figures: dict[str, Any] = {"cap.all_in": "0.24", "platform_fee_from_borrower": False}
        self.answers: list[ports.BankAnswer | OutsideFailure] = []
        self.asked: list[ports.BankRequest] = []
        self.seen: list[Mapping[str, object]] = []
        self.decisions: dict[DecisionId, Decided] = {}

    def decide(
        self,
        work: Work,
        application_id: ApplicationId,
        features: Mapping[str, object],
        *,
        amount: Money,
        months: int,
    ) -> Decided:
        assert (amount.minor, months) > (0, 0)
        self.seen.append(features)
        made = Decided(
            DecisionId.derive(work.clock.now(), application_id, len(self.seen)),
            self.outcome,
            3,
            Money.parse("120000"),
            self.options if self.outcome != "decline" else (),
            () if self.outcome == "approve" else ("over_indebted",),
            versions=VERSIONS,
        )
        self.decisions[made.id] = made
        return made

    def decision(self, work: Work, decision_id: DecisionId) -> Decided:
        assert work.actor
        return self.decisions[decision_id]

    def choose(self, work: Work, request: ports.RouteRequest) -> Lender | Refusal:
        for partner in (BANK_A, BANK_B):
            if partner not in request.excluded:
                return self.lender(work, partner)
        return Refusal("no_route")

    def lender(self, work: Work, partner_id: PartnerId) -> Lender:
        assert work.actor
        return Lender(partner_id, "甲银行" if partner_id == BANK_A else "乙银行")

    def ask(self, work: Work, request: ports.BankRequest) -> ports.BankAnswer:
        assert work.actor
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else ports.BankAnswer(request.partner_id, True)
        if isinstance(answer, OutsideFailure):
            raise answer
        return answer

    def value(self, work: Work, name: str, on: Day) -> Any:
        assert on == day_of(work.clock.now())
        return self.figures[name]


class PlainVault:
    """Reverses texts: enough to see that the room keeps no clear one."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, str]] = []
        self.erased: set[str] = set()

    def encrypt_all(self, work: Work, subject: str, texts: Mapping[str, str]) -> dict[str, bytes]:
        assert work.actor
        assert subject
        return {name: text[::-1].encode() for name, text in texts.items()}

    def reveal(
        self, work: Work, sealed: Mapping[str, Mapping[str, bytes]], *, purpose: str
    ) -> dict[str, dict[str, str]]:
        assert work.actor
        self.reads += [(subject, purpose) for subject in sealed]
        return {
            subject: {name: token.decode()[::-1] for name, token in fields.items()}
            for subject, fields in sealed.items()
            if subject not in self.erased
        }

    def blind_index(self, text: str, *, field: str) -> bytes:
        return hashlib.sha256(f"{field}:{text}".encode()).digest()

    def erase(self, work: Work, subject: str, *, reason: str) -> bool:
        assert work.actor
        assert reason
        self.erased.add(subject)
        return True


def authorisation(purpose: str = ASSESSMENT, to: str = "guarantor") -> Authorisation:
    return Authorisation(purpose, frozenset({"bureau", "tax"}), to, Day(2026, 6, 30), HASH)


def request(**changes: Any) -> Request:
    asked = Request(Money.parse("150000"), 12, Method.EQUAL_INSTALMENT, "stock", "consultant")
    return replace(asked, **changes)


class House:
    """The room with everything around it, and the words that the tests share."""

    today, start, staff = TODAY, START, STAFF
    bank_a, bank_b = BANK_A, BANK_B
    versions, other_hash = VERSIONS, HASH
    option, authorisation = staticmethod(option), staticmethod(authorisation)

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Work]],
        open_store: ports.OpenStore,
        vault: ports.VaultPort,
        clock: FixedClock,
    ) -> None:
        self.outer = Outer()
        self.begin, self.clock, self.vault = begin, clock, vault
        self.open_store = open_store
        outside = ports.Outside(
            store=open_store,
            vault=vault,
            decisions=self.outer,
            routes=self.outer,
            banks=self.outer,
            parameters=self.outer,
            conditions=ports.Conditions({"guarantor": "丙融资担保公司", "platform": "两平台"}),
        )
        self.parties = Parties(open_store, vault)
        self.applications = Applications(outside)
        self.offers = Offers(outside)

    def person(self, name: str = "张三", number: str = "TEST-1") -> Party:
        with self.begin() as work:
            return self.parties.register(work, PartyKind.PERSON, PersonalFields(name, number))

    def group(self, kind: PartyKind = PartyKind.COMPANY, mark: str = "1") -> Group:
        owner = self.person("张三", f"TEST-P{mark}")
        spouse = self.person("李四", f"TEST-S{mark}")
        with self.begin() as work:
            firm = self.parties.register(work, kind, PersonalFields("华兴商行", f"TEST-E{mark}"))
            links = [
                Member(owner.id, Role.OWNER, Day(2015, 1, 1)),
                Member(owner.id, Role.ACTUAL_CONTROLLER, Day(2015, 1, 1)),
                Member(spouse.id, Role.SPOUSE, Day(2018, 5, 1)),
                Member(firm.id, Role.ENTERPRISE, Day(2015, 1, 1)),
            ]
            return self.parties.form_group(work, links)

    def consent(
        self, party_id: PartyId, purpose: str = ASSESSMENT, to: str = "guarantor"
    ) -> Consent:
        key = f"consent:{party_id}:{purpose}:{to}"
        with self.begin() as work:
            return self.parties.grant(work, key, party_id, authorisation(purpose, to))

    def draft(self, group: Group, key: str = "k1", **changes: Any) -> Application:
        with self.begin() as work:
            origin = Origin(group.id, group.members[0].party_id, owner_id="u1", consultant_id="c1")
            return self.applications.create(work, key, origin, request(**changes))

    def at(self, state: ApplicationState, mark: str = "1") -> Application:
        """An application walked to ``state`` on the usual way."""
        group = self.group(mark=mark)
        application = self.draft(group, key=f"draft:{mark}")
        for party_id in {application.applicant_id, application.borrower_id}:
            self.consent(party_id)
        way: list[tuple[ApplicationState, Callable[[], Any]]] = [
            (S.SUBMITTED, lambda: self.do("submit", application.id)),
            (S.DATA_PENDING, lambda: self.do("collect", application.id)),
            (S.IN_REVIEW, lambda: self.pull_and_review(application)),
            (S.APPROVED, lambda: self.do("decide", application.id)),
            (S.ROUTED, lambda: self.do("route", application.id)),
            (S.BANK_APPROVED, lambda: self.consent_and_ask(application)),
            (S.OFFERED, lambda: self.make_offers(application.id)),
            (S.CONTRACTED, lambda: self.take_first(application)),
        ]
        for reached, step in way:
            if application.state is state:
                break
            step()
            application = self.get(application.id)
            assert application.state is reached
        assert application.state is state
        return application

    def do(self, verb: str, application_id: ApplicationId, **more: Any) -> Any:
        with self.begin() as work:
            return getattr(self.applications, verb)(work, application_id, **more)

    def get(self, application_id: ApplicationId) -> Application:
        with self.begin() as work:
            return self.applications.get(work, application_id)

    def pull(self, application: Application, **values: object) -> None:
        consent = self.consent(application.borrower_id)
        found = values or {"debt_ratio": Decimal("0.30"), "owner_age": 41}
        with self.begin() as work:
            self.applications.add_pull(
                work,
                f"pull:{application.id}",
                consent.id,
                application_id=application.id,
                source="bureau",
                values=found,
            )

    def pull_and_review(self, application: Application) -> None:
        self.pull(application)
        self.do("review", application.id)

    def consent_and_ask(self, application: Application) -> Application:
        partner = self.get(application.id).partner_id
        assert partner is not None
        self.consent(application.borrower_id, BANK, partner)
        asked: Application = self.do("ask_bank", application.id)
        return asked

    def make_offers(self, application_id: ApplicationId) -> tuple[Offer, ...]:
        with self.begin() as work:
            offers = self.offers.make(work, application_id)
        assert isinstance(offers, tuple)
        return offers

    def first_offer(self, application_id: ApplicationId) -> Offer:
        with self.begin() as work:
            return self.offers.of(work, application_id)[0]

    def confirm(self, offer: Offer) -> Offer | Refusal:
        with self.begin() as work:
            return self.offers.confirm_disclosure(
                work, offer.id, document_hash=offer.disclosure.hash
            )

    def accept(self, offer: Offer) -> Offer | Refusal:
        with self.begin() as work:
            return self.offers.accept(work, offer.id)

    def sign(self, application: Application, offer: Offer) -> Contract | Refusal:
        with self.begin() as work:
            _, shown = self.offers.documents(work, offer.id)
            signature = Signature(application.borrower_id, "electronic", shown)
            return self.offers.sign(work, offer.id, signature)

    def take_first(self, application: Application) -> Contract:
        offer = self.first_offer(application.id)
        self.confirm(offer)
        self.accept(offer)
        signed = self.sign(application, offer)
        assert isinstance(signed, Contract)
        return signed


@pytest.fixture
def house(clock: FixedClock) -> House:
    """The room in memory."""
    store = MemoryOriginationStore()
    connection: Any = sa.create_mock_engine("postgresql://", lambda *_: None)

    @contextmanager
    def begin() -> Iterator[Work]:
        yield Work(connection, clock, STAFF)

    return House(begin, lambda _: store, PlainVault(), clock)


@pytest.fixture
def kept(database: Database, clock: FixedClock) -> House:
    """The room over PostgreSQL, with the vault and the permissions of the platform."""
    access = Permissions()
    return House(
        lambda: database.begin(STAFF),
        SqlOriginationStore.opener(access),
        Vault(VaultKeys.fresh()),
        clock,
    )


@pytest.fixture(params=["house", "kept"])
def either(request: pytest.FixtureRequest) -> House:
    """Both, one after the other."""
    found: House = request.getfixturevalue(request.param)
    return found
