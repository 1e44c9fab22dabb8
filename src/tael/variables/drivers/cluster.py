"""Variables on a cluster: packed rows through Spark Connect's ``mapInArrow``.

Works on any server of Spark Connect (Spark 4, Sail) whose Python has this package. Events are
packed once, one row a borrower and as-of; nothing is grouped or sorted when variables are computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.drivers.identity import Identity
from tael.variables.kernel.checks import check_instants
from tael.variables.kernel.machine import run_plan
from tael.variables.kernel.sheet import Sheet, make_sheet, row_hashes
from tael.variables.packing.book import Book
from tael.variables.packing.rows import BORROWER, book_from_rows, book_to_rows
from tael.variables.plan.peers import PeerTable
from tael.variables.plan.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

    # Spark is asked for by nobody who does not bring a frame of it.
    Frame = Any

ASOF, ROW_HASH, VALUES, REASONS = "asof", "row_hash", "values", "reasons"
BATCH_ROWS = 256  # rows of events that a worker holds at once
_BATCHES = "spark.sql.execution.arrow.maxRecordsPerBatch"


def write_packed(book: Book, asof: NDArray[np.int64], plan: Plan, path: Path) -> None:
    """Write a book as packed rows in Parquet, one row a borrower, as a cluster reads them.

    ``asof`` is int64[B], UTC seconds. Small row groups: a task takes some of them.

    Raises:
        BadInput: not an instant for each borrower, or one outside 1990 to 2038.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and slow to load

    pq.write_table(packed_rows(book, asof, plan), path, row_group_size=BATCH_ROWS)


def packed_rows(book: Book, asof: NDArray[np.int64], plan: Plan) -> pa.Table:
    """The rows that `write_packed` writes: ``borrower``, ``asof``, ``group`` and lists of events.

    Leaves are int32, for Spark has no unsigned integers, and the dots of column names are colons,
    for Spark would look for fields behind them.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    if asof.shape != (len(book.borrowers),):
        raise BadInput(f"int64[{len(book.borrowers)}] is needed", field=ASOF)
    check_instants(asof)
    rows = book_to_rows(book, plan.schemas)
    rows = _leaves_as(rows, pa.int32())
    rows = rows.rename_columns([name.replace(".", ":") for name in rows.column_names])
    return rows.add_column(1, ASOF, pa.array(asof))


def compute_on_cluster(
    frame: Frame, plan: Plan, columns: Sequence[str] = (), *, peers: PeerTable | None = None
) -> Frame:
    """A frame of results: ``borrower``, ``asof``, ``row_hash``, ``values`` and ``reasons``.

    Args:
        frame: packed rows, of a Spark Connect session; each is computed by itself, in any order.
        plan: what to compute; it is sent to the workers with the function.
        columns: names of the variables whose values are sent back; none: all of them.
        peers: what percentiles are read from.

    Raises:
        BadInput: the plan has no variable of a name. Workers raise it for rows that are not packed
            as the plan needs them.
    """
    work = _Work(plan, tuple(plan.column(name) for name in columns), peers)
    # Whole batches of events stand in memory: Spark's own 10,000 rows would be gigabytes.
    frame.sparkSession.conf.set(_BATCHES, str(BATCH_ROWS))
    schema = (
        f"{BORROWER} string, {ASOF} bigint, {ROW_HASH} string, "
        f"{VALUES} array<double>, {REASONS} binary"
    )
    return frame.mapInArrow(work.run, schema)


def identity_of(results: pa.Table, borrowers: Sequence[str], plan: Plan) -> str:
    """The identity of results in the order of ``borrowers``; see `Identity`.

    Raises:
        BadInput: a borrower has no row, or more than one.
    """
    held: dict[str, tuple[int, str]] = {}
    columns = (results[name].to_pylist() for name in (BORROWER, ASOF, ROW_HASH))
    for borrower, asof, row_hash in zip(*columns, strict=True):
        if borrower in held:
            raise BadInput(f"{borrower} has two rows", field=BORROWER, rule="one row each")
        held[borrower] = (asof, row_hash)
    identity = Identity(plan.hash)
    for borrower in borrowers:
        if borrower not in held:
            raise BadInput(f"{borrower} has no row", field=BORROWER, rule="one row each")
        identity.add_row(borrower, *held[borrower])
    return identity.hexdigest()


@dataclass(frozen=True, slots=True)
class _Work:
    """What a worker does with its batches; it travels pickled."""

    plan: Plan
    places: tuple[int, ...]
    peers: PeerTable | None

    def run(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Results of batch after batch, each in parts of `BATCH_ROWS` rows at most."""
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

        sheet = make_sheet(BATCH_ROWS, self.plan.width)
        for batch in batches:
            for first in range(0, batch.num_rows, BATCH_ROWS):
                rows = pa.Table.from_batches([batch.slice(first, BATCH_ROWS)])
                yield self._results(rows, sheet.top(rows.num_rows))

    def _results(self, rows: pa.Table, sheet: Sheet) -> pa.RecordBatch:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

        asof = np.require(rows[ASOF].to_numpy(), np.int64, ["C", "W"])
        run_plan(self.plan, self._book(rows), asof, 0, sheet)
        values, reasons = sheet.values, sheet.reasons
        if self.places:
            values, reasons = values[:, self.places], reasons[:, self.places]
        offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        return pa.RecordBatch.from_arrays(
            [
                rows[BORROWER].cast(pa.string()).combine_chunks(),
                pa.array(asof),
                pa.array(row_hashes(self.plan.hash, sheet)),
                pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1).copy())),
                pa.array([each.tobytes() for each in reasons], pa.binary()),
            ],
            names=[BORROWER, ASOF, ROW_HASH, VALUES, REASONS],
        )

    def _book(self, rows: pa.Table) -> Book:
        """The rows' book; a borrower may have several rows, so rows are numbered in it."""
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

        place = rows.column_names.index(BORROWER)
        numbers = pa.array([str(each) for each in range(rows.num_rows)], pa.large_string())
        numbered = rows.set_column(place, BORROWER, numbers)
        names = [name.replace(":", ".") for name in numbered.column_names]
        numbered = numbered.rename_columns(names)
        book = book_from_rows(_leaves_as(numbered, pa.uint16()), self.plan.schemas)
        return book.among(self.peers)


def _leaves_as(rows: pa.Table, kind: pa.DataType) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    for place, name in enumerate(rows.column_names):
        if name.endswith("/leaf"):
            rows = rows.set_column(place, name, rows[name].cast(pa.large_list(kind)))
    return rows
