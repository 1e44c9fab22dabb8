"""The books in memory: for tests, simulations, replays and for using the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tael.kernel import BadInput, Conflict, Day, HoldId, Money, NotFound, TaelError, check
from tael.ledger.cells import Cell, Cells, Deltas, added_up, row_of
from tael.ledger.chart import CHART, Account
from tael.ledger.hashing import link
from tael.ledger.model import (
    DIMENSIONS,
    BalanceQuery,
    BalanceRow,
    Basis,
    Batch,
    EntryQuery,
    Hold,
    HoldState,
    Link,
    Receipt,
    RecordedEntry,
)
from tael.ledger.rules import net_minor


class MemoryStore:
    """A ``Store`` that keeps everything in this process; not for several threads.

    Args:
        chart: the accounts it knows.
    """

    def __init__(self, chart: Mapping[str, Account] = CHART) -> None:
        self._chart = chart
        self._links: list[Link] = []
        self._receipts: dict[str, Receipt] = {}
        self._places: dict[str, int] = {}
        self._records: list[RecordedEntry] = []
        self._of_loan: dict[str, list[RecordedEntry]] = {}
        self._of_account: dict[str, list[RecordedEntry]] = {}
        self._corrections: dict[str, RecordedEntry] = {}
        self._cells = Cells()
        self._holds: dict[str, Hold] = {}
        self._hold_keys: dict[str, HoldId] = {}
        self._pending: dict[str, dict[HoldId, Hold]] = {}
        self._closed: dict[str, Day] = {}

    @property
    def chart(self) -> Mapping[str, Account]:
        return self._chart

    def find(self, key: str) -> Receipt | None:
        return self._receipts.get(key)

    def append(self, batch: Batch) -> Receipt:
        self._check_batch(batch)
        deltas = self._cells.deltas(batch.entries)
        check(not sum(deltas.values()), "a batch adds nothing to the sum of all accounts")
        self._cells.add(deltas)
        try:
            self._check_sides(deltas)
            self._check_held(deltas, batch.releases)
        except TaelError:
            self._cells.add({place: -minor for place, minor in deltas.items()})
            raise
        self._write(batch)
        if batch.releases:
            self._set_state(batch.releases, HoldState.POSTED)
        return self._receipts[batch.key]

    def balances(self, query: BalanceQuery) -> list[BalanceRow]:
        if query.as_of is None and query.recorded_until is None:
            return added_up(self._cells.rows(query))
        return added_up(self._scanned(query))

    def entries(self, query: EntryQuery) -> Iterator[RecordedEntry]:
        for record in self._candidates(query):
            entry = record.entry
            if (
                (not query.key or record.key == query.key)
                and (not query.corrects or entry.corrects == query.corrects)
                and (not query.book or entry.book == query.book)
                and (not query.loan or entry.dimensions.loan == query.loan)
                and (query.as_of is None or entry.effective <= query.as_of)
                and (query.recorded_until is None or record.recorded <= query.recorded_until)
            ):
                yield record

    def links(self) -> Iterator[Link]:
        return iter(tuple(self._links))

    def add_hold(self, hold: Hold) -> None:
        if hold.key in self._hold_keys:
            raise Conflict(f"hold key {hold.key!r} is taken", code="key_reused", field="key")
        pending = self._pending.setdefault(hold.account, {})
        pending[hold.id] = hold
        try:
            self._check_available(hold)
        except Conflict:
            del pending[hold.id]
            raise
        self._holds[hold.id] = hold
        self._hold_keys[hold.key] = hold.id

    def find_hold(self, id_or_key: str) -> Hold | None:
        return self._holds.get(self._hold_keys.get(id_or_key, id_or_key))

    def void_hold(self, hold: Hold) -> HoldState:
        before = self._holds[hold.id].state
        if before is HoldState.PENDING:
            self._set_state(hold.id, HoldState.VOIDED)
        return before

    def close_through(self, book: str, day: Day) -> None:
        self._closed[book] = max(day, self._closed.get(book, day))

    def closed_through(self, book: str) -> Day | None:
        return self._closed.get(book)

    # -- what a batch must not break ---------------------------------------------------------

    def _check_batch(self, batch: Batch) -> None:
        if batch.key in self._receipts:
            raise Conflict(f"key {batch.key!r} is taken", code="key_reused", field="key")
        if batch.releases and batch.releases not in self._holds:
            raise NotFound(f"there is no hold {batch.releases}", field="hold_id")
        if batch.releases and self._holds[batch.releases].state is not HoldState.PENDING:
            raise Conflict(f"hold {batch.releases} is closed", code="hold_closed", field="hold_id")
        for row, entry in enumerate(batch.entries, start=1):
            check(net_minor(entry) == 0, f"entry {row} of {batch.key!r} balances")
            check(all(p.amount.minor > 0 for p in entry.postings), "amounts are above zero")
            closed = self._closed.get(entry.book)
            if closed and entry.effective <= closed:
                raise BadInput(
                    f"book {entry.book} is closed through {closed}; {entry.effective} is too early",
                    code="closed_period",
                    field="effective",
                    row=row,
                    rule="after the closed period",
                )

    def _check_sides(self, deltas: Deltas) -> None:
        for (account, number), minor in deltas.items():
            known = self._chart[account]
            cell = self._cells.cell(number)
            if not known.guarded or not cell.dimensions.loan or minor * known.side.sign >= 0:
                continue
            nets = self._cells.loan_nets(account, cell)
            for basis in Basis:
                net = known.side.sign * sum(nets[part] for part in basis.view)
                if net < 0:
                    raise _wrong_side(known, cell, Money(net, cell.currency))

    def _check_held(self, deltas: Deltas, releases: HoldId | None) -> None:
        for account in {account for account, _ in deltas}:
            for hold in self._pending.get(account, {}).values():
                if hold.id != releases:
                    self._check_available(hold, without=releases)

    def _check_available(self, hold: Hold, *, without: HoldId | None = None) -> None:
        narrow = _selector(hold)
        whole = {name: narrow[name] for name in ("owner", "currency")}
        for where in (narrow, whole):
            held = sum(
                other.amount.minor
                for other in self._pending[hold.account].values()
                if other.id != without and where.items() <= _selector(other).items()
            )
            sign = self._chart[hold.account].side.sign
            balance = sign * self._cells.net(hold.account, where, Basis.COMMON)
            if balance < held:
                currency = hold.amount.currency
                raise Conflict(
                    f"{hold.account} has {Money(balance, currency)} and "
                    f"{Money(held, currency)} of it would be held",
                    code="held",
                    field=hold.account,
                    rule="a hold is covered by the balance",
                )

    # -- reading and writing -----------------------------------------------------------------

    def _set_state(self, hold_id: HoldId, state: HoldState) -> None:
        hold = self._holds[hold_id] = replace(self._holds[hold_id], state=state)
        del self._pending[hold.account][hold_id]

    def _write(self, batch: Batch) -> None:
        before = self._links[-1].chained if self._links else ""
        self._places[batch.key] = len(self._records)
        self._links.append(Link(batch, link(before, batch)))
        self._receipts[batch.key] = batch.receipt
        for record in batch.recorded_entries():
            self._records.append(record)
            self._of_loan.setdefault(record.entry.dimensions.loan, []).append(record)
            for account in {line.account for line in record.entry.postings}:
                self._of_account.setdefault(account, []).append(record)
            if record.entry.corrects:
                self._corrections[record.entry.corrects] = record

    def _candidates(self, query: EntryQuery) -> list[RecordedEntry]:
        if query.corrects:
            found = self._corrections.get(query.corrects)
            return [found] if found else []
        if query.key:
            start = self._places.get(query.key, 0)
            receipt = self._receipts.get(query.key)
            return self._records[start : start + receipt.count] if receipt else []
        return self._of_loan.get(query.loan, []) if query.loan else self._records

    def _scanned(self, query: BalanceQuery) -> Iterator[tuple[BalanceRow, int]]:
        accounts = query.accounts or tuple(self._of_account)
        for account in accounts:
            for record in self._postings_on(account, query):
                entry = record.entry
                if query.as_of is not None and entry.effective > query.as_of:
                    continue
                if query.recorded_until is not None and record.recorded > query.recorded_until:
                    continue
                cell = Cell(entry.owner, entry.currency, entry.basis, entry.dimensions)
                if cell.matches(query.where):
                    row = row_of(account, cell, query.group_by)
                    yield (
                        row,
                        sum(
                            line.side.sign * line.amount.minor
                            for line in entry.postings
                            if line.account == account
                        ),
                    )

    def _postings_on(self, account: str, query: BalanceQuery) -> list[RecordedEntry]:
        if query.book and not account.startswith(query.book):
            return []
        on_account = self._of_account.get(account, [])
        of_loan = self._of_loan.get(query.where.get("loan", ""), [])
        if "loan" in query.where and len(of_loan) < len(on_account):
            return of_loan
        return on_account


def _selector(hold: Hold) -> dict[str, str]:
    named = {name: getattr(hold.dimensions, name) for name in DIMENSIONS}
    narrow = {name: value for name, value in named.items() if value}
    return {"owner": hold.owner, "currency": hold.amount.currency, **narrow}


def _wrong_side(account: Account, cell: Cell, net: Money) -> Conflict:
    return Conflict(
        f"{account.code} ({account.name_en}) of loan {cell.dimensions.loan} would be {net} on its "
        f"{account.side.value} side",
        code="wrong_side",
        field=account.code,
        rule="no asset or liability account of a loan goes to the wrong side",
    )
