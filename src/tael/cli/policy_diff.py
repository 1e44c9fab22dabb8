"""``tael policies diff``: what one version says otherwise than another, in words and in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, put, show, table
from tael.cli.policy_acting import looking
from tael.kernel import VersionId

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.policies.model import TableDifference, TableRow

_SIGNS = {"same": "", "changed": "~", "new": "+", "out": "-"}


def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(help="Id of the earlier version.")],
    after: Annotated[
        str | None, typer.Argument(help="Id of the later version; else the one in force.")
    ] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Show the tables too, changed rows marked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what one version says otherwise than another: rule by rule, figure by figure.

    Layout, ids and white space of a file are no differences; the order of rules is one. In a table
    ~ marks a changed row, + a new one, - one taken out.

    Examples:

        tael policies diff ver_01jd8c4q8kf3v7s2m5x9w0y1za --tables
        tael policies diff ver_01jd8c4q8kf3v7s2m5x9w0y1za ver_01jd9qpk1w9f8q4mz3x7v2t5ab --json
    """
    first = VersionId.parse(before, field="before")
    given = None if after is None else VersionId.parse(after, field="after")
    with looking(ctx) as (house, work):
        policies = house.policies
        second = policies.in_force(work).id if given is None else given
        found = policies.compare(work, first, second)
        sides = policies.compare_tables(work, first, second)
    rows = [(one.text, one.place.en, one.before, one.after) for one in found]
    told = [
        {"text": one.text, "place": one.place.en, "before": one.before, "after": one.after,
         "zh": one.zh, "en": one.en}
        for one in found
    ]  # fmt: skip

    def draw(screen: Console) -> None:
        if not found:
            put(f"{first} and {second} say the same")
            return
        columns = ("text", "place", "before", "after")
        screen.print(table(f"From {first} to {second}", columns, rows))
        for one in sides if tables else ():
            _draw(screen, one)

    data = {"before": first, "after": second, "differences": told, "tables": sides}
    show(data, draw, as_json=as_json)


def _draw(screen: Console, one: TableDifference) -> None:
    notes = max((len(row.cells) for row in one.rows), default=0) - len(one.columns)
    columns = ("", "rule", *one.columns, *[""] * notes)
    lines = [_line(row, len(columns)) for row in one.around()]
    screen.print(table(f"Table {one.name}", columns, lines))


def _line(row: TableRow, width: int) -> list[str]:
    number = row.before if row.after is None else row.after
    cells = [
        f"{cell.before or '(nothing)'} → {cell.after or '(nothing)'}"
        if row.mark.value == "changed" and cell.changed
        else cell.after or cell.before
        for cell in row.cells
    ]
    line = [_SIGNS[row.mark.value], str(number), *cells]
    return line + [""] * (width - len(line))
