from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tael.funding import Funding, Limits
from tael.funding.model import Reservation, ReservationState
from tael.kernel import BadInput, Conflict, Money, NotFound, Rate, Refusal, ReservationId, total


def taken(funding: Funding, request: Any, limits: Any) -> Reservation:
    answer = funding.guarantee.reserve(request, limits)
    assert isinstance(answer, Reservation), answer
    return answer


def test_room_is_reserved_confirmed_reduced_and_given_back(units: Any, world: Any) -> None:
    limits = world.limits()
    with units() as funding:
        reservation = taken(funding, world.reserve("l1"), limits)
        assert reservation.state is ReservationState.HELD
    with units() as funding:
        funding.guarantee.confirm(reservation.id)
        funding.guarantee.reduce(world.loan("l1"), Money.parse("20000"), key="r1")
        assert funding.guarantee.utilisation(limits).total.outstanding == Money.parse("100000")
    with units() as funding:
        funding.guarantee.restore(world.loan("l1"), Money.parse("5000"), key="r1-reversed")
        found = funding.guarantee.of_loan(world.loan("l1"))
        assert found is not None
        assert found.outstanding == Money.parse("105000")
        assert found.request == world.reserve("l1")
        funding.guarantee.verify()
    with units() as funding:
        released = funding.guarantee.release(reservation.id, "settled")
        assert released.state is ReservationState.RELEASED
        assert funding.guarantee.of_loan(world.loan("l1")) is None
        assert not funding.guarantee.utilisation(limits).total.outstanding
        funding.guarantee.verify()


@pytest.mark.parametrize(
    ("code", "limits", "changes"),
    [
        ("leverage_exceeded", {"leverage_max": Decimal("0.0239")}, {}),
        ("party_exposure_exceeded", {"party_share_max": Rate(Decimal("0.0119"))}, {}),
        ("group_exposure_exceeded", {"group_share_max": Rate(Decimal("0.0119"))}, {}),
        ("group_exposure_exceeded", {"group_share_max": Rate(Decimal("0.0239"))}, {"group": "l0"}),
        ("partner_capacity_exceeded", {}, {"amount": Money.parse("900000")}),
    ],
)
def test_each_limit_refuses_with_its_code_and_leaves_nothing_behind(
    units: Any, world: Any, code: str, limits: dict[str, Any], changes: dict[str, Any]
) -> None:
    if "group" in changes:
        changes = {"group": world.group(changes["group"])}
    with units() as funding:
        before = taken(funding, world.reserve("l0"), world.limits())
        request = world.reserve("l1", **changes)
        answer = funding.guarantee.reserve(request, world.limits("10000000", **limits))

        assert isinstance(answer, Refusal)
        assert answer.code == code
        assert answer.code in Funding.REFUSALS
        total_now = funding.guarantee.utilisation(world.limits()).total.outstanding
        assert total_now == before.outstanding
        funding.guarantee.verify()


@pytest.mark.parametrize(
    ("limits", "changes"),
    [
        ({"leverage_max": Decimal("0.024")}, {}),
        ({"party_share_max": Rate(Decimal("0.012"))}, {}),
        ({"group_share_max": Rate(Decimal("0.024"))}, {"group": "l0"}),
        ({}, {"amount": Money.parse("880000")}),
    ],
)
def test_a_limit_is_used_up_to_the_cent(
    units: Any, world: Any, limits: dict[str, Any], changes: dict[str, Any]
) -> None:
    if "group" in changes:
        changes = {"group": world.group(changes["group"])}
    with units() as funding:
        taken(funding, world.reserve("l0"), world.limits())
        taken(funding, world.reserve("l1", **changes), world.limits("10000000", **limits))


def test_several_broken_limits_are_named_in_the_order_of_the_list(units: Any, world: Any) -> None:
    nothing = world.limits("1", leverage_max=Decimal(0))
    with units() as funding:
        answer = funding.guarantee.reserve(world.reserve("l1"), nothing)
        assert isinstance(answer, Refusal)
        assert answer.code == Funding.REFUSALS[0] == "leverage_exceeded"


def test_small_loans_weigh_less_until_the_customer_has_the_ceiling(units: Any, world: Any) -> None:
    limits = world.limits(small_ceiling=Money.parse("200000"))
    person = world.party("owner")
    with units() as funding:
        first = taken(funding, world.reserve("l1", weight=None, borrower=person), limits)
        second = taken(funding, world.reserve("l2", weight=None, borrower=person), limits)

        assert first.weight == Rate.percent(75)
        assert second.weight == Rate.percent(100)
        used = funding.guarantee.utilisation(limits)
        assert used.total.weighted == Money.parse("210000")
        assert used.leverage == Decimal("0.0210")
        assert used.head_room == Money.parse("99790000")
        shares = {agreement.id: amount for agreement, amount in used.agreements}
        assert shares[world.agreement_id("a")] == Money.parse("240000")
        assert total(shares.values()) == used.total.outstanding


