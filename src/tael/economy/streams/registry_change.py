"""Changes in the register of firms: address, capital, shareholders, the list of abnormal firms.

Driven by fortune: capital and licences grow when trade is easy; pledges, exits and the abnormal
list come with stress, most of all after a default. Legal representatives change when the roles of
the economy do. The reform of 2014 made the register show what had been kept on paper.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import Events, Happened, delivered
from tael.economy.streams.timing import moments
from tael.economy.world.chance import Chance, Floats, Integers, exp
from tael.economy.world.months import DAY_S, MONTHS, day_in_china, first_days, instant
from tael.economy.world.scene import World
from tael.economy.world.sources import Register

CHANGES = (
    "address", "representative", "shareholder", "capital", "scope", "abnormal", "pledge", "licence",
)  # fmt: skip
DIRECTIONS = ("up", "down", "neutral")
_CODES = {"change": CHANGES, "direction": DIRECTIONS}
_MOST_STRESS = 4.0
_MORNING_S = 10 * 3_600


def registry_change(world: World, subject: Borrower, months: Life) -> Events:
    """The changes of a firm in the register over its life."""
    register = world.parameters.sources.register
    chance = Chance(subject.seed, subject.number, "registry_change")
    recorded = world.recorded("registry_change", subject.firm.industry)
    placed = moments(_expected(register, months) * recorded, chance, nightly=0.0)
    change = np.array([CHANGES.index(item.change) for item in register.kinds])[placed.kind]
    direction = np.array([DIRECTIONS.index(item.direction) for item in register.kinds])[placed.kind]
    listed = (change == CHANGES.index("abnormal")) & (direction == DIRECTIONS.index("down"))
    struck = _struck(register, placed.event_at[listed], chance)
    heads, new_head = _new_heads(subject, months, recorded, chance)
    total = len(placed) + len(struck) + len(heads)
    happened = Happened(
        subject=np.zeros(total, dtype=np.int64),
        event_at=np.concatenate([placed.event_at, struck, heads]),
        columns={
            "change": np.concatenate(
                [change, np.full(len(struck), CHANGES.index("abnormal")), np.ones_like(heads)]
            ),
            "direction": np.concatenate(
                [direction, np.full(len(struck), DIRECTIONS.index("up")), new_head]
            ),
        },
    )
    name = ("registry_change", (subject.firm.enterprise_id,), _CODES)
    return delivered(name, happened, register.delivery, chance)


def _expected(register: Register, months: Life) -> Floats:
    stress = np.minimum(months.stress, _MOST_STRESS)
    monthly = np.array([item.monthly for item in register.kinds])
    lift = exp(np.outer([item.stress for item in register.kinds], stress))
    expected: Floats = monthly[:, None] * lift * months.open
    if months.default_month >= 0:
        failed = np.arange(MONTHS) >= months.default_month
        after = np.array([item.after_default for item in register.kinds])
        expected = expected * np.where(failed, after[:, None], 1.0)
    return expected


def _struck(register: Register, listed: Integers, chance: Chance) -> Integers:
    """When firms are struck off the abnormal list again; not all are."""
    dice = chance.rows(2, len(listed))
    kept = dice[0] < register.struck_off
    days = 20 + register.struck_days * dice[1]
    at = (listed + (days * DAY_S).astype(np.int64))[kept]
    end = instant(first_days()[-1:], np.zeros(1, dtype=np.int64))
    struck: Integers = at[at < end]
    return struck


def _new_heads(
    subject: Borrower, months: Life, recorded: Floats, chance: Chance
) -> tuple[Integers, Integers]:
    """When the legal representative changed, and whether it looked bad: under stress it does."""
    terms = [link.valid_from for link in subject.links if link.role == "legal_representative"][1:]
    at = np.array(terms, dtype=np.int64)
    month = np.searchsorted(first_days(), day_in_china(at), side="right") - 1
    seen = (month >= 0) & (month < MONTHS)
    at, month = at[seen], month[seen]
    kept = (chance.uniform(len(at)) < recorded[month]) & (months.open[month] == 1)
    pressed = months.stress[month] > 1
    direction = np.where(pressed, DIRECTIONS.index("down"), DIRECTIONS.index("neutral"))
    return at[kept] + _MORNING_S, direction[kept]
