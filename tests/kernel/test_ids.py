"""Ids: their form, their kind, their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tael.kernel import BadInput, InvariantBroken, LoanId, OfferId

AT = datetime(2026, 1, 5, 1, 0, 0, 1000, tzinfo=UTC)


def test_an_id_reads_as_its_kind_and_26_digits() -> None:
    loan = LoanId.new(AT)
    assert loan.startswith("loan_")
    assert len(loan) == len("loan_") + 26
    assert LoanId.parse(loan) == loan
    assert type(LoanId.parse(str(loan))) is LoanId


def test_an_id_is_a_uuid_of_version_seven_with_its_millisecond() -> None:
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    value = 0
    for digit in LoanId.new(AT).partition("_")[2]:
        value = value * 32 + digits.index(digit)
    assert value >> 80 == int(AT.timestamp()) * 1000 + 1
    assert value >> 76 & 15 == 7
    assert value >> 62 & 3 == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loan",
        "loan_",
        "offer_01kdzf0000e9q8d4zq0000000a",
        "loan_01kdzf0000",
        "loan_" + "u" * 26,
        "loan_" + "8" + "0" * 25,
        "loan_" + "0" * 27,
        "LOAN_" + "0" * 26,
    ],
)
def test_what_is_not_an_id_of_the_kind_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        LoanId.parse(text, field="loan_id")
    assert refused.value.field == "loan_id"


def test_a_derived_id_is_the_same_whenever_it_is_derived() -> None:
    one = LoanId.derive(AT, "application-1", 3)
    assert one == LoanId.derive(AT, "application-1", 3)
    assert one == "loan_01ke5tp1m1evcaa0pk61vfqc2b"
    assert one != LoanId.derive(AT, "application-1", 4)
    assert one != LoanId.derive(AT, "application-13")
    assert one[5:] != OfferId.derive(AT, "application-1", 3)[6:]


def test_later_ids_sort_later() -> None:
    assert LoanId.new(AT) < LoanId.new(AT + timedelta(milliseconds=1))


def test_an_id_needs_an_aware_instant_since_1970() -> None:
    with pytest.raises(BadInput):
        LoanId.new(datetime(2026, 1, 5))  # noqa: DTZ001 - what must be refused
    with pytest.raises(InvariantBroken):
        LoanId.new(datetime(1969, 12, 31, tzinfo=UTC))
