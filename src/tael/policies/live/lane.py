"""Many applications decided in one transaction: the deployment, the evidence, the log row.

What is the same for all of them is asked once, and all rows go in by one statement: a commit that
waits for the disk serves every caller that came meanwhile (group commit; DeWitt et al.,
Implementation Techniques for Main Memory Database Systems, SIGMOD 1984).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tael.kernel import (
    BadInput,
    Conflict,
    DecisionId,
    NotFound,
    TaelError,
    VersionId,
    check,
)
from tael.platform import Work
from tael.policies import rules
from tael.policies.canonical import canonical, digest
from tael.policies.decisions import run_logged, with_request
from tael.policies.live.model import Answer, Evidence, Request
from tael.policies.live.ready import Ready, make_ready
from tael.policies.live.store import SqlLiveStore
from tael.policies.model import LogEntry
from tael.policies.service import Policies

_REASONS = '"reasons":['


@dataclass(frozen=True, slots=True)
class _Made:
    """What all decisions of one transaction share."""

    ready: Ready
    figures: str
    now: datetime


class Lane:
    """Decides on evidence by the policy in force, many at once.

    Args:
        policies: the room's versions and log.
    """

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        # A version's texts never change, so what was laid out once stays right.
        self._ready: dict[VersionId, Ready] = {}

    def keep(self, work: Work, evidence: Evidence) -> str:
        """Keep ``evidence`` for decisions to come; returns its hash.

        Raises:
            BadInput: it was not packed by this version of ``tael.variables``, is damaged, or is
                another borrower's.
        """
        from tael.variables import from_bytes  # noqa: PLC0415 - only where there is evidence

        (found,) = from_bytes(evidence.packed).borrowers
        if found != evidence.borrower:
            raise BadInput(
                f"the events are of {found!r}, not of {evidence.borrower!r}",
                field="borrower",
                rule="the borrower of the packed events",
            )
        SqlLiveStore(work).keep_evidence(evidence, work.clock.now())
        return evidence.hash

    def decide(self, work: Work, asked: Sequence[tuple[str, Request]]) -> list[Answer | TaelError]:
        """An answer, or why there is none, for each request; with each the id of who asks.

        Every decision is made by the one deployment that this transaction sees.

        Raises:
            Conflict: no policy is in force.
        """
        shared = self._shared(work)
        store = SqlLiveStore(work)
        requests = [request for _, request in asked]
        held = _evidence_of(store, requests, shared.ready)
        made: list[LogEntry | TaelError] = []
        for (actor, request), evidence in zip(asked, held, strict=True):
            try:
                made.append(_decided(shared, request, evidence, actor))
            except TaelError as refused:
                made.append(refused)
        answers = _logged(store, requests, made)
        for answer in answers:
            if isinstance(answer, Answer):  # one made before may be another version's
                self.ready(work, answer.entry.policy_id)
        return answers

    def reasons(self, entry: LogEntry) -> str:
        """The reasons of a logged decision with their texts, as JSON."""
        ready = self._ready[entry.policy_id]
        codes = entry.result[entry.result.index(_REASONS) + len(_REASONS) - 1 :]
        codes = codes[: codes.index("]") + 1]
        told = ready.told.get(codes)
        if told is None:
            known = (ready.policy.reason(code) for code in json.loads(codes))
            texts = [{"code": each.code, "zh": each.zh, "en": each.en} for each in known]
            told = ready.told[codes] = canonical(texts)
        return told

    def _shared(self, work: Work) -> _Made:
        version = self._policies.in_force(work)
        ready = self.ready(work, version.id)
        loaded = ready.policy.rules
        figures = self._policies.dated_figures(work) | {
            "engine": loaded.version,
            "rules": loaded.hash,
        }
        return _Made(ready, canonical(figures), work.clock.now())

    def ready(self, work: Work, version_id: VersionId) -> Ready:
        """The version, laid out; the first call loads it (half a second)."""
        found = self._ready.get(version_id)
        if found is None:
            found = make_ready(version_id, self._policies.bundle(work, version_id),
                               self._policies.engines)  # fmt: skip
            self._ready[version_id] = found
        return found


def _key(request: Request) -> str:
    """Names the decision of an application in a round: whatever policy answers, there is one."""
    return digest(f"live\x1f{request.application_id}\x1f{request.round}")


def _asked(request: Request) -> str:
    """What was asked, as a hash: under one key nothing else may be asked."""
    told = [request.amount.minor, request.amount.currency, request.months, request.borrower,
            dict(request.features), request.evidence,
            request.as_of.isoformat() if request.as_of else None]  # fmt: skip
    return digest(canonical(told))


def _evidence_of(
    store: SqlLiveStore, requests: Sequence[Request], ready: Ready
) -> list[tuple[str, Evidence] | None]:
    """For each request the evidence with its hash; None where there is none or none is needed."""
    if ready.plan is None:
        return [None] * len(requests)
    named = {request.evidence for request in requests if request.evidence}
    latest = {request.borrower for request in requests if not request.evidence}
    by_hash = store.evidence(sorted(named)) if named else {}
    by_borrower = store.latest_evidence(sorted(latest)) if latest else {}
    return [
        (request.evidence, by_hash[request.evidence])
        if request.evidence in by_hash
        else None
        if request.evidence
        else by_borrower.get(request.borrower)
        for request in requests
    ]


def _decided(
    shared: _Made, request: Request, held: tuple[str, Evidence] | None, actor: str
) -> LogEntry:
    began = time.perf_counter_ns()
    as_of = _as_of(request, shared.now)
    ready, features = shared.ready, dict(request.features)
    about: dict[str, object] = {}
    if ready.plan is not None:
        if held is None:
            raise NotFound(
                f"there is no evidence {request.evidence or 'of ' + repr(request.borrower)}",
                field="evidence" if request.evidence else "borrower",
                rule="evidence is kept before it is decided on",
            )
        computed, about = _computed(ready, request, held, as_of)
        _refuse_given(features, computed)
        features |= computed
    computed_at = time.perf_counter_ns()
    asked = with_request(ready.policy, features, request.amount, request.months)
    inputs = canonical(rules.checked(ready.policy, asked))
    result, trace = run_logged(ready.policy, inputs, shared.figures)
    key, ended = _key(request), time.perf_counter_ns()
    return LogEntry(
        id=DecisionId.derive(shared.now, key),
        application_id=request.application_id,
        policy_id=ready.version_id,
        key=key,
        as_of=as_of,
        recorded_by=actor,
        inputs=inputs,
        inputs_hash=digest(inputs),
        parameters=shared.figures,
        result=result,
        result_hash=digest(result),
        trace=trace,
        elapsed_us=(ended - began) // 1000,
        context=canonical({"asked": _asked(request), "round": request.round, **about}),
        timings=canonical(
            {"variables": (computed_at - began) // 1000, "policy": (ended - computed_at) // 1000}
        ),
    )


def _computed(
    ready: Ready, request: Request, held: tuple[str, Evidence], as_of: datetime
) -> tuple[dict[str, object], dict[str, object]]:
    from tael.variables import from_bytes  # noqa: PLC0415 - only where there is evidence

    hashed, evidence = held
    if request.borrower and evidence.borrower != request.borrower:
        raise BadInput(
            f"the evidence is of {evidence.borrower!r}, not of {request.borrower!r}",
            field="evidence",
            rule="evidence of the borrower",
        )
    row = ready.computed(from_bytes(evidence.packed), int(as_of.timestamp()))
    about: dict[str, object] = {
        "evidence": hashed,
        "known_at": evidence.known_at.isoformat(),
        "plan": row.plan_hash,
        "sources": evidence.sources,
    }
    return ready.read(row), about


def _refuse_given(features: Mapping[str, object], computed: Mapping[str, object]) -> None:
    if both := sorted(features.keys() & computed.keys()):
        raise BadInput(
            f"{both[0]} is computed from evidence", field=both[0], rule="not given besides"
        )


def _as_of(request: Request, now: datetime) -> datetime:
    as_of = request.as_of or now
    if as_of > now:
        raise BadInput(f"{as_of.isoformat()} is still to come", field="as_of", rule="not after now")
    return as_of


def _logged(
    store: SqlLiveStore, requests: Sequence[Request], made: Sequence[LogEntry | TaelError]
) -> list[Answer | TaelError]:
    """Write what was decided; where a decision was there already, that one is the answer.

    An application that could not be decided now may have been before: then that is its answer too.
    """
    first: dict[str, LogEntry] = {}
    for entry in made:
        if isinstance(entry, LogEntry):
            first.setdefault(entry.key, entry)
    written = store.add_decisions(list(first.values())) if first else frozenset()
    keys = [_key(request) for request in requests]
    others = [key for key in keys if key not in written]
    known = store.decisions_by_key(others) if others else {}
    answers: list[Answer | TaelError] = []
    for request, key, entry in zip(requests, keys, made, strict=True):
        logged = known.get(key) or first.get(key)
        if logged is None:
            check(isinstance(entry, TaelError), "what was decided is in the log")
            answers.append(entry if isinstance(entry, TaelError) else Conflict("not decided"))
        else:
            answers.append(_answer(request, logged, repeated=logged is not entry))
    return answers


def _answer(request: Request, logged: LogEntry, *, repeated: bool) -> Answer | Conflict:
    if repeated and f'"asked":"{_asked(request)}"' not in logged.context:
        return Conflict(
            f"{request.application_id} was decided in round {request.round} on other inputs; "
            "a reconsideration is a round of its own",
            field="round",
            rule="one decision a round",
        )
    return Answer(logged, repeated)
