"""The books in PostgreSQL: ``tael.ledger.Store`` inside one unit of work.

The rules are the database's own (see ``ledger_tables``); this file speaks to them, and turns their
refusals into Tael's errors. A refused batch is undone alone: the unit of work goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from tael.kernel import (
    BadInput,
    Conflict,
    Day,
    HoldId,
    Money,
    NotFound,
    TaelError,
    aware,
    check,
)
from tael.ledger import (
    CHART,
    Account,
    BalanceQuery,
    BalanceRow,
    Batch,
    Dimensions,
    Entry,
    EntryQuery,
    Hold,
    HoldState,
    Link,
    Receipt,
    RecordedEntry,
    link,
)
from tael.platform import ledger_queries
from tael.platform.database import Work
from tael.platform.ledger_tables import (
    DIMENSIONS,
    batches,
    closings,
    holds,
    metadata,
    seals,
    to_seal,
)
from tael.platform.ledger_triggers import CLOSED_PERIOD, DDL, HELD, WRONG_SIDE

__all__ = ["DDL", "LedgerStore", "metadata"]

_SEALER_LOCK = 0x6C6400
_ROWS_AT_ONCE = 2_000
_OPEN_BATCH = """
    INSERT INTO ledger.batches (key, input_hash, size, recorded, releases)
    VALUES (%(key)s, %(input_hash)s, %(size)s, %(recorded)s, %(releases)s)
    ON CONFLICT (key) DO NOTHING RETURNING position
"""
# Asked before every post: built once, for building it costs more than running it.
_FIND = sa.select(batches).where(batches.c.key == sa.bindparam("wanted"))
_ENTRY = {
    "place": "int",
    "book": "text",
    "owner": "text",
    "event": "text",
    "effective": "date",
    "basis": "text",
    "currency": "text",
    "corrects": "text",
    **dict.fromkeys(DIMENSIONS, "text"),
}
_LINE = {"place": "int", "line": "int", "account": "text", "minor": "bigint"}


def _columns(kinds: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in kinds.items())


# One statement, so that every trigger sees the batch as a whole, and one round trip; JSON, because
# the driver takes ten times as long over an array per column. The entries' own triggers come before
# those of the postings: a closed day is said first.
_APPEND = f"""
    WITH opened AS ({_OPEN_BATCH}), added_postings AS (
        INSERT INTO ledger.postings (batch, {", ".join(_LINE)})
        SELECT opened.position, row.*
        FROM opened, json_to_recordset(%(lines)s::json) AS row({_columns(_LINE)})
    )
    INSERT INTO ledger.entries (batch, {", ".join(_ENTRY)})
    SELECT opened.position, row.*
    FROM opened, json_to_recordset(%(entries)s::json) AS row({_columns(_ENTRY)})
