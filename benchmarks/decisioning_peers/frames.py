"""The events of one borrower as one Arrow frame, which is how the fresh stack stores them.

All slots lie in one frame, the newest event of each slot first: ``leaf`` uint16 (a number for slot
and codes, see `cells`), ``time``, ``visible_from`` and ``visible_to`` int32 (UTC seconds, the last
one `FOREVER` where nothing replaced it), ``m0`` and ``m1`` int64 (the measures of the slot that the
policy reads, 0 where there are fewer), ``key`` int64. One frame of an uncompressed stream is read
in a fifth of the time that a frame for each slot takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from decisioning_peers.cells import Layout

FOREVER = 2**31 - 1
_MEASURES = 2


def frames(folder: Path, layout: Layout, count: int) -> Iterator[pa.RecordBatch]:
    """The frame of each of the first ``count`` borrowers of a workload, in their order."""
    parts = [_slot(folder, layout, slot, count) for slot in layout.slots]
    starts = [np.searchsorted(each["borrower"].to_numpy(), np.arange(count + 1)) for each in parts]
    for borrower in range(count):
        mine = [
            part.slice(start[borrower], start[borrower + 1] - start[borrower])
            for part, start in zip(parts, starts, strict=True)
        ]
        table = pa.concat_tables(mine).drop(["borrower"]).combine_chunks()
        batches = table.to_batches()
        empty = pa.RecordBatch.from_pylist([], schema=table.schema)
        yield batches[0] if batches else empty


def stored(frame: pa.RecordBatch) -> bytes:
    """The frame as an uncompressed Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, frame.schema) as writer:
        writer.write_batch(frame)
    return sink.getvalue().to_pybytes()


def _slot(folder: Path, layout: Layout, slot: str, count: int) -> pa.Table:
    """The events of a slot as part of a frame, beside the borrower's number."""
    told = layout.slots[slot]
    file = folder / "events" / f"{slot}.parquet"
    table = pq.read_table(file, filters=[("borrower", "<", count)]).combine_chunks()
    rows = table.num_rows
    none = np.zeros(rows, np.int64)
    codes = [table[name].to_numpy() for name in told["codes"]]
    made = {"borrower": table["borrower"], "leaf": layout.leaf_of(slot, codes, rows)}
    for name in ("time", "visible_from", "visible_to"):
        made[name] = np.minimum(table[name].to_numpy(), FOREVER).astype(np.int32)
    for place in range(_MEASURES):
        named = told["measures"][place : place + 1]
        made[f"m{place}"] = table[named[0]].to_numpy() if named else none
    made["key"] = table["key"].to_numpy() if told["key"] else none
    return pa.table(made)
