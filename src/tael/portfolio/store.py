"""Monthly rows in PostgreSQL (schema ``portfolio``). All SQL of the room is here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from tael.kernel import Day, LoanId, Money
from tael.portfolio.model import LoanMonth

metadata = sa.MetaData(schema="portfolio")

_MONEY = ("principal", "balance", "compensated", "claimed", "recovered", "written_off")
_DAYS = ("month_end", "disbursed_on", "first_due")

loan_month = sa.Table(
    "loan_month",
    metadata,
    sa.Column("loan_id", sa.Text, primary_key=True),
    sa.Column("month_end", sa.Date, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("tier", sa.SmallInteger, nullable=False),
    sa.Column("disbursed_on", sa.Date, nullable=False),
    sa.Column("first_due", sa.Date, nullable=False),
    sa.Column("first_dpd", sa.Integer, nullable=False),
    sa.Column("dpd", sa.Integer, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    *(sa.Column(f"{name}_minor", sa.BigInteger, nullable=False) for name in _MONEY),
    sa.Index("loan_month_end", "month_end"),
)


class SqlMonthStore:
    """A ``MonthStore`` over one connection, inside the caller's transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[LoanMonth]) -> int:
        if not rows:
            return 0
        statement = pg.insert(loan_month).on_conflict_do_nothing()
        new = statement.returning(loan_month.c.loan_id)
        return len(self._connection.execute(new, [_out(row) for row in rows]).all())

    def months(self, through: Day) -> Mapping[Day, Sequence[LoanMonth]]:
        query = sa.select(loan_month).where(loan_month.c.month_end <= through)
        found: dict[Day, list[LoanMonth]] = defaultdict(list)
        for row in self._connection.execute(query.order_by("month_end", "loan_id")):
            found[Day.of(row.month_end)].append(_in(row))
        return found


def _out(row: LoanMonth) -> dict[str, Any]:
    values: dict[str, Any] = {f"{name}_minor": getattr(row, name).minor for name in _MONEY}
    for column in loan_month.columns:
        if column.name not in values and column.name != "currency":
            values[column.name] = getattr(row, column.name)
    return values | {"currency": row.principal.currency}


def _in(row: sa.Row[Any]) -> LoanMonth:
    values: dict[str, Any] = {
        name: Money(getattr(row, f"{name}_minor"), row.currency) for name in _MONEY
    }
    values |= {name: Day.of(getattr(row, name)) for name in _DAYS}
    for name in ("status", "partner", "product", "channel", "tier", "first_dpd", "dpd"):
        values[name] = getattr(row, name)
    return LoanMonth(loan_id=LoanId(row.loan_id), **values)
