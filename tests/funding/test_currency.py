"""Limits are counted in one currency; an amount in another is refused, never added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tael.funding import ClaimOrder, Limits, RouteRequest
from tael.kernel import BadInput, Day, Money

DOLLARS = Money.parse("120000", "USD")
MAKERS: dict[str, Callable[[Any], object]] = {
    "least": lambda world: world.agreement("a", least=DOLLARS),
    "most": lambda world: world.agreement("a", most=DOLLARS),
    "capacity": lambda world: world.agreement("a", capacity=DOLLARS),
    "net_assets": lambda _: Limits(net_assets=DOLLARS),
    "small_ceiling": lambda world: world.limits(small_ceiling=DOLLARS),
    "amount": lambda world: world.reserve("l1", amount=DOLLARS),
    "principal": lambda world: ClaimOrder(
        key="c1",
        loan=world.loan("l1"),
        agreement=world.agreement_id("a"),
        day=Day(2026, 5, 1),
        days_past_due=80,
        principal=DOLLARS,
        interest=Money(0),
        penalty=Money(0),
    ),
}


@pytest.mark.parametrize("field", MAKERS)
def test_an_amount_in_another_currency_is_refused_by_its_field(field: str, world: Any) -> None:
    with pytest.raises(BadInput) as refused:
        MAKERS[field](world)
    assert (refused.value.code, refused.value.field) == ("currency_mismatch", field)
    assert "USD" in refused.value.message
    assert "CNY" in refused.value.message


def test_a_loan_in_another_currency_finds_no_lender(world: Any) -> None:
    with pytest.raises(BadInput, match="limits are in CNY"):
        RouteRequest(
            product="working", amount=DOLLARS, months=12, region="310000", day=Day(2026, 1, 5)
        )


def test_a_repayment_in_another_currency_moves_no_guarantee(units: Any, world: Any) -> None:
    with units() as funding:
        funding.guarantee.reserve(world.reserve("l1"), world.limits())
        for move in (funding.guarantee.reduce, funding.guarantee.restore):
            with pytest.raises(BadInput) as refused:
                move(world.loan("l1"), DOLLARS, key="r1")
            assert refused.value.code == "currency_mismatch"
        funding.guarantee.verify()
