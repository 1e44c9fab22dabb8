"""Which agreement: the one door to an agreement by its id, and to a partner's for one loan."""

from __future__ import annotations

from tael.funding import rules
from tael.funding.model import Agreement, RouteRequest
from tael.funding.ports import Store
from tael.kernel import AgreementId, BadInput, NotFound, PartnerId


def agreement_of(store: Store, agreement_id: AgreementId) -> Agreement:
    """The agreement of that id.

    Raises:
        BadInput: there is none.
    """
    for agreement in store.agreements():
        if agreement.id == agreement_id:
            return agreement
    raise BadInput(f"no agreement {agreement_id}", field="agreement", rule="one we have")


def agreement_with(store: Store, partner: PartnerId, request: RouteRequest) -> Agreement:
    """The best agreement under which ``partner`` may fund ``request``, its room left aside.

    Raises:
        NotFound: it has none that fits.
    """
    theirs = [each for each in store.agreements() if each.partner == partner]
    routing = rules.route(request, theirs, {})
    if not routing.ranked:
        reasons = ", ".join(sorted(set(routing.excluded.values()))) or "none signed"
        raise NotFound(f"{partner} has no agreement that fits ({reasons})", field="partner_id")
    return routing.ranked[0]
