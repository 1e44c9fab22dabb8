"""One call of a source within its time: what comes later counts as no answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import dataclass

from tael.kernel import TaelError
from tael.policies.flow.plan import SourceRule
from tael.policies.flow.ports import DOWN, Answer, Late, SourcePort

_MS = 1_000


@dataclass(frozen=True, slots=True)
class Called:
    """An answer, None where it did not come in time, and how long was waited."""

    source: str
    answer: Answer | None
    waited_ms: int


@dataclass(frozen=True)
class Caller:
    """Calls sources.

    Attributes:
        port: what asks them.
        late: gets what came too late; data that were paid for need not be lost.
        watched: each call runs in a thread of its own and is left behind when its time is over;
            else it is waited for, and judged then.
    """

    port: SourcePort
    late: Late | None
    watched: bool

    def call(self, rules: Sequence[SourceRule], subject: str, key: str) -> list[Called]:
        """Ask sources, all at once where calls are watched."""
        asks = [self._ask(rule, subject, key) for rule in rules]
        if not self.watched:
            return [self._inline(rule, ask) for rule, ask in zip(rules, asks, strict=True)]
        started = time.perf_counter()
        running = [_begun(ask) for ask in asks]
        return [
            self._awaited(rule, future, started)
            for rule, future in zip(rules, running, strict=True)
        ]

    def _ask(self, rule: SourceRule, subject: str, key: str) -> Callable[[], Answer]:
        def ask() -> Answer:
            try:
                return self.port.fetch(
                    rule.name, subject, key=f"{key}:{rule.name}", budget_s=rule.budget_ms / _MS
                )
            except TaelError as failed:
                return Answer(rule.name, DOWN, failed.code)

        return ask

    def _inline(self, rule: SourceRule, ask: Callable[[], Answer]) -> Called:
        started = time.perf_counter()
        answer = ask()
        waited = _since(started)
        if max(waited, answer.latency_ms) > rule.budget_ms:
            self._too_late(answer)
            return Called(rule.name, None, max(waited, answer.latency_ms))
        return Called(rule.name, answer, waited)

    def _awaited(self, rule: SourceRule, future: Future[Answer], started: float) -> Called:
        left = rule.budget_ms / _MS - (time.perf_counter() - started)
        try:
            answer = future.result(max(0.0, left))
        except OutOfTime:
            future.add_done_callback(self._came_late)
            return Called(rule.name, None, _since(started))
        return Called(rule.name, answer, _since(started))

    def _came_late(self, future: Future[Answer]) -> None:
        if future.exception() is None:
            self._too_late(future.result())

    def _too_late(self, answer: Answer) -> None:
        if self.late is not None:
            self.late(answer)


def _begun(ask: Callable[[], Answer]) -> Future[Answer]:
    """``ask`` in a thread of its own: one that hangs keeps nobody else from being asked."""
    future: Future[Answer] = Future()

    def work() -> None:
        try:
            future.set_result(ask())
        except BaseException as failed:  # noqa: BLE001 - raised again by whoever waits for it
            future.set_exception(failed)

    threading.Thread(target=work, name="tael-source", daemon=True).start()
    return future


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * _MS)
