"""Three kinds of no."""

from __future__ import annotations

import pickle

import pytest

from tael.kernel import (
    BadInput,
    Conflict,
    Forbidden,
    InvariantBroken,
    NotFound,
    OutsideFailure,
    Refusal,
    TaelError,
    Unauthenticated,
    check,
)


@pytest.mark.parametrize(
    ("kind", "code", "retryable"),
    [
        (BadInput, "bad_input", False),
        (NotFound, "not_found", False),
        (Conflict, "conflict", False),
        (Forbidden, "forbidden", False),
        (Unauthenticated, "unauthenticated", False),
        (OutsideFailure, "outside_failure", True),
    ],
)
def test_each_failure_has_its_code(kind: type[TaelError], code: str, *, retryable: bool) -> None:
    failure = kind("what went wrong")
    assert (failure.code, failure.retryable) == (code, retryable)
    assert isinstance(failure, TaelError)


@pytest.mark.parametrize(
    ("row", "field", "text"),
    [
        (None, None, "is wrong"),
        (7, None, "row 7: is wrong"),
        (None, "term", "term: is wrong"),
        (7, "term", "row 7, term: is wrong"),
    ],
)
def test_bad_input_says_where(row: int | None, field: str | None, text: str) -> None:
    assert str(BadInput("is wrong", row=row, field=field)) == text


def test_a_failure_keeps_its_parts_when_it_travels_between_processes() -> None:
    sent = BadInput("is wrong", code="odd", field="term", row=7, rule="a number")
    came = pickle.loads(pickle.dumps(sent))  # noqa: S301 - our own bytes
    assert (came.code, came.field, came.row, came.rule) == ("odd", "term", 7, "a number")
    assert str(came) == str(sent)


def test_a_refusal_is_a_value_that_prints_its_detail_in_order() -> None:
    refusal = Refusal("cap_exceeded", {"cost": "25%", "cap": "24%"})
    assert str(refusal) == "cap_exceeded (cap=24%, cost=25%)"
    assert str(Refusal("declined")) == "declined"
    assert refusal == Refusal("cap_exceeded", {"cap": "24%", "cost": "25%"})


def test_a_broken_invariant_is_no_failure_that_anybody_maps() -> None:
    check(True, "holds")
    with pytest.raises(InvariantBroken, match="the books balance"):
        check(False, "the books balance")
    assert not issubclass(InvariantBroken, TaelError)
