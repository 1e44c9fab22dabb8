"""``tael dmn tck``: the conformance kit of DMN, run on this engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, progress, put, say, show, table

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.dmn import DmnError
    from tael.dmn.conformance import CaseFile, Outcome


def tck(
    folder: Annotated[
        Path, typer.Argument(help="The kit: a folder with compliance-level-2 and -3.")
    ],
    file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write the kit's result file here, and its properties beside."),
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="List each miss with its reason.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the conformance kit of DMN.

    Counts the cases that pass, and apart those that expect a value: an engine that always answers
    null passes the others. Cases that columns accept must give the same there. Ends with 6 when a
    case fails or a test file cannot be read.

    Examples:

        tael dmn tck dmn-tck
        tael dmn tck dmn-tck --csv tck_results.csv --why
        tael dmn tck dmn-tck --json
    """
    from tael.dmn.conformance import counts, read_kit

    broken: list[DmnError] = []
    files = read_kit(folder, broken.append)
    outcomes, accepted, equal = _run(files, quiet=as_json)
    data = {"levels": counts(outcomes), "columnar": {"accepted": accepted, "equal": equal}}
    misses = [outcome for outcome in outcomes if not outcome.passed]
    show(data, lambda screen: _draw(screen, counts(outcomes), (accepted, equal)), as_json=as_json)
    unread = dict.fromkeys(miss.why for miss in misses if miss.unread)
    for error in (*broken, *unread):
        say(f"tael: {error}")
    for miss in misses if why else ():
        (say if as_json else put)(f"level {miss.level} {miss.group} {miss.case}: {miss.why}")
    if file is not None:
        _write(file, outcomes)
    if misses or broken or accepted != equal:
        say(
            f"tael: {len(misses)} cases failed, {accepted - equal} differ in columns, "
            f"{len(broken)} test files cannot be read"
            + ("" if why or not misses else "; --why says why")
        )
        raise typer.Exit(ExitCode.ALARM)


def _run(files: Sequence[CaseFile], *, quiet: bool) -> tuple[list[Outcome], int, int]:
    """The outcomes, how many cases the columns accept, and how many of these are equal."""
    from tael.dmn.conformance import columnar_agreement, run_kit

    outcomes: list[Outcome] = []
    accepted = equal = 0
    with progress(quiet=quiet) as bars:
        bar = bars.add_task("", total=len(files))
        for file in files:
            bars.update(bar, description=f"level {file.level} {file.group}")
            outcomes += run_kit([file])
            taken, same = columnar_agreement([file])
            accepted, equal = accepted + taken, equal + same
            bars.advance(bar)
    return outcomes, accepted, equal


def _draw(screen: Console, levels: dict[str, dict[str, int]], columnar: tuple[int, int]) -> None:
    rows = [
        (
            f"level {level}",
            row["cases"],
            row["passed"],
            _share(row["passed"], row["cases"]),
            row["nonnull_cases"],
            row["nonnull_passed"],
            _share(row["nonnull_passed"], row["nonnull_cases"]),
        )
        for level, row in levels.items()
    ]
    columns = ("", "cases", "passed", "share", "with a value", "passed", "share")
    screen.print(table("Conformance to DMN", columns, rows))
    put(f"In columns: {columnar[0]} cases accepted, {columnar[1]} equal.")


def _share(part: int, whole: int) -> str:
    """As a percentage, rounded down: 100 only when all pass."""
    return f"{part * 10_000 // whole / 100:.2f} %" if whole else "-"


def _write(file: Path, outcomes: Sequence[Outcome]) -> None:
    import tael
    from tael.dmn.conformance import properties, results_csv
    from tael.kernel import SystemClock

    beside = file.with_suffix(".properties")
    who = {
        "vendor.name": "The Tael authors",
        "vendor.url": "",
        "product.name": "Tael",
        "product.version": tael.__version__,
        "product.url": "",
        "product.comment": "tael.dmn: a DMN 1.5 and FEEL engine in Python",
        "last.update": SystemClock().now().date().isoformat(),
        "instructions.url": "",
    }
    file.write_text(results_csv(outcomes), "utf-8")
    beside.write_text(properties(who), "utf-8")
    say(f"wrote {file} and {beside}")
