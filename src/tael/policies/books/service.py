"""What an analyst does with a book: upload it, name its columns, look, cut, draft, take it away."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from tael.kernel import BadInput, Conflict, NotFound
from tael.platform import Work
from tael.policies.books.analysis import Analysis, analyse
from tael.policies.books.drafting import bundle_of
from tael.policies.books.export import tables_of, to_csv, to_xlsx
from tael.policies.books.files import read_file
from tael.policies.books.intake import ROW, staged
from tael.policies.books.model import (
    MOST_PROBLEMS,
    Book,
    BookId,
    BookState,
    DraftOf,
    Heading,
    Mapped,
    Note,
    Report,
    Role,
)
from tael.policies.books.money import Assumptions
from tael.policies.books.ports import BookStore, Outside
from tael.policies.books.reading import Choices, choices_of, notes_of, read_rows
from tael.policies.books.rows import packed, rows_of, unpacked
from tael.policies.model import PolicyVersion

if TYPE_CHECKING:
    import pyarrow as pa

_UNNAMED = timedelta(days=1)
_MOST_LOOKED_AT = 8
_PREVIEW_ROWS = 8
_PURGED_AT_ONCE = 100
_LONGEST_NAME = 120
_PIECE = 2**20


@dataclass(frozen=True)
class Upload:
    """A file that was read and is not kept yet: made outside any transaction, for it takes long."""

    name: str
    file_hash: str
    headings: tuple[Heading, ...]
    report: Report
    content: bytes


@dataclass(frozen=True)
class Naming:
    """A book's columns as somebody is about to name them: what follows from it.

    ``report`` is None, and ``refused`` says why, where the names do not make a book yet.
    """

    mapped: Mapped
    choices: Choices
    report: Report | None
    refused: BadInput | None


class Books:
    """The books of a lender."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        # An analysis takes longer than reading it again and again while a line is dragged.
        self._looked_at: OrderedDict[tuple[str, Assumptions], Analysis] = OrderedDict()

    def read(self, name: str, file: IO[bytes]) -> Upload:
        """Read an uploaded file: no transaction is needed, and nothing is kept.

        Raises:
            BadInput: a file that is no book; the code says of what kind, the rule what to do.
        """
        sheet = read_file(file)
        headings, table = staged(sheet, self._outside.hasher)
        counts = {("", "too_many_cells"): sheet.overlong} if sheet.overlong else {}
        rows = len(table) + sheet.overlong
        notes = (*sheet.notes, *_personal(headings))
        report = Report(rows, len(table), sheet.problems, counts, notes)
        return Upload(_tidy(name), _file_hash(file), headings, report, packed(table))

    def keep(self, work: Work, upload: Upload) -> Book:
        """Keep what was read until its columns are named, for a day at most."""
        now = work.clock.now()
        book = Book(
            id=BookId.new(now),
            name=upload.name,
            state=BookState.UPLOADED,
            file_hash=upload.file_hash,
            content_hash=_hash(upload.content),
            uploaded_by=work.actor.id,
            uploaded_at=now,
            expires_at=now + _UNNAMED,
            report=upload.report,
            headings=upload.headings,
        )
        self._store(work).add(book, upload.content)
        work.audit("book.uploaded", book.id, {"file_hash": book.file_hash})
        return book

    def books(self, work: Work) -> Sequence[Book]:
        """Every book, newest first."""
        return self._store(work).books()

    def book(self, work: Work, book_id: BookId) -> Book:
        """One book.

        Raises:
            NotFound: there is none, or it was deleted.
        """
        return self._found(work, book_id)

    def preview(self, work: Work, book: Book) -> Sequence[Mapping[str, str]]:
        """The first rows of a book whose columns are not named yet, by column number."""
        rows = self._content(work, book).slice(0, _PREVIEW_ROWS).to_pylist()
        return [{name: str(value or "") for name, value in row.items()} for row in rows]

    def name_columns(
        self, work: Work, book: Book, roles: Mapping[int, Role], given: Mapping[str, str]
    ) -> Naming:
        """What follows from naming the columns so; nothing is changed."""
        return _named(book, self._content(work, book), roles, given)[0]

    def confirm(
        self, work: Work, book_id: BookId, roles: Mapping[int, Role], given: Mapping[str, str]
    ) -> Book:
        """Keep the named columns as read and drop the others.

        Raises:
            BadInput: a needed column is missing, or no row can be read.
            Conflict: the columns were named before.
        """
        book = self._found(work, book_id, lock=True)
        if book.state is not BookState.UPLOADED:
            raise Conflict(
                "the columns of this book are named; upload the file again to name others",
                field="state", rule="named once",
            )  # fmt: skip
        naming, table = _named(book, self._content(work, book), roles, given)
        if naming.refused is not None or naming.report is None or table is None:
            raise naming.refused or BadInput(
                "the columns cannot be named so", code="book_no_good_rows", field="roles"
            )
        content = packed(table)
        ready = replace(
            book,
            state=BookState.READY,
            content_hash=_hash(content),
            expires_at=work.clock.now() + timedelta(days=self._outside.days),
            report=naming.report,
            headings=(),
            names=_names(book, naming.mapped),
        )
        self._store(work).change(ready, content)
        work.audit("book.named", book.id, {"content_hash": ready.content_hash})
        return ready

    def assume(self, work: Work, book_id: BookId, assumed: Assumptions) -> Book:
        """Keep what is assumed of the book.

        Raises:
            BadInput: what no loan can be.
        """
        assumed.check()
        book = replace(self._ready(work, book_id, lock=True), assumptions=assumed)
        self._analysis(work, book)
        self._store(work).change(book)
        return book

    def look(self, work: Work, book_id: BookId) -> tuple[Book, Analysis]:
        """A book and everything it shows."""
        book = self._ready(work, book_id)
        return book, self._analysis(work, book)

    def draft(self, work: Work, book_id: BookId, name: str, cut: str) -> PolicyVersion:
        """A policy draft that accepts what the cut-off ``cut`` accepts, linked with the book.

        Raises:
            BadInput: no name, no such cut-off, or a book that does not tell goods from bads.
        """
        book, found = self.look(work, book_id)
        at = found.ranking.place(cut)
        text = found.ranking.cuts[at].text
        source = f"Book {book.id}, rows {book.content_hash}"
        bundle = bundle_of(found, at, book.assumptions, source)
        version = self._outside.draft(work, name, bundle)
        self._store(work).add_draft(
            DraftOf(
                version.id, book.id, book.content_hash, found.ranking.role.value, text,
                work.actor.id, work.clock.now(),
            )
        )  # fmt: skip
        work.audit("book.drafted", book.id, {"version": version.id, "cut": text})
        return version

    def drafts(self, work: Work, book_id: BookId) -> Sequence[DraftOf]:
        """The policy drafts made of a book, newest first."""
        return self._store(work).drafts(book_id)

    def export(self, work: Work, book_id: BookId, cut: str, form: tuple[str, str]) -> bytes:
        """Everything the book shows, as a file: ``form`` is 'xlsx' or 'csv', and 'zh' or 'en'.

        Raises:
            BadInput: no such cut-off, or no library that writes workbooks.
        """
        book, found = self.look(work, book_id)
        kind, language = form
        tables = tables_of(book, found, found.ranking.place(cut), language)
        work.audit("book.exported", book.id, {"format": kind})
        return to_xlsx(tables, language) if kind == "xlsx" else to_csv(tables, language)

    def delete(self, work: Work, book_id: BookId) -> None:
        """Delete a book with its rows; what was drafted of it stays, with the hash of the rows."""
        book = self._found(work, book_id, lock=True)
        self._store(work).delete(book.id)
        work.audit("book.deleted", book.id, {"content_hash": book.content_hash})

    def purge(self, work: Work) -> int:
        """Delete the books whose time is over, a hundred at once; returns how many."""
        store = self._store(work)
        over = store.expired(work.clock.now(), _PURGED_AT_ONCE)
        for book_id in over:
            store.delete(book_id)
            work.audit("book.expired", book_id, {})
        return len(over)

    def _analysis(self, work: Work, book: Book) -> Analysis:
        key = (book.content_hash, book.assumptions)
        found = self._looked_at.get(key)
        if found is None:
            rows = rows_of(self._content(work, book), book.assumptions)
            found = analyse(rows, book.assumptions, self._outside.auc)
            self._looked_at[key] = found
            while len(self._looked_at) > _MOST_LOOKED_AT:
                self._looked_at.popitem(last=False)
        return found

    def _store(self, work: Work) -> BookStore:
        return self._outside.store(work)

    def _content(self, work: Work, book: Book) -> pa.Table:
        return unpacked(self._store(work).content(book.id))

    def _found(self, work: Work, book_id: BookId, *, lock: bool = False) -> Book:
        book = self._store(work).book(book_id, lock=lock)
        if book is None or book.expires_at <= work.clock.now():
            raise NotFound(f"there is no book {book_id}", field="book_id")
        return book

    def _ready(self, work: Work, book_id: BookId, *, lock: bool = False) -> Book:
        book = self._found(work, book_id, lock=lock)
        if book.state is not BookState.READY:
            raise Conflict(
                "name the columns of this book first", field="state", rule="columns named"
            )
        return book


