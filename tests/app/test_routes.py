"""The bank that is asked serves the enterprise's region and the tier of the decision."""

from __future__ import annotations

from typing import Any

import pytest

from tael.app.routing import PRODUCT, AgreementRoutes, region_of
from tael.funding import Agreement, Partner
from tael.kernel import AgreementId, FixedClock, Money, PartnerId, Period, Rate, Refusal
from tael.origination import ports
from tael.platform import SYSTEM


def _sign(lender: Any, word: str, partner: PartnerId, **terms: Any) -> AgreementId:
    """An agreement cheaper than every other, which funds only what ``terms`` say."""
    given: dict[str, Any] = {
        "id": AgreementId.derive(FixedClock.on(lender.today).now(), word),
        "partner": partner,
        "product": PRODUCT,
        "period": Period(lender.today, lender.today.plus_months(60)),
        "bank_rate": Rate.percent(4),
        "least": Money.parse("1"),
        "most": Money.parse("2000000"),
        "months": tuple(range(1, 61)),
        "capacity": Money.parse("500000000"),
    }
    agreement = Agreement(**(given | terms))
    with lender.house.database.begin(SYSTEM) as work:
        funding = lender.house.rooms(work).funding
        if partner not in {each.id for each in funding.partners()}:
            funding.add_partner(Partner(id=partner, name=word))
        funding.add_agreement(agreement)
    return agreement.id


def _own(lender: Any, application: Any) -> dict[str, Any]:
    with lender.house.database.begin(SYSTEM) as work:
        region = region_of(work, application.group_id)
    assert region
    return {
        "regions": frozenset({region}),
        "tiers": frozenset({application.tier}),
        "months": (application.request.months,),
        "most": application.request.amount,
    }


def _other(own: dict[str, Any]) -> dict[str, Any]:
    return {
        "regions": frozenset({"820000"}),
        "tiers": frozenset(range(1, 8)) - own["tiers"],
        "months": (own["months"][0] + 1,),
        "most": Money.parse("2"),
    }


def _application(lender: Any) -> Any:
    (loan_id,) = lender.lend()
    with lender.house.database.begin(SYSTEM) as work:
        header = lender.house.rooms(work).servicing.file(loan_id).header
        return lender.house.applications.get(work, header.application_id)


def test_a_cheap_bank_is_asked_only_for_what_it_funds(lender: Any) -> None:
    application = _application(lender)
    own = _own(lender, application)
    other = _other(own)
    at = FixedClock.on(lender.today).now()
    request = ports.RouteRequest(
        application_id=application.id,
        group_id=application.group_id,
        amount=application.request.amount,
        months=application.request.months,
        tier=application.tier,
        hint="",
        excluded=frozenset(),
    )
    rate, asked = 4000, {}
    for name in own:
        for which, terms in (("other", other), ("own", own)):
            rate -= 1  # each new bank is cheaper than those before
            partner = PartnerId.derive(at, f"{name}-{which}")
            values = {name: terms[name], "bank_rate": Rate.percent(str(rate / 1000))}
            _sign(lender, f"{name}-{which}", partner, **values)
            with lender.house.database.begin(SYSTEM) as work:
                chosen = AgreementRoutes().choose(work, request)
            assert not isinstance(chosen, Refusal), chosen
            asked[name, which] = chosen.partner_id == partner
    assert asked == {key: key[1] == "own" for key in asked}


@pytest.mark.parametrize("serves", [True, False])
def test_of_a_banks_agreements_the_loan_is_made_under_one_that_fits_it(
    lender: Any, *, serves: bool
) -> None:
    homes = frozenset(person.enterprise.region for person in lender.people)
    regions = homes if serves else frozenset({"820000"})
    cheap = _sign(lender, "cheap", lender.bank, regions=regions, bank_rate=Rate.percent(5))
    (loan_id,) = lender.lend()
    assert (lender.state(loan_id).contract.dimensions.agreement == cheap) is serves
    reservation = lender.read(lambda rooms: rooms.funding.guarantee.of_loan(loan_id))
    assert (reservation.request.agreement == cheap) is serves
    assert lender.broken() == []
