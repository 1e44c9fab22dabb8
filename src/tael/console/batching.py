"""Many callers, one transaction: what came while the last one was committed goes together."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Reply = TypeVar("Reply")
_Waiting = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Reply]", Question]


class Batcher(Generic[Question, Reply]):
    """Collects questions and has them answered together, by a few threads.

    A question that finds a free thread is answered at once, alone; under load a batch holds what
    came while the batches before it ran. Nothing waits for a batch to fill.

    Args:
        answer: answers some questions in their order; runs in a thread, and may be run again with
            each question alone when it failed with many. An answer may be an exception.
        most: questions a batch.
        threads: batches at once; while one waits for the disk, another computes.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Question]], Sequence[Reply | Exception]],
        *,
        most: int = 64,
        threads: int = 2,
    ) -> None:
        self._answer = answer
        self._most = most
        self._waiting: deque[_Waiting[Reply, Question]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def ask(self, question: Question) -> Reply:
        """The answer to ``question``.

        Raises:
            Exception: the one that answered it, or that ended its batch.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            self._waiting.append((loop, future, question))
            self._changed.notify()
        return await future

    def close(self) -> None:
        """Answer what waits, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._next():
            _tell(batch, self._answers([question for _, _, question in batch]))

    def _next(self) -> list[_Waiting[Reply, Question]]:
        """What waits, as much as goes together; nothing when it is over."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            size = min(self._most, len(self._waiting))
            return [self._waiting.popleft() for _ in range(size)]

    def _answers(self, questions: Sequence[Question]) -> list[Reply | Exception]:
        try:
            return list(self._answer(questions))
        except Exception as failed:  # noqa: BLE001 - an edge: every caller gets an answer
            if len(questions) == 1:
                return [failed]
        # One question may have spoilt it for all: each alone, so that only that one fails.
        return [self._answers([question])[0] for question in questions]


def _tell(batch: Sequence[_Waiting[Reply, Question]], answers: Sequence[Reply | Exception]) -> None:
    """Hand answers over to the loops that wait for them, one call a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Reply], Reply | Exception]]]
    by_loop = {}
    for (loop, future, _), reply in zip(batch, answers, strict=True):
        by_loop.setdefault(loop, []).append((future, reply))
    for loop, told in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, told)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _settle(told: Sequence[tuple[asyncio.Future[Reply], Reply | Exception]]) -> None:
    for future, reply in told:
        if future.done():  # the caller went away
            continue
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)
