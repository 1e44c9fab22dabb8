"""Asking one source until it answers: attempts with pauses, under a budget and a breaker."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tael.kernel import Clock
from tael.origination.sources.breaker import Breaker
from tael.origination.sources.catalogue import Source
from tael.origination.sources.columns import InvalidAnswer
from tael.origination.sources.model import (
    Code,
    Report,
    Request,
    SignedAuthorisation,
    Subject,
)
from tael.origination.sources.ports import Patience
from tael.origination.sources.reading import Expected, read_answer
from tael.origination.sources.wire import Answer, Silent, SourceRefused, SourceWire

# What the sources' own refusals mean here; any other is not_entitled.
_REFUSALS = {
    "out_of_scope": Code.OUT_OF_SCOPE,
    "expired": Code.CONSENT_EXPIRED,
    "withdrawn": Code.CONSENT_WITHDRAWN,
}


class Ticket:
    """Who of two tells how a question ended: the asker who waits, or the thread that asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False

    def take(self) -> bool:
        """Whether nobody took it before."""
        with self._lock:
            first, self._taken = not self._taken, True
            return first


@dataclass(frozen=True, slots=True)
class Ask:
    """A question on its way.

    Attributes:
        source, subject, authorisation: what is asked about whom by which right.
        request: the question as it was written down.
        key: of the caller's command.
        started, budget_s: on ``time.monotonic``.
        ticket: whose it is to tell the end.
    """

    source: Source
    subject: Subject
    authorisation: SignedAuthorisation | None
    request: Request
    key: str
    started: float
    budget_s: float
    ticket: Ticket = field(default_factory=Ticket)

    def elapsed_s(self) -> float:
        """Seconds since the caller asked."""
        return time.monotonic() - self.started


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it: a report with its bytes, or a code and what happened in words."""

    attempts: int
    report: Report | None = None
    raw: bytes = field(default=b"", repr=False)
    code: Code | None = None
    told: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """One source as it is asked: its wire, key, breaker, and how it is waited for."""

    wire: SourceWire
    public_key: bytes
    breaker: Breaker
    patience: Patience
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def ask(self, ask: Ask) -> Heard:
        """Ask until an answer is in order, attempts or budget run out, or the breaker is open.

        An attempt that is under way when the budget runs out is heard to its end, for
        ``late_s`` more: its answer is paid for.
        """
        heard = Heard(0, code=Code.SOURCE_DOWN, told="the source is left alone for now")
        if ask.elapsed_s() >= ask.budget_s:  # it waited for a thread all the while
            return Heard(0, code=Code.BUDGET_EXCEEDED, told="no time was left to ask")
        for attempt in range(1, self.patience.attempts + 1):
            if not self.breaker.admits():
                return heard
            heard = self._attempt(ask, attempt)
            pause = self._pause_s(ask, attempt)
            last = attempt == self.patience.attempts or ask.elapsed_s() + pause >= ask.budget_s
            if heard.report is not None or heard.refused or last:
                break
            self.sleep(pause)
        return heard

    def collect(self, ask: Ask) -> Heard:
        """What the source has for a question that was put before; nothing is asked anew."""
        if not self.breaker.admits():
            return Heard(0, code=Code.SOURCE_DOWN, told="the source is left alone for now")
        return self._heard(ask, 1, lambda left_s: self.wire.collect(ask.request, left_s))

    def _attempt(self, ask: Ask, attempt: int) -> Heard:
        def put(left_s: Callable[[], float]) -> Answer:
            return self.wire.ask(ask.request, ask.subject, ask.authorisation, left_s)

        return self._heard(ask, attempt, put)

    def _heard(
        self, ask: Ask, attempt: int, put: Callable[[Callable[[], float]], Answer | None]
    ) -> Heard:
        def left_s() -> float:
            return ask.budget_s + self.patience.late_s - ask.elapsed_s()

        settled = False
        try:
            came = put(left_s)
            if came is None:
                self.breaker.succeeded()
                settled = True
                return Heard(attempt, code=Code.SOURCE_DOWN, told="it was never asked this")
            raw, headers = came
            expected = Expected(ask.source, ask.subject, ask.request, self._now(), self.public_key)
            report = read_answer(raw, headers, expected)
            self.breaker.succeeded()
            settled = True
            return Heard(attempt, report, raw)
        except SourceRefused as no:
            self.breaker.succeeded()  # it is well; it is we who may not ask
            settled = True
            code = _REFUSALS.get(no.code, Code.NOT_ENTITLED)
            return Heard(attempt, code=code, told=f"the source refuses: {no.code}", refused=True)
        except (Silent, InvalidAnswer) as failure:
            told = f"{failure}" + (f" ({failure.rule})" if failure.rule else "")
            self.breaker.failed(told)
            settled = True
            return Heard(attempt, code=Code(failure.code), told=told)
        finally:
            if not settled:
                self.breaker.abandoned()

    def _now(self) -> datetime:
        return self.clock.now()

    def _pause_s(self, ask: Ask, attempt: int) -> float:
        """A part of the longest pause, which doubles: the same for the same key and attempt.

        Full jitter as in M. Brooker, Exponential Backoff And Jitter (AWS Architecture Blog, 2015).
        """
        digest = hashlib.sha256(f"{ask.request.id}\x1f{attempt}".encode()).digest()
        share = int.from_bytes(digest[:6], "big") / 2**48
        return self.patience.pause_s * float(2 ** (attempt - 1)) * share
