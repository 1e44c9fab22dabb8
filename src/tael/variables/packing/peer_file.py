"""The distributions of peers beside the events that they were made of: ``peers.parquet``."""

from __future__ import annotations

from pathlib import Path

from tael.kernel import BadInput
from tael.variables.plan.peers import PeerTable, from_arrow, to_arrow
from tael.variables.plan.plan import Plan

NAME = "peers.parquet"


def write_peers(directory: Path, table: PeerTable) -> Path:
    """Keep ``table`` in a folder of events; what stood there is replaced at once, when whole."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and slow to load

    place = directory / NAME
    draft = place.with_suffix(".writing")
    try:
        pq.write_table(to_arrow(table), draft)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return place


def read_peers(directory: Path, plan: Plan) -> PeerTable | None:
    """The distributions for the percentiles of ``plan``, in its order.

    None where the folder has none, or none of these variables in these versions: percentiles are
    undefined then.

    Raises:
        BadInput: the file cannot be read as such a table.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    place = directory / NAME
    if not plan.placed or not place.exists():
        return None
    try:
        # Read by itself: a folder named like year=2020 would add a column.
        table = from_arrow(pq.ParquetFile(place).read())
    except (pa.ArrowException, OSError, ValueError, AttributeError) as error:
        what = " ".join(str(error).split())
        raise BadInput(f"{place}: {what}", field=NAME, rule="a table of peers") from None
    columns = {name: column for column, name in enumerate(table.names)}
    if not set(plan.placed) <= columns.keys():
        return None
    chosen = [columns[name] for name in plan.placed]
    return PeerTable(table.groups, table.known, table.cuts[:, :, chosen].copy(), plan.placed)
