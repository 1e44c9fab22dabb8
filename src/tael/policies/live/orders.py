"""In which order a staged version asks its sources: learnt from its own rows of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tael.kernel import VersionId, check
from tael.platform import Work
from tael.policies.canonical import canonical, digest, read
from tael.policies.live.store import SqlLiveStore

if TYPE_CHECKING:
    from tael.policies.flow import History

# With fewer decisions the cheapest goes first; of more than the most the newest are looked at.
FEWEST_DECISIONS = 200
MOST_DECISIONS = 20_000


@dataclass(frozen=True, slots=True)
class SourceOrder:
    """What a version learnt of its sources, at one time; kept for good.

    Attributes:
        version_id: whose.
        number: of the version's orders, from 1.
        decisions: from so many.
        turns: canonical JSON rows of source, the others that were wanted beside it, how often it
            was asked then, and how often its answer settled the decision.
    """

    version_id: VersionId
    number: int
    decisions: int
    turns: str

    @property
    def history(self) -> History:
        """What ranks the sources of a run, beside the plan's prices."""
        from tael.policies.flow import History  # noqa: PLC0415 - loads the rules' engine

        rows: Any = read(self.turns)
        return History(
            {
                (str(source), frozenset(map(str, others))): (int(asked), int(settled))
                for source, others, asked, settled in rows
            }
        )

    def as_json(self) -> dict[str, object]:
        """What a log row keeps: enough to find the order again, and to see that it is the same."""
        return {"number": self.number, "decisions": self.decisions, "hash": digest(self.turns)}


def order_of(work: Work, version_id: VersionId) -> SourceOrder | None:
    """The latest order of a version; None where it has none, and asks the cheapest first."""
    row = SqlLiveStore(work).source_order(version_id)
    return None if row is None else SourceOrder(version_id, *row)


def learn_order(
    work: Work, version_id: VersionId, *, fewest: int = FEWEST_DECISIONS
) -> SourceOrder | None:
    """Learn the order of a version from the decisions that it made with no source lost.

    The same log gives the same order, and what was learnt already is not written again.

    Args:
        work: the unit of work; it holds the version's orders until it ends.
        version_id: of a staged version.
        fewest: with fewer decisions than this nothing is learnt.

    Returns:
        A new order; None where nothing new was learnt.
    """
    store = SqlLiveStore(work)
    decisions, found = store.turns(version_id, MOST_DECISIONS)
    if decisions < fewest:
        return None
    check(sum(settled for *_, settled in found) <= decisions, "a decision is settled once at most")
    rows = sorted(
        [source, sorted({*wanted} - {source}), asked, settled]
        for source, wanted, asked, settled in found
    )
    turns = canonical(rows)
    store.only_learner(version_id)
    last = order_of(work, version_id)
    if last is not None and last.turns == turns:
        return None
    learnt = SourceOrder(version_id, last.number + 1 if last else 1, decisions, turns)
    told = (learnt.number, work.clock.now(), decisions, turns)
    store.add_source_order(version_id, told)
    work.audit("source_order.learnt", version_id, {"number": str(learnt.number)})
    return learnt
