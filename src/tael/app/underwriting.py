"""Underwriting: an application is decided by the deployment in force, whatever its policy reads.

A plain policy decides on the values that were received; one with variables on the raw events that
were kept of the borrower; a staged one asks the sources itself, while the outcome depends on them.
Which it is follows from the arm into which the application falls.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING

from tael.app import later_rounds
from tael.kernel import ApplicationId, Conflict, TaelError
from tael.origination import ASSESSMENT, model
from tael.platform import SYSTEM, Actor, Work
from tael.policies.live import Evidence, Request

if TYPE_CHECKING:
    from tael.app.evidence_rows import Rows
    from tael.app.installation import Installation
    from tael.app.staged_decision import StagedDecision
    from tael.origination.sources import SourceClient
    from tael.policies.model import Assignment

_S = model.ApplicationState
# Before or between decisions. What a policy approved or declined is not decided again.
_UNDECIDED = (_S.SUBMITTED, _S.DATA_PENDING, _S.IN_REVIEW, _S.RECONSIDERED, _S.REFERRED)


class Underwriting:
    """Decides applications for one installation; threads may call it, and it is closed at the end.

    Args:
        house: the installation.
        client: of the sources; None opens that of the settings when a staged policy first asks.
    """

    def __init__(self, house: Installation, client: SourceClient | None = None) -> None:
        self._house = house
        self._client = client
        self._stack = ExitStack()
        self._opening = Lock()

    def decide(
        self, application_id: ApplicationId, *, actor: Actor = SYSTEM, key: str = ""
    ) -> model.Application:
        """Decide by the arm of the deployment in force; the application as it stands then.

        No transaction is open while sources are asked. A run that was cut off leaves the
        application as it was, and run again gets the answers that were paid for. Two that run at
        once make one decision. What was referred because a source was down may be decided again.

        Args:
            application_id: of an application that was handed in.
            actor: on whose behalf.
            key: names the command: asked again with it, nothing is decided again.

        Raises:
            NotFound: there is none that the actor may see, or no evidence of the borrower.
            Forbidden: a consent that is needed was withdrawn or is missing; no source was asked.
            BadInput: an input that the application gives is missing or wrong.
            Conflict: it is decided, was referred to a person, or no policy is in force.
        """
        with self._house.database.begin(actor) as work:
            if key and self._house.applications.find_by_key(work, key) == application_id:
                return self._house.applications.get(work, application_id)
            application = self._house.applications.get(work, application_id)
            put = self._house.policies.assigned(work, application_id)
            run = self._staged(work, application, put, key)
            if run is None:
                return self._at_once(work, application, put, key)
        # The sources are asked here, between two units of work.
        result = run.ask(self._sources())
        with self._house.database.begin(actor) as work:
            return run.settle(work, result)

    def keep_evidence(
        self, work: Work, application_id: ApplicationId, events: Mapping[str, Rows]
    ) -> Evidence:
        """Keep raw events that were handed in for an application; decisions read the latest.

        Raises:
            BadInput: a stream, column or row at fault; names it, and nothing is kept.
            Forbidden: somebody it tells of has not consented to its source.
            Conflict: the application was decided.
        """
        from tael.app.evidence import evidence_of  # noqa: PLC0415 - heavy

        application = self._house.applications.lock(work, application_id)
        if application.state not in _UNDECIDED:
            model.move(application.state, _S.IN_REVIEW)
        found = evidence_of(self._house, work, application, events)
        self._house.lane.keep(work, found)
        sources = " ".join(sorted(events))
        self._house.applications.note_data(work, application_id, sources, found.hash)
        return found

    def collect_late(self) -> int:
        """Fetch the answers that sources have for a process that died; returns how many came."""
        if self._client is None and not self._house.settings.sources:
            return 0
        from tael.app.late_answers import collect_late  # noqa: PLC0415 - as above

        return collect_late(self._house, self._sources())

    def missing(self, work: Work, application: model.Application) -> Mapping[str, str]:
        """By source that a referral missed, the code why; none where nothing is to decide again.

        That is so where a person decided meanwhile, or the policy referred it for what it knew.
        """
        return later_rounds.missing(self._house, work, application)

    def decide_waiting(self) -> int:
        """Decide again, once a day each, what only a failed source held up; returns how many."""
        if self._client is None and not self._house.settings.sources:
            return 0
        return later_rounds.decide_waiting(self._house, self.decide)

    def close(self) -> None:
        """Wait for answers that are under way, and close the connections to the sources."""
        self._stack.close()

    # --- inside

    def _staged(
        self, work: Work, application: model.Application, put: Assignment, key: str
    ) -> StagedDecision | None:
        staged = self._house.policies.staged(work, put.arm.version)
        if staged is None:
            return None
        from tael.app.staged_decision import Arm, open_run  # noqa: PLC0415 - heavy, of these alone

        self._demand_undecided(work, application)
        arm = Arm(put, staged, self._house.lane.ready(work, put.arm.version))
        return open_run(self._house, work, application, arm, key)

    def _at_once(
        self, work: Work, application: model.Application, put: Assignment, key: str
    ) -> model.Application:
        """All that is needed is here: decided in the one unit of work."""
        applications = self._house.applications
        if self._house.lane.ready(work, put.arm.version).plan is None:
            decided = applications.decide(work, application.id)
        else:
            decided = self._on_evidence(work, application)
        if key:
            applications.once_decided(work, key, application.id)
        return decided

    def _on_evidence(self, work: Work, application: model.Application) -> model.Application:
        """By variables of the raw events that are kept of the borrower, and the values received."""
        from tael.app.evidence import firm_of  # noqa: PLC0415 - heavy

        house = self._house
        application = house.applications.lock(work, application.id)
        self._demand_undecided(work, application)
        house.parties.demand_consent(work, application.borrower_id, purpose=ASSESSMENT)
        request = Request(
            application_id=application.id,
            amount=application.request.amount,
            months=application.request.months,
            borrower=firm_of(house, work, application),
            features=house.applications.features(work, application.id),
            round=1 + len(house.policies.decisions_of(work, application.id)),
        )
        (answer,) = self._house.lane.decide(work, [(work.actor.id, request)])
        if isinstance(answer, TaelError):
            raise answer
        if application.state is not _S.DATA_PENDING and application.state is not _S.IN_REVIEW:
            house.applications.collect(work, application.id)
        return house.applications.take_decision(work, application.id, answer.entry.id)

    def _demand_undecided(self, work: Work, application: model.Application) -> None:
        """It may be decided: it is before a decision, or was referred for want of a source."""
        if application.state not in _UNDECIDED:
            model.move(application.state, _S.APPROVED)
        decision_id = application.decision_id
        if application.state is not _S.REFERRED or decision_id is None:
            return
        if not self._house.policies.lost_sources(work, decision_id):
            raise Conflict(
                f"{application.id} was referred to a person, and no source was missing",
                field="state",
                rule="review and judge it",
            )

    def _sources(self) -> SourceClient:
        """The client of the sources, opened when it is first needed."""
        with self._opening:
            if self._client is None:
                from tael.app.sources import open_sources  # noqa: PLC0415 - only staged ones ask

                self._client = self._stack.enter_context(open_sources(self._house))
        return self._client
