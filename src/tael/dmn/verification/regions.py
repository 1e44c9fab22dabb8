"""Bins in words and examples: a set of bins as FEEL text, a value of it, a box as a condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tael.dmn.feel.durations import DaysDuration, MonthsDuration
from tael.dmn.feel.temporal import Date, DateTime, Time
from tael.dmn.feel.text import inner_text
from tael.dmn.feel.values import Value
from tael.dmn.verification.geometry import Bin, Column
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


def readable(column: Column, indexes: Iterable[int]) -> int:
    """The bin whose value reads best: not null, and no made-up text if there is another."""
    spare: int | None = None
    for index in indexes:
        each = column.bins[index]
        made_up = each.axis == "string" and _is_open(each) and each.value != "other"
        if index != column.null and not made_up:
            return index
        if spare is None or spare == column.null:
            spare = index
    return column.null if spare is None else spare


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
    if column.bins.axes == {"string"}:
        chosen = set(indexes)
        missing = [i for i in range(column.null) if i not in chosen]
        if missing and not any(_is_open(column.bins[i]) for i in missing):
            listed = ", ".join(literal(column.bins[i].value) for i in missing[:_MOST_PARTS])
            return f"not({listed}{', ...' if len(missing) > _MOST_PARTS else ''})"
    parts = [_run_text(column, first, last) for first, last in _runs(column, sorted(indexes))]
    shown = ", ".join(parts[:_MOST_PARTS])
    return f"{shown}, ..." if len(parts) > _MOST_PARTS else shown


def _is_open(each: Bin) -> bool:
    stretch = each.stretch
    return stretch is not None and (stretch.low is None or stretch.low != stretch.high)


def _runs(column: Column, indexes: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours together, as far as they touch on one line."""
    breaks = column.bins.breaks
    runs: list[tuple[int, int]] = []
    begin = end = -2
    for index in indexes:
        if index == end + 1 and end not in breaks and index != column.null:
            end = index
            continue
        if begin >= 0:
            runs.append((begin, end))
        begin = end = index
    return [*runs, (begin, end)] if begin >= 0 else runs


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
