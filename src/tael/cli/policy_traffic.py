"""``tael policies deploy|rollback|retire|deployments``: which versions decide, each its share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, put, show, table
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
from tael.kernel import BadInput, VersionId

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from tael.policies.model import Deployment, StoppingRule

_POINTS = 100


def deploy(
    ctx: typer.Context,
    version: Version,
    login: Login,
    share: Annotated[
        str | None,
        typer.Option("--share", help="Its share in percent; else what challengers leave."),
    ] = None,
    challenger: Annotated[
        list[str] | None,
        typer.Option("--challenger", help="VERSION=PERCENT: another that decides its share."),
    ] = None,
    shadow: Annotated[
        list[str] | None, typer.Option("--shadow", help="VERSION that runs beside, for show.")
    ] = None,
    random_accept: Annotated[
        str, typer.Option("--random-accept", help="Percent accepted at random, to learn.")
    ] = "0",
    salt: Annotated[
        str, typer.Option("--salt", help="Of the assignment; else that in force stays.")
    ] = "",
    stopping: Annotated[
        list[str] | None,
        typer.Option("--stopping", help="FIELD=VALUE of the stopping rule, declared beforehand."),
    ] = None,
    why: Annotated[str, typer.Option("--why", help="Why, in a sentence; it is kept.")] = "",
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Put an approved version in force, alone or by share of the applications.

    Champion and challengers share 100 %. Who is decided by which follows from the application's id
    and the salt, and is logged. A version that has no arm any more is retired.

    --stopping declares when the experiment may end: measure (default, approval or loss), margin
    (points, or money), months, confidence (percent), planned (applications at which one gives up).

    Examples:

        tael policies deploy ver_01jd8c4q8kf3v7s2m5x9w0y1za --as wang
        tael policies deploy ver_01jd8c4q8k... --challenger ver_01jd9qpk1w...=10 --as wang
        tael policies deploy ver_01... --challenger ver_02...=10 --stopping margin=1.5 --as wang
        tael policies deploy ver_01jd8c4q8k... --shadow ver_01jd9qpk1w... --as wang
    """
    from tael.policies.model import Traffic, basis_points

    shadows = tuple(VersionId.parse(one, field="shadow") for one in shadow or [])
    traffic = Traffic(
        _challengers(challenger or []),
        shadows,
        random_accept=basis_points(random_accept, "random_accept"),
        share=None if share is None else basis_points(share, "share"),
        salt=salt,
        stopping=_stopping(stopping or []),
    )
    with acting(ctx, login, from_input=from_input, may="deploy") as (house, work):
        made = house.policies.deploy(work, version_id(version), traffic, why=why)
        found = house.policies.version(work, made.champion)
    told = f"{version}: in force; deployment {made.number}: {_told(made)}"
    show({"version": found, "deployment": made}, lambda _: put(told), as_json=as_json)


def rollback(
    ctx: typer.Context,
    why: Why,
    login: Login,
    to: Annotated[
        int | None, typer.Option("--to", help="Number of a deployment; else the one before.")
    ] = None,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Bring back, in one act, what was in force before.

    Example:

        tael policies rollback --why "approvals of the new version doubled overnight" --as wang
    """
    with acting(ctx, login, from_input=from_input, may="rollback") as (house, work):
        made = house.policies.rollback(work, why, to=to)
    show(
        {"deployment": made},
        lambda _: put(
            f"deployment {made.number} brings back deployment {made.restores}: {_told(made)}"
        ),
        as_json=as_json,
    )


def retire(
    ctx: typer.Context,
    version: Version,
    login: Login,
    why: Annotated[str, typer.Option("--why", help="Why, in a sentence; it is kept.")] = "",
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Take the champion in force out of it, or withdraw an approved version.

    Nothing is decided then until another one is deployed; to change the policy, deploy the next.

    Example:

        tael policies retire ver_01jd8c4q8kf3v7s2m5x9w0y1za --as wang
    """
    with acting(ctx, login, from_input=from_input, may="retire") as (house, work):
        moved = house.policies.retire(work, version_id(version), why=why)
        force = [one for one in house.policies.deployments(work) if one.ended_at is None]
    rest = "" if force else "; no policy is in force, nothing is decided"
    show({"version": moved}, lambda _: put(f"{moved.id}: retired{rest}"), as_json=as_json)


def deployments(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List every deployment, newest first: which versions decided, each its share.

    Example:

        tael policies deployments
    """
    with looking(ctx) as (house, work):
        found = house.policies.deployments(work)
        names = logins(house, work)
    columns = ("number", "arms", "since", "until", "by", "why")
    rows = [
        (one.number, _told(one), one.at, one.ended_at or "in force", names.get(one.by, one.by),
         one.why or (f"rollback to {one.restores}" if one.restores else ""))
        for one in found
    ]  # fmt: skip
    show(
        {"deployments": found},
        lambda screen: screen.print(table("Deployments", columns, rows)),
        as_json=as_json,
    )


def _told(made: Deployment) -> str:
    arms = ", ".join(
        f"{arm.role.value.replace('_', ' ')} {arm.version} {Decimal(arm.share) / _POINTS:f} %"
        for arm in made.arms
    )
    return arms if made.stopping is None else f"{arms}; {made.stopping.words.en}"


def _stopping(given: Sequence[str]) -> StoppingRule | None:
    from tael.policies.model import stopping_rule_typed

    fields = ("measure", "margin", "months", "confidence", "planned")
    typed: dict[str, str] = {}
    for one in given:
        name, equals, text = (part.strip() for part in one.partition("="))
        if name not in fields or not equals or not text or name in typed:
            raise BadInput(
                f"{one!r} declares nothing",
                field="stopping",
                rule=f"FIELD=VALUE, each of {', '.join(fields)} once at most",
            )
        typed[name] = text
    return stopping_rule_typed(typed) if typed else None


def _challengers(given: Sequence[str]) -> dict[VersionId, int]:
    from tael.policies.model import basis_points

    found: dict[VersionId, int] = {}
    for one in given:
        name, _, share = one.partition("=")
        version = VersionId.parse(name, field="challenger")
        if version in found:
            raise BadInput(f"{version} is given twice", field="challenger", rule="one arm each")
        found[version] = basis_points(share, "challenger")
    return found
