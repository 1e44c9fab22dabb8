"""Build an economy on disk: shard by shard, in several processes, whole or not at all.

Shards are written into ``OUT.building``; a mark is set behind each. A build that was interrupted
goes on after the last mark. When every shard is there, the sealed tables are joined, the report
and the manifest are written, and the folder gets its name.
"""

from __future__ import annotations

import errno
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path

from tael.economy.manifest import NAME, Identity, Manifest, read_json, read_shard, write_json
from tael.economy.shard import Shard, write
from tael.economy.sizes import SIZES, Size, size_named
from tael.kernel import BadInput, TaelError

__all__ = ["SIZES", "Built", "Request", "Size", "build", "size_named"]

Watcher = Callable[[int, int], None]

_IDENTITY, _MARKS, _SEALED = "economy.json", "shards", "sealed"
_BYTES_A_FIRM = 45_000
_BYTES_WITHOUT_EVENTS = 1_500
_MOST_SEED = 2**63 - 1
_MOST_PROCESSES = 64


@dataclass(frozen=True, slots=True)
class Request:
    """What to build and where; ``part`` (I, N) builds only each N-th shard, from the I-th.

    Raises:
        BadInput: a seed, part or number of processes out of range.
    """

    size: Size
    out: Path
    seed: int = 7
    processes: int = 2
    part: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= _MOST_SEED:
            raise BadInput(f"{self.seed}", field="seed", rule=f"from 0 to {_MOST_SEED}")
        if not 1 <= self.processes <= _MOST_PROCESSES:
            rule = f"from 1 to {_MOST_PROCESSES}"
            raise BadInput(f"{self.processes}", field="processes", rule=rule)
        place, count = self.part
        if not 1 <= place <= count:
            raise BadInput(f"{place} of {count}", field="shard", rule="1 <= shard <= of")

    @property
    def draft(self) -> Path:
        """Where shards stand until all are there."""
        return self.out.with_name(f"{self.out.name}.building")

    def shards(self) -> range:
        """The numbers of the shards of this part."""
        place, count = self.part
        return range(place - 1, self.size.shards, count)


@dataclass(frozen=True, slots=True)
class Built:
    """How a build ended: the manifest, or None while other parts are missing.

    ``made`` shards were made now, ``found`` were there already.
    """

    out: Path
    manifest: Manifest | None
    made: int
    found: int


def _unwatched(_done: int, _total: int) -> None:
    return


def build(request: Request, watch: Watcher = _unwatched) -> Built:
    """Build what is asked for; the content hash follows from size and seed alone.

    ``watch`` is told the number of shards done, and of all those of the part. An economy that is
    there already is not made again.

    Raises:
        BadInput: the folder holds something else, or an economy of another seed or size.
        TaelError: no room, no permission, or a process that was killed; the shards that are done
            stay, and the same request goes on from them.
    """
    identity = Identity.of(request.size, request.seed)
    there = _already(request, identity)
    if there is not None:
        return Built(request.out, there, made=0, found=request.size.shards)
    try:
        _prepare(request, identity)
        missing = [number for number in request.shards() if not _mark(request, number).is_file()]
        found = len(request.shards()) - len(missing)
        watch(found, len(request.shards()))
        for done, shard in enumerate(_run(request, missing), 1):
            write_json(_mark(request, shard.number), shard.to_json())
            watch(found + done, len(request.shards()))
        manifest = _finish(request, identity)
    except OSError as error:
        raise _understood(error, request) from error
    return Built(request.out, manifest, made=len(missing), found=found)


def _already(request: Request, identity: Identity) -> Manifest | None:
    """The manifest of the folder when it is what is asked for; None when nothing is there."""
    out = request.out
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / NAME).is_file()):
        raise BadInput(f"{out} holds something else", field="out", rule="a new or empty folder")
    if not (out / NAME).is_file():
        return None
    held = read_json(out / NAME)
    other = identity.differs(held)
    if other:
        raise BadInput(
            f"{out} holds another economy: {other}",
            field="out",
            rule="a new or empty folder for each economy",
        )
    return _manifest(identity, held)


