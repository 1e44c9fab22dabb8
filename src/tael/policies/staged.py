"""Staged decisions: the versions whose parameters write stages, and their runs in the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tael.kernel import BadInput, DecisionId, VersionId, check
from tael.platform import Work
from tael.policies.canonical import canonical, digest, exact
from tael.policies.decisions import Decisions, drawn_in, lost_of, round_key, run_logged
from tael.policies.figures import LOST
from tael.policies.model import Decision, LogEntry
from tael.policies.ports import DatedParameters, Engines, OpenStore
from tael.policies.signing import Signer

if TYPE_CHECKING:
    from tael.policies.flow import Staged, StagedRun
    from tael.policies.texts import Policy


class StagedDecisions(Decisions):
    """Decisions that ask sources only while the outcome depends on them, in the same log."""

    def __init__(
        self, store: OpenStore, engines: Engines, parameters: DatedParameters, signer: Signer
    ) -> None:
        super().__init__(store, engines, parameters, signer)
        # A version's texts never change, so what was laid out once stays right.
        self._staged: dict[VersionId, Staged | None] = {}

    def staged(self, work: Work, version_id: VersionId) -> Staged | None:
        """The version with its flow; None where its parameters write none.

        Raises:
            InvariantBroken: it was never approved, or is not what was.
        """
        policy = self.trusted(work, version_id)
        if version_id not in self._staged:
            self._staged[version_id] = _laid_out(version_id, policy)
        return self._staged[version_id]

    def keep_run(self, work: Work, run: StagedRun) -> Decision:
        """Write a run into the log; of the same application and round the first that came stays.

        The row is made of what the run stands on, and decided again for it: what is written is what
        a replay gives.

        Raises:
            BadInput: the run was refused, so there is nothing to write.
        """
        if run.result.refusal is not None:
            raise BadInput("nothing was decided", field="run", rule="a run with a verdict")
        store = self._open(work)
        known = store.decision_by_key(round_key(run.application_id, run.round))
        if known is None:
            known = self._entry(work, run)
            store.add_decision(known)
            work.audit("decision.made", known.id, {"result_hash": known.result_hash})
        return self._decision(work, known)

    def lost_sources(self, work: Work, decision_id: DecisionId) -> Mapping[str, str]:
        """By source that a logged decision missed, the code why; none where it missed none."""
        return lost_of(self.log_entry(work, decision_id).parameters) or {}

    def _entry(self, work: Work, run: StagedRun) -> LogEntry:
        version_id, grounds = run.put.arm.version, run.result.grounds
        policy, key = self.trusted(work, version_id), round_key(run.application_id, run.round)
        inputs = exact(grounds.known)[0]
        made_by = {"engine": policy.rules.version, "rules": policy.rules.hash}
        figures = drawn_in(run.figures, run.put, policy)
        parameters = canonical({**figures, **made_by, LOST: dict(grounds.lost)})
        result, trace = run_logged(policy, inputs, parameters)
        return LogEntry(
            id=DecisionId.derive(work.clock.now(), key),
            application_id=run.application_id,
            policy_id=version_id,
            key=key,
            as_of=run.as_of,
            recorded_by=work.actor.id,
            inputs=inputs,
            inputs_hash=digest(inputs),
            parameters=parameters,
            result=result,
            result_hash=digest(result),
            trace=trace,
            elapsed_us=sum(run.timings.values()),
            context=canonical(run.context),
            timings=canonical(run.timings),
        )


def _laid_out(version_id: VersionId, policy: Policy) -> Staged | None:
    from tael.policies.flow import Staged, ahead_of, plan_of  # noqa: PLC0415 - the rules' engine

    check(policy.bundle is not None, "a version that may decide knows its texts")
    plan = plan_of(policy, policy.bundle.parameters) if policy.bundle else None
    return None if plan is None else Staged(version_id, policy, ahead_of(policy), plan)
