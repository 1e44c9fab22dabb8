"""Use cases from the bank's yes to the signed contract: offers, disclosure, acceptance, signing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    ContractId,
    OfferId,
    Rate,
    Refusal,
    check,
    day_of,
)
from tael.kernel.facts import OfferAccepted
from tael.origination import rules
from tael.origination.journal import record
from tael.origination.model import (
    Application,
    ApplicationState,
    Contract,
    ContractState,
    Offer,
    OfferState,
    Signature,
    move,
)
from tael.origination.moves import LIVE_OFFERS, locked_application, move_application
from tael.origination.parties import found
from tael.origination.ports import DecisionAnswer, OriginationStore, Outside
from tael.platform import Work

CAP = "cap.all_in"
PLATFORM_FEE = "platform_fee_from_borrower"
_SIGNED_BY = ("electronic", "paper")


class Offers:
    """Offers that name the lender, and the contracts that come of them."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def make(self, work: Work, application_id: ApplicationId) -> tuple[Offer, ...] | Refusal:
        """Two or three offers of the lending bank, by tier, each with its cost disclosure.

        An option above the cap in force, or with a charge the jurisdiction forbids, is left out.

        Refusals:
            no_offer: none is left; with the reason of the first.

        Raises:
            Conflict: the bank has not approved, or offers were made.
        """
        store = self._outside.store(work)
        application = locked_application(store, application_id)
        move(application.state, ApplicationState.OFFERED)
        decision = self._decision(work, application)
        context, caps = self._context(work, application), self._caps(work)
        built = [
            rules.build_offer(application, decision, option, context, caps)
            for option in decision.options
        ]
        offers = tuple(offer for offer in built if isinstance(offer, Offer))
        if not offers:
            why = next((r.code for r in built if isinstance(r, Refusal)), "no_option")
            return Refusal("no_offer", {"reason": why})
        for offer in offers:
            store.add_offer(offer)
        move_application(
            work,
            store,
            application,
            ApplicationState.OFFERED,
            {"offers": str(len(offers)), "lender": context.lender.name},
        )
        return offers

    def get(self, work: Work, offer_id: OfferId) -> Offer:
        """One offer that the caller may see."""
        return found(self._outside.store(work).offer(offer_id), "offer_id", offer_id)

    def of(self, work: Work, application_id: ApplicationId) -> Sequence[Offer]:
        """Every offer on an application, oldest first."""
        return self._outside.store(work).offers_of(application_id)

    def confirm_disclosure(
        self, work: Work, offer_id: OfferId, *, document_hash: str
    ) -> Offer | Refusal:
        """The borrower has read this very cost disclosure and confirms it: PROPOSED → DISCLOSED.

        Refusals:
            offer_expired.

        Raises:
            BadInput: the hash is not that of the offer's disclosure.
            Conflict: the offer is not proposed.
        """
        store, offer = self._locked(work, offer_id)
        if document_hash != offer.disclosure.hash:
            raise BadInput(
                "what was confirmed is not the cost disclosure of this offer",
                field="document_hash",
                rule="the hash of the disclosure shown",
            )
        if offer.state is OfferState.DISCLOSED:
            return offer
        return self._live(work, offer) or _change(
            work, store, offer, OfferState.DISCLOSED, {"disclosed_at": work.clock.now()}
        )

    def accept(self, work: Work, offer_id: OfferId) -> Offer | Refusal:
        """Take an offer whose disclosure was confirmed; the others are rejected with it.

        Refusals:
            offer_expired.

        Raises:
            Conflict: the disclosure was not confirmed, or the offer is no longer open.
        """
        store, offer = self._locked(work, offer_id)
        if offer.state is OfferState.ACCEPTED:
            return offer
        move(offer.state, OfferState.ACCEPTED)
        late = self._live(work, offer)
        if late is not None:
            return late
        check(offer.disclosed_at is not None, "what is accepted was disclosed")
        for other in store.offers_of(offer.application_id):
            if other.id != offer.id and other.state in LIVE_OFFERS:
                _change(work, store, other, OfferState.REJECTED, {})
        return _change(work, store, offer, OfferState.ACCEPTED, {"accepted_at": work.clock.now()})

    def reject(self, work: Work, offer_id: OfferId) -> Offer:
        """The borrower does not want it."""
        store, offer = self._locked(work, offer_id)
        return _change(work, store, offer, OfferState.REJECTED, {})

    def sign(self, work: Work, offer_id: OfferId, signature: Signature) -> Contract | Refusal:
        """Sign loan, guarantee and service contract together, with frozen terms.

        The cap and the payers are checked again as in force today; tier, price, limit and versions
        must be the decision's. Signed again, the contract that was signed is the answer.

        Refusals:
            offer_expired, cap_exceeded, platform_fee_from_borrower.

        Raises:
            Conflict: the offer was not accepted.
            BadInput: somebody else signs, in an unknown way, or over another document.
        """
        store, offer = self._locked(work, offer_id)
        application = locked_application(store, offer.application_id)
        collectors = self._outside.conditions.collectors
        documents = rules.contract_documents(offer, application, collectors)
        content = rules.contract_hash(documents)
        _check_signature(signature, application, content)
        if offer.state is OfferState.CONTRACTED:
            return found(store.contract_of(application.id), "application_id", application.id)
        move(offer.state, OfferState.CONTRACTED)
        caps = self._caps(work)
        today = day_of(work.clock.now())
        decision = self._decision(work, application)
        refusal = rules.check_signing(offer, decision, caps, today)
        if refusal is not None:
            return refusal
        contract = Contract(
            id=ContractId.derive(offer.created_at, offer.id),
            application_id=application.id,
            offer_id=offer.id,
            group_id=application.group_id,
            borrower_id=application.borrower_id,
            lender=offer.lender,
            terms=offer.terms,
            all_in=offer.all_in,
            cap=caps.all_in,
            disclosure_hash=offer.disclosure.hash,
            documents=documents,
            hash=content,
            state=ContractState.SIGNED,
            signed_at=work.clock.now(),
        )
        rules.check_contract(contract)
        return self._sealed(work, store, application, offer, contract)

    def documents(self, work: Work, offer_id: OfferId) -> tuple[dict[str, str], str]:
        """The three contracts of an offer as they would be signed, and the hash that is signed."""
        store = self._outside.store(work)
        offer = self.get(work, offer_id)
        application = found(
            store.application(offer.application_id), "application_id", offer.application_id
        )
        texts = rules.contract_documents(offer, application, self._outside.conditions.collectors)
        return texts, rules.contract_hash(texts)

    def contract(self, work: Work, contract_id: ContractId) -> Contract:
        """A contract, checked against its hash.

        Raises:
            InvariantBroken: it is not what was signed.
        """
        contract = self._outside.store(work).contract(contract_id)
        signed = found(contract, "contract_id", contract_id)
        rules.check_contract(signed)
        return signed

    def contract_of(self, work: Work, application_id: ApplicationId) -> Contract | None:
        """The contract of an application, if one was signed."""
        contract = self._outside.store(work).contract_of(application_id)
        if contract is not None:
            rules.check_contract(contract)
        return contract

    def void_contract(self, work: Work, contract_id: ContractId, *, reason: str) -> Contract:
        """The bank fell away before the money moved: contract and offer are void.

        The application stays where it is; a new one starts over with another bank.

        Raises:
            Conflict: it is void.
        """
        store = self._outside.store(work)
        contract = found(store.contract(contract_id, lock=True), "contract_id", contract_id)
        void = replace(contract, state=move(contract.state, ContractState.VOID))
        store.change_contract(void)
        offer = found(store.offer(contract.offer_id, lock=True), "offer_id", contract.offer_id)
        _change(work, store, offer, OfferState.VOID, {})
        rules.checked_code(reason, "reason")
        record(work, store, contract.application_id, "contract_void", reason=reason)
        return void

    def expire(self, work: Work, *, limit: int = 500) -> int:
        """End the open offers whose last day is over; returns how many."""
        store = self._outside.store(work)
        lapsed = store.lapsed_offers(day_of(work.clock.now()), limit)
        for offer in lapsed:
            _change(work, store, offer, OfferState.EXPIRED, {})
        return len(lapsed)

    def _sealed(
        self,
        work: Work,
        store: OriginationStore,
        application: Application,
        offer: Offer,
        contract: Contract,
    ) -> Contract:
        store.add_contract(contract)
        store.change_offer(replace(offer, state=OfferState.CONTRACTED))
        move_application(
            work,
            store,
            application,
            ApplicationState.CONTRACTED,
            {"contract": contract.id, "hash": contract.hash},
        )
        work.emit(
            OfferAccepted(
                stream=application.id,
                day=day_of(work.clock.now()),
                application_id=application.id,
                offer_id=offer.id,
                contract_id=contract.id,
            ),
            key=f"offer_accepted:{offer.id}",
        )
        return contract

    def _locked(self, work: Work, offer_id: OfferId) -> tuple[OriginationStore, Offer]:
        store = self._outside.store(work)
        # The application first, then its offer: one order of locks for everybody.
        seen = found(store.offer(offer_id), "offer_id", offer_id)
        store.application(seen.application_id, lock=True)
        return store, found(store.offer(offer_id, lock=True), "offer_id", offer_id)

    def _live(self, work: Work, offer: Offer) -> Refusal | None:
        if day_of(work.clock.now()) <= offer.expires:
            return None
        return Refusal("offer_expired", {"expires": offer.expires.isoformat()})

    def _decision(self, work: Work, application: Application) -> DecisionAnswer:
        if application.decision_id is None:
            raise Conflict("no decision was made", field="decision", rule="decided")
        return self._outside.decisions.decision(work, application.decision_id)

    def _context(self, work: Work, application: Application) -> rules.OfferContext:
        if application.partner_id is None:
            raise Conflict("no bank was chosen", field="partner_id", rule="routed")
        now = work.clock.now()
        conditions = self._outside.conditions
        return rules.OfferContext(
            lender=self._outside.routes.lender(work, application.partner_id),
            collectors=conditions.collectors,
            today=day_of(now),
            expires=day_of(now).plus_days(conditions.offer_days),
            at=now,
        )

    def _caps(self, work: Work) -> rules.Caps:
        today = day_of(work.clock.now())
        value = self._outside.parameters.value
        return rules.Caps(
            all_in=Rate(_fraction(value(work, CAP, today), CAP)),
            platform_fee_from_borrower=_flag(value(work, PLATFORM_FEE, today), PLATFORM_FEE),
        )


