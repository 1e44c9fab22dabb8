"""Faults on order on top of a plan: the same for every party of the sandbox."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

Kind = TypeVar("Kind", bound=Enum)


@dataclass(frozen=True, slots=True)
class Fault(Generic[Kind]):
    """One failure; ``delay_ms`` matters to those that take time."""

    kind: Kind
    delay_ms: int = 0


class Plan(Protocol[Kind]):
    """What strikes the first attempt at a key of a place, if anything."""

    def strikes(self, place: str, key: str) -> Fault[Kind] | None: ...


@dataclass(slots=True)
class _Ordered(Generic[Kind]):
    fault: Fault[Kind]
    place: str
    key: str
    times: int

    def matches(self, place: str, key: str) -> bool:
        return self.times > 0 and self.place in ("", place) and self.key in ("", key)


class Faults(Generic[Kind]):
    """The plan, and what was ordered on top of it; orders come first, in their order.

    A place is a path or the name of a source.
    """

    def __init__(self, plan: Plan[Kind]) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._tried: set[tuple[str, str]] = set()
        self._ordered: list[_Ordered[Kind]] = []

    def order(self, fault: Fault[Kind], *, place: str = "", key: str = "", times: int = 1) -> None:
        """Strike the next ``times`` requests to ``place`` with ``key`` (empty: any)."""
        with self._lock:
            self._ordered.append(_Ordered(fault, place, key, times))

    def clear(self) -> None:
        """Take back what was ordered."""
        with self._lock:
            self._ordered.clear()

    def next(self, place: str, key: str) -> Fault[Kind] | None:
        """What strikes this attempt, if anything."""
        with self._lock:
            first = (place, key) not in self._tried
            self._tried.add((place, key))
            for ordered in self._ordered:
                if ordered.matches(place, key):
                    ordered.times -= 1
                    return ordered.fault
        return self._plan.strikes(place, key) if first else None
