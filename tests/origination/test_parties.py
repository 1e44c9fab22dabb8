"""Persons, firms and groups: found once, shown to nobody without reason, erased on request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import BadInput, Conflict, Day, Forbidden, NotFound, PartyId
from tael.origination import ASSESSMENT, BANK
from tael.origination.model import ApplicationState, Member, PartyKind, PersonalFields, Role
from tael.platform import Database

S = ApplicationState


def test_no_personal_field_lies_in_clear_in_any_table(kept: Any, database: Database) -> None:
    kept.at(S.CONTRACTED)
    with database.begin(kept.staff) as work:
        tables = work.connection.execute(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'origination'")
        ).scalars()
        for table in list(tables):
            query = sa.text(f"SELECT count(*) FROM origination.{table} t WHERE t::text ~ :clear")  # noqa: S608 - our own table names
            hits = work.connection.execute(query, {"clear": "张三|李四|TEST-P1"}).scalar_one()
            assert hits == 0, table


def test_a_person_is_found_by_number_and_kept_once(either: Any) -> None:
    first = either.person()
    assert either.person("张叁").id == first.id
    with either.begin() as work:
        assert either.parties.display_names(work, [first.id]) == {first.id: "张*"}
        with pytest.raises(Conflict) as refused:
            either.parties.register(work, PartyKind.COMPANY, PersonalFields("甲公司", "TEST-1"))
    assert refused.value.field == "id_number"


def test_personal_fields_are_read_only_under_a_live_consent_for_the_purpose(either: Any) -> None:
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


def test_an_erased_person_is_gone_and_the_books_of_it_stay(either: Any) -> None:
    application = either.at(S.CONTRACTED)
    with either.begin() as work:
        either.parties.erase(work, application.applicant_id, reason="asked")
        with pytest.raises(NotFound, match="erased"):
            either.parties.reveal(work, application.applicant_id, purpose=ASSESSMENT)
        names = either.parties.display_names(work, [application.applicant_id])
        assert names == {application.applicant_id: ""}
        assert either.offers.contract_of(work, application.id) is not None
    assert either.person("张三", "TEST-P1").id != application.applicant_id


def test_the_owner_of_an_individual_business_owes_and_a_company_owes_itself(house: Any) -> None:
    sole = house.draft(house.group(PartyKind.INDIVIDUAL_BUSINESS, "1"), key="a")
    company = house.draft(house.group(PartyKind.COMPANY, "2"), key="b")
    assert sole.borrower_id == sole.applicant_id
    assert company.borrower_id != company.applicant_id


def test_connected_parties_reach_over_groups_and_only_while_the_links_hold(either: Any) -> None:
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
        assert shop.id in either.parties.connected(work, [owner], either.today)
        assert shop.id not in either.parties.connected(work, [owner], Day(2019, 6, 1))
        link = mine.members[2]
        changed = either.parties.unlink(work, mine.id, link, until=Day(2025, 12, 1))
        assert shop.id not in either.parties.connected(work, [owner], either.today)
        assert replace(link, until=Day(2025, 12, 1)) in changed.members
        either.parties.link(work, mine.id, replace(link, since=either.today))
        assert shop.id in either.parties.connected(work, [owner], either.today)


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
    house: Any, members: list[tuple[str, Role]], field: str
) -> None:
    person = house.person()
    with house.begin() as work:
        firm = house.parties.register(work, PartyKind.COMPANY, PersonalFields("公司", "TEST-C"))
        ids = {"person": person.id, "firm": firm.id, "nobody": PartyId.new(house.start)}
        links = [Member(ids[who], role, Day(2020, 1, 1)) for who, role in members]
        with pytest.raises(BadInput) as refused:
            house.parties.form_group(work, links)
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["name", "id_number"])
def test_a_personal_field_at_fault_is_named_and_never_shown(house: Any, field: str) -> None:
    fields = replace(PersonalFields("王五", "SECRET-7"), **{field: "\x00" + "秘" * 300})
    with house.begin() as work, pytest.raises(BadInput) as refused:
        house.parties.register(work, PartyKind.PERSON, fields)
    assert refused.value.field == field
    assert "秘" not in str(refused.value)
