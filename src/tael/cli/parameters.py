"""``tael params``: dated figures, changed by two people."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any

import typer

from tael.cli.installation import day_or_today, opened, person
from tael.cli.output import AsJson, put, show, table
from tael.kernel import Day, VersionId

group = typer.Typer(
    help="Dated business parameters, with a maker and a checker.", no_args_is_help=True
)

_WIDEST = 60
_As = Annotated[str, typer.Option("--as", help="Your login; the password is asked for.")]
_FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@group.command("list")
def list_parameters(
    ctx: typer.Context,
    on: Annotated[
        str | None, typer.Option("--on", help="In force on this day; else today.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Every version of this one, decided or not.")
    ] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="What waits for a second person.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List values in force, a history, or what waits.

    Examples:

        tael params list
        tael params list --on 2025-10-01 --json
        tael params list --name cap.all_in
        tael params list --pending
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        parameters = house.parameters
        day = day_or_today(on, house, field="on")
        if pending:
            found = parameters.pending(work)
        elif name is not None:
            found = parameters.history(work, name)
        else:
            found = sorted(parameters.in_force(work, day).values(), key=lambda one: one.name)
    rows = [
        (one.name, _short(one.value), one.effective, one.state, one.proposed_by, one.id)
        for one in found
    ]
    columns = ("name", "value", "effective", "state", "proposed by", "version")
    show(
        {"on": day, "parameters": found},
        lambda screen: screen.print(table(f"Parameters on {day}", columns, rows)),
        as_json=as_json,
    )


@group.command()
def propose(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Which one: see `tael params list`.")],
    value: Annotated[str, typer.Argument(help="The value as JSON, or plain text.")],
    effective: Annotated[str, typer.Option("--from", help="First day on which it applies.")],
    login: _As,
    source: Annotated[str, typer.Option("--source", help="Why: the notice or resolution.")] = "",
    from_input: _FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Propose a value from a day on.

    It applies once another person has approved it.

    Example:

        tael params propose cap.all_in '"0.22"' --from 2026-12-01 --as lin --source "board, 11-20"
    """
    day = Day.parse(effective, field="from")
    with opened(ctx) as house:
        actor = person(house, login, from_input=from_input)
        house.permissions.require(actor, "propose", "parameter")
        with house.database.begin(actor) as work:
            version = house.parameters.propose(work, name, _value(value), day, source=source)
    show(
        {"version": version, "name": name, "effective": day, "state": "proposed"},
        lambda _: put(f"{version}: proposed; another person approves it: tael params approve"),
        as_json=as_json,
    )


@group.command()
def approve(
    ctx: typer.Context,
    version: Annotated[str, typer.Argument(help="Id of a proposed version: ver_...")],
    login: _As,
    from_input: _FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Put in force what another person proposed.

    Example:

        tael params approve ver_01jd8c4q8kf3v7s2m5x9w0y1za --as wang
    """
    version_id = VersionId.parse(version, field="version")
    with opened(ctx) as house:
        actor = person(house, login, from_input=from_input)
        house.permissions.require(actor, "approve", "parameter")
        with house.database.begin(actor) as work:
            house.parameters.approve(work, version_id)
    show(
        {"version": version_id, "state": "approved"},
        lambda _: put(f"{version_id}: approved"),
        as_json=as_json,
    )


def _value(text: str) -> Any:
    """JSON when it is JSON; a number stays exact text, as parameters are kept."""
    try:
        return json.loads(text, parse_float=str)
    except ValueError:
        return text


def _short(value: object) -> str:
    if isinstance(value, str | int | Decimal):
        return str(value)
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _WIDEST else f"{written[:_WIDEST]}…"
