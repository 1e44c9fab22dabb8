"""``tael policies check|accept-finding|backtest-waive|approve|reject|...``: until it may decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, put, say, show, table
from tael.cli.policy_acting import (
    FromInput,
    Login,
    Version,
    Why,
    acting,
    logins,
    looking,
    version_id,
)

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.policies.model import CheckRecord

_Model = Annotated[str, typer.Argument(help="Hash of a model: see `tael policies models`.")]


def check(
    ctx: typer.Context,
    version: Version,
    login: Login,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Look a draft through and run its own cases.

    Faults are resolved in a new draft; doubts, such as a gap of a table, are resolved or accepted
    in writing; a case that comes out otherwise blocks. Ends with 4 while anything is in the way.

    Example:

        tael policies check ver_01jd8c4q8kf3v7s2m5x9w0y1za --as lin
    """
    wanted = version_id(version)
    with acting(ctx, login, from_input=from_input, may="check") as (house, work):
        record = house.policies.check(work, wanted)
        found = house.policies.version(work, wanted)
    show(
        {"version": found, "check": record.as_json()},
        lambda screen: _draw(screen, version, record),
        as_json=as_json,
    )
    if not record.passed:
        for one in record.open:
            say(f"tael: {one.text}, {one.node}: {one.words.en} (finding {one.id})")
        for failure in record.failures:
            say(f"tael: {failure}")
        raise typer.Exit(ExitCode.REFUSED)


def _draw(screen: Console, version: str, record: CheckRecord) -> None:
    rows = [
        (one.id, one.weight, one.text, one.node, ", ".join(map(str, one.rules)),
         "accepted" if one.id in record.accepted else "", one.words.en)
        for one in record.findings
    ]  # fmt: skip
    columns = ("finding", "weight", "text", "node", "rules", "", "what")
    screen.print(table(f"Check of {version}", columns, rows))
    good = record.cases - len(record.failures)
    put(f"{good} of {record.cases} cases come out as they should")
    put("checked: it may be back-tested" if record.passed else "NOT checked")


