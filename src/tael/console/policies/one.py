"""One policy version: where it stands, what is needed to go on, its findings, cases and texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tael.console.policies.versions import Standing, acts, short_hash, standing
from tael.console.policies.words import Problem
from tael.console.visit import Visit
from tael.kernel import VersionId
from tael.platform import Work
from tael.policies.model import (
    TEXTS,
    Bundle,
    Difference,
    Event,
    EventKind,
    ModelState,
    ModelVersion,
    PolicyState,
    PolicyVersion,
    Proof,
    TableDifference,
)

_STEPS = {
    PolicyState.DRAFT: (EventKind.DRAFTED,),
    PolicyState.CHECKED: (EventKind.CHECKED,),
    PolicyState.BACKTESTED: (EventKind.BACKTESTED, EventKind.WAIVED),
    PolicyState.APPROVED: (EventKind.APPROVED,),
    PolicyState.DEPLOYED: (EventKind.DEPLOYED,),
    PolicyState.RETIRED: (EventKind.RETIRED,),
}
# What is wrong with texts themselves; other faults are of records and signature.
_UNSIGNED = "approval"
_MOST_DIFFERENCES = 200


@dataclass(frozen=True, slots=True)
class Step:
    """A state on the way: the event that led to it, and whether it is passed or the present one."""

    state: PolicyState
    event: Event | None
    done: bool
    now: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A finding of the last check. ``accepted`` is the event that accepted it in writing."""

    id: str
    text: str
    node: str
    weight: str
    line: int
    rules: str
    words: str
    accepted: Event | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A case of the version's own: what it expects, and what the last check got.

    ``passed`` is None where no check ran it yet.
    """

    name: str
    inputs: Mapping[str, str]
    fields: Sequence[tuple[str, str, str]]
    passed: bool | None
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of the last check; ``at`` is its event."""

    at: Event
    passed: bool
    cases: int
    failures: Mapping[str, Mapping[str, Any]]
    findings: Sequence[Told]

    @property
    def faults(self) -> int:
        """How many have to be resolved."""
        return sum(one.weight == "fault" for one in self.findings)

    @property
    def doubts(self) -> int:
        """How many doubts nobody accepted yet."""
        return sum(one.weight == "doubt" and one.accepted is None for one in self.findings)


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything that the page of a version shows; ``bundle`` is None where a text was changed."""

    version: PolicyVersion
    events: Sequence[Event]
    proof: Proof
    bundle: Bundle | None
    model: ModelVersion | None
    standing: Standing


def whole(visit: Visit, work: Work, version_id: VersionId) -> Whole:
    """A version with its texts and history.

    Raises:
        NotFound: there is none.
    """
    policies = visit.house.policies
    proof = policies.verify(work, version_id)
    version = policies.version(work, version_id)
    models = {one.hash: one for one in policies.models(work)}
    return Whole(
        version,
        policies.timeline(work, version_id),
        proof,
        policies.bundle(work, version_id) if _untouched(proof) else None,
        models.get(version.hashes.get("model", "")),
        standing(visit, work),
    )


def untouched(visit: Visit, work: Work, version_id: VersionId) -> bool:
    """Whether the texts of a version are those that were drafted."""
    return _untouched(visit.house.policies.verify(work, version_id))


def _untouched(proof: Proof) -> bool:
    return not any(fault in TEXTS for fault, _ in proof.faults)


def values_of(visit: Visit, found: Whole, problem: Problem | None) -> dict[str, Any]:
    """What the template of the page reads, besides the differences."""
    version, events = found.version, found.events
    last = checked(events, visit.tongue.short)
    own = version.drafted_by == visit.actor.id
    model = found.model
    return {
        "found": found,
        "one": version,
        "mark": short_hash(version),
        "steps": steps(version, events),
        "checked": last,
        "trials": trials(found.bundle, last) if found.bundle else (),
        "own": own,
        "own_model": bool(model and model.state is ModelState.DRAFT
                          and model.drafted_by == visit.actor.id),
        "model": model,
        "arms": found.standing.arms(version.id),
        "champion": bool(found.standing.in_force
                         and found.standing.in_force.champion == version.id),
        "faults": [one for one in found.proof.faults
                   if version.approved_by or one[0] != _UNSIGNED],
        "texts": [(name, len(getattr(found.bundle, name).encode())) for name in TEXTS
                  if found.bundle and getattr(found.bundle, name)],
        "problem": problem,
        "typed": problem.typed if problem else {},
        "may": acts(visit),
        "csrf": visit.session.csrf_token,
    }  # fmt: skip


def steps(version: PolicyVersion, events: Sequence[Event]) -> list[Step]:
    """The way of a version, as far as it came; a step that was taken back counts no more."""
    states = list(PolicyState)
    at = states.index(version.state)
    if version.state is PolicyState.RETIRED:
        deployed = any(one.kind is EventKind.DEPLOYED for one in events)
        passed = {*states[:4], *([PolicyState.DEPLOYED] if deployed else [])}
    else:
        passed = set(states[:at])
    found = []
    for state in states:
        here = state is version.state
        event = next((one for one in reversed(events) if one.kind in _STEPS[state]), None)
        found.append(Step(state, event if here or state in passed else None, state in passed, here))
    return found


def checked(events: Sequence[Event], language: str) -> Checked | None:
    """The last check as it was written down; None before the first."""
    event = next((one for one in reversed(events) if one.kind is EventKind.CHECKED), None)
    if event is None:
        return None
    record = json.loads(event.record, parse_float=Decimal)
    accepted = {str(json.loads(one.record)["id"]): one
                for one in events if one.kind is EventKind.ACCEPTED}  # fmt: skip
    findings = [
        Told(
            str(one["id"]), str(one["text"]), str(one["node"]), str(one["weight"]),
            int(one["line"]), ", ".join(str(rule) for rule in one["rules"]), str(one[language]),
            accepted.get(str(one["id"])),
        )
        for one in record.get("findings", ())
    ]  # fmt: skip
    failures = {str(one["name"]): one for one in record.get("failures", ())}
    return Checked(
        event, bool(record.get("passed")), int(record.get("cases", 0)), failures, findings
    )


def trials(bundle: Bundle, last: Checked | None) -> list[Trial]:
    """The cases of a version with what the last check got."""
    if not bundle.cases:
        return []
    cases = json.loads(bundle.cases, parse_float=Decimal)["cases"]
    return [_trial(one, last) for one in cases]


def _trial(case: Mapping[str, Any], last: Checked | None) -> Trial:
    name = str(case["name"])
    failed = last.failures.get(name) if last else None
    got = failed["got"] if failed else case["expect"]
    shown = {field: told(value) for field, value in case["expect"].items()}
    known = {field: told(got[field]) if field in got else "–" for field in shown}
    return Trial(
        name=name,
        inputs={field: told(value) for field, value in case.get("inputs", {}).items()},
        fields=[(field, shown[field], known[field]) for field in shown],
        passed=None if last is None else failed is None,
        message=str(got.get("message", "")) if failed else "",
    )


def told(value: object) -> str:
    """A value of a case as people read it."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, list):
        return ", ".join(told(one) for one in value) or "–"
    return str(value)


def differences(
    visit: Visit, work: Work, before: VersionId, after: VersionId
) -> tuple[Sequence[Difference], Sequence[TableDifference], int]:
    """What differs in words and in tables, and how many more there are than are shown."""
    policies = visit.house.policies
    found = policies.compare(work, before, after)
    tables = policies.compare_tables(work, before, after)
    return found[:_MOST_DIFFERENCES], tables, max(0, len(found) - _MOST_DIFFERENCES)
