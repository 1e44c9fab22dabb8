"""Tax returns: what is declared, what is paid, and how late; lateness is stress's first sign."""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.dues import STATUSES, dues
from tael.economy.streams.rows import Events, Happened, delivered
from tael.economy.world.chance import Chance
from tael.economy.world.scene import World

_UNPAID = STATUSES.index("unpaid")


def tax_return(world: World, subject: Borrower, months: Life) -> Events:
    """The tax returns of a firm over its life, none of a firm that does not file; sums in fen."""
    sources = world.parameters.sources
    chance = Chance(subject.seed, subject.number, "tax_return")
    files = float(chance.uniform(1)[0]) < sources.tax_filers
    owed = dues(sources.taxes if files else (), sources, subject, months, chance)
    happened = Happened(
        subject=np.zeros(len(owed), dtype=np.int64),
        event_at=owed.event_at,
        columns={
            "tax": owed.kind,
            "status": owed.status,
            "declared": owed.amount,
            "paid": np.where(owed.status == _UNPAID, 0, owed.amount),
            "days_late": owed.days_late,
        },
    )
    codes = {"tax": tuple(levy.name for levy in sources.taxes), "status": STATUSES}
    name = ("tax_return", (subject.firm.enterprise_id,), codes)
    return delivered(name, happened, sources.tax, chance)
