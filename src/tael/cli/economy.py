"""``tael economy``: a seeded economy of small businesses on disk, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, progress, say, show, table

if TYPE_CHECKING:  # a command loads it when it runs; help must not
    from rich.console import Console

    from tael.economy.build import Built

group = typer.Typer(help="A seeded economy of small businesses.", no_args_is_help=True)


@group.command()
def build(
    size: Annotated[str, typer.Option("--size", help="tiny, small, million or full.")],
    out: Annotated[Path, typer.Option("--out", help="A new or empty folder.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another economy.")] = 7,
    processes: Annotated[
        int, typer.Option("--processes", help="How many processes make shards.")
    ] = 2,
    shard: Annotated[
        int, typer.Option("--shard", help="With --of: which part of the shards to make, from 1.")
    ] = 1,
    of: Annotated[int, typer.Option("--of", help="Into how many parts the shards are cut.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Build an economy: firms, events, applications, loans, sealed truth.

    Seventeen years of invented firms as Parquet: what each source recorded and when it was known,
    what was applied for, granted and repaid, and apart from it, under sealed/, the true
    probabilities. The same seed and size give the same content hash. An interrupted build goes on
    where it was: run the same command again. With --shard and --of several machines share a
    folder, and the part that finds all others done joins them.

    Sizes: tiny 500 firms, small 20,000, full a million; million is a million applications without
    events.

    Examples:

        tael economy build --size tiny --out economy
        tael economy build --size small --seed 11 --out economy-11 --json
        tael economy build --size full --out /data/full --shard 3 --of 16
    """
    from tael.economy import build as room

    chosen = room.size_named(size)
    request = room.Request(chosen, out, seed=seed, processes=processes, part=(shard, of))
    with progress(quiet=as_json) as bars:
        task = bars.add_task(f"Building {size}", total=None)

        def watch(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        built = room.build(request, watch)
    show(_plain(built), lambda screen: _draw(screen, built), as_json=as_json)
    if built.manifest is None:
        say("Other parts are missing; the last of them joins the economy.")
    else:
        say(f"Wrote {out / 'report.html'}" if built.made else f"{out} was there already")


def _plain(built: Built) -> dict[str, object]:
    manifest = built.manifest.to_json() if built.manifest else None
    return {"out": built.out, "made": built.made, "found": built.found, "manifest": manifest}


def _draw(screen: Console, built: Built) -> None:
    rows = list(built.manifest.counts.items()) if built.manifest else []
    caption = f"{built.made} shards made, {built.found} found"
    if built.manifest is not None:
        caption = f"content {built.manifest.content[:16]}, {caption}"
    screen.print(table(f"Economy {built.out}", ("table", "rows"), rows, caption))
