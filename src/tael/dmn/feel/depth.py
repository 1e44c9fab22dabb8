"""Room on the stack for what nests deeply: a function that calls itself hundreds of times.

Python stops at a thousand frames, and FEEL needs some fifteen for one call of its own. What does
not fit is done once more in a thread with a larger stack, one at a time in the process.
"""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

_FRAMES = 30_000
_STACK_BYTES = 512 * 1024 * 1024  # of address space; only what is used takes memory
_T = TypeVar("_T")
_one_at_a_time = threading.Lock()
_here = threading.local()


def with_room(work: Callable[[], _T]) -> _T:
    """What ``work`` gives; it may be started twice, so it must not leave traces of a broken start.

    Raises:
        RecursionError: it nests deeper than any room there is.
    """
    try:
        return work()
    except RecursionError:
        if getattr(_here, "is_deep", False):
            raise
    return _in_a_large_thread(work)


def _in_a_large_thread(work: Callable[[], _T]) -> _T:
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        _here.is_deep = True
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            errors.append(error)

    context = contextvars.copy_context()
    with _one_at_a_time:
        frames, stack = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
        sys.setrecursionlimit(max(frames, _FRAMES))
        try:
            thread = threading.Thread(target=context.run, args=(run,), name="tael-dmn-deep")
            thread.start()
            threading.stack_size(stack)
            thread.join()
        finally:
            threading.stack_size(stack)
            sys.setrecursionlimit(frames)
    if errors:
        raise errors[0]
    return results[0]
