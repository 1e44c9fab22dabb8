"""Results of a folder in parts, one a shard: a run that was ended goes on where it stood.

    OUT/manifest.json         what is computed, and when all is done the parts and the identity
    OUT/part-00000.parquet    the rows of shard 0, with what became of its events in the footer

A part appears when it is whole. The identity of a run is that of all rows in the order of the parts
and, within a part, of the file: shard by shard, turn by turn, borrowers in the order of the shard
or, where they are named, of their names. With one instant a borrower it is ``compute_folder``'s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tael.kernel import BadInput
from tael.variables.drivers.backfill import FolderRows, Instants, Looks, shards_of
from tael.variables.drivers.batch import Pace
from tael.variables.drivers.crew import spread
from tael.variables.drivers.files import Wanted, Watch, hashed, opened
from tael.variables.drivers.identity import Identity
from tael.variables.packing.folder import EventFolder
from tael.variables.packing.peer_file import read_peers
from tael.variables.plan.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MANIFEST = "manifest.json"
FORMAT = 1
_FOOTER = "tael.part"
_FAULTS = ("faults", "refused", "missing_sources")
_RULE = "go on with what the folder was begun with, or name a new folder"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a run.

    Attributes:
        shard: its number.
        rows: how many rows it holds.
        identity: of its rows alone, see ``Identity``.
        run: hash of what the run computes.
        told: what became of its rows of events, see ``Account.lines``.
        account: the same as data, see ``Account.to_json``.
    """

    shard: int
    rows: int
    identity: str
    run: str
    told: tuple[str, ...]
    account: Mapping[str, object]

    @property
    def name(self) -> str:
        """Its file name."""
        return part_name(self.shard)


@dataclass(frozen=True, slots=True)
class Crew:
    """Who does the work of a run over shards.

    Attributes:
        processes: how many shards are packed at once, each in a process of its own; memory is a
            shard of events and a buffer for each. One process uses two threads. Packing holds the
            interpreter's lock and takes most of the time, so that processes gain, not threads.
        watch: told how many rows of how many are done.

    Raises:
        BadInput: less than one process.
    """

    processes: int = 1
    watch: Watch | None = None

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise BadInput("at least one is needed", field="processes", rule="a number above 0")


_ALONE = Crew()


@dataclass(frozen=True, slots=True)
class Done:
    """What a run over shards left.

    Attributes:
        rows: rows in all parts.
        identity: of all rows, see ``Identity``.
        parts: in their order.
        computed: how many of them were computed now; the others stood there.
        plan_hash: the hash of the plan.
        peers_hash: the hash of the distributions that percentiles were read from; empty: none.
    """

    rows: int
    identity: str
    parts: tuple[Part, ...]
    computed: int
    plan_hash: str
    peers_hash: str

    def told(self) -> list[str]:
        """What became of rows of events, as sentences, each once."""
        return list(dict.fromkeys(line for each in self.parts for line in each.told))

    def to_json(self) -> dict[str, object]:
        """Faults with examples, borrowers refused, sources missing, each once."""
        found: dict[str, list[object]] = {name: [] for name in _FAULTS}
        for each in self.parts:
            for name, kept in found.items():
                held = each.account[name]
                if isinstance(held, list):
                    kept.extend(one for one in held if one not in kept)
        return dict(found)


def compute_shards(
    directory: Path, plan: Plan, instants: Instants, wanted: Wanted, crew: Crew = _ALONE
) -> Done:
    """Compute the borrowers of a folder of events into a folder of parts, as of any instants.

    Parts that stand there whole are kept, so that the same call goes on after it was ended. A
    script that asks for several processes keeps its own work under ``if __name__ == "__main__"``.

    Args:
        directory: the folder of events, see ``load_book``.
        plan: what to compute.
        instants: UTC seconds: one or several of every borrower, or of each of those named.
        wanted: the folder of parts, and its columns.
        crew: processes, and who watches.

    Raises:
        BadInput: as ``compute_folder``; the folder of parts was begun with another plan, columns,
            instants, peers or events, or holds other things; a part was changed.
        TableRefused: a source has not the columns of its definition.
        OutsideFailure: a process was ended from outside.
    """
    run = _Run(directory, plan, instants, wanted)
    run.begin()
    finished = {part.shard: part for part in run.standing()}
    parts, total = dict(finished), sum(looks.rows for looks in run.shards.values())
    open_shards = {shard: looks for shard, looks in run.shards.items() if shard not in parts}
    if crew.watch:
        crew.watch(sum(part.rows for part in parts.values()), total)
    processes = min(crew.processes, max(len(open_shards), 1))
    for part in spread(run.maker(processes), open_shards.items(), processes):
        parts[part.shard] = part
        if crew.watch:
            crew.watch(sum(each.rows for each in parts.values()), total)
    return run.finish([parts[shard] for shard in run.shards], len(open_shards))


def part_name(shard: int) -> str:
    """The file name of a part."""
    return f"part-{shard:05d}.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class Maker:
    """Makes parts; it travels to processes pickled.

    Attributes:
        directory: the folder of events.
        plan: what to compute.
        wanted: the folder of parts.
        run: hash of what the run computes.
        threads: of each process.
    """

    directory: Path
    plan: Plan
    wanted: Wanted
    run: str
    threads: int

    def opened(self) -> Callable[[tuple[int, Looks]], Part]:
        """What makes the part of a shard; tables that serve all shards are read once for it."""
        pace = Pace(threads=self.threads)
        rows = FolderRows(EventFolder(self.directory), self.plan, pace)
        return lambda asked: self._make(rows, *asked)

    def _make(self, source: FolderRows, shard: int, looks: Looks) -> Part:
        identity, made = Identity(self.plan.hash), list[Part]()
        wanted = replace(self.wanted, out=self.wanted.out / part_name(shard))

        def footer() -> dict[str, str]:
            return {_FOOTER: json.dumps(asdict(made[0]), ensure_ascii=False)}

        with opened(self.plan, wanted, footer) as write:
            account = source.run(shard, looks, hashed(identity, write))
            told, rows = tuple(account.lines()), looks.rows
            held = identity.hexdigest()
            made.append(Part(shard, rows, held, self.run, told, account.to_json()))
        return made[0]


