"""Decisions: made by the policy in force, logged, made again, sealed into a chain, verified."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tael.kernel import (
    ApplicationId,
    DecisionId,
    Money,
    NotFound,
    Rate,
    VersionId,
    check,
)
from tael.platform import Work
from tael.policies import rules, texts
from tael.policies.assignment import assign
from tael.policies.canonical import canonical, digest, read
from tael.policies.chain import GENESIS, intact, link_hash, place_of
from tael.policies.figures import CAP, DRAWN, LOST
from tael.policies.lottery import accepted
from tael.policies.model import (
    Assignment,
    ChainPlace,
    Decision,
    LogEntry,
    LogProof,
    Reproduction,
    Seal,
    money_from_json,
    option_from_json,
)
from tael.policies.remade import differing
from tael.policies.shelf import Shelf

# Of the parameters in a log row: what the answer depends on, and what computed it.
# The hash of the rules was called "model" while models were called scorecards.
_FIGURES, _MADE_BY = (CAP, "evaluator"), ("engine", "rules", "model")


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: everything a decision depends on besides the policy."""

    application_id: ApplicationId
    key: str
    inputs: str
    parameters: str


class Decisions(Shelf):
    """The decision service and its log."""

    def decide(
        self,
        work: Work,
        application_id: ApplicationId,
        features: Mapping[str, object],
        *,
        amount: Money,
        months: int,
    ) -> Decision:
        """Decide by the arm of the deployment in force and write the decision log.

        The same application with the same inputs under the same policy has one decision: asked
        again, the logged one is the answer. ``amount`` and ``months`` are inputs besides
        ``features`` (exact numbers, sums in the major unit of the policy's currency).

        Raises:
            BadInput: an input is missing, unknown, of the wrong type or out of range, or the amount
                is in another currency than the policy's prices; names the input and the rule.
            Conflict: no policy is in force.
        """
        started = time.perf_counter_ns()
        store = self._open(work)
        put = assign(self.deployment(work), application_id)
        policy = self.trusted(work, put.arm.version)
        inputs = rules.checked(policy, rules.with_request(policy, features, amount, months))
        dated = drawn_in(self.dated_figures(work), put, policy)
        question = self._question(work, put.arm.version, application_id, canonical(inputs), dated)
        known = store.decision_by_key(question.key)
        if known is not None:
            check(known.inputs == question.inputs, "a decision's key is made of its inputs")
            return self._decision(work, known)
        entry = replace(
            _answer(work, put.arm.version, policy, question, started),
            context=canonical(put.as_json()),
        )
        store.add_decision(entry)
        work.audit("decision.made", entry.id, {"result_hash": entry.result_hash})
        return self._decision(work, entry)

    def decision(self, work: Work, decision_id: DecisionId) -> Decision:
        """A logged decision."""
        return self._decision(work, self.log_entry(work, decision_id))

    def decisions_of(self, work: Work, application_id: ApplicationId) -> Sequence[Decision]:
        """Every decision on an application, oldest first."""
        entries = self._open(work).decisions_of(application_id)
        return [self._decision(work, entry) for entry in entries]

    def log_entry(self, work: Work, decision_id: DecisionId) -> LogEntry:
        """The row of the log: inputs, parameters, result and trace as JSON texts, with timings."""
        entry = self._open(work).decision(decision_id)
        if entry is None:
            raise NotFound(f"there is no decision {decision_id}", field="decision_id")
        return entry

    def reproduce(self, work: Work, decision_id: DecisionId) -> Reproduction:
        """Run a decision again from its log row, under the texts it was made with.

        Result, reasons and trace are compared bit for bit. Where they differ, the two engine
        versions tell whether the code changed since or the row did.
        """
        entry = self.log_entry(work, decision_id)
        policy = self._policy(work, entry.policy_id)
        result, trace = run_logged(policy, entry.inputs, entry.parameters)
        recomputed = digest(result + "\x1f" + trace)
        recorded = digest(entry.result + "\x1f" + entry.trace)
        return Reproduction(
            decision_id,
            recomputed == recorded,
            recorded,
            recomputed,
            engine_recorded=_dated(entry.parameters)[1].get("engine", ""),
            engine_now=policy.rules.version,
            differences=(
                *differing("result", entry.result, result),
                *differing("trace", entry.trace, trace),
            ),
        )

    def place_in_log(self, work: Work, decision_id: DecisionId) -> ChainPlace:
        """Where a decision stands in the chain over the log, and whether that holds there.

        Looks at the row, its link and the links beside it; ``verify_log`` walks all of it.
        """
        store = self._open(work)
        before, own, after = store.seals_at(decision_id)
        return place_of(self.log_entry(work, decision_id), own, (before, after))

    def whole_trace(self, work: Work, decision_id: DecisionId) -> str:
        """All that the rules read and found, as JSON: decided again from the log row."""
        entry = self.log_entry(work, decision_id)
        return run_logged(self._policy(work, entry.policy_id), entry.inputs, entry.parameters,
                          whole=True)[1]  # fmt: skip

    def seal(self, work: Work, *, limit: int = 10_000) -> int:
        """Chain up to ``limit`` decisions that have no seal yet; returns how many.

        Only one sealer works at a time; the others wait for it.
        """
        store = self._open(work)
        store.only_sealer()
        entries = store.unsealed(limit)
        last = store.last_seal()
        number, previous = (last.sequence, last.hash) if last else (0, GENESIS)
        links = []
        for number, entry in enumerate(entries, start=number + 1):  # noqa: B020 - counts on
            link = Seal(number, entry.id, previous, link_hash(previous, entry))
            links.append(link)
            previous = link.hash
        store.add_seals(links)
        return len(links)

    def verify_log(self, work: Work) -> LogProof:
        """Walk the chain: every sealed row there, in its place, and unchanged."""
        store = self._open(work)
        broken: list[DecisionId] = []
        previous, links = GENESIS, store.sealed()
        for number, (seal, entry) in enumerate(links, start=1):
            good = seal.sequence == number and seal.previous_hash == previous
            if not good or entry is None or not intact(seal, entry):
                broken.append(seal.decision_id)
            previous = seal.hash
        return LogProof(store.count(), len(links), tuple(broken))

    def _question(
        self,
        work: Work,
        version_id: VersionId,
        application_id: ApplicationId,
        inputs: str,
        dated: Mapping[str, Decimal | int],
    ) -> _Question:
        key = digest(f"{application_id}\x1f{version_id}\x1f{inputs}\x1f{canonical(dated)}")
        loaded = self._policy(work, version_id).rules
        made_by = {"engine": loaded.version, "rules": loaded.hash}
        return _Question(application_id, key, inputs, canonical({**dated, **made_by}))

    def dated_figures(self, work: Work) -> dict[str, Decimal | int]:
        """What a decision of today depends on besides policy and inputs, by name."""
        return {CAP: self._cap(work).fraction, "evaluator": rules.EVALUATOR}

    def _decision(self, work: Work, entry: LogEntry) -> Decision:
        version = self._open(work).version(entry.policy_id)
        check(version is not None, "a logged decision names a policy version that is kept")
        hashes = dict(version.hashes) if version else {}
        dated, made_by = _dated(entry.parameters)
        versions = hashes | made_by | {"policy": entry.policy_id, "dated": digest(canonical(dated))}
        return _decision(entry, self._policy(work, entry.policy_id), versions)


