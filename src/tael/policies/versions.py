"""The life of a version: drafted, approved by another person, deployed, retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tael.kernel import BadInput, Forbidden, NotFound, VersionId
from tael.platform import Work
from tael.policies import texts
from tael.policies.differences import Difference, compare
from tael.policies.model import Bundle, PolicyState, PolicyVersion, move
from tael.policies.shelf import Shelf


class Versions(Shelf):
    """Versions of the policy, and which of them is in force."""

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

    def versions(self, work: Work) -> Sequence[PolicyVersion]:
        """Every version, newest first."""
        return self._open(work).versions()

    def compare(self, work: Work, before: VersionId, after: VersionId) -> tuple[Difference, ...]:
        """Every place where ``after`` says otherwise than ``before``; none where they agree."""
        return compare(self.bundle(work, before), self.bundle(work, after))

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
