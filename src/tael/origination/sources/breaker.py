"""A circuit breaker: after failures in a row a source is left alone for a while, then tried once.

States as in M. Nygard, Release It! (2007), chapter 5: closed, open, half-open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tael.kernel import BadInput
from tael.origination.sources.model import BreakerState

Watcher = Callable[[BreakerState, str], None]


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When it opens and for how long.

    Attributes:
        failures: so many in a row open it.
        pause_s: how long it stays open the first time; each failed trial doubles it.
        longest_s: the longest pause.

    Raises:
        BadInput: a figure that is not above zero, or a longest pause below the first.
    """

    failures: int = 5
    pause_s: float = 5.0
    longest_s: float = 120.0

    def __post_init__(self) -> None:
        if self.failures < 1 or self.pause_s <= 0 or self.longest_s < self.pause_s:
            raise BadInput(
                "a breaker needs failures, a pause, and a longest pause not below it",
                field="breaker",
                rule="failures >= 1, 0 < pause_s <= longest_s",
            )


def _unwatched(_state: BreakerState, _cause: str) -> None:
    return


class Breaker:
    """One source's breaker in one process; threads may call every method.

    Args:
        limits: when it opens and for how long.
        clock: seconds that only grow, such as ``time.monotonic``.
        watch: told each move, outside the lock.
    """

    def __init__(
        self, limits: BreakerLimits, clock: Callable[[], float], watch: Watcher = _unwatched
    ) -> None:
        self._limits, self._clock, self._watch = limits, clock, watch
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._pause_s = limits.pause_s
        self._until = 0.0
        self._trying = False

    @property
    def state(self) -> BreakerState:
        """Its state now; an open one whose pause is over counts as half-open."""
        with self._lock:
            return self._now()

    def admits(self) -> bool:
        """Whether a call may be made; who gets True tells how it ended.

        Half-open it lets one call through at a time.
        """
        with self._lock:
            before, state = self._state, self._now()
            if state is BreakerState.OPEN:
                return False
            if state is BreakerState.HALF_OPEN:
                if self._trying:
                    return False
                self._trying, self._state = True, state
        if before is not state:
            self._watch(state, "the pause is over")
        return True

    def succeeded(self) -> None:
        """A call ended well: it closes."""
        with self._lock:
            before = self._state
            self._state, self._failures = BreakerState.CLOSED, 0
            self._pause_s, self._trying = self._limits.pause_s, False
        if before is not BreakerState.CLOSED:
            self._watch(BreakerState.CLOSED, "a call ended well")

    def failed(self, cause: str) -> None:
        """A call failed: it opens after so many in a row, and at once when it was on trial."""
        with self._lock:
            before = self._state
            if before is BreakerState.OPEN:
                return  # a call that was under way when it opened tells nothing new
            self._failures += 1
            if before is BreakerState.HALF_OPEN:
                self._pause_s = min(self._pause_s * 2, self._limits.longest_s)
            elif self._failures < self._limits.failures:
                return
            self._state, self._trying = BreakerState.OPEN, False
            self._until = self._clock() + self._pause_s
        self._watch(BreakerState.OPEN, cause)

    def abandoned(self) -> None:
        """A call ended without telling anything of the source: its place is free again."""
        with self._lock:
            self._trying = False

    def _now(self) -> BreakerState:
        if self._state is BreakerState.OPEN and self._clock() >= self._until:
            return BreakerState.HALF_OPEN
        return self._state