class _Run:
    """What one call computes, and the folder that holds it."""

    def __init__(self, directory: Path, plan: Plan, instants: Instants, wanted: Wanted) -> None:
        self.directory, self.plan, self.wanted = directory, plan, wanted
        for name in wanted.columns:
            plan.column(name)
        self.out = wanted.out
        peers = read_peers(directory, plan)
        self.shards = shards_of(EventFolder(directory), instants)
        self.what = {
            "plan": plan.hash,
            "columns": list(wanted.columns) or None,
            "instants": _hash_of_instants(instants),
            "peers": peers.hash if peers else None,
            "events": _hash_of_events(directory),
        }

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what is computed from what."""
        return hashlib.sha256(json.dumps(self.what, sort_keys=True).encode()).hexdigest()

    def begin(self) -> None:
        """Make the folder, or see that it was begun with the same."""
        path = self.out / MANIFEST
        if not path.exists():
            if self.out.exists() and (not self.out.is_dir() or any(self.out.iterdir())):
                raise BadInput(f"{self.out} holds other things", field="out", rule="a new folder")
            self.out.mkdir(parents=True, exist_ok=True)
            self._write({"format": FORMAT, "run": self.what, "parts": [], "identity": None})
            return
        try:
            held = json.loads(path.read_text("utf-8"))["run"]
            changed = [name for name, mine in self.what.items() if held[name] != mine]
        except (ValueError, KeyError, TypeError):
            raise BadInput(f"{path} is no manifest of a run", field="out", rule=_RULE) from None
        if changed:
            what = f"{self.out} was begun with other {' and other '.join(changed)}"
            raise BadInput(what, field=changed[0], rule=_RULE)

    def standing(self) -> Iterator[Part]:
        """The parts that are whole and of this run."""
        for shard in self.shards:
            found = _read_part(self.out / part_name(shard))
            if found and found.run == self.hash:
                yield found

    def maker(self, processes: int) -> Maker:
        """What makes the parts."""
        threads = 1 if processes > 1 else Pace().threads
        return Maker(self.directory, self.plan, self.wanted, self.hash, threads)

    def finish(self, parts: list[Part], computed: int) -> Done:
        """Put the identity together from the parts, and write both down."""
        whole = Identity(self.plan.hash)
        for part in parts:
            self._add(part, whole)
        done = Done(
            rows=sum(part.rows for part in parts),
            identity=whole.hexdigest(),
            parts=tuple(parts),
            computed=computed,
            plan_hash=self.plan.hash,
            peers_hash=str(self.what["peers"] or ""),
        )
        told = [{"file": each.name, "rows": each.rows, "identity": each.identity, **each.account}
                for each in parts]  # fmt: skip
        self._write({"format": FORMAT, "run": self.what, "parts": told, "rows": done.rows,
                     "identity": done.identity})  # fmt: skip
        return done

    def _add(self, part: Part, whole: Identity) -> None:
        """The rows of a part, as they stand in its file."""
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

        alone = Identity(self.plan.hash)
        for batch in _batches(self.out / part.name, ["borrower", "asof", "row_hash"]):
            # Parquet knows no whole seconds: they come back as milliseconds.
            asof = batch["asof"].cast(pa.timestamp("s", "UTC")).cast(pa.int64()).to_numpy()
            names, hashes = batch["borrower"].to_pylist(), batch["row_hash"].to_pylist()
            for identity in (alone, whole):
                identity.add_hashes(names, asof, hashes)
        if alone.hexdigest() != part.identity:
            what = f"{self.out / part.name} is not as it was written"
            raise BadInput(what, field="out", rule="delete the part, and it is computed again")

    def _write(self, manifest: dict[str, object]) -> None:
        draft = self.out / f"{MANIFEST}.writing"
        draft.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
        draft.replace(self.out / MANIFEST)


def _read_part(path: Path) -> Part | None:
    """What a part says of itself; None where there is none, or a damaged one."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    if not path.exists():
        return None
    try:
        with _file(path) as file:
            held = json.loads((file.metadata.metadata or {})[_FOOTER.encode()])
        return Part(**{**held, "told": tuple(held["told"])})
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return None


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with _file(path) as file:
        yield from file.iter_batches(columns=columns)


def _file(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and slow to load

    return pq.ParquetFile(path)


def _hash_of_instants(instants: Instants) -> str:
    """SHA-256 of who is looked at when, in the order given."""
    made = hashlib.sha256()
    if not isinstance(instants, Mapping):
        instants = {"": instants}
    for name, each in instants.items():
        held = np.sort(np.array(each, np.int64), axis=None)
        made.update(json.dumps([name, held.tolist()]).encode())
    return made.hexdigest()


def _hash_of_events(directory: Path) -> str:
    """SHA-256 of names and sizes of all tables: a folder that was built anew is told apart.

    Contents are not read: that would take as long as packing them.
    """
    made = hashlib.sha256()
    for name in ("events/*", "firms", "role_link", "market_link"):
        for path in sorted(directory.glob(f"{name}/part-*.parquet")):
            said = f"{path.relative_to(directory).as_posix()}\n{path.stat().st_size}\n"
            made.update(said.encode())
    return made.hexdigest()