def test_a_retry_finds_its_reservation_and_another_use_of_the_key_is_refused(
    units: Any, world: Any
) -> None:
    with units() as funding:
        first = taken(funding, world.reserve("l1"), world.limits())
    with units() as funding:
        assert taken(funding, world.reserve("l1"), world.limits("0")) == first
        with pytest.raises(Conflict):
            funding.guarantee.reserve(world.reserve("l1", "130000"), world.limits())
        with pytest.raises(Conflict):
            funding.guarantee.reserve(world.reserve("l1", key="other"), world.limits())
        assert funding.guarantee.utilisation(world.limits()).total.outstanding == first.outstanding


def test_after_a_release_the_loan_may_be_reserved_with_another_bank(units: Any, world: Any) -> None:
    with units() as funding:
        first = taken(funding, world.reserve("l1"), world.limits())
        funding.guarantee.release(first.id, "bank_declined")
        other = world.reserve("l1", key="again", agreement=world.agreement_id("b"))
        second = taken(funding, other, world.limits())

        assert funding.guarantee.of_loan(world.loan("l1")) == second
        with pytest.raises(Conflict):
            funding.guarantee.confirm(first.id)
        funding.guarantee.verify()


def test_one_key_moves_principal_once(units: Any, world: Any) -> None:
    loan = world.loan("l1")
    with units() as funding:
        taken(funding, world.reserve("l1"), world.limits())
        funding.guarantee.reduce(loan, Money.parse("20000"), key="r1")
    with units() as funding:
        again = funding.guarantee.reduce(loan, Money.parse("20000"), key="r1")
        assert again.outstanding == Money.parse("100000")
        with pytest.raises(Conflict):
            funding.guarantee.reduce(loan, Money.parse("30000"), key="r1")


@pytest.mark.parametrize(
    ("method", "yuan"), [("reduce", "120001"), ("restore", "1"), ("reduce", "0"), ("reduce", "-1")]
)
def test_principal_never_leaves_the_bounds_of_the_guarantee(
    world: Any, clock: Any, method: str, yuan: str
) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    taken(funding, world.reserve("l1"), world.limits())
    with pytest.raises(BadInput):
        getattr(funding.guarantee, method)(world.loan("l1"), Money.parse(yuan), key="k")
    good = funding.guarantee.reduce(world.loan("l1"), Money.parse("1"), key="k")
    assert good.outstanding == Money.parse("119999")


def test_confirming_and_releasing_twice_change_nothing(units: Any, world: Any) -> None:
    with units() as funding:
        reservation = taken(funding, world.reserve("l1"), world.limits())
        once = funding.guarantee.confirm(reservation.id)
        assert funding.guarantee.confirm(reservation.id) == once
        gone = funding.guarantee.release(reservation.id, "settled")
        assert funding.guarantee.release(reservation.id, "settled") == gone


def test_what_is_not_there_is_not_found(units: Any, world: Any, clock: Any) -> None:
    with units() as funding:
        nobody = ReservationId.derive(clock.now(), "nobody")
        for method in (funding.guarantee.confirm, lambda x: funding.guarantee.release(x, "no")):
            with pytest.raises(NotFound):
                method(nobody)
        with pytest.raises(NotFound):
            funding.guarantee.reduce(world.loan("l9"), Money.parse("1"), key="k")
        unknown = world.reserve("l1", agreement=world.agreement_id("z"))
        with pytest.raises(BadInput):
            funding.guarantee.reserve(unknown, world.limits())
        with pytest.raises(BadInput):
            funding.guarantee.reserve(world.reserve("l1", "0"), world.limits())


@pytest.mark.parametrize(
    "changes",
    [
        {"leverage_max": Decimal(-1)},
        {"group_share_max": Rate.percent(101)},
        {"net_assets": Money.parse("-1")},
    ],
)
def test_limits_that_cannot_be_are_refused(world: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Limits(**({"net_assets": Money.parse("1")} | changes))


def test_without_net_assets_nothing_is_guaranteed(world: Any, clock: Any) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    answer = funding.guarantee.reserve(world.reserve("l1"), world.limits("0"))

    assert isinstance(answer, Refusal)
    with pytest.raises(BadInput):
        funding.guarantee.utilisation(world.limits("0"))
