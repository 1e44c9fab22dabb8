"""Bins in words and examples: a set of bins as FEEL text, a value of it, a box as a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael.dmn.feel.durations import DaysDuration, MonthsDuration
from tael.dmn.feel.temporal import Date, DateTime, Time
from tael.dmn.feel.text import inner_text
from tael.dmn.feel.values import Value
from tael.dmn.verification.geometry import Column
from tael.dmn.verification.lines import value_at

_MOST_PARTS = 6


def literal(value: Value) -> str:
    """``value`` as FEEL source."""
    if isinstance(value, Date | Time | DateTime | DaysDuration | MonthsDuration):
        return f'@"{value}"'
    return inner_text(value)


def example(columns: Sequence[Column], chosen: Sequence[int]) -> dict[str, Value]:
    """A case: the value of one bin a column, by the text of the column."""
    return {
        column.text: column.bins[index].value for column, index in zip(columns, chosen, strict=True)
    }


def example_text(case: Mapping[str, Value]) -> str:
    """A case in one line: ``age = 17, kind = "company"``."""
    return ", ".join(f"{name} = {literal(value)}" for name, value in case.items())


def readable(column: Column, indexes: Sequence[int]) -> int:
    """The bin whose value reads best: not null, and no made-up text if there is another."""
    return min(
        indexes,
        key=lambda i: (i == column.null, column.bins[i].axis == "string" and _is_open(column, i)
                       and column.bins[i].value != "other", i),
    )  # fmt: skip


def box_text(columns: Sequence[Column], box: Sequence[Sequence[int]]) -> str:
    """The box as conditions, without the columns it holds whole; '' when it is everything."""
    parts = [
        f"{column.text} in {region_text(column, indexes)}"
        for column, indexes in zip(columns, box, strict=True)
        if len(indexes) < len(column.asked)
    ]
    return ", ".join(parts)


def region_text(column: Column, indexes: Sequence[int]) -> str:
    """A set of bins as a FEEL cell writes it."""
    chosen = set(indexes)
    others = [i for i in range(column.null) if _is_open(column, i)]
    texts = [i for i in others if column.bins[i].axis == "string"]
    if texts and len(texts) == len(others) and chosen.issuperset(texts):
        missing = [i for i in range(column.null) if i not in chosen]
        if missing:
            listed = ", ".join(literal(column.bins[i].value) for i in missing[:_MOST_PARTS])
            return f"not({listed}{', ...' if len(missing) > _MOST_PARTS else ''})"
    parts = [_run_text(column, first, last) for first, last in _runs(column, sorted(chosen))]
    shown = ", ".join(parts[:_MOST_PARTS])
    return f"{shown}, ..." if len(parts) > _MOST_PARTS else shown


def _is_open(column: Column, index: int) -> bool:
    stretch = column.bins[index].stretch
    return stretch is not None and (stretch.low is None or stretch.low != stretch.high)


def _runs(column: Column, indexes: list[int]) -> list[tuple[int, int]]:
    """Neighbours on one line together, unless they are single values of no order."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index - 1 and _touch(column, index - 1, index):
            runs[-1] = runs[-1][0], index
        else:
            runs.append((index, index))
    return runs


def _touch(column: Column, left: int, right: int) -> bool:
    low, high = column.bins[left], column.bins[right]
    if low.axis is None or low.axis != high.axis or low.stretch is None or high.stretch is None:
        return False
    closed = low.stretch.high_closed != high.stretch.low_closed
    return low.stretch.high == high.stretch.low and closed


def _run_text(column: Column, first: int, last: int) -> str:
    low, high = column.bins[first].stretch, column.bins[last].stretch
    if low is None or high is None or column.bins[first].axis == "boolean":
        return literal(column.bins[first].value)
    if first == last and low.low is not None and low.low == low.high:
        return literal(column.bins[first].value)
    start, end = _end_text(column, first, last=False), _end_text(column, last, last=True)
    if low.low is None and high.high is None:
        return "-"
    if low.low is None:
        return f"{'<=' if high.high_closed else '<'} {end}"
    if high.high is None:
        return f"{'>=' if low.low_closed else '>'} {start}"
    return f"{'[' if low.low_closed else '('}{start}..{end}{']' if high.high_closed else ')'}"


def _end_text(column: Column, index: int, *, last: bool) -> str:
    """The bound of a bin: the value of the cut beside it."""
    here = column.bins[index]
    if here.stretch is None:
        return ""
    point = here.stretch.high if last else here.stretch.low
    if point is None:
        return ""
    return literal(value_at(here.axis or "", point))
