"""Many applications decided in one transaction: the deployment, the evidence, the log row.

What is the same for all of them is asked once, and all rows go in by one statement: a commit that
waits for the disk serves every caller that came meanwhile (group commit; DeWitt et al.,
Implementation Techniques for Main Memory Database Systems, SIGMOD 1984).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

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
from tael.policies.canonical import canonical, digest, exact
from tael.policies.decisions import figures_of, run_on, with_request
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
    dated: Mapping[str, Decimal]
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
        rows = _rows(shared, requests, held)
        made: list[LogEntry | TaelError] = []
        for (actor, request), row in zip(asked, rows, strict=True):
            try:
                made.append(_decided(shared, request, row, actor))
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
        told = canonical(figures)
        return _Made(ready, told, figures_of(told), work.clock.now())

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


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one application before it is decided.

    ``took_us`` is its share of the time that computing took for all that came together.
    """

    as_of: datetime
    values: Mapping[str, object]
    about: Mapping[str, object]
    texts: Mapping[str, str] = field(default_factory=dict)
    took_us: int = 0


def _rows(
    shared: _Made, requests: Sequence[Request], held: Sequence[tuple[str, Evidence] | None]
) -> list[_Known | TaelError]:
    """For each request what is known of it, or why nothing can be."""
    found: list[_Known | TaelError] = []
    for request, evidence in zip(requests, held, strict=True):
        try:
            found.append(_looked_at(shared, request, evidence))
        except TaelError as refused:
            found.append(refused)
    if shared.ready.plan is None:
        return found
    waiting = [place for place, known in enumerate(found) if isinstance(known, _Known)]
    while waiting:
        # Together, but a borrower once: one who asks twice is computed in the next turn.
        turn = {held[place][1].borrower: place for place in reversed(waiting)}  # type: ignore[index]
        places = sorted(turn.values())
        for place, known in zip(places, _computed(shared.ready, places, held, found), strict=True):
            found[place] = known
        waiting = [place for place in waiting if place not in set(places)]
    return found


def _looked_at(shared: _Made, request: Request, held: tuple[str, Evidence] | None) -> _Known:
    as_of = _as_of(request, shared.now)
    if shared.ready.plan is None:
        return _Known(as_of, {}, {})
    if held is None:
        raise NotFound(
            f"there is no evidence {request.evidence or 'of ' + repr(request.borrower)}",
            field="evidence" if request.evidence else "borrower",
            rule="evidence is kept before it is decided on",
        )
    hashed, evidence = held
    if request.borrower and evidence.borrower != request.borrower:
        raise BadInput(
            f"the evidence is of {evidence.borrower!r}, not of {request.borrower!r}",
            field="evidence",
            rule="evidence of the borrower",
        )
    about = {
        "evidence": hashed,
        "known_at": evidence.known_at.isoformat(),
        "plan": shared.ready.plan_hash,
        "sources": evidence.sources,
    }
    return _Known(as_of, {}, about)


def _computed(
    ready: Ready,
    places: Sequence[int],
    held: Sequence[tuple[str, Evidence] | None],
    found: Sequence[_Known | TaelError],
) -> list[_Known | TaelError]:
    """The variables of those at ``places``, together; where that fails, each alone."""
    began = time.perf_counter_ns()
    known = [each for each in (found[place] for place in places) if isinstance(each, _Known)]
    packed = [each[1].packed for each in (held[place] for place in places) if each]
    try:
        rows = ready.computed(packed, [int(each.as_of.timestamp()) for each in known])
    except TaelError as refused:
        if len(places) == 1:
            return [refused]
        return [_computed(ready, [place], held, found)[0] for place in places]
    values = [ready.read(row) for row in rows]
    took = (time.perf_counter_ns() - began) // (1000 * len(places))
    return [
        replace(each, values=value, texts=texts, took_us=took)
        for each, (value, texts) in zip(known, values, strict=True)
    ]


def _decided(shared: _Made, request: Request, known: _Known | TaelError, actor: str) -> LogEntry:
    if isinstance(known, TaelError):
        raise known
    began = time.perf_counter_ns()
    ready = shared.ready
    _refuse_given(request.features, known.values)
    features = {**request.features, **known.values}
    asked = with_request(ready.policy, features, request.amount, request.months)
    inputs, values = exact(rules.checked(ready.policy, asked, ready.trusted), known.texts)
    result, trace = run_on(ready.policy, values, shared.dated)
    key, ended = _key(request), time.perf_counter_ns()
    return LogEntry(
        id=DecisionId.derive(shared.now, key),
        application_id=request.application_id,
        policy_id=ready.version_id,
        key=key,
        as_of=known.as_of,
        recorded_by=actor,
        inputs=inputs,
        inputs_hash=digest(inputs),
        parameters=shared.figures,
        result=result,
        result_hash=digest(result),
        trace=trace,
        elapsed_us=known.took_us + (ended - began) // 1000,
        context=canonical({"asked": _asked(request), "round": request.round, **known.about}),
        timings=canonical({"variables": known.took_us, "policy": (ended - began) // 1000}),
    )


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
