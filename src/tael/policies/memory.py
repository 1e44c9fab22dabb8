"""The room's store in memory: for quick tests and for engines' users without a database."""

from __future__ import annotations

from collections.abc import Sequence

from tael.kernel import ApplicationId, Conflict, DecisionId, VersionId
from tael.policies.model import Bundle, LogEntry, PolicyState, PolicyVersion, Seal


class MemoryPolicyStore:
    """Keeps what it is given; the same refusals as the constraints of the SQL store."""

    def __init__(self) -> None:
        self._versions: dict[VersionId, PolicyVersion] = {}
        self._bundles: dict[VersionId, Bundle] = {}
        self._decisions: dict[DecisionId, LogEntry] = {}
        self._seals: list[Seal] = []

    def add_version(self, version: PolicyVersion, bundle: Bundle) -> None:
        self._versions[version.id] = version
        self._bundles[version.id] = bundle

    def version(self, version_id: VersionId, *, lock: bool = False) -> PolicyVersion | None:  # noqa: ARG002 - one caller at a time
        return self._versions.get(version_id)

    def deployed(self, *, lock: bool = False) -> PolicyVersion | None:  # noqa: ARG002 - one caller at a time
        live = [v for v in self._versions.values() if v.state is PolicyState.DEPLOYED]
        return live[0] if live else None

    def bundle(self, version_id: VersionId) -> Bundle | None:
        return self._bundles.get(version_id)

    def change(self, version: PolicyVersion) -> None:
        self._versions[version.id] = version

    def versions(self) -> Sequence[PolicyVersion]:
        return sorted(self._versions.values(), key=lambda version: version.id, reverse=True)

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

    def sealed(self) -> Sequence[tuple[Seal, LogEntry | None]]:
        return [(seal, self._decisions.get(seal.decision_id)) for seal in self._seals]

    def count(self) -> int:
        return len(self._decisions)
