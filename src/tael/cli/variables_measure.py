"""``tael variables measure``: coverage, range and standing of every variable on a population."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, progress, say, show, table
from tael.cli.variables_inputs import instant

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console


def measure(
    folder: Annotated[Path, typer.Argument(help="A folder of events, as `tael economy` builds.")],
    at: Annotated[
        list[str], typer.Option("--at", help="As of when; a day or an instant, given once or more.")
    ],
    definitions: Annotated[
        Path | None, typer.Option("--definitions", help="A folder of definitions of your own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write: figures.csv of a folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how far each variable is covered and which values it takes.

    Counts the firms that were active at each instant. A variable is published when at least one
    row in a hundred has a value, the values differ, and no variable before it is the same in every
    row. The catalogue reads the file when it lies beside the definitions as figures.csv.

    Examples:

        tael variables measure economy --at 2016-07-01 --at 2020-07-01
        tael variables measure economy --at 2020-07-01 --definitions mine --out mine/figures.csv
    """
    from tael.variables import load_definitions
    from tael.variables.coverage import write_measured
    from tael.variables.drivers import measure_folder

    instants = sorted({instant(each) for each in at})
    known = load_definitions(definitions)
    with progress(quiet=as_json) as bars:
        task = bars.add_task("shards", total=None)
        found = measure_folder(
            folder,
            known,
            instants,
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    counts = Counter(each.standing.value for each in found)
    data = {"variables": len(found), **counts}

    def draw(screen: Console) -> None:
        rows = [(standing, count) for standing, count in counts.most_common()]
        screen.print(table("Variables", ("standing", "variables"), rows, f"{len(found)} in all"))

    if out is not None:
        out.write_text(write_measured(found), "utf-8")
        say(f"Wrote {out}")
    show(data, draw, as_json=as_json)
