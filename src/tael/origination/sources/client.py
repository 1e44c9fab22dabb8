"""What others know of a borrower, asked once, paid once, kept under the consent it came under."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tael.kernel import BadInput, TaelError
from tael.origination.sources.asking import Ask, Heard, Voice
from tael.origination.sources.breaker import Breaker
from tael.origination.sources.catalogue import source_named
from tael.origination.sources.keeping import Keeper, Question
from tael.origination.sources.model import (
    BreakerMove,
    BreakerState,
    Code,
    Request,
    SignedAuthorisation,
    SourceAnswer,
    Status,
    Subject,
)
from tael.origination.sources.ports import Outside
from tael.origination.sources.wire import SourceWire

_LOG = logging.getLogger(__name__)
_LONGEST_BUDGET_S = 120.0
_COLLECT_S = 10.0


class SourceClient:
    """Asks sources under signed authorisations; threads may call it, and it is closed at the end.

    No transaction is open while a source is asked. What was asked before under the same consent is
    answered from the store while it is fresh; of a consent that ended, never. An answer that comes
    after its asker has gone is kept, paid once, and there for the next.
    """

    def __init__(self, outside: Outside) -> None:
        self._outside, self._keeper = outside, Keeper(outside)
        self._stack = ExitStack()
        self._wires: dict[str, SourceWire] = {}
        self._voices = {name: self._voice(name) for name in outside.wires}
        self._pool = ThreadPoolExecutor(outside.threads, thread_name_prefix="sources")

    def fetch(
        self,
        source: str,
        subject: Subject,
        authorisation: SignedAuthorisation | None,
        *,
        key: str,
        budget_s: float,
    ) -> SourceAnswer:
        """What ``source`` says of ``subject``, within ``budget_s`` seconds.

        ``key`` names the caller's command: asked again with it, the same answer comes and nothing
        is charged. Every fetch leaves a line in the log of reads.

        Raises:
            BadInput: no such source, a subject it does not tell of, no authorisation where one is
                needed, no key, or a budget that is none.
            OutsideFailure: our own database is away.
        """
        question = _checked(source, subject, authorisation, (key, budget_s))
        prepared = self._keeper.prepare(question)
        if isinstance(prepared, SourceAnswer):
            return prepared
        asked = self._pool.submit(self._asked, prepared)
        try:
            return asked.result(max(budget_s - prepared.elapsed_s(), 0.0))
        except OutOfTime:
            if not prepared.ticket.take():
                return asked.result()  # the answer is here and being kept
            asked.add_done_callback(_told_late)
            return self._keeper.without(
                prepared, Heard(1, code=Code.BUDGET_EXCEEDED, told=_NO_TIME)
            )

    def collect(
        self, request: Request, subject: Subject, authorisation: SignedAuthorisation | None
    ) -> bool:
        """Fetch the answer to a question whose asker did not live to hear it; whether it was kept.

        The source is not asked anew, and what it had charged is written down as spent. Nothing is
        fetched under a consent that ended.
        """
        voice, source = self._voices.get(request.source), source_named(request.source)
        if voice is None or self._keeper.why_not(source, authorisation) is not None:
            return False
        asked = (request, request.caller_key, time.monotonic(), _COLLECT_S)
        ask = Ask(source, subject, authorisation, *asked)
        heard = voice.collect(ask)
        if heard.report is None:
            return False
        return self._keeper.keep(ask, heard, heard.report, late=True).report is not None

    def why_not(self, source: str, authorisation: SignedAuthorisation | None) -> Code | None:
        """Why ``source`` may not be asked under the consent as it stands; None when it may."""
        return self._keeper.why_not(source_named(source), authorisation)

    def breaker(self, source: str) -> BreakerState:
        """Whether this process asks ``source``; a source without a wire is not asked."""
        voice = self._voices.get(source)
        return voice.breaker.state if voice else BreakerState.OPEN

    def close(self) -> None:
        """Wait for answers that are under way, keep them, and close the connections."""
        self._pool.shutdown()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _voice(self, name: str) -> Voice:
        outside, wire = self._outside, self._outside.wires[name]
        source_named(name)

        def watch(state: BreakerState, cause: str) -> None:
            move = BreakerMove(name, outside.worker, state, outside.clock.now(), cause[:500])
            try:
                with outside.begin() as work:
                    outside.store(work).add_move(move)
            except TaelError as failure:  # the breaker works all the same
                _LOG.warning("a move of the breaker of %s was not kept: %s", name, failure)

        if wire.url not in self._wires:  # sources at one address share its connections
            http = SourceWire(wire.url, attempt_s=outside.patience.attempt_s)
            self._wires[wire.url] = self._stack.enter_context(http)
        return Voice(
            wire=self._wires[wire.url],
            public_key=wire.public_key,
            breaker=Breaker(outside.patience.breaker, time.monotonic, watch),
            patience=outside.patience,
            clock=outside.clock,
        )

    def _asked(self, ask: Ask) -> SourceAnswer:
        """In a thread of the pool: ask, and keep what comes, late or not."""
        voice = self._voices.get(ask.source.name)
        heard = voice.ask(ask) if voice else Heard(0, code=Code.SOURCE_DOWN, told=_NO_WIRE)
        late = not ask.ticket.take()
        if heard.report is None:
            return (
                SourceAnswer(ask.source.name, Status.DOWN)
                if late
                else self._keeper.without(ask, heard)
            )
        return self._keeper.keep(ask, heard, heard.report, late=late)


_NO_TIME = "the answer did not come in time"
_NO_WIRE = "the source has no address; name it in TAEL_SOURCES"


def _told_late(asked: Future[SourceAnswer]) -> None:
    """Nobody waits for it any more: a failure to keep a late answer is at least told."""
    error = asked.exception()
    if error is not None:
        _LOG.warning("a late answer was not kept: %s", error)


def _checked(
    source: str,
    subject: Subject,
    authorisation: SignedAuthorisation | None,
    limits: tuple[str, float],
) -> Question:
    found, (key, budget_s) = source_named(source), limits
    if subject.kind not in found.subjects:
        raise BadInput(
            f"{source} does not tell of a {subject.kind}",
            field="subject",
            rule=f"one of {', '.join(found.subjects)}",
        )
    if found.consented and authorisation is None:
        raise BadInput(
            f"{source} is asked under a signed authorisation",
            field="authorisation",
            rule="a signed authorisation",
        )
    if authorisation and (authorisation.subject, authorisation.subject_kind) != (
        subject.name,
        subject.kind,
    ):
        raise BadInput(
            "the authorisation is of somebody else", field="authorisation", rule="of the subject"
        )
    if not key.strip():
        raise BadInput("a fetch carries a key", field="key", rule="not empty")
    if not 0 < budget_s <= _LONGEST_BUDGET_S:
        raise BadInput(
            f"{budget_s} seconds are no budget",
            field="budget_s",
            rule=f"above 0, at most {_LONGEST_BUDGET_S:g}",
        )
    paper = authorisation if found.consented else None
    return Question(found, subject, paper, key, budget_s, time.monotonic())
