"""What runs of cells say, aggregate by aggregate, for compiled loops: values and reasons.

The one place where whole numbers become floats: each result is one conversion of exact integers and
at most a division, a square root and a division more, in this order, with no function of libm.
Loops go over cells that lie together and choose without branches, so that processors take several
at once; a value is the same however many they take. ``n`` are the events of each cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.exact import less, product, signed_product, times_limbs, to_double
from tael.variables.kernel.sheet import NO_EVENT, UNDEFINED, VALUE

_SAFE = 4e18  # below 2^62: products whose estimate is below this are taken in 64 bits
_TWO_32 = 4294967296.0
_DAY, _DAY_S = 86400.0, 86_400
_HAS, _NONE, _NOT = np.uint8(VALUE), np.uint8(NO_EVENT), np.uint8(UNDEFINED)
Whole = NDArray[np.int64]
Row = tuple[NDArray[np.float64], NDArray[np.uint8]]  # values and reasons to write


@compiled
def count(x: Whole, row: Row) -> None:
    """Numbers and sums: of no event they are 0."""
    values, reasons = row
    for j in range(len(values)):
        values[j] = float(x[j])
        reasons[j] = _HAS


@compiled
def plain(n: Whole, x: Whole, sign: int, row: Row) -> None:
    """``sign`` times x."""
    values, reasons = row
    for j in range(len(values)):
        none = n[j] == 0
        values[j] = np.nan if none else float(sign * x[j])
        reasons[j] = _NONE if none else _HAS


@compiled
def mean(n: Whole, total: Whole, row: Row) -> None:
    values, reasons = row
    for j in range(len(values)):
        none = n[j] == 0
        value = float(total[j]) / float(n[j])
        values[j] = np.nan if none else value
        reasons[j] = _NONE if none else _HAS


@compiled
def last(n: Whole, newest: Whole, amounts: Whole, row: Row) -> None:
    """``newest`` are places of events, negative."""
    values, reasons = row
    for j in range(len(values)):
        none = n[j] == 0
        value = float(amounts[np.uint64(0) if none else np.uint64(-newest[j])])
        values[j] = np.nan if none else value
        reasons[j] = _NONE if none else _HAS


@compiled
def days_since(n: Whole, time: Whole, sign: int, asof: int, row: Row) -> None:
    """Days from an event to the as-of instant; ``time`` is ``sign`` times its second."""
    values, reasons = row
    for j in range(len(values)):
        none = n[j] == 0
        value = float(asof - sign * time[j]) / _DAY
        values[j] = np.nan if none else value
        reasons[j] = _NONE if none else _HAS


@compiled
def gap_mean(n: Whole, newest: Whole, oldest: Whole, row: Row) -> None:
    """Days between events, of the second of the newest and the negative one of the oldest."""
    values, reasons = row
    for j in range(len(values)):
        none = n[j] <= 1
        value = float(newest[j] + oldest[j]) / float(_DAY_S * (n[j] - 1))
        values[j] = np.nan if none else value
        reasons[j] = _HAS if not none else (_NONE if n[j] == 0 else _NOT)


@compiled
def deviation(n: Whole, moments: tuple[Whole, Whole, Whole], row: Row) -> None:
    """Of the sample: the root of (n·Σa² - (Σa)²) / (n·(n - 1)); ``moments`` Σa and Σa² in limbs."""
    values, reasons = row
    total, low, high = moments
    large = np.int64(0)
    for j in range(len(values)):
        estimate = float(n[j]) * (float(high[j]) * _TWO_32 + float(low[j]))
        large += np.int64(estimate >= _SAFE)
        spread = float(n[j] * ((high[j] << 32) + low[j]) - total[j] * total[j])
        value = np.sqrt(spread / float(n[j] * (n[j] - 1)))
        none = n[j] <= 1
        values[j] = np.nan if none else value
        reasons[j] = _HAS if not none else (_NONE if n[j] == 0 else _NOT)
    if large != 0:
        for j in range(len(values)):
            if n[j] > 1:
                spread = _spread(n[j], total[j], low[j], high[j])
                values[j] = np.sqrt(spread / float(n[j] * (n[j] - 1)))


@compiled
def variation(n: Whole, total: Whole, row: Row) -> None:
    """What `deviation` wrote over the size of the mean."""
    values, reasons = row
    for j in range(len(values)):
        value = values[j] / (float(abs(total[j])) / float(n[j]))
        none = (n[j] <= 1) | (total[j] == 0)
        values[j] = np.nan if none else value
        reasons[j] = _HAS if not none else (_NONE if n[j] == 0 else _NOT)


@compiled
def slope(n: Whole, days: tuple[Whole, Whole], amounts: tuple[Whole, Whole], row: Row) -> None:
    """Of least squares, amount a day, rising towards the as-of instant.

    (Σa·Σd - n·Σa·d) / (n·Σd² - (Σd)²) with d in days before the instant; ``days`` are Σd and Σd²,
    ``amounts`` Σa and Σa·d.
    """
    values, reasons = row
    (day, square), (total, moment) = days, amounts
    large = np.int64(0)
    for j in range(len(values)):
        large += np.int64(float(n[j]) * float(square[j]) >= _SAFE)
        large += np.int64(abs(float(total[j]) * float(day[j])) >= _SAFE)
        large += np.int64(abs(float(n[j]) * float(moment[j])) >= _SAFE)
        spread = float(n[j] * square[j] - day[j] * day[j])
        value = float(total[j] * day[j] - n[j] * moment[j]) / spread
        none = spread == 0.0
        values[j] = np.nan if none else value
        reasons[j] = _HAS if not none else (_NONE if n[j] == 0 else _NOT)
    if large != 0:
        for j in range(len(values)):
            if n[j] > 0:
                values[j], reasons[j] = _slope(n[j], (day[j], square[j]), (total[j], moment[j]))


@compiled
def velocity(x: Whole, n: Whole, y: Whole, row: Row) -> None:
    """Ratios to y, that of the next longer window, which has ``n`` events."""
    values, reasons = row
    for j in range(len(values)):
        none, zero = n[j] == 0, y[j] == 0
        value = float(x[j]) / float(y[j]) if x[j] != 0 else 0.0  # never -0.0
        values[j] = np.nan if none | zero else value
        reasons[j] = _NONE if none else (_NOT if zero else _HAS)


@compiled
def share(x: Whole, n: int, y: int, row: Row) -> None:
    """Shares of y, that of the filter they are a share of, which has ``n`` events in the window."""
    values, reasons = row
    if n == 0 or y == 0:
        values[:] = np.nan
        reasons[:] = _NONE if n == 0 else _NOT
        return
    whole = float(y)
    for j in range(len(values)):
        values[j] = float(x[j]) / whole if x[j] != 0 else 0.0  # never -0.0
        reasons[j] = _HAS


@inlined
def _spread(n: int, total: int, low: int, high: int) -> float:
    """n·Σa² - (Σa)², exact until it is rounded once."""
    if float(n) * (float(high) * _TWO_32 + float(low)) < _SAFE:
        return float(n * ((high << 32) + low) - total * total)
    size = np.uint64(abs(total))
    top, bottom = less(times_limbs(n, low, high), product(size, size))
    return to_double(top, bottom)


@inlined
def _slope(n: int, days: tuple[int, int], amounts: tuple[int, int]) -> tuple[float, np.uint8]:
    spread = _difference(n, days[1], days[0], days[0])
    if spread == 0.0:
        return np.nan, _NOT
    return _difference(amounts[0], days[0], n, amounts[1]) / spread, _HAS


@compiled
def _difference(a: int, b: int, c: int, d: int) -> float:
    """a·b - c·d, exact until it is rounded once."""
    if abs(float(a) * float(b)) < _SAFE and abs(float(c) * float(d)) < _SAFE:
        return float(a * b - c * d)
    top, bottom = less(signed_product(a, b), signed_product(c, d))
    return to_double(top, bottom)
