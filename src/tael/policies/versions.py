"""The life of a version until it may decide: drafted, checked, back-tested, approved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tael.kernel import BadInput, Conflict, NotFound, VersionId
from tael.platform import Work
from tael.policies import texts
from tael.policies.artefacts import Artefacts, own_work
from tael.policies.canonical import read
from tael.policies.cases import with_case
from tael.policies.differences import compare
from tael.policies.examination import examine
from tael.policies.manifest import faults_of_texts, last_of, manifest_of, model_of
from tael.policies.model import (
    Bundle,
    CheckRecord,
    Difference,
    Event,
    EventKind,
    PolicyState,
    PolicyVersion,
    TableDifference,
    Weight,
    move,
)
from tael.policies.side_by_side import compare_tables
from tael.policies.suite import run_cases
from tael.policies.writing import in_writing

_HASH = re.compile(r"[0-9a-f]{64}")


class Versions(Artefacts):
    """Versions of the policy, from draft to approval."""

    def draft(
        self,
        work: Work,
        name: str,
        bundle: Bundle,
        *,
        why: str = "",
        base: VersionId | None = None,
    ) -> PolicyVersion:
        """Keep ``bundle`` as a new draft; its texts must read, gaps and all.

        A model that is new is registered with it, as a draft too. ``why`` and the version it was
        made from, ``base``, stand in its history where they are given.

        Raises:
            BadInput: no name, a ``why`` that says nothing, or a text that cannot be read; names
                text, node or field, and rule.
            NotFound: there is no ``base``.
            Conflict: the model was retired.
        """
        if not name.strip():
            raise BadInput("a policy has a name", field="name", rule="non-empty text").telling(
                "draft_no_name"
            )
        told = in_writing(why, "why") if why else ""
        made_from = {"from": str(self._found(work, base).id)} if base else {}
        loaded = texts.load(bundle, self._engines)
        now = work.clock.now()
        version = PolicyVersion(
            id=VersionId.new(now),
            name=name.strip(),
            state=PolicyState.DRAFT,
            hashes=bundle.hashes(),
            drafted_by=work.actor.id,
            drafted_at=now,
        )
        self._register(work, bundle.model)
        self._open(work).add_version(version, bundle)
        self._loaded[version.id] = loaded
        record = {"hashes": dict(version.hashes), **made_from}
        self._happened(work, version.id, EventKind.DRAFTED, record, why=told)
        return version

    def draft_with_case(
        self, work: Work, version_id: VersionId, name: str, case: Mapping[str, object]
    ) -> PolicyVersion:
        """A new draft: the texts of a version with one more case, or another of the same name.

        ``case`` holds name, inputs and expect in exact JSON values.

        Raises:
            BadInput: no name, or a case that cannot be read; names the field.
        """
        bundle = self.bundle(work, version_id)
        return self.draft(work, name, replace(bundle, cases=with_case(bundle.cases, case)))

    def check(self, work: Work, version_id: VersionId) -> CheckRecord:
        """Look a draft through and run its own cases; keep the outcome.

        Without faults, open doubts and failed cases the version is checked; else it stays a draft
        and the record says what is in the way.

        Raises:
            Conflict: it is no draft.
        """
        version = self._found(work, version_id, lock=True)
        move(version.state, PolicyState.CHECKED)
        policy = self._policy(work, version_id)
        findings = examine(policy, self.bundle(work, version_id))
        # Cases that name their cap come out the same in any jurisdiction and year.
        cap = None if all(case.cap for case in policy.cases) else self._cap(work)
        record = CheckRecord(
            findings=findings,
            accepted=frozenset(self._accepted(work, version_id)) & {one.id for one in findings},
            cases=len(policy.cases),
            failures=run_cases(policy, cap=cap),
        )
        made_by = {"engine": policy.rules.version, "cap": cap.fraction if cap else None}
        told = {**record.as_json(), **made_by, "hashes": dict(version.hashes)}
        self._happened(work, version_id, EventKind.CHECKED, told)
        if record.passed:
            self._moved(work, version, PolicyState.CHECKED)
        return record

    def accept_finding(self, work: Work, version_id: VersionId, finding: str, why: str) -> Event:
        """Accept a doubt of the last check in writing; the next check counts it as settled.

        Raises:
            NotFound: the last check found no such thing.
            BadInput: it is a fault, which is resolved and not accepted, or ``why`` says nothing.
            Conflict: it is no draft any more.
        """
        version = self._found(work, version_id, lock=True)
        move(version.state, PolicyState.CHECKED)
        found = {str(one["id"]): one for one in self._last_findings(work, version_id)}
        if finding not in found:
            raise NotFound(f"the last check found no {finding}", field="finding").telling(
                "finding_unknown", finding=finding
            )
        told = found[finding]
        if told["weight"] == Weight.FAULT.value:
            raise BadInput(
                f"{told['en']}: this has to be resolved", field="finding", rule="a doubt"
            ).telling("finding_is_fault", finding=told["zh"])
        kept = {name: told[name] for name in ("id", "text", "kind", "node", "rules", "zh", "en")}
        return self._happened(
            work, version_id, EventKind.ACCEPTED, kept, why=in_writing(why, "why")
        )

    def record_backtest(
        self,
        work: Work,
        version_id: VersionId,
        *,
        hashes: tuple[str, str],
        figures: Mapping[str, object],
    ) -> Event:
        """Keep what a back-test came to: hash of the history, hash of the result, key figures.

        ``figures`` are exact JSON values: text, whole numbers, ``Decimal``.

        Raises:
            BadInput: no SHA-256, a figure without an exact text, or no figures at all.
            Conflict: it is not checked yet, or approved already.
        """
        for field, told in zip(("history", "result"), hashes, strict=True):
            if not _HASH.fullmatch(told):
                raise BadInput(f"{told!r} is no hash", field=field, rule="64 hexadecimal digits")
        if not figures:
            raise BadInput("there are no figures", field="figures", rule="at least one")
        record = {"history": hashes[0], "result": hashes[1], "figures": figures}
        return self._backtested(work, version_id, EventKind.BACKTESTED, record)

    def waive_backtest(self, work: Work, version_id: VersionId, why: str) -> Event:
        """Go on without a back-test, in writing: no history yet, because ...

        Raises:
            BadInput: ``why`` says nothing.
            Conflict: it is not checked yet, or approved already.
        """
        told = in_writing(why, "why")
        return self._backtested(work, version_id, EventKind.WAIVED, {"why": told}, why=told)

    def approve(self, work: Work, version_id: VersionId, *, why: str = "") -> PolicyVersion:
        """A second person's word for a version, signed; it covers the model, unless it is theirs.

        ``why`` is what they wrote with it, if anything.

        Raises:
            Forbidden: the approver drafted the version, or its model, which nobody else approved.
            Conflict: it is not back-tested, its model was retired, or a text was changed since it
                was drafted; names the text.
        """
        version = self._found(work, version_id, lock=True)
        if version.drafted_by == work.actor.id:
            raise own_work("a policy version", "approved_by")
        move(version.state, PolicyState.APPROVED)
        self._demand_texts(work, version)
        history = self._history(work, version_id)
        _demand_records(version, history)
        model = self._approved_model(work, model_of(version))
        now = work.clock.now()
        text = manifest_of(version, history, model, by=work.actor.id, at=now)
        self._noted(work, version_id, EventKind.APPROVED, text, why=why.strip())
        stamps = {"approved_by": work.actor.id, "approved_at": now}
        return self._moved(work, version, PolicyState.APPROVED, **stamps)

    def reject(self, work: Work, version_id: VersionId, why: str) -> PolicyVersion:
        """Say no, in writing, to a version that waits for a second person: it is a draft again.

        Whoever drafted it may take it back so. Its texts stay what they are; what was found wanting
        is answered in writing and checked again, or changed in a new draft.

        Raises:
            BadInput: ``why`` says nothing.
            Conflict: it does not wait for an approval.
        """
        version = self._found(work, version_id, lock=True)
        told = in_writing(why, "why")
        moved = self._moved(work, version, PolicyState.DRAFT)
        self._happened(work, version_id, EventKind.REJECTED, {"why": told}, why=told)
        return moved

    def version(self, work: Work, version_id: VersionId) -> PolicyVersion:
        """One version.

        Raises:
            NotFound: there is none.
        """
        return self._found(work, version_id)

    def coming(self, work: Work) -> Sequence[VersionId]:
        """What decides or may decide soon: versions that are approved or deployed."""
        states = (PolicyState.APPROVED, PolicyState.DEPLOYED)
        return [version.id for version in self.versions(work) if version.state in states]

    def versions(self, work: Work) -> Sequence[PolicyVersion]:
        """Every version, newest first."""
        return self._open(work).versions()

    def timeline(self, work: Work, version_id: VersionId | None = None) -> Sequence[Event]:
        """What happened to a version, or to all of them, oldest first: what, when, who, why.

        Raises:
            NotFound: no such version.
        """
        if version_id is not None:
            self._found(work, version_id)
        return self._open(work).events(version_id)

    def compare(self, work: Work, before: VersionId, after: VersionId) -> tuple[Difference, ...]:
        """Every place where ``after`` says otherwise than ``before``; none where they agree."""
        return compare(self.bundle(work, before), self.bundle(work, after))

    def compare_tables(
        self, work: Work, before: VersionId, after: VersionId
    ) -> tuple[TableDifference, ...]:
        """Every decision table that differs, with both versions of each cell beside each other."""
        return compare_tables(self.bundle(work, before), self.bundle(work, after))

    # --- inside

    def _backtested(
        self,
        work: Work,
        version_id: VersionId,
        kind: EventKind,
        record: Mapping[str, object],
        *,
        why: str = "",
    ) -> Event:
        version = self._found(work, version_id, lock=True)
        if version.state is not PolicyState.BACKTESTED:  # once more, with other figures: the last
            self._moved(work, version, PolicyState.BACKTESTED)
        return self._happened(work, version_id, kind, record, why=why)

    def _demand_texts(self, work: Work, version: PolicyVersion) -> None:
        kept = self._open(work).bundle(version.id)
        for text, wrong in faults_of_texts(version, kept) if kept else ():
            raise _tampered(version, text, wrong)

    def _last_findings(self, work: Work, version_id: VersionId) -> list[dict[str, object]]:
        checks = [e for e in self._history(work, version_id) if e.kind is EventKind.CHECKED]
        told = read(checks[-1].record) if checks else {}
        found = told.get("findings") if isinstance(told, dict) else None
        return found if isinstance(found, list) else []

    def _accepted(self, work: Work, version_id: VersionId) -> list[str]:
        records = (
            read(event.record)
            for event in self._history(work, version_id)
            if event.kind is EventKind.ACCEPTED
        )
        return [str(record["id"]) for record in records if isinstance(record, dict)]


def _demand_records(version: PolicyVersion, history: Sequence[Event]) -> None:
    """Whatever its row says: a check of these texts passed, and a back-test was kept or waived."""
    checks = [event for event in history if event.kind is EventKind.CHECKED]
    told = read(checks[-1].record) if checks else None
    if not isinstance(told, dict) or (told.get("passed"), told.get("hashes")) != (
        True,
        dict(version.hashes),
    ):
        raise _tampered(version, "check", "no check of these texts has passed")
    if not last_of(history, EventKind.BACKTESTED, EventKind.WAIVED):
        raise _tampered(version, "backtest", "no back-test was kept or waived")


def _tampered(version: PolicyVersion, what: str, wrong: str) -> Conflict:
    return Conflict(
        f"{version.id}, {what}: {wrong}",
        code="tampered",
        field=what,
        rule="what was drafted and checked",
    ).telling("tampered", version=version.id, part=what, wrong=wrong)
