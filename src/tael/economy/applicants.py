"""Applicants by key: number ``n`` of seed ``s`` is the same whether drawn alone or in a row.

Three hidden traits (strength of the business, discipline of the owner, stretch of the debt) drive
both what is observed, with noise, and what happens. The figures are ours: they make the machinery
work and say nothing about China.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tael.economy import names
from tael.economy.draws import Draws, exponential
from tael.economy.model import Applicant, Enterprise, EnterpriseKind, Features, Link, Person, Role
from tael.economy.names import Place, Trade
from tael.kernel import BadInput, Day, Money

_DAYS_PER_MONTH = 30
_YEAR_DAYS = 365
_TERMS = (6, 12, 18, 24, 36)
_TERM_WEIGHTS = (8, 44, 14, 26, 8)
_PURPOSES = ("stock", "equipment", "rent_and_fitting", "wages", "working_capital")
_PURPOSE_WEIGHTS = (38, 16, 12, 8, 26)
_REQUEST_STEP = 1_000
_LEAST_REQUEST, _MOST_REQUEST = 20_000, 1_000_000
_SHARE_COMPANY = 0.42
_SHARE_MARRIED = 0.74
_SHARE_NOMINEE = 0.06
_SHARE_GUARANTOR = 0.22
_SHARE_OF_SPOUSES_BORROWING = 0.45
_YOUNGEST, _OLDEST = 22, 64


@dataclass(frozen=True, slots=True)
class Traits:
    """The hidden side of an applicant, in standard deviations, and where and what it trades."""

    strength: float
    discipline: float
    stretch: float
    place: Place
    trade: Trade


def applicants(seed: int, count: int, start: Day, per_month: int = 30) -> Iterator[Applicant]:
    """``count`` applicants from ``start`` on, ``per_month`` in every 30 days, in order of arrival.

    Each equals ``applicant(seed, number=n, ...)``.

    Raises:
        BadInput: a negative count, or no arrivals per month.
    """
    if count < 0:
        raise BadInput(f"{count} applicants cannot be drawn", field="count", rule="count >= 0")
    return (applicant(seed, number=n, start=start, per_month=per_month) for n in range(count))


def applicant(seed: int, *, number: int, start: Day, per_month: int = 30) -> Applicant:
    """Applicant ``number`` (from 0) of ``seed``, alone; sums in CNY.

    Raises:
        BadInput: a negative number, or no arrivals per month.
    """
    if number < 0 or per_month < 1:
        raise BadInput(
            f"applicant {number} at {per_month} a month does not exist",
            field="number" if number < 0 else "per_month",
            rule="number >= 0, per_month >= 1",
        )
    day = start.plus_days(number * _DAYS_PER_MONTH // per_month)
    traits = traits_of(seed, number)
    age, years = _ages(Draws(seed, number, "ages"), traits)
    enterprise = _enterprise(Draws(seed, number, "enterprise"), traits, day, years)
    features = _features(Draws(seed, number, "features"), traits, enterprise, (age, years))
    ask = Draws(seed, number, "request")
    return Applicant(
        seed=seed,
        number=number,
        applied_on=day,
        enterprise=enterprise,
        links=_links(Draws(seed, number, "people"), enterprise, day, age),
        amount=_request(ask, features.monthly_revenue),
        months=ask.weighted(_TERMS, _TERM_WEIGHTS),
        purpose=ask.weighted(_PURPOSES, _PURPOSE_WEIGHTS),
        features=features,
    )


def traits_of(seed: int, number: int) -> Traits:
    """The hidden traits behind an applicant: for this package's truth, never for a door."""
    draws = Draws(seed, number, "traits")
    return Traits(
        strength=draws.normal(),
        discipline=draws.normal(),
        stretch=draws.normal(),
        place=draws.weighted(names.PLACES, [place.weight for place in names.PLACES]),
        trade=draws.weighted(names.TRADES, [trade.weight for trade in names.TRADES]),
    )


def _ages(draws: Draws, traits: Traits) -> tuple[int, int]:
    age = min(_OLDEST, max(_YOUNGEST, int(40 + 8.5 * draws.normal() + 2.5 * traits.discipline)))
    stayed = exponential(0.35 * traits.strength + 0.65 * draws.normal())
    years = min(age - 20, int(1 + 5.5 * stayed))
    return age, max(0, years)


