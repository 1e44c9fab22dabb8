"""Decisions made again from their log rows: a sample every night, or those that are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tael.kernel import BadInput, DecisionId, NotFound, TaelError
from tael.platform import Work
from tael.policies.canonical import canonical, read
from tael.policies.decisions import run_logged
from tael.policies.live.lane import Lane
from tael.policies.live.store import SqlLiveStore
from tael.policies.model import LogEntry

_A_TIME = 200
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Deviation:
    """A decision that does not come out as it was logged: ``what`` differs, and how it shows."""

    decision_id: DecisionId
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of decisions that were made again.

    Attributes:
        looked: how many.
        on_evidence: of these, whose variables were computed again from the raw events.
        deviations: those that differ, in the order of their ids.
    """

    looked: int
    on_evidence: int
    deviations: tuple[Deviation, ...]

    @property
    def equal(self) -> int:
        """How many came out bit for bit."""
        return self.looked - len(self.deviations)


def replay_sample(work: Work, lane: Lane, *, size: int, seed: str) -> Replay:
    """Make ``size`` decisions again, chosen by ``seed`` among all that were logged.

    What differs leaves a trace in the audit, and so does that one looked.

    Raises:
        BadInput: a size that is not at least one.
    """
    if size < 1:
        raise BadInput(f"{size} decisions cannot be chosen", field="size", rule=">= 1")
    found = replay(work, lane, SqlLiveStore(work).chosen(size, seed))
    for deviation in found.deviations[:_MOST_TOLD]:
        detail = {"what": deviation.what, "detail": deviation.detail}
        work.audit("decision.deviates", deviation.decision_id, detail)
    told = {"looked": found.looked, "equal": found.equal, "on_evidence": found.on_evidence}
    work.audit("decision.replayed", "decision_log", {n: str(v) for n, v in told.items()})
    return found


def replay(work: Work, lane: Lane, decision_ids: Sequence[DecisionId]) -> Replay:
    """Make these decisions again, from raw events where they were made on such.

    Raises:
        NotFound: a decision that is not in the log.
    """
    store, on_evidence = SqlLiveStore(work), 0
    deviations: list[Deviation] = []
    ids = sorted(decision_ids)
    for begin in range(0, len(ids), _A_TIME):
        some = ids[begin : begin + _A_TIME]
        entries = store.entries(some)
        if missing := [each for each in some if each not in entries]:
            raise NotFound(f"there is no decision {missing[0]}", field="decision_id")
        about = {each: entries[each].surroundings() for each in some}
        held = store.evidence(sorted({a["evidence"] for a in about.values() if "evidence" in a}))
        for each in some:
            on_evidence += "evidence" in about[each]
            evidence = held.get(about[each].get("evidence", ""))
            packed = evidence.packed if evidence else None
            deviations += _deviation(work, lane, entries[each], packed)
    return Replay(len(ids), on_evidence, tuple(deviations))


def _deviation(
    work: Work, lane: Lane, entry: LogEntry, packed: bytes | None
) -> Iterable[Deviation]:
    """At most one: the first thing that differs, the causes before what comes of them."""
    try:
        ready = lane.ready(work, entry.policy_id)
        if "evidence" in entry.surroundings():
            if packed is None:
                yield Deviation(entry.id, "evidence", "it is not kept any more")
                return
            changed = _changed_inputs(entry, lane, work, packed)
            if changed:
                yield Deviation(entry.id, "inputs", changed)
                return
        result, trace = run_logged(ready.policy, entry.inputs, entry.parameters)
    except TaelError as failed:
        yield Deviation(entry.id, "failure", str(failed))
        return
    if result != entry.result:
        yield Deviation(entry.id, "result", f"logged {entry.result}, now {result}")
    elif trace != entry.trace:
        yield Deviation(entry.id, "trace", f"logged {entry.trace}, now {trace}")


def _changed_inputs(entry: LogEntry, lane: Lane, work: Work, packed: bytes) -> str:
    """The first input that the events give otherwise than the log has it; '' when none."""
    ready = lane.ready(work, entry.policy_id)
    (row,) = ready.computed([packed], [int(_utc(entry.as_of).timestamp())])
    logged = read(entry.inputs)
    known = logged if isinstance(logged, dict) else {}
    for name, value in sorted(ready.read(row)[0].items()):
        if name not in known or canonical(known[name]) != canonical(value):
            return f"{name}: logged {known.get(name)}, now {value}"
    return ""


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
