"""Alembic's entry, run by ``tael.app.migrations.upgrade`` on the connection it opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from tael.app.tables import METADATA

connection = context.config.attributes["connection"]
if not isinstance(connection, sa.Connection):
    raise TypeError("migrations run on the connection that the caller opened")

context.configure(
    connection=connection,
    target_metadata=list(METADATA),
    include_schemas=True,
    version_table="schema_versions",
    version_table_schema="public",
    transactional_ddl=True,
)
context.run_migrations()
