"""The room's use cases in one: the life of versions, and the decisions made by them."""

from __future__ import annotations

from tael.policies.decisions import Decisions
from tael.policies.ports import DatedParameters, Engines, OpenStore
from tael.policies.versions import Versions


class Policies(Versions, Decisions):
    """Policy versions and the decision service.

    Args:
        store: opens the store of a unit of work.
        parameters: dated figures; ``cap.all_in`` is read at every decision and logged with it.
        engines: how the texts of a bundle are loaded.
    """

    def __init__(self, store: OpenStore, *, parameters: DatedParameters, engines: Engines) -> None:
        Decisions.__init__(self, store, parameters, engines)
