"""Make the distributions of peers of a folder and keep them in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tael.kernel import BadInput
from tael.variables.definitions.model import Definitions
from tael.variables.drivers.reference import peers_of_folder
from tael.variables.packing.peer_file import write_peers
from tael.variables.plan.compiler import compile_plan
from tael.variables.plan.peers import LEAST_PEERS, PeerTable


def store_peers(
    directory: Path, definitions: Definitions, instants: Sequence[int]
) -> tuple[Path, PeerTable]:
    """Write the distributions of all firms as of some instants into their folder.

    From then on ``load_book`` and ``compute_folder`` find them there. An instant's are known a day
    later.

    Args:
        directory: the folder, see ``load_book``.
        definitions: whose percentiles are to be read.
        instants: UTC seconds, each once; one a year or quarter will do.

    Raises:
        BadInput: as ``peers_of_folder``, or at no instant were there firms enough.
        TableRefused: a source has not its columns.
    """
    table = peers_of_folder(directory, definitions, compile_plan(definitions), instants)
    if not len(table.groups):
        rule = f"{LEAST_PEERS} firms with an event of their own within 365 days"
        raise BadInput("too few firms were active at any of them", field="asof", rule=rule)
    return write_peers(directory, table), table