def _named(
    book: Book, table: pa.Table, roles: Mapping[int, Role], given: Mapping[str, str]
) -> tuple[Naming, pa.Table | None]:
    kept = set(table.column_names) - {ROW}
    usable = {number: role for number, role in roles.items() if str(number) in kept}
    mapped, choices = choices_of(book.headings, table, usable, given)
    try:
        rows, report = read_rows(book.headings, table, mapped)
    except BadInput as refused:
        return Naming(mapped, choices, None, refused), None
    before = book.report
    whole = replace(
        report,
        rows=report.rows + before.rows - before.kept,
        problems=(*before.problems, *report.problems)[:MOST_PROBLEMS],
        counts={**before.counts, **report.counts},
        notes=(*before.notes, *notes_of(mapped)),
    )
    return Naming(mapped, choices, whole, None), rows


def _names(book: Book, mapped: Mapped) -> dict[str, str]:
    headings = {one.number: one.name for one in book.headings}
    found = {}
    for role in Role:
        for place, number in enumerate(mapped.columns(role)):
            key = f"{role.value}_{place}" if role is Role.SEGMENT else role.value
            found[key] = headings[number]
    return found


def _personal(headings: Sequence[Heading]) -> list[Note]:
    """Which columns left, or are kept as keyed hashes, because they look like personal data."""
    kinds = {
        "personal_dropped": [one.name for one in headings if one.personal and not one.hashed],
        "personal_hashed": [one.name for one in headings if one.hashed],
    }
    return [Note(code, {"columns": ", ".join(names)}) for code, names in kinds.items() if names]


def _tidy(name: str) -> str:
    plain = name.replace("\\", "/").rpartition("/")[2]
    return (
        "".join(letter for letter in plain if letter.isprintable()).strip()[:_LONGEST_NAME] or "-"
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _file_hash(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
