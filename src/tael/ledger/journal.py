"""The ledger: posts, holds, reverses, reads and proves. All it keeps is in the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tael.kernel import (
    BadInput,
    Clock,
    Conflict,
    Day,
    HoldId,
    Money,
    NotFound,
    aware,
    check,
)
from tael.ledger.chart import Account
from tael.ledger.hashing import content_hash, content_hashes, input_hash
from tael.ledger.model import (
    BalanceQuery,
    BalanceRow,
    Basis,
    Batch,
    Dimensions,
    Entry,
    EntryQuery,
    Hold,
    HoldState,
    Proof,
    Receipt,
    RecordedEntry,
    TrialBalance,
    reference,
)
from tael.ledger.proof import prove
from tael.ledger.rules import check_batch, opposite
from tael.ledger.store import Store

_MIRROR = "B"


class Ledger:
    """Double entry over ``store``, told the recorded time by ``clock``.

    It commits nothing: a store in a database writes into the caller's transaction.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def post(self, entries: Sequence[Entry], *, key: str) -> Receipt:
        """Write the entries of one event, in all its books, together.

        The same key with the same entries gives the earlier receipt and changes nothing.

        Raises:
            BadInput: an entry is not one (unbalanced, unknown account, mixed currency, not above
                zero, wrong type) or lies in a closed period; ``row`` is its place, 1-based.
            Conflict: the key was used with other entries (``key_reused``), an account of a loan
                would go to its wrong side (``wrong_side``), or a hold would lose its cover
                (``held``).
        """
        return self._append(entries, key, None)

    def reverse(self, key: str, *, effective: Day, new_key: str) -> Receipt:
        """Take back every entry posted under ``key`` by exact opposites that name the originals.

        Raises:
            NotFound: nothing was posted under ``key``.
            Conflict: it was taken back before (``already_reversed``), or see ``post``.
        """
        originals = tuple(self._store.entries(EntryQuery(key=key)))
        if not originals:
            raise NotFound(f"nothing was posted under {key!r}", field="key")
        for earlier in self._store.entries(EntryQuery(corrects=reference(key, 0))):
            if earlier.key != new_key:
                raise Conflict(
                    f"{key!r} was reversed by {earlier.key!r}", code="already_reversed", field="key"
                )
        backs = [
            opposite(record.entry, key=key, index=record.index, effective=effective)
            for record in originals
        ]
        return self._append(backs, new_key, None)

    # -- holds -------------------------------------------------------------------------------

    def hold(
        self, account: str, amount: Money, *, key: str, dimensions: Dimensions | None = None
    ) -> HoldId:
        """Set ``amount`` (above zero) of an account's balance aside, in the common view.

        ``dimensions`` select a part of the account; in book B their ``partner`` owns the book.

        Raises:
            BadInput: unknown account or an amount not above zero.
            Conflict: less is available (``held``), or the key holds other things (``key_reused``).
        """
        self._account(account)
        if amount.minor <= 0:
            raise BadInput(f"a hold of {amount} holds nothing", field="amount", rule="above zero")
        now = aware(self._clock.now())
        about = dimensions or Dimensions()
        owner = about.partner if account.startswith(_MIRROR) else ""
        wanted = (account, owner, amount, about)
        earlier = self._store.find_hold(key)
        if earlier is None:
            new = Hold(HoldId.derive(now, key), key, *wanted, recorded=now)
            self._store.add_hold(new)
            return new.id
        if (earlier.account, earlier.owner, earlier.amount, earlier.dimensions) != wanted:
            raise _reused(key)
        return earlier.id

    def post_hold(self, hold_id: HoldId, entries: Sequence[Entry], *, key: str) -> Receipt:
        """Close a hold and post ``entries`` that take at most its amount from its account.

        What they do not take becomes available again.

        Raises:
            NotFound: no such hold.
            BadInput: the entries take more than is held (``over_hold``), or see ``post``.
            Conflict: the hold is closed (``hold_closed``), or see ``post``.
        """
        hold = self._hold(hold_id)
        sign = self._account(hold.account).side.sign
        taken = -sign * sum(
            line.side.sign * line.amount.minor
            for entry in entries
            for line in entry.postings
            if line.account == hold.account and entry.owner == hold.owner
        )
        if taken > hold.amount.minor:
            raise BadInput(
                f"{Money(taken, hold.amount.currency)} is more than the {hold.amount} held",
                code="over_hold",
                field="entries",
                rule="at most the amount of the hold",
            )
        return self._append(entries, key, hold_id)

    def void_hold(self, hold_id: HoldId) -> None:
        """Give back what a hold set aside; voiding it again changes nothing.

        Raises:
            NotFound: no such hold.
            Conflict: it was posted (``hold_closed``).
        """
        if self._store.void_hold(self._hold(hold_id)) is HoldState.POSTED:
            raise Conflict(f"hold {hold_id} was posted", code="hold_closed", field="hold_id")

    # -- periods -----------------------------------------------------------------------------

    def close(self, book: str, *, through: Day) -> None:
        """Close ``book`` through a day: later entries effective by then are refused."""
        self._store.close_through(book, through)

    # -- reading -----------------------------------------------------------------------------

    def balance(
        self,
        account: str,
        *,
        as_of: Day | None = None,
        recorded_until: datetime | None = None,
        basis: Basis | None = None,
        **where: str,
    ) -> Money:
        """The balance of an account, positive on its natural side.

        Args:
            account: code.
            as_of: count entries effective by this day (default: all).
            recorded_until: count entries recorded by this aware instant (default: all).
            basis: the view: common alone, or with IFRS or statutory. Left out, the account must not
                have postings of both, for these are never added.
            where: values of dimensions, ``owner`` or ``currency``.

        Raises:
            BadInput: unknown account or dimension; both views or several currencies and none named.
        """
        sign = self._account(account).side.sign
        rows = self.rows(BalanceQuery((account,), "", as_of, recorded_until, where))
        if basis is not None:
            rows = tuple(row for row in rows if row.basis in basis.view)
        _one_view(rows, account)
        currencies = {row.currency for row in rows} or {where.get("currency", "CNY")}
        if len(currencies) > 1:
            raise _unnamed("currency", account, sorted(currencies))
        return Money(sign * sum(row.net_minor for row in rows), currencies.pop())

    def balances_by(
        self, account: str, dimension: str, *, as_of: Day | None = None, currency: str = "CNY"
    ) -> dict[str, Money]:
        """The balances of an account by the values of one dimension, without those of zero.

        Raises:
            BadInput: unknown account or dimension, or postings of both views.
        """
        sign = self._account(account).side.sign
        where = {"currency": currency}
        rows = self.rows(BalanceQuery((account,), "", as_of, None, where, (dimension,)))
        _one_view(rows, account)
        sums: dict[str, int] = {}
        for row in rows:
            sums[row.group[0]] = sums.get(row.group[0], 0) + sign * row.net_minor
        return {value: Money(minor, currency) for value, minor in sums.items() if minor}

    def rows(self, query: BalanceQuery) -> tuple[BalanceRow, ...]:
        """The nets that ``query`` asks for, as stored: debits minus credits by basis."""
        return tuple(self._store.balances(query))

    def entries(self, query: EntryQuery) -> Iterator[RecordedEntry]:
        """The entries that ``query`` asks for, in the order of recording."""
        return self._store.entries(query)

    def trial_balance(self, book: str, as_of: Day | None = None) -> TrialBalance:
        """The balances of ``book`` by account, owner, currency and basis; checked to balance."""
        balance = TrialBalance(book, as_of, self.rows(BalanceQuery(book=book, as_of=as_of)))
        check(balance.balanced, f"book {book} balances as of {as_of or 'now'}")
        return balance

    # -- proving -----------------------------------------------------------------------------

    def verify(self) -> Proof:
        """Read everything once and prove chain, balance and running balances; faults in words."""
        return prove(self._store)

    def content_hash(self) -> str:
        """SHA-256 (hex) of what was booked per book and day: equal for equal histories.

        Independent of the order inside a day, of keys, row ids and recorded times.
        """
        return content_hash(self._store.entries(EntryQuery()))

    def content_hashes(self) -> dict[tuple[str, Day], str]:
        """The parts of ``content_hash`` by book and day: where two histories part ways."""
        return content_hashes(self._store.entries(EntryQuery()))

    # -- inside ------------------------------------------------------------------------------

    def _append(self, entries: Sequence[Entry], key: str, releases: HoldId | None) -> Receipt:
        check_batch(key, entries, self._store.chart)
        asked = input_hash(entries, releases)
        earlier = self._store.find(key)
        if earlier is not None:
            if earlier.input_hash != asked:
                raise _reused(key)
            return earlier
        batch = Batch(key, asked, tuple(entries), aware(self._clock.now()), releases)
        receipt = self._appended(batch)
        check(receipt.input_hash == asked, f"the receipt of {key!r} is of what was asked")
        return receipt

    def _appended(self, batch: Batch) -> Receipt:
        try:
            return self._store.append(batch)
        except Conflict:
            # The same command, run twice at once: the other one wrote it since we looked.
            earlier = self._store.find(batch.key)
            if earlier is None or earlier.input_hash != batch.input_hash:
                raise
            return earlier

    def _account(self, code: str) -> Account:
        account = self._store.chart.get(code)
        if account is None:
            raise BadInput(
                f"there is no account {code!r}",
                code="unknown_account",
                field="account",
                rule="an account of the chart",
            )
        return account

    def _hold(self, hold_id: HoldId) -> Hold:
        hold = self._store.find_hold(hold_id)
        if hold is None:
            raise NotFound(f"there is no hold {hold_id}", field="hold_id")
        return hold


def _reused(key: str) -> Conflict:
    return Conflict(
        f"key {key!r} was used with other inputs", code="key_reused", field="key", rule="key once"
    )


def _one_view(rows: Sequence[BalanceRow], account: str) -> None:
    named = {row.basis for row in rows} - {Basis.COMMON}
    if len(named) > 1:
        raise _unnamed("basis", account, sorted(basis.value for basis in named))


def _unnamed(what: str, account: str, found: list[str]) -> BadInput:
    return BadInput(
        f"{account} has postings of {' and '.join(found)}; name the {what}",
        code=f"unnamed_{what}",
        field=what,
        rule=f"one {what} per figure",
    )
