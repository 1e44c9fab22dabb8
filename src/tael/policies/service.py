"""The room's use cases in one: the life of versions, deployments, and the decisions made."""

from __future__ import annotations

from tael.policies.ports import DatedParameters, Engines, OpenStore
from tael.policies.signing import Signer
from tael.policies.staged import StagedDecisions
from tael.policies.traffic import Deployments
from tael.policies.versions import Versions


class Policies(Versions, Deployments, StagedDecisions):
    """Policy versions, deployments and the decision service.

    Args:
        store: opens the store of a unit of work.
        parameters: dated figures; ``cap.all_in`` is read at every decision and logged with it.
        engines: how the texts of a bundle are loaded.
        signing_key: 32 secret bytes of the installation: approvals and deployments are signed with
            the key made of them, and what was signed with another does not decide.
    """

    def __init__(
        self,
        store: OpenStore,
        *,
        parameters: DatedParameters,
        engines: Engines,
        signing_key: bytes,
    ) -> None:
        super().__init__(store, engines, parameters, Signer(signing_key))
