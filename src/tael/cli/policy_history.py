"""``tael policies history``: what happened, as a table that policies are tried on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, progress, say, show
from tael.cli.policy_acting import looking, version_id
from tael.cli.policy_files import read_folder
from tael.kernel import BadInput

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from tael.policies import Bundle


_Economy = Annotated[Path | None, typer.Option("--economy", help="A built economy.")]
_Out = Annotated[Path | None, typer.Option("--out", help="The folder to write.")]
_Inputs = Annotated[
    list[Path] | None,
    typer.Option("--inputs", help="Variables of each application: `tael variables backfill`."),
]
_Files = Annotated[
    list[Path] | None,
    typer.Option("--files", help="A folder of a policy's texts; as often as liked."),
]
_Versions = Annotated[
    list[str] | None,
    typer.Option("--version", help="Id of a policy version; as often as liked."),
]
_Models = Annotated[
    list[Path] | None,
    typer.Option("--model", help="A further rated model whose scores are written."),
]
_Map = Annotated[
    Path | None, typer.Option("--map", help="A JSON file: where each input comes from.")
]
_Truth = Annotated[
    bool, typer.Option("--with-truth", help="The sealed outcome too, to judge inference by.")
]


def history(
    ctx: typer.Context,
    economy: _Economy = None,
    out: _Out = None,
    inputs: _Inputs = None,
    files: _Files = None,
    version: _Versions = None,
    model: _Models = None,
    mapping: _Map = None,
    with_truth: _Truth = False,
    as_json: AsJson = False,
) -> None:
    """Write past applications of an economy with everything that policies read, as known then.

    Inputs come from what was filled in, and from variables computed at each application's instant;
    scores are those of the policies' models. Outcomes are those of the loans that were lent, with
    the day on which each was known. A policy that needs nothing of the economy but these may be
    tried on the folder: `tael policies backtest`.

    Examples:

        tael policies history --economy economy --inputs training --files policy --out history
        tael policies history --economy economy --inputs training --files new --files old --out both
    """
    from tael.app.history_columns import read_origins
    from tael.app.history_work import HistoryWanted, build_history

    if economy is None or out is None:
        missing = "economy" if economy is None else "out"
        raise BadInput(f"--{missing} is needed", field=missing, rule="a folder")
    bundles = _bundles(ctx, files or [], version or [])
    texts = tuple(_text(path) for path in model or [])
    wanted = HistoryWanted(
        economy, tuple(inputs or ()), bundles, texts, read_origins(mapping), with_truth=with_truth
    )
    with progress(quiet=as_json) as bars:
        task = bars.add_task("parts", total=None)

        def watch(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        made = build_history(wanted, out, watch)
    data = {
        "out": out,
        "rows": made.rows,
        "files": made.files,
        "lent": made.lent,
        "known": made.known,
        "bad": made.bad,
    }
    show(
        data,
        lambda screen: screen.print(
            f"{made.rows} applications, {made.lent} lent, {made.known} outcomes known, "
            f"{made.bad} bad"
        ),
        as_json=as_json,
    )
    say(f"Wrote {made.files} files in {out}")


def _bundles(ctx: typer.Context, files: list[Path], versions: list[str]) -> tuple[Bundle, ...]:
    """The policies, of folders and of the installation.

    Raises:
        BadInput: none.
    """
    found = [read_folder(folder) for folder in files]
    if versions:
        with looking(ctx) as (house, work):
            found += [house.policies.bundle(work, version_id(each)) for each in versions]
    if not found:
        raise BadInput(
            "whose inputs? give --files or --version", field="files", rule="at least one policy"
        )
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", field="model", rule="a file") from None
