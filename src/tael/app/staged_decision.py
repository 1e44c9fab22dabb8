"""One application through a staged policy: opened, its sources asked, and settled.

What is read before and written after are two units of work; none is open in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from tael.app.source_desk import Gave, SourceDesk, Whom, inputs_of, keep_pulls, whom_of
from tael.kernel import Conflict, Forbidden, Rate, check
from tael.origination import model
from tael.platform import Work
from tael.policies.flow import (
    Applicant,
    Compute,
    FlowResult,
    FlowRunner,
    FlowSettings,
    History,
    Staged,
    StagedRun,
)
from tael.policies.live import SourceOrder, order_of
from tael.policies.model import Assignment

if TYPE_CHECKING:
    from tael.app.installation import Installation
    from tael.origination.sources import SourceClient
    from tael.variables import Plan

_CAP = "cap.all_in"
_S = model.ApplicationState


class Computes(Protocol):
    """Makes inputs of a policy of packed events; ``plan`` is None where the policy reads none."""

    @property
    def plan(self) -> Plan | None: ...
    def computed(self, packed: Sequence[bytes], asof: Sequence[int]) -> Sequence[Any]: ...
    def read(self, row: Any) -> tuple[Mapping[str, object], Mapping[str, str]]: ...


@dataclass(frozen=True)
class Arm:
    """Where an application fell: the arm, its version with its flow, what computes variables."""

    put: Assignment
    staged: Staged
    computes: Computes


@dataclass(frozen=True)
class StagedDecision:
    """A staged decision under way.

    Attributes:
        house: the installation.
        application: as it stood when the run began.
        round: of the application; one decision in each.
        arm: into which it fell.
        whom: all whom the application is about, with their authorisations.
        said: the inputs that the application gives.
        figures: the dated figures at ``as_of``.
        as_of: when the run began, UTC.
        key: of the command; '' without one.
        order: what the version has learnt of its sources; None asks the cheapest first.
    """

    house: Installation
    application: model.Application
    round: int
    arm: Arm
    whom: Whom
    said: Mapping[str, object]
    figures: Mapping[str, Decimal | int]
    as_of: datetime
    key: str
    order: SourceOrder | None = None

    def ask(self, client: SourceClient) -> FlowResult:
        """Run the flow. Cut off and run again, the answers that came are had without a charge.

        Raises:
            Forbidden: a consent that is needed is not there; no source was asked.
            BadInput: an input that the application gives is missing or wrong.
        """
        application = self.application
        desk = SourceDesk(client, lambda _: self.whom)
        learnt = self.order.history if self.order else History()
        settings = FlowSettings(consents=desk, compute=self._compute(), history=learnt)
        runner = FlowRunner(self.arm.staged.ahead, self.arm.staged.plan, desk, settings)
        key = f"{application.id}:{self.round}"
        applicant = Applicant(application.id, key, self.as_of, self.said)
        result = runner.run(applicant, cap=Rate(Decimal(self.figures[_CAP])))
        if result.refusal is not None:
            raise Forbidden(
                f"{application.id} is not decided: {', '.join(result.refusal.sources)} may not be "
                f"asked ({result.refusal.code}), and nobody was",
                code=result.refusal.code,
                field="consent",
                rule="a live consent that covers every source of the policy",
            )
        return result

    def settle(self, work: Work, result: FlowResult) -> model.Application:
        """Write down what came of it, and move the application: all of it or nothing.

        Raises:
            Conflict: the application was changed meanwhile, and not by this round's decision.
            Forbidden: a consent ended meanwhile.
        """
        applications, begun = self.house.applications, self.application
        now = applications.lock(work, begun.id)
        if now.version != begun.version:
            return self._overtaken(work, now)
        if now.state is not _S.DATA_PENDING:
            applications.collect(work, begun.id)
        gave = Gave(self.whom, dict(self._pulled(result)), self.round)
        keep_pulls(self.house, work, begun.id, gave)
        run = StagedRun(
            application_id=begun.id,
            round=self.round,
            put=self.arm.put,
            figures=self.figures,
            as_of=self.as_of,
            result=result,
            order=self.order.as_json() if self.order else None,
        )
        decision = self.house.policies.keep_run(work, run)
        if self.key:
            applications.once_decided(work, self.key, begun.id)
        return applications.take_decision(work, begun.id, decision.id)

    def _overtaken(self, work: Work, now: model.Application) -> model.Application:
        """Somebody else was faster: their decision of this round stands."""
        if len(self.house.policies.decisions_of(work, now.id)) >= self.round:
            return now
        raise Conflict(
            f"{now.id} was changed while its sources were asked; it is {now.state.value} now",
            code="changed_meanwhile",
            field="application_id",
            rule="ask again",
        )

    def _compute(self) -> Compute | None:
        ready = self.arm.computes
        if ready.plan is None:
            return None

        def read(packed: bytes, as_of: datetime) -> Mapping[str, object]:
            (row,) = ready.computed([packed], [int(as_of.timestamp())])
            return ready.read(row)[0]

        return inputs_of(ready.plan, read, self.whom, self.as_of)

    def _pulled(self, result: FlowResult) -> Sequence[tuple[str, Mapping[str, object]]]:
        """By source that was taken the inputs it gave, those that rules read by name.

        An input of several sources goes with the last of them. What only the model reads stands in
        the decision log.
        """
        behind = self.arm.staged.plan.behind
        named = {rule.name for rule in self.arm.staged.policy.inputs if rule.type != "variable"}
        left = {n: v for n, v in result.grounds.known.items() if n in named and behind[n]}
        taken = [one.source for one in result.fetched if one.source not in result.grounds.lost]
        found = []
        for source in reversed(taken):
            mine = {n: left.pop(n) for n in sorted(left) if source in behind[n]}
            found.append((source, mine))
        check(not left, "what is known came from a source that was taken")
        return found


def open_run(
    house: Installation, work: Work, application: model.Application, arm: Arm, key: str
) -> StagedDecision:
    """Everything that the run of an application reads: whom it is about, and what it says."""
    received = house.applications.features(work, application.id)
    request = application.request
    return StagedDecision(
        house=house,
        application=application,
        round=1 + len(house.policies.decisions_of(work, application.id)),
        arm=arm,
        whom=whom_of(house, work, application.id),
        said=arm.staged.said(received, request.amount, request.months),
        figures=house.policies.dated_figures(work),
        as_of=work.clock.now(),
        key=key,
        order=order_of(work, arm.staged.version_id),
    )
