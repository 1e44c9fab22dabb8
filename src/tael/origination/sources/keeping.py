"""What is written down around a question: the right to ask, the answer, its cost, every read."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta

from tael.kernel import EventId, check, day_of
from tael.origination.sources.asking import Ask, Heard
from tael.origination.sources.bodies import seal, unseal
from tael.origination.sources.catalogue import SOURCES, Source
from tael.origination.sources.model import (
    Code,
    Mode,
    Read,
    Report,
    Request,
    Route,
    SignedAuthorisation,
    SourceAnswer,
    Status,
    StoredAnswer,
    Subject,
)
from tael.origination.sources.ports import Outside, Place, SourceStore
from tael.origination.sources.reading import read_stored
from tael.origination.sources.routes import SHIPPED_ROUTES, RouteTable
from tael.origination.sources.rules import why_not
from tael.platform import Work

_HOUSE = "guarantor"  # in whose name what needs no authorisation is asked


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller asks, and when it began to wait."""

    source: Source
    subject: Subject
    authorisation: SignedAuthorisation | None
    key: str
    budget_s: float
    started: float

    @property
    def entity(self) -> str:
        return self.authorisation.recipient if self.authorisation else _HOUSE

    def place(self, mode: Mode) -> Place:
        consent = self.authorisation.consent_id if self.authorisation else None
        return Place(self.source.name, self.subject.id, consent, mode)

    def latency_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)


