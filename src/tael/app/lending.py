"""From a decided application to a loan in the books, and back: the steps that cross rooms.

Each step is one unit of work and may run again. A bank is called with no transaction open; what it
answers is noted under the key it was asked with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tael.app.guarantor import limits_on
from tael.app.installation import Installation
from tael.app.routing import PRODUCT, agreement_to_ask, asked_amount
from tael.funding import (
    Agreement,
    BankClient,
    BankDesk,
    ClaimOrder,
    CreditRequest,
    Disbursement,
    DisbursementOrder,
    Funding,
    ReserveRequest,
)
from tael.kernel import (
    AgreementId,
    ApplicationId,
    Conflict,
    Day,
    InvariantBroken,
    LoanId,
    NotFound,
    PartnerId,
    Refusal,
    check,
    day_of,
)
from tael.ledger import Dimensions
from tael.origination import model, ports
from tael.platform import SYSTEM, Actor, Work
from tael.pricing import build_schedule
from tael.servicing import (
    GuaranteeTerms,
    LoanContract,
    LoanHeader,
    LoanState,
    LoanStatus,
    days_past_due,
)


class Lending:
    """The cross-room steps of one installation.

    Args:
        house: the installation.
        banks: the wire to each partner bank.
        actor: on whose behalf the steps run.
    """

    def __init__(
        self, house: Installation, banks: Mapping[PartnerId, BankClient], actor: Actor = SYSTEM
    ) -> None:
        self._house = house
        self._actor = actor
        self.banks = banks
        self.desk = BankDesk(self._funding, banks, self._book)

    def ask_bank(self, application_id: ApplicationId) -> model.Application:
        """Put a routed application before its bank; unchanged while the bank has not decided.

        Raises:
            OutsideFailure: the bank is silent; ask again.
            Forbidden: the borrower has not consented to this bank.
        """
        house = self._house
        with house.database.begin(self._actor) as work:
            request = house.applications.bank_request(work, application_id)
        answer = self._ask(request)
        with house.database.begin(self._actor) as work:
            return house.applications.bank_answered(work, application_id, answer)

    def disburse(self, application_id: ApplicationId, *, loan_id: LoanId) -> LoanState | Refusal:
        """Reserve the guarantee, have the bank pay out, and book the loan when it has.

        Refuses with a limit's code; the money has not moved then.

        Raises:
            Conflict: no signed contract, or the bank has not answered the payout yet
                (``payout_unknown``): run it again later.
        """
        house = self._house
        with house.database.begin(self._actor) as work:
            contract = self._signed(work, application_id)
            known = self._loan(work, loan_id)
            if known is not None:
                return known
            if not self._is_ordered(work, loan_id):
                refusal = self._order_payout(work, contract, loan_id)
                if refusal is not None:
                    return refusal
        payout = self.desk.disburse(_payout_key(loan_id))
        if payout.state.value == "failed":
            return Refusal("payout_failed", {"reason": payout.reason})
        if payout.state.value != "disbursed":
            raise Conflict(
                f"the bank has not said whether it paid out {loan_id}; it is asked again",
                code="payout_unknown",
                field="loan_id",
                rule="a payout is known before anything is booked",
            )
        with house.database.begin(self._actor) as work:
            return house.rooms(work).servicing.state(loan_id)

    def compensate(self, loan_id: LoanId, day: Day) -> LoanState | Refusal:
        """Claim, have the bank verify, pay: a loan at its claim threshold becomes ours to recover.

        Run again it goes on where it stopped.
        """
        house, key = self._house, f"claim:{loan_id}"
        with house.database.begin(self._actor) as work:
            rooms = house.rooms(work)
            state: LoanState | Refusal = rooms.servicing.state(loan_id)
            if isinstance(state, LoanState) and state.claim is None:
                state = rooms.servicing.claim(loan_id, day, key=key)
            if isinstance(state, Refusal):
                return state
            claim = state.claim
            if claim is None:
                raise NotFound(f"{loan_id} has no claim", field="loan_id")
            order = ClaimOrder(
                key=key,
                loan=loan_id,
                agreement=AgreementId(state.contract.dimensions.agreement),
                day=claim.day,
                days_past_due=days_past_due(state.rows, claim.day),
                principal=claim.principal,
                interest=claim.interest,
                penalty=claim.penalty,
            )
            limits = limits_on(house.parameters, work, day)
            ordered = rooms.funding.claims.order(order, limits)
            if isinstance(ordered, Refusal):
                raise Conflict(f"claim on {loan_id} refused: {ordered}", field="loan_id")
        verified = self.desk.claim(key)
        if verified.state.value not in ("verified", "paid", "confirmed"):
            return Refusal("claim_not_verified", {"state": verified.state.value})
        with house.database.begin(self._actor) as work:
            rooms = house.rooms(work)
            paid = rooms.servicing.compensate(loan_id, day, key=f"compensate:{loan_id}")
            if isinstance(paid, LoanState):
                rooms.funding.claims.pay(key, order.amount)
                rooms.funding.claims.confirm(key)
            return paid

    def _ask(self, request: ports.BankRequest) -> ports.BankAnswer:
        with self._house.database.begin(self._actor) as work:
            application = self._house.applications.get(work, request.application_id)
            asked = self._credit_request(work, application, request.partner_id)
        answer = self.desk.ask(asked)
        return ports.BankAnswer(
            partner_id=request.partner_id,
            approved=answer.approved,
            reference=answer.reference,
            amount=answer.amount if answer.approved else None,
            reason=answer.reason,
        )

    def _credit_request(
        self, work: Work, application: model.Application, partner_id: PartnerId
    ) -> CreditRequest:
        """What the bank is asked: no personal datum; those reach it through a licensed bureau."""
        check(application.limit is not None, "a bank is asked about what the guarantor approved")
        funding = self._house.rooms(work).funding
        given = funding.credit_given(application.id, partner_id)
        agreement = (
            given[0].id if given else agreement_to_ask(funding, work, application, partner_id)
        )
        return CreditRequest(
            application=application.id,
            agreement=agreement,
            partner=partner_id,
            amount=asked_amount(application),
            months=application.request.months,
            facts={"tier": str(application.tier)},
        )

    def _is_ordered(self, work: Work, loan_id: LoanId) -> bool:
        """Whether an earlier run ordered the payout: its day stands, whatever day it is now."""
        try:
            self._house.rooms(work).funding.disbursements.find(_payout_key(loan_id))
        except NotFound:
            return False
        return True

    def _order_payout(
        self, work: Work, contract: model.Contract, loan_id: LoanId
    ) -> Refusal | None:
        house = self._house
        funding = house.rooms(work).funding
        today = day_of(work.clock.now(), house.settings.zone)
        agreement, reference = _approved(funding, contract)
        reserved = funding.guarantee.reserve(
            ReserveRequest(
                key=f"reserve:{loan_id}",
                loan=loan_id,
                borrower=contract.borrower_id,
                group=contract.group_id,
                agreement=agreement.id,
                amount=contract.terms.amount,
            ),
            limits_on(house.parameters, work, today),
        )
        if isinstance(reserved, Refusal):
            return reserved
        funding.disbursements.order(
            DisbursementOrder(
                key=_payout_key(loan_id),
                loan=loan_id,
                agreement=agreement.id,
                reservation=reserved.id,
                credit_reference=reference,
                amount=contract.terms.amount,
                day=today,
            )
        )
        rooms = house.rooms(work)
        rooms.servicing.open(*self._opening(work, contract, loan_id, today))
        return None

    def _opening(
        self, work: Work, contract: model.Contract, loan_id: LoanId, start: Day
    ) -> tuple[LoanHeader, LoanContract]:
        house = self._house
        terms, parameters = contract.terms, house.parameters
        decision = house.policies.decision(work, terms.decision_id)
        application = house.applications.get(work, contract.application_id)
        agreement, _ = _approved(house.rooms(work).funding, contract)
        guarantee = GuaranteeTerms(
            pd_12m=decision.pd,
            lgd_initial=parameters.rate(work, "loss.given_default", start),
            lgd_compensated=parameters.rate(work, "loss.given_compensation", start),
            claim_dpd=parameters.count(work, "compensation.dpd", start),
        )
        dimensions = Dimensions(
            loan=loan_id,
            partner=contract.lender.partner_id,
            agreement=agreement.id,
            product=PRODUCT,
            tier=f"R{terms.tier}",
            channel=application.request.channel,
            vintage=start.isoformat()[:7],
        )
        schedule = build_schedule(terms.schedule_terms(start))
        header = LoanHeader(
            application_id=contract.application_id,
            borrower_id=contract.borrower_id,
            group_id=contract.group_id,
            tier=terms.tier,
            contract_hash=contract.hash,
        )
        return header, LoanContract(loan_id, schedule, guarantee, dimensions)

    def _signed(self, work: Work, application_id: ApplicationId) -> model.Contract:
        contract = self._house.offers.contract_of(work, application_id)
        if contract is None or contract.state.value != "signed":
            raise Conflict(
                f"{application_id} has no signed contract",
                field="application_id",
                rule="money moves on a signed contract",
            )
        return contract

    def _loan(self, work: Work, loan_id: LoanId) -> LoanState | None:
        """The loan when it is in the books already."""
        try:
            state = self._house.rooms(work).servicing.state(loan_id)
        except NotFound:
            return None
        return None if state.status is LoanStatus.PENDING else state

    def _book(self, funding: Funding, payout: Disbursement) -> None:
        """Book the loan in the unit of work that learns that the bank has paid out."""
        work = funding.work
        check(isinstance(work, Work), "rooms of one unit of work share it")
        servicing = self._house.rooms(work).servicing  # type: ignore[arg-type]
        booked = servicing.disburse(payout.order.loan, payout.order.day, key="disburse")
        check(isinstance(booked, LoanState), "what the bank paid out is booked")

    @contextmanager
    def _funding(self) -> Iterator[Funding]:
        with self._house.database.begin(self._actor) as work:
            yield self._house.rooms(work).funding


def _approved(funding: Funding, contract: model.Contract) -> tuple[Agreement, str]:
    """Under which agreement the lender approved what the contract says, and its reference."""
    given = funding.credit_given(contract.application_id, contract.lender.partner_id)
    if given is None:
        raise InvariantBroken(f"{contract.lender.name} pays out what it never approved")
    agreement, answer = given
    return agreement, answer.reference


def _payout_key(loan_id: LoanId) -> str:
    return f"payout:{loan_id}"
