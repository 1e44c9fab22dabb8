"""Borrowers by key: number ``n`` of seed ``s`` comes out the same alone and in a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.economy.agents.model import (
    ALWAYS,
    Borrower,
    Firm,
    Fraud,
    FraudKind,
    Owner,
    Role,
    RoleLink,
)
from tael.economy.world.chance import Chance, Floats, exp, normal, picked
from tael.economy.world.months import CHINA_S, DAY_S, MONTHS, first_day
from tael.economy.world.parameters import People
from tael.economy.world.scene import World
from tael.kernel import BadInput

_FRAUDS: tuple[FraudKind, ...] = (
    "inflated_invoices",
    "circular_transfers",
    "broker_packed",
    "stolen_identity",
)
_OWNER, _SPOUSE, _SUCCESSOR, _PARTNER, _GUARANTOR, _NOMINEE = range(6)
_YOUNGEST, _AGES = 22, 32
_YEAR_OF_OPENING_ZERO = 2008


@dataclass(slots=True)
class _Dice:
    """One borrower's uniform numbers, taken in a fixed order; adding a trait appends."""

    numbers: list[float]
    next: int = 0

    def roll(self) -> float:
        self.next += 1
        return self.numbers[self.next - 1]

    def happens(self, probability: float) -> bool:
        return self.roll() < probability

    def whole(self, low: int, high: int) -> int:
        return low + int(self.roll() * (high - low + 1))


def borrower(world: World, seed: int, number: int) -> Borrower:
    """Borrower ``number`` (from 0) of ``seed``, alone.

    Raises:
        BadInput: a negative number.
    """
    if number < 0:
        raise BadInput(f"borrower {number} does not exist", field="number", rule="number >= 0")
    people = world.parameters.people
    chance = Chance(seed, number, "borrower")
    traits = chance.normal(8)
    dice = _Dice(chance.uniform(48).tolist())
    opened = _opened(people, dice)
    owner = _owner(people, number, traits, dice, opened)
    firm = _firm(world, number, traits, dice, opened)
    fraud = _fraud(people, dice, opened)
    hidden = _month_from(
        dice, opened, people.hidden_borrowing * (1.6 if owner.honesty < 0 else 0.4)
    )
    return Borrower(
        seed=seed,
        number=number,
        owner=owner,
        firm=firm,
        links=_links(people, firm, dice),
        circle=circle_of(world, seed, number),
        fraud=fraud,
        hidden_month=hidden,
    )


def circle_of(world: World, seed: int, number: int) -> tuple[int, ...]:
    """Numbers of the firms in the guarantee circle of ``number``, itself among them, or none.

    Each block of neighbouring numbers has at most one circle, so that a member needs no other
    borrower to know it.
    """
    people = world.parameters.people
    block = number // people.block
    dice = _Dice(Chance(seed, block, "circle").uniform(2 + people.block).tolist())
    if not dice.happens(people.circle):
        return ()
    count = dice.whole(people.least_members, people.most_members)
    order = np.argsort(np.array(dice.numbers[2:]), kind="stable")[:count].tolist()
    members = tuple(sorted(block * people.block + place for place in order))
    return members if number in members else ()


def _opened(people: People, dice: _Dice) -> int:
    early, place = dice.happens(people.founded_before_2008), dice.roll()
    if early:
        return -1 - int(place * 12 * people.oldest_years)
    return int(place * people.last_opening_month)


def _owner(people: People, number: int, traits: Floats, dice: _Dice, opened: int) -> Owner:
    ability, prudence, honesty, wealth = traits[:4].tolist()
    tie = people.ability_in_prudence
    return Owner(
        person_id=_person_id(number, _OWNER),
        born_year=_YEAR_OF_OPENING_ZERO + opened // 12 - _YOUNGEST - int(dice.roll() * _AGES),
        ability=ability,
        prudence=tie * ability + (1 - tie) * prudence,
        honesty=honesty,
        wealth=wealth,
        health_month=_month_from(dice, opened, people.health_shock),
    )


