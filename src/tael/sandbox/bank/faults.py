"""What goes wrong on purpose: on demand for the next requests, or by a rule of seed and key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

from tael.sandbox.orders import Fault, Faults

__all__ = ["Fault", "FaultKind", "FaultPlan", "Faults"]

_BUCKETS = 1000


class FaultKind(Enum):
    """How an answer fails to come as it should."""

    LATE = "late"  # the work is done, the answer comes after some seconds
    TWICE = "twice"  # the work is done once, its notice is sent two times
    NONE = "none"  # the work is done, the connection drops, no answer ever comes
    ERROR = "error"  # 503, nothing is done


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

    def strikes(self, place: str, key: str) -> Fault[FaultKind] | None:
        digest = hashlib.sha256(f"{self.seed}\x1f{place}\x1f{key}".encode()).digest()
        bucket = int.from_bytes(digest[:8], "big") % _BUCKETS
        for kind, share in (
            (FaultKind.LATE, self.late_permille),
            (FaultKind.TWICE, self.twice_permille),
            (FaultKind.NONE, self.none_permille),
            (FaultKind.ERROR, self.error_permille),
        ):
            if bucket < share:
                return Fault(kind, self.delay_ms)
            bucket -= share
        return None