def _enterprise(draws: Draws, traits: Traits, day: Day, years: int) -> Enterprise:
    company = draws.happens(_SHARE_COMPANY)
    return Enterprise(
        name=names.enterprise_name(draws, traits.place, traits.trade, company=company),
        kind=EnterpriseKind.COMPANY if company else EnterpriseKind.SOLE_TRADER,
        code=names.enterprise_code(draws),
        founded=day.plus_days(-years * _YEAR_DAYS - draws.integer(2, 360)),
        region=traits.place.code,
        industry=traits.trade.code,
    )


def _features(
    draws: Draws, traits: Traits, enterprise: Enterprise, ages: tuple[int, int]
) -> Features:
    size = 1.0 if enterprise.kind is EnterpriseKind.COMPANY else 0.45
    revenue = 160_000 * size * exponential(0.55 * traits.strength + 0.6 * draws.normal())
    turnover = 12 * revenue * exponential(0.1 * traits.strength - 0.15 + 0.25 * draws.normal())
    tax = 12 * revenue * traits.trade.margin * 0.09 * exponential(0.4 * draws.normal())
    ratio = 0.32 * exponential(0.6 * traits.stretch - 0.1 * traits.strength + 0.3 * draws.normal())
    unrest = 0.25 * exponential(-0.25 * traits.strength + 0.3 * draws.normal())
    slips = exponential(-0.9 * traits.discipline - 0.9 + 0.5 * draws.normal())
    hunger = exponential(
        0.5 * traits.stretch - 0.35 * traits.discipline + 0.6 + 0.4 * draws.normal()
    )
    loans = exponential(0.45 * traits.stretch + 0.6 + 0.4 * draws.normal())
    return Features(
        owner_age=ages[0],
        years_in_business=ages[1],
        employees=max(1, int(revenue / 28_000 * exponential(0.3 * draws.normal()))),
        monthly_revenue=_yuan(revenue),
        bank_turnover_12m=_yuan(turnover),
        tax_paid_12m=_yuan(tax),
        total_debt=_yuan(ratio * 12 * revenue),
        debt_ratio=_fraction(ratio),
        revenue_volatility=_fraction(unrest),
        overdue_count_24m=int(slips),
        enquiries_6m=int(hunger),
        active_loans=int(loans),
        owns_property=draws.happens(min(0.9, max(0.1, 0.5 + 0.12 * traits.strength))),
        region=enterprise.region,
        industry=enterprise.industry,
        enterprise_kind=enterprise.kind.value,
    )


def _request(draws: Draws, revenue: Money) -> Money:
    wish = float(revenue.decimal()) * 1.6 * exponential(0.4 * draws.normal())
    steps = int(min(_MOST_REQUEST, max(_LEAST_REQUEST, wish)) / _REQUEST_STEP)
    return Money(steps * _REQUEST_STEP * 100)


def _links(draws: Draws, enterprise: Enterprise, day: Day, age: int) -> tuple[Link, ...]:
    female = draws.happens(0.34)
    owner = _person(draws, day, age, female=female)
    links = [Link(Role.OWNER, owner, enterprise.founded)]
    nominee = enterprise.kind is EnterpriseKind.COMPANY and draws.happens(_SHARE_NOMINEE)
    controller = _person(draws, day, age + 6, female=False) if nominee else owner
    links.append(Link(Role.ACTUAL_CONTROLLER, controller, enterprise.founded))
    if draws.happens(_SHARE_MARRIED):
        spouse = _person(draws, day, age - 1, female=not female)
        since = day.plus_days(-draws.integer(200, max(201, (age - 21) * _YEAR_DAYS)))
        links.append(Link(Role.SPOUSE, spouse, since))
        if draws.happens(_SHARE_OF_SPOUSES_BORROWING):
            links.append(Link(Role.CO_BORROWER, spouse, day))
    if draws.happens(_SHARE_GUARANTOR):
        links.append(Link(Role.GUARANTOR, _person(draws, day, age + 3, female=False), day))
    return tuple(links)


def _person(draws: Draws, day: Day, age: int, *, female: bool) -> Person:
    born = day.plus_days(-age * _YEAR_DAYS - draws.integer(20, 340))
    return Person(
        name=names.person_name(draws, female=female),
        id_number=names.identity_number(draws, born),
        phone=names.phone_number(draws),
        born=born,
        female=female,
    )


def _yuan(amount: float) -> Money:
    return Money(int(amount) * 100)


def _fraction(value: float) -> Decimal:
    return Decimal(int(value * 1000)).scaleb(-3)
