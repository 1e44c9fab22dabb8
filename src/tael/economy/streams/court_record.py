"""Court records: disputes of any trade, unpaid wages under stress, and the road after a default."""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import Events, Happened, delivered
from tael.economy.streams.timing import moments
from tael.economy.world.chance import Chance, exp
from tael.economy.world.months import DAY_S, first_days, instant
from tael.economy.world.scene import World

ROLES = ("defendant", "plaintiff", "executed")
MATTERS = ("loan", "labour", "contract", "other")
STAGES = ("filed", "judged", "enforced", "dishonest")
_CODES = {"role": ROLES, "matter": MATTERS, "stage": STAGES}
_ROLE_BY_STAGE = (0, 0, 2, 2)
_EXECUTED = ROLES.index("executed")
_MONTH_DAYS = 30
_MOST_STRESS = 4.0
_MORNING_S = 9 * 3_600
_MONTHS_IN_DISPUTE = 2


def court_record(world: World, subject: Borrower, months: Life) -> Events:
    """The court records of a borrower's firm and owner; sums in fen."""
    chance = Chance(subject.seed, subject.number, "court_record")
    disputes, suit = _disputes(world, months, chance), _suit(world, months, chance)
    happened = Happened(
        subject=np.concatenate([disputes.subject, suit.subject]),
        event_at=np.concatenate([disputes.event_at, suit.event_at]),
        columns={
            key: np.concatenate([column, suit.columns[key]])
            for key, column in disputes.columns.items()
        },
    )
    subjects = (subject.firm.enterprise_id, subject.owner.person_id)
    delivery = world.parameters.sources.court
    return delivered(("court_record", subjects, _CODES), happened, delivery, chance)


def _disputes(world: World, months: Life, chance: Chance) -> Happened:
    """What anybody may be sued for, or sue for; some of it is judged, some of that enforced."""
    sources = world.parameters.sources
    kinds = sources.disputes
    lift = exp(np.outer([kind.stress for kind in kinds], np.minimum(months.stress, _MOST_STRESS)))
    monthly = np.array([kind.monthly for kind in kinds])
    placed = moments(monthly[:, None] * lift * months.open, chance)
    dice = chance.rows(5, len(placed))
    amount = np.floor(months.sales[placed.month] * (dice[0] * _MONTHS_IN_DISPUTE)).astype(np.int64)
    filed_role = np.array([ROLES.index(kind.role) for kind in kinds])[placed.kind]
    judged = np.flatnonzero(dice[1] < sources.judged)
    lost = judged[(filed_role[judged] == 0) & (dice[2][judged] < sources.enforced)]
    row = np.concatenate([np.arange(len(placed)), judged, lost])
    stage = np.repeat(np.arange(3), [len(placed), len(judged), len(lost)])
    waits = _MONTH_DAYS * DAY_S * (1 + 4 * dice[3:5])
    later = np.cumsum(np.concatenate([np.zeros((1, len(placed))), waits]), axis=0)
    whose = np.array([int(kind.subject == "person") for kind in kinds])[placed.kind]
    return Happened(
        subject=whose[row],
        event_at=placed.event_at[row] + later[stage, row].astype(np.int64),
        columns={
            "role": np.where(stage == STAGES.index("enforced"), _EXECUTED, filed_role[row]),
            "matter": np.array([MATTERS.index(kind.matter) for kind in kinds])[placed.kind][row],
            "stage": stage,
            "amount": amount[row],
        },
    )


def _suit(world: World, months: Life, chance: Chance) -> Happened:
    """From filing to the list of the dishonest, as far as it goes; nothing without a default."""
    sources = world.parameters.sources
    dice = chance.uniform(2 * len(STAGES) + 2)
    steps = dice[: len(STAGES)] < np.array(sources.court_steps)
    reached = int(np.argmin(steps)) if not steps.all() else len(STAGES)
    sued = months.default_month >= 0 and float(dice[-1]) < sources.sued_after_default
    stage = np.arange(reached if sued else 0)
    waits = 1 + np.floor(dice[len(STAGES) : -2] * sources.court_months * _MONTH_DAYS)
    days = _MONTH_DAYS + np.cumsum(waits).astype(np.int64)[stage]
    start = int(first_days()[max(months.default_month, 0)])
    second = np.full(len(stage), _MORNING_S, dtype=np.int64)
    owed = int(months.sales[max(months.default_month, 0)]) * _MONTHS_IN_DISPUTE
    return Happened(
        subject=np.full(len(stage), int(float(dice[-2]) < 1 / 2), dtype=np.int64),
        event_at=instant(start + days, second),
        columns={
            "role": np.array(_ROLE_BY_STAGE, dtype=np.int64)[stage],
            "matter": np.zeros(len(stage), dtype=np.int64),
            "stage": stage,
            "amount": np.full(len(stage), owed, dtype=np.int64),
        },
    )
