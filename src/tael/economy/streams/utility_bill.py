"""Utility bills: the power a firm uses follows its work, and falls with stress before sales do."""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.dues import STATUSES, dues
from tael.economy.streams.rows import Events, Happened, delivered
from tael.economy.world.chance import Chance, exp
from tael.economy.world.scene import World

_MOST_STRESS = 4.0
_FEN_A_UNIT = 80


def utility_bill(world: World, subject: Borrower, months: Life) -> Events:
    """The utility bills of a firm over its life, none of most firms; sums in fen.

    ``quantity`` is in whole units of the utility, at one price of this economy.
    """
    sources = world.parameters.sources
    chance = Chance(subject.seed, subject.number, "utility_bill")
    uses = float(chance.uniform(1)[0]) < sources.utility_users
    owed = dues(sources.utilities if uses else (), sources, subject, months, chance)
    idle = exp(sources.stress_in_power * np.minimum(months.stress, _MOST_STRESS))
    amount = np.floor(owed.amount * idle[owed.month]).astype(np.int64)
    happened = Happened(
        subject=np.zeros(len(owed), dtype=np.int64),
        event_at=owed.event_at,
        columns={
            "utility": owed.kind,
            "status": owed.status,
            "amount": amount,
            "quantity": amount // _FEN_A_UNIT,
        },
    )
    codes = {"utility": tuple(levy.name for levy in sources.utilities), "status": STATUSES}
    name = ("utility_bill", (subject.firm.enterprise_id,), codes)
    return delivered(name, happened, sources.utility, chance)