def _change(
    work: Work, store: OriginationStore, offer: Offer, to: OfferState, stamps: dict[str, object]
) -> Offer:
    moved = replace(offer, state=move(offer.state, to), **stamps)  # type: ignore[arg-type]
    store.change_offer(moved)
    record(work, store, offer.application_id, f"offer_{to.value}", offer=offer.id, code=offer.code)
    return moved


def _check_signature(signature: Signature, application: Application, content: str) -> None:
    if signature.party_id != application.borrower_id:
        raise BadInput(
            f"{signature.party_id} does not owe this loan",
            field="signature.party_id",
            rule="the borrower signs",
        )
    if signature.method not in _SIGNED_BY:
        raise BadInput(
            f"{signature.method!r} is no way to sign",
            field="signature.method",
            rule=" | ".join(_SIGNED_BY),
        )
    if signature.document_hash != content:
        raise BadInput(
            "what was signed is not what this offer says",
            field="signature.document_hash",
            rule="the hash of the three contracts",
        )


def _fraction(value: object, name: str) -> Decimal:
    if isinstance(value, dict):
        value = value.get("rate")
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise BadInput(
            f"{name} is {value!r}, not a fraction", field=name, rule="decimal fraction of one"
        ) from None


def _flag(value: object, name: str) -> bool:
    if isinstance(value, dict):
        value = value.get("allowed")
    if not isinstance(value, bool):
        raise BadInput(f"{name} is {value!r}, neither true nor false", field=name, rule="boolean")
    return value
