"""Loan rows in memory, for tests and replays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tael.kernel import Day
from tael.portfolio.model import LoanMonth


@dataclass
class MemoryMonthStore:
    """A ``MonthStore`` over a dictionary."""

    rows: dict[tuple[str, Day], LoanMonth] = field(default_factory=dict)

    def add(self, rows: Sequence[LoanMonth]) -> int:
        new = [row for row in rows if (row.loan_id, row.month_end) not in self.rows]
        self.rows.update({(row.loan_id, row.month_end): row for row in new})
        return len(new)

    def months(self, through: Day) -> Mapping[Day, Sequence[LoanMonth]]:
        found: dict[Day, list[LoanMonth]] = defaultdict(list)
        for (_, month_end), row in sorted(self.rows.items()):
            if month_end <= through:
                found[month_end].append(row)
        return found
