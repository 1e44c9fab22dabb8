"""Hashes over the books: of a batch's inputs, of the chain, of an entry's business content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from tael.kernel import Day
from tael.ledger.model import Batch, Entry, RecordedEntry


def input_hash(entries: Iterable[Entry], releases: str | None = None) -> str:
    """SHA-256 (hex) of the entries as asked for, in their order, and of the hold they release."""
    asked: list[object] = [releases or "", [[*_head(e), e.corrects, _lines(e)] for e in entries]]
    return _sha256(asked).hex()


def link(previous: str, batch: Batch) -> str:
    """The next link (hex) after ``previous`` (empty for the first): a hash over both.

    It covers key, recorded time and inputs, so that a changed, dropped or swapped batch is found.
    """
    recorded = batch.recorded.isoformat()
    return _sha256([previous, batch.key, recorded, batch.input_hash]).hex()


def content_hashes(records: Iterable[RecordedEntry]) -> dict[tuple[str, Day], str]:
    """SHA-256 (hex) of each book's day: what was booked, whatever the order inside the day.

    No key, no row id and no recorded time is in it; of a correction only that it is one.
    """
    digests: dict[tuple[str, Day], list[bytes]] = {}
    for record in records:
        entry = record.entry
        digests.setdefault((entry.book, entry.effective), []).append(_content_digest(entry))
    return {
        place: hashlib.sha256(b"".join(sorted(of_day))).hexdigest()
        for place, of_day in sorted(digests.items())
    }


def content_hash(records: Iterable[RecordedEntry]) -> str:
    """One SHA-256 (hex) over ``content_hashes``: equal books give equal hashes."""
    days = content_hashes(records).items()
    return _sha256([[book, day.isoformat(), of_day] for (book, day), of_day in days]).hex()


def _content_digest(entry: Entry) -> bytes:
    # Sorted lines: two ways to write one entry down are one entry.
    return _sha256([*_head(entry), bool(entry.corrects), sorted(_lines(entry))])


def _head(entry: Entry) -> list[object]:
    of = entry.dimensions
    about = (of.loan, of.partner, of.agreement, of.product)
    cohort = (of.tier, of.channel, of.vintage, of.branch)
    day = entry.effective.isoformat()
    return [entry.book, entry.owner, entry.event, day, entry.basis.value, about, cohort]


def _lines(entry: Entry) -> list[tuple[str, str, int, str]]:
    return [
        (line.account, line.side.value, line.amount.minor, line.amount.currency)
        for line in entry.postings
    ]


def _sha256(content: list[object]) -> bytes:
    # JSON keeps the parts apart whatever is written in them; a separator would not.
    return hashlib.sha256(json.dumps(content).encode()).digest()
