"""Hashes over the books: of a batch's inputs, of the chain, of an entry's business content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tael.ledger.model import Batch, Dimensions, Entry

_FIELD, _POSTING, _ENTRY = "\x1f", "\x1e", "\x1d"


def input_hash(entries: Sequence[Entry]) -> str:
    """SHA-256 (hex) of the entries as asked for, in their order."""
    text = _ENTRY.join(_text(entry) + _FIELD + entry.corrects for entry in entries)
    return hashlib.sha256(text.encode()).hexdigest()


def link(previous: str, batch: Batch) -> str:
    """The next link (hex) after ``previous`` (empty for the first): a hash over both.

    It covers key, recorded time and inputs, so that a changed, dropped or swapped batch is found.
    """
    text = _FIELD.join((previous, batch.key, batch.recorded.isoformat(), batch.input_hash))
    return hashlib.sha256(text.encode()).hexdigest()


def content_digest(entry: Entry) -> bytes:
    """SHA-256 of an entry's business content: no key, no row id, no recorded time.

    Postings are sorted, for two ways to write one entry down are one entry.
    """
    kind = "correction" if entry.corrects else "original"
    return hashlib.sha256((_text(entry, in_order=False) + _FIELD + kind).encode()).digest()


def _text(entry: Entry, *, in_order: bool = True) -> str:
    lines = [
        f"{line.account}{_FIELD}{line.side.value}{_FIELD}{line.amount.minor}{_FIELD}{line.amount.currency}"
        for line in entry.postings
    ]
    head = (entry.book, entry.owner, entry.event, entry.effective.isoformat(), entry.basis.value)
    body = _POSTING.join(lines if in_order else sorted(lines))
    return _FIELD.join((*head, _dimensions(entry.dimensions), body))


def _dimensions(of: Dimensions) -> str:
    return _FIELD.join(
        (of.loan, of.partner, of.agreement, of.product, of.tier, of.channel, of.vintage, of.branch)
    )
