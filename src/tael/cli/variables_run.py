"""``tael variables compute|batch|oracle``: figures from a folder of events."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, progress, put, say, show, table
from tael.cli.variables_inputs import (
    AsOf,
    Definitions,
    Folder,
    Match,
    chosen,
    instant,
    instants,
    plan_of,
)
from tael.cli.variables_quality import alerts_on

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from tael.variables import Result, Variable

_SHOWN = 40
_MISSING = (None, "no_source", "no_event", "undefined")


def compute(
    folder: Folder,
    borrower: Annotated[str, typer.Argument(help="An enterprise_id of the folder.")],
    asof: AsOf,
    match: Match = "",
    definitions: Definitions = None,
    as_json: AsJson = False,
) -> None:
    """Compute the variables of one borrower as known at an instant.

    Each with its unit, its kind of missing where there is no value, and its text. Money is shown in
    CNY; with --json in fen beside its decimals. Rows of events that break a rule are set aside,
    counted and told.

    Examples:

        tael variables compute economy E0000007 --asof 2016-07-01
        tael variables compute economy E0000007 --asof 2016-07-01T12:00+08:00 --match rent
        tael variables compute economy E0000007 --asof 2016-07-01 --json
    """
    from tael.variables import compute as run
    from tael.variables import load_book

    when = instant(asof)
    plan, variables = plan_of(definitions)
    loaded = load_book(folder, plan, [borrower], known_by=when)
    result = run(plan, loaded.book, when)
    shown = chosen(variables, match)
    groups = loaded.book.groups
    marked, alerts = alerts_on(folder, variables, when, -1 if groups is None else int(groups[0]))
    data = {
        **_head(result, asof),
        "peers_hash": loaded.book.peers.hash if loaded.book.peers else None,
        "alerts": alerts,
        "variables": [
            _told(each, result, plan.column(each.name)) | {"alerts": marked.get(each.name, [])}
            for each in shown
        ],
        **loaded.account.to_json(),
    }
    _say(loaded.account.lines())
    _say(f"{each}; {sum(each in one for one in marked.values())} variables rest on it"
         for each in alerts)  # fmt: skip

    def draw(screen: Console) -> None:
        told = [_told(each, result, plan.column(each.name)) for each in shown[:_SHOWN]]
        rows = [(one["name"], _figure(one), one["en"]) for one in told]
        caption = f"{len(shown)} of {plan.width} variables, row hash {result.row_hash[:12]}"
        screen.print(table(f"{borrower} as of {asof}", ("name", "value", "text"), rows, caption))
        if len(shown) > _SHOWN:
            put(f"... and {len(shown) - _SHOWN} more; --match chooses, --json shows them all")

    show(data, draw, as_json=as_json)


def batch(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="The Parquet file to write.")],
    asof: Annotated[
        str | None, typer.Option("--asof", help="A day (00:00 UTC) or an instant, for all.")
    ] = None,
    asof_of: Annotated[
        Path | None,
        typer.Option("--asof-file", help="A CSV of borrower and asof: who, and each as of when."),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="A variable; may be given several times.")
    ] = None,
    match: Match = "",
    definitions: Definitions = None,
    as_json: AsJson = False,
) -> None:
    """Compute the variables of every borrower into a Parquet file.

    All variables go into one fixed-size list `values` beside `reasons` (0 value, 1 no source, 2 no
    event, 3 undefined); those chosen by --column or --match into a column each, with its reason in
    `NAME/reason`. The identity is one hash over all borrowers, instants, values and reasons.

    Examples:

        tael variables batch economy --asof 2016-07-01 --out variables.parquet
        tael variables batch economy --asof-file applications.csv --out variables.parquet
        tael variables batch economy --asof 2016-07-01 --match rent.out --out rent.parquet
    """
    from tael.variables import Wanted, compute_folder

    when = instants(asof, asof_of)
    some = bool(column or match)
    plan, variables = plan_of(definitions, column or (), match) if some else plan_of(definitions)
    names = tuple(each.name for each in variables) if some else ()
    with progress(quiet=as_json) as bars:
        task = bars.add_task("borrowers", total=None)

        def watch(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        made = compute_folder(folder, plan, when, Wanted(out, names), watch)
    alerts = _alerts(folder, variables, when)
    _say([*made.account.lines(), *alerts])
    data = {
        "out": out,
        "borrowers": made.rows,
        "variables": len(names) or plan.width,
        "plan_hash": plan.hash,
        "identity": made.identity,
        "peers_hash": made.peers_hash or None,
        "alerts": alerts,
        **made.account.to_json(),
    }

    def draw(screen: Console) -> None:
        screen.print(f"{made.rows} borrowers, {data['variables']} variables, into {out}")
        screen.print(f"identity {made.identity}")

    show(data, draw, as_json=as_json)


def oracle(
    folder: Folder,
    borrower: Annotated[str, typer.Argument(help="An enterprise_id of the folder.")],
    asof: AsOf,
    match: Match = "",
    definitions: Definitions = None,
    as_json: AsJson = False,
) -> None:
    """Compare the compiled loops with plain Python, for one borrower.

    The oracle is written independently and slow: all variables take seconds. Says that every bit
    is equal, or which variables differ, and then ends with 6.

    Examples:

        tael variables oracle economy E0000007 --asof 2016-07-01
        tael variables oracle economy E0000007 --asof 2016-07-01 --match hhi --json
    """
    from tael.variables import compute as run
    from tael.variables import compute_by_oracle, load_book

    when = instant(asof)
    plan, variables = plan_of(definitions, (), match)
    loaded = load_book(folder, plan, [borrower], known_by=when)
    _say(loaded.account.lines())
    mine, plain = run(plan, loaded.book, when), compute_by_oracle(plan, loaded.book, when)
    pairs = [(each, _pair(mine, plain, plan.column(each.name))) for each in variables]
    differ = [(each, pair) for each, pair in pairs if pair[0] != pair[1]]
    data = {
        **_head(mine, asof),
        "equal": mine.row_hash == plain.row_hash,
        "compared": plan.width,
        "differ": [
            {"name": each.name, "computed": one, "oracle": other} for each, (one, other) in differ
        ],
        "variables": [
            {"name": each.name, "computed": one, "oracle": other} for each, (one, other) in pairs
        ],
    }

    def draw(screen: Console) -> None:
        told = differ or pairs[:_SHOWN]
        rows = [(each.name, str(one), str(other)) for each, (one, other) in told]
        screen.print(table("Side by side", ("name", "computed", "oracle"), rows))
        if differ:
            screen.print(f"{len(differ)} of {plan.width} variables differ.")
        else:
            screen.print(f"Equal in every bit: {plan.width} variables of {borrower}.")

    show(data, draw, as_json=as_json)
    if not data["equal"]:
        say(f"tael: {len(differ)} variables differ")
        raise typer.Exit(ExitCode.ALARM)


def peers(
    folder: Folder,
    asof: Annotated[
        list[str], typer.Option("--asof", help="A day or an instant; give one for each year.")
    ],
    definitions: Definitions = None,
    as_json: AsJson = False,
) -> None:
    """Write what percentiles are read from: the figures of all firms as of some instants.

    A percentile places a firm among those of its province and industry, by the newest figures known
    at its as-of: an instant's are known a day later. They go into `peers.parquet` in the folder,
    where `compute`, `batch` and `oracle` find them; without that file percentiles are undefined.

    Examples:

        tael variables peers economy --asof 2015-01-01 --asof 2016-01-01
        tael variables peers economy --asof 2016-01-01 --json
    """
    from tael.variables import load_definitions
    from tael.variables.drivers import store_peers

    times = [instant(each) for each in asof]
    place, made = store_peers(folder, load_definitions(definitions), times)
    data = {
        "out": place,
        "instants": len(made.known),
        "groups": len(made.groups),
        "percentiles": made.width,
        "peers_hash": made.hash,
    }

    def draw(screen: Console) -> None:
        screen.print(f"{made.width} percentiles of {len(made.groups)} groups into {place}")

    show(data, draw, as_json=as_json)


def _alerts(folder: Path, variables: Sequence[Variable], when: int | dict[str, int]) -> list[str]:
    """The alerts that stand for all regions on any day that is looked at."""
    days = [when] if isinstance(when, int) else sorted(set(when.values()))
    return list(
        dict.fromkeys(text for day in days for text in alerts_on(folder, variables, day)[1])
    )


def _head(result: Result, asof: str) -> dict[str, object]:
    return {
        "borrower": result.borrower,
        "asof": asof,
        "asof_s": result.asof,
        "plan_hash": result.plan_hash,
        "row_hash": result.row_hash,
    }


def _told(variable: Variable, result: Result, column: int) -> dict[str, object]:
    """A variable with its value, or the kind of missing."""
    value, reason = float(result.values[column]), int(result.reasons[column])
    return {
        "id": variable.id,
        "name": variable.name,
        "version": variable.version,
        "value": None if reason else value,
        "missing": _MISSING[reason],
        "unit": variable.unit,
        "decimals": variable.decimals,
        "zh": variable.text.zh,
        "en": variable.text.en,
    }


def _figure(told: dict[str, object]) -> str:
    """The value as people read it, in its major unit."""
    value, decimals = told["value"], told["decimals"]
    if not isinstance(value, float) or not isinstance(decimals, int):
        return f"({told['missing']})"
    if decimals:
        return f"{value / 10**decimals:,.{decimals}f} {told['unit']}"
    return f"{value:,.6g} {told['unit']}"


def _pair(one: Result, other: Result, column: int) -> tuple[object, object]:
    """Both values at a column; the kind of missing where there is none."""
    found = []
    for each in (one, other):
        value, reason = float(each.values[column]), int(each.reasons[column])
        # Bits, not numbers: -0.0 is not 0.0 here, and a NaN with no reason is told as one.
        found.append(_MISSING[reason] or ("nan" if math.isnan(value) else value.hex()))
    if found[0] == found[1]:
        plain = _MISSING[int(one.reasons[column])] or float(one.values[column])
        return plain, plain
    return found[0], found[1]


def _say(lines: Iterable[str]) -> None:
    """What became of the rows of events, for people."""
    for each in lines:
        say(each)
