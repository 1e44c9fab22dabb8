"""What goes wrong on purpose: on demand for the next requests, or by a rule of seed and key."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from enum import Enum

_BUCKETS = 1000


class FaultKind(Enum):
    """How an answer fails to come as it should."""

    LATE = "late"  # the work is done, the answer comes after some seconds
    TWICE = "twice"  # the work is done once, its notice is sent two times
    NONE = "none"  # the work is done, the connection drops, no answer ever comes
    ERROR = "error"  # 503, nothing is done


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure; ``delay_ms`` matters to LATE only."""

    kind: FaultKind
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """How often each fault strikes, in thousandths of keys, on the first attempt at a key only.

    Whether and how a key is struck depends on ``seed``, path and key, so a rerun fails alike.
    """

    seed: int = 0
    late_permille: int = 0
    twice_permille: int = 0
    none_permille: int = 0
    error_permille: int = 0
    delay_ms: int = 1500

    def strikes(self, path: str, key: str) -> Fault | None:
        digest = hashlib.sha256(f"{self.seed}\x1f{path}\x1f{key}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") % _BUCKETS
        for kind, share in (
            (FaultKind.LATE, self.late_permille),
            (FaultKind.TWICE, self.twice_permille),
            (FaultKind.NONE, self.none_permille),
            (FaultKind.ERROR, self.error_permille),
        ):
            if place < share:
                return Fault(kind, self.delay_ms)
            place -= share
        return None


@dataclass(slots=True)
class _Ordered:
    fault: Fault
    path: str
    key: str
    times: int

    def matches(self, path: str, key: str) -> bool:
        return self.times > 0 and self.path in ("", path) and self.key in ("", key)


class Faults:
    """The plan, and what was ordered on top of it; orders come first, in their order."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._tried: set[tuple[str, str]] = set()
        self._ordered: list[_Ordered] = []

    def order(self, fault: Fault, *, path: str = "", key: str = "", times: int = 1) -> None:
        """Strike the next ``times`` requests to ``path`` with ``key`` (empty: any)."""
        with self._lock:
            self._ordered.append(_Ordered(fault, path, key, times))

    def clear(self) -> None:
        with self._lock:
            self._ordered.clear()

    def next(self, path: str, key: str) -> Fault | None:
        """What strikes this attempt, if anything."""
        with self._lock:
            first = (path, key) not in self._tried
            self._tried.add((path, key))
            for ordered in self._ordered:
                if ordered.matches(path, key):
                    ordered.times -= 1
                    return ordered.fault
        return self._plan.strikes(path, key) if first else None
