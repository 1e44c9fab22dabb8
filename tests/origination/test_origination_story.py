"""Stories through the doors: in memory where it is quicker, on PostgreSQL where rows matter."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    ConsentId,
    Day,
    DecisionId,
    FixedClock,
    Forbidden,
    GroupId,
    Money,
    NotFound,
    OfferId,
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
    event_text,
    ports,
)
from tael.origination.memory import MemoryOriginationStore
from tael.origination.model import (
    Application,
    ApplicationState,
    Authorisation,
    Consent,
    ConsentState,
    Contract,
    ContractState,
    Group,
    Lender,
    Member,
    Offer,
    OfferState,
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


class House:
    """The room with everything around it."""

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


def authorisation(purpose: str = ASSESSMENT, to: str = "guarantor") -> Authorisation:
    return Authorisation(purpose, frozenset({"bureau", "tax"}), to, Day(2026, 6, 30), HASH)


def request(**changes: Any) -> Request:
    asked = Request(Money.parse("150000"), 12, Method.EQUAL_INSTALMENT, "stock", "consultant")
    return replace(asked, **changes)


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


def test_the_story_runs_from_the_request_to_the_contract(either: House) -> None:
    application = either.at(S.CONTRACTED)
    with either.begin() as work:
        contract = either.offers.contract_of(work, application.id)
        assert contract is not None
        offers = either.offers.of(work, application.id)
        assert either.offers.contract(work, contract.id) == contract
        lines = either.applications.timeline(work, application.id)
    assert contract.state is ContractState.SIGNED
    assert contract.terms.amount == Money.parse("120000")
    assert contract.all_in <= contract.cap
    assert dict(contract.terms.versions) == VERSIONS
    assert (contract.terms.tier, application.tier) == (3, 3)
    assert contract.lender.name == "甲银行"
    assert [offer.state for offer in offers] == [OfferState.CONTRACTED, OfferState.REJECTED]
    # DOMAIN 5.4: 120,000 over 12 months at 6 % + 12 %.
    assert str(offers[0].instalment) == "11,001.60 CNY"
    assert lines[0].code == "application_drafted"
    assert lines[-1].code == "application_contracted"
    assert all(event_text(line.code) != line.code for line in lines)
    assert all(event_text(line.code, "en") != line.code for line in lines)
    assert {line.actor for line in lines} == {"zhao"}


def test_what_is_read_back_is_what_was_kept(kept: House) -> None:
    application = kept.at(S.OFFERED)
    offer = kept.first_offer(application.id)
    with kept.begin() as work:
        store = kept.open_store(work)
        assert store.application(application.id) == application
        assert store.offer(offer.id) == offer
        pull = kept.applications.pulls(work, application.id)[0]
        group = kept.parties.group(work, application.group_id)
        assert kept.parties.consent(work, pull.consent_id).live(TODAY)
    assert pull.values == {"debt_ratio": Decimal("0.30"), "owner_age": Decimal(41)}
    assert len(group.members) == 4
    assert kept.outer.seen == [pull.values]


def test_facts_are_told_once_with_the_change(kept: House, database: Database) -> None:
    kept.at(S.CONTRACTED)
    with database.begin(STAFF) as work:
        told = work.connection.execute(sa.text("SELECT kind FROM platform.outbox")).scalars().all()
    assert sorted(told) == ["ApplicationSubmitted", "BankAnswered", "DecisionMade", "OfferAccepted"]


def test_no_personal_field_lies_in_clear_in_any_table(kept: House, database: Database) -> None:
    kept.at(S.CONTRACTED)
    with database.begin(STAFF) as work:
        tables = work.connection.execute(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'origination'")
        ).scalars()
        for table in list(tables):
            query = sa.text(f"SELECT count(*) FROM origination.{table} t WHERE t::text ~ :clear")  # noqa: S608 - our own table names
            hits = work.connection.execute(query, {"clear": "张三|李四|TEST-P1"}).scalar_one()
            assert hits == 0, table


def test_a_person_is_found_by_number_and_kept_once(either: House) -> None:
    first = either.person()
    assert either.person("张叁").id == first.id
    with either.begin() as work:
        assert either.parties.display_names(work, [first.id]) == {first.id: "张*"}
        with pytest.raises(Conflict) as refused:
            either.parties.register(work, PartyKind.COMPANY, PersonalFields("甲公司", "TEST-1"))
    assert refused.value.field == "id_number"


def test_personal_fields_are_read_only_under_a_live_consent_for_the_purpose(either: House) -> None:
    person = either.person()
    with either.begin() as work, pytest.raises(Forbidden) as refused:
        either.parties.reveal(work, person.id, purpose=ASSESSMENT)
    assert refused.value.code == "no_live_consent"
    consent = either.consent(person.id)
    with either.begin() as work:
        assert either.parties.reveal(work, person.id, purpose=ASSESSMENT).id_number == "TEST-1"
        with pytest.raises(Forbidden):
            either.parties.reveal(work, person.id, purpose=BANK)
        either.parties.withdraw_consent(work, consent.id)
        with pytest.raises(Forbidden):
            either.parties.reveal(work, person.id, purpose=ASSESSMENT)
        with pytest.raises(Conflict):
            either.parties.withdraw_consent(work, consent.id)


def test_an_erased_person_is_gone_and_the_books_of_it_stay(either: House) -> None:
    application = either.at(S.CONTRACTED)
    with either.begin() as work:
        either.parties.erase(work, application.applicant_id, reason="asked")
        with pytest.raises(NotFound, match="erased"):
            either.parties.reveal(work, application.applicant_id, purpose=ASSESSMENT)
        names = either.parties.display_names(work, [application.applicant_id])
        assert names == {application.applicant_id: ""}
        assert either.offers.contract_of(work, application.id) is not None
    assert either.person("张三", "TEST-P1").id != application.applicant_id


def test_the_owner_of_an_individual_business_owes_and_a_company_owes_itself(house: House) -> None:
    sole = house.draft(house.group(PartyKind.INDIVIDUAL_BUSINESS, "1"), key="a")
    company = house.draft(house.group(PartyKind.COMPANY, "2"), key="b")
    assert sole.borrower_id == sole.applicant_id
    assert company.borrower_id != company.applicant_id


def test_connected_parties_reach_over_groups_and_only_while_the_links_hold(either: House) -> None:
    mine, owner, spouse = either.group(mark="1"), PartyId(""), PartyId("")
    owner, spouse = mine.members[0].party_id, mine.members[2].party_id
    with either.begin() as work:
        shop = either.parties.register(
            work, PartyKind.COMPANY, PersonalFields("李四商行", "TEST-E9")
        )
        either.parties.form_group(
            work,
            [
                Member(spouse, Role.OWNER, Day(2020, 1, 1)),
                Member(shop.id, Role.ENTERPRISE, Day(2020, 1, 1)),
            ],
        )
        assert shop.id in either.parties.connected(work, [owner], TODAY)
        assert shop.id not in either.parties.connected(work, [owner], Day(2019, 6, 1))
        link = mine.members[2]
        changed = either.parties.unlink(work, mine.id, link, until=Day(2025, 12, 1))
        assert shop.id not in either.parties.connected(work, [owner], TODAY)
        assert replace(link, until=Day(2025, 12, 1)) in changed.members
        either.parties.link(work, mine.id, replace(link, since=TODAY))
        assert shop.id in either.parties.connected(work, [owner], TODAY)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ([], "members"),
        ([("person", Role.OWNER)], "members"),
        ([("person", Role.OWNER), ("person", Role.ENTERPRISE)], "members.role"),
        ([("firm", Role.OWNER), ("firm", Role.ENTERPRISE)], "members.role"),
        ([("nobody", Role.OWNER)], "members.party_id"),
        ([("person", Role.OWNER), ("person", Role.OWNER)], "members"),
    ],
)
def test_a_group_that_nobody_could_owe_for_is_refused(
    house: House, members: list[tuple[str, Role]], field: str
) -> None:
    person = house.person()
    with house.begin() as work:
        firm = house.parties.register(work, PartyKind.COMPANY, PersonalFields("公司", "TEST-C"))
        ids = {"person": person.id, "firm": firm.id, "nobody": PartyId.new(START)}
        links = [Member(ids[who], role, Day(2020, 1, 1)) for who, role in members]
        with pytest.raises(BadInput) as refused:
            house.parties.form_group(work, links)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": Money.parse("-1")}, "amount"),
        ({"amount": Money.zero()}, "amount"),
        ({"months": 0}, "months"),
        ({"months": True}, "months"),
        ({"months": 121}, "months"),
        ({"purpose": "buy stock"}, "purpose"),
        ({"channel": ""}, "channel"),
    ],
)
def test_a_request_that_cannot_be_lent_leaves_nothing_behind(
    house: House, change: dict[str, Any], field: str
) -> None:
    group = house.group()
    with pytest.raises(BadInput) as refused:
        house.draft(group, **change)
    assert refused.value.field == field
    assert refused.value.rule
    with house.begin() as work:
        assert house.applications.find_by_key(work, "k1") is None
        assert house.applications.find(work, ports.ApplicationFilter()).items == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": "Any Thing"}, "purpose"),
        ({"scope": frozenset()}, "scope"),
        ({"recipient": " "}, "recipient"),
        ({"expires": Day(2026, 1, 4)}, "expires"),
        ({"document_hash": "abc"}, "document_hash"),
    ],
)
def test_an_authorisation_that_lacks_a_part_is_refused(
    house: House, change: dict[str, Any], field: str
) -> None:
    person = house.person()
    with house.begin() as work, pytest.raises(BadInput) as refused:
        house.parties.grant(work, "k", person.id, replace(authorisation(), **change))
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["name", "id_number"])
def test_a_personal_field_at_fault_is_named_and_never_shown(house: House, field: str) -> None:
    fields = replace(PersonalFields("王五", "SECRET-7"), **{field: "\x00" + "秘" * 300})
    with house.begin() as work, pytest.raises(BadInput) as refused:
        house.parties.register(work, PartyKind.PERSON, fields)
    assert refused.value.field == field
    assert "秘" not in str(refused.value)


def test_the_same_key_again_is_the_same_command_and_another_is_a_conflict(either: House) -> None:
    group = either.group()
    first = either.draft(group)
    assert either.draft(group) == first
    with either.begin() as work:
        assert either.applications.find_by_key(work, "k1") == first.id
    with pytest.raises(Conflict) as refused:
        either.draft(group, months=24)
    assert refused.value.code == "key_reused"
    with pytest.raises(Conflict) as second:
        either.draft(group, key="k2")
    assert second.value.code == "open_application"
    with pytest.raises(BadInput) as keyless:
        either.draft(group, key=" ")
    assert keyless.value.field == "key"


def test_the_database_itself_refuses_a_second_open_application(kept: House) -> None:
    first = kept.draft(kept.group())
    twin = replace(first, id=ApplicationId.new(START))
    with pytest.raises(sa.exc.IntegrityError), kept.begin() as work:
        kept.open_store(work).add_application(twin)


def test_a_newer_consent_supersedes_the_older_of_the_same_purpose_and_recipient(
    either: House,
) -> None:
    person = either.person()
    old = either.consent(person.id)
    with either.begin() as work:
        longer = replace(authorisation(), expires=Day(2026, 12, 31))
        new = either.parties.grant(work, "newer", person.id, longer)
        states = {c.id: c.state for c in either.parties.consents_of(work, person.id)}
    assert states == {old.id: ConsentState.SUPERSEDED, new.id: ConsentState.GRANTED}


def test_a_consent_ends_with_its_last_day(either: House) -> None:
    person = either.person()
    consent = either.consent(person.id)
    either.clock.move_to_day(Day(2026, 6, 30))
    with either.begin() as work:
        assert either.parties.expire_consents(work) == 0
        assert either.parties.reveal(work, person.id, purpose=ASSESSMENT).name == "张三"
    either.clock.move_to_day(Day(2026, 7, 1))
    with either.begin() as work:
        with pytest.raises(Forbidden):
            either.parties.reveal(work, person.id, purpose=ASSESSMENT)
        assert either.parties.expire_consents(work) == 1
        assert either.parties.consent(work, consent.id).state is ConsentState.EXPIRED


def test_nothing_is_submitted_without_consent(house: House) -> None:
    draft = house.draft(house.group())
    with pytest.raises(Forbidden) as refused:
        house.do("submit", draft.id)
    assert refused.value.code == "no_live_consent"
    assert house.get(draft.id).state is S.DRAFT


@pytest.mark.parametrize(
    ("source", "purpose", "holder", "rule"),
    [
        ("registry", ASSESSMENT, "borrower", "with registry in its scope"),
        ("bureau", BANK, "borrower", "for credit_assessment"),
        ("bureau", ASSESSMENT, "stranger", "of a member of the group"),
    ],
)
def test_data_comes_only_under_a_consent_that_allows_it(
    house: House, source: str, purpose: str, holder: str, rule: str
) -> None:
    application = house.at(S.DATA_PENDING)
    stranger = house.person("外人", "TEST-X")
    who = application.borrower_id if holder == "borrower" else stranger.id
    consent = house.consent(who, purpose, "other")
    with pytest.raises(Forbidden) as refused, house.begin() as work:
        house.applications.add_pull(
            work, "p", consent.id, application_id=application.id, source=source, values={"x": 1}
        )
    assert refused.value.rule == rule
    with house.begin() as work:
        assert house.applications.pulls(work, application.id) == []


def test_data_pulled_twice_is_kept_once_and_bad_values_are_named(either: House) -> None:
    application = either.at(S.DATA_PENDING)
    either.pull(application)
    either.pull(application)
    with either.begin() as work:
        assert len(either.applications.pulls(work, application.id)) == 1
    with pytest.raises(Conflict, match="other inputs"):
        either.pull(application, debt_ratio=Decimal("0.31"))
    for value in (0.5, [1], None, Decimal("NaN")):
        with pytest.raises(BadInput) as refused:
            either.pull(application, debt_ratio=value)
        assert refused.value.field == "values.debt_ratio"


def test_the_latest_pull_of_a_value_is_the_one_decided_on(either: House) -> None:
    application = either.at(S.IN_REVIEW)
    either.do("collect", application.id)
    consent = either.consent(application.borrower_id)
    with either.begin() as work:
        either.applications.add_pull(
            work,
            "second",
            consent.id,
            application_id=application.id,
            source="tax",
            values={"owner_age": 42},
        )
    either.do("review", application.id)
    either.do("decide", application.id)
    assert either.outer.seen[-1] == {"debt_ratio": Decimal("0.30"), "owner_age": Decimal(42)}


def test_nothing_is_reviewed_without_data(house: House) -> None:
    application = house.at(S.DATA_PENDING)
    with pytest.raises(Conflict, match="no data"):
        house.do("review", application.id)


def test_a_decline_may_be_reconsidered_and_then_approved(house: House) -> None:
    house.outer.outcome = "decline"
    application = house.at(S.IN_REVIEW)
    declined = house.do("decide", application.id)
    assert declined.state is S.DECLINED
    with pytest.raises(Conflict):
        house.do("withdraw", application.id, note="never mind")
    with pytest.raises(BadInput):
        house.do("reconsider", application.id, note=" ")
    house.do("reconsider", application.id, note="new contract with a buyer")
    house.do("review", application.id)
    house.outer.outcome = "approve"
    assert house.do("decide", application.id).state is S.APPROVED


def test_what_the_policy_refers_a_person_decides_within_its_price(house: House) -> None:
    house.outer.outcome = "refer"
    application = house.at(S.IN_REVIEW)
    assert house.do("decide", application.id).state is S.REFERRED
    with pytest.raises(Conflict):
        house.do("judge", application.id, approve=True, note="seen")
    house.do("review", application.id)
    judged = house.do("judge", application.id, approve=True, note="visited the shop")
    assert (judged.state, judged.tier) == (S.APPROVED, 3)
    house.do("route", application.id)
    assert house.consent_and_ask(application).state is S.BANK_APPROVED
    assert len(house.make_offers(application.id)) == 2


def test_nobody_judges_what_the_policy_did_not_refer(house: House) -> None:
    application = house.at(S.IN_REVIEW)
    with pytest.raises(Conflict, match="no policy decided"):
        house.do("judge", application.id, approve=True, note="friend")


def test_a_bank_is_not_asked_before_the_borrower_consents_to_it(house: House) -> None:
    application = house.at(S.ROUTED)
    with pytest.raises(Forbidden):
        house.do("ask_bank", application.id)
    assert house.outer.asked == []


def test_a_declining_bank_gives_way_to_the_next_and_its_consent_ends(either: House) -> None:
    application = either.at(S.ROUTED)
    either.outer.answers = [ports.BankAnswer(BANK_A, False, "r1", reason="sector")]
    assert either.consent_and_ask(application).state is S.BANK_DECLINED
    routed = either.do("route", application.id)
    assert (routed.partner_id, routed.banks_asked) == (BANK_B, (BANK_A, BANK_B))
    with either.begin() as work:
        ended = [
            c.state
            for c in either.parties.consents_of(work, application.borrower_id)
            if c.authorisation.recipient == BANK_A
        ]
    assert ended == [ConsentState.SUPERSEDED]
    either.outer.answers = [ports.BankAnswer(BANK_B, False)]
    assert either.consent_and_ask(application).state is S.BANK_DECLINED
    assert either.do("route", application.id) == Refusal("no_route")
    assert either.get(application.id).state is S.BANK_DECLINED


def test_late_double_and_missing_answers_of_a_bank_change_nothing(either: House) -> None:
    application = either.at(S.ROUTED)
    either.outer.answers = [OutsideFailure("no answer"), ports.BankAnswer(BANK_A, None)]
    with pytest.raises(OutsideFailure):
        either.consent_and_ask(application)
    assert either.do("ask_bank", application.id).state is S.ROUTED
    asked = {request.key for request in either.outer.asked}
    assert len(asked) == 1
    yes = ports.BankAnswer(BANK_A, True, amount=Money.parse("80000"))
    first = either.do("bank_answered", application.id, answer=yes)
    assert first.state is S.BANK_APPROVED
    assert either.do("bank_answered", application.id, answer=yes) == first
    with pytest.raises(Conflict):
        either.do("bank_answered", application.id, answer=ports.BankAnswer(BANK_A, False))
    with pytest.raises(Conflict, match="was not asked"):
        either.do("bank_answered", application.id, answer=ports.BankAnswer(BANK_B, True))
    offers = either.make_offers(application.id)
    assert {offer.terms.amount for offer in offers} == {Money.parse("80000")}


@pytest.mark.parametrize(
    "amount", [Money.parse("150001"), Money.zero(), Money.parse("-1"), Money.parse("1", "USD")]
)
def test_a_bank_does_not_approve_what_was_not_asked(house: House, amount: Money) -> None:
    application = house.at(S.ROUTED)
    with pytest.raises(BadInput) as refused:
        house.do(
            "bank_answered", application.id, answer=ports.BankAnswer(BANK_A, True, amount=amount)
        )
    assert refused.value.field == "amount"
    assert house.get(application.id).state is S.ROUTED


def test_offers_name_the_lender_and_show_every_cost(house: House) -> None:
    application = house.at(S.OFFERED)
    with house.begin() as work:
        offers = house.offers.of(work, application.id)
    assert len(offers) == 2
    for offer in offers:
        assert offer.lender.name == "甲银行"
        assert "甲银行" in offer.disclosure.zh
        assert "丙融资担保公司" in offer.disclosure.en
        assert offer.all_in <= Rate.percent("18.01")
        assert offer.expires == TODAY.plus_days(14)
        assert offer.terms.schedule_terms(TODAY).principal == offer.terms.amount


def test_an_option_above_the_cap_makes_no_offer(house: House) -> None:
    house.outer.options = (option("as_asked", "12"), option("dear", "19"))
    application = house.at(S.BANK_APPROVED)
    assert [offer.code for offer in house.make_offers(application.id)] == ["as_asked"]


def test_without_any_option_under_the_cap_there_is_no_offer(house: House) -> None:
    house.outer.options = (option("dear", "19"),)
    application = house.at(S.BANK_APPROVED)
    with house.begin() as work:
        refusal = house.offers.make(work, application.id)
    assert refusal == Refusal("no_offer", {"reason": "cap_exceeded"})
    assert house.get(application.id).state is S.BANK_APPROVED


def test_a_platform_fee_charged_to_the_borrower_makes_no_offer(house: House) -> None:
    fee = Component("platform_fee", Rate.percent(1), payer="borrower", payee="platform")
    plain = option("as_asked")
    house.outer.options = (replace(plain, components=(*plain.components, fee)),)
    application = house.at(S.BANK_APPROVED)
    with house.begin() as work:
        refusal = house.offers.make(work, application.id)
    assert refusal == Refusal("no_offer", {"reason": "platform_fee_from_borrower"})


def test_an_offer_is_not_accepted_before_its_disclosure_is_confirmed(house: House) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    with pytest.raises(Conflict):
        house.accept(offer)
    with pytest.raises(Conflict):
        house.sign(application, offer)
    with house.begin() as work, pytest.raises(BadInput) as refused:
        house.offers.confirm_disclosure(work, offer.id, document_hash=HASH)
    assert refused.value.field == "document_hash"
    assert house.first_offer(application.id).state is OfferState.PROPOSED


def test_confirming_accepting_and_signing_twice_changes_nothing(house: House) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    assert house.confirm(offer) == house.confirm(offer)
    assert house.accept(offer) == house.accept(offer)
    assert house.sign(application, offer) == house.sign(application, offer)


def test_only_the_borrower_signs_and_only_what_was_shown(house: House) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    house.confirm(offer)
    house.accept(offer)
    with house.begin() as work:
        _, shown = house.offers.documents(work, offer.id)
    good = Signature(application.borrower_id, "electronic", shown)
    for change, field in (
        ({"party_id": PartyId.new(START)}, "signature.party_id"),
        ({"method": "wink"}, "signature.method"),
        ({"document_hash": HASH}, "signature.document_hash"),
    ):
        with house.begin() as work, pytest.raises(BadInput) as refused:
            house.offers.sign(work, offer.id, replace(good, **change))
        assert refused.value.field == field
    assert house.get(application.id).state is S.OFFERED


def test_the_cap_in_force_at_signing_holds(house: House) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    house.confirm(offer)
    house.accept(offer)
    house.outer.figures["cap.all_in"] = "0.15"
    refusal = house.sign(application, offer)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "cap_exceeded"
    assert house.get(application.id).state is S.OFFERED


def test_a_price_that_is_not_the_decisions_is_never_signed(house: House) -> None:
    from tael.kernel import InvariantBroken

    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    house.confirm(offer)
    house.accept(offer)
    made = house.outer.decisions[offer.terms.decision_id]
    for other in (
        replace(made, tier=2),
        replace(made, versions={**VERSIONS, "dmn": "other"}),
        replace(made, options=(option("as_asked", "11"),)),
        replace(made, options=(replace(option("as_asked"), limit=Money.parse("1")),)),
    ):
        house.outer.decisions[made.id] = other
        with pytest.raises(InvariantBroken):
            house.sign(application, offer)
    assert house.get(application.id).state is S.OFFERED


def test_an_offer_ends_with_its_last_day(either: House) -> None:
    application = either.at(S.OFFERED)
    offer = either.first_offer(application.id)
    either.clock.move_to_day(offer.expires)
    assert isinstance(either.confirm(offer), Offer)
    with either.begin() as work:
        assert either.offers.expire(work) == 0
    either.clock.move_to_day(offer.expires.plus_days(1))
    late = either.accept(offer)
    assert isinstance(late, Refusal)
    assert late.code == "offer_expired"
    with either.begin() as work:
        assert either.offers.expire(work) == 2
        assert {o.state for o in either.offers.of(work, application.id)} == {OfferState.EXPIRED}


def test_withdrawing_makes_the_offers_void(house: House) -> None:
    application = house.at(S.OFFERED)
    assert house.do("withdraw", application.id, note="bank of my own").state is S.WITHDRAWN
    assert house.first_offer(application.id).state is OfferState.VOID
    again = house.draft(house.group(), key="again")
    assert again.id != application.id


def test_an_old_open_application_expires_and_a_contract_does_not(either: House) -> None:
    signed = either.at(S.CONTRACTED, "1")
    waiting = either.at(S.ROUTED, "2")
    either.clock.advance(timedelta(days=91))
    with either.begin() as work:
        assert either.applications.expire(work) == 1
        assert either.applications.expire(work) == 0
    assert either.get(waiting.id).state is S.EXPIRED
    assert either.get(signed.id).state is S.CONTRACTED


def test_a_contract_whose_bank_fell_away_is_void_with_its_offer(either: House) -> None:
    application = either.at(S.CONTRACTED)
    with either.begin() as work:
        contract = either.offers.contract_of(work, application.id)
        assert contract is not None
        void = either.offers.void_contract(work, contract.id, reason="bank_withdrew")
        assert void.state is ContractState.VOID
        assert either.offers.of(work, application.id)[0].state is OfferState.VOID
        with pytest.raises(Conflict):
            either.offers.void_contract(work, contract.id, reason="bank_withdrew")


@pytest.mark.parametrize("table", ["contract", "offer", "consent"])
def test_a_signed_row_never_changes_in_the_database(kept: House, table: str) -> None:
    kept.at(S.CONTRACTED)
    column = {"contract": "loan", "offer": "disclosure_hash", "consent": "document_hash"}[table]
    for statement in (
        f"UPDATE origination.{table} SET {column} = 'x'",  # noqa: S608 - our own table names
        f"DELETE FROM origination.{table}",  # noqa: S608 - our own table names
    ):
        with pytest.raises(sa.exc.DBAPIError), kept.begin() as work:
            work.connection.execute(sa.text(statement))


@pytest.mark.parametrize("table", ["application_event", "data_pull", "command"])
def test_history_is_append_only_in_the_database(kept: House, table: str) -> None:
    kept.at(S.SUBMITTED if table != "data_pull" else S.IN_REVIEW)
    with pytest.raises(sa.exc.DBAPIError), kept.begin() as work:
        work.connection.execute(sa.text(f"DELETE FROM origination.{table}"))  # noqa: S608


def test_unknown_ids_are_not_found_by_their_field(either: House) -> None:
    with either.begin() as work:
        for ask, field in (
            (lambda: either.applications.get(work, ApplicationId.new(START)), "application_id"),
            (lambda: either.offers.get(work, OfferId.new(START)), "offer_id"),
            (lambda: either.parties.party(work, PartyId.new(START)), "party_id"),
            (lambda: either.parties.group(work, GroupId.new(START)), "group_id"),
            (lambda: either.parties.consent(work, ConsentId.new(START)), "consent_id"),
        ):
            with pytest.raises(NotFound) as refused:
                ask()
            assert refused.value.field == field


def test_lists_are_filtered_and_paged_without_a_gap_or_a_repeat(either: House) -> None:
    ids = []
    for number in range(5):
        either.clock.advance(timedelta(days=1))
        state = S.SUBMITTED if number % 2 else S.DRAFT
        ids.append(either.at(state, str(number)).id)
    newest = list(reversed(ids))
    with either.begin() as work:
        find = either.applications.find
        seen: list[ApplicationId] = []
        after = None
        for _ in range(5):
            page = find(work, ports.ApplicationFilter(), after=after, limit=2)
            seen += [application.id for application in page.items]
            after = page.after
            if after is None:
                break
        assert seen == newest
        wanted = {
            ports.ApplicationFilter(states=frozenset({S.SUBMITTED})): [newest[1], newest[3]],
            ports.ApplicationFilter(tiers=frozenset({3})): [],
            ports.ApplicationFilter(channels=frozenset({"consultant"})): newest,
            ports.ApplicationFilter(consultant_id="c1"): newest,
            ports.ApplicationFilter(consultant_id="c2"): [],
            ports.ApplicationFilter(least=Money.parse("150000.01")): [],
            ports.ApplicationFilter(most=Money.parse("150000")): newest,
            ports.ApplicationFilter(submitted_from=Day(2026, 1, 8)): [newest[1]],
            ports.ApplicationFilter(submitted_to=Day(2026, 1, 7)): [newest[3]],
        }
        for where, expected in wanted.items():
            assert [a.id for a in find(work, where).items] == expected, where
        with pytest.raises(BadInput) as refused:
            find(work, ports.ApplicationFilter(), limit=201)
        assert refused.value.field == "limit"


def test_a_caller_sees_only_the_applications_that_are_its_own(
    kept: House, database: Database
) -> None:
    application = kept.at(S.OFFERED)
    offer = kept.first_offer(application.id)
    mine = Actor("user", "u1", frozenset({"owner"}))
    other = Actor("user", "u2", frozenset({"owner"}))
    with database.begin(mine) as work:
        assert kept.applications.get(work, application.id).id == application.id
        assert kept.offers.get(work, offer.id).id == offer.id
    with database.begin(other) as work:
        assert kept.applications.find(work, ports.ApplicationFilter()).items == ()
        with pytest.raises(NotFound):
            kept.applications.get(work, application.id)
        with pytest.raises(NotFound):
            kept.offers.get(work, offer.id)


def test_two_who_change_one_application_are_told_apart(either: House) -> None:
    draft = either.draft(either.group())
    with either.begin() as work:
        store = either.open_store(work)
        store.change_application(replace(draft, version=2))
        with pytest.raises(Conflict) as refused:
            store.change_application(replace(draft, version=2))
    assert refused.value.field == "version"


def test_two_submissions_at_once_are_one_application(kept: House) -> None:
    group = kept.group()
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = list(pool.map(lambda _: kept.draft(group), range(2)))
    assert made[0] == made[1]


def test_two_signatures_at_once_are_one_contract(kept: House) -> None:
    application = kept.at(S.OFFERED)
    offer = kept.first_offer(application.id)
    kept.confirm(offer)
    kept.accept(offer)
    with ThreadPoolExecutor(max_workers=2) as pool:
        signed = list(pool.map(lambda _: kept.sign(application, offer), range(2)))
    assert isinstance(signed[0], Contract)
    assert signed[0] == signed[1]


def test_what_fails_in_the_middle_leaves_nothing_behind(kept: House) -> None:
    application = kept.at(S.ROUTED)
    partner = application.partner_id
    assert partner is not None
    kept.consent(application.borrower_id, BANK, partner)

    def cut_short() -> None:
        with kept.begin() as work:
            kept.applications.ask_bank(work, application.id)
            kept.offers.make(work, application.id)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut_short()
    with kept.begin() as work:
        assert kept.applications.get(work, application.id) == application
        assert kept.offers.of(work, application.id) == []
