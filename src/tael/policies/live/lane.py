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
from decimal import Decimal

from tael.kernel import BadInput, Conflict, DecisionId, InvariantBroken, TaelError, VersionId
from tael.platform import Work
from tael.policies import rules
from tael.policies.assignment import assign
from tael.policies.canonical import canonical, digest, exact
from tael.policies.decisions import drawn_in, figures_of, run_on
from tael.policies.live.looking import Known, held_for, look_at
from tael.policies.live.model import Answer, Evidence, Request
from tael.policies.live.ready import Ready, make_ready
from tael.policies.live.store import Deployed, SqlLiveStore
from tael.policies.model import Assignment, Deployment, LogEntry
from tael.policies.service import Policies
from tael.policies.store import deployment_of

_REASONS = '"reasons":'
_DECODER = json.JSONDecoder()
# So long the dated figures of a day are taken for the same: one that is approved for today is in
# force everywhere that much later, and every log row says with which it was decided.
_FIGURES_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the decisions of one version in one transaction share."""

    ready: Ready
    figures: Mapping[str, Decimal | int]
    now: datetime

    def told(self, put: Assignment) -> tuple[str, Mapping[str, Decimal]]:
        """The parameters of a log row, as text and as the figures in it."""
        loaded = self.ready.policy.rules
        made_by = {"engine": loaded.version, "rules": loaded.hash}
        text = canonical({**drawn_in(self.figures, put, self.ready.policy), **made_by})
        return text, figures_of(text)


class Lane:
    """Decides on evidence by the deployment in force, many at once.

    Args:
        policies: the room's versions and log.
    """

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        # A version's texts never change, so what was laid out once stays right.
        self._ready: dict[VersionId, Ready] = {}
        self._deployments: dict[Deployed, Deployment] = {}
        self._figures: tuple[float, Mapping[str, Decimal | int]] = (0.0, {})

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

        All are put into arms by the one deployment that this transaction sees.

        Raises:
            Conflict: no policy is in force.
            InvariantBroken: deployment or version is not what was signed.
        """
        store, requests = SqlLiveStore(work), [request for _, request in asked]
        deployed, stored = store.opening(*_evidence_of(requests))
        deployment = self._deployment(deployed)
        puts = [assign(deployment, request.application_id) for request in requests]
        made: dict[int, LogEntry | TaelError] = {}
        for version in dict.fromkeys(put.arm.version for put in puts):
            places = [place for place, put in enumerate(puts) if put.arm.version == version]
            terms = _Terms(self.ready(work, version), self._dated(work), work.clock.now())
            some = [requests[place] for place in places]
            known = look_at(terms.ready, some, held_for(stored, some, terms.ready), terms.now)
            for place, one in zip(places, known, strict=True):
                made[place] = _decided(terms, asked[place], one, puts[place])
        answers = _logged(store, requests, [made[place] for place in range(len(asked))])
        for answer in answers:
            if isinstance(answer, Answer):  # one made before may be another version's
                self.ready(work, answer.entry.policy_id)
        return answers

    def reasons(self, entry: LogEntry) -> str:
        """The reasons of a logged decision with their texts, as JSON."""
        ready = self._ready[entry.policy_id]
        begin = entry.result.index(_REASONS) + len(_REASONS)
        found, end = _DECODER.raw_decode(entry.result, begin)
        codes = entry.result[begin:end]
        told = ready.told.get(codes)
        if told is None:
            known = (ready.policy.reason(code) for code in found)
            texts = [{"code": each.code, "zh": each.zh, "en": each.en} for each in known]
            told = ready.told[codes] = canonical(texts)
        return told

    def ready(self, work: Work, version_id: VersionId) -> Ready:
        """The version, proven and laid out; the first call loads it (half a second).

        Raises:
            InvariantBroken: it was never approved, or is not what was.
        """
        found = self._ready.get(version_id)
        if found is None:
            found = make_ready(version_id, self._policies.trusted(work, version_id))
            self._ready[version_id] = found
        return found

    def warm(self, work: Work) -> int:
        """Lay out what is approved or deployed and not laid out yet; returns how many.

        So no application waits for a version that comes into force. Each is tried on some evidence:
        compiled loops load when they are first called.
        """
        coming = self._policies.coming(work)
        new = [version for version in coming if version not in self._ready]
        tried = SqlLiveStore(work).some_evidence() if new else None
        for version in new:
            ready = self.ready(work, version)
            if tried is not None and ready.plan is not None:
                ready.read(ready.computed([tried.packed], [int(tried.known_at.timestamp())])[0])
        return len(new)

    def _deployment(self, row: Deployed) -> Deployment:
        if row is None or not row[2]:
            return self._policies.standing(None)
        found = self._deployments.get(row)
        if found is None:  # the few rows that were in force while this process lived
            record, signature, _, ended_at = row
            found = self._policies.standing(deployment_of(record, signature, ended_at))
            self._deployments[row] = found
        return found

    def _dated(self, work: Work) -> Mapping[str, Decimal | int]:
        until, figures = self._figures
        if time.monotonic() >= until:
            figures = self._policies.dated_figures(work)
            self._figures = (time.monotonic() + _FIGURES_SECONDS, figures)
        return figures


