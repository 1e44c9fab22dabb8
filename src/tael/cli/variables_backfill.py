"""``tael variables backfill``: a training set, many instants a borrower, in parts that go on."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, progress, say, show
from tael.cli.variables_inputs import (
    Definitions,
    Folder,
    asof_file_of_several,
    columns_file,
    day,
    plan_of,
)
from tael.kernel import BadInput

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.variables.drivers import Done, Instants


class Every(Enum):
    """Instants at the starts of periods."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months a period has."""
        return {"month": 1, "quarter": 3, "year": 12}[self.value]


def backfill(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="The folder of parts to write or go on with.")],
    asof_of: Annotated[
        Path | None,
        typer.Option(
            "--asof-file", help="A CSV of borrower and asof; a borrower may have several."
        ),
    ] = None,
    every: Annotated[
        Every | None, typer.Option("--every", help="All borrowers at each start of a period.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="With --every: the first day of all.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="With --every: the last day of all.")
    ] = None,
    columns: Annotated[
        Path | None, typer.Option("--columns", help="A file of names of variables, one a line.")
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="How many parts are computed at once.")
    ] = 2,
    definitions: Definitions = None,
    as_json: AsJson = False,
) -> None:
    """Compute a training set: every row as known at its own instant.

    One Parquet file a part of the folder, rows as `batch` writes them, and a `manifest.json`. Parts
    that are whole are kept: the same command goes on after it was ended, and is refused when it
    asks for other definitions, columns, instants, peers or events than the folder was begun with.
    A start of a month sees all that was known by the end of the month before.

    Examples:

        tael variables backfill economy --asof-file applications.csv --out training
        tael variables backfill economy --every month --from 2015-01-01 --to 2019-12-01 --out months
        tael variables backfill economy --asof-file few.csv --columns names.txt --out few --json
    """
    from tael.variables import Wanted
    from tael.variables.drivers import Crew, compute_shards

    instants = _instants(asof_of, every, first, last)
    names = columns_file(columns) if columns else {}
    plan, _ = plan_of(definitions, names)
    with progress(quiet=as_json) as bars:
        task = bars.add_task("rows", total=None)

        def watch(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        crew = Crew(processes, watch)
        done = compute_shards(folder, plan, instants, Wanted(out, tuple(names)), crew)
    _show(out, len(names) or plan.width, done, as_json=as_json)


def _show(out: Path, variables: int, done: Done, *, as_json: bool) -> None:
    for line in done.told():
        say(line)
    data = {
        "out": out,
        "rows": done.rows,
        "parts": len(done.parts),
        "parts_computed": done.computed,
        "variables": variables,
        "plan_hash": done.plan_hash,
        "identity": done.identity,
        "peers_hash": done.peers_hash or None,
        **done.to_json(),
    }

    def draw(screen: Console) -> None:
        stood = len(done.parts) - done.computed
        held = f", {stood} of them stood there" if stood else ""
        screen.print(f"{done.rows} rows, {variables} variables, {len(done.parts)} parts{held}")
        screen.print(f"identity {done.identity}")

    show(data, draw, as_json=as_json)


def _instants(
    path: Path | None, every: Every | None, first: str | None, last: str | None
) -> Instants:
    """Those of each borrower in a file, or the starts of periods for all.

    Raises:
        BadInput: none or both are given, or they cannot be read.
    """
    from tael.variables.drivers import month_starts

    if path is not None and every is None and first is None and last is None:
        return asof_file_of_several(path)
    if path is not None or every is None or first is None or last is None:
        rule = "--asof-file, or --every with --from and --to"
        raise BadInput("give one of the two", field="asof", rule=rule)
    return month_starts(day(first, "from"), day(last, "to"), every.months)