def accept_finding(
    ctx: typer.Context,
    version: Version,
    finding: Annotated[str, typer.Argument(help="Id of a finding of the last check.")],
    why: Why,
    login: Login,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Accept a doubt of the last check in writing; then check again.

    Example:

        tael policies accept-finding ver_01jd8c4q8kf3v7s2m5x9w0y1za 4f0c2a91de --as lin --why "..."
    """
    with acting(ctx, login, from_input=from_input, may="accept_finding") as (house, work):
        event = house.policies.accept_finding(work, version_id(version), finding, why)
    show(
        {"event": event},
        lambda _: put(f"{version}: finding {finding} accepted; check again: tael policies check"),
        as_json=as_json,
    )


def backtest_waive(
    ctx: typer.Context,
    version: Version,
    why: Why,
    login: Login,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Go on without a back-test, in writing.

    Example:

        tael policies backtest-waive ver_01jd8c4q8kf3v7s2m5x9w0y1za --as lin --why "no history yet"
    """
    wanted = version_id(version)
    with acting(ctx, login, from_input=from_input, may="waive") as (house, work):
        house.policies.waive_backtest(work, wanted, why)
        found = house.policies.version(work, wanted)
    show(
        {"version": found},
        lambda _: put(f"{version}: another person approves it: tael policies approve"),
        as_json=as_json,
    )


def approve(
    ctx: typer.Context,
    version: Version,
    login: Login,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Approve what another person drafted, and its model with it; the approval is signed.

    Example:

        tael policies approve ver_01jd8c4q8kf3v7s2m5x9w0y1za --as wang
    """
    with acting(ctx, login, from_input=from_input) as (house, work):
        moved = house.policies.approve(work, version_id(version))
    show(
        {"version": moved},
        lambda _: put(f"{moved.id}: approved; put it in force: tael policies deploy"),
        as_json=as_json,
    )


def reject(
    ctx: typer.Context,
    version: Version,
    why: Why,
    login: Login,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Say no, in writing, to a version that waits for a second person: it is a draft again.

    Example:

        tael policies reject ver_01jd8c4q8kf3v7s2m5x9w0y1za --as wang --why "the gap at 66 is real"
    """
    with acting(ctx, login, from_input=from_input) as (house, work):
        moved = house.policies.reject(work, version_id(version), why)
    show(
        {"version": moved},
        lambda _: put(f"{moved.id}: a draft again; check it, or draft another"),
        as_json=as_json,
    )


def verify(
    ctx: typer.Context,
    version: Annotated[
        str | None, typer.Argument(help="Id of a policy version; else the one in force.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove that a version is what was approved: texts, records and signature; 6 when it is not.

    Examples:

        tael policies verify
        tael policies verify ver_01jd8c4q8kf3v7s2m5x9w0y1za --json
    """
    with looking(ctx) as (house, work):
        wanted = house.policies.in_force(work).id if version is None else version_id(version)
        proof = house.policies.verify(work, wanted)
        names = logins(house, work)
    by = names.get(proof.signed_by, proof.signed_by)

    def draw(_screen: Console) -> None:
        put(f"{proof.version}: {'as it was approved' if proof.sound else 'NOT as it was approved'}")
        put(f"signed by {by or 'nobody'}, key {proof.key}")

    show({"proof": proof, "sound": proof.sound}, draw, as_json=as_json)
    if not proof.sound:
        for text, wrong in proof.faults:
            say(f"tael: {text}: {wrong}")
        raise typer.Exit(ExitCode.ALARM)


def key(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Print the public key of this installation's approvals, in PEM.

    Whoever has it can verify what was approved here, and sign nothing.

    Example:

        tael policies key > approvals.pem
    """
    with looking(ctx) as (house, _):
        pem = house.policies.public_key
    show({"public_key": pem}, lambda _: put(pem.strip()), as_json=as_json)


def timeline(
    ctx: typer.Context,
    version: Annotated[
        str | None, typer.Argument(help="Id of a policy version; else all of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what happened to a version, or to all: when, who, what and why.

    Examples:

        tael policies timeline
        tael policies timeline ver_01jd8c4q8kf3v7s2m5x9w0y1za --json
    """
    with looking(ctx) as (house, work):
        wanted = None if version is None else version_id(version)
        events = house.policies.timeline(work, wanted)
        names = logins(house, work)
    rows = [(one.at, one.version, one.kind, names.get(one.by, one.by), one.why) for one in events]
    told = [
        {"at": one.at, "version": one.version, "number": one.number, "kind": one.kind,
         "by": one.by, "login": names.get(one.by), "why": one.why, "hash": one.hash,
         "record": json.loads(one.record), "signature": one.signature}
        for one in events
    ]  # fmt: skip
    columns = ("when", "version", "what", "who", "why")
    show(
        {"events": told},
        lambda screen: screen.print(table("Timeline", columns, rows)),
        as_json=as_json,
    )


def models(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List every model that a version was drafted with, newest first.

    Example:

        tael policies models
    """
    with looking(ctx) as (house, work):
        found = house.policies.models(work)
        names = logins(house, work)
    columns = ("hash", "name", "state", "drafted by", "drafted at", "approved by", "ended by",
               "why", "trained on")  # fmt: skip
    rows = [
        (one.hash, one.name, one.state, names.get(one.drafted_by, one.drafted_by), one.drafted_at,
         names.get(one.approved_by or "", one.approved_by),
         names.get(one.ended_by or "", one.ended_by), one.why, one.trained_on[:12])
        for one in found
    ]  # fmt: skip
    show(
        {"models": found},
        lambda screen: screen.print(table("Models", columns, rows)),
        as_json=as_json,
    )


def approve_model(
    ctx: typer.Context,
    model: _Model,
    login: Login,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Approve a model that another person drafted, by itself.

    Approving a version approves its model too, unless the approver drafted that.

    Example:

        tael policies approve-model 8f0e6c...  --as chen
    """
    with acting(ctx, login, from_input=from_input) as (house, work):
        moved = house.policies.approve_model(work, model)
    show({"model": moved}, lambda _: put(f"{moved.name}: approved"), as_json=as_json)


def refuse_model(
    ctx: typer.Context,
    model: _Model,
    login: Login,
    why: Why,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Say no to a model that waits for a second person, in writing and for good.

    Example:

        tael policies refuse-model 8f0e6c...  --as chen --why "trained on too few defaults"
    """
    with acting(ctx, login, from_input=from_input, may="refuse_model") as (house, work):
        moved = house.policies.refuse_model(work, model, why)
    show({"model": moved}, lambda _: put(f"{moved.name}: refused"), as_json=as_json)


def retire_model(
    ctx: typer.Context,
    model: _Model,
    login: Login,
    why: Why,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Take a model out of use: no version with it is drafted, approved or deployed any more.

    Example:

        tael policies retire-model 8f0e6c...  --as wang --why "replaced by the autumn model"
    """
    with acting(ctx, login, from_input=from_input, may="retire_model") as (house, work):
        moved = house.policies.retire_model(work, model, why)
    show({"model": moved}, lambda _: put(f"{moved.name}: retired"), as_json=as_json)
