"""Books in memory: for quick tests, and for users of the room without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tael.kernel import NotFound
from tael.policies.books.model import Book, BookId, DraftOf


class MemoryBookStore:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self._books: dict[BookId, Book] = {}
        self._contents: dict[BookId, bytes] = {}
        self._drafts: list[DraftOf] = []

    def add(self, book: Book, content: bytes) -> None:
        self._books[book.id] = book
        self._contents[book.id] = content

    def book(self, book_id: BookId, *, lock: bool = False) -> Book | None:  # noqa: ARG002 - one caller at a time
        return self._books.get(book_id)

    def content(self, book_id: BookId) -> bytes:
        if book_id not in self._contents:
            raise NotFound(f"there is no book {book_id}", field="book_id")
        return self._contents[book_id]

    def change(self, book: Book, content: bytes | None = None) -> None:
        self._books[book.id] = book
        if content is not None:
            self._contents[book.id] = content

    def books(self) -> Sequence[Book]:
        return sorted(self._books.values(), key=lambda book: book.id, reverse=True)

    def delete(self, book_id: BookId) -> None:
        self._books.pop(book_id, None)
        self._contents.pop(book_id, None)

    def expired(self, at: datetime, limit: int) -> Sequence[BookId]:
        over = [book.id for book in self._books.values() if book.expires_at <= at]
        return over[:limit]

    def add_draft(self, draft: DraftOf) -> None:
        self._drafts.append(draft)

    def drafts(self, book_id: BookId) -> Sequence[DraftOf]:
        return [each for each in reversed(self._drafts) if each.book_id == book_id]
