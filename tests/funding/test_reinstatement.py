"""A guarantee that ended with a payment which then bounced: it is back, seen and counted once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tael.funding.model import Reservation, ReservationState
from tael.kernel import BadInput, Conflict, Money, NotFound, Refusal

PAID = Money.parse("100000")


def settled(units: Any, world: Any) -> Reservation:
    """A loan of 120,000 whose last 100,000 came, and whose guarantee ended."""
    with units() as funding:
        taken = funding.guarantee.reserve(world.reserve("l1"), world.limits())
        assert isinstance(taken, Reservation)
        funding.guarantee.confirm(taken.id)
        funding.guarantee.reduce(world.loan("l1"), Money.parse("20000"), key="r1")
        funding.guarantee.reduce(world.loan("l1"), PAID, key="r2")
        return funding.guarantee.release(taken.id, "settled")  # type: ignore[no-any-return]


def back(funding: Any, world: Any, key: str = "x2", **limits: Any) -> Reservation:
    found = funding.guarantee.reinstate(world.loan("l1"), PAID, world.limits(**limits), key=key)
    assert isinstance(found, Reservation)
    return found


def test_a_guarantee_that_ended_too_early_is_in_force_again(units: Any, world: Any) -> None:
    before = settled(units, world)
    with units() as funding:
        after = back(funding, world)
        assert (after.id, after.outstanding, after.exception) == (before.id, PAID, "")
        assert after.state is ReservationState.CONFIRMED
        assert funding.guarantee.utilisation(world.limits()).total.outstanding == PAID
        assert list(funding.guarantee.exceptions()) == []
        funding.guarantee.verify()
    with units() as funding:
        assert back(funding, world) == after  # told again, nothing changes
        with pytest.raises(Conflict):
            funding.guarantee.reinstate(world.loan("l1"), Money(1), world.limits(), key="x2")
    with units() as funding:
        funding.guarantee.reduce(world.loan("l1"), PAID, key="r3")
        assert funding.guarantee.release(after.id, "settled").state is ReservationState.RELEASED
        funding.guarantee.verify()


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("leverage_exceeded", {"leverage_max": Decimal("0.0099")}),
        ("leverage_exceeded", {"net_assets": "1"}),
    ],
)
def test_without_room_it_counts_all_the_same_and_is_an_exception(
    units: Any, world: Any, code: str, limits: dict[str, Any]
) -> None:
    settled(units, world)
    with units() as funding:
        after = back(funding, world, **limits)
        assert (after.exception, after.outstanding) == (code, PAID)
    with units() as funding:
        assert list(funding.guarantee.exceptions()) == [after]
        assert funding.guarantee.utilisation(world.limits(**limits)).head_room.minor < 0
        answer = funding.guarantee.reserve(world.reserve("l2", "10000"), world.limits(**limits))
        assert isinstance(answer, Refusal)
        assert answer.code == code
    with units() as funding:
        funding.guarantee.release(after.id, "settled")
        assert list(funding.guarantee.exceptions()) == []
        funding.guarantee.verify()


def test_more_than_was_guaranteed_does_not_come_back(units: Any, world: Any) -> None:
    settled(units, world)
    with units() as funding:
        with pytest.raises(BadInput):
            funding.guarantee.reinstate(
                world.loan("l1"), Money.parse("120000.01"), world.limits(), key="x2"
            )
        with pytest.raises(NotFound):
            funding.guarantee.reinstate(world.loan("l9"), PAID, world.limits(), key="x3")
