"""Double entry for several books at once: balanced, immutable, idempotent, provable."""

from tael.ledger.chart import BOOKS, CHART, Account
from tael.ledger.hashing import link
from tael.ledger.model import (
    BalanceQuery,
    BalanceRow,
    Basis,
    Batch,
    Dimensions,
    Entry,
    EntryQuery,
    Hold,
    HoldState,
    Link,
    Posting,
    Proof,
    Receipt,
    RecordedEntry,
    Side,
    TrialBalance,
    credit,
    debit,
)
from tael.ledger.store import Store

__all__ = [
    "BOOKS",
    "CHART",
    "Account",
    "BalanceQuery",
    "BalanceRow",
    "Basis",
    "Batch",
    "Dimensions",
    "Entry",
    "EntryQuery",
    "Hold",
    "HoldState",
    "Link",
    "Posting",
    "Proof",
    "Receipt",
    "RecordedEntry",
    "Side",
    "Store",
    "TrialBalance",
    "credit",
    "debit",
    "link",
]
