"""From a folder of events to one Parquet file of results, shard by shard."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput, TaelError
from tael.variables.drivers.backfill import FolderRows, RowSink, shards_of
from tael.variables.drivers.identity import Identity
from tael.variables.kernel.sheet import VALUE, Sheet, row_hashes
from tael.variables.packing.folder import Account, EventFolder, account_of
from tael.variables.packing.peer_file import read_peers
from tael.variables.plan.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

# Of a row group: a reader opens each column of each, so small ones of many columns read slowly.
_GROUP_CELLS = 8_000_000

AsOf = int | Mapping[str, int]
Write = Callable[["Rows"], None]
Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rows:
    """Results of some borrowers on their way into a file.

    Attributes:
        borrowers: ids, a row each.
        asof: int64, UTC seconds.
        hashes: the hash of each row of the sheet.
        sheet: values and reasons; the buffer is used again afterwards.
    """

    borrowers: tuple[str, ...]
    asof: NDArray[np.int64]
    hashes: list[str]
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is written where.

    A row a borrower and instant: ``borrower``, ``asof``, the variables, and ``row_hash``, the
    SHA-256 of all variables of the plan, chosen or not.

    Attributes:
        out: the Parquet file; it appears when it is whole.
        columns: names of variables, one column each, null where there is no value, with the reason
            in ``NAME/reason``. Empty: all of them in one fixed-size list ``values`` (NaN where
            there is no value) beside ``reasons``; their names stand in the file's metadata
            ``tael.names``.
    """

    out: Path
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What a run over a folder did.

    Attributes:
        rows: borrowers computed.
        identity: see ``Identity``.
        account: what became of the rows of events.
        peers_hash: the hash of the distributions that percentiles were read from; empty: none.
    """

    rows: int
    identity: str
    account: Account
    peers_hash: str


def compute_folder(
    directory: Path, plan: Plan, asof: AsOf, wanted: Wanted, watch: Watch | None = None
) -> Written:
    """Compute the borrowers of a folder of events into a Parquet file.

    Args:
        directory: the folder, see ``load_book``.
        plan: what to compute.
        asof: UTC seconds, of every borrower; or of each of those that are to be computed.
        wanted: the file and its columns; ``borrower`` and ``asof`` stand first.
        watch: told how many borrowers of how many are done.

    Raises:
        BadInput: no such folder, borrower or column, an instant outside 1990 to 2038, an
            unreadable table, or ``wanted.out`` is no file.
        TaelError: no room for the file, or no permission.
        TableRefused: a source has not the columns of its definition.
    """
    folder = EventFolder(directory)
    shards, source = shards_of(folder, asof), FolderRows(folder, plan)
    identity = Identity(plan.hash)
    accounts: list[Account] = []
    total, done = sum(looks.rows for looks in shards.values()), 0
    with opened(plan, wanted) as write:
        for shard, looks in shards.items():
            accounts.append(source.run(shard, looks, hashed(identity, write)))
            done += looks.rows
            if watch:
                watch(done, total)
    peers = read_peers(directory, plan)
    used = "" if peers is None else peers.hash
    return Written(total, identity.hexdigest(), account_of(accounts), used)


def hashed(identity: Identity, write: Write) -> RowSink:
    """A sink that hashes each row once, for the identity of the run and for its file."""

    def take(borrowers: tuple[str, ...], asof: NDArray[np.int64], sheet: Sheet) -> None:
        hashes = row_hashes(identity.plan_hash, sheet)
        identity.add_hashes(borrowers, asof, hashes)
        write(Rows(borrowers, asof, hashes, sheet))

    return take


@contextmanager
def opened(
    plan: Plan, wanted: Wanted, footer: Callable[[], Mapping[str, str]] = dict
) -> Iterator[Write]:
    """Write rows into a file beside the wanted one, which takes its name when all went well.

    Each process has a file of its own beside it: of two runs into one place the later one stays,
    whole. What ``footer`` gives when all rows are written stands in the file's metadata.

    Raises:
        BadInput: there is something at the place that is no file.
        TaelError: no room, or no permission.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    places = [plan.column(name) for name in wanted.columns]
    schema = _schema(plan, wanted)
    draft = wanted.out.with_name(f"{wanted.out.name}.{os.getpid()}.writing")

    with _refusals(wanted.out):
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
                held: list[pa.Table] = []

                def flush() -> None:
                    if held:
                        writer.write_table(pa.concat_tables(held))
                        held.clear()

                def write(rows: Rows) -> None:
                    fixed = [pa.array(rows.borrowers, pa.large_string()), _timestamps(rows.asof)]
                    columns = _chosen(rows.sheet, places) if places else _all(rows.sheet)
                    arrays = [*fixed, *columns, pa.array(rows.hashes)]
                    held.append(pa.Table.from_arrays(arrays, schema=schema))
                    # A list of all variables is one column, and large enough as it is.
                    if not places or sum(map(len, held)) * len(arrays) >= _GROUP_CELLS:
                        flush()

                yield write
                flush()
                writer.add_key_value_metadata(dict(footer()))
            draft.replace(wanted.out)
        finally:
            # The folder may be what cannot be written; its own failure is the one to tell.
            with suppress(OSError):
                draft.unlink(missing_ok=True)


@contextmanager
def _refusals(out: Path) -> Iterator[None]:
    """What the system says against writing ``out``, as failures that name it."""
    if out.exists() and not out.is_file():
        raise BadInput(f"{out} is no file", field="out", rule="a new file, or one to replace")
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            told = f"no room is left for {out}; make room and give the command again"
            raise TaelError(told, code="no_room", field="out") from error
        why = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        rule = "a file that this user may write"
        raise TaelError(f"{out} cannot be written: {why}", code="files", field="out",
                        rule=rule) from error  # fmt: skip


def _schema(plan: Plan, wanted: Wanted) -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    fields = [("borrower", pa.large_string()), ("asof", pa.timestamp("s", "UTC"))]
    if wanted.columns:
        for name in wanted.columns:
            fields += [(name, pa.float64()), (f"{name}/reason", pa.uint8())]
    else:
        fields += [("values", pa.list_(pa.float64(), plan.width)),
                   ("reasons", pa.list_(pa.uint8(), plan.width))]  # fmt: skip
    fields.append(("row_hash", pa.string()))
    names = wanted.columns or plan.names
    metadata = {"tael.plan": plan.hash, "tael.names": json.dumps(names)}
    return pa.schema(fields, metadata)


def _timestamps(instants: NDArray[np.int64]) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    return pa.array(instants).cast(pa.timestamp("s", "UTC"))


def _all(sheet: Sheet) -> list[pa.Array]:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    width = sheet.values.shape[1]
    return [
        pa.FixedSizeListArray.from_arrays(pa.array(cells.reshape(-1)), width)
        for cells in (sheet.values, sheet.reasons)
    ]


def _chosen(sheet: Sheet, places: list[int]) -> list[pa.Array]:
    """Copies: the sheet's buffer is used again before they are written."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    columns = []
    for place in places:
        reasons = sheet.reasons[:, place].copy()
        columns.append(pa.array(sheet.values[:, place].copy(), mask=reasons != VALUE))
        columns.append(pa.array(reasons))
    return columns