def _evidence_of(requests: Sequence[Request]) -> tuple[list[str], list[str]]:
    """Borrowers whose latest is asked for, and hashes that are named."""
    named = {request.evidence for request in requests if request.evidence}
    latest = {request.borrower for request in requests if not request.evidence}
    return sorted(latest), sorted(named)


def _key(request: Request) -> str:
    """Names the decision of an application in a round: whatever policy answers, there is one."""
    return digest(f"live\x1f{request.application_id}\x1f{request.round}")


def _asked(request: Request) -> str:
    """What was asked, as a hash: under one key nothing else may be asked."""
    told = [request.amount.minor, request.amount.currency, request.months, request.borrower,
            dict(request.features), request.evidence,
            request.as_of.isoformat() if request.as_of else None]  # fmt: skip
    return digest(canonical(told))


def _decided(
    terms: _Terms, asked: tuple[str, Request], known: Known | TaelError, put: Assignment
) -> LogEntry | TaelError:
    if isinstance(known, TaelError):
        return known
    began = time.perf_counter_ns()
    (actor, request), ready = asked, terms.ready
    try:
        _refuse_given(request.features, known.values)
        features = {**request.features, **known.values}
        whole = rules.with_request(ready.policy, features, request.amount, request.months)
        inputs, values = exact(rules.checked(ready.policy, whole, ready.trusted), known.texts)
        parameters, dated = terms.told(put)
        result, trace = run_on(ready.policy, values, dated)
    except TaelError as refused:
        return refused
    key, took_us = _key(request), (time.perf_counter_ns() - began) // 1000
    about = {"asked": _asked(request), "round": request.round, **put.as_json(), **known.about}
    return LogEntry(
        id=DecisionId.derive(terms.now, key),
        application_id=request.application_id,
        policy_id=ready.version_id,
        key=key,
        as_of=known.as_of,
        recorded_by=actor,
        inputs=inputs,
        inputs_hash=digest(inputs),
        parameters=parameters,
        result=result,
        result_hash=digest(result),
        trace=trace,
        elapsed_us=known.took_us + took_us,
        context=canonical(about),
        timings=canonical({"variables": known.took_us, "policy": took_us}),
    )


def _refuse_given(features: Mapping[str, object], computed: Mapping[str, object]) -> None:
    if both := sorted(features.keys() & computed.keys()):
        raise BadInput(
            f"{both[0]} is computed from evidence", field=both[0], rule="not given besides"
        )


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
        if logged is not None:
            answers.append(_answer(request, logged, repeated=logged is not entry))
        elif isinstance(entry, TaelError):
            answers.append(entry)
        else:
            raise InvariantBroken(f"what was decided of {request.application_id} is in no log")
    return answers


def _answer(request: Request, logged: LogEntry, *, repeated: bool) -> Answer | Conflict:
    if repeated and json.loads(logged.context)["asked"] != _asked(request):
        return Conflict(
            f"{request.application_id} was decided in round {request.round} on other inputs; "
            "a reconsideration is a round of its own",
            field="round",
            rule="one decision a round",
        )
    return Answer(logged, repeated)
