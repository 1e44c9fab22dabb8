"""What goes wrong on purpose, and how long answers take: by order, or by seed, source and key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import exp
from statistics import NormalDist

from tael.sandbox.orders import Fault, Faults

__all__ = ["Fault", "FaultKind", "FaultPlan", "Faults", "Latency"]

_BUCKETS = 1000
_NORMAL = NormalDist()


class FaultKind(Enum):
    """How an answer fails to come as it should."""

    ERROR = "error"  # 503, nothing is done
    TIMEOUT = "timeout"  # nothing is done and nothing comes, for delay_ms
    LATE = "late"  # the work is done, the answer comes after delay_ms
    DROP = "drop"  # the work is done, the wire is cut before the answer
    HALF = "half"  # the wire is cut in the middle of the answer
    TWICE = "twice"  # records, and the notice, come twice
    PARTIAL = "partial"  # the last section is missing, and told to be
    SHORT = "short"  # a record is missing, and nobody tells
    MALFORMED = "malformed"  # what comes is no JSON, though signed
    STRANGER = "stranger"  # the answer is about somebody else
    FORGED = "forged"  # the body is not the one that was signed
    FUTURE = "future"  # the answer is as of next year
    DEARER = "dearer"  # it charges more than was agreed


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """How often each fault strikes, in thousandths of keys, on the first attempt at a key only.

    Whether and how a key is struck depends on ``seed``, source and key, so a rerun fails alike.
    """

    seed: int = 0
    permille: Mapping[FaultKind, int] = field(default_factory=dict)
    delay_ms: int = 3000

    def strikes(self, place: str, key: str) -> Fault[FaultKind] | None:
        bucket = int(_share(self.seed, "fault", place, key) * _BUCKETS)
        for kind in FaultKind:
            share = self.permille.get(kind, 0)
            if bucket < share:
                return Fault(kind, self.delay_ms)
            bucket -= share
        return None


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a source takes: log-normal around its median, the same for the same key.

    Attributes:
        median_ms: half of the answers take longer.
        spread: standard deviation of the logarithm; 0 makes every answer take the median.
        later_ms: median of the time that an asynchronous source takes after it has said 202.
    """

    median_ms: float = 0.0
    spread: float = 0.5
    later_ms: float = 50.0

    def of(self, seed: int, source: str, key: str) -> float:
        """Milliseconds until the answer, or the ticket, of this key."""
        return self.median_ms * self._factor(seed, source, key)

    def later(self, seed: int, source: str, key: str) -> float:
        """Milliseconds from the ticket to the answer."""
        return self.later_ms * self._factor(seed, source, f"{key}/later")

    def _factor(self, seed: int, source: str, key: str) -> float:
        share = _share(seed, "latency", source, key)
        return exp(self.spread * _NORMAL.inv_cdf(min(max(share, 1e-6), 1 - 1e-6)))


def _share(*parts: object) -> float:
    """A number from 0 to below 1 that these parts always give."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
