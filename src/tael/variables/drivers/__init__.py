"""Ways to run a plan: one borrower, a book, a folder at once or in parts, a cluster.

Whichever way a row is computed, it has the same bits. Each name loads when first read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tael.variables.drivers.backfill import (
        Instants,
        Looks,
        compute_backfill,
        looks_of,
        month_starts,
    )
    from tael.variables.drivers.batch import Pace, compute_batch
    from tael.variables.drivers.cluster import (
        compute_on_cluster,
        identity_of,
        packed_rows,
        write_packed,
    )
    from tael.variables.drivers.files import Wanted, Written, compute_folder
    from tael.variables.drivers.identity import Identity
    from tael.variables.drivers.measure import measure_folder
    from tael.variables.drivers.online import Result, compute
    from tael.variables.drivers.peers import store_peers
    from tael.variables.drivers.plain import compute_by_oracle
    from tael.variables.drivers.reference import peers_of_folder
    from tael.variables.drivers.shards import Crew, Done, compute_shards
    from tael.variables.drivers.tables import book_of_tables

__all__ = [
    "Crew", "Done", "Identity", "Instants", "Looks", "Pace", "Result", "Wanted", "Written",
    "book_of_tables", "compute", "compute_backfill", "compute_batch", "compute_by_oracle",
    "compute_folder", "compute_on_cluster", "compute_shards", "identity_of", "looks_of",
    "measure_folder", "month_starts", "packed_rows", "peers_of_folder", "store_peers",
    "write_packed",
]  # fmt: skip

# The module of each name.
_LATER = {
    "Crew": "shards",
    "Done": "shards",
    "Identity": "identity",
    "Instants": "backfill",
    "Looks": "backfill",
    "Pace": "batch",
    "Result": "online",
    "Wanted": "files",
    "Written": "files",
    "book_of_tables": "tables",
    "compute": "online",
    "compute_backfill": "backfill",
    "compute_batch": "batch",
    "compute_by_oracle": "plain",
    "compute_folder": "files",
    "compute_on_cluster": "cluster",
    "compute_shards": "shards",
    "identity_of": "cluster",
    "looks_of": "backfill",
    "measure_folder": "measure",
    "month_starts": "backfill",
    "packed_rows": "cluster",
    "peers_of_folder": "reference",
    "store_peers": "peers",
    "write_packed": "cluster",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
