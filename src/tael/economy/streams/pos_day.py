"""Daily takings of a shop by channel of payment, as its acquirer sends them.

Driven by the sales of the month, shared out among the days the shop is open; shops come in as
customers begin to pay by code, from 2014 on, and stay. They close over the Spring Festival where
their trade rests then, and by order in the standstill of 2020 and the lockdown of 2022. Stress
shows as days without takings and as more refunds; a file packed for a loan shows padded takings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import Events, Flags, Happened, delivered
from tael.economy.world.chance import Chance, Floats, Integers, exp
from tael.economy.world.months import festivals, first_days, instant, is_weekend
from tael.economy.world.scene import World
from tael.economy.world.sources import Closure, Till

KINDS = ("sale", "refund")
_EPOCH = date(1970, 1, 1)
_EVENING_S, _APART_S = 22 * 3_600, 307
_LEAST_FEN = 100
_LEAST_DAYS = 5
_MOST_STRESS = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class _Days:
    """The days on which a shop may trade: day number, month, and 1 where it is open."""

    day: Integers
    month: Integers
    open: Flags


def pos_day(world: World, subject: Borrower, months: Life) -> Events:
    """The daily takings of a firm since it has a till that reports; sums in fen."""
    till = world.parameters.sources.till
    chance = Chance(subject.seed, subject.number, "pos_day")
    habits = chance.uniform(4 + len(till.channels))
    days = _days(world, subject, months, habits)
    held = np.flatnonzero(_held(world, subject, habits[4:]))
    dice = chance.rows(len(held), len(days.day))
    share = np.array([channel.days for channel in till.channels])[held]
    eager = 1 - till.stress_in_days * np.minimum(np.maximum(months.stress, 0), _MOST_STRESS)
    place, when = np.nonzero((dice < np.outer(share, eager[days.month])) & days.open)
    amount = _amounts(world, subject, months, days, (held, place, when, chance))
    tickets = _tickets(till, held[place], amount, chance)
    back, returned, few = _refunds(till, months.stress[days.month[when]], amount, chance)
    row = np.concatenate([np.arange(len(when)), back])
    second = _EVENING_S + held[place] * _APART_S
    happened = Happened(
        subject=np.zeros(len(row), dtype=np.int64),
        event_at=instant(days.day[when], second)[row],
        columns={
            "channel": held[place][row],
            "kind": (np.arange(len(row)) >= len(when)).astype(np.int64),
            "amount": np.concatenate([amount, returned]),
            "tickets": np.concatenate([tickets, few]),
        },
    )
    codes = {"channel": tuple(channel.code for channel in till.channels), "kind": KINDS}
    name = ("pos_day", (subject.firm.enterprise_id,), codes)
    return delivered(name, happened, till.delivery, chance)


def _held(world: World, subject: Borrower, habits: Floats) -> Flags:
    """Which channels the shop takes; every one takes the first."""
    code = world.parameters.industries[subject.firm.industry].code
    channels = world.parameters.sources.till.channels
    suits = np.array([not item.sectors or code in item.sectors for item in channels])
    likes = habits < np.array([item.shops for item in channels])
    held: Flags = suits & likes
    return held


def _days(world: World, subject: Borrower, months: Life, habits: Floats) -> _Days:
    firm, till = subject.firm, world.parameters.sources.till
    industry = world.parameters.industries[firm.industry]
    has_till = float(habits[0]) < till.shops * (1 - industry.invoiced)
    # A shop's rank stays, so that one that has begun to report goes on.
    reports = (habits[1] < world.recorded("pos_day", firm.industry)) & (months.open == 1)
    month = np.flatnonzero(reports & has_till)
    starts = first_days()
    counts = starts[month + 1] - starts[month]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    day = np.repeat(starts[month], counts) + within
    rests = int(max(-industry.after, 0.0) * till.festival_days * (0.5 + float(habits[2])))
    since = day - festivals()[np.searchsorted(festivals(), day, side="right") - 1]
    is_open = (since >= rests) | (since < 0)
    place = world.parameters.provinces[firm.province].code
    for closure in till.closures:
        if industry.contact >= closure.contact and closure.province in {"", place}:
            is_open &= ~_closed(closure, day, float(habits[3]))
    return _Days(day, np.repeat(month, counts), is_open)


def _closed(closure: Closure, day: Integers, patience: float) -> Flags:
    """Days shut by order; each shop reopens on a day of its own in the last part of the time."""
    first, last = (
        (date.fromisoformat(text) - _EPOCH).days for text in (closure.first, closure.last)
    )
    reopens = first + int((last - first) * (0.5 + 0.5 * patience))
    closed: Flags = (day >= first) & (day < reopens)
    return closed


def _amounts(
    world: World,
    subject: Borrower,
    months: Life,
    days: _Days,
    traded: tuple[Integers, Integers, Integers, Chance],
) -> Integers:
    """The month's takings of a channel over its days of trade, weekends above the others."""
    held, place, when, chance = traded
    till = world.parameters.sources.till
    month = days.month[when]
    packed = subject.fraud is not None and subject.fraud.kind == "broker_packed"
    padded = 1 + till.padded * months.faking[month] * int(packed)
    taken = till.takings * (1 - world.parameters.industries[subject.firm.industry].invoiced)
    weight = np.array([till.channels[number].share for number in held.tolist()])
    share = (weight / weight.sum())[place]
    open_days = np.bincount(days.month[days.open], minlength=len(months.open))
    per_day = np.array([till.channels[number].days for number in held.tolist()])[place]
    expected = np.maximum(open_days[month], _LEAST_DAYS) * per_day
    luck = exp(till.spread_of_days * chance.normal(len(when)))
    luck = luck * (1 + till.weekend * is_weekend(days.day[when]))
    amount: Floats = months.sales[month] * taken * share / expected * luck * padded
    return np.maximum(np.floor(amount), _LEAST_FEN).astype(np.int64)


def _tickets(till: Till, channel: Integers, amount: Integers, chance: Chance) -> Integers:
    usual = np.array([item.ticket for item in till.channels])[channel]
    size = usual * exp(till.spread_of_tickets * chance.normal(len(channel)))
    return np.maximum(np.floor(amount / size), 1).astype(np.int64)


def _refunds(
    till: Till, stress: Floats, amount: Integers, chance: Chance
) -> tuple[Integers, Integers, Integers]:
    """Of which takings some came back the same day: their row, the sum, the number of tickets."""
    dice = chance.rows(2, len(amount))
    row = np.flatnonzero(dice[0] < till.refunds * exp(till.stress_in_refunds * stress))
    share = till.least_refund + (till.most_refund - till.least_refund) * dice[1][row]
    returned = np.maximum(np.floor(amount[row] * share), 1).astype(np.int64)
    return row, returned, 1 + np.floor(dice[1][row] * 3).astype(np.int64)
