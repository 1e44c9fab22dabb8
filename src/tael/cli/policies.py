"""``tael policies``: versions, and decisions made again."""

from __future__ import annotations

from typing import Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.installation import opened
from tael.cli.output import AsJson, put, say, show, table
from tael.kernel import DecisionId

group = typer.Typer(help="Policy versions and the decision log.", no_args_is_help=True)


@group.command("list")
def list_versions(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List every policy version, newest first.

    Example:

        tael policies list
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        versions = house.policies.versions(work)
    columns = ("id", "name", "state", "drafted by", "drafted at", "approved by", "deployed at")
    rows = [
        (
            one.id,
            one.name,
            one.state,
            one.drafted_by,
            one.drafted_at,
            one.approved_by,
            one.deployed_at,
        )
        for one in versions
    ]
    show(
        {"versions": versions},
        lambda screen: screen.print(table("Policy versions", columns, rows)),
        as_json=as_json,
    )


@group.command()
def reproduce(
    ctx: typer.Context,
    decision: Annotated[str, typer.Argument(help="Id of a decision: dec_...")],
    as_json: AsJson = False,
) -> None:
    """Make a logged decision again, bit for bit.

    It is made from its log row, under the texts of then; 6 when a bit differs.

    Example:

        tael policies reproduce dec_01jd8c4q8kf3v7s2m5x9w0y1za
    """
    from tael.platform import SYSTEM

    decision_id = DecisionId.parse(decision, field="decision")
    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        logged = house.policies.decision(work, decision_id)
        again = house.policies.reproduce(work, decision_id)
    data = {
        "decision": decision_id,
        "as_of": logged.as_of,
        "policy": logged.policy_id,
        "outcome": logged.outcome,
        "tier": logged.tier,
        "reasons": logged.reason_codes,
        "same": again.same,
        "recorded": again.recorded,
        "recomputed": again.recomputed,
    }

    def draw(_screen: object) -> None:
        put(f"{decision_id}: {logged.outcome}, tier R{logged.tier}, policy {logged.policy_id}")
        put(f"recorded   {again.recorded}\nrecomputed {again.recomputed}")
        put("the same, bit for bit" if again.same else "NOT the same")

    show(data, draw, as_json=as_json)
    if not again.same:
        say("tael: the decision does not come out again: its log row or the engine has changed")
        raise typer.Exit(ExitCode.ALARM)
