"""Use cases from the request to the bank's answer: every move but the last two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    ConsentId,
    EventId,
    Forbidden,
    GroupId,
    PartyId,
    Refusal,
    check,
    day_of,
)
from tael.kernel.facts import ApplicationSubmitted, BankAnswered, DecisionMade
from tael.origination import rules
from tael.origination.commands import once
from tael.origination.journal import record
from tael.origination.model import (
    OPEN_STATES,
    Application,
    ApplicationState,
    ConsentState,
    DataPull,
    Event,
    OfferState,
    Request,
    move,
)
from tael.origination.parties import ASSESSMENT, BANK, end_consent, found, require_consent
from tael.origination.ports import (
    ApplicationFilter,
    BankAnswer,
    BankRequest,
    OriginationStore,
    Outside,
    Page,
    RouteRequest,
)
from tael.platform import Work

_S = ApplicationState
_OUTCOMES = {"approve": _S.APPROVED, "decline": _S.DECLINED, "refer": _S.REFERRED}
_MOST_ROWS = 200
_LIVE_OFFERS = (OfferState.PROPOSED, OfferState.DISCLOSED, OfferState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who applies, for whom it is seen: ``owner_id`` and ``consultant_id`` are users who see it."""

    group_id: GroupId
    applicant_id: PartyId
    owner_id: str = ""
    consultant_id: str = ""


