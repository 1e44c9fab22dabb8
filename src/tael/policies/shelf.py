"""Where versions stand loaded: what the life of a version and its decisions both need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tael.kernel import Conflict, InvariantBroken, NotFound, Rate, VersionId, day_of
from tael.platform import Work
from tael.policies import texts
from tael.policies.canonical import canonical
from tael.policies.figures import CAP, rate_of
from tael.policies.manifest import faults_of_texts, prove
from tael.policies.model import (
    Bundle,
    Deployment,
    Event,
    EventKind,
    PolicyState,
    PolicyVersion,
    Proof,
    move,
)
from tael.policies.ports import DatedParameters, Engines, OpenStore
from tael.policies.signing import Signer


class Shelf:
    """Versions by id, each loaded once and only while it is what was approved.

    Args:
        store: opens the store of a unit of work.
        engines: how the texts of a bundle are loaded.
        parameters: dated figures.
        signer: signs approvals and deployments, and knows its signatures.
    """

    def __init__(
        self, store: OpenStore, engines: Engines, parameters: DatedParameters, signer: Signer
    ) -> None:
        self._open = store
        self._engines = engines
        self._parameters = parameters
        self._signer = signer
        # Loading a DMN file takes longer than deciding; a version's texts never change.
        self._loaded: dict[VersionId, texts.Policy] = {}
        self._proven: dict[VersionId, texts.Policy] = {}
        self._signed: set[Deployment] = set()

    @property
    def engines(self) -> Engines:
        """How the texts of a bundle are loaded."""
        return self._engines

    @property
    def public_key(self) -> str:
        """PEM of the key that verifies approvals; whoever has it can verify, not sign."""
        return self._signer.pem

    def deployed(self, work: Work) -> Deployment | None:
        """The deployment in force; None before the first.

        Raises:
            InvariantBroken: its record was changed since it was signed.
        """
        found = self._open(work).deployment_in_force()
        if found is not None:
            self._demand_signed(found)
        return found

    def deployment(self, work: Work) -> Deployment:
        """The deployment in force: which versions decide, each its share.

        Raises:
            Conflict: none is in force.
            InvariantBroken: its record was changed since it was signed.
        """
        return self.standing(self._open(work).deployment_in_force())

    def standing(self, found: Deployment | None) -> Deployment:
        """``found``, as long as it is there and what was signed.

        Raises:
            Conflict: there is none.
            InvariantBroken: its record was changed since it was signed.
        """
        if found is None:
            raise Conflict(
                "no policy is in force; deploy one", field="policy", rule="one deployed"
            ).telling("none_in_force")
        self._demand_signed(found)
        return found

    def in_force(self, work: Work) -> PolicyVersion:
        """The champion: the version that decides what no challenger does.

        Raises:
            Conflict: none is deployed.
        """
        return self._found(work, self.deployment(work).champion)

    def bundle(self, work: Work, version_id: VersionId) -> Bundle:
        """The texts of a version.

        Raises:
            InvariantBroken: a text is not the one that was drafted; names it.
        """
        found = self._open(work).bundle(version_id)
        if found is None:
            raise NotFound(f"there is no policy version {version_id}", field="version_id").telling(
                "no_version", version=version_id
            )
        for text, wrong in faults_of_texts(self._found(work, version_id), found):
            raise InvariantBroken(f"policy version {version_id}, {text}: {wrong}")
        return found

    def genuine(self, found: Deployment) -> bool:
        """Whether the record of a deployment is the one that was signed."""
        # Known by all that it says: a row that was changed is another deployment.
        if found not in self._signed:
            if not self._signer.fits(canonical(found.as_json()), found.signature):
                return False
            self._signed.add(found)
        return True

    def verify(self, work: Work, version_id: VersionId) -> Proof:
        """Whether texts, records and signature of a version are those of its approval."""
        return self._proof(work, version_id)[0]

    def trusted(self, work: Work, version_id: VersionId) -> texts.Policy:
        """A version that may decide, loaded: approved by a second person, and unchanged since.

        Proven once by each process; what it holds afterwards is what was proven.

        Raises:
            InvariantBroken: it was never approved, or a text, record or signature is not that of
                the approval; names which.
        """
        found = self._proven.get(version_id)
        if found is None:
            proof, bundle = self._proof(work, version_id)
            for text, wrong in proof.faults:
                raise InvariantBroken(f"policy version {version_id}, {text}: {wrong}")
            # Of the texts that were proven, whatever stood here before.
            found = texts.load(bundle, self._engines)
            self._proven[version_id] = self._loaded[version_id] = found
        return found

    # --- for the use cases

    def _proof(self, work: Work, version_id: VersionId) -> tuple[Proof, Bundle]:
        store = self._open(work)
        version, bundle = self._found(work, version_id), store.bundle(version_id)
        if bundle is None:
            raise NotFound(f"there is no policy version {version_id}", field="version_id").telling(
                "no_version", version=version_id
            )
        return prove(version, bundle, store.events(version_id), self._signer), bundle

    def _policy(self, work: Work, version_id: VersionId) -> texts.Policy:
        policy = self._loaded.get(version_id)
        if policy is None:
            policy = texts.load(self.bundle(work, version_id), self._engines)
            self._loaded[version_id] = policy
        return policy

    def _cap(self, work: Work) -> Rate:
        return rate_of(self._parameters.value(work, CAP, day_of(work.clock.now())), CAP)

    def _demand_signed(self, found: Deployment) -> None:
        if not self.genuine(found):
            raise InvariantBroken(f"deployment {found.number} is not the one that was signed")

    def _found(self, work: Work, version_id: VersionId, *, lock: bool = False) -> PolicyVersion:
        version = self._open(work).version(version_id, lock=lock)
        if version is None:
            raise NotFound(f"there is no policy version {version_id}", field="version_id").telling(
                "no_version", version=version_id
            )
        return version

    def _moved(
        self, work: Work, version: PolicyVersion, to: PolicyState, **stamps: Any
    ) -> PolicyVersion:
        moved = replace(version, state=move(version.state, to), **stamps)
        self._open(work).change(moved)
        return moved

    def _happened(
        self,
        work: Work,
        version_id: VersionId,
        kind: EventKind,
        record: Mapping[str, object],
        *,
        why: str = "",
    ) -> Event:
        """Write a line of the version's history, and of the audit log."""
        return self._noted(work, version_id, kind, canonical(record), why=why)

    def _noted(
        self, work: Work, version_id: VersionId, kind: EventKind, record: str, *, why: str = ""
    ) -> Event:
        signed = kind is EventKind.APPROVED
        event = Event(
            version=version_id,
            number=len(self._history(work, version_id)) + 1,
            kind=kind,
            at=work.clock.now(),
            by=work.actor.id,
            why=why,
            record=record,
            signature=self._signer.sign(record) if signed else "",
            key=self._signer.key if signed else "",
        )
        self._open(work).add_event(event)
        work.audit(f"policy.{kind.name.lower()}", version_id, {"record": event.hash})
        return event

    def _history(self, work: Work, version_id: VersionId) -> Sequence[Event]:
        return self._open(work).events(version_id)
