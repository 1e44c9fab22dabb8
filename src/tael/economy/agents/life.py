"""A firm's months: sales, stress, the hazard of default, and when it defaults and closes.

Stress remembers: it follows pressure by months, so that what pressure moves (lateness, enquiries)
is seen before arrears. Contagion runs once round a circle: a member's default, as it would have
come without the circle, presses the others; the pressed do not press again, and so one borrower
needs the others' own months only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from tael.economy.agents.model import Borrower, Firm
from tael.economy.agents.population import borrower
from tael.economy.world.chance import Chance, Floats, Integers, exp, logistic
from tael.economy.world.months import MONTHS
from tael.economy.world.parameters import Course, People
from tael.economy.world.scene import World

_FEN = 100
_NEVER = -1
_SUNK = 6  # months over which sales sink after a default


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """The 204 months of a firm.

    ``open`` is 1 or 0, ``sales`` in fen, ``level`` of business against the trend in logarithms,
    ``hazard`` the true probability to default in the month for a firm that is open and has not;
    ``hidden`` is 1 while it borrows unseen, ``faking`` while its fraud runs. ``default_month`` and
    ``close_month`` are -1 for never; ``circle_defaults`` are those of the others of its circle, in
    the order of their numbers.
    """

    open: Integers
    sales: Integers
    level: Floats
    stress: Floats
    hazard: Floats
    hidden: Integers
    faking: Integers
    default_month: int
    close_month: int
    circle_defaults: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """What a firm's months are before its circle is looked at."""

    level: Floats
    stress: Floats
    odds: Floats
    hidden: Integers
    faking: Integers
    luck: Floats


def life(world: World, subject: Borrower) -> Life:
    """The months of a borrower, alone; about 0.3 ms, and 0.3 ms a member of its circle."""
    course = world.parameters.course
    members = _members(world, subject)
    alone = {
        number: _default(firm, logistic(own.odds), own.luck)
        for number, (firm, own) in members.items()
        if len(members) > 1
    }
    own = members[subject.number][1]
    hazard = logistic(_pressed(course, own.odds, alone, subject.number))
    default = _default(subject.firm, hazard, own.luck)
    close = _close(course, own.luck, default)
    months = np.arange(MONTHS)
    is_open = (months >= subject.firm.opened) & ((close == _NEVER) | (months < close))
    return Life(
        open=is_open.astype(np.int64),
        sales=_sales(world, subject.firm, own.level, default) * is_open,
        level=own.level,
        stress=own.stress,
        hazard=hazard,
        hidden=own.hidden,
        faking=own.faking,
        default_month=default,
        close_month=close,
        circle_defaults=tuple(
            _default(firm, logistic(_pressed(course, other.odds, alone, number)), other.luck)
            for number, (firm, other) in members.items()
            if number != subject.number
        ),
    )


def _members(world: World, subject: Borrower) -> dict[int, tuple[Firm, _Own]]:
    """The firms of the circle by number, rising, each with its own months; or the firm alone."""
    members = {}
    for number in subject.circle or (subject.number,):
        same = number == subject.number
        member = subject if same else borrower(world, subject.seed, number)
        members[number] = member.firm, _own(world, member)
    return members


def _pressed(course: Course, odds: Floats, alone: dict[int, int], number: int) -> Floats:
    """Log-odds of a member with those of its circle that default by themselves pressing it."""
    for other, struck in alone.items():
        if other != number:
            odds = odds + course.contagion * _since(struck, course.contagion_months)
    return odds


def _own(world: World, subject: Borrower) -> _Own:
    course, firm = world.parameters.course, subject.firm
    chance = Chance(subject.seed, subject.number, "life")
    months = np.arange(MONTHS)
    noise = (course.noise * chance.normal(MONTHS)).tolist()
    swing = np.array(list(accumulate(noise, lambda held, new: course.persistence * held + new)))
    health = course.health_dip * _since(
        subject.owner.health_month, world.parameters.people.health_months
    )
    level = world.demand[firm.province, firm.industry] + health
    level = level + swing * (1 + course.concentration_in_level * max(firm.concentration, -1.0))
    hidden = ((months >= subject.hidden_month) & (subject.hidden_month != _NEVER)).astype(np.int64)
    stress = _stress(course, firm, level, hidden)
    faking = _faking(world.parameters.people, subject)
    return _Own(
        level=level,
        stress=stress,
        odds=_odds(course, subject, stress, faking),
        hidden=hidden,
        faking=faking,
        luck=chance.uniform(MONTHS + 2),
    )


def _stress(course: Course, firm: Firm, level: Floats, hidden: Integers) -> Floats:
    steady = (
        course.productivity_in_pressure * firm.productivity
        + course.leverage_in_pressure * firm.leverage
        + course.buffer_in_pressure * firm.buffer
    )
    pressure = course.level_in_pressure * level + steady + course.hidden_in_pressure * hidden
    new = ((1 - course.memory) * pressure).tolist()
    new[0] = float(pressure[0])
    return np.array(list(accumulate(new, lambda held, item: course.memory * held + item)))


def _odds(course: Course, subject: Borrower, stress: Floats, faking: Integers) -> Floats:
    owner, age = subject.owner, np.arange(MONTHS) - subject.firm.opened
    steady = (
        course.intercept
        + course.prudence * owner.prudence
        + course.honesty * owner.honesty
        + course.wealth * owner.wealth
    )
    young = course.youth * (age < course.youth_months)
    odds: Floats = steady + course.stress * stress + young + course.fraud * faking
    return odds


def _faking(people: People, subject: Borrower) -> Integers:
    months = np.arange(MONTHS)
    if subject.fraud is None:
        return np.zeros(MONTHS, dtype=np.int64)
    since = months - subject.fraud.month
    return ((since >= 0) & (since < people.fraud_months)).astype(np.int64)


def _since(month: int, length: int) -> Floats:
    """1 in ``month``, evenly down to 0 ``length`` months later; 0 before, and for no month."""
    if month == _NEVER:
        return np.zeros(MONTHS)
    since = np.arange(MONTHS) - month
    return np.where(since >= 0, np.maximum(1 - since / length, 0.0), 0.0)


def _default(firm: Firm, hazard: Floats, luck: Floats) -> int:
    struck = (luck[:MONTHS] < hazard) & (np.arange(MONTHS) >= firm.opened)
    return int(np.argmax(struck)) if struck.any() else _NEVER


def _close(course: Course, luck: Floats, default: int) -> int:
    if default == _NEVER or luck[MONTHS] >= course.closes:
        return _NEVER
    month = default + 1 + int(float(luck[MONTHS + 1]) * course.close_months)
    return month if month < MONTHS else _NEVER


def _sales(world: World, firm: Firm, level: Floats, default: int) -> Integers:
    course = world.parameters.course
    sunk = np.zeros(MONTHS)
    if default != _NEVER:
        sunk = course.decline * np.minimum(np.maximum(np.arange(MONTHS) - default, 0), _SUNK)
    scale = exp(world.trend[firm.province] + level + sunk) * world.season[firm.industry]
    sales: Floats = firm.sales * _FEN * scale
    return np.floor(sales).astype(np.int64)
