"""Use cases from the request to the bank's answer: every move but the last two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Unpack

from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    ConsentId,
    DecisionId,
    EventId,
    Forbidden,
    GroupId,
    PartyId,
    check,
    day_of,
)
from tael.kernel.facts import ApplicationSubmitted, DecisionMade
from tael.origination import rules
from tael.origination.banks import BankSteps
from tael.origination.commands import once
from tael.origination.journal import record
from tael.origination.model import (
    Application,
    ApplicationState,
    DataPull,
    Event,
    Pulled,
    Request,
    move,
)
from tael.origination.moves import move_application, void_offers
from tael.origination.parties import ASSESSMENT, found, require_consent
from tael.origination.ports import (
    ApplicationFilter,
    DecisionAnswer,
    OriginationStore,
    Outside,
    Page,
)
from tael.platform import Work

_S = ApplicationState
_OUTCOMES = {"approve": _S.APPROVED, "decline": _S.DECLINED, "refer": _S.REFERRED}
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """Who applies, for whom it is seen: ``owner_id`` and ``consultant_id`` are users who see it."""

    group_id: GroupId
    applicant_id: PartyId
    owner_id: str = ""
    consultant_id: str = ""


class Applications(BankSteps):
    """Applications from the first request to the bank's own decision."""

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)

    def create(self, work: Work, key: str, origin: Origin, request: Request) -> Application:
        """A draft; the same ``key`` again gives the same application.

        Raises:
            BadInput: the request cannot be lent, or the applicant is not of the group.
            Conflict: the key came before with other inputs, or the borrower has one open.
            NotFound: no such group.
        """
        store, now = self._store(work), work.clock.now()

        def act() -> str:
            rules.checked_request(request)
            group = found(store.group(origin.group_id), "group_id", origin.group_id)
            today = day_of(now)
            if origin.applicant_id not in group.parties(today):
                raise BadInput(
                    f"{origin.applicant_id} is not of the group {group.id}",
                    field="applicant_id",
                    rule="a member of the obligor group today",
                )
            known = store.parties([member.party_id for member in group.on(today)])
            borrower_id = rules.borrower_of(group, known, today)
            _refuse_second(store, borrower_id)
            application = Application(
                id=ApplicationId.derive(now, key),
                group_id=group.id,
                applicant_id=origin.applicant_id,
                borrower_id=borrower_id,
                request=request,
                state=_S.DRAFT,
                created_at=now,
                owner_id=origin.owner_id,
                consultant_id=origin.consultant_id,
            )
            store.add_application(application)
            record(work, store, application.id, "application_drafted", amount=str(request.amount))
            return application.id

        application_id, _ = once(store, key, _create_inputs(origin, request), act)
        return self.get(work, ApplicationId(application_id))

    def get(self, work: Work, application_id: ApplicationId) -> Application:
        """One application that the caller may see.

        Raises:
            NotFound: there is none.
        """
        return found(
            self._store(work).application(application_id), "application_id", application_id
        )

    def find_by_key(self, work: Work, key: str) -> ApplicationId | None:
        """The application that a command made or decided under ``key``, if it did."""
        known = self._store(work).command(key)
        return None if known is None else ApplicationId.parse(known[1], field="key")

    def exists(self, work: Work, application_id: ApplicationId) -> bool:
        """Whether there is such an application that the caller may see."""
        return self._store(work).application(application_id) is not None

    def find(
        self,
        work: Work,
        where: ApplicationFilter,
        *,
        after: ApplicationId | None = None,
        limit: int = 50,
    ) -> Page:
        """Applications that the caller may see, newest first, ``limit`` (1 to 200) at a time.

        Raises:
            BadInput: a limit out of range.
        """
        if not 1 <= limit <= _MOST_ROWS:
            raise BadInput(f"{limit} rows are no page", field="limit", rule=f"1 to {_MOST_ROWS}")
        rows = self._store(work).find(where, after=after, limit=limit + 1)
        more = len(rows) > limit
        return Page(tuple(rows[:limit]), rows[limit - 1].id if more else None)

    def timeline(self, work: Work, application_id: ApplicationId) -> Sequence[Event]:
        """What happened to an application, oldest first."""
        self.get(work, application_id)
        return self._store(work).events(application_id)

    def pulls(self, work: Work, application_id: ApplicationId) -> Sequence[DataPull]:
        """The data an application rests on, oldest first."""
        self.get(work, application_id)
        return self._store(work).pulls(application_id)

    def submit(self, work: Work, application_id: ApplicationId) -> Application:
        """Hand the draft in. Applicant and borrower must have consented to the assessment.

        Raises:
            Forbidden: a consent is missing (``no_live_consent``).
            Conflict: it is no draft.
        """
        store, application = self._locked(work, application_id)
        move(application.state, _S.SUBMITTED)
        today = day_of(work.clock.now())
        for party_id in {application.applicant_id, application.borrower_id}:
            require_consent(store, party_id, purpose=ASSESSMENT, today=today)
        moved = self._move(work, application, _S.SUBMITTED, submitted_at=work.clock.now())
        work.emit(
            ApplicationSubmitted(
                stream=application.id,
                day=today,
                application_id=application.id,
                applicant_id=application.applicant_id,
                amount=application.request.amount,
            ),
            key=f"application_submitted:{application.id}",
        )
        return moved

    def collect(self, work: Work, application_id: ApplicationId) -> Application:
        """Ask for data (again): → DATA_PENDING, of what was referred or reconsidered by review.

        Raises:
            Conflict: the state does not allow it.
        """
        _, application = self._locked(work, application_id)
        if application.state in (_S.REFERRED, _S.RECONSIDERED):
            application = self._move(work, application, _S.IN_REVIEW)
        return self._move(work, application, _S.DATA_PENDING)

    def lock(self, work: Work, application_id: ApplicationId) -> Application:
        """One application, which nobody else changes until this unit of work ends.

        Raises:
            NotFound: there is none that the caller may see.
        """
        return self._locked(work, application_id)[1]

    def features(self, work: Work, application_id: ApplicationId) -> Mapping[str, object]:
        """The values that were received, the latest of a name; exact."""
        return rules.merged(pull.values for pull in self.pulls(work, application_id))

    def add_pull(
        self, work: Work, key: str, consent_id: ConsentId, **pulled: Unpack[Pulled]
    ) -> DataPull:
        """Keep what a source gave under a consent; the same ``key`` again keeps it once.

        Raises:
            Forbidden: the consent is not live, not for the assessment, does not cover the source,
                or is of somebody outside the group (invariant 17).
            Conflict: the application does not wait for data, or the key came with other data.
            BadInput: a value is no exact value; names it.
        """
        store, application = self._locked(work, pulled["application_id"])
        pull = _pull(application, key, consent_id, pulled, work.clock.now())

        def act() -> str:
            if application.state is not _S.DATA_PENDING:
                raise Conflict(
                    f"the application is {application.state.value} and takes no data",
                    field="state",
                    rule="data_pending",
                )
            _check_consent(work, store, application, pull)
            store.add_pull(pull)
            told = {"source": pull.source, "consent": consent_id}
            record(work, store, application.id, "data_received", **told)
            return pull.id

        inputs = {
            "command": "add_pull",
            "application": application.id,
            "consent": consent_id,
            "source": pull.source,
            "hash": pull.content_hash,
        }
        kept, _ = once(store, key, inputs, act)
        return next(known for known in store.pulls(application.id) if known.id == kept)

    def note_data(
        self, work: Work, application_id: ApplicationId, sources: str, content_hash: str
    ) -> None:
        """A line in the timeline: data of ``sources`` that are kept elsewhere, by their hash."""
        store, application = self._locked(work, application_id)
        told = {"source": sources, "hash": content_hash}
        record(work, store, application.id, "data_received", **told)

    def review(self, work: Work, application_id: ApplicationId) -> Application:
        """The data is there, or the matter is taken up again: → IN_REVIEW.

        Raises:
            Conflict: no data was received, or the state does not allow it.
        """
        store, application = self._locked(work, application_id)
        move(application.state, _S.IN_REVIEW)
        if not store.pulls(application_id):
            raise Conflict("no data was received yet", field="pulls", rule="at least one data pull")
        return self._move(work, application, _S.IN_REVIEW)

    def decide(self, work: Work, application_id: ApplicationId) -> Application:
        """Let the policy in force decide on everything received: the guarantor's own decision.

        Raises:
            BadInput: an input of the policy is missing or wrong; names it.
            Conflict: it is not in review.
        """
        store, application = self._locked(work, application_id)
        if application.state is not _S.IN_REVIEW:
            move(application.state, _S.APPROVED)
        request = application.request
        answer = self._outside.decisions.decide(
            work,
            application_id,
            rules.merged(pull.values for pull in store.pulls(application_id)),
            amount=request.amount,
            months=request.months,
        )
        return self._take(work, application, answer)

    def take_decision(
        self, work: Work, application_id: ApplicationId, decision_id: DecisionId
    ) -> Application:
        """Go the way of a decision that was made elsewhere on data of its own: it may need none.

        Raises:
            Conflict: the application neither waits for data nor is in review.
        """
        _, application = self._locked(work, application_id)
        if application.state is not _S.IN_REVIEW:
            application = self._move(work, application, _S.IN_REVIEW)
        return self._take(work, application, self._outside.decisions.decision(work, decision_id))

    def once_decided(self, work: Work, key: str, application_id: ApplicationId) -> None:
        """Note that the command ``key`` decided an application; ``find_by_key`` finds it.

        Raises:
            Conflict: the key came before with another command.
        """
        inputs = {"command": "decide", "application": application_id}
        once(self._store(work), key, inputs, lambda: application_id)

    def _take(self, work: Work, application: Application, answer: DecisionAnswer) -> Application:
        check(answer.outcome in _OUTCOMES, "a decision approves, declines or refers")
        moved = self._move(
            work,
            application,
            _OUTCOMES[answer.outcome],
            detail={"tier": str(answer.tier), "reasons": " ".join(answer.reason_codes)},
            decision_id=answer.id,
            tier=answer.tier or None,  # 0 of one that was declined before it was rated
            limit=answer.limit,
        )
        _tell_decision(work, moved, answer.outcome)
        return moved

    def judge(
        self, work: Work, application_id: ApplicationId, *, approve: bool, note: str
    ) -> Application:
        """A person's word on what the policy referred; price and limit stay the decision's.

        Raises:
            Conflict: it is not in review, or the policy did not refer it.
            BadInput: no note.
        """
        _, application = self._locked(work, application_id)
        to = _S.APPROVED if approve else _S.DECLINED
        move(application.state, to)
        if application.decision_id is None:
            raise Conflict("no policy decided yet", field="decision", rule="referred by the policy")
        decision = self._outside.decisions.decision(work, application.decision_id)
        if decision.outcome != "refer":
            raise Conflict(
                f"the policy said {decision.outcome}; a person decides what it referred",
                field="decision",
                rule="referred by the policy",
            )
        if approve and not decision.options:
            raise Conflict(
                "the policy gave no limit and no price, for data were missing",
                field="decision",
                rule="decide again first",
            )
        moved = self._move(work, application, to, detail={"note": _note(note)})
        _tell_decision(work, moved, "approve" if approve else "decline")
        return moved

    def reconsider(self, work: Work, application_id: ApplicationId, *, note: str) -> Application:
        """A second look at a decline on new facts (复议): DECLINED → RECONSIDERED.

        Raises:
            Conflict: it is not declined, or the borrower has another open application.
        """
        store, application = self._locked(work, application_id)
        move(application.state, _S.RECONSIDERED)
        _refuse_second(store, application.borrower_id)
        return self._move(work, application, _S.RECONSIDERED, detail={"note": _note(note)})

    def withdraw(self, work: Work, application_id: ApplicationId, *, note: str) -> Application:
        """The applicant no longer wants it; its live offers fall away.

        Raises:
            Conflict: it is not open.
        """
        store, application = self._locked(work, application_id)
        moved = self._move(work, application, _S.WITHDRAWN, detail={"note": _note(note)})
        void_offers(work, store, application_id)
        return moved

    def expire(self, work: Work, *, limit: int = 200) -> int:
        """End open applications older than the house's conditions allow; returns how many."""
        store, now = self._store(work), work.clock.now()
        oldest = now - timedelta(days=self._outside.conditions.application_days)
        ended = store.stale(oldest, limit)
        for application in ended:
            self._move(work, application, _S.EXPIRED)
            void_offers(work, store, application.id)
        return len(ended)

    def _store(self, work: Work) -> OriginationStore:
        return self._outside.store(work)

    def _move(
        self,
        work: Work,
        application: Application,
        to: ApplicationState,
        detail: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Application:
        return move_application(work, self._store(work), application, to, detail, **changes)


def _pull(
    application: Application, key: str, consent_id: ConsentId, pulled: Pulled, at: datetime
) -> DataPull:
    values = rules.checked_values(pulled["values"])
    return DataPull(
        id=EventId.derive(application.created_at, application.id, key),
        application_id=application.id,
        consent_id=consent_id,
        source=rules.checked_code(pulled["source"], "source"),
        pulled_at=at,
        values=values,
        content_hash=rules.digest(rules.canonical(rules.values_to_json(values))),
    )


def _check_consent(
    work: Work, store: OriginationStore, application: Application, pull: DataPull
) -> None:
    consent_id, source = pull.consent_id, pull.source
    today = day_of(work.clock.now())
    consent = found(store.consent(consent_id), "consent_id", consent_id)
    group = found(store.group(application.group_id), "group_id", application.group_id)
    terms = consent.authorisation
    wrong = {
        "a live consent": not consent.live(today),
        f"for {ASSESSMENT}": terms.purpose != ASSESSMENT,
        f"with {source} in its scope": source not in terms.scope,
        "of a member of the group": consent.party_id not in group.parties(today),
    }
    broken = [rule for rule, is_wrong in wrong.items() if is_wrong]
    if broken:
        raise Forbidden(
            f"{consent_id} does not allow this: it is not {broken[0]}",
            code="no_live_consent",
            field="consent_id",
            rule=broken[0],
        )


def _refuse_second(store: OriginationStore, borrower_id: PartyId) -> None:
    other = store.open_application(borrower_id)
    if other is not None:
        raise Conflict(
            f"{borrower_id} has the open application {other.id}",
            code="open_application",
            field="borrower_id",
            rule="one open application per borrower",
        )


def _tell_decision(work: Work, application: Application, outcome: str) -> None:
    check(application.decision_id is not None, "a decided application names its decision")
    if application.decision_id is None:
        return
    work.emit(
        DecisionMade(
            stream=application.id,
            day=day_of(work.clock.now()),
            application_id=application.id,
            decision_id=application.decision_id,
            outcome=outcome,
            tier=application.tier,
        ),
        key=f"decision_made:{application.id}:{application.decision_id}:{application.version}",
    )


def _create_inputs(origin: Origin, request: Request) -> dict[str, object]:
    return {
        "command": "create_application",
        "group": origin.group_id,
        "applicant": origin.applicant_id,
        "owner": origin.owner_id,
        "consultant": origin.consultant_id,
        "amount": getattr(request.amount, "minor", None),
        "currency": getattr(request.amount, "currency", None),
        "months": request.months,
        "method": request.method.value,
        "purpose": request.purpose,
        "channel": request.channel,
    }


def _note(note: str) -> str:
    if not note.strip():
        raise BadInput("say why", field="note", rule="non-empty text")
    return note.strip()
