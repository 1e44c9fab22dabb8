"""The books: trial balance, proof and content hash."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tael.console.api.keys import Calling
from tael.console.api.schemas import Amount, DayText, day
from tael.kernel import Money
from tael.ledger import CHART

router = APIRouter(prefix="/ledger", tags=["ledger"])


class BalanceOut(BaseModel):
    """The balance of an account, positive on its natural side."""

    account: str
    zh: str
    en: str
    side: str
    owner: str
    basis: str
    balance: Amount


class TrialBalanceOut(BaseModel):
    """A book's balances; they add up to zero by owner, currency and basis."""

    book: str
    as_of: str | None
    balanced: bool
    items: list[BalanceOut]


class ProofOut(BaseModel):
    """What proving the books found: chain, hashes, balances; `faults` in words."""

    sound: bool
    batches: int
    entries: int
    unsealed: int
    head: str
    faults: list[str]


class HashOut(BaseModel):
    """SHA-256 over what was booked per book and day: equal for equal histories."""

    content_hash: str


@router.get("/trial-balance")
def trial_balance(
    caller: Calling,
    book: Annotated[Literal["B", "G", "P", "C", "L"], Query(description="Letter of the book.")],
    as_of: Annotated[DayText | None, Query()] = None,
) -> TrialBalanceOut:
    """The balances of a book."""
    caller.require("read", "portfolio")
    with caller.begin(snapshot=True) as work:
        until = day(as_of, "as_of") if as_of else None
        found = caller.house.rooms(work).ledger.trial_balance(book, until)
    items = []
    for row in found.rows:
        account = CHART[row.account]
        balance = Money(account.side.sign * row.net_minor, row.currency)
        items.append(
            BalanceOut(
                account=row.account,
                zh=account.name_zh,
                en=account.name_en,
                side=account.side.value,
                owner=row.owner,
                basis=row.basis.value,
                balance=Amount.of(balance),
            )
        )
    return TrialBalanceOut(book=book, as_of=as_of, balanced=found.balanced, items=items)


@router.get("/proof")
def proof(caller: Calling) -> ProofOut:
    """Read every entry and prove chain, hashes and balances; takes time on long books."""
    caller.require("export", "portfolio")
    with caller.begin(snapshot=True) as work:
        found = caller.house.rooms(work).ledger.verify()
    return ProofOut(
        sound=found.sound,
        batches=found.batches,
        entries=found.entries,
        unsealed=found.unsealed,
        head=found.head,
        faults=list(found.faults),
    )


@router.get("/content-hash")
def content_hash(caller: Calling) -> HashOut:
    """The hash by which two histories are compared; reads every entry."""
    caller.require("export", "portfolio")
    with caller.begin(snapshot=True) as work:
        return HashOut(content_hash=caller.house.rooms(work).ledger.content_hash())
