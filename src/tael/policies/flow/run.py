"""A version that decides in stages, laid out, and a run of it on its way to the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tael.kernel import ApplicationId, Money, VersionId
from tael.policies.flow.ahead import Ahead
from tael.policies.flow.plan import FlowPlan
from tael.policies.flow.result import FlowResult
from tael.policies.model import Assignment
from tael.policies.rules import with_request
from tael.policies.texts import REQUEST, Policy


@dataclass(frozen=True)
class Staged:
    """A version that decides in stages: loaded, with rules laid out and its flow."""

    version_id: VersionId
    policy: Policy
    ahead: Ahead
    plan: FlowPlan

    def said(
        self, received: Mapping[str, object], amount: Money, months: int
    ) -> Mapping[str, object]:
        """The inputs that the application gives: the request, and of ``received`` what it reads.

        Raises:
            BadInput: the amount is in another currency than the policy's prices.
        """
        mine = {name for name, behind in self.plan.behind.items() if not behind} - {*REQUEST}
        features = {name: value for name, value in received.items() if name in mine}
        return with_request(self.policy, features, amount, months)


@dataclass(frozen=True)
class StagedRun:
    """A staged decision that was run and is not in the log yet.

    Attributes:
        application_id: whose.
        round: decided once in it.
        put: into which arm, by the deployment that was in force when the run began.
        figures: the dated figures of that moment, as ``Policies.dated_figures`` gives them.
        as_of: that moment, UTC.
        result: what came of it.
        order: what the order of its sources was learnt from, as ``live.SourceOrder.as_json`` tells
            it; None where the cheapest went first.
    """

    application_id: ApplicationId
    round: int
    put: Assignment
    figures: Mapping[str, Decimal | int]
    as_of: datetime
    result: FlowResult
    order: Mapping[str, object] | None = None

    @property
    def context(self) -> dict[str, object]:
        """What surrounded the decision: arm, round, sources with costs and known times."""
        told = self.result.to_json()
        stages = [
            {"service": each.service, "asked": list(each.asked), "ended": each.ended}
            for each in self.result.stages
        ]
        flow = {**told, "stages": stages, "order": dict(self.order) if self.order else None}
        return {**self.put.as_json(), "round": self.round, "flow": flow}

    @property
    def timings(self) -> dict[str, int]:
        """Microseconds: waiting for the sources of each stage, and thinking in all of them."""
        stages = self.result.stages
        waited = {f"sources.{each.service}": each.waited_us for each in stages if each.asked}
        return {**waited, "policy": sum(each.thought_us for each in stages)}
