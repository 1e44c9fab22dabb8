"""The use cases: draft, approve, deploy, retire; decide, reproduce, seal, verify."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    DecisionId,
    Forbidden,
    Money,
    NotFound,
    Rate,
    VersionId,
    check,
    day_of,
)
from tael.platform import Work
from tael.policies import rules, texts
from tael.policies.canonical import canonical, digest, read
from tael.policies.differences import Difference, compare
from tael.policies.model import (
    Bundle,
    Decision,
    LogEntry,
    LogProof,
    PolicyState,
    PolicyVersion,
    Reproduction,
    Seal,
    money_from_json,
    move,
    option_from_json,
)
from tael.policies.ports import DatedParameters, Engines, OpenStore

CAP = "cap.all_in"
# Of the parameters in a log row: what the answer depends on, and what computed it.
_FIGURES, _MADE_BY = (CAP, "evaluator"), ("engine", "model")
_GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: everything a decision depends on besides the policy."""

    application_id: ApplicationId
    key: str
    inputs: str
    parameters: str


class Policies:
    """Policy versions and the decision service.

    Args:
        store: opens the store of a unit of work.
        parameters: dated figures; ``cap.all_in`` is read at every decision and logged with it.
        engines: how the texts of a bundle are loaded.
    """

    def __init__(self, store: OpenStore, *, parameters: DatedParameters, engines: Engines) -> None:
        self._open = store
        self._parameters = parameters
        self._engines = engines
        # Loading a DMN file takes longer than deciding; a version's texts never change.
        self._loaded: dict[VersionId, texts.Policy] = {}

    def draft(self, work: Work, name: str, bundle: Bundle) -> PolicyVersion:
        """Keep ``bundle`` as a new draft; it must load, and be able to decide.

        Raises:
            BadInput: no name, a text that cannot be read, or one that does not fit the others or
                fails its engine's checks; names text, node or field, and rule.
        """
        if not name.strip():
            raise BadInput("a policy has a name", field="name", rule="non-empty text")
        loaded = texts.load(bundle, self._engines)
        texts.examine(loaded, bundle)
        now = work.clock.now()
        version = PolicyVersion(
            id=VersionId.new(now),
            name=name.strip(),
            state=PolicyState.DRAFT,
            hashes=bundle.hashes(),
            drafted_by=work.actor.id,
            drafted_at=now,
        )
        self._open(work).add_version(version, bundle)
        self._loaded[version.id] = loaded
        work.audit("policy.drafted", version.id, dict(version.hashes))
        return version

    def approve(self, work: Work, version_id: VersionId) -> PolicyVersion:
        """A second person's word for a draft.

        Raises:
            Forbidden: the approver drafted it.
            Conflict: it is no draft.
        """
        version = self._locked(work, version_id)
        if version.drafted_by == work.actor.id:
            raise Forbidden(
                "whoever drafted a policy version does not approve it",
                field="approved_by",
                rule="a second person approves",
            )
        return self._moved(
            work,
            version,
            PolicyState.APPROVED,
            approved_by=work.actor.id,
            approved_at=work.clock.now(),
        )

    def deploy(self, work: Work, version_id: VersionId) -> PolicyVersion:
        """Put an approved version in force; the one before is retired in the same transaction.

        Raises:
            Conflict: it is not approved.
        """
        version = self._locked(work, version_id)
        move(version.state, PolicyState.DEPLOYED)
        before = self._open(work).deployed(lock=True)
        if before is not None:
            self._moved(work, before, PolicyState.RETIRED, retired_at=work.clock.now())
        return self._moved(work, version, PolicyState.DEPLOYED, deployed_at=work.clock.now())

    def retire(self, work: Work, version_id: VersionId) -> PolicyVersion:
        """Take the deployed version out of force: nothing is decided until another is deployed."""
        version = self._locked(work, version_id)
        return self._moved(work, version, PolicyState.RETIRED, retired_at=work.clock.now())

    def in_force(self, work: Work) -> PolicyVersion:
        """The version that decides now.

        Raises:
            Conflict: none is deployed.
        """
        version = self._open(work).deployed()
        if version is None:
            raise Conflict("no policy is in force; deploy one", field="policy", rule="one deployed")
        return version

    def versions(self, work: Work) -> Sequence[PolicyVersion]:
        """Every version, newest first."""
        return self._open(work).versions()

    def bundle(self, work: Work, version_id: VersionId) -> Bundle:
        """The four texts of a version."""
        found = self._open(work).bundle(version_id)
        if found is None:
            raise NotFound(f"there is no policy version {version_id}", field="version_id")
        return found

    def compare(self, work: Work, before: VersionId, after: VersionId) -> tuple[Difference, ...]:
        """Every place where ``after`` says otherwise than ``before``; none where they agree."""
        return compare(self.bundle(work, before), self.bundle(work, after))

    def decide(
        self,
        work: Work,
        application_id: ApplicationId,
        features: Mapping[str, object],
        *,
        amount: Money,
        months: int,
    ) -> Decision:
        """Decide by the policy in force and write the decision log.

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
        version = self.in_force(work)
        policy = self._policy(work, version.id)
        inputs = rules.checked(policy, _with_request(policy, features, amount, months))
        question = self._question(work, version, application_id, canonical(inputs))
        known = store.decision_by_key(question.key)
        if known is not None:
            check(known.inputs == question.inputs, "a decision's key is made of its inputs")
            return self._decision(work, known)
        entry = _answer(work, version.id, policy, question, started)
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
        result, trace = _run(policy, entry.inputs, entry.parameters)
        recomputed = digest(result + "\x1f" + trace)
        recorded = digest(entry.result + "\x1f" + entry.trace)
        return Reproduction(
            decision_id,
            recomputed == recorded,
            recorded,
            recomputed,
            engine_recorded=_dated(entry.parameters)[1].get("engine", ""),
            engine_now=policy.rules.version,
        )

    def seal(self, work: Work, *, limit: int = 10_000) -> int:
        """Chain up to ``limit`` decisions that have no seal yet; returns how many.

        Only one sealer works at a time; the others wait for it.
        """
        store = self._open(work)
        store.only_sealer()
        entries = store.unsealed(limit)
        last = store.last_seal()
        number, previous = (last.sequence, last.hash) if last else (0, _GENESIS)
        links = []
        for number, entry in enumerate(entries, start=number + 1):  # noqa: B020 - counts on
            link = Seal(number, entry.id, previous, _link(previous, entry))
            links.append(link)
            previous = link.hash
        store.add_seals(links)
        return len(links)

    def verify_log(self, work: Work) -> LogProof:
        """Walk the chain: every sealed row there, in its place, and unchanged."""
        store = self._open(work)
        broken: list[DecisionId] = []
        previous, links = _GENESIS, store.sealed()
        for number, (seal, entry) in enumerate(links, start=1):
            good = seal.sequence == number and seal.previous_hash == previous
            if not good or entry is None or not _intact(seal, entry):
                broken.append(seal.decision_id)
            previous = seal.hash
        return LogProof(store.count(), len(links), tuple(broken))

    def _question(
        self,
        work: Work,
        version: PolicyVersion,
        application_id: ApplicationId,
        inputs: str,
    ) -> _Question:
        cap = _cap(self._parameters.value(work, CAP, day_of(work.clock.now())))
        dated = {CAP: cap.fraction, "evaluator": rules.EVALUATOR}
        key = digest(f"{application_id}\x1f{version.id}\x1f{inputs}\x1f{canonical(dated)}")
        loaded = self._policy(work, version.id).rules
        made_by = {"engine": loaded.version, "model": loaded.hash}
        return _Question(application_id, key, inputs, canonical(dated | made_by))

    def _policy(self, work: Work, version_id: VersionId) -> texts.Policy:
        policy = self._loaded.get(version_id)
        if policy is None:
            policy = texts.load(self.bundle(work, version_id), self._engines)
            self._loaded[version_id] = policy
        return policy

    def _decision(self, work: Work, entry: LogEntry) -> Decision:
        version = self._open(work).version(entry.policy_id)
        check(version is not None, "a logged decision names a policy version that is kept")
        hashes = dict(version.hashes) if version else {}
        dated, made_by = _dated(entry.parameters)
        versions = hashes | made_by | {"policy": entry.policy_id, "dated": digest(canonical(dated))}
        return _decision(entry, self._policy(work, entry.policy_id), versions)

    def _locked(self, work: Work, version_id: VersionId) -> PolicyVersion:
        version = self._open(work).version(version_id, lock=True)
        if version is None:
            raise NotFound(f"there is no policy version {version_id}", field="version_id")
        return version

    def _moved(
        self,
        work: Work,
        version: PolicyVersion,
        to: PolicyState,
        **stamps: Any,
    ) -> PolicyVersion:
        moved = replace(version, state=move(version.state, to), **stamps)
        self._open(work).change(moved)
        work.audit(f"policy.{to.value}", version.id, {"name": version.name})
        return moved


def _with_request(
    policy: texts.Policy, features: Mapping[str, object], amount: Money, months: int
) -> dict[str, object]:
    for name in ("amount", "months"):
        if name in features:
            raise BadInput(
                f"{name} is the application's, not a feature", field=name, rule="given once"
            )
    if amount.currency != policy.prices.currency:
        raise BadInput(
            f"the amount is in {amount.currency}, the policy prices in {policy.prices.currency}",
            code="currency_mismatch",
            field="amount",
            rule="the currency of the policy's prices",
        )
    return {**features, "amount": amount.decimal(), "months": months}


def _answer(
    work: Work, policy_id: VersionId, policy: texts.Policy, question: _Question, started: int
) -> LogEntry:
    now = work.clock.now()
    result, trace = _run(policy, question.inputs, question.parameters)
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


def _run(policy: texts.Policy, inputs: str, parameters: str) -> tuple[str, str]:
    """Result and trace from the logged texts: a live decision and a replay go the same way."""
    values, dated = read(inputs), _dated(parameters)[0]
    check(isinstance(values, dict), "a log row holds JSON objects")
    verdict, trace = rules.evaluate(
        policy,
        values if isinstance(values, dict) else {},
        cap=Rate(dated[CAP]),
        evaluator=int(dated["evaluator"]),
    )
    return canonical(verdict.as_json()), canonical(trace)


def _dated(parameters: str) -> tuple[dict[str, Decimal], dict[str, str]]:
    """What a log row was decided with: the figures in force, and engine and model by version.

    Rows from before the second were kept have none.
    """
    found = read(parameters)
    check(isinstance(found, dict), "a log row holds JSON objects")
    fields = found if isinstance(found, dict) else {}
    made_by = {name: str(value) for name, value in fields.items() if name in _MADE_BY}
    return {name: Decimal(str(fields[name])) for name in _FIGURES}, made_by


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


def _cap(value: object) -> Rate:
    """The cap as a fraction of one, from ``"0.24"`` or ``{"rate": "0.24"}``."""
    if isinstance(value, dict):
        value = value.get("rate")
    try:
        return Rate(Decimal(str(value)))
    except ArithmeticError:
        raise BadInput(
            f"the cap {value!r} is not a fraction", field=CAP, rule="decimal fraction of one"
        ) from None


def _link(previous: str, entry: LogEntry) -> str:
    return digest(previous + "\x1f" + entry.content_hash())


def _intact(seal: Seal, entry: LogEntry) -> bool:
    texts = digest(entry.inputs) == entry.inputs_hash and digest(entry.result) == entry.result_hash
    return texts and seal.hash == _link(seal.previous_hash, entry)
