"""What the portfolio reads: its own rows of the past, and the journal it has to tie to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tael.kernel import Day, Money
from tael.portfolio.model import LoanMonth


class MonthStore(Protocol):
    """Rows per loan and month end. A month is written once; writing it again changes nothing."""

    def add(self, rows: Sequence[LoanMonth]) -> int:
        """Keep the rows that are not there yet; how many were new."""
        ...

    def months(self, through: Day) -> Mapping[Day, Sequence[LoanMonth]]:
        """All rows up to and on ``through``, by month end."""
        ...


class Journal(Protocol):
    """The balances the figures tie to."""

    def balance(self, account: str, *, as_of: Day | None = None) -> Money: ...


class Capital(Protocol):
    """The guarantee company's weighted liability and net assets on a day."""

    def leverage(self, as_of: Day) -> tuple[Money, Money]: ...
