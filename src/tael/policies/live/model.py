"""What a live decision is asked with, what it is made on, and what comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tael.kernel import ApplicationId, Money
from tael.policies.model import LogEntry

NO_FEATURES: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Request:
    """One application to be decided now.

    Attributes:
        application_id: decided once in each ``round``: asked again, the logged decision is the
            answer, whatever policy is in force by then.
        amount: asked for.
        months: asked for.
        borrower: whose evidence is read; '' where the policy reads no variable.
        features: inputs of the policy that the application gives, exact.
        evidence: the hash of the evidence to decide on; '' takes the borrower's latest.
        as_of: as of when everything is looked at, aware; None is now. Never later than now.
        round: 1, and one more for each reconsideration.
    """

    application_id: ApplicationId
    amount: Money
    months: int
    borrower: str = ""
    features: Mapping[str, object] = field(default_factory=lambda: NO_FEATURES)
    evidence: str = ""
    as_of: datetime | None = None
    round: int = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """The raw events of a borrower that sources gave, packed; never changed after it was kept.

    Attributes:
        borrower: the id that the packed events bear.
        known_at: when the last of it became known, aware.
        sources: JSON: by source what was asked, when and what came of it.
        packed: as ``tael.variables.to_bytes`` writes them.
    """

    borrower: str
    known_at: datetime
    sources: str
    packed: bytes = field(repr=False)

    @property
    def hash(self) -> str:
        """SHA-256 over all of it, in hexadecimal."""
        told = f"{self.borrower}\x1f{self.known_at.isoformat()}\x1f{self.sources}\x1f"
        return hashlib.sha256(told.encode() + self.packed).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision as logged; ``repeated`` when it was made before, on an earlier asking."""

    entry: LogEntry
    repeated: bool
