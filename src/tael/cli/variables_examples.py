"""``tael variables example``: two published sets, from their files to a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, say, show, table

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from collections.abc import Mapping

    from rich.console import Console

_TOLD = (
    "file_rows", "subjects", "variables", "screened", "beyond_chance", "loans", "loans_beyond",
    "plan_hash", "identity",
)  # fmt: skip


def example(
    name: Annotated[str, typer.Argument(help="invoices or berka.")],
    data: Annotated[Path, typer.Option("--data", help="The folder of the set.")],
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for the HTML report and Parquet files.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute the variables of a published set and report them.

    invoices: 1.1 million VAT invoices of 425 Chinese firms (CUMCM 2020, problem C), compared with
    the default of the 123 that a bank rated. berka: the Czech bank transactions of the PKDD 1999
    challenge. The definitions are shipped, the data are not.

    Examples:

        tael variables example invoices --data cumcm2020c-sme-invoices --report out
        tael variables example berka --data berka-small --json
    """
    from tael.kernel import SystemClock
    from tael.variables import run_example

    done = run_example(name, data, report, SystemClock().now())
    show(done.figures, lambda screen: _draw(screen, name, done.figures), as_json=as_json)
    for path in done.files:
        say(f"Wrote {path}")


def _draw(screen: Console, name: str, figures: Mapping[str, object]) -> None:
    rows = [(key.replace("_", " "), figures[key]) for key in _TOLD if key in figures]
    screen.print(table(f"Example {name}", ("figure", "value"), rows))
    for title, key in (("Rows by fate", "rows"), ("Seconds", "seconds")):
        found = figures[key]
        if isinstance(found, dict):
            screen.print(table(title, ("what", "number"), [(*each,) for each in found.items()]))
