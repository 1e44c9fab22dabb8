"""The database's own history: one Alembic branch per room, one PostgreSQL schema per room.

The first version of a room is plain SQL, written out by ``write_initial`` from its tables and
triggers; later ones are ordinary Alembic revisions on that room's branch. ``drift`` says where a
migrated database is not what the code describes.
"""

from tael.app.migrations.drift import drift
from tael.app.migrations.initial import write_initial
from tael.app.migrations.upgrade import upgrade, versions

__all__ = ["drift", "upgrade", "versions", "write_initial"]
