"""The room's store in memory: for quick tests and for engines' users without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tael.kernel import ApplicationId, Conflict, DecisionId, VersionId
from tael.policies.model import (
    Bundle,
    Deployment,
    Event,
    LogEntry,
    ModelVersion,
    PolicyVersion,
    Seal,
)


class MemoryPolicyStore:
    """Keeps what it is given; the same refusals as the constraints of the SQL store."""

    def __init__(self) -> None:
        self._versions: dict[VersionId, PolicyVersion] = {}
        self._bundles: dict[VersionId, Bundle] = {}
        self._decisions: dict[DecisionId, LogEntry] = {}
        self._seals: list[Seal] = []
        self._events: list[Event] = []
        self._deployments: dict[int, Deployment] = {}
        self._models: dict[str, ModelVersion] = {}

    def add_version(self, version: PolicyVersion, bundle: Bundle) -> None:
        self._versions[version.id] = version
        self._bundles[version.id] = bundle

    def version(self, version_id: VersionId, *, lock: bool = False) -> PolicyVersion | None:  # noqa: ARG002 - one caller at a time
        return self._versions.get(version_id)

    def bundle(self, version_id: VersionId) -> Bundle | None:
        return self._bundles.get(version_id)

    def change(self, version: PolicyVersion) -> None:
        self._versions[version.id] = version

    def versions(self) -> Sequence[PolicyVersion]:
        return sorted(self._versions.values(), key=lambda version: version.id, reverse=True)

    def add_event(self, event: Event) -> None:
        if any((e.version, e.number) == (event.version, event.number) for e in self._events):
            raise Conflict(f"event {event.number} is there", field="number", rule="append-only")
        self._events.append(event)

    def events(self, version_id: VersionId | None = None) -> Sequence[Event]:
        if version_id is None:
            return sorted(self._events, key=lambda event: (event.at, event.version, event.number))
        mine = (event for event in self._events if event.version == version_id)
        return sorted(mine, key=lambda event: event.number)

    def only_deployer(self) -> None:
        """One caller at a time, always."""

    def add_deployment(self, deployment: Deployment) -> None:
        if self.deployment_in_force() is not None or deployment.number in self._deployments:
            raise Conflict("a deployment is in force", field="deployment", rule="one in force")
        self._deployments[deployment.number] = deployment

    def end_deployment(self, number: int, at: datetime) -> None:
        self._deployments[number] = replace(self._deployments[number], ended_at=at)

    def deployment_in_force(self, *, lock: bool = False) -> Deployment | None:  # noqa: ARG002 - one caller at a time
        last = self._deployments.get(max(self._deployments, default=0))
        return last if last and last.ended_at is None else None

    def deployments(self) -> Sequence[Deployment]:
        return sorted(self._deployments.values(), key=lambda one: one.number, reverse=True)

    def add_model(self, model: ModelVersion) -> None:
        self._models.setdefault(model.hash, model)

    def model(self, model_hash: str, *, lock: bool = False) -> ModelVersion | None:  # noqa: ARG002 - one caller at a time
        return self._models.get(model_hash)

    def change_model(self, model: ModelVersion) -> None:
        self._models[model.hash] = model

    def models(self) -> Sequence[ModelVersion]:
        return sorted(self._models.values(), key=lambda m: (m.drafted_at, m.hash), reverse=True)

    def add_decision(self, entry: LogEntry) -> None:
        if entry.id in self._decisions:
            raise Conflict(f"decision {entry.id} is in the log", field="id", rule="append-only")
        self._decisions[entry.id] = entry

    def decision(self, decision_id: DecisionId) -> LogEntry | None:
        return self._decisions.get(decision_id)

    def decision_by_key(self, key: str) -> LogEntry | None:
        return next((entry for entry in self._decisions.values() if entry.key == key), None)

    def decisions_of(self, application_id: ApplicationId) -> Sequence[LogEntry]:
        mine = (e for e in self._decisions.values() if e.application_id == application_id)
        return sorted(mine, key=lambda entry: entry.id)

    def only_sealer(self) -> None:
        """One caller at a time, always."""

    def unsealed(self, limit: int) -> Sequence[LogEntry]:
        done = {seal.decision_id for seal in self._seals}
        return sorted(
            (e for e in self._decisions.values() if e.id not in done), key=lambda e: e.id
        )[:limit]

    def last_seal(self) -> Seal | None:
        return self._seals[-1] if self._seals else None

    def add_seals(self, new: Sequence[Seal]) -> None:
        self._seals.extend(new)

    def seals_at(self, decision_id: DecisionId) -> tuple[Seal | None, Seal | None, Seal | None]:
        own = next((seal for seal in self._seals if seal.decision_id == decision_id), None)
        by_number = {seal.sequence: seal for seal in self._seals}
        if own is None:
            return None, None, None
        return by_number.get(own.sequence - 1), own, by_number.get(own.sequence + 1)

    def sealed(self) -> Sequence[tuple[Seal, LogEntry | None]]:
        return [(seal, self._decisions.get(seal.decision_id)) for seal in self._seals]

    def count(self) -> int:
        return len(self._decisions)
