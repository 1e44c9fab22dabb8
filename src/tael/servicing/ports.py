"""What servicing needs from outside: a store of loans and their logs, the books, an outbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tael.kernel import ApplicationId, Day, GroupId, LoanId, Money, PartyId
from tael.kernel.facts import Fact
from tael.ledger import Entry, Receipt
from tael.servicing.model import Event, LoanContract, LoanStatus, event_to_json


@dataclass(frozen=True, slots=True)
class LoanHeader:
    """Whose loan it is, and which contract it serves."""

    application_id: ApplicationId
    borrower_id: PartyId
    group_id: GroupId
    tier: int
    contract_hash: str


@dataclass(frozen=True, slots=True)
class LoanFile:
    """A loan as stored: who, under which contract, and everything that happened."""

    header: LoanHeader
    contract: LoanContract
    log: tuple[Event, ...]

    @property
    def head(self) -> str:
        """Names the log by its content: equal heads, equal logs."""
        return log_head(self.log)


def log_head(log: Sequence[Event], before: str = "") -> str:
    """SHA-256 chained over ``log``, after the head ``before`` of what came earlier."""
    head = before
    for event in log:
        body = json.dumps(event_to_json(event), sort_keys=True)
        head = hashlib.sha256(f"{head}\n{body}".encode()).hexdigest()
    return head


@dataclass(frozen=True, slots=True)
class LoanSummary:
    """The state in the columns that lists and the daily run look at; derived, never edited alone.

    ``next_posting`` is the next day on which something is posted by itself; ``oldest_unpaid_due``
    is what days past due count from.
    """

    loan_id: LoanId
    status: LoanStatus
    principal: Money
    outstanding: Money
    disbursed_on: Day
    oldest_unpaid_due: Day | None
    next_posting: Day | None
    in_clearing: bool
    as_of: Day

    def days_past_due(self, day: Day) -> int:
        """Calendar days since the oldest unpaid due date; 0 when it has not passed."""
        due = self.oldest_unpaid_due
        return max(0, due.days_until(day)) if due is not None else 0


@dataclass(frozen=True, slots=True)
class DelinquencyRun:
    """Days past due as a run: they count from ``due`` until ``ended`` (None while it is open)."""

    due: Day
    ended: Day | None


@dataclass(frozen=True, slots=True)
class LoanQuery:
    """Filters of a list of loans, newest first; ``after`` is the last id of the page before."""

    status: LoanStatus | None = None
    partner: str = ""
    tier: int | None = None
    overdue_on: Day | None = None
    after: str = ""
    limit: int = 50


class LoanStore(Protocol):
    """Loans and their logs. Every method sees and changes one transaction."""

    def insert(self, header: LoanHeader, contract: LoanContract, summary: LoanSummary) -> None: ...

    def load(self, loan_id: LoanId, *, lock: bool = False) -> LoanFile | None: ...

    def head(self, loan_id: LoanId, *, lock: bool = False) -> str | None:
        """The head of the loan's log; None when there is no such loan."""
        ...

    def append(self, event: Event, before: str, summary: LoanSummary) -> str:
        """Add an event after the head ``before``; returns the new head.

        Raises:
            Conflict: another writer added one in between.
        """
        ...

    def due(self, day: Day) -> Sequence[LoanId]:
        """Loans whose next posting lies on or before ``day``, or with money in clearing."""
        ...

    def claimable(self, day: Day, dpd: int) -> Sequence[LoanId]:
        """Active loans at least ``dpd`` days past due on ``day``."""
        ...

    def find(self, query: LoanQuery) -> Sequence[tuple[LoanHeader, LoanSummary]]: ...

    def runs(self, loan_id: LoanId) -> Sequence[DelinquencyRun]: ...


class Books(Protocol):
    """The part of the ledger servicing uses."""

    def post(self, entries: Sequence[Entry], *, key: str) -> Receipt: ...


class Emit(Protocol):
    """Writes a fact to the outbox, once per key."""

    def __call__(self, fact: Fact, key: str) -> None: ...
