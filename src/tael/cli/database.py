"""``tael db``: the schema, backups, and whether everything is as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.installation import existing, made, opened, without_password
from tael.cli.output import AsJson, put, say, show, table
from tael.kernel import NotFound, SystemClock

group = typer.Typer(help="The database: schema, backup, check.", no_args_is_help=True)


@group.command()
def upgrade(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Bring the schema to this release.

    Makes an empty installation when there is none.

    Other commands do it too when they start. Safe to run again, and from several processes.

    Example:

        tael db upgrade
    """
    from tael.app import upkeep

    added = upkeep.upgrade_database(made(ctx))

    def draw(_screen: object) -> None:
        put("\n".join(f"added {name}" for name in added) or "The schema is up to date.")

    show({"added": added}, draw, as_json=as_json)


@group.command()
def status(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show where the database is and its versions.

    Example:

        tael db status --json
    """
    from tael.app import migrations
    from tael.platform import SYSTEM

    existing(ctx)
    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        connection, own = work.connection, house.settings.database_url
        data = {
            "kind": "embedded" if own is None else "own",
            "place": str(house.settings.data_dir) if own is None else without_password(own),
            "server": ".".join(map(str, connection.dialect.server_version_info or ())),
            "schema_versions": sorted(migrations.versions(connection)),
        }
    rows = [(name, ", ".join(v) if isinstance(v, list) else v) for name, v in data.items()]
    columns = ("what", "value")
    show(data, lambda screen: screen.print(table("Database", columns, rows)), as_json=as_json)


@group.command()
def check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Compare the database with the code.

    Tables, columns, functions and triggers; ends with 6 when they differ.

    Example:

        tael db check
    """
    from tael.app import upkeep

    found = upkeep.check_database(existing(ctx))

    def draw(_screen: object) -> None:
        put("\n".join(found) or "The database is what the code describes.")

    show({"drift": found, "sound": not found}, draw, as_json=as_json)
    if found:
        say(f"tael: {len(found)} differences; run `tael db upgrade`, or restore a backup")
        raise typer.Exit(ExitCode.ALARM)


@group.command()
def backup(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="The file to write; else one in TAEL_HOME/backups.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the database into a file.

    It is one consistent copy; everything goes on meanwhile.

    The keys of personal fields are not in it: keep the file of TAEL_SECRET_KEY_FILE too, elsewhere.

    Example:

        tael db backup backups/monday.backup
    """
    from tael.app import upkeep

    settings = existing(ctx)
    written = upkeep.back_up_database(settings, SystemClock(), file)
    data = {"file": written, "bytes": written.stat().st_size}
    show(data, lambda _: put(str(written)), as_json=as_json)
    keys = settings.secret_key_file or settings.data_dir / "keys.json"
    say(f"Keep {keys} too, apart from it: without it personal fields cannot be read.")


@group.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `tael db backup` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Fill an empty database from a backup.

    All of it or nothing; then it is brought to the schema of this release.

    Restore into a new folder, then put the key file there.

    Example:

        tael --home restored db restore backups/monday.backup
    """
    from tael.app import upkeep

    if not file.is_file():  # before a server is started and a folder made
        raise NotFound(f"there is no file {file}", field="file")
    settings = made(ctx)
    added = upkeep.restore_database(settings, file)
    show({"file": file, "added": added}, lambda _: put(f"Restored {file}."), as_json=as_json)
    keys = settings.secret_key_file or settings.data_dir / "keys.json"
    if not keys.is_file():
        say(f"Put its key file at {keys}: without it personal fields cannot be read.")
