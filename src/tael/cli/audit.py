"""``tael audit``: the chain of audit rows."""

from __future__ import annotations

from typing import Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.installation import opened
from tael.cli.output import AsJson, put, say, show

group = typer.Typer(help="The audit trail.", no_args_is_help=True)


@group.command()
def verify(
    ctx: typer.Context,
    seal: Annotated[
        bool, typer.Option("--seal", help="Chain the rows that are not chained yet, first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find audit rows changed or deleted since sealed.

    Ends with 6 when there are any.

    Keep the head that it prints elsewhere: a chain that no longer holds it was written anew.

    Example:

        tael audit verify --seal
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        sealed = house.audit.seal(work) if seal else 0
        proof = house.audit.verify(work)

    def draw(_screen: object) -> None:
        put(f"{proof.sealed} rows chained ({sealed} now), {proof.unsealed} not yet")
        put(f"head {proof.head.number} {proof.head.seal}")
        for one in proof.problems:
            put(f"{one.kind}: row {one.number} {one.audit_id}")
        if proof.holds:
            put("The chain holds.")

    show(
        {
            "holds": proof.holds,
            "sealed": proof.sealed,
            "sealed_now": sealed,
            "unsealed": proof.unsealed,
            "problems": proof.problems,
            "head": proof.head,
        },
        draw,
        as_json=as_json,
    )
    if not proof.holds:
        say(f"tael: {len(proof.problems)} audit rows do not fit their seals")
        raise typer.Exit(ExitCode.ALARM)
