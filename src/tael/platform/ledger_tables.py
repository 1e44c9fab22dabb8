"""Tables of the books; the rules between their rows are in ``ledger_triggers``.

Amounts of postings and balances are debits minus credits, in minor units.
"""

from __future__ import annotations

from dataclasses import fields

import sqlalchemy as sa

from tael.ledger import Dimensions

DIMENSIONS: tuple[str, ...] = tuple(dimension.name for dimension in fields(Dimensions))

metadata = sa.MetaData(schema="ledger")

_INSTANT = sa.DateTime(timezone=True)


def _about() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in DIMENSIONS]


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("sign", sa.SmallInteger, nullable=False),
    sa.Column("guarded", sa.Boolean, nullable=False),
    sa.CheckConstraint("sign IN (-1, 1)", name="debit_or_credit"),
)

closings = sa.Table(
    "closings",
    metadata,
    sa.Column("book", sa.Text, primary_key=True),
    sa.Column("through", sa.Date, nullable=False),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("account", sa.Text, sa.ForeignKey(accounts.c.code), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    *_about(),
    sa.Column("recorded", _INSTANT, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.CheckConstraint("minor > 0", name="above_zero"),
    sa.CheckConstraint("state IN ('pending', 'posted', 'voided')", name="known_state"),
)
sa.Index("ix_holds_pending", holds.c.account, postgresql_where=holds.c.state == "pending")

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("input_hash", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("recorded", _INSTANT, nullable=False),
    sa.Column("releases", sa.Text, sa.ForeignKey(holds.c.id), unique=True),
    # Entries and postings are only taken in the transaction that opened their batch.
    sa.Column(
        "transaction",
        sa.Text,
        nullable=False,
        server_default=sa.text("(pg_current_xact_id()::text)"),
    ),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("batch", sa.BigInteger, sa.ForeignKey(batches.c.position), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("effective", sa.Date, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("corrects", sa.Text, nullable=False),
    *_about(),
    sa.CheckConstraint("basis IN ('common', 'ifrs', 'statutory')", name="known_basis"),
)
sa.Index("ix_entries_loan", entries.c.loan)
sa.Index("ix_entries_book_day", entries.c.book, entries.c.effective)
sa.Index("ix_entries_corrects", entries.c.corrects, postgresql_where=entries.c.corrects != "")

postings = sa.Table(
    "postings",
    metadata,
    sa.Column("batch", sa.BigInteger, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey(accounts.c.code), nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["batch", "place"], [entries.c.batch, entries.c.place]),
    sa.CheckConstraint("minor <> 0", name="not_zero"),
)
sa.Index("ix_postings_account", postings.c.account, postings.c.batch)

seals = sa.Table(
    "seals",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "batch", sa.BigInteger, sa.ForeignKey(batches.c.position), nullable=False, unique=True
    ),
    sa.Column("chained", sa.Text, nullable=False),
)

to_seal = sa.Table(
    "to_seal",
    metadata,
    sa.Column("batch", sa.BigInteger, sa.ForeignKey(batches.c.position), primary_key=True),
)

# Updated at every posting: room in the page keeps those updates off the indexes.
_UPDATED_OFTEN = {"fillfactor": 70}

balances = sa.Table(
    "balances",
    metadata,
    sa.Column("id", sa.LargeBinary, primary_key=True),  # a hash of all that follows but the net
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    *_about(),
    sa.Column("net", sa.BigInteger, nullable=False),
    postgresql_with=_UPDATED_OFTEN,
)
sa.Index("ix_balances_account", balances.c.account)
sa.Index("ix_balances_loan", balances.c.loan)

# Guarded accounts by loan, positive on the account's natural side.
loan_balances = sa.Table(
    "loan_balances",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("loan", sa.Text, primary_key=True),
    sa.Column("common", sa.BigInteger, nullable=False),
    sa.Column("ifrs", sa.BigInteger, nullable=False),
    sa.Column("statutory", sa.BigInteger, nullable=False),
    postgresql_with=_UPDATED_OFTEN,
)
