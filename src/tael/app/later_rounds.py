"""Applications that were referred for want of a source: decided again, by a person or at night.

At night only what nothing but a failed source held up, once a day, and no more often than the house
allows: its late answer has come, or nothing that was heard since says that the source still fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import structlog

from tael.kernel import ApplicationId, NotFound, TaelError, day_of
from tael.origination import model, ports
from tael.origination.sources import SourceFigures
from tael.platform import SYSTEM, Work

if TYPE_CHECKING:
    from tael.app.installation import Installation


class Decide(Protocol):
    """Decides one application under the key of a command."""

    def __call__(self, application_id: ApplicationId, *, key: str) -> model.Application: ...


_log = structlog.get_logger(__name__)
_S = model.ApplicationState
_PAGE = 200
_MOST_TRIES = "decision.most_tries"
_UNAVAILABLE = "source_unavailable"
# What a source answers once it works again; a right that is missing comes from a person.
_FAILED = frozenset(
    {"late", "too_old", "in_part", "invalid", "budget_exceeded", "source_down", "invalid_answer",
     "partial", "stale", "down"}
)  # fmt: skip


def missing(house: Installation, work: Work, application: model.Application) -> Mapping[str, str]:
    """By source that the referral of ``application`` missed, the code why.

    None where a new decision is not possible: a person decided meanwhile, or no source was missing.
    """
    waits = application.state in (_S.REFERRED, _S.IN_REVIEW)
    if not waits or application.decision_id is None:
        return {}
    return house.policies.lost_sources(work, application.decision_id)


def decide_waiting(house: Installation, decide: Decide) -> int:
    """Decide again what waits for a source alone; returns how many went through a new round.

    Run again on the same day, or by two processes, an application still has one round of that day.
    What a person has taken into review is left to them. A consent that ended refuses before any
    source is called.

    Args:
        house: the installation.
        decide: one application, in a round of its own.
    """
    done = 0
    for application_id in list(_referred(house)):
        with house.database.begin(SYSTEM) as work:
            before = house.applications.get(work, application_id)
            due = _is_due(house, work, before)
            today = day_of(work.clock.now(), house.settings.zone)
        if due:
            done += _again(decide, before, f"again:{application_id}:{today}")
    return done


def _again(decide: Decide, before: model.Application, key: str) -> bool:
    try:
        after = decide(before.id, key=key)
    except TaelError as refused:  # the others go on; this one waits for the next day
        _log.info("not decided again", application=before.id, why=refused.code)
        return False
    return after.version != before.version


def _referred(house: Installation) -> Iterator[ApplicationId]:
    where, after = ports.ApplicationFilter(states=frozenset({_S.REFERRED})), None
    while True:
        with house.database.begin(SYSTEM) as work:
            page = house.applications.find(work, where, after=after, limit=_PAGE)
        yield from (one.id for one in page.items)
        after = page.after
        if after is None:
            return


def _is_due(house: Installation, work: Work, application: model.Application) -> bool:
    """Nothing but sources that failed held it up, tries are left, and all of them may be back."""
    lost = missing(house, work, application)
    if application.state is not _S.REFERRED or not lost or not _FAILED.issuperset(lost.values()):
        return False
    made = house.policies.decisions_of(work, application.id)
    last = next(one for one in made if one.id == application.decision_id)
    if {reason.code for reason in last.reasons} != {_UNAVAILABLE}:
        return False
    in_vain = sum(bool(house.policies.lost_sources(work, one.id)) for one in made)
    # The first of them was no second try.
    if in_vain > _most_tries(house, work):
        return False
    since = _referred_at(house, work, application)
    failing = SourceFigures(work).still_failing(_subjects(house, work, application), since)
    return failing.isdisjoint(lost)


def _most_tries(house: Installation, work: Work) -> int:
    today = day_of(work.clock.now(), house.settings.zone)
    try:
        return house.parameters.count(work, _MOST_TRIES, today)
    except NotFound:  # nobody has agreed to any
        return 0


def _referred_at(house: Installation, work: Work, application: model.Application) -> datetime:
    events = house.applications.timeline(work, application.id)
    return max(each.at for each in events if each.code == f"application_{_S.REFERRED.value}")


def _subjects(house: Installation, work: Work, application: model.Application) -> list[str]:
    """Whose late answers count: those of the group, by the ids that sources know them by."""
    group = house.parties.group(work, application.group_id)
    return sorted({str(member.party_id) for member in group.members})
