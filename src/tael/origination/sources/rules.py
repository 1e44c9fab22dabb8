"""Whether a source may be asked under a consent, now: pure but for the look at the consent."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tael.kernel import ConsentId, day_of
from tael.origination.model import Consent, ConsentState
from tael.origination.sources.catalogue import Source
from tael.origination.sources.model import Code, SignedAuthorisation


class Consents(Protocol):
    """Where consents are found as they stand now."""

    def consent(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None: ...


def why_not(
    store: Consents,
    source: Source,
    authorisation: SignedAuthorisation | None,
    now: datetime,
    *,
    lock: bool = False,
) -> Code | None:
    """Why ``source`` may not be asked nor its answers read; None when they may.

    ``lock`` holds the consent as it is until the unit of work ends.
    """
    if not source.consented:
        return None
    consent = store.consent(authorisation.consent_id, lock=lock) if authorisation else None
    if authorisation is None or consent is None:
        return Code.CONSENT_WITHDRAWN
    terms = consent.authorisation
    over = not consent.live(day_of(now)) or now > authorisation.expires_at
    # In the order of Code. What the consent says holds, whatever an older paper of it said.
    wrong = (
        (Code.CONSENT_WITHDRAWN, consent.state in _TAKEN_BACK),
        (Code.CONSENT_EXPIRED, over),
        (Code.OUT_OF_SCOPE, source.name not in terms.scope),
        (Code.NOT_ENTITLED, terms.recipient != authorisation.recipient),
    )
    return next((code for code, is_wrong in wrong if is_wrong), None)


_TAKEN_BACK = (ConsentState.WITHDRAWN, ConsentState.SUPERSEDED)
