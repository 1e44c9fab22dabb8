"""A replay on the terminal: progress bars while it runs, tables when it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from tael.app.replay.assumptions import assumptions
from tael.app.replay.figures import GroupFigures
from tael.app.replay.play import ReplayResult, Watcher
from tael.kernel import Money
from tael.risk import Interval

_STAGES = {
    "read": "Reading the file",
    "train": "Training the scorecard",
    "decide": "Deciding in approval order",
    "book": "Booking in four books",
    "prove": "Proving the books",
}


@contextmanager
def progress_bars(console: Console) -> Iterator[Watcher]:
    """A bar for each stage; give what is yielded to ``replay``. Silent where no terminal is."""
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_STAGES.get(stage, stage), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield watch


def show(result: ReplayResult, console: Console) -> None:
    """Print the figures, and the alarm last, where it is read."""
    mapping, every = result.request.mapping, result.all
    console.print(f"[bold]{mapping.title or mapping.name}[/bold]", highlight=False)
    console.print(
        f"{every.decided:,} loans decided after {result.request.train_until}, {every.accepted:,} "
        f"accepted; trained on {result.trained.rows:,}; {len(result.book.faults):,} of "
        f"{result.book.rows:,} rows left out.",
        highlight=False,
    )
    console.print(_rankings(result))
    console.print(_groups(result.tiers, every, "Tier"))
    console.print(_groups(result.vintages, every, "Vintage"))
    console.print(_swap(result))
    console.print(_fund(result))
    for words in assumptions(result):
        console.print(f"- {words.en}", style="dim", highlight=False, markup=False)
    if result.alarm:
        detail = result.alarm.detail
        console.print(
            f"Leak suspected: AUC {detail['auc']} is above {detail['level']}; "
            f"suspects {detail['suspects']}.",
            style="bold red",
            highlight=False,
        )


def _rankings(result: ReplayResult) -> Table:
    table = _table("Out-of-time ranking", ("Group", "Loans", "Bads", "AUC", "AUC weighted", "KS"))
    for ranking in result.rankings.values():
        table.add_row(
            ranking.group,
            f"{ranking.loans:,}",
            f"{ranking.bads:,}",
            _interval(ranking.auc),
            _interval(ranking.auc_weighted),
            _interval(ranking.ks),
        )
    for side in result.sides:
        name = side.name.replace("_", " ")
        table.add_row(f"({name})", "", "", f"{side.auc:.3f}", f"{side.auc_weighted:.3f}", "")
    return table


def _groups(groups: Sequence[GroupFigures], every: GroupFigures, label: str) -> Table:
    heads = (label, "Decided", "Approved", "Bad", "Bad wtd", "Lent", "Lost", "Loss wtd")
    table = _table(f"By {label.lower()}", heads)
    for group in (*groups, every):
        table.add_row(
            group.label,
            f"{group.decided:,}",
            _percent(group.approval_rate),
            _percent(group.bad_rate),
            _percent(group.bad_rate_weighted),
            _money(group.lent),
            _money(group.loss),
            _percent(group.loss_rate_weighted),
            style="bold" if group is every else None,
        )
    return table


def _swap(result: ReplayResult) -> Table:
    heads = ("Our decision", "Happened", "Loans", "Population", "Amount", "Lost")
    table = _table("Our decision against what happened", heads)
    for cell in result.swap:
        table.add_row(
            "approve" if cell.approved else "decline",
            cell.ending.value,
            f"{cell.loans:,}",
            f"{cell.loans_weighted:,.0f}",
            _money(cell.amount),
            _money(cell.loss),
        )
    return table


def _fund(result: ReplayResult) -> Table:
    every, proof = result.all, result.proof
    table = _table("Guarantee fund", ("", every.fee.currency))
    rows = (
        ("Fee", every.fee),
        ("Service fee to the platform", -every.servicing),
        ("Claims paid", -every.claims),
        ("Result", every.fund_result),
        ("Result, scaled to the population", every.fund_result_weighted),
    )
    for name, amount in rows:
        table.add_row(name, f"{amount.decimal():,}")
    sound = "sound" if proof.sound else "NOT SOUND"
    table.caption = f"{proof.entries:,} entries in {proof.kept_in}, proof: {sound}"
    return table


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else "right")
    return table


def _interval(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f}-{interval.high:.3f})"


def _percent(rate: Decimal | None) -> str:
    return "-" if rate is None else f"{rate * 100:.1f}%"


def _money(amount: Money) -> str:
    """In millions, for a table; the report has the cents."""
    return f"{amount.decimal().scaleb(-6):,.1f}m"
