"""Books in PostgreSQL, schema ``policies``: what is known of each, and its rows as Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tael.kernel import NotFound, VersionId
from tael.platform import Work
from tael.policies.books.model import (
    Book,
    BookId,
    BookState,
    DraftOf,
    Heading,
    Note,
    Problem,
    Report,
    Role,
    Suggestion,
)
from tael.policies.books.money import Assumptions
from tael.policies.store import metadata

_INSTANT = sa.DateTime(timezone=True)

books = sa.Table(
    "book",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("file_hash", sa.Text, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("uploaded_by", sa.Text, nullable=False),
    sa.Column("uploaded_at", _INSTANT, nullable=False),
    sa.Column("expires_at", _INSTANT, nullable=False, index=True),
    sa.Column("report", JSONB, nullable=False),
    sa.Column("headings", JSONB, nullable=False),
    sa.Column("names", JSONB, nullable=False),
    sa.Column("assumptions", JSONB, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("state in ('uploaded', 'ready')", name="known_book_state"),
)

# No foreign key to the book: the link outlives it.
drafts = sa.Table(
    "book_draft",
    metadata,
    sa.Column("version_id", sa.Text, primary_key=True),
    sa.Column("book_id", sa.Text, nullable=False, index=True),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("cut", sa.Text, nullable=False),
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("drafted_at", _INSTANT, nullable=False),
)

_COLUMNS = tuple(column for column in books.c if column.name != "content")


class SqlBookStore:
    """The store over the open unit of work."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    def add(self, book: Book, content: bytes) -> None:
        self._connection.execute(sa.insert(books).values(**_values(book), content=content))

    def book(self, book_id: BookId, *, lock: bool = False) -> Book | None:
        query = sa.select(*_COLUMNS).where(books.c.id == book_id)
        found = self._connection.execute(query.with_for_update() if lock else query)
        row = found.mappings().first()
        return None if row is None else _book(row)

    def content(self, book_id: BookId) -> bytes:
        query = sa.select(books.c.content).where(books.c.id == book_id)
        found = self._connection.execute(query).scalar_one_or_none()
        if found is None:
            raise NotFound(f"there is no book {book_id}", field="book_id")
        return bytes(found)

    def change(self, book: Book, content: bytes | None = None) -> None:
        values = _values(book) if content is None else {**_values(book), "content": content}
        self._connection.execute(sa.update(books).where(books.c.id == book.id).values(**values))

    def books(self) -> Sequence[Book]:
        query = sa.select(*_COLUMNS).order_by(books.c.id.desc())
        return [_book(row) for row in self._connection.execute(query).mappings()]

    def delete(self, book_id: BookId) -> None:
        self._connection.execute(sa.delete(books).where(books.c.id == book_id))

    def expired(self, at: datetime, limit: int) -> Sequence[BookId]:
        query = sa.select(books.c.id).where(books.c.expires_at <= at).limit(limit)
        return [BookId(found) for found in self._connection.execute(query).scalars()]

    def add_draft(self, draft: DraftOf) -> None:
        values = {name: getattr(draft, name) for name in DraftOf.__slots__}
        self._connection.execute(sa.insert(drafts).values(**values))

    def drafts(self, book_id: BookId) -> Sequence[DraftOf]:
        query = sa.select(drafts).where(drafts.c.book_id == book_id)
        rows = self._connection.execute(query.order_by(drafts.c.version_id.desc())).mappings()
        return [_draft(row) for row in rows]


def _values(book: Book) -> dict[str, Any]:
    values = {name: getattr(book, name) for name in Book.__slots__}
    return values | {
        "state": book.state.value,
        "report": _report_json(book.report),
        "headings": [_heading_json(each) for each in book.headings],
        "names": dict(book.names),
        "assumptions": book.assumptions.as_json(),
    }


def _book(row: sa.RowMapping) -> Book:
    values = dict(row)
    for name in ("uploaded_at", "expires_at"):
        values[name] = values[name].astimezone(UTC)
    return Book(
        **values
        | {
            "id": BookId(values["id"]),
            "state": BookState(values["state"]),
            "report": _report(values["report"]),
            "headings": tuple(_heading(each) for each in values["headings"]),
            "assumptions": Assumptions.from_json(values["assumptions"]),
        }
    )


def _report_json(report: Report) -> dict[str, object]:
    return {
        "rows": report.rows,
        "kept": report.kept,
        "problems": [asdict(each) for each in report.problems],
        "counts": [[*key, count] for key, count in report.counts.items()],
        "notes": [{"code": each.code, "values": dict(each.values)} for each in report.notes],
    }


def _report(data: Mapping[str, Any]) -> Report:
    return Report(
        data["rows"],
        data["kept"],
        tuple(Problem(**each) for each in data["problems"]),
        {(column, rule): count for column, rule, count in data["counts"]},
        tuple(Note(**each) for each in data["notes"]),
    )


def _heading_json(heading: Heading) -> dict[str, object]:
    found = {name: getattr(heading, name) for name in Heading.__slots__}
    told = heading.suggestion
    suggested = None if told is None else [told.role.value, told.confidence, told.why]
    return found | {"samples": list(heading.samples), "suggestion": suggested}


def _heading(data: Mapping[str, Any]) -> Heading:
    told = data["suggestion"]
    suggested = None if told is None else Suggestion(Role(told[0]), told[1], told[2])
    return Heading(**{**data, "samples": tuple(data["samples"]), "suggestion": suggested})


def _draft(row: sa.RowMapping) -> DraftOf:
    values = dict(row)
    return DraftOf(
        **values
        | {
            "version_id": VersionId(values["version_id"]),
            "book_id": BookId(values["book_id"]),
            "drafted_at": values["drafted_at"].astimezone(UTC),
        }
    )