class Keeper:
    """Opens short units of work before and after a source is asked, never around it."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def prepare(self, question: Question) -> SourceAnswer | Ask:
        """The answer that needs no source, or the question as it will be put to it."""
        with self._outside.begin() as work:
            return self._prepared(work, question)

    def why_not(self, source: Source, authorisation: SignedAuthorisation | None) -> Code | None:
        """Why a source may not be asked under a consent as it stands now."""
        with self._outside.begin() as work:
            return why_not(self._outside.store(work), source, authorisation, work.clock.now())

    def _prepared(self, work: Work, question: Question) -> SourceAnswer | Ask:
        store, now = self._outside.store(work), work.clock.now()
        refusal = why_not(store, question.source, question.authorisation, now)
        if refusal is not None:
            return self._refused(work, question, refusal)
        route = RouteTable((*SHIPPED_ROUTES, *store.routes())).find(
            question.source.name, question.subject.kind, question.entity, day_of(now)
        )
        if route is None:
            return self._refused(work, question, Code.NOT_ENTITLED)
        place = question.place(route.mode)
        store.lock(place)
        hit = self._hit(store, question, place, work)
        if hit is not None:
            read = self._opened(work, question.subject, hit)
            if read is not None:
                return self._told_hit(work, question, hit, read)
        return Ask(
            question.source,
            question.subject,
            question.authorisation,
            self._request(store, question, place, work, route),
            question.key,
            question.started,
            question.budget_s,
        )

    def _hit(
        self, store: SourceStore, question: Question, place: Place, work: Work
    ) -> StoredAnswer | None:
        """The answer to this very command, else the latest whole one, if it is fresh."""
        given = store.answer_by_key(place, question.key)
        if given is not None:
            return given
        days = self._outside.stale_days.get(place.source, question.source.stale_days)
        oldest = work.clock.now() - timedelta(days=days)
        whole = (answer for answer in store.answers(place) if answer.complete)
        latest = next(whole, None)
        return latest if latest is not None and latest.as_of >= oldest else None

    def _request(
        self, store: SourceStore, question: Question, place: Place, work: Work, route: Route
    ) -> Request:
        """The question that is open already, else a new one, written down before it is put."""
        now = work.clock.now()
        reask = timedelta(seconds=self._outside.patience.reask_s)
        known = store.open_request(place, now - reask)
        if known is not None:
            return known
        request = Request(
            id=EventId.new(now),
            source=place.source,
            subject_id=place.subject_id,
            consent_id=place.consent_id,
            entity=question.entity,
            mode=place.mode,
            route=route.way,
            as_of=now.replace(microsecond=0),
            asked_at=now,
            caller_key=question.key,
        )
        store.add_request(request)
        return request

    def keep(self, ask: Ask, heard: Heard, report: Report, *, late: bool) -> SourceAnswer:
        """Write an answer down and tell it, unless the consent ended while the source was asked."""
        with self._outside.begin() as work:
            store = self._outside.store(work)
            store.lock(_place(ask))
            cost = self._cost(store, ask, report)
            refusal = why_not(store, ask.source, ask.authorisation, work.clock.now(), lock=True)
            if refusal is None:
                self._store(work, ask, heard, (report, cost), late=late)
            answer = _answer(ask, heard, report, cost)
            if refusal is not None:  # it ended while the source was asked: paid, and not read
                answer = replace(answer, status=Status.REFUSED, code=refusal, report=None)
            self._log_read(work, ask, answer, late=late)
            return answer

    def _cost(self, store: SourceStore, ask: Ask, report: Report) -> int:
        """What is paid now: a key is charged once, however many answers it brings."""
        return 0 if store.answers_to(ask.request.id) else report.charge_minor

    def _store(
        self, work: Work, ask: Ask, heard: Heard, paid: tuple[Report, int], *, late: bool
    ) -> None:
        """Write the answer down, unless the same bytes came before."""
        store, (report, cost) = self._outside.store(work), paid
        known = store.answers_to(ask.request.id)
        if any(each.content_hash == report.content_hash for each in known):
            return
        sealed = seal(work, self._outside.vault, ask.subject, heard.raw, report.content_hash)
        now = work.clock.now()
        store.add_answer(
            StoredAnswer(
                id=EventId.new(now),
                request_id=ask.request.id,
                source=ask.source.name,
                subject_id=ask.subject.id,
                consent_id=ask.request.consent_id,
                mode=report.mode,
                as_of=report.as_of,
                known_at=report.known_at,
                received_at=now,
                report_number=report.report_number,
                complete=report.complete,
                cost_minor=cost,
                late=late,
                content_hash=report.content_hash,
            ),
            sealed,
        )

    def without(self, ask: Ask, heard: Heard) -> SourceAnswer:
        """No answer came: what the source said before, if it may still be read, else nothing."""
        code = heard.code
        check(code is not None, "a question without an answer says why")
        with self._outside.begin() as work:
            answer = SourceAnswer(
                ask.source.name,
                Status.REFUSED if heard.refused else Status.DOWN,
                code,
                attempts=heard.attempts,
                latency_ms=int(ask.elapsed_s() * 1000),
                told=heard.told,
            )
            refusal = why_not(
                self._outside.store(work), ask.source, ask.authorisation, work.clock.now()
            )
            if refusal is not None:
                answer = replace(answer, status=Status.REFUSED, code=refusal)
            elif not heard.refused:
                answer = self._earlier(work, ask, answer)
            self._log_read(work, ask, answer, late=False)
            return answer

    def _earlier(self, work: Work, ask: Ask, answer: SourceAnswer) -> SourceAnswer:
        """``answer`` with the latest that was said before, stale or partial, if there is one."""
        for stored in self._outside.store(work).answers(_place(ask)):
            report = self._opened(work, ask.subject, stored)
            if report is None:
                continue
            days = self._outside.stale_days.get(ask.source.name, ask.source.stale_days)
            stale = stored.as_of < work.clock.now() - timedelta(days=days)
            status, code = (Status.STALE, Code.STALE) if stale else (Status.PARTIAL, Code.PARTIAL)
            told = f"{answer.code.value if answer.code else ''}: {answer.told}"
            return replace(answer, status=status, code=code, report=report, cached=True, told=told)
        return answer

    def _opened(self, work: Work, subject: Subject, stored: StoredAnswer) -> Report | None:
        sealed = self._outside.store(work).sealed(stored.id)
        raw = unseal(work, self._outside.vault, subject, stored, sealed)
        return None if raw is None else read_stored(raw, SOURCES[stored.source], subject)

    def _told_hit(
        self, work: Work, question: Question, hit: StoredAnswer, report: Report
    ) -> SourceAnswer:
        answer = SourceAnswer(
            question.source.name,
            Status.OK,
            report=report,
            saved_minor=report.charge_minor,
            latency_ms=question.latency_ms(),
            cached=True,
        )
        self._write(work, question, answer, hit.content_hash)
        return answer

    def _refused(self, work: Work, question: Question, code: Code) -> SourceAnswer:
        answer = SourceAnswer(
            question.source.name,
            Status.REFUSED,
            code,
            latency_ms=question.latency_ms(),
            told="the source was not asked",
        )
        self._write(work, question, answer, "")
        return answer

    def _log_read(self, work: Work, ask: Ask, answer: SourceAnswer, *, late: bool) -> None:
        question = Question(
            ask.source, ask.subject, ask.authorisation, ask.key, ask.budget_s, ask.started
        )
        content_hash = answer.report.content_hash if answer.report else ""
        self._write(work, question, answer, content_hash, late=late)

    def _write(
        self,
        work: Work,
        question: Question,
        answer: SourceAnswer,
        content_hash: str,
        *,
        late: bool = False,
    ) -> None:
        now = work.clock.now()
        self._outside.store(work).add_read(
            Read(
                id=EventId.new(now),
                at=now,
                source=question.source.name,
                subject_id=question.subject.id,
                consent_id=question.place(Mode.FULL).consent_id,
                caller_key=question.key,
                status=answer.status,
                code=answer.code,
                cached=answer.cached,
                late=late,
                cost_minor=answer.cost_minor,
                saved_minor=answer.saved_minor,
                latency_ms=answer.latency_ms,
                attempts=answer.attempts,
                content_hash=content_hash,
            )
        )


def _answer(ask: Ask, heard: Heard, report: Report, cost: int) -> SourceAnswer:
    return SourceAnswer(
        ask.source.name,
        Status.OK if report.complete else Status.PARTIAL,
        None if report.complete else Code.PARTIAL,
        report=report,
        cost_minor=cost,
        latency_ms=int(ask.elapsed_s() * 1000),
        attempts=heard.attempts,
        told="" if report.complete else f"missing: {', '.join(report.missing)}",
    )


def _place(ask: Ask) -> Place:
    request = ask.request
    return Place(request.source, request.subject_id, request.consent_id, request.mode)
