"""The room's use cases inside one unit of work; nobody here commits or calls a bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael.funding import rules
from tael.funding.agreements import agreement_with
from tael.funding.claiming import Claims
from tael.funding.disbursing import Disbursements
from tael.funding.guarantee import Guarantee
from tael.funding.memory import MemoryStore, MemoryWork
from tael.funding.model import (
    EXCLUSIONS,
    REFUSALS,
    Agreement,
    CreditAnswer,
    CreditRequest,
    ExposureKey,
    Partner,
    RouteRequest,
    Routing,
    Scope,
    credit_key,
)
from tael.funding.ports import Store, UnitOfWork
from tael.kernel import (
    ApplicationId,
    BadInput,
    Clock,
    Conflict,
    Money,
    PartnerId,
    Refusal,
    day_of,
)
from tael.kernel.facts import BankAnswered


class Funding:
    """Partners, routing, the guarantee and its limits, disbursements and claims.

    Make one per unit of work. ``guarantee`` takes room under the limits and gives it back;
    ``disbursements`` and ``claims`` keep what was ordered of the bank and what it answered.

    Args:
        store: ``FundingStore(work.connection)``, or memory.
        work: the open unit of work.
    """

    REFUSALS = REFUSALS
    EXCLUSIONS = EXCLUSIONS

    def __init__(self, store: Store, work: UnitOfWork) -> None:
        self._store = store
        self.work = work
        self.guarantee = Guarantee(store, work)
        self.disbursements = Disbursements(store, work, self.guarantee)
        self.claims = Claims(store, work, self.guarantee)

    @classmethod
    def in_memory(cls, clock: Clock) -> Funding:
        """A room that forgets, for examples and unit tests."""
        return cls(MemoryStore(), MemoryWork(clock))

    def add_partner(self, partner: Partner) -> None:
        """Take on a partner; the same again changes nothing.

        Raises:
            Conflict: the id is another partner's.
        """
        known = {each.id: each for each in self._store.partners()}.get(partner.id)
        if known == partner:
            return
        if known is not None:
            raise Conflict(f"partner {partner.id} is known otherwise", field="id", rule="unique")
        self._store.add_partner(partner)
        self.work.audit("partner.added", partner.id, {"name": partner.name})

    def add_agreement(self, agreement: Agreement) -> None:
        """Sign an agreement with a partner we have; the same again changes nothing.

        Raises:
            BadInput: no such partner.
            Conflict: the id is another agreement's: an agreement is never edited.
        """
        known = {each.id: each for each in self._store.agreements()}.get(agreement.id)
        if known == agreement:
            return
        if known is not None:
            raise Conflict(f"agreement {agreement.id} is never edited", field="id", rule="unique")
        if agreement.partner not in {each.id for each in self._store.partners()}:
            raise BadInput(f"no partner {agreement.partner}", field="partner", rule="one we have")
        self._store.add_agreement(agreement)
        self.work.audit("agreement.added", agreement.id, {"product": agreement.product})

    def partners(self) -> Sequence[Partner]:
        """All partners, by id."""
        return self._store.partners()

    def agreements(self) -> Sequence[Agreement]:
        """All agreements, by id."""
        return self._store.agreements()

    def agreement_with(self, partner: PartnerId, request: RouteRequest) -> Agreement:
        """The best agreement under which ``partner`` may fund ``request``, its room left aside.

        Raises:
            NotFound: it has none that fits.
        """
        return agreement_with(self._store, partner, request)

    def route(self, request: RouteRequest) -> Routing | Refusal:
        """Agreements that may fund ``request``, best first; ``no_partner`` with each one's reason.

        After a decline, route again with the declining agreement in ``asked``.
        """
        agreements = self._store.agreements()
        keys = {each.id: ExposureKey(Scope.AGREEMENT, each.id) for each in agreements}
        kept = self._store.exposures(tuple(keys.values()))
        used = {each: kept[key].outstanding for each, key in keys.items()}
        routing = rules.route(request, agreements, used)
        if routing.ranked:
            return routing
        return Refusal("no_partner", {str(each): why for each, why in routing.excluded.items()})

    def record_credit_answer(self, request: CreditRequest, answer: CreditAnswer) -> None:
        """Note a bank's own decision and tell the other rooms; the same again changes nothing.

        Raises:
            Conflict: the bank answered otherwise before.
        """
        known = self._store.credit_answer(request.key)
        if known == answer:
            return
        if known is not None:
            raise Conflict(
                f"the bank answered {request.key!r} otherwise before", field="answer", rule="once"
            )
        self._store.add_credit_answer(request, answer)
        fact = BankAnswered(
            stream=request.application,
            day=day_of(self.work.clock.now()),
            application_id=request.application,
            partner_id=request.partner,
            approved=answer.approved,
        )
        self.work.emit(fact, f"bank-answered/{request.key}")

    def credit_given(
        self, application: ApplicationId, partner: PartnerId
    ) -> tuple[Agreement, CreditAnswer] | None:
        """What ``partner`` approved of ``application``, and under which agreement; None if not."""
        for agreement in self._store.agreements():
            if agreement.partner != partner:
                continue
            answer = self._store.credit_answer(credit_key(application, agreement.id))
            if answer is not None and answer.approved:
                return agreement, answer
        return None

    def credit_answer(self, request: CreditRequest) -> CreditAnswer | None:
        """What the bank answered to ``request``; None before it did."""
        return self._store.credit_answer(request.key)

    def differences(
        self, partner: PartnerId, balances: Mapping[str, Money]
    ) -> Mapping[str, tuple[Money, Money]]:
        """Loans on which our guaranteed principal and the bank's balance differ: (ours, theirs).

        ``balances`` is ``BankClient.balances`` of the same day; a loan one side lacks counts zero.
        """
        ours = self._store.in_force_with(partner)
        nothing = Money.zero()
        pairs = {
            loan: (ours.get(loan, nothing), balances.get(loan, nothing))
            for loan in sorted({*ours, *balances})
        }
        return {loan: (mine, theirs) for loan, (mine, theirs) in pairs.items() if mine != theirs}
