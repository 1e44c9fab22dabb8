from __future__ import annotations

import pytest

from tael.economy import FEATURE_NAMES, EnterpriseKind, Role, applicant, applicants
from tael.kernel import BadInput, Day, Money

START = Day(2026, 1, 5)


def test_an_applicant_drawn_alone_equals_the_one_in_the_row() -> None:
    row = list(applicants(7, 40, START))

    assert applicant(7, number=29, start=START) == row[29]
    assert list(applicants(7, 10, START)) == row[:10]


def test_another_seed_gives_other_people() -> None:
    mine = {person.owner.id_number for person in applicants(7, 50, START)}
    other = {person.owner.id_number for person in applicants(8, 50, START)}

    assert not mine & other


def test_the_same_key_gives_the_same_applicant_on_every_platform() -> None:
    # Fixed figures: they change only when the economy is changed on purpose.
    first = applicant(7, number=0, start=START)

    assert first.key == "s7-000000"
    assert first.enterprise.name == "山东润嘉金属制品有限公司"
    assert first.owner.name == "高健"
    assert (first.amount, first.months) == (Money.parse("523000"), 24)
    assert first.features.monthly_revenue == Money.parse("214008")


def test_applicants_arrive_in_order_at_the_asked_pace() -> None:
    days = [person.applied_on for person in applicants(7, 90, START, per_month=45)]

    assert days == sorted(days)
    assert days[0] == START
    assert days[-1] == START.plus_days(59)


def test_every_group_has_its_owner_and_controller_and_its_ties_are_dated() -> None:
    for person in applicants(3, 300, START):
        assert person.owner.born < person.enterprise.founded <= person.applied_on
        assert all(link.since <= person.applied_on for link in person.links)
        if person.enterprise.kind is EnterpriseKind.SOLE_TRADER:
            assert person.actual_controller == person.owner
        if person.co_borrower is not None:
            assert person.co_borrower == person.spouse


def test_every_role_and_both_legal_forms_occur() -> None:
    row = list(applicants(3, 300, START))

    assert {link.role for person in row for link in person.links} == set(Role)
    assert {person.enterprise.kind for person in row} == set(EnterpriseKind)
    assert any(person.actual_controller != person.owner for person in row)


def test_numbers_of_people_and_firms_are_formally_invalid() -> None:
    for person in applicants(11, 200, START):
        for link in person.links:
            assert len(link.person.id_number) == 18
            assert link.person.id_number.startswith("000")
            assert len(link.person.phone) == 11
            assert link.person.phone.startswith("120")
        assert len(person.enterprise.code) == 18
        assert person.enterprise.code.startswith("Z")


def test_requests_are_whole_thousands_within_the_market() -> None:
    for person in applicants(5, 300, START):
        assert person.amount.minor % 100_000 == 0
        assert Money.parse("20000") <= person.amount <= Money.parse("1000000")


def test_a_row_for_a_model_has_every_feature_as_number_or_code() -> None:
    row = applicant(7, number=3, start=START).features.row()

    assert tuple(row) == FEATURE_NAMES
    assert {name for name, value in row.items() if isinstance(value, str)} == {
        "region",
        "industry",
        "enterprise_kind",
    }


@pytest.mark.parametrize(
    ("number", "per_month", "field"), [(-1, 30, "number"), (0, 0, "per_month")]
)
def test_an_applicant_that_cannot_be_is_refused(number: int, per_month: int, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        applicant(7, number=number, start=START, per_month=per_month)
    assert refused.value.field == field


def test_a_negative_count_is_refused_before_the_first_applicant() -> None:
    with pytest.raises(BadInput):
        applicants(7, -1, START)
