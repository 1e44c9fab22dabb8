"""The database's own history: one Alembic branch per room, one PostgreSQL schema per room.

The first version of a room is plain SQL, written out by ``write_initial`` from its tables and
triggers; later ones are ordinary Alembic revisions on that room's branch. ``drift`` says where a
migrated database is not what the code describes. Both load when first read: every start asks
whether there is something to upgrade, and needs neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tael.app.migrations.upgrade import upgrade, versions

if TYPE_CHECKING:
    from tael.app.migrations.drift import drift
    from tael.app.migrations.initial import write_initial

__all__ = ["drift", "upgrade", "versions", "write_initial"]

_LATER = {"drift": "drift", "write_initial": "initial"}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found  # or the module ``drift`` would stand in the place of its function
    return found
