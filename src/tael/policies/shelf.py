"""Where versions stand loaded: what the life of a version and its decisions both need."""

from __future__ import annotations

from tael.kernel import Conflict, NotFound, VersionId
from tael.platform import Work
from tael.policies import texts
from tael.policies.model import Bundle, PolicyVersion
from tael.policies.ports import Engines, OpenStore


class Shelf:
    """Versions by id, each loaded once.

    Args:
        store: opens the store of a unit of work.
        engines: how the texts of a bundle are loaded.
    """

    def __init__(self, store: OpenStore, engines: Engines) -> None:
        self._open = store
        self._engines = engines
        # Loading a DMN file takes longer than deciding; a version's texts never change.
        self._loaded: dict[VersionId, texts.Policy] = {}

    @property
    def engines(self) -> Engines:
        """How the texts of a bundle are loaded."""
        return self._engines

    def in_force(self, work: Work) -> PolicyVersion:
        """The version that decides now.

        Raises:
            Conflict: none is deployed.
        """
        version = self._open(work).deployed()
        if version is None:
            raise Conflict("no policy is in force; deploy one", field="policy", rule="one deployed")
        return version

    def bundle(self, work: Work, version_id: VersionId) -> Bundle:
        """The texts of a version."""
        found = self._open(work).bundle(version_id)
        if found is None:
            raise NotFound(f"there is no policy version {version_id}", field="version_id")
        return found

    def _policy(self, work: Work, version_id: VersionId) -> texts.Policy:
        policy = self._loaded.get(version_id)
        if policy is None:
            policy = texts.load(self.bundle(work, version_id), self._engines)
            self._loaded[version_id] = policy
        return policy