def _firm(world: World, number: int, traits: Floats, dice: _Dice, opened: int) -> Firm:
    parameters = world.parameters
    tie = parameters.people.ability_in_productivity
    ability, _, _, wealth, luck, leverage, concentration, buffer = traits.tolist()
    province = _index(dice.roll(), world.province_shares)
    industry = _index(dice.roll(), world.industry_shares[province])
    size = _index(dice.roll(), world.size_shares)
    course = parameters.course
    productivity = tie * ability + (1 - tie * tie) * luck
    spread = course.spread_of_sales * float(normal(np.array([dice.roll()]))[0])
    scale = exp(np.array([spread + course.productivity_in_sales * productivity]))
    sales = parameters.industries[industry].sales * parameters.sizes[size].sales
    return Firm(
        enterprise_id=f"E{number:08d}",
        number=number,
        province=province,
        industry=industry,
        size=size,
        opened=opened,
        productivity=productivity,
        leverage=leverage,
        concentration=concentration,
        buffer=0.4 * wealth + 0.8 * buffer,
        sales=sales * float(scale[0]),
    )


def _fraud(people: People, dice: _Dice, opened: int) -> Fraud | None:
    point, place = dice.roll(), dice.roll()
    for kind in _FRAUDS:
        share = float(getattr(people, kind))
        if point < share:
            first = max(opened, 0) + 6
            return Fraud(kind, min(first + int(place * (MONTHS - first)), MONTHS - 1))
        point -= share
    return None


def _month_from(dice: _Dice, opened: int, probability: float) -> int:
    """A month of the firm's life within the seventeen years, or -1; always two numbers."""
    struck, place = dice.happens(probability), dice.roll()
    first = max(opened, 0)
    return first + int(place * (MONTHS - first)) if struck else -1


def _links(people: People, firm: Firm, dice: _Dice) -> tuple[RoleLink, ...]:
    changes, when = dice.happens(people.representative_changes), dice.roll()
    nominee = dice.happens(people.nominee)
    others = (
        (dice.happens(people.married), _SPOUSE, "spouse", dice.roll()),
        (dice.happens(people.other_shareholder), _PARTNER, "shareholder", dice.roll()),
        (dice.happens(people.guarantor), _GUARANTOR, "guarantor", dice.roll()),
    )
    start = _start(firm.opened)
    months = MONTHS - max(firm.opened, 0)
    change = _start(max(firm.opened, 0) + 1 + int(when * (months - 1))) if changes else ALWAYS
    delays = [dice.whole(0, people.registry_delay_days) for _ in range(6)]
    first = _NOMINEE if nominee else _OWNER
    roles: list[tuple[int, Role, int, int]] = [
        (_OWNER, "controller", start, ALWAYS),
        (_OWNER, "shareholder", start, ALWAYS),
        (first, "legal_representative", start, change),
    ]
    if changes:
        roles.append((_SUCCESSOR, "legal_representative", change, ALWAYS))
    for held, person, role, place in others:
        if held:
            since = _start(max(firm.opened, 0) + int(place * months * 0.5))
            roles.append((person, _ROLES[role], since, ALWAYS))
    return tuple(
        RoleLink(
            person_id=_person_id(firm.number, person),
            enterprise_id=firm.enterprise_id,
            role=role,
            valid_from=since,
            valid_to=until,
            known_at=since + delays[person] * DAY_S,
        )
        for person, role, since, until in roles
    )


_ROLES: dict[str, Role] = {
    "spouse": "spouse",
    "shareholder": "shareholder",
    "guarantor": "guarantor",
}


def _start(month: int) -> int:
    return first_day(month) * DAY_S - CHINA_S


def _person_id(number: int, person: int) -> str:
    return f"P{number:08d}{person}"


def _index(uniform: float, shares: Floats) -> int:
    return int(picked(np.array([uniform]), shares)[0])
