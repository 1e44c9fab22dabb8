from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tael.funding import Funding, Partner, RouteRequest
from tael.funding.model import AgreementRole, Routing
from tael.kernel import (
    BadInput,
    Conflict,
    Day,
    FixedClock,
    Money,
    NotFound,
    Period,
    Rate,
    Refusal,
)

TABLE = Path(__file__).parent / "cases" / "routing.csv"
CASES = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))


@pytest.fixture
def funding(world: Any, clock: FixedClock) -> Funding:
    return world.furnish(Funding.in_memory(clock))


def request_of(case: dict[str, str], world: Any) -> RouteRequest:
    highest = case["highest_rate"]
    return RouteRequest(
        product=case["product"],
        amount=Money.parse(case["amount"]),
        months=int(case["months"]),
        region=case["region"],
        tier=int(case["tier"]) if case["tier"] else None,
        day=Day.parse(case["day"]),
        bank_share=Rate(Decimal(case["bank_share"])),
        highest_bank_rate=Rate(Decimal(highest)) if highest else None,
        asked=frozenset(world.agreement_id(word) for word in case["asked"].split()),
    )


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_request_is_routed_as_the_table_says(
    case: dict[str, str], funding: Funding, world: Any
) -> None:
    answer = funding.route(request_of(case, world))
    expected = [world.agreement_id(word) for word in case["ranked"].split()]
    reasons = {
        world.agreement_id(word): case[f"reason_{word}"] for word in "ab" if case[f"reason_{word}"]
    }

    if expected:
        assert isinstance(answer, Routing)
        assert [agreement.id for agreement in answer.ranked] == expected
        assert answer.excluded == reasons
    else:
        assert answer == Refusal("no_partner", {str(each): why for each, why in reasons.items()})
    assert set(reasons.values()) <= set(Funding.EXCLUSIONS)


def test_of_two_at_one_price_the_one_with_more_room_comes_first(
    funding: Funding, world: Any
) -> None:
    funding.add_agreement(world.agreement("c", partner=world.partner_id("b")))
    case = CASES[0] | {"highest_rate": "0.06", "asked": "b"}
    before = funding.route(request_of(case, world))
    funding.guarantee.reserve(world.reserve("l1"), world.limits())
    after = funding.route(request_of(case, world))

    assert isinstance(before, Routing)
    assert isinstance(after, Routing)
    assert {agreement.id for agreement in before.ranked} == {x.id for x in after.ranked}
    assert after.ranked[0].id == world.agreement_id("c")


def test_a_partners_agreement_is_the_best_one_that_fits(funding: Funding, world: Any) -> None:
    cheaper = world.agreement("c", bank_rate=Rate.percent(4), partner=world.partner_id("a"))
    narrow = {"partner": world.partner_id("a"), "bank_rate": Rate.percent(3)}
    funding.add_agreement(cheaper)
    funding.add_agreement(world.agreement("d", regions=frozenset({"650000"}), **narrow))
    request = request_of(CASES[0], world)

    assert funding.agreement_with(world.partner_id("a"), request) == cheaper
    with pytest.raises(NotFound, match="amount_out_of_range"):
        funding.agreement_with(
            world.partner_id("a"), request_of(CASES[0] | {"amount": "900000"}, world)
        )
    with pytest.raises(NotFound, match="none signed"):
        funding.agreement_with(world.partner_id("z"), request)


def test_an_agreement_without_room_is_left_out(funding: Funding, world: Any) -> None:
    for word in ("l1", "l2", "l3"):
        taken = funding.guarantee.reserve(world.reserve(word, "300000"), world.limits())
        assert not isinstance(taken, Refusal)
    answer = funding.route(request_of(CASES[0], world))

    assert isinstance(answer, Routing)
    assert answer.excluded == {world.agreement_id("a"): "partner_capacity_exceeded"}


def test_only_lenders_are_asked_for_money(funding: Funding, world: Any) -> None:
    role = AgreementRole.GUARANTOR
    funding.add_agreement(world.agreement("g", partner=world.partner_id("b"), role=role))
    answer = funding.route(request_of(CASES[0], world))

    assert isinstance(answer, Routing)
    assert answer.excluded == {world.agreement_id("g"): "not_a_lender"}


def test_partners_and_agreements_are_taken_on_once_and_never_edited(
    funding: Funding, world: Any
) -> None:
    world.furnish(funding)  # the same again changes nothing
    assert len(funding.partners()) == len(funding.agreements()) == 2

    with pytest.raises(Conflict):
        funding.add_partner(Partner(id=world.partner_id("a"), name="Another Bank"))
    with pytest.raises(Conflict):
        funding.add_agreement(world.agreement("a", bank_rate=Rate.percent(7)))
    with pytest.raises(BadInput):
        funding.add_agreement(world.agreement("z"))


@pytest.mark.parametrize(
    "changes",
    [
        {"least": Money.parse("0")},
        {"least": Money.parse("300001")},
        {"capacity": Money.parse("299999")},
        {"months": ()},
        {"months": (0, 12)},
        {"bank_rate": Rate.percent(-1)},
        {"tiers": frozenset({0, 1})},
        {"tiers": frozenset({8})},
    ],
)
def test_an_agreement_with_terms_that_cannot_be_is_refused(
    changes: dict[str, object], world: Any
) -> None:
    with pytest.raises(BadInput):
        world.agreement("a", **changes)


def test_a_period_that_ends_before_it_starts_is_refused(world: Any) -> None:
    with pytest.raises(BadInput):
        world.agreement("a", period=Period(Day(2026, 2, 1), Day(2026, 1, 1)))
