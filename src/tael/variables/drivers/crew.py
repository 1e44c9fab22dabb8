"""Work shared out among processes that end with the one that began them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from tael.kernel import BadInput, OutsideFailure, TaelError

Asked = TypeVar("Asked")
Made = TypeVar("Made")
Asked_contra = TypeVar("Asked_contra", contravariant=True)
Made_co = TypeVar("Made_co", covariant=True)


class Opener(Protocol[Asked_contra, Made_co]):
    """What travels to a process, and opens there what answers one request after the other."""

    def opened(self) -> Callable[[Asked_contra], Made_co]: ...


def spread(work: Opener[Asked, Made], asked: Iterable[Asked], processes: int) -> Iterator[Made]:
    """Answers to all that is ``asked``, as they come; with one process in order, and in this one.

    Processes begin afresh and are handed ``work`` once. When one of them fails, what has not begun
    is given up.

    Raises:
        TaelError: as the work raises it; from another process as `BadInput` of the same words.
        OutsideFailure: a process was ended from outside.
    """
    if processes == 1:
        yield from map(work.opened(), asked)
        return
    # Not forked: threads and locks of Arrow and of the compiled loops do not survive that.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _begin, (work,))
    try:
        futures: list[Future[Any]] = [pool.submit(_answer, each) for each in asked]
        for future in as_completed(futures):
            answer = future.result()
            if isinstance(answer, _Fault):
                raise answer.error()
            yield answer
    except BrokenProcessPool:
        what = "a process was ended, perhaps for want of memory; what is done stays done"
        raise OutsideFailure(what, field="processes", rule="fewer processes") from None
    finally:
        pool.shutdown(cancel_futures=True)


_ANSWER: ContextVar[Callable[[Any], Any]] = ContextVar("_ANSWER")


class _Fault:
    """An error as it travels: not every kind of it can be put together again elsewhere."""

    def __init__(self, error: TaelError) -> None:
        self.message = error.message
        self.where = {"code": error.code, "rule": error.rule, "field": error.field}
        self.row = error.row

    def error(self) -> BadInput:
        return BadInput(self.message, row=self.row, **self.where)


def _begin(work: Opener[Any, Any]) -> None:
    """What a process does first."""
    # Who ends a run at the keyboard ends it here; what each process has begun is finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _ANSWER.set(work.opened())


def _end_with_parent() -> None:
    """A run that was killed leaves nobody behind who still writes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _answer(asked: object) -> object:
    try:
        return _ANSWER.get()(asked)
    except TaelError as error:
        return _Fault(error)
