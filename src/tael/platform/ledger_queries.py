"""Reading the books in PostgreSQL: balances, entries and the chain, from the store's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tael.kernel import Day, HoldId, Money, aware
from tael.ledger import (
    BalanceQuery,
    BalanceRow,
    Basis,
    Batch,
    Dimensions,
    Entry,
    EntryQuery,
    Link,
    Posting,
    RecordedEntry,
    Side,
)
from tael.platform.ledger_tables import DIMENSIONS, balances, batches, entries, postings, seals

_ROWS_AT_ONCE = 2_000
_SHAPES = 256
_PLACE = ("account", "owner", "currency", "basis")
_Source = tuple[sa.FromClause, Mapping[str, sa.ColumnElement[Any]], sa.ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which parts a balance query has: queries of one shape share a statement."""

    accounts: bool
    book: bool
    as_of: bool
    recorded_until: bool
    where: tuple[str, ...]
    group_by: tuple[str, ...]


def balance_rows(connection: sa.Connection, query: BalanceQuery) -> list[BalanceRow]:
    """Nets by account, owner, currency, basis and group, without those of zero, sorted."""
    shape = _Shape(
        accounts=bool(query.accounts),
        book=bool(query.book),
        as_of=query.as_of is not None,
        recorded_until=query.recorded_until is not None,
        where=tuple(sorted(query.where)),
        group_by=query.group_by,
    )
    values = {
        "accounts": list(query.accounts),
        "book": query.book,
        "as_of": query.as_of,
        "recorded_until": query.recorded_until,
        **{f"wanted_{name}": str(value) for name, value in query.where.items()},
    }
    return [
        BalanceRow(account, owner, currency, Basis(basis), tuple(group), int(minor))
        for account, owner, currency, basis, *group, minor in connection.execute(
            _balances(shape), values
        )
    ]


def recorded_entries(connection: sa.Connection, query: EntryQuery) -> Iterator[RecordedEntry]:
    """Matching entries in the order of recording, read as a stream."""
    wanted = {
        batches.c.key: query.key,
        entries.c.corrects: query.corrects,
        entries.c.book: query.book,
        entries.c.loan: query.loan,
    }
    statement = (
        _lines_of_entries()
        .where(*[column == value for column, value in wanted.items() if value])
        .where(*_until(as_of=query.as_of is not None, recorded=query.recorded_until is not None))
        .order_by(batches.c.position, entries.c.place, postings.c.line)
    )
    values = {"as_of": query.as_of, "recorded_until": query.recorded_until}
    if query.key or query.corrects or query.loan:  # few: not worth a cursor's three more trips
        rows: Iterable[sa.Row[Any]] = connection.execute(statement, values).all()
    else:
        rows = _stream(connection, statement, values)
    for _, of_entry in groupby(rows, lambda row: (row.position, row.place)):
        lines = list(of_entry)
        head = lines[0]
        yield RecordedEntry(_entry(lines), head.key, head.place, aware(head.recorded))


def chain(connection: sa.Connection) -> Iterator[Link]:
    """Every batch in the order of the chain, those not sealed yet at the end."""
    statement = (
        _lines_of_entries(
            batches.c.input_hash,
            batches.c.releases,
            sa.func.coalesce(seals.c.chained, "").label("chained"),
        )
        .outerjoin(seals, seals.c.batch == batches.c.position)
        .order_by(seals.c.number.nulls_last(), batches.c.position, entries.c.place, postings.c.line)
    )
    for _, rows in groupby(_stream(connection, statement, {}), lambda row: row.position):
        lines = list(rows)
        head = lines[0]
        found = tuple(
            _entry(list(of_entry)) for _, of_entry in groupby(lines, lambda row: row.place)
        )
        released = HoldId(head.releases) if head.releases else None
        batch = Batch(head.key, head.input_hash, found, aware(head.recorded), released)
        yield Link(batch, head.chained)


@lru_cache(maxsize=_SHAPES)
def _balances(shape: _Shape) -> sa.Select[Any]:
    """Built once per shape: building the statement costs more than running it."""
    dated = shape.as_of or shape.recorded_until
    source, of, net = _dated(shape) if dated else (balances, dict(balances.c), balances.c.net)
    place = [of[name] for name in (*_PLACE, *shape.group_by)]
    statement = sa.select(*place, sa.func.sum(net)).select_from(source)
    statement = statement.group_by(*place).having(sa.func.sum(net) != 0).order_by(*place)
    if shape.accounts:
        accounts = sa.bindparam("accounts", type_=ARRAY(sa.Text))
        statement = statement.where(of["account"] == sa.any_(accounts))
    if shape.book:
        statement = statement.where(sa.func.left(of["account"], 1) == sa.bindparam("book"))
    return statement.where(*[of[name] == sa.bindparam(f"wanted_{name}") for name in shape.where])


def _dated(shape: _Shape) -> _Source:
    """The postings themselves, of the days and instants asked for."""
    joined = (
        sa.select(postings.c.account, postings.c.minor, *_named(entries))
        .select_from(postings.join(entries).join(batches))
        .where(*_until(as_of=shape.as_of, recorded=shape.recorded_until))
        .subquery()
    )
    return joined, dict(joined.c), joined.c.minor


def _until(*, as_of: bool, recorded: bool) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if as_of:
        found.append(entries.c.effective <= sa.bindparam("as_of"))
    if recorded:
        found.append(batches.c.recorded <= sa.bindparam("recorded_until"))
    return found


def _named(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.c if column.name not in {"batch", "place"}]


def _lines_of_entries(*more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """One row per posting, with its entry's and batch's columns."""
    return sa.select(
        batches.c.position,
        batches.c.key,
        batches.c.recorded,
        entries.c.place,
        *_named(entries),
        postings.c.account,
        postings.c.minor,
        *more,
    ).select_from(postings.join(entries).join(batches))


def _stream(
    connection: sa.Connection, statement: sa.Select[Any], values: Mapping[str, object]
) -> Iterator[sa.Row[Any]]:
    options = {"yield_per": _ROWS_AT_ONCE}
    with connection.execute(statement, values, execution_options=options) as result:
        yield from result


def _entry(lines: Sequence[sa.Row[Any]]) -> Entry:
    head = lines[0]
    return Entry(
        book=head.book,
        event=head.event,
        effective=Day.of(head.effective),
        postings=tuple(_posting(line.account, line.minor, head.currency) for line in lines),
        dimensions=Dimensions(*(getattr(head, name) for name in DIMENSIONS)),
        basis=Basis(head.basis),
        owner=head.owner,
        corrects=head.corrects,
    )


def _posting(account: str, minor: int, currency: str) -> Posting:
    side = Side.DEBIT if minor > 0 else Side.CREDIT
    return Posting(account, side, Money(abs(minor), currency))
