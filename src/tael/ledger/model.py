"""The words of the books: sides, postings, entries, batches, receipts, holds, queries, proofs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from tael.kernel import BadInput, Day, EntryId, HoldId, Money


class Side(Enum):
    """Left or right of the account: ``DEBIT`` or ``CREDIT``."""

    DEBIT = "Dr"
    CREDIT = "Cr"

    @property
    def opposite(self) -> Side:
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT

    @property
    def sign(self) -> int:
        """+1 for a debit, -1 for a credit: a stored net is debits minus credits."""
        return 1 if self is Side.DEBIT else -1


class Basis(Enum):
    """Under which rules an entry counts: under all of them, IFRS only, or the statutory view only.

    Each basis balances alone. A figure is read in one view, which is ``COMMON`` plus at most one of
    the other two; IFRS and statutory amounts are two views of one exposure and are never added.
    """

    COMMON = "common"
    IFRS = "ifrs"
    STATUTORY = "statutory"

    @property
    def view(self) -> frozenset[Basis]:
        """The bases whose postings make up a figure in this view."""
        return frozenset({Basis.COMMON, self})


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What an entry is about, beside its accounts; an empty text says "not about one"."""

    loan: str = ""
    partner: str = ""
    agreement: str = ""
    product: str = ""
    tier: str = ""
    channel: str = ""
    vintage: str = ""
    branch: str = ""


DIMENSIONS: tuple[str, ...] = tuple(part.name for part in fields(Dimensions))


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: ``amount`` (above zero) on one side of one account."""

    account: str
    side: Side
    amount: Money


def debit(account: str, amount: Money) -> Posting:
    """A posting on the debit side of ``account``; ``amount`` is above zero."""
    return Posting(account, Side.DEBIT, amount)


def credit(account: str, amount: Money) -> Posting:
    """A posting on the credit side of ``account``; ``amount`` is above zero."""
    return Posting(account, Side.CREDIT, amount)


@dataclass(frozen=True, slots=True)
class Entry:
    """Postings of one event in one book, one currency and one basis: they balance alone.

    Args:
        book: the letter of the book; every account of the entry begins with it.
        event: what happened, as a snake_case word (``disbursed``).
        effective: the day on which it counts.
        postings: two or more.
        owner: the funding partner whose mirror book this is (book B); empty in the other books.
        corrects: reference (``key#index``) of the entry that this one takes back, or empty.
    """

    book: str
    event: str
    effective: Day
    postings: tuple[Posting, ...]
    dimensions: Dimensions = field(default_factory=Dimensions)
    basis: Basis = Basis.COMMON
    owner: str = ""
    corrects: str = ""

    @property
    def currency(self) -> str:
        return self.postings[0].amount.currency


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """An entry as it stands in the books. ``recorded`` is an aware UTC instant."""

    entry: Entry
    key: str
    index: int
    recorded: datetime

    @property
    def reference(self) -> str:
        """``key#index``: what a correction names; the same on every machine and in every replay."""
        return reference(self.key, self.index)

    @property
    def id(self) -> EntryId:
        """The row's id: time-ordered, derived, so that nobody has to keep it."""
        return EntryId.derive(self.recorded, self.key, self.index)


def reference(key: str, index: int) -> str:
    return f"{key}#{index}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of all books that stand or fall together, as a store appends them.

    ``input_hash`` is the SHA-256 (hex) of the entries as they were asked for; ``releases`` the hold
    that this batch turns into postings.
    """

    key: str
    input_hash: str
    entries: tuple[Entry, ...]
    recorded: datetime
    releases: HoldId | None = None

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.key, len(self.entries), self.recorded, self.input_hash)

    def recorded_entries(self) -> tuple[RecordedEntry, ...]:
        return tuple(
            RecordedEntry(entry, self.key, index, self.recorded)
            for index, entry in enumerate(self.entries)
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What ``post`` gives back: the key, how many entries, when (aware UTC), and their hash."""

    key: str
    count: int
    recorded: datetime
    input_hash: str

    @property
    def references(self) -> tuple[str, ...]:
        """``key#index`` of each entry."""
        return tuple(reference(self.key, index) for index in range(self.count))


@dataclass(frozen=True, slots=True)
class Link:
    """A batch in its place in the hash chain; ``chained`` is empty while it is not sealed yet."""

    batch: Batch
    chained: str


class HoldState(Enum):
    """A hold is pending until it is posted or voided; both are final."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Hold:
    """An amount of an account's balance set aside: nobody else can use it until it is closed.

    ``dimensions`` select the part of the account from which it is taken; empty ones select all.
    """

    id: HoldId
    key: str
    account: str
    owner: str
    amount: Money
    dimensions: Dimensions
    recorded: datetime
    state: HoldState = HoldState.PENDING


@dataclass(frozen=True, slots=True)
class BalanceQuery:
    """Which postings to add up.

    Args:
        accounts: account codes; empty means every account of ``book``.
        book: letter of a book; empty means every book.
        as_of: effective on or before this day.
        recorded_until: recorded at or before this instant.
        where: required values by name: any of the dimensions, ``owner``, ``currency``.
        group_by: names of dimensions by which the rows are told apart.
    """

    accounts: tuple[str, ...] = ()
    book: str = ""
    as_of: Day | None = None
    recorded_until: datetime | None = None
    where: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    group_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        allowed = (*DIMENSIONS, "owner", "currency")
        for name in (*self.where, *self.group_by):
            if name not in allowed:
                raise BadInput(
                    f"{name!r} is not a dimension of the books; use one of {', '.join(allowed)}",
                    field=name,
                    rule="a known dimension",
                )


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """Debits minus credits, in minor units, of one account, owner, currency, basis and group."""

    account: str
    owner: str
    currency: str
    basis: Basis
    group: tuple[str, ...]
    net_minor: int


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """Which entries to read; empty parts do not restrict. They come in the order of recording."""

    key: str = ""
    corrects: str = ""
    book: str = ""
    loan: str = ""
    as_of: Day | None = None
    recorded_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The balances of a book: one row per account, owner, currency and basis."""

    book: str
    as_of: Day | None
    rows: tuple[BalanceRow, ...]

    @property
    def balanced(self) -> bool:
        """Whether the nets of each owner, currency and basis add up to zero."""
        sums: dict[tuple[str, str, Basis], int] = {}
        for row in self.rows:
            part = (row.owner, row.currency, row.basis)
            sums[part] = sums.get(part, 0) + row.net_minor
        return not any(sums.values())


@dataclass(frozen=True, slots=True)
class Proof:
    """What ``verify`` found; ``faults`` in words, empty when the books are sound."""

    batches: int
    entries: int
    unsealed: int
    head: str
    faults: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return not self.faults
