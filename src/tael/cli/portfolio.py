"""``tael portfolio``: the figures of the first page, tied to the journal."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.installation import day_or_today, opened
from tael.cli.output import AsJson, say, show, table, text

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.portfolio import Dashboard, Figure

group = typer.Typer(help="Portfolio figures.", no_args_is_help=True)
_LATEST_MONTHS = 12


@group.command()
def dashboard(
    ctx: typer.Context,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The last month end up to this day; else today.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the figures of the book, month by month.

    Each figure that the journal holds too stands beside it; 6 when one does not tie.

    Examples:

        tael portfolio dashboard
        tael portfolio dashboard --as-of 2025-12-31 --json
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        day = day_or_today(as_of, house, field="as-of")
        found = house.rooms(work).portfolio.dashboard(day)
    show(_data(found), lambda screen: _draw(screen, found), as_json=as_json)
    if not all(one.ties for one in found.tie_outs):
        say("tael: a figure does not tie to the journal; run `tael ledger verify`")
        raise typer.Exit(ExitCode.ALARM)


def _data(found: Dashboard) -> dict[str, object]:
    return {
        "as_of": found.as_of,
        "figures": {one.definition.id: one.value for one in found.figures},
        "definitions": {one.definition.id: one.definition for one in found.figures},
        "months": found.months,
        "vintages": found.vintages,
        "tie_outs": [
            {
                "name": one.name,
                "from_rows": one.from_rows,
                "from_journal": one.from_journal,
                "ties": one.ties,
            }
            for one in found.tie_outs
        ],
    }


def _draw(screen: Console, found: Dashboard) -> None:
    figures = [(one.definition.en, _value(one), one.definition.formula) for one in found.figures]
    screen.print(table(f"As of {found.as_of}", ("figure", "value", "formula"), figures))
    months = [
        (
            one.month_end,
            one.new_loans,
            one.balance,
            _percent(one.prime_share),
            _percent(one.dpd30),
            _percent(one.dpd90),
        )
        for one in found.months[-_LATEST_MONTHS:]
    ]
    heads = ("month end", "new loans", "balance", "R1-R3", "30+", "90+")
    screen.print(table("Months", heads, months))
    ties = [
        (one.name, one.from_rows, one.from_journal, "ties" if one.ties else "DIFFERS")
        for one in found.tie_outs
    ]
    columns = ("figure", "from loan rows", "from the journal", "")
    screen.print(table("Tie-out to the journal", columns, ties))


def _value(figure: Figure) -> str:
    from tael.portfolio import Unit

    value = figure.value
    if not isinstance(value, Decimal):
        return text(value)
    if figure.definition.unit is Unit.SHARE:
        return _percent(value)
    return f"{value:.2f}x" if figure.definition.unit is Unit.MULTIPLE else f"{value:,f}"


def _percent(share: Decimal | None) -> str:
    return "-" if share is None else f"{share * 100:.2f}%"
