"""Every room's tables, collected: the one place that knows which rooms keep something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import sqlalchemy as sa

# In the order in which the schemas are made; no foreign key crosses from one to another.
_STORES = (
    "tael.platform.store",
    "tael.platform.ledger_store",
    "tael.policies.store",
    "tael.origination.store",
    "tael.funding.store",
    "tael.servicing.store",
    "tael.portfolio.store",
    "tael.console.store",
    "tael.app.store",
)
# Tables that stand in their room's schema beside its store's: imported, so that they are known.
_BESIDE = ("tael.policies.books.store",)


@dataclass(frozen=True, slots=True)
class RoomTables:
    """What one room keeps: its tables, all of one schema, and the statements run after them."""

    metadata: sa.MetaData
    ddl: tuple[str, ...]

    @property
    def schema(self) -> str:
        return str(self.metadata.schema)

    def create(self, connection: sa.Connection) -> None:
        """Make schema, tables and triggers; statements are re-runnable."""
        connection.execute(sa.schema.CreateSchema(self.schema, if_not_exists=True))
        self.metadata.create_all(connection)
        for statement in self.ddl:
            # No parameters: a percent sign in a function's body is a percent sign.
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _collect() -> tuple[RoomTables, ...]:
    stores = [import_module(name) for name in _STORES]
    for name in _BESIDE:
        import_module(name)
    return tuple(RoomTables(store.metadata, getattr(store, "DDL", ())) for store in stores)


ROOMS: tuple[RoomTables, ...] = _collect()
METADATA: Sequence[sa.MetaData] = tuple(room.metadata for room in ROOMS)


def create_all(connection: sa.Connection) -> None:
    """Make the tables of every room at once, for tests; an installation is migrated instead."""
    for room in ROOMS:
        room.create(connection)
