"""``tael settings``: what applies here, and where it comes from."""

from __future__ import annotations

import os

import typer

from tael.cli.installation import settings_of, without_password
from tael.cli.output import AsJson, plain, show, table


def settings(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the settings that apply here.

    Examples:

        tael settings
        TAEL_HTTP_PORT=9000 tael settings --json
    """
    found = settings_of(ctx)
    values = {
        variable: plain(_shown(name, getattr(found, name)))
        for variable, name in type(found).variables().items()
    }
    rows = [
        (variable, value, "environment" if os.environ.get(variable, "").strip() else "default")
        for variable, value in values.items()
    ]
    title = "Settings (docs/reference/settings.md says what each means)"
    show(
        {"settings": values},
        lambda screen: screen.print(table(title, ("variable", "value", "from"), rows)),
        as_json=as_json,
    )


def _shown(name: str, value: object) -> object:
    return without_password(str(value)) if name == "database_url" and value else value