def _manifest(identity: Identity, held: dict[str, object]) -> Manifest:
    counts, months = held["counts"], held["months"]
    return Manifest(
        identity=identity,
        content=str(held["content"]),
        counts=dict(counts) if isinstance(counts, dict) else {},
        shards=int(str(held["shards"])),
        months=(str(months[0]), str(months[1])) if isinstance(months, list) else ("", ""),
    )


def _prepare(request: Request, identity: Identity) -> None:
    draft = request.draft
    if (draft / _IDENTITY).is_file():
        other = identity.differs(read_json(draft / _IDENTITY))
        if other:
            raise BadInput(
                f"{draft} holds an unfinished economy of another kind: {other}",
                field="out",
                rule="finish it with its own size and seed, or remove it",
            )
        return
    draft.mkdir(parents=True, exist_ok=True)
    _refuse_without_room(request.size, shutil.disk_usage(draft).free)
    write_json(draft / _IDENTITY, asdict(identity))


def _refuse_without_room(size: Size, free: int) -> None:
    needed = size.firms * (_BYTES_A_FIRM if size.events else _BYTES_WITHOUT_EVENTS)
    if needed > free:
        raise TaelError(
            f"an economy of size {size.name} takes about {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free",
            code="no_room",
            field="out",
            rule="room for the whole economy",
        )


def _mark(request: Request, number: int) -> Path:
    return request.draft / _MARKS / f"{number:05d}.json"


def _run(request: Request, missing: Sequence[int]) -> Iterator[Shard]:
    """The missing shards as they are done; in this process when one is enough."""
    workers = min(request.processes, len(missing))
    if workers <= 1:
        for number in missing:
            yield write(request.draft, request.size, request.seed, number)
        return
    context, others = multiprocessing.get_context("spawn"), set(multiprocessing.active_children())
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        try:
            yield from _as_done(pool, request, missing)
        except BrokenProcessPool as error:
            raise TaelError(
                "a process of the build was killed, perhaps for want of memory; the shards that "
                "are done stay, and the same command goes on from them",
                code="build_killed",
            ) from error
        except BaseException:
            # Whoever stops the build does not wait for shards that nobody will mark.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise


def _as_done(
    pool: ProcessPoolExecutor, request: Request, missing: Sequence[int]
) -> Iterator[Shard]:
    waiting = {
        pool.submit(write, request.draft, request.size, request.seed, number) for number in missing
    }
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def _finish(request: Request, identity: Identity) -> Manifest | None:
    """Join, report, seal and name the economy; None while shards of other parts are missing."""
    from tael.economy.report import write_report  # noqa: PLC0415 - the last step of the last part

    marks = [_mark(request, number) for number in range(request.size.shards)]
    if not all(mark.is_file() for mark in marks):
        return None
    shards = [read_shard(mark) for mark in marks]
    draft, manifest = request.draft, Manifest.of(identity, shards)
    _seal(draft)
    write_report(draft, manifest, [shard.sums for shard in shards])
    write_json(draft / NAME, manifest.to_json())
    draft.rename(request.out)
    shutil.rmtree(request.out / _MARKS)
    (request.out / _IDENTITY).unlink()
    return manifest


def _seal(draft: Path) -> None:
    """Join the sealed parts into a table each and write down which columns are traps."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - an engine loads Arrow where it is used

    from tael.economy.sealed import TRAPS  # noqa: PLC0415 - named here and nowhere else on disk

    for folder in sorted(path for path in (draft / _SEALED).iterdir() if path.is_dir()):
        joined = folder.with_suffix(".parquet")
        parts = sorted(folder.glob("part-*.parquet"))
        with pq.ParquetWriter(joined, pq.read_schema(parts[0]), compression="zstd") as sink:
            for part in parts:
                sink.write_table(pq.read_table(part))
        shutil.rmtree(folder)
    write_json(draft / _SEALED / "traps.json", {"applications": TRAPS})


def _understood(error: OSError, request: Request) -> TaelError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return TaelError(
            f"no room is left at {request.draft}; the shards that are done stay: make room, and "
            "the same command goes on from them",
            code="no_room",
            field="out",
            rule="room for the whole economy",
        )
    return TaelError(
        f"{error.strerror or error} at {error.filename or request.draft}; name another folder",
        code="files",
        field="out",
        rule="a folder that this user may write",
    )
