"""Where the books are kept: the port. A store refuses what breaks the books, whoever asks.

Two stores satisfy it: ``MemoryStore`` here, and one on PostgreSQL that is handed in from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from tael.kernel import Day
from tael.ledger.chart import Account
from tael.ledger.model import (
    BalanceQuery,
    BalanceRow,
    Batch,
    EntryQuery,
    Hold,
    HoldState,
    Link,
    Receipt,
    RecordedEntry,
)


class Store(Protocol):
    """Keeps batches, holds and closed days. Nothing is ever updated or deleted but a hold's state.

    ``append`` is atomic. It refuses, by the store's own constraints and not only by the ledger's:

    - an entry that does not balance (``InvariantBroken``);
    - a key seen before (``Conflict``, code ``key_reused``);
    - a guarded account of a loan that would end on its wrong side: per account, owner, currency and
      loan (of entries that name one), in each of the views common, common + IFRS and common +
      statutory, judged after the whole batch (``Conflict``, code ``wrong_side``);
    - an account whose balance would fall below what pending holds set aside in it (``Conflict``,
      code ``held``);
    - an effective day in a closed period (``BadInput``, code ``closed_period``).
    """

    @property
    def chart(self) -> Mapping[str, Account]:
        """The accounts this store knows."""
        ...

    def find(self, key: str) -> Receipt | None:
        """The receipt of the batch with this key (it carries the input hash)."""
        ...

    def append(self, batch: Batch) -> Receipt:
        """Write ``batch``; turn the hold it releases, if any, to ``POSTED`` in the same step.

        Each batch is linked to the one before (``tael.ledger.link``): at once or by a later sealer.
        """
        ...

    def balances(self, query: BalanceQuery) -> Iterable[BalanceRow]:
        """Nets by account, owner, currency, basis and ``query.group_by``; zeros may be left out."""
        ...

    def entries(self, query: EntryQuery) -> Iterator[RecordedEntry]:
        """Matching entries in the order of recording, read as a stream."""
        ...

    def links(self) -> Iterator[Link]:
        """Every batch in the order of the chain, those not sealed yet at the end."""
        ...

    def add_hold(self, hold: Hold) -> None:
        """Write a pending hold.

        Raises:
            Conflict: its key is taken (``key_reused``), or less than its amount is available in the
                part of the account that it names, or in the whole account (``held``).
        """
        ...

    def find_hold(self, id_or_key: str) -> Hold | None:
        """The hold with this id or this key."""
        ...

    def void_hold(self, hold: Hold) -> HoldState:
        """Turn a pending hold to ``VOIDED``, leave a closed one; gives the state it had before."""
        ...

    def close_through(self, book: str, day: Day) -> None:
        """Refuse from now on entries of ``book`` effective by ``day``; never moves back."""
        ...

    def closed_through(self, book: str) -> Day | None:
        """The last closed day of ``book``."""
        ...
