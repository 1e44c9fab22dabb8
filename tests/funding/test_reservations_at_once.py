"""Two at once cannot both take the last room: on PostgreSQL, with real transactions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tael.funding.model import Reservation
from tael.kernel import Money, Rate, Refusal


def test_the_second_waits_for_the_first_and_is_then_refused(sql: Any, world: Any) -> None:
    limits = world.limits("1000000", leverage_max=Decimal("0.2"), **_wide())
    first_has_room, may_commit = threading.Event(), threading.Event()

    def first() -> Reservation | Refusal:
        with sql() as funding:
            answer = funding.guarantee.reserve(world.reserve("l1"), limits)
            first_has_room.set()
            assert may_commit.wait(20)
        return answer

    def second() -> Reservation | Refusal:
        assert first_has_room.wait(20)
        with sql() as funding:
            return funding.guarantee.reserve(world.reserve("l2"), limits)

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)
        assert first_has_room.wait(20)
        threading.Event().wait(0.3)
        assert not two.done(), "the second must wait until the first commits"
        may_commit.set()
        assert isinstance(one.result(20), Reservation)
        refused = two.result(20)
    assert isinstance(refused, Refusal)
    assert refused.code == "leverage_exceeded"


def test_a_first_that_rolls_back_leaves_its_room_to_the_second(sql: Any, world: Any) -> None:
    limits = world.limits("1000000", leverage_max=Decimal("0.2"), **_wide())

    def fail() -> None:
        with sql() as funding:
            funding.guarantee.reserve(world.reserve("l1"), limits)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with sql() as funding:
        assert isinstance(funding.guarantee.reserve(world.reserve("l2"), limits), Reservation)
        funding.guarantee.verify()


@pytest.mark.parametrize("scope", ["leverage", "group", "party", "capacity"])
def test_of_twelve_at_once_exactly_as_many_pass_as_fit(sql: Any, world: Any, scope: str) -> None:
    limits, changes = {
        "leverage": (world.limits("1000000", leverage_max=Decimal("0.5"), **_wide()), {}),
        "group": (world.limits("3333333.34"), {"group": world.group("one")}),
        "party": (world.limits("5000000"), {"borrower": world.party("one")}),
        "capacity": (world.limits("100000000"), {"agreement": world.agreement_id("c")}),
    }[scope]
    with sql() as funding:
        tight = world.agreement("c", partner=world.partner_id("b"), capacity=Money.parse("500000"))
        funding.add_agreement(tight)

    def reserve(number: int) -> Reservation | Refusal:
        with sql() as funding:
            request = world.reserve(f"l{number}", "125000", **changes)
            return funding.guarantee.reserve(request, limits)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(reserve, range(12)))
    passed = [answer for answer in answers if isinstance(answer, Reservation)]
    assert len(passed) == 4
    with sql() as funding:
        used = funding.guarantee.utilisation(limits).total.outstanding
        assert used == Money.parse("500000")
        funding.guarantee.verify()


def test_one_key_at_once_from_many_sides_is_one_reservation(sql: Any, world: Any) -> None:
    def reserve(_: int) -> Reservation | Refusal:
        with sql() as funding:
            return funding.guarantee.reserve(world.reserve("l1"), world.limits())

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(reserve, range(8)))
    assert len({answer.id for answer in answers if isinstance(answer, Reservation)}) == 1
    with sql() as funding:
        total = funding.guarantee.utilisation(world.limits()).total.outstanding
        assert total == Money.parse("120000")


def test_reserving_and_repaying_at_once_never_lose_a_cent(sql: Any, world: Any) -> None:
    limits = world.limits("100000000")
    with sql() as funding:
        funding.guarantee.reserve(world.reserve("l0"), limits)

    def step(number: int) -> None:
        with sql() as funding:
            if number % 2:
                funding.guarantee.reduce(world.loan("l0"), Money(100_01), key=f"r{number}")
            else:
                funding.guarantee.reserve(world.reserve(f"l{number + 1}", "10000.01"), limits)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(step, range(20)))
    with sql() as funding:
        funding.guarantee.verify()
        left = funding.guarantee.of_loan(world.loan("l0"))
        assert left is not None
        assert left.outstanding == Money.parse("118999.90")


def _wide() -> dict[str, Any]:

    return {"group_share_max": Rate(Decimal(1)), "party_share_max": Rate(Decimal(1))}
