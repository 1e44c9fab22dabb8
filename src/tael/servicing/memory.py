"""Loans in memory: the same store without a database, for stories, properties and replays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tael.kernel import Conflict, Day, LoanId, check
from tael.kernel.facts import Fact
from tael.servicing.model import Event, LoanContract, LoanStatus
from tael.servicing.ports import (
    DelinquencyRun,
    LoanFile,
    LoanHeader,
    LoanQuery,
    LoanSummary,
    log_head,
)


@dataclass
class MemoryLoanStore:
    """A ``LoanStore`` over dictionaries."""

    files: dict[LoanId, LoanFile] = field(default_factory=dict)
    summaries: dict[LoanId, LoanSummary] = field(default_factory=dict)
    heads: dict[LoanId, str] = field(default_factory=dict)
    run_log: dict[LoanId, list[DelinquencyRun]] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)

    def emit(self, fact: Fact, key: str) -> None:
        """An ``Emit`` that keeps what it was told, once per key."""
        self.facts.setdefault(key, fact)

    def insert(self, header: LoanHeader, contract: LoanContract, summary: LoanSummary) -> None:
        self.files[contract.loan_id] = LoanFile(header, contract, ())
        self.summaries[contract.loan_id] = summary
        self.heads[contract.loan_id] = ""

    def head(self, loan_id: LoanId, *, lock: bool = False) -> str | None:  # noqa: ARG002 - one thread
        return self.heads.get(loan_id)

    def load(self, loan_id: LoanId, *, lock: bool = False) -> LoanFile | None:  # noqa: ARG002 - one thread
        return self.files.get(loan_id)

    def append(self, event: Event, before: str, summary: LoanSummary) -> str:
        file = self.files[summary.loan_id]
        if before != self.heads[summary.loan_id]:
            raise Conflict(f"{summary.loan_id} has moved on", field="head")
        runs = self.run_log.setdefault(summary.loan_id, [])
        self.run_log[summary.loan_id] = next_runs(runs, summary)
        self.files[summary.loan_id] = replace(file, log=(*file.log, event))
        self.summaries[summary.loan_id] = summary
        self.heads[summary.loan_id] = log_head([event], before)
        return self.heads[summary.loan_id]

    def due(self, day: Day) -> Sequence[LoanId]:
        return sorted(
            loan_id
            for loan_id, row in self.summaries.items()
            if row.in_clearing or (row.next_posting is not None and row.next_posting <= day)
        )

    def claimable(self, day: Day, dpd: int) -> Sequence[LoanId]:
        return sorted(
            loan_id
            for loan_id, row in self.summaries.items()
            if row.status is LoanStatus.ACTIVE
            and row.oldest_unpaid_due is not None
            and row.oldest_unpaid_due.days_until(day) >= dpd
        )

    def find(self, query: LoanQuery) -> Sequence[tuple[LoanHeader, LoanSummary]]:
        found = [
            (self.files[loan_id].header, row)
            for loan_id, row in sorted(self.summaries.items(), reverse=True)
            if _matches(query, self.files[loan_id], row)
        ]
        return found[: query.limit]

    def runs(self, loan_id: LoanId) -> Sequence[DelinquencyRun]:
        return tuple(self.run_log.get(loan_id, ()))


def next_runs(runs: Sequence[DelinquencyRun], summary: LoanSummary) -> list[DelinquencyRun]:
    """The delinquency runs after an event: at most the last one is open.

    A run opens on the day after a due date that stayed unpaid; it ends when the oldest unpaid due
    date moves on, and the next begins at that date if it has passed too.
    """
    due = summary.oldest_unpaid_due
    overdue = due if due is not None and due < summary.as_of else None
    kept = list(runs)
    if kept and kept[-1].ended is None:
        if kept[-1].due == overdue:
            return kept
        kept[-1] = replace(kept[-1], ended=summary.as_of)
    if overdue is not None:
        kept.append(DelinquencyRun(overdue, None))
    check(all(run.ended is not None for run in kept[:-1]), "only the last run is open")
    return kept


def _matches(query: LoanQuery, file: LoanFile, row: LoanSummary) -> bool:
    overdue = row.oldest_unpaid_due
    return (
        (query.status is None or row.status is query.status)
        and (not query.partner or file.contract.dimensions.partner == query.partner)
        and (query.tier is None or file.header.tier == query.tier)
        and (query.overdue_on is None or (overdue is not None and overdue < query.overdue_on))
        and (not query.after or row.loan_id < query.after)
    )
