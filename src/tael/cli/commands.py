"""The root command and its groups, in the order in which help shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tael.cli import (
    audit,
    database,
    decision_models,
    demo,
    economy,
    ledger,
    loans,
    parameters,
    policies,
    portfolio,
    replay,
    risk,
    sandbox,
    serve,
    settings,
    sources,
    users,
    variables,
)
from tael.cli.edge import Edge, Taught, end_on_termination
from tael.cli.installation import Globals
from tael.cli.output import put

_HELP = """Lend to small businesses: decide, price, fund under guarantee, serve, report.

Begin with an invented company and two years of its life:

    tael demo                     play it, then serve the console
    tael portfolio dashboard      its figures, tied to the journal
    tael loans list --overdue     who has not paid

An installation is a folder, .tael here unless TAEL_HOME or --home names another; `tael settings`
shows what applies. --json prints exactly one JSON object. Exit codes: 0 done, 1 failed, 2 usage,
3 bad input, 4 refused, 5 outside failure (try again), 6 alarm, 70 broken invariant."""

app = typer.Typer(
    name="tael",
    cls=Edge,
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - the framework hands it in
    if wanted:
        import tael

        put(f"tael {tael.__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the installation, before TAEL_HOME.")
    ] = None,
    debug: Annotated[  # noqa: ARG001 - the edge looks for it among the words
        bool, typer.Option("--debug", help="Show where an error comes from.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback has printed it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    ctx.obj = Globals(home)


for _command in (demo.demo, serve.serve, replay.replay, settings.settings):
    app.command(cls=Taught)(_command)
for _group, _name in (
    (loans.group, "loans"),
    (portfolio.group, "portfolio"),
    (ledger.group, "ledger"),
    (policies.group, "policies"),
    (decision_models.group, "dmn"),
    (variables.group, "variables"),
    (risk.group, "risk"),
    (economy.group, "economy"),
    (sources.group, "sources"),
    (sandbox.group, "sandbox"),
    (parameters.group, "params"),
    (users.group, "users"),
    (audit.group, "audit"),
    (database.group, "db"),
):
    for _registered in _group.registered_commands:
        _registered.cls = Taught
    app.add_typer(_group, name=_name)


def main() -> None:
    """Run the command line; the process ends with the exit code of the command."""
    end_on_termination()
    app(prog_name="tael")