"""  # noqa: S608 - put together from this file's own words


class LedgerStore:
    """``tael.ledger.Store`` on PostgreSQL; everything happens in ``work`` and commits with it.

    Two units of work that post to the same account of the same loan wait for each other.
    """

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    @property
    def chart(self) -> Mapping[str, Account]:
        """The accounts this store knows."""
        return CHART

    def find(self, key: str) -> Receipt | None:
        """The receipt of the batch with this key."""
        row = self._connection.execute(_FIND, {"wanted": key}).first()
        return Receipt(row.key, row.size, aware(row.recorded), row.input_hash) if row else None

    def append(self, batch: Batch) -> Receipt:
        """Write ``batch``, the whole of it or nothing; see ``tael.ledger.Store``."""
        for row, entry in enumerate(batch.entries, start=1):
            net = sum(line.side.sign * line.amount.minor for line in entry.postings)
            check(net == 0, f"entry {row} of {batch.key!r} balances")
            check(all(line.amount.minor > 0 for line in entry.postings), "amounts are above zero")
        with _refusals(), self._connection.begin_nested():
            if batch.releases:
                self._release(batch.releases)
            written = self._connection.exec_driver_sql(_APPEND, _parameters(batch)).rowcount
            if written == 0:
                raise Conflict(f"key {batch.key!r} is taken", code="key_reused", field="key")
        check(written == len(batch.entries), f"every entry of {batch.key!r} was written")
        return batch.receipt

    def balances(self, query: BalanceQuery) -> list[BalanceRow]:
        """Nets, from the running ones where no date is asked for; see ``tael.ledger.Store``."""
        return ledger_queries.balance_rows(self._connection, query)

    def entries(self, query: EntryQuery) -> Iterator[RecordedEntry]:
        """Matching entries in the order of recording, read as a stream."""
        return ledger_queries.recorded_entries(self._connection, query)

    def links(self) -> Iterator[Link]:
        """Every batch in the order of the chain, those not sealed yet at the end."""
        return ledger_queries.chain(self._connection)

    def seal(self, *, limit: int = 100_000) -> int:
        """Chain up to ``limit`` committed batches that are not chained yet; returns how many.

        A separate pass, for chaining inside ``append`` would make every writer wait for the last.
        One sealer works at a time, the others wait.
        """
        self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEALER_LOCK)))
        last = self._connection.execute(
            sa.select(seals.c.number, seals.c.chained).order_by(seals.c.number.desc()).limit(1)
        ).first()
        number, chained = (last.number, last.chained) if last else (0, "")
        waiting = self._connection.execute(
            sa.select(batches)
            .join(to_seal, to_seal.c.batch == batches.c.position)
            .order_by(batches.c.position)
            .limit(limit)
        ).all()
        rows = []
        for row in waiting:
            number += 1
            chained = link(chained, Batch(row.key, row.input_hash, (), aware(row.recorded)))
            rows.append({"number": number, "batch": row.position, "chained": chained})
        if rows:
            self._connection.execute(sa.insert(seals), rows)
            sealed = [row["batch"] for row in rows]
            gone = sa.delete(to_seal).where(
                to_seal.c.batch == sa.any_(sa.literal(sealed, _INTEGERS))
            )
            self._connection.execute(gone)
        return len(rows)

    def add_hold(self, hold: Hold) -> None:
        """Write a pending hold; see ``tael.ledger.Store``."""
        about = {name: getattr(hold.dimensions, name) for name in DIMENSIONS}
        statement = insert(holds).values(
            id=hold.id,
            key=hold.key,
            account=hold.account,
            owner=hold.owner,
            currency=hold.amount.currency,
            minor=hold.amount.minor,
            recorded=hold.recorded,
            state=hold.state.value,
            **about,
        )
        with _refusals(), self._connection.begin_nested():
            statement = statement.on_conflict_do_nothing(index_elements=["key"])
            if self._connection.execute(statement.returning(holds.c.id)).first() is None:
                raise Conflict(f"hold key {hold.key!r} is taken", code="key_reused", field="key")

    def find_hold(self, id_or_key: str) -> Hold | None:
        """The hold with this id or this key."""
        named = (holds.c.id == id_or_key) | (holds.c.key == id_or_key)
        row = self._connection.execute(sa.select(holds).where(named)).first()
        return _hold(row) if row else None

    def void_hold(self, hold: Hold) -> HoldState:
        """Turn a pending hold to ``VOIDED``, leave a closed one; gives the state it had before."""
        before = HoldState(
            self._connection.scalars(
                sa.select(holds.c.state).where(holds.c.id == hold.id).with_for_update()
            ).one()
        )
        if before is HoldState.PENDING:
            self._set_state(hold.id, HoldState.VOIDED)
        return before

    def close_through(self, book: str, day: Day) -> None:
        """Refuse from now on entries of ``book`` effective by ``day``; never moves back."""
        statement = insert(closings).values(book=book, through=day)
        later = sa.func.greatest(closings.c.through, statement.excluded.through)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["book"], set_={"through": later})
        )

    def closed_through(self, book: str) -> Day | None:
        """The last closed day of ``book``."""
        day = self._connection.scalar(sa.select(closings.c.through).where(closings.c.book == book))
        return Day.of(day) if day else None

    def _release(self, hold_id: HoldId) -> None:
        if self._set_state(hold_id, HoldState.POSTED):
            return
        if self.find_hold(hold_id) is None:
            raise NotFound(f"there is no hold {hold_id}", field="hold_id")
        raise Conflict(f"hold {hold_id} is closed", code="hold_closed", field="hold_id")

    def _set_state(self, hold_id: HoldId, state: HoldState) -> bool:
        pending = (holds.c.id == hold_id) & (holds.c.state == HoldState.PENDING.value)
        changed = self._connection.execute(
            sa.update(holds).where(pending).values(state=state.value)
        )
        return changed.rowcount == 1


_INTEGERS = ARRAY(sa.BigInteger)


def _parameters(batch: Batch) -> dict[str, object]:
    """``batch`` as the parameters of ``_APPEND``."""
    lines = [
        {
            "place": place,
            "line": number,
            "account": line.account,
            "minor": line.side.sign * line.amount.minor,
        }
        for place, entry in enumerate(batch.entries)
        for number, line in enumerate(entry.postings)
    ]
    return {
        "key": batch.key,
        "input_hash": batch.input_hash,
        "size": len(batch.entries),
        "recorded": batch.recorded,
        "releases": batch.releases,
        "entries": json.dumps([_row(*numbered) for numbered in enumerate(batch.entries)]),
        "lines": json.dumps(lines),
    }


def _row(place: int, entry: Entry) -> dict[str, object]:
    return {
        "place": place,
        "book": entry.book,
        "owner": entry.owner,
        "event": entry.event,
        "effective": entry.effective.isoformat(),
        "basis": entry.basis.value,
        "currency": entry.currency,
        "corrects": entry.corrects,
        **{name: getattr(entry.dimensions, name) for name in DIMENSIONS},
    }


def _hold(row: sa.Row[Any]) -> Hold:
    return Hold(
        id=HoldId(row.id),
        key=row.key,
        account=row.account,
        owner=row.owner,
        amount=Money(row.minor, row.currency),
        dimensions=Dimensions(*(getattr(row, name) for name in DIMENSIONS)),
        recorded=aware(row.recorded),
        state=HoldState(row.state),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the tables' own rules refuse into Tael's errors."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        found = error.orig
        if not isinstance(found, psycopg.Error):
            raise
        refusal = _REFUSALS.get(found.sqlstate or "")
        if refusal is None:
            raise
        raise refusal(json.loads(found.diag.message_detail or "{}")) from None


def _wrong_side(values: dict[str, Any]) -> TaelError:
    account = CHART[values["account"]]
    views = (values["common"] + values[view] for view in ("ifrs", "statutory"))
    net = Money(min(values["common"], *views), values["currency"])
    return Conflict(
        f"{account.code} ({account.name_en}) of loan {values['loan']} would be {net} on its "
        f"{account.side.value} side",
        code="wrong_side",
        field=account.code,
        rule="no asset or liability account of a loan goes to the wrong side",
    )


def _closed_period(values: dict[str, Any]) -> TaelError:
    return BadInput(
        f"book {values['book']} is closed through {values['through']}; {values['effective']} is "
        "too early",
        code="closed_period",
        field="effective",
        row=values["place"] + 1,
        rule="after the closed period",
    )


def _held(values: dict[str, Any]) -> TaelError:
    available, held = (Money(values[name], values["currency"]) for name in ("available", "held"))
    return Conflict(
        f"{values['account']} has {available} and {held} of it would be held",
        code="held",
        field=values["account"],
        rule="a hold is covered by the balance",
    )


_REFUSALS: Mapping[str, Callable[[dict[str, Any]], TaelError]] = {
    WRONG_SIDE: _wrong_side,
    CLOSED_PERIOD: _closed_period,
    HELD: _held,
}
