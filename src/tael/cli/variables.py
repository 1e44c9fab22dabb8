"""``tael variables``: what is computed of person and enterprise, without a database."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli import (
    variables_backfill,
    variables_examples,
    variables_measure,
    variables_quality,
)
from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, say, show, table
from tael.cli.variables_inputs import Match
from tael.cli.variables_run import batch, compute, oracle, peers

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from collections.abc import Sequence

    from rich.console import Console

    from tael.variables import Variable

group = typer.Typer(help="Variables of person and enterprise.", no_args_is_help=True)
group.command()(compute)
group.command()(batch)
group.command()(variables_backfill.backfill)
group.command()(oracle)
group.command()(peers)
group.command()(variables_measure.measure)
group.command()(variables_quality.quality)
group.command()(variables_examples.example)

Folder = Annotated[
    Path | None, typer.Argument(help="A folder of definitions; the shipped ones when not given.")
]


@group.command()
def expand(
    folder: Folder = None,
    match: Match = "",
    assign: Annotated[
        bool, typer.Option("--assign", help="Add new names and versions to the folder's ids.csv.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Expand definitions into named variables.

    Lists id, name, version and text of each. An id belongs to its name for ever; --assign writes
    the new ones below those that the folder's ids.csv holds and never changes a row.

    Examples:

        tael variables expand --match rent.out.180d
        tael variables expand definitions --assign
        tael variables expand --json
    """
    from tael.variables import expand as make
    from tael.variables import load_definitions
    from tael.variables.definitions import new_ids, write_ids

    definitions = load_definitions(folder)
    variables = make(definitions)
    fresh = new_ids(variables, definitions.numbered)
    if assign and folder is None:
        raise typer.BadParameter("--assign needs the folder whose ids it writes")
    if assign and folder is not None:
        text = write_ids([*definitions.numbered, *fresh])
        (folder / "ids.csv").write_text(text, "utf-8")
        say(f"added {len(fresh)} rows to {folder / 'ids.csv'}")
    shown = [each for each in variables if match in each.name]
    data = {
        "variables": [
            {"id": v.id, "name": v.name, "version": v.version, "zh": v.text.zh, "en": v.text.en}
            for v in shown
        ],
        "made": len(variables),
        "new": len(fresh),
    }
    show(data, lambda screen: _names(screen, shown, len(variables)), as_json=as_json)


@group.command()
def check(folder: Folder = None, as_json: AsJson = False) -> None:
    """Check definitions before anything is computed.

    Tells everything that is wrong at once, by file and line: unknown columns, codes and fields,
    wrong units, windows of zero, filters that match nothing, names made twice, too many leaves, a
    changed meaning without a new version. Ends with 6 when there is a finding.

    Examples:

        tael variables check
        tael variables check definitions --json
    """
    from tael.variables.definitions import new_ids, read_definitions

    definitions, variables, findings = read_definitions(folder)
    counts = Counter(each.source for each in variables)
    data = {
        "findings": [each.to_json() for each in findings],
        "sources": {source.name: counts[source.name] for source in definitions.sources},
        "variables": len(variables),
        "new": len(new_ids(variables, definitions.numbered)),
        "sound": not findings,
    }

    def draw(screen: Console) -> None:
        rows = [(str(each.file), each.line, each.field, each.text()) for each in findings]
        if rows:
            screen.print(table("Findings", ("file", "line", "field", "finding"), rows))
        else:
            screen.print(f"No findings: {len(variables)} variables of {len(counts)} sources.")

    show(data, draw, as_json=as_json)
    if findings:
        say(f"tael: {len(findings)} findings")
        raise typer.Exit(ExitCode.ALARM)


@group.command()
def catalogue(folder: Folder = None, match: Match = "", as_json: AsJson = False) -> None:
    """Show the catalogue of variables.

    With --json a row for each: unit, type, missing codes, expected sign, lineage, legal basis,
    freshness, and coverage, range and whether it is published, as `tael variables measure` found
    them. IV and PSI are null until a risk model fills them in. Without --json how many variables
    each source has, by subject and kind, and how many of them are published.

    Examples:

        tael variables catalogue
        tael variables catalogue --match vat_invoice --json
    """
    from tael.variables import expand as make
    from tael.variables import load_definitions, make_catalogue
    from tael.variables.coverage import load_measured

    definitions = load_definitions(folder)
    variables = [each for each in make(definitions) if match in each.name]
    made = make_catalogue(definitions, variables, load_measured(folder))
    published = made.counts(published=True)
    rows = [(*key, count, published.get(key, 0)) for key, count in made.counts().items()]

    def draw(screen: Console) -> None:
        columns = ("source", "subject", "kind", "variables", "published")
        told = f"{len(variables)} in all, {sum(published.values())} published"
        screen.print(table("Variables", columns, rows, told))

    show(made.to_json() if as_json else None, draw, as_json=as_json)


def _names(screen: Console, shown: Sequence[Variable], made: int) -> None:
    rows = [(each.id, each.name, each.version, each.text.en, each.text.zh) for each in shown]
    columns = ("id", "name", "version", "en", "zh")
    screen.print(table("Variables", columns, rows, f"{len(shown)} of {made}"))
