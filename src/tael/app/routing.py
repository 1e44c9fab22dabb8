"""Which bank lends: the agreements of ``funding``, asked by ``origination`` through its ports."""

from __future__ import annotations

from tael.funding import Funding, RouteRequest
from tael.funding.store import FundingStore
from tael.kernel import AgreementId, GroupId, Money, NotFound, PartnerId, Refusal, day_of
from tael.origination import SqlOriginationStore, model, ports
from tael.platform import Permissions, Work

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
                region=region_of(work, request.group_id),
                day=day_of(work.clock.now()),
                tier=request.tier,
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


def region_of(work: Work, group_id: GroupId) -> str:
    """The region of the group's enterprise today (GB/T 2260); empty when it has not said."""
    # Whoever is asked for the region has the application at hand; no personal field is read.
    store = SqlOriginationStore.opener(Permissions())(work)
    group = store.group(group_id)
    members = group.on(day_of(work.clock.now())) if group is not None else ()
    firms = [member.party_id for member in members if member.role is model.Role.ENTERPRISE]
    parties = store.parties(firms)
    return next((parties[firm].region for firm in firms if firm in parties), "")


def asked_amount(application: model.Application) -> Money:
    """What a bank is asked for: the request, at most the limit the guarantor approved."""
    wanted, limit = application.request.amount, application.limit
    return min(wanted, limit) if limit is not None else wanted


def agreement_to_ask(
    funding: Funding, work: Work, application: model.Application, partner_id: PartnerId
) -> AgreementId:
    """The agreement under which ``partner_id`` is asked to fund ``application``.

    Raises:
        NotFound: it has none (any more) that fits.
    """
    request = RouteRequest(
        product=PRODUCT,
        amount=asked_amount(application),
        months=application.request.months,
        region=region_of(work, application.group_id),
        day=day_of(work.clock.now()),
        tier=application.tier,
    )
    return funding.agreement_with(partner_id, request).id


class AskedOutside:
    """Banks are called with no transaction open (``Lending.ask_bank``), so none is called here."""

    def ask(self, work: Work, request: ports.BankRequest) -> ports.BankAnswer:  # noqa: ARG002 - a port's shape
        """No decision yet; the answer is handed in when the bank has given it."""
        return ports.BankAnswer(request.partner_id, None)


def _funding(work: Work) -> Funding:
    return Funding(FundingStore(work.connection), work)


__all__ = [
    "PRODUCT",
    "AgreementRoutes",
    "AskedOutside",
    "agreement_to_ask",
    "asked_amount",
    "region_of",
]
