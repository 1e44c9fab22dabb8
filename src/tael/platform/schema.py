"""The PostgreSQL schema of this room: one metadata object that both halves share."""

import sqlalchemy as sa

metadata = sa.MetaData(schema="platform")
