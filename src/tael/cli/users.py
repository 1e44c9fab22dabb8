"""``tael users``: who may sign in."""

from __future__ import annotations

from typing import Annotated

import typer

from tael.cli.installation import ask_password, opened
from tael.cli.output import AsJson, put, show, table

group = typer.Typer(help="People who may sign in.", no_args_is_help=True)


@group.command()
def add(
    ctx: typer.Context,
    login: Annotated[str, typer.Argument(help="Small letters, digits and . _ @ + -")],
    roles: Annotated[
        list[str], typer.Option("--role", help="admin, risk_manager, operations, finance, ...")
    ],
    name: Annotated[str, typer.Option("--name", help="How to address the person.")] = "",
    from_input: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a user.

    The password is asked for, or read from standard input: it is never an argument.

    Examples:

        tael users add lin --role risk_manager --role finance
        pass show tael/lin | tael users add lin --role admin --password-stdin
    """
    from tael.platform import SYSTEM

    password = ask_password("Password", from_input=from_input, confirm=True)
    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        user = house.identity.users.add(
            work, login=login, password=password, roles=roles, display_name=name
        )
    show(user, lambda _: put(f"{user.id}: {user.login} added"), as_json=as_json)


@group.command("list")
def list_users(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List every user, with roles.

    Example:

        tael users list
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        found = house.identity.users.all(work)
    rows = [
        (one.login, one.display_name, " ".join(sorted(one.roles)), one.active, one.id)
        for one in found
    ]
    columns = ("login", "name", "roles", "active", "id")
    show(
        {"users": found},
        lambda screen: screen.print(table("Users", columns, rows)),
        as_json=as_json,
    )
