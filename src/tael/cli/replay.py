"""``tael replay``: a real loan book through the platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, say, show
from tael.kernel import Day

if TYPE_CHECKING:  # a command loads it when it runs; help must not
    from tael.app.replay import ReplayResult

_FAULTS_SHOWN = 5


def replay(
    file: Annotated[Path, typer.Argument(help="The loan book: .csv or .parquet.")],
    mapping: Annotated[
        str,
        typer.Option("--mapping", help="What its columns mean: a shipped name, or a YAML file."),
    ],
    train_until: Annotated[
        str, typer.Option("--train-until", help="Last day of approval of a training loan.")
    ],
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for the HTML report and Parquet files.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="A DMN file of your own; else the shipped one.")
    ] = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="Keep the books in memory, not in PostgreSQL.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play a real loan book through the platform and compare.

    A scorecard is trained on loans approved by --train-until; the others are decided in the order
    of their approval, and the accepted ones booked with what became of them. Ends with 6 when the
    scorecard ranks the unseen loans better than the mapping's alarm level: it has seen the outcome.

    Examples:

        tael replay loans.parquet --mapping sba-7a --train-until 2004-12-31 --report out
        tael replay mine.csv --mapping mine.yaml --train-until 2022-06-30 --json
    """
    until = Day.parse(train_until, field="train-until")
    from rich.console import Console

    from tael.app import replay as room

    request = room.Request(
        file, room.load_mapping(mapping), until, policy=policy, in_memory=in_memory
    )
    with room.progress_bars(Console(stderr=True, quiet=as_json)) as watch:
        result = room.replay(request, watch)
    show(room.to_json(result), lambda screen: room.show(result, screen), as_json=as_json)
    _name_faults(result, quiet=as_json)
    if report is not None:
        for path in room.write_report(result, report):
            say(f"Wrote {path}")
    if result.alarm is not None:
        say(f"tael: alarm: {result.alarm}; look for a column that is known only later")
        raise typer.Exit(ExitCode.ALARM)


def _name_faults(result: ReplayResult, *, quiet: bool) -> None:
    """The first rows that were left out, for people; the report and ``--json`` have them all."""
    faults = () if quiet else result.book.faults
    for fault in faults[:_FAULTS_SHOWN]:
        say(f"Left out: row {fault.row}, {fault.field}: {fault.message} (rule: {fault.rule})")
    if len(faults) > _FAULTS_SHOWN:
        say(f"Left out: {len(faults) - _FAULTS_SHOWN:,} rows more; --report and --json name all")
