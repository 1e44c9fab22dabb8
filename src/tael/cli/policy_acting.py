"""Who acts on policies: what the commands of the group share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.installation import opened, person
from tael.kernel import VersionId

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from tael.app.installation import Installation
    from tael.platform import Work

Login = Annotated[str, typer.Option("--as", help="Your login; the password is asked for.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
Version = Annotated[str, typer.Argument(help="Id of a policy version: ver_...")]
Why = Annotated[str, typer.Option("--why", help="Why, in a sentence; it is kept.")]


@contextmanager
def acting(
    ctx: typer.Context, login: str, *, from_input: bool, may: str = "approve"
) -> Iterator[tuple[Installation, Work]]:
    """A unit of work of the person of ``login``, who may do that with policies."""
    with opened(ctx) as house:
        actor = person(house, login, from_input=from_input)
        house.permissions.require(actor, may, "policy")
        with house.database.begin(actor) as work:
            yield house, work


@contextmanager
def looking(ctx: typer.Context) -> Iterator[tuple[Installation, Work]]:
    """A unit of work that changes nothing."""
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        yield house, work


def version_id(text: str) -> VersionId:
    """The id that an argument names."""
    return VersionId.parse(text, field="version")


def logins(house: Installation, work: Work) -> Mapping[str, str]:
    """Users by id: who did what, in words."""
    return {user.id: user.login for user in house.identity.users.all(work)}