def round_key(application_id: ApplicationId, round_: int) -> str:
    """Names the decision of an application in a round, whichever way it is made and by whom."""
    return digest(f"live\x1f{application_id}\x1f{round_}")


def _answer(
    work: Work, policy_id: VersionId, policy: texts.Policy, question: _Question, started: int
) -> LogEntry:
    now = work.clock.now()
    result, trace = run_logged(policy, question.inputs, question.parameters)
    return LogEntry(
        id=DecisionId.derive(now, question.key),
        application_id=question.application_id,
        policy_id=policy_id,
        key=question.key,
        as_of=now,
        recorded_by=work.actor.id,
        inputs=question.inputs,
        inputs_hash=digest(question.inputs),
        parameters=question.parameters,
        result=result,
        result_hash=digest(result),
        trace=trace,
        elapsed_us=(time.perf_counter_ns() - started) // 1000,
    )


def drawn_in(
    figures: Mapping[str, Decimal | int], put: Assignment, policy: texts.Policy
) -> dict[str, Decimal | int]:
    """``figures``, and that random acceptance drew the application, where the policy allows it."""
    takes_part = put.random_accept and policy.lottery is not None
    return {**figures, **({DRAWN: 1} if takes_part else {})}


def run_logged(
    policy: texts.Policy, inputs: str, parameters: str, *, whole: bool = False
) -> tuple[str, str]:
    """Result and trace from the logged texts: a live decision and a replay go the same way.

    The inputs of a staged decision are those that were known, and its parameters name what was
    lost.
    """
    fields, lost = _object(inputs), lost_of(parameters)
    if lost is None:
        return run_on(policy, fields, figures_of(parameters), whole=whole)
    from tael.policies.flow import Grounds, run_staged  # noqa: PLC0415 - loads the rules' engine

    return run_staged(policy, Grounds(fields, lost), figures_of(parameters), whole=whole)


