"""The versions, in files that Alembic reads; nobody imports them."""
