"""The installation a command works on, and on whose behalf."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tael.kernel import BadInput, Day, NotFound, Unauthenticated, day_of

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from tael.app.installation import Installation
    from tael.kernel import Clock
    from tael.platform import Actor, Settings


@dataclass(frozen=True)
class Globals:
    """The options before the command."""

    home: Path | None = None


def settings_of(ctx: typer.Context) -> Settings:
    """The settings of the environment; ``--home`` goes before ``TAEL_HOME``."""
    from tael.platform import Settings

    environ = dict(os.environ)
    chosen = ctx.find_object(Globals)
    if chosen is not None and chosen.home is not None:
        environ["TAEL_HOME"] = str(chosen.home)
    return Settings.from_env(environ)


@contextmanager
def opened(
    ctx: typer.Context, clock: Clock | None = None, *, create: bool = False
) -> Iterator[Installation]:
    """The installation, running; one that is not there is made only when ``create`` says so.

    Raises:
        NotFound: there is none in the folder.
    """
    from tael.app.installation import open_installation

    found = made(ctx) if create else existing(ctx)
    set_up_logs(found)
    with open_installation(found, clock) as house:
        yield house


def existing(ctx: typer.Context) -> Settings:
    """The settings; a database is never made in a folder that was named by mistake.

    Raises:
        NotFound: the folder holds no installation.
    """
    settings = settings_of(ctx)
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        raise _no_folder(settings.data_dir)
    if settings.database_url is None and not (settings.data_dir / "postgres").is_dir():
        raise NotFound(
            f"there is no installation in {settings.data_dir}; run `tael demo`, make an empty one "
            "with `tael db upgrade`, or name another folder with --home",
            code="no_installation",
            field="TAEL_HOME",
        )
    return settings


def made(ctx: typer.Context) -> Settings:
    """The settings, their folder made when it is not there.

    Raises:
        BadInput: no folder can be made there.
    """
    settings = settings_of(ctx)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _no_folder(settings.data_dir) from None
    except OSError as error:
        raise BadInput(
            f"no folder can be made at {settings.data_dir}: {error.strerror}; name another with "
            "--home",
            field="TAEL_HOME",
            rule="a folder that this user may write",
        ) from None
    return settings


def _no_folder(path: Path) -> BadInput:
    return BadInput(
        f"{path} is a file, or lies in one; name a folder with --home",
        field="TAEL_HOME",
        rule="a folder",
    )


def without_password(url: str) -> str:
    """The address of a database as it may be shown."""
    from urllib.parse import urlsplit

    password = urlsplit(url).password
    return url if password is None else url.replace(f":{password}@", ":***@")


def set_up_logs(settings: Settings) -> None:
    """Logs go to standard error: standard output belongs to results."""
    from tael.kernel import SystemClock
    from tael.platform import set_up_logs as set_up

    set_up(
        level=settings.log_level, form=settings.log_format, clock=SystemClock(), stream=sys.stderr
    )


def day_or_today(text: str | None, house: Installation, *, field: str) -> Day:
    """The day that was given, or today in the installation's zone."""
    if text is not None:
        return Day.parse(text, field=field)
    return day_of(house.clock.now(), house.settings.zone)


def person(house: Installation, login: str, *, from_input: bool) -> Actor:
    """The person of ``login``, after the password: typed, or read from standard input.

    Raises:
        Unauthenticated: no such login with this password, or it waits after wrong ones.
    """
    from tael.kernel import Refusal
    from tael.platform import SYSTEM, Actor

    password = ask_password("Password", from_input=from_input)
    with house.database.begin(SYSTEM) as work:
        user = house.identity.users.verify(work, login, password)
    if isinstance(user, Refusal):
        raise Unauthenticated(
            f"{login} was not let in: {user}; check login and password", field="as"
        )
    return Actor("user", user.id, user.roles)


def ask_password(prompt: str, *, from_input: bool, confirm: bool = False) -> str:
    """A password that is never an argument, for those are there for every process to read."""
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return answer
