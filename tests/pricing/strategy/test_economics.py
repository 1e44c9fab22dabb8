"""What a loan is worth: the worked loan of the guide, and what must hold of any loan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import Day, Money, Rate
from tael.pricing.strategy import (
    Ask,
    Cell,
    Costs,
    Grid,
    Guarantor,
    Limit,
    Market,
    MonotoneCurve,
    Point,
    Price,
    Risk,
    Segment,
    Terms,
    menu_of,
)
from tael.pricing.strategy.economics import Courses, Lender, pd_at, stops, unit
from tael.pricing.strategy.offer import priced

WORKED = Price(Rate.percent(6), Rate.percent(12))
PRINCIPAL = Money.parse("120000")
OFFERS = Grid(
    prices=dict.fromkeys(range(1, 8), (WORKED,)),
    limits=(Limit(),),
    cap=Rate.percent(24),
    start=Day(2025, 8, 20),
)


def cell(pd: str = "4", lgd: str = "75", **more: object) -> Cell:
    asked = Ask(Decimal(10), PRINCIPAL, 12)
    made = Cell(
        tier=4,
        segment=Segment(),
        asks=(asked,),
        pd_12m=Rate.percent(pd),
        lgd=Rate.percent(lgd),
        today=Terms(WORKED, Limit()),
        reference=WORKED,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def lender(costs: Costs | None = None, risk: Risk | None = None) -> Lender:
    return Lender(costs or Costs(), risk or Risk(), None, 3)


def everyone() -> MonotoneCurve:
    return MonotoneCurve.fit([Point(Rate.percent(n), Decimal(1)) for n in (1, 18, 30)])


def test_the_worked_loan_has_its_instalment_claim_and_liability() -> None:
    course = Courses(OFFERS, 80).of(WORKED, 12, PRINCIPAL)
    assert course.interest[0] + course.fee[0] == Decimal("1800.00")
    assert course.claim[3] == Decimal("93786.70")
    assert course.balance[3] == Decimal("91979.06")
    found = unit(course, cell(), Terms(WORKED, Limit()), lender())
    assert found.stage_1 == pytest.approx(Decimal(3600), abs=Decimal("1E-20"))


def test_who_never_stops_pays_all_charges_and_costs_nothing() -> None:
    course = Courses(OFFERS, 80).of(WORKED, 12, PRINCIPAL)
    found = unit(course, cell(pd="0"), Terms(WORKED, Limit()), lender())
    assert found.revenue == course.schedule.total_charges.decimal()
    assert found.funding == sum(course.interest)
    assert found.loss == 0


def test_a_loan_that_stops_at_once_loses_its_first_claim() -> None:
    course = Courses(OFFERS, 80).of(WORKED, 12, PRINCIPAL)
    certain = cell(pd="99.9999999999", lgd="100")
    found = unit(course, certain, Terms(WORKED, Limit()), lender())
    assert found.loss == pytest.approx(course.claim[0], rel=Decimal("0.11"))
    assert found.revenue < Decimal(300)


@given(st.integers(1, 9000), st.integers(1, 60), st.integers(0, 900))
def test_months_of_risk_add_up_to_the_probabilities(pd: int, months: int, more: int) -> None:
    year = Rate(Decimal(pd) / 10_000)
    life = Rate(year.fraction + (1 - year.fraction) * more / 1000)
    leaving = stops(year, life, months)
    tiny = Decimal("1E-25")
    if months >= 12:
        assert sum(leaving[:12]) == pytest.approx(year.fraction, abs=tiny)
    if months > 12:
        assert sum(leaving) == pytest.approx(life.fraction, abs=tiny)
    assert all(0 <= share <= 1 for share in leaving)


def test_a_dearer_price_draws_worse_borrowers_by_the_stated_odds() -> None:
    dearer = Price(WORKED.bank_interest, WORKED.guarantee_fee + Rate.percent(2))
    pd, life = pd_at(cell(pd="20", pd_life=Rate.percent(50)), dearer, Risk(Decimal("0.1")))
    assert pd.fraction / (1 - pd.fraction) == pytest.approx(Decimal("0.25") * Decimal("1.21"))
    assert life is not None
    assert life.fraction / (1 - life.fraction) == pytest.approx(Decimal("1.21"))
    same, _ = pd_at(cell(pd="20"), WORKED, Risk(Decimal("0.1")))
    assert same.fraction == pytest.approx(Decimal("0.2"), abs=Decimal("1E-30"))


def test_own_money_costs_its_funds_and_loses_principal_alone() -> None:
    course = Courses(OFFERS, 80).of(WORKED, 12, PRINCIPAL)
    own = Costs(own_share=Decimal(1), cost_of_funds=Rate.percent(5))
    mine = unit(course, cell(), Terms(WORKED, Limit()), lender(own))
    theirs = unit(course, cell(), Terms(WORKED, Limit()), lender())
    assert mine.funding == pytest.approx(Decimal("0.05") * mine.years, abs=Decimal("1E-20"))
    assert mine.loss < theirs.loss
    assert mine.revenue == theirs.revenue


@pytest.mark.parametrize(("granted", "firm", "weight"), [
    ("5000000", "small", "0.75"), ("5000001", "small", "1"), ("1000", "large", "1"),
])  # fmt: skip
def test_small_loans_of_small_firms_weigh_less(granted: str, firm: str, weight: str) -> None:
    guarantor = Guarantor(Money.parse("100000000"))
    found = guarantor.weight_of(Money.parse(granted), small=firm == "small")
    assert found == Decimal(weight)


@pytest.mark.parametrize(("balance", "clients", "most"), [
    ("0.5", "0.8", 15), ("0.49", "0.8", 10), ("0.5", "0.79", 10),
])  # fmt: skip
def test_fifteen_times_needs_both_shares_of_small_clients(
    balance: str, clients: str, most: int
) -> None:
    guarantor = Guarantor(
        Money.parse("100"), small_balance=Decimal(balance), small_clients=Decimal(clients)
    )
    assert guarantor.most == Money.parse(str(most * 100))


@pytest.mark.parametrize(("limit", "asked", "granted"), [
    (Limit(), "123456.78", "123456.78"),
    (Limit(Decimal("0.5")), "123456.78", "61000"),
    (Limit(ceiling=Money.parse("80500")), "123456.78", "80000"),
    (Limit(ceiling=Money.parse("80500")), "70000", "70000"),
    (Limit(Decimal("0.6"), Money.parse("50000")), "100000", "50000"),
])  # fmt: skip
def test_a_limit_lends_whole_steps_and_never_more_than_is_asked(
    limit: Limit, asked: str, granted: str
) -> None:
    assert limit.granted(Money.parse(asked), Money.parse("1000")) == Money.parse(granted)


def test_a_choice_and_the_loans_behind_it_are_worth_the_same_but_for_cents(
    make: Callable[..., Market],
) -> None:
    market = make(3)
    menu = menu_of(market)
    for choice in menu.choices:
        terms: list[Terms | None] = [None] * len(market.cells)
        terms[choice.cell] = choice.terms
        exact = priced(market, menu.courses, terms).total
        assert choice.worth.loans_micro == pytest.approx(exact.loans_micro, abs=2)
        for nominal, real in zip(choice.worth.row()[1:], exact.row()[1:], strict=True):
            # Half a fen an instalment of each loan, and what it moves of the balance.
            assert abs(nominal - real) <= 10 * (exact.loans_micro // 10**6 + 1)


def test_a_market_of_one_kind_of_loan_adds_up_by_hand() -> None:
    costs = Costs(acquisition=Money.parse("500"), hurdle=Rate.percent(12))
    market = Market((cell(pd="0"),), OFFERS, {4: everyone()}, costs=costs)
    offer = priced(market, menu_of(market).courses, [Terms(WORKED, Limit())])
    total = offer.total
    assert (total.loans_micro, total.volume) == (10_000_000, 120_000_000)
    course = menu_of(market).courses.of(WORKED, 12, PRINCIPAL)
    assert total.revenue == 10 * course.schedule.total_charges.minor
    assert total.operating == 500_000
    years = Fraction(sum(course.balance)) / 12
    assert total.capital_cost == round(10 * years * Fraction("0.1") * Fraction("0.12") * 100)
    assert total.profit == total.revenue - total.funding - 500_000 - total.capital_cost
    assert offer.highest.as_percent() == pytest.approx(Decimal(18), abs=Decimal("0.001"))
