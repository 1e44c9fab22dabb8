"""``tael demo``: an invented company, played and served."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.installation import made, opened
from tael.cli.output import AsJson, plain, progress, put, say
from tael.cli.serve import Port, serve_console
from tael.kernel import BadInput, Conflict, Day, FixedClock, SystemClock, day_of

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.progress import Progress, TaskID

    from tael.app.demo import Played, Story
    from tael.app.installation import Installation
    from tael.platform import Settings

# What the demo writes into its folder, its embedded server's files first.
_STORY = "demo-story.json"
_OURS = ("postgres", "demo-*", "keys.json*")
_Number = Annotated[int | None, typer.Option(min=1, help="How many apply; 120 when not given.")]
_Months = Annotated[
    int | None, typer.Option(min=1, max=120, help="How many months are played; 24 when not given.")
]


def demo(
    ctx: typer.Context,
    applications: _Number = None,
    months: _Months = None,
    start: Annotated[
        str | None, typer.Option("--start", help="First day; else such that it ends yesterday.")
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the console afterwards.")
    ] = True,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Remove the demo that was played here, and start over.")
    ] = False,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Play an invented lender, then serve its console.

    Everything runs on embedded defaults: the database, a partner bank with faults, a first
    scorecard and policy. The applicants are invented: the figures show that the machinery works,
    never how a country behaves. Stop it at any moment; the next run goes on where it was cut off.

    Examples:

        tael demo
        tael demo --no-serve --applications 100 --months 12 --start 2025-01-01
        tael demo --fresh
    """
    first = None if start is None else Day.parse(start, field="start").isoformat()
    asked = {"applications": applications, "months": months, "start": first}
    settings = made(ctx)
    started = time.monotonic()
    with ExitStack() as stack:
        with _alone(settings.data_dir):
            if fresh:
                _remove(settings)
            story = _story(settings, asked)
            clock = FixedClock.on(story.start, settings.zone)
            house = stack.enter_context(opened(ctx, clock, create=True))
            played = _play(house, clock, story, quiet=as_json)
        seconds = round(time.monotonic() - started, 1)
        if as_json:
            put(json.dumps(_summary(played, story, seconds), ensure_ascii=False))
        else:
            _tell(played, seconds)
        if serve:
            serve_console(house, port, lambda url: _invite(url, played))
        elif not as_json:
            say("Look at it with `tael serve`, `tael portfolio dashboard` or `tael loans list`.")


@dataclass(frozen=True)
class _Bar:
    """Shows on a progress bar how far the run has come."""

    bars: Progress
    task: TaskID

    def day(self, day: Day, *, done: int, total: int) -> None:
        self.bars.update(self.task, completed=done, total=total, description=f"Playing {day}")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one demo plays in a folder: a day that two played would be told apart by nobody.

    Raises:
        Conflict: another process plays in it; the lock goes with that process, however it ends.
    """
    with (folder / "demo.lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"another `tael demo` plays in {folder}; wait for it, or name another folder with "
                "--home",
                code="demo_plays",
                field="TAEL_HOME",
            ) from None
        yield


def _play(house: Installation, clock: FixedClock, story: Story, *, quiet: bool) -> Played:
    from tael.app.demo import play

    with progress(quiet=quiet) as bars:
        bar = _Bar(bars, bars.add_task("Founding the company", total=None))
        return play(house, clock, story, bar)


def _story(settings: Settings, asked: dict[str, int | str | None]) -> Story:
    """The story that was asked for, or the one this folder holds already.

    Raises:
        BadInput: the folder holds another story than what was asked for.
        Conflict: the folder holds an installation that is no demo.
    """
    from tael.app.demo import Story

    kept = settings.data_dir / _STORY
    given = {name: value for name, value in asked.items() if value is not None}
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for name, value in given.items():
        if before and before[name] != value:
            raise BadInput(
                f"the demo in {settings.data_dir} was begun with {before[name]}, not {value}; "
                "start over with --fresh, or leave this option out",
                field=name,
            )
    if not before:
        if (settings.data_dir / "postgres").exists() and settings.database_url is None:
            raise _no_demo(settings.data_dir)
        before = {"applications": Story.applications, "months": Story.months, **given}
        before.setdefault("start", _ending_yesterday(settings, int(before["months"])).isoformat())
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(before), encoding="utf-8")
    return Story(
        applications=int(before["applications"]),
        months=int(before["months"]),
        start=Day.parse(before["start"], field="start"),
    )


def _ending_yesterday(settings: Settings, months: int) -> Day:
    """The first day of a story whose end the console of today shows as it stands."""
    return day_of(SystemClock().now(), settings.zone).plus_months(-months)


def _remove(settings: Settings) -> None:
    """Stop the embedded server and remove what a demo wrote, and nothing else.

    Raises:
        Conflict: a database of one's own, or a folder that holds no demo.
    """
    from tael.platform import EmbeddedPostgres

    folder = settings.data_dir
    if settings.database_url is not None:
        raise Conflict(
            "--fresh removes the embedded database only; empty the one of TAEL_DATABASE_URL "
            "yourself, or unset it",
            field="fresh",
        )
    if not (folder / _STORY).is_file():
        if (folder / "postgres").exists():
            raise _no_demo(folder)
        return
    EmbeddedPostgres(folder, settings.pg_bin_dir).stop()
    for path in (path for pattern in _OURS for path in folder.glob(pattern)):
        if path.name != _STORY:
            _delete(path)
    (folder / _STORY).unlink()  # last: a removal that was cut off can be run again


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _no_demo(folder: Path) -> Conflict:
    return Conflict(
        f"{folder} holds an installation that is no demo; name another folder with --home",
        code="no_demo",
        field="TAEL_HOME",
    )


def _summary(played: Played, story: Story, seconds: float) -> dict[str, object]:
    return {
        "as_of": plain(played.as_of),
        "applications": played.applications,
        "months": story.months,
        "loans": played.loans,
        "journal_hash": played.journal_hash,
        "resumed_from": plain(played.resumed_from),
        "seconds": seconds,
        "sign_in": {"login": played.sign_in.login, "password": played.sign_in.password},
    }


def _tell(played: Played, seconds: float) -> None:
    what = f"{played.applications} applications to {played.as_of}"
    if played.resumed_from == played.as_of:
        put(f"This demo was played before, {what}; --fresh starts over.")
    else:
        resumed = f", resumed after {played.resumed_from}" if played.resumed_from else ""
        put(f"Played {what} in {seconds} s{resumed}.")
    put(f"Loans: {played.loans}")
    put(f"Journal: {played.journal_hash}")
    put(f"Sign in as {played.sign_in.login} with password {played.sign_in.password}")


def _invite(url: str, played: Played) -> None:
    say(f"Console: {url} (login {played.sign_in.login}; Ctrl-C ends)")
