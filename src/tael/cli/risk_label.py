"""``tael risk label|bin``: what became of whom, and what each variable alone tells of it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, show, table
from tael.cli.variables_inputs import day
from tael.kernel import BadInput

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    import pyarrow as pa
    from rich.console import Console

    from tael.risk.pipeline import Bins

_SHOWN = 30


def label(
    folder: Annotated[Path, typer.Argument(help="Applications, loans, loan months and events.")],
    out: Annotated[Path, typer.Option("--out", help="The Parquet file of outcomes to write.")],
    instants: Annotated[
        Path | None,
        typer.Option("--instants", help="A CSV of borrower and asof to write, for backfill."),
    ] = None,
    panel_from: Annotated[
        str | None, typer.Option("--panel-from", help="Look at all firms too, from this day on.")
    ] = None,
    panel_to: Annotated[str | None, typer.Option("--panel-to", help="The last such day.")] = None,
    panel_months: Annotated[
        int, typer.Option("--panel-months", min=1, help="Months between two looks.")
    ] = 6,
    days_past_due: Annotated[
        int, typer.Option("--days-past-due", min=1, help="So many days late are bad.")
    ] = 90,
    within_months: Annotated[
        int, typer.Option("--within-months", min=1, help="In so many months on book.")
    ] = 12,
    as_json: AsJson = False,
) -> None:
    """Say of each application what became of it, and when that was known.

    Loans are judged by their months. Of those declined, and of all firms with --panel-from, an
    account 90 days overdue or written off at the bureau, or a suit over a loan, of firm or owner
    within 485 days, is bad. The columns of the application stand beside, as form.NAME.

    Examples:

        tael risk label economy --out outcomes.parquet --instants instants.csv
        tael risk label economy --out outcomes.parquet --panel-from 2010-01-01 --panel-to 2017-07-01
    """
    import pyarrow.parquet as pq

    from tael.app.performance import Labelling, Panel
    from tael.app.performance import label as run
    from tael.risk import BadDefinition

    if (panel_from is None) != (panel_to is None):
        raise BadInput("give both days", field="panel", rule="--panel-from and --panel-to")
    panel = None
    if panel_from is not None and panel_to is not None:
        panel = Panel(day(panel_from, "panel_from"), day(panel_to, "panel_to"), panel_months)
    found = run(folder, Labelling(BadDefinition(days_past_due, within_months), panel=panel))
    pq.write_table(found, out)
    if instants is not None:
        _write_instants(found, instants)
    _told(found, out, as_json=as_json)


def _write_instants(found: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["borrower", "asof"])
        stamps = (stamp.isoformat() for stamp in found["asof"].to_pylist())
        writer.writerows(zip(found["borrower"].to_pylist(), stamps, strict=True))


def _told(found: pa.Table, out: Path, *, as_json: bool) -> None:
    population = found["population"].to_pylist()
    outcome = found["bad"].to_pylist()
    rows = Counter(population)
    known = Counter(p for p, bad in zip(population, outcome, strict=True) if bad is not None)
    bads = Counter(p for p, bad in zip(population, outcome, strict=True) if bad == 1)
    data = {
        "out": out,
        "populations": {
            name: {"rows": rows[name], "known": known[name], "bad": bads[name]} for name in rows
        },
    }

    def draw(screen: Console) -> None:
        cells = [(name, rows[name], known[name], bads[name]) for name in rows]
        screen.print(table("Outcomes", ("population", "rows", "outcome known", "bad"), cells))

    show(data, draw, as_json=as_json)


def bins(
    values: Annotated[Path, typer.Argument(help="A folder of variables, or a Parquet table.")],
    outcomes: Annotated[Path, typer.Argument(help="Outcomes by borrower and asof.")],
    out: Annotated[Path | None, typer.Option("--out", help="A CSV of all bins to write.")] = None,
    match: Annotated[str, typer.Option("--match", help="Only names that hold this text.")] = "",
    cuts: Annotated[
        Path | None,
        typer.Option("--cuts", help="Cuts set by hand: YAML, or CSV of variable and cut."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bin every variable and say what it alone tells: weight of evidence, information value.

    Bad rates rise or fall from bin to bin; the three kinds of missing stand in bins of their own.
    Bins of --cuts stay as they were set: they are neither merged nor made to rise.

    Examples:

        tael risk bin training outcomes.parquet --out bins.csv
        tael risk bin training outcomes.parquet --cuts cuts.yaml --out bins.csv
        tael risk bin training outcomes.parquet --match bureau --json
    """
    import numpy as np

    from tael.risk.pipeline import OutcomeColumns, bins_of, join, read_cuts, read_outcomes

    by_hand = read_cuts(cuts) if cuts is not None else {}
    held = read_outcomes(outcomes, OutcomeColumns(known=""))
    sample = join([values], held.take(~np.isnan(held.bad)))
    names = [name for name in sample.names if match in name]
    if not names:
        raise BadInput(f"no variable holds {match!r}", field="match", rule="part of a name")
    apart = {name: by_hand[name] for name in by_hand if match in name or name not in sample.names}
    found = bins_of(sample.select(names) if match else sample, cuts=apart)
    order = np.lexsort((np.array(names), -found.iv)).tolist()
    if out is not None:
        _write_bins(found, order, out)
    data = {
        "rows": sample.rows,
        "bads": int(sample.bad.sum()),
        "variables": {names[place]: round(float(found.iv[place]), 6) for place in order},
        "cuts": {name: list(held) for name, held in sorted(apart.items())},
    }

    def draw(screen: Console) -> None:
        cells = [
            (names[place], f"{found.iv[place]:.4f}", "by hand" if names[place] in apart else "")
            for place in order[:_SHOWN]
        ]
        screen.print(table("Variables", ("variable", "information value", "cuts"), cells))
        screen.print(f"{len(names)} variables, {sample.rows} rows, {int(sample.bad.sum())} bad")

    show(data, draw, as_json=as_json)


def _write_bins(found: Bins, order: Iterable[int], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["variable", "information_value", "bin", "share", "bad_rate", "woe"])
        for place in order:
            one = found.binning(place)
            cells = zip(one.shares, one.bad_rates, one.woe, strict=True)
            for number, figures in enumerate(cells):
                iv = one.information_value
                writer.writerow([one.feature.name, iv, one.describe(number), *figures])
