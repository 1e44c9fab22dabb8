"""Double entry for several books at once: balanced, immutable, idempotent, provable.

One event is posted in all its books together, under a key. A bank lends 120,000 yuan under a
guarantee:

>>> from tael.kernel import Day, FixedClock, Money
>>> ledger = Ledger(MemoryStore(), FixedClock.on(Day(2026, 1, 5)))
>>> principal, loan = Money.parse("120000"), Dimensions(loan="loan-1", partner="bank-1")
>>> day = Day(2026, 1, 5)
>>> lent = Entry(
...     "B", "disbursed", day, (debit("B1301", principal), credit("B1002", principal)), loan,
...     owner="bank-1",
... )
>>> guaranteed = Entry(
...     "G", "disbursed", day, (debit("G9001", principal), credit("G9002", principal)), loan
... )
>>> receipt = ledger.post([lent, guaranteed], key="loan-1/disbursed")
>>> ledger.post([lent, guaranteed], key="loan-1/disbursed") == receipt
True
>>> str(ledger.balance("B1301", loan="loan-1")), str(ledger.balance("B1002", owner="bank-1"))
('120,000.00 CNY', '-120,000.00 CNY')

Nothing is edited: what was wrong is taken back by entries that name it.

>>> taken_back = ledger.reverse("loan-1/disbursed", effective=day, new_key="loan-1/undone")
>>> str(ledger.balance("G9001", loan="loan-1")), ledger.verify().sound
('0.00 CNY', True)

Read the files in this order: model, chart, rules, hashing, store, journal, proof, memory, cells.
"""

from tael.ledger.chart import BOOKS, CHART, Account
from tael.ledger.hashing import link
from tael.ledger.journal import Ledger
from tael.ledger.memory import MemoryStore
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
    "Ledger",
    "Link",
    "MemoryStore",
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
