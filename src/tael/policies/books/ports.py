"""What books need from outside: a store, a keyed hash, a measure, and the desk of policies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tael.platform import Work
from tael.policies.books.intake import Hasher
from tael.policies.books.model import Book, BookId, DraftOf
from tael.policies.books.ranking import Measure
from tael.policies.model import Bundle, PolicyVersion


class BookStore(Protocol):
    """Where books are kept."""

    def add(self, book: Book, content: bytes) -> None: ...
    def book(self, book_id: BookId, *, lock: bool = False) -> Book | None: ...
    def content(self, book_id: BookId) -> bytes: ...
    def change(self, book: Book, content: bytes | None = None) -> None: ...
    def books(self) -> Sequence[Book]: ...
    def delete(self, book_id: BookId) -> None: ...
    def expired(self, at: datetime, limit: int) -> Sequence[BookId]: ...
    def add_draft(self, draft: DraftOf) -> None: ...
    def drafts(self, book_id: BookId) -> Sequence[DraftOf]: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What is handed in.

    Attributes:
        store: opens the store of a unit of work.
        hasher: the installation's keyed hash of a text.
        auc: how well a column ranks: outcomes (1 bad) and risk, float64 [rows] → 0 to 1.
        draft: keeps the texts of a policy as a new draft of this name.
        days: how long a book is kept.
    """

    store: Callable[[Work], BookStore]
    hasher: Hasher
    auc: Measure
    draft: Callable[[Work, str, Bundle], PolicyVersion]
    days: int = 90
