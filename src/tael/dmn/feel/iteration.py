"""What ``for``, ``some`` and ``every`` go through (DMN 1.5 clause 10.3.2.14)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.temporal import Date, date_at
from tael.dmn.feel.values import Range, Value, kind

_LONGEST = 1_000_000


def spanned(low: Value, high: Value) -> tuple[Value, ...]:
    """Every whole number, or every day, from one end to the other, up or down."""
    if isinstance(low, Date) and isinstance(high, Date):
        return tuple(date_at(day) for day in _steps(low.ordinal, high.ordinal))
    if not isinstance(low, Decimal) or not isinstance(high, Decimal):
        raise Nothing(f"nothing is iterated from a {kind(low)} to a {kind(high)}")
    if low != low.to_integral_value() or high != high.to_integral_value():
        raise Nothing("an iteration runs between whole numbers")
    return tuple(Decimal(i) for i in _steps(int(low), int(high)))


def iterated(source: Value) -> Iterator[Value]:
    """The items of a list, the members of a range, or the one value itself."""
    if isinstance(source, tuple):
        yield from source
    elif isinstance(source, Range):
        yield from _members(source)
    elif source is None:
        raise Nothing("null cannot be iterated")
    else:
        yield source


def _members(bounds: Range) -> tuple[Value, ...]:
    low, high = bounds.low, bounds.high
    ends = (low.ordinal, high.ordinal) if isinstance(low, Date) and isinstance(high, Date) else None
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        ends = int(low), int(high)
    if ends is None or ends[0] > ends[1]:
        raise Nothing("a range that is iterated has whole numbers or dates, the lower one first")
    members = spanned(low, high)
    return members[not bounds.low_closed : len(members) - (not bounds.high_closed)]


def _steps(low: int, high: int) -> range:
    if abs(high - low) > _LONGEST:
        raise Nothing(f"an iteration takes at most {_LONGEST} steps")
    step = 1 if low <= high else -1
    return range(low, high + step, step)
