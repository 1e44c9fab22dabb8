"""The one way an application changes state, and what falls with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tael.kernel import ApplicationId
from tael.origination.journal import record
from tael.origination.model import Application, ApplicationState, OfferState, move
from tael.origination.parties import found
from tael.origination.ports import OriginationStore
from tael.platform import Work

LIVE_OFFERS = (OfferState.PROPOSED, OfferState.DISCLOSED, OfferState.ACCEPTED)


def locked_application(store: OriginationStore, application_id: ApplicationId) -> Application:
    """The application, locked to the end of the unit of work.

    Raises:
        NotFound: there is none that the caller may see.
    """
    application = store.application(application_id, lock=True)
    return found(application, "application_id", application_id)


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


def void_offers(work: Work, store: OriginationStore, application_id: ApplicationId) -> None:
    """Make every offer void that could still be taken or was accepted."""
    for offer in store.offers_of(application_id):
        if offer.state in LIVE_OFFERS:
            store.change_offer(replace(offer, state=move(offer.state, OfferState.VOID)))
            record(work, store, application_id, "offer_void", offer=offer.id)
