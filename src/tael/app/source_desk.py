"""Sources as a staged decision asks them: one applicant, all whom its sources tell of, one answer.

A question about a firm is a question about the firm, the persons behind it and its market: each
source is asked about those that it tells of, all at once, each under its own authorisation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import TYPE_CHECKING

import pyarrow as pa

from tael.app import source_events
from tael.app.installation import Installation
from tael.app.sources import signer_of
from tael.kernel import CHINA, ApplicationId, Forbidden, PartyId, check, day_of
from tael.origination import ASSESSMENT
from tael.origination.model import DataPull, Pulled, Role
from tael.origination.sources import Signer, SourceClient, authorise, model, source_named
from tael.platform import Work
from tael.policies.flow import Answer, Compute

if TYPE_CHECKING:
    from tael.variables import Plan

# Packed events of a firm and an instant to inputs of a policy, exact.
Read = Callable[[bytes, datetime], Mapping[str, object]]

OWNERS = (Role.OWNER, Role.ACTUAL_CONTROLLER)
# The worst of several answers is that of all: half an answer is none.
_WORST = (
    model.Status.REFUSED,
    model.Status.DOWN,
    model.Status.STALE,
    model.Status.PARTIAL,
    model.Status.OK,
)
_VERDICTS = (model.Verdict.FAIL, model.Verdict.UNKNOWN, model.Verdict.PASS)


@dataclass(frozen=True, slots=True)
class About:
    """Somebody a source may tell of, and the right to ask; without one nobody is asked.

    ``since`` is the first instant at which a person is known to stand behind the firm.
    """

    subject: model.Subject
    authorisation: model.SignedAuthorisation | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Whom:
    """All whom an application is about: the firm, the persons behind it, its market if known."""

    firm: About
    persons: tuple[About, ...] = ()
    market: About | None = None

    def told_of(self, source: str) -> tuple[About, ...]:
        """Those of them that a source tells of."""
        kinds = source_named(source).subjects
        everybody = (self.firm, *self.persons, *([self.market] if self.market else []))
        return tuple(one for one in everybody if one.subject.kind in kinds)


class SourceDesk:
    """Satisfies the ports of a staged decision: asks sources, and says which may be asked.

    Args:
        client: asks one source about one subject.
        whom: finds whom an applicant is about, by what the decision knows it by.
    """

    def __init__(self, client: SourceClient, whom: Callable[[str], Whom]) -> None:
        self._client, self._whom = client, whom

    def fetch(self, source: str, subject: str, *, key: str, budget_s: float) -> Answer:
        """What ``source`` says about all whom it tells of, within one budget.

        ``values`` holds ``SOURCE_verdict`` where only a verdict may be seen, ``events`` what
        ``inputs_of`` reads.
        """
        asked = self._whom(subject).told_of(source)
        check(bool(asked), f"{source} tells of somebody here")

        def ask(one: About) -> model.SourceAnswer:
            return self._client.fetch(
                source,
                one.subject,
                one.authorisation,
                key=f"{key}:{one.subject.id}",
                budget_s=budget_s,
            )

        if self._without_right(source, asked):
            return Answer(source, model.Status.REFUSED.value, model.Code.CONSENT_WITHDRAWN.value)
        with ThreadPoolExecutor(len(asked)) as pool:
            return _one(source, list(pool.map(ask, asked)))

    def may_ask(self, subject: str, sources: Sequence[str], *, at: datetime) -> Mapping[str, str]:  # noqa: ARG002 - consents are looked at as they stand
        """Of the sources that may not be asked the code why."""
        whom = self._whom(subject)
        found = {source: self._why_not(source, whom.told_of(source)) for source in sources}
        return {source: code.value for source, code in found.items() if code is not None}

    def _why_not(self, source: str, asked: Sequence[About]) -> model.Code | None:
        if self._without_right(source, asked):
            return model.Code.CONSENT_WITHDRAWN
        codes = (self._client.why_not(source, one.authorisation) for one in asked)
        return next((code for code in codes if code is not None), None)

    def _without_right(self, source: str, asked: Sequence[About]) -> bool:
        consented = source_named(source).consented
        return consented and any(one.authorisation is None for one in asked)


def inputs_of(plan: Plan, read: Read, whom: Whom, as_of: datetime) -> Compute:
    """What makes inputs of a policy of the events of answers, as of an instant.

    Persons stand behind the firm as the register says, and where it was not asked as the house's
    own obligor group says. ``read`` makes inputs of the packed events of the firm.
    """

    def compute(answers: Mapping[str, Answer]) -> Mapping[str, object]:
        found = source_events.merged(
            source_events.from_bytes(one.events) for one in answers.values()
        )
        tables = {"role_link": own_links(whom), **found}
        return read(source_events.packed(plan, whom.firm.subject.name, tables), as_of)

    return compute


def own_links(whom: Whom) -> pa.Table:
    """The persons behind the firm as the house knows them."""
    persons = [one for one in whom.persons if one.since is not None]
    known = [one.since for one in persons]
    return source_events.links_table(
        {
            "person_id": [one.subject.name for one in persons],
            "enterprise_id": [whom.firm.subject.name] * len(persons),
            "role": ["controller"] * len(persons),
            "valid_from": known,
            "valid_to": [None] * len(persons),
            "known_at": known,
        }
    )


@dataclass(frozen=True, slots=True)
class Gave:
    """What sources gave an application: by source inputs of the policy, exact; and whom about.

    ``round`` is the application's: in the same round a source's first word stays.
    """

    whom: Whom
    values: Mapping[str, Mapping[str, object]]
    round: int = 1


def keep_pulls(
    house: Installation, work: Work, application_id: ApplicationId, gave: Gave
) -> Sequence[DataPull]:
    """Write down with an application which inputs each source gave it, under whose consent.

    What gave none is left out.

    Raises:
        Forbidden: a consent that does not allow it (any more).
        Conflict: the application does not wait for data, or the source gave other inputs before.
    """
    kept = []
    for source, values in gave.values.items():
        papers = [one.authorisation for one in gave.whom.told_of(source)]
        consent = next((one.consent_id for one in papers if one is not None), None)
        if consent is None or not values:
            continue
        given = Pulled(application_id=application_id, source=source, values=values)
        key = f"pull:{application_id}:{gave.round}:{source}"
        kept.append(house.applications.add_pull(work, key, consent, **given))
    return kept


def whom_of(house: Installation, work: Work, application_id: ApplicationId) -> Whom:
    """Whom an application is about, with an authorisation of each who has consented.

    Identity numbers are read from the vault under that consent, and traced.

    Raises:
        NotFound: no such application.
    """
    signer = signer_of(house.settings)
    application = house.applications.get(work, application_id)
    members = house.parties.group(work, application.group_id).on(day_of(work.clock.now()))
    # Who borrows for an individual business is its owner: the firm is still another party.
    firm_id = next(one.party_id for one in members if one.role is Role.ENTERPRISE)
    place_of = house.parties.party(work, firm_id)
    owners = {
        one.party_id: datetime.combine(one.since, time(), CHINA)
        for one in members
        if one.role in OWNERS
    }
    firm = _about(house, work, signer, firm_id, kind="enterprise")
    persons = tuple(
        replace(_about(house, work, signer, party_id, kind="person"), since=since)
        for party_id, since in owners.items()
    )
    place = f"{place_of.region}-{place_of.industry}"
    known = place_of.region and place_of.industry
    return Whom(firm, persons, About(model.Subject(place, "market", place)) if known else None)


def _about(
    house: Installation, work: Work, signer: Signer, party_id: PartyId, *, kind: str
) -> About:
    """A party with the authorisation of its live consent; without one it has none."""
    try:
        fields = house.parties.reveal(work, party_id, purpose=ASSESSMENT)
    except Forbidden:
        return About(model.Subject(party_id, kind, ""))
    today = day_of(work.clock.now())
    consent = next(
        one
        for one in house.parties.consents_of(work, party_id)
        if one.live(today) and one.authorisation.purpose == ASSESSMENT
    )
    subject = model.Subject(party_id, kind, fields.id_number)
    return About(subject, authorise(consent, subject, signer))


def _one(source: str, answers: Sequence[model.SourceAnswer]) -> Answer:
    """One answer of several: as bad as the worst, as old as the oldest, as dear as all."""
    worst = min(answers, key=lambda one: _WORST.index(one.status))
    usable = worst.status not in (model.Status.REFUSED, model.Status.DOWN)
    reports = [one.report for one in answers if one.report is not None] if usable else []
    verdicts = [one.verdict for one in reports if one.verdict is not None]
    values = {}
    if verdicts:
        values[f"{source}_verdict"] = min(verdicts, key=_VERDICTS.index).value
    return Answer(
        source=source,
        status=worst.status.value,
        code=worst.code.value if worst.code else "",
        values=values,
        events=source_events.to_bytes(source_events.tables_of(reports)) if usable else b"",
        known_at=min((one.as_of for one in reports), default=None),
        cost_minor=sum(one.cost_minor for one in answers),
        latency_ms=max(one.latency_ms for one in answers),
        cached=all(one.cached for one in answers),
    )
