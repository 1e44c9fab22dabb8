"""What the owner does in the lender's app: when, for how long, on which phone and from where.

Driven by stress, before any payment is late: more visits at night, more applications and edits,
more changes of place. Whoever has stolen an identity comes with a new phone from new places, at
night, and applies. Phones are seen from 2016 on; the privacy law of 2021 takes many of them away.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import Events, Happened, delivered
from tael.economy.streams.timing import Moments, moments
from tael.economy.world.chance import Chance, Floats, Integers, exp
from tael.economy.world.scene import World
from tael.economy.world.sources import Phones

_DAYPARTS, _NETWORKS = ("day", "night"), ("wifi", "mobile")
_MOST_STRESS = 4.0


def device_event(world: World, subject: Borrower, months: Life) -> Events:
    """The events of the owner's phone over the firm's life; ``seconds`` is the time spent."""
    phones = world.parameters.sources.phones
    chance = Chance(subject.seed, subject.number, "device_event")
    stolen = subject.fraud is not None and subject.fraud.kind == "stolen_identity"
    thief = months.faking * int(stolen)
    seen = _seen(world, subject, months, chance.uniform(2), thief)
    nightly = phones.nightly + phones.stress_in_night * np.maximum(months.stress, 0)
    nightly = np.minimum(nightly + phones.thief_in_night * thief, 1.0)
    placed = moments(_expected(phones, months, thief) * seen, chance, nightly)
    happened = Happened(
        subject=np.zeros(len(placed), dtype=np.int64),
        event_at=placed.event_at,
        columns={
            "action": placed.kind,
            "daypart": placed.night,
            "network": _networks(phones, placed, chance),
            "seconds": _seconds(phones, placed, chance),
        },
    )
    actions = tuple(action.code for action in phones.actions)
    codes = {"action": actions, "daypart": _DAYPARTS, "network": _NETWORKS}
    name = ("device_event", (subject.owner.person_id,), codes)
    return delivered(name, happened, phones.delivery, chance)


def _seen(
    world: World, subject: Borrower, months: Life, ranks: Floats, thief: Integers
) -> np.ndarray:
    """1 in the months in which the app is used and may say so; a thief uses it in any case."""
    phones = world.parameters.sources.phones
    uses = np.maximum(thief, int(float(ranks[0]) < phones.users))
    told = ranks[1] < world.recorded("device_event", subject.firm.industry)
    seen: np.ndarray = uses * told * months.open
    return seen


def _expected(phones: Phones, months: Life, thief: Integers) -> Floats:
    stress = np.minimum(months.stress, _MOST_STRESS)
    monthly = np.array([action.monthly for action in phones.actions])
    lift = exp(np.outer([action.stress for action in phones.actions], stress))
    stolen = np.outer([action.thief for action in phones.actions], thief)
    expected: Floats = monthly[:, None] * lift + stolen
    return expected


def _networks(phones: Phones, placed: Moments, chance: Chance) -> Integers:
    mobile = np.array([action.mobile for action in phones.actions])[placed.kind]
    # At night one is at home.
    return (chance.uniform(len(placed)) < mobile * (1 - placed.night / 2)).astype(np.int64)


def _seconds(phones: Phones, placed: Moments, chance: Chance) -> Integers:
    usual = np.array([action.seconds for action in phones.actions])[placed.kind]
    spent = usual * exp(phones.spread * chance.normal(len(placed)))
    return np.maximum(np.floor(spent), 1).astype(np.int64)
