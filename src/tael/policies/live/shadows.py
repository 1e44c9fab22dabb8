"""Shadow versions: what they would have said of decisions that others made, told to nobody.

They run after the decision was committed and answered, in work of their own, on the same evidence
as of the same instant: whatever they do, no customer is affected and no source is called.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tael.kernel import DecisionId, TaelError, VersionId
from tael.platform import Work
from tael.policies import rules
from tael.policies.canonical import exact, read
from tael.policies.decisions import figures_of, lost_of, run_on
from tael.policies.live.lane import Lane
from tael.policies.live.model import Evidence
from tael.policies.live.ready import Ready
from tael.policies.live.store import SqlLiveStore
from tael.policies.live.unasked import said_on_part
from tael.policies.model import Deployment, LogEntry
from tael.policies.texts import Policy

# Decisions that were committed this much later than their id says are still found.
_LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ShadowVerdict:
    """What a version would have said: ``result`` as in the decision log, or why it could not.

    Its outcome is ``ask`` where the version would have asked ``sources`` that the decision did not.
    """

    decision_id: DecisionId
    version_id: VersionId
    result: str
    failure: str
    elapsed_us: int


def run_shadows(work: Work, lane: Lane, deployment: Deployment, *, most: int = 200) -> int:
    """Let the shadows of ``deployment`` look at up to ``most`` decisions each; returns how many.

    Run again it goes on: a decision is looked at once by each version.
    """
    store, done = SqlLiveStore(work), 0
    for version in (arm.version for arm in deployment.shadows):
        since = DecisionId.first(max(deployment.at, work.clock.now() - _LATE))
        entries = store.unshadowed(version, since, most)
        if entries:
            ready = lane.ready(work, version)
            by = {each: lane.ready(work, each).policy for each in {e.policy_id for e in entries}}
            store.add_shadows(_verdicts(ready, entries, _evidence(store, entries), by))
        done += len(entries)
    return done


def shadows_of(work: Work, decision_id: DecisionId) -> list[ShadowVerdict]:
    """What shadows said of one decision, in the order of their versions."""
    return SqlLiveStore(work).shadows_of(decision_id)


def _verdicts(
    ready: Ready,
    entries: Sequence[LogEntry],
    held: Mapping[str, Evidence],
    by: Mapping[VersionId, Policy],
) -> list[ShadowVerdict]:
    return [
        _verdict(
            ready,
            entry,
            held.get(entry.surroundings().get("evidence", "")),
            by[entry.policy_id],
        )
        for entry in entries
    ]


def _verdict(ready: Ready, entry: LogEntry, evidence: Evidence | None, by: Policy) -> ShadowVerdict:
    began, result, failure = time.perf_counter_ns(), "", ""
    try:
        known = _known(ready, entry, evidence)
        if lost_of(entry.parameters) is None or len(known) == len(ready.policy.inputs):
            values = exact(rules.checked(ready.policy, known))[1]
            result = run_on(ready.policy, values, figures_of(entry.parameters))[0]
        else:
            result = said_on_part(ready.policy, known, entry, by)
    except TaelError as failed:
        failure = str(failed)
    took = (time.perf_counter_ns() - began) // 1000
    return ShadowVerdict(entry.id, ready.version_id, result, failure, took)


def _known(ready: Ready, entry: LogEntry, evidence: Evidence | None) -> dict[str, object]:
    """What the version reads: computed by its own plan, else what the decision was made on."""
    logged = read(entry.inputs)
    known = logged if isinstance(logged, dict) else {}
    if ready.plan is not None and evidence is not None:
        rows = ready.computed([evidence.packed], [int(entry.as_of.timestamp())])
        known = {**known, **ready.read(rows[0])[0]}
    mine = {rule.name for rule in ready.policy.inputs}
    return {name: value for name, value in known.items() if name in mine}


def _evidence(store: SqlLiveStore, entries: Sequence[LogEntry]) -> Mapping[str, Evidence]:
    hashes = {entry.surroundings().get("evidence", "") for entry in entries} - {""}
    return store.evidence(sorted(hashes)) if hashes else {}
