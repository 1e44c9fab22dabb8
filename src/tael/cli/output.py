"""What a command prints: its result on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tael.kernel import Money, Rate

if TYPE_CHECKING:  # drawing loads a tenth of a second that --json and --help do not need
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output, and nothing else.")
]
_PIPE_WIDTH = 200
_NUMBER = (int, Decimal, Money, Rate)


def say(text: str) -> None:
    """A message beside the result, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """A plain line of the result, on standard output."""
    sys.stdout.write(f"{text}\n")


def show(data: object, draw: Callable[[Console], None], *, as_json: bool) -> None:
    """The result of a command: ``data`` as JSON, or drawn for people."""
    if as_json:
        put(json.dumps(plain(data), ensure_ascii=False))
    else:
        draw(screen())
    sys.stdout.flush()


def screen() -> Console:
    """Standard output for people; wide enough for whole ids when it is no terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str = ""
) -> Table:
    """A table: columns of numbers stand right, an empty cell is ``-``."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    lines = [list(row) for row in rows]
    drawn = Table(
        title=escape(title),
        caption=escape(caption) or None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    for number, name in enumerate(columns):
        cells = [row[number] for row in lines if row[number] is not None]
        right = bool(cells) and all(
            isinstance(cell, _NUMBER) and not isinstance(cell, bool) for cell in cells
        )
        drawn.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in lines:
        drawn.add_row(*(escape(text(cell)) for cell in row))
    return drawn


def text(value: object) -> str:
    """``value`` as people read it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    return str(value)


def plain(value: object) -> object:
    """``value`` as JSON values: money in minor units, numbers that are exact as text."""
    for kind, write in _WRITTEN:
        if isinstance(value, kind):
            return write(value)
    if isinstance(value, Iterable):
        return [plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    return value


# Looked through in this order: the first kind that fits. A set comes out in one order always.
_WRITTEN: tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...] = (
    (Money, lambda value: {"minor": value.minor, "currency": value.currency}),
    (Rate, lambda value: format(value.fraction, "f")),
    (Decimal, lambda value: format(value, "f")),
    (Enum, lambda value: value.value),
    (date, lambda value: value.isoformat()),
    ((str, Path), str),
    (Mapping, lambda value: {text(key): plain(part) for key, part in value.items()}),
    (frozenset, lambda value: [plain(part) for part in sorted(value)]),
)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Progress bars on standard error; none where nobody looks."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        yield bars
