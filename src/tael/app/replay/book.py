"""Accepted loans in the books: disbursement and end of each, in four books, every entry balanced.

A file without instalments knows two days of a loan, so interest and fee are booked when they are
received, at the end; everything between is an assumption that the books do not make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tael.app.replay.model import Life
from tael.kernel import Day, Money, check, total
from tael.ledger import Dimensions, Entry, Ledger, Posting, credit, debit

LENDERS = "lenders"
"""The one partner of a replay: all lenders of the file together."""

Lines = Sequence[tuple[str, Money]]


@dataclass(frozen=True)
class BooksProof:
    """What the books say at the end of a replay.

    Attributes:
        kept_in: ``postgresql`` or ``memory``.
        sound: the proof found chain, hashes, entries and running balances right.
        content_hash: SHA-256 (hex) over keys and content of all batches, in order; no recorded
            time is in it, so that equal replays give equal hashes wherever the books are kept.
    """

    kept_in: str
    entries: int
    batches: int
    sound: bool
    content_hash: str
    fee: Money
    servicing: Money
    claims: Money


def post_lives(
    ledger: Ledger, lives: Sequence[Life], product: str, tick: Callable[[int, int], None]
) -> str:
    """Post every entry of ``lives``, by day, one batch for each month; gives the content hash."""
    entries = sorted(
        (entry for life in lives for entry in entries_of(life, product)),
        key=lambda entry: entry.effective,
    )
    done, content = 0, hashlib.sha256()
    for month, found in groupby(entries, key=lambda entry: entry.effective.month_start()):
        batch = list(found)
        receipt = ledger.post(batch, key=f"replay/{product}/{month.isoformat()}")
        content.update(f"{receipt.key} {receipt.input_hash}\n".encode())
        done += len(batch)
        tick(done, len(entries))
    return content.hexdigest()


def prove_books(
    ledger: Ledger, lives: Sequence[Life], content_hash: str, *, kept_in: str, currency: str
) -> BooksProof:
    """Verify the books and hold the sums of ``lives`` against them.

    The proof holds every entry against the hash that its batch was posted with; ``content_hash`` is
    made of these.
    """
    proof = ledger.verify()
    found = BooksProof(
        kept_in=kept_in,
        entries=proof.entries,
        batches=proof.batches,
        sound=proof.sound,
        content_hash=content_hash,
        fee=ledger.balance("G6021", currency=currency),
        servicing=ledger.balance("G6402", currency=currency),
        claims=ledger.balance("G6701", currency=currency),
    )
    check(found.fee == total((life.fee for life in lives), currency), "fees tie to the books")
    check(
        found.claims == total((life.claim for life in lives), currency), "claims tie to the books"
    )
    for account in ("B1301", "B1391", "G1231", "G2205", "G9001", "C1002"):
        check(
            not ledger.balance(account, currency=currency),
            f"{account} is clear when every loan has ended",
        )
    return found


def entries_of(life: Life, product: str) -> Iterator[Entry]:
    """Every entry of one loan, in the order of its life."""
    loan, tier = life.decision.loan, life.decision.tier
    about = Dimensions(
        loan=loan.key,
        partner=LENDERS,
        agreement="replay",
        product=product,
        tier=f"R{tier}",
        vintage=str(loan.vintage),
    )
    lent = _Pen("disbursed", loan.approved, about)
    yield from lent.entries(
        ([("B1301", loan.amount)], [("B1002", loan.amount)]),
        ([("G9001", loan.guaranteed)], [("G9002", loan.guaranteed)]),
    )
    yield from _repaid(_Pen("repaid", life.ends, about), life)
    if life.loss:
        yield from _lost(life, about)


@dataclass(frozen=True)
class _Pen:
    """Writes entries of one event; amounts of zero make no line."""

    event: str
    day: Day
    about: Dimensions

    def entries(self, *sides: tuple[Lines, Lines]) -> Iterator[Entry]:
        for left, right in sides:
            lines: list[Posting] = [debit(account, amount) for account, amount in left if amount]
            lines += [credit(account, amount) for account, amount in right if amount]
            if lines:
                book = lines[0].account[0]
                owner = LENDERS if book == "B" else ""
                yield Entry(book, self.event, self.day, tuple(lines), self.about, owner=owner)


def _repaid(pen: _Pen, life: Life) -> Iterator[Entry]:
    """Money through the clearing book to bank and guarantor, and the guarantor's share of it on."""
    to_bank, released = life.repaid + life.interest, life.decision.loan.guaranteed - life.claim
    whole = to_bank + life.fee
    due = [("C2201", to_bank), ("C2202", life.fee)]
    yield from pen.entries(
        ([("C1002", whole)], due),
        (due, [("C1002", whole)]),
        ([("B1002", to_bank)], [("B1301", life.repaid), ("B6011", life.interest)]),
        (
            [("G1002", life.fee - life.servicing), ("G6402", life.servicing)],
            [("G6021", life.fee)],
        ),
        ([("P1002", life.servicing)], [("P6052", life.servicing)]),
        ([("G9002", released)], [("G9001", released)]),
    )


def _lost(life: Life, about: Dimensions) -> Iterator[Entry]:
    """Claim, compensation and write-off on the recorded day; the rest is the bank's own loss."""
    claim = life.claim
    yield from _Pen("claimed", life.ends, about).entries(
        ([("B1391", claim), ("B6701", life.bank_loss)], [("B1301", life.loss)]),
        ([("G1231", claim)], [("G2205", claim)]),
        ([("G9002", claim)], [("G9001", claim)]),
    )
    yield from _Pen("compensated", life.ends, about).entries(
        ([("G2205", claim)], [("G1002", claim)]),
        ([("B1002", claim)], [("B1391", claim)]),
    )
    yield from _Pen("written_off", life.ends, about).entries(
        ([("G6701", claim)], [("G1231", claim)]),
    )
