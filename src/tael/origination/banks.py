"""Use cases between the guarantor's approval and the bank's own decision: route, ask, answer."""

from __future__ import annotations

from tael.kernel import ApplicationId, BadInput, Conflict, Refusal, check, day_of
from tael.kernel.facts import BankAnswered
from tael.origination.journal import record
from tael.origination.model import (
    OPEN_STATES,
    Application,
    ApplicationState,
    ConsentState,
    move,
)
from tael.origination.moves import locked_application, move_application, void_offers
from tael.origination.parties import BANK, end_consent, require_consent
from tael.origination.ports import (
    BankAnswer,
    BankRequest,
    OriginationStore,
    Outside,
    RouteRequest,
)
from tael.platform import Work

_S = ApplicationState


class BankSteps:
    """The steps of an application at the banks."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

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
        _void_bank(work, store, application)
        return move_application(
            work,
            store,
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
        moved = move_application(
            work,
            store,
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

    def _locked(
        self, work: Work, application_id: ApplicationId
    ) -> tuple[OriginationStore, Application]:
        store = self._outside.store(work)
        return store, locked_application(store, application_id)


def _void_bank(work: Work, store: OriginationStore, application: Application) -> None:
    void_offers(work, store, application.id)
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
