"""What staged decisions paid for data, and what they did not have to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tael.kernel import DecisionId
from tael.platform import Work
from tael.policies.live.store import SqlLiveStore


@dataclass(frozen=True, slots=True)
class Spending:
    """One source in the staged decisions of a period.

    Attributes:
        asked: decisions that asked it.
        paid_minor: what they paid, in fen.
        spared: decisions that did not have to.
        spared_minor: what asking would have cost these, at the plan's prices, in fen.
    """

    source: str
    asked: int
    paid_minor: int
    spared: int
    spared_minor: int


def spending(work: Work, since: datetime, until: datetime) -> list[Spending]:
    """By source, of the decisions made from ``since`` to before ``until``; as the log has it."""
    rows = SqlLiveStore(work).spending(DecisionId.first(since), DecisionId.first(until))
    return [Spending(*row) for row in rows]
