"""``tael policies``: versions from file to force and out of it, and decisions made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli import (
    policy_backtest,
    policy_diff,
    policy_history,
    policy_life,
    policy_recourse,
    policy_replay,
    policy_strategy,
    policy_traffic,
)
from tael.cli.exits import ExitCode
from tael.cli.installation import opened, person
from tael.cli.output import AsJson, put, say, show, table
from tael.cli.policy_acting import FromInput, Login, logins
from tael.cli.policy_files import TextFiles, read_bundle, save
from tael.kernel import DecisionId, NotFound, VersionId

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.policies.model import PolicyVersion

group = typer.Typer(
    help="Policy versions, with a maker and a checker, and the decision log.", no_args_is_help=True
)


@group.command("list")
def list_versions(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List every policy version, newest first.

    Example:

        tael policies list
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        versions = house.policies.versions(work)
        names = logins(house, work)
    columns = ("id", "name", "state", "drafted by", "drafted at", "approved by", "deployed at")
    rows = [
        (
            one.id,
            one.name,
            one.state,
            names.get(one.drafted_by, one.drafted_by),
            one.drafted_at,
            names.get(one.approved_by or "", one.approved_by),
            one.deployed_at,
        )
        for one in versions
    ]
    show(
        {"versions": versions},
        lambda screen: screen.print(table("Policy versions", columns, rows)),
        as_json=as_json,
    )


@group.command("show")
def show_version(
    ctx: typer.Context,
    version: Annotated[
        str | None, typer.Argument(help="Id of a policy version; else the one in force.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--save", help="Write its texts into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one policy version: who, when, and the hashes of its texts.

    With --save its texts become files: where the next draft begins.

    Examples:

        tael policies show
        tael policies show ver_01jd8c4q8kf3v7s2m5x9w0y1za --save policy --json
    """
    from tael.platform import SYSTEM

    wanted = None if version is None else VersionId.parse(version, field="version")
    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        policies = house.policies
        found = (
            policies.in_force(work) if wanted is None else _find(policies.versions(work), wanted)
        )
        bundle = policies.bundle(work, found.id)
        names = logins(house, work)
    files = [] if folder is None else save(bundle, folder)

    def draw(screen: Console) -> None:
        screen.print(table(f"Policy version {found.id}", ("what", "value"), _rows(found, names)))

    show({"version": found, "files": files}, draw, as_json=as_json)
    for path in files:
        say(f"Wrote {path}")


@group.command()
def draft(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called: say what it changes.")],
    login: Login,
    dmn: Annotated[Path | None, typer.Option("--dmn", help="Its rules: a DMN 1.5 file.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="Its model: a scorecard or rated model, as `tael.risk` writes it."
        ),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option("--prices", help="Its offers by tier: a JSON file.")
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option("--parameters", help="Its inputs and reasons: a JSON file.")
    ] = None,
    variables: Annotated[
        Path | None, typer.Option("--variables", help="Which variables it reads: a JSON file.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option("--cases", help="Its own tests: a JSON file.")
    ] = None,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Keep files as a new policy version, a draft.

    A text that is not given is that of the version in force; where none is, the shipped example's,
    and only the model must be yours. Nothing is decided by a draft: it is checked and back-tested,
    another person approves it, then it is deployed.

    Examples:

        tael policies draft "fewer knock-outs" --dmn policy.dmn --as lin
        tael policies draft first --dmn policy.dmn --model card.json --as lin --json
    """
    given = {"dmn": dmn, "model": model, "prices": prices, "parameters": parameters,
             "variables": variables, "cases": cases}  # fmt: skip
    files = TextFiles({name: path for name, path in given.items() if path is not None})
    texts = files.read()
    with opened(ctx) as house:
        actor = person(house, login, from_input=from_input)
        house.permissions.require(actor, "propose", "policy")
        with house.database.begin(actor) as work:
            bundle = read_bundle(texts, house.policies, work)
            with files.named():
                made = house.policies.draft(work, name, bundle)
    show(
        {"version": made},
        lambda _: put(f"{made.id}: draft; look it through: tael policies check"),
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


def _find(versions: Iterable[PolicyVersion], wanted: VersionId) -> PolicyVersion:
    for one in versions:
        if one.id == wanted:
            return one
    raise NotFound(
        f"there is no policy version {wanted}; see `tael policies list`", field="version"
    )


def _rows(version: PolicyVersion, names: Mapping[str, str]) -> list[tuple[str, object]]:
    return [
        ("name", version.name),
        ("state", version.state),
        ("drafted by", names.get(version.drafted_by, version.drafted_by)),
        ("drafted at", version.drafted_at),
        ("approved by", names.get(version.approved_by or "", version.approved_by)),
        ("approved at", version.approved_at),
        ("deployed at", version.deployed_at),
        ("retired at", version.retired_at),
        *((f"hash of {text}", digest) for text, digest in version.hashes.items()),
    ]


group.command()(policy_diff.diff)
group.command()(policy_replay.replay)
group.command()(policy_life.check)
group.command("accept-finding")(policy_life.accept_finding)
group.command()(policy_backtest.backtest)
group.command()(policy_history.history)
group.command("backtest-waive")(policy_life.backtest_waive)
group.command()(policy_life.approve)
group.command()(policy_life.reject)
group.command()(policy_traffic.deploy)
group.command()(policy_traffic.rollback)
group.command()(policy_traffic.retire)
group.command()(policy_traffic.deployments)
group.command()(policy_life.timeline)
group.command()(policy_life.verify)
group.command()(policy_life.key)
group.command()(policy_life.models)
group.command("approve-model")(policy_life.approve_model)
group.command("refuse-model")(policy_life.refuse_model)
group.command("retire-model")(policy_life.retire_model)
group.command()(policy_recourse.recourse)
group.command()(policy_strategy.strategy)
