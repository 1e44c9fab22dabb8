"""Which bank lends: the agreements of ``funding``, asked by ``origination`` through its ports."""

from __future__ import annotations

from tael.funding import Agreement, Funding, RouteRequest
from tael.funding.store import FundingStore
from tael.kernel import NotFound, PartnerId, Refusal, day_of
from tael.origination import model, ports
from tael.platform import Work

PRODUCT = "small_business_unsecured"


class AgreementRoutes:
    """Ranks the agreements in force that fit, leaving out the banks that were asked."""

    def choose(self, work: Work, request: ports.RouteRequest) -> model.Lender | Refusal:
        """The best bank not asked yet, or the refusal with each agreement's reason."""
        funding = _funding(work)
        asked = {each.id for each in funding.agreements() if each.partner in request.excluded}
        routing = funding.route(
            RouteRequest(
                product=PRODUCT,
                amount=request.amount,
                months=request.months,
                region="",
                day=day_of(work.clock.now()),
                asked=frozenset(asked),
            )
        )
        if isinstance(routing, Refusal):
            return routing
        return self.lender(work, routing.ranked[0].partner)

    def lender(self, work: Work, partner_id: PartnerId) -> model.Lender:
        """The bank by the name the borrower reads.

        Raises:
            NotFound: no such partner.
        """
        for partner in _funding(work).partners():
            if partner.id == partner_id:
                return model.Lender(partner.id, partner.name)
        raise NotFound(f"there is no partner {partner_id}", field="partner_id")


def agreement_with(funding: Funding, partner_id: PartnerId) -> Agreement:
    """The agreement under which ``partner_id`` funds the product.

    Raises:
        NotFound: it has none.
    """
    for agreement in funding.agreements():
        if agreement.partner == partner_id and agreement.product == PRODUCT:
            return agreement
    raise NotFound(f"{partner_id} has no agreement on {PRODUCT}", field="partner_id")


class AskedOutside:
    """Banks are called with no transaction open (``Lending.ask_bank``), so none is called here."""

    def ask(self, work: Work, request: ports.BankRequest) -> ports.BankAnswer:  # noqa: ARG002 - a port's shape
        """No decision yet; the answer is handed in when the bank has given it."""
        return ports.BankAnswer(request.partner_id, None)


def _funding(work: Work) -> Funding:
    return Funding(FundingStore(work.connection), work)


__all__ = ["PRODUCT", "AgreementRoutes", "AskedOutside", "agreement_with"]
