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
    """The utility bills of a firm and of its owner's home, none of most; sums in fen.

    ``quantity`` is in whole units of the utility, at one price of this economy.
    """
    sources = world.parameters.sources
    chance = Chance(subject.seed, subject.number, "utility_bill")
    ranks = chance.uniform(2).tolist()
    firm = sources.utilities if ranks[0] < sources.utility_users else ()
    home = sources.home_utilities if ranks[1] < sources.homes else ()
    owed = dues((*firm, *home), sources, subject, months, chance)
    names = [levy.name for levy in sources.utilities]
    kind = np.array([names.index(levy.name) for levy in (*firm, *home)], dtype=np.int64)[owed.kind]
    at_home = (owed.kind >= len(firm)).astype(np.int64)
    idle = exp(sources.stress_in_power * np.minimum(months.stress, _MOST_STRESS))
    # A home burns as much in bad months as in good ones.
    amount = np.floor(owed.amount * np.where(at_home, 1.0, idle[owed.month])).astype(np.int64)
    happened = Happened(
        subject=at_home,
        event_at=owed.event_at,
        columns={
            "utility": kind,
            "status": owed.status,
            "amount": amount,
            "quantity": amount // _FEN_A_UNIT,
        },
    )
    codes = {"utility": tuple(names), "status": STATUSES}
    subjects = (subject.firm.enterprise_id, subject.owner.person_id)
    return delivered(("utility_bill", subjects, codes), happened, sources.utility, chance)
