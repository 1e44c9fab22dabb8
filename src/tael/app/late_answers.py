"""Answers of sources that came when nobody was there any more: a process died while it asked.

Every question is written down before it is put, so what has no answer is known; a source keeps its
answer under the question's key and gives it again for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tael.app.installation import Installation
from tael.app.sources import signer_of
from tael.kernel import Forbidden, NotFound, PartyId, day_of
from tael.origination import ASSESSMENT
from tael.origination.model import PartyKind
from tael.origination.sources import SourceClient, SqlSources, authorise, model, source_named
from tael.platform import SYSTEM, Work

# Younger ones may be under way still; of older ones no source keeps the answer for long.
_YOUNGEST, _OLDEST = timedelta(minutes=15), timedelta(days=7)
_Paper = tuple[model.Request, model.Subject, model.SignedAuthorisation | None]


def collect_late(house: Installation, client: SourceClient) -> int:
    """Fetch what sources have for questions without an answer; returns how many were kept.

    Only under consents that still stand. Run again it goes on; what was kept is not fetched again.
    """
    with house.database.begin(SYSTEM) as work:
        now = work.clock.now()
        waiting = list(
            _papers(house, work, SqlSources(work).unanswered(now - _OLDEST, now - _YOUNGEST))
        )
    return sum(client.collect(*paper) for paper in waiting)


def _papers(house: Installation, work: Work, requests: Sequence[model.Request]) -> Iterator[_Paper]:
    for request in requests:
        if "market" in source_named(request.source).subjects:
            yield request, model.Subject(request.subject_id, "market", request.subject_id), None
            continue
        try:
            yield _paper(house, work, request)
        except (Forbidden, NotFound):
            continue  # the consent ended, or the party was erased: it is not read


def _paper(house: Installation, work: Work, request: model.Request) -> _Paper:
    """Whom the question was about, and the consent under which it was put, if it stands.

    Raises:
        Forbidden: it does not.
        NotFound: the party was erased.
    """
    parties, party_id = house.parties, PartyId(request.subject_id)
    today = day_of(work.clock.now())
    consent = next(
        (c for c in parties.consents_of(work, party_id) if c.id == request.consent_id), None
    )
    if consent is None or not consent.live(today):
        raise Forbidden("the consent ended", code="no_live_consent", field="consent_id")
    person = parties.party(work, party_id).kind is PartyKind.PERSON
    fields = parties.reveal(work, party_id, purpose=ASSESSMENT)
    kind = "person" if person else "enterprise"
    subject = model.Subject(party_id, kind, fields.id_number)
    return request, subject, authorise(consent, subject, signer_of(house.settings))
