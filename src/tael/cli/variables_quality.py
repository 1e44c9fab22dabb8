"""``tael variables quality``: what the sources of a folder are worth, by day and region."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, progress, say, show, table
from tael.kernel import CHINA

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from collections.abc import Sequence

    from rich.console import Console

    from tael.variables import Variable
    from tael.variables.quality import Quality

_MOST_ALERTS = 20
_INDUSTRIES = 1_000  # a peer group is province · 1000 + industry


def quality(
    folder: Annotated[Path, typer.Argument(help="A folder of events, as `tael economy` builds.")],
    definitions: Annotated[
        Path | None, typer.Option("--definitions", help="A folder of definitions of your own.")
    ] = None,
    checks: Annotated[
        Path | None, typer.Option("--checks", help="A YAML file of limits and agreements.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write; the folder `quality` of the events otherwise."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure what sources deliver, by day and region.

    Completeness (rows against the eight windows before), validity (rows that break no rule),
    timeliness (rows within the promised delay) and agreement between sources, as known on each
    day. A source whose figure lies below its limit with its whole interval raises an alert, and
    `compute` and `batch` say which variables rest on it. Ends with 6 when an alert stands on the
    last day. Figures, alerts and a page are written into the folder `quality` of the events.

    Examples:

        tael variables quality economy
        tael variables quality economy --json
    """
    from tael.variables import load_definitions
    from tael.variables import quality as room

    known = load_definitions(definitions)
    rules = room.read_rules(known, checks)
    found_there = room.tables_in(folder)
    tables = {
        each.name: found_there[each.name] for each in known.sources if each.name in found_there
    }
    for name in sorted(found_there.keys() - tables.keys()):
        say(f"Left out: {name}, which the definitions do not know")
    with progress(quiet=as_json) as bars:
        task = bars.add_task("files", total=sum(len(files) for files in tables.values()))
        found = room.assess(
            tables, known, rules, room.regions_in(folder), lambda _: bars.advance(task)
        )
    standing = [each for each in found.alerts if each.last == found.last_day]
    figures = {name: getattr(found, name) for name in ("rows", "faults", "last_day", "alerts")}
    data = {**figures, "standing": standing}
    show(data, lambda screen: _draw(screen, found), as_json=as_json)
    place = out or folder / room.FOLDER
    for file in room.write_quality(found, place):
        say(f"Wrote {file}")
    page = room.page_of(found, known, rules, folder.name)
    for name, locale in (("report.html", "en"), ("report.zh.html", "zh")):
        say(f"Wrote {page.write(place / name, locale)}")
    if standing:
        say(f"tael: {len(standing)} alerts stand on the last day")
        raise typer.Exit(ExitCode.ALARM)


def _draw(screen: Console, found: Quality) -> None:
    rows = [
        (name, count, sum(found.faults[name].values()), _alerts_of(found, name))
        for name, count in found.rows.items()
    ]
    screen.print(table("Sources", ("source", "rows", "set aside", "alerts"), rows))
    longest = sorted(found.alerts, key=lambda each: each.first - each.last)[:_MOST_ALERTS]
    for each in longest:
        screen.print(each.text())


def _alerts_of(found: Quality, source: str) -> int:
    return sum(each.source == source for each in found.alerts)


def alerts_on(
    folder: Path, variables: Sequence[Variable], when: int, group: int = -1
) -> tuple[dict[str, list[str]], list[str]]:
    """What stands on the day of an instant, UTC seconds, in the quality that was measured.

    ``group`` is the borrower's peer group, province · 1000 + industry. Returns the alerts of each
    variable that rests on one, and every alert once, as sentences.
    """
    from tael.variables import quality as room

    day = datetime.fromtimestamp(when, CHINA).date()
    region = f"{group // _INDUSTRIES:02d}" if group >= 0 else room.EVERYWHERE
    found = room.standing(room.read_alerts(folder), day, region)
    marked = room.marks(variables, found)
    told = {name: [each.text() for each in alerts] for name, alerts in marked.items()}
    return told, list(dict.fromkeys(text for texts in told.values() for text in texts))