def lost_of(parameters: str) -> Mapping[str, str] | None:
    """Of a staged decision by source why it gave nothing; None where it was not made in stages."""
    lost = _object(parameters).get(LOST)
    return None if lost is None else {str(name): str(code) for name, code in lost.items()}


def run_on(
    policy: texts.Policy,
    values: Mapping[str, Any],
    dated: Mapping[str, Decimal],
    *,
    whole: bool = False,
) -> tuple[str, str]:
    """``run_logged`` on texts that were read already: ``values`` as ``canonical.exact`` gives."""
    cap = Rate(dated[CAP])
    verdict, trace = rules.evaluate(
        policy,
        values,
        cap=cap,
        evaluator=int(dated["evaluator"]),
        whole=whole,
    )
    if dated.get(DRAWN):
        verdict = accepted(policy, values, verdict, cap=cap)
    return canonical(verdict.as_json()), canonical(trace)


def figures_of(parameters: str) -> Mapping[str, Decimal]:
    """The dated figures in a log row, by name."""
    return _dated(parameters)[0]


def _object(text: str) -> dict[str, Any]:
    found = read(text)
    check(isinstance(found, dict), "a log row holds JSON objects")
    return found if isinstance(found, dict) else {}


def _dated(parameters: str) -> tuple[dict[str, Decimal], dict[str, str]]:
    """What a log row was decided with: the figures in force, and engine and model by version.

    Rows from before the second were kept have none.
    """
    fields = _object(parameters)
    made_by = {name: str(value) for name, value in fields.items() if name in _MADE_BY}
    dated = {name: Decimal(str(fields[name])) for name in _FIGURES}
    return dated | ({DRAWN: Decimal(1)} if fields.get(DRAWN) else {}), made_by


def _decision(entry: LogEntry, policy: texts.Policy, versions: Mapping[str, str]) -> Decision:
    result = read(entry.result)
    data: dict[str, Any] = result if isinstance(result, dict) else {}
    return Decision(
        id=entry.id,
        application_id=entry.application_id,
        policy_id=entry.policy_id,
        as_of=entry.as_of,
        outcome=str(data["outcome"]),
        tier=int(data["tier"]),
        pd=Rate(Decimal(data["pd"])),
        points=int(data["points"]),
        reasons=tuple(policy.reason(str(code)) for code in data["reasons"]),
        limit=money_from_json(data["limit"]),
        options=tuple(option_from_json(option) for option in data["options"]),
        routing=str(data["routing"]),
        versions=versions,
        inputs_hash=entry.inputs_hash,
        result_hash=entry.result_hash,
    )