class Applications:
    """Applications from the first request to the bank's own decision."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

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
                id=ApplicationId.new(now),
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
        """Ask for data (again): SUBMITTED or IN_REVIEW → DATA_PENDING."""
        return self._move(work, self._locked(work, application_id)[1], _S.DATA_PENDING)

    def add_pull(
        self,
        work: Work,
        key: str,
        consent_id: ConsentId,
        *,
        application_id: ApplicationId,
        source: str,
        values: Mapping[str, object],
    ) -> DataPull:
        """Keep what ``source`` gave under a consent; the same ``key`` again keeps it once.

        Raises:
            Forbidden: the consent is not live, not for the assessment, does not cover the source,
                or is of somebody outside the group (invariant 17).
            Conflict: the application does not wait for data.
            BadInput: a value is no exact value; names it.
        """
        store, application = self._locked(work, application_id)
        exact = rules.checked_values(values)
        rules.checked_code(source, "source")
        text = rules.canonical(rules.values_to_json(exact))
        now = work.clock.now()
        pull = DataPull(
            id=EventId.derive(application.created_at, application_id, key),
            application_id=application_id,
            consent_id=consent_id,
            source=source,
            pulled_at=now,
            values=exact,
            content_hash=rules.digest(text),
        )

        def act() -> str:
            if application.state is not _S.DATA_PENDING:
                raise Conflict(
                    f"the application is {application.state.value} and takes no data",
                    field="state",
                    rule="data_pending",
                )
            self._check_consent(work, store, application, consent_id, source)
            store.add_pull(pull)
            record(work, store, application_id, "data_received", source=source, consent=consent_id)
            return pull.id

        inputs = {
            "command": "add_pull",
            "application": application_id,
            "consent": consent_id,
            "source": source,
            "hash": pull.content_hash,
        }
        pull_id, _ = once(store, key, inputs, act)
        return next(known for known in store.pulls(application_id) if known.id == pull_id)

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
        check(answer.outcome in _OUTCOMES, "a decision approves, declines or refers")
        moved = self._move(
            work,
            application,
            _OUTCOMES[answer.outcome],
            detail={"tier": str(answer.tier), "reasons": " ".join(answer.reason_codes)},
            decision_id=answer.id,
            tier=answer.tier,
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

    def route(self, work: Work, application_id: ApplicationId) -> Application | Refusal:
        """Choose the bank to ask, at most ``most_banks`` in turn.

        A new bank makes void what spoke of the one before: its offers, and the consent to give it
        data.

        Refusals:
            banks_exhausted: as many were asked as may be; or the router's own.
        """
        store, application = self._locked(work, application_id)
        move(application.state, _S.ROUTED)
        if len(application.banks_asked) >= self._outside.conditions.most_banks:
            return Refusal("banks_exhausted", {"asked": str(len(application.banks_asked))})
        decision_id = application.decision_id
        check(decision_id is not None and application.tier is not None, "approved means decided")
        if decision_id is None or application.tier is None or application.limit is None:
            return Refusal("banks_exhausted", {"asked": "0"})
        choice = self._outside.routes.choose(
            work,
            RouteRequest(
                application_id=application_id,
                group_id=application.group_id,
                amount=min(application.request.amount, application.limit),
                months=application.request.months,
                tier=application.tier,
                hint=self._outside.decisions.decision(work, decision_id).routing,
                excluded=frozenset(application.banks_asked),
            ),
        )
        if isinstance(choice, Refusal):
            return choice
        check(choice.partner_id not in application.banks_asked, "a bank is asked once")
        self._void_bank(work, store, application)
        return self._move(
            work,
            application,
            _S.ROUTED,
            detail={"lender": choice.name},
            partner_id=choice.partner_id,
            banks_asked=(*application.banks_asked, choice.partner_id),
            bank_amount=None,
        )

    def bank_request(self, work: Work, application_id: ApplicationId) -> BankRequest:
        """What the routed bank is to be asked, with the consent that lets it have the data.

        Raises:
            Conflict: it is not routed.
            Forbidden: the borrower has not consented to this bank (``no_live_consent``).
        """
        store, application = self._locked(work, application_id)
        move(application.state, _S.BANK_APPROVED)
        partner_id, tier, limit = application.partner_id, application.tier, application.limit
        if partner_id is None or tier is None or limit is None:
            check(condition=False, what="a routed application has bank, tier and limit")
            raise AssertionError
        consent = require_consent(
            store,
            application.borrower_id,
            purpose=BANK,
            today=day_of(work.clock.now()),
            recipient=partner_id,
        )
        return BankRequest(
            key=f"{application_id}:{partner_id}",
            application_id=application_id,
            partner_id=partner_id,
            borrower_id=application.borrower_id,
            consent_id=consent.id,
            amount=min(application.request.amount, limit),
            months=application.request.months,
            tier=tier,
        )

    def ask_bank(self, work: Work, application_id: ApplicationId) -> Application:
        """Ask the routed bank and keep its answer; unchanged while it has not decided.

        Raises:
            OutsideFailure: no answer could be had; ask again, the key is the same.
        """
        request = self.bank_request(work, application_id)
        return self.bank_answered(work, application_id, self._outside.banks.ask(work, request))

    def bank_answered(
        self, work: Work, application_id: ApplicationId, answer: BankAnswer
    ) -> Application:
        """Keep a bank's answer; a repeated one, or one of a bank asked earlier, changes nothing.

        Raises:
            Conflict: the bank was never asked, or changes its word.
            BadInput: an approved amount above the one asked, or in another currency.
        """
        store, application = self._locked(work, application_id)
        if answer.partner_id not in application.banks_asked:
            raise Conflict(
                f"{answer.partner_id} was not asked",
                field="partner_id",
                rule="a bank that was asked",
            )
        if answer.approved is None:
            return application
        if answer.partner_id != application.partner_id:
            record(work, store, application_id, "bank_answer_ignored", partner=answer.partner_id)
            return application
        to = _S.BANK_APPROVED if answer.approved else _S.BANK_DECLINED
        if application.state is not _S.ROUTED and _said_before(application, to):
            return application
        _check_bank_amount(application, answer)
        moved = self._move(
            work,
            application,
            to,
            detail={"reference": answer.reference, "reason": answer.reason},
            bank_amount=answer.amount,
        )
        work.emit(
            BankAnswered(
                stream=application_id,
                day=day_of(work.clock.now()),
                application_id=application_id,
                partner_id=answer.partner_id,
                approved=answer.approved,
            ),
            key=f"bank_answered:{application_id}:{answer.partner_id}",
        )
        return moved

    def withdraw(self, work: Work, application_id: ApplicationId, *, note: str) -> Application:
        """The applicant no longer wants it; its live offers fall away.

        Raises:
            Conflict: it is not open.
        """
        store, application = self._locked(work, application_id)
        moved = self._move(work, application, _S.WITHDRAWN, detail={"note": _note(note)})
        self._void_offers(work, store, application_id)
        return moved

    def expire(self, work: Work, *, limit: int = 200) -> int:
        """End open applications older than the house's conditions allow; returns how many."""
        store, now = self._store(work), work.clock.now()
        oldest = now - timedelta(days=self._outside.conditions.application_days)
        ended = store.stale(oldest, limit)
        for application in ended:
            self._move(work, application, _S.EXPIRED)
            self._void_offers(work, store, application.id)
        return len(ended)

    def _store(self, work: Work) -> OriginationStore:
        return self._outside.store(work)

    def _locked(
        self, work: Work, application_id: ApplicationId
    ) -> tuple[OriginationStore, Application]:
        store = self._store(work)
        application = store.application(application_id, lock=True)
        return store, found(application, "application_id", application_id)

    def _move(
        self,
        work: Work,
        application: Application,
        to: ApplicationState,
        detail: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Application:
        return move_application(work, self._store(work), application, to, detail, **changes)

    def _check_consent(
        self,
        work: Work,
        store: OriginationStore,
        application: Application,
        consent_id: ConsentId,
        source: str,
    ) -> None:
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

    def _void_bank(self, work: Work, store: OriginationStore, application: Application) -> None:
        self._void_offers(work, store, application.id)
        if application.partner_id is None:
            return
        today = day_of(work.clock.now())
        for consent in store.consents_of(application.borrower_id):
            terms = consent.authorisation
            if (
                consent.live(today)
                and terms.purpose == BANK
                and terms.recipient == application.partner_id
            ):
                end_consent(work, store, consent, ConsentState.SUPERSEDED)

    def _void_offers(
        self, work: Work, store: OriginationStore, application_id: ApplicationId
    ) -> None:
        for offer in store.offers_of(application_id):
            if offer.state in _LIVE_OFFERS:
                store.change_offer(replace(offer, state=move(offer.state, OfferState.VOID)))
                record(work, store, application_id, "offer_void", offer=offer.id)


def move_application(
    work: Work,
    store: OriginationStore,
    application: Application,
    to: ApplicationState,
    detail: Mapping[str, str] | None = None,
    **changes: Any,
) -> Application:
    """``application`` in state ``to``, with a line in its timeline.

    Raises:
        Conflict: the state does not allow it.
    """
    moved = replace(
        application,
        state=move(application.state, to),
        version=application.version + 1,
        **changes,
    )
    store.change_application(moved)
    shown = {name: value for name, value in (detail or {}).items() if value}
    record(work, store, application.id, f"application_{to.value}", **shown)
    return moved


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


def _said_before(application: Application, to: ApplicationState) -> bool:
    approved = {_S.BANK_APPROVED, _S.OFFERED, _S.CONTRACTED}
    if application.state not in approved | {_S.BANK_DECLINED}:
        return application.state not in OPEN_STATES
    return (application.state in approved) == (to is _S.BANK_APPROVED)


def _check_bank_amount(application: Application, answer: BankAnswer) -> None:
    if answer.amount is None:
        return
    asked = application.request.amount
    if answer.amount.currency != asked.currency:
        raise BadInput(
            f"the bank answers in {answer.amount.currency}, asked was {asked.currency}",
            code="currency_mismatch",
            field="amount",
            rule="the currency of the request",
        )
    if not 0 < answer.amount.minor <= asked.minor:
        raise BadInput(
            f"the bank approves {answer.amount} of {asked}",
            field="amount",
            rule="above zero, at most the amount asked",
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
