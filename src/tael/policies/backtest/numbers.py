"""Exact numbers in columns: Arrow decimals as whole units, and money in integers that round once.

A number is an int64 of units of ten to the minus ``scale``. What needs more is marked ``wide``, and
whoever reads the column decides those rows one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Whole: TypeAlias = npt.NDArray[np.int64]
Truths: TypeAlias = npt.NDArray[np.bool_]

BILLION = 10**9  # rates and probabilities are counted in billionths
_HALF = BILLION // 2
_LOW_BITS = 20
_EXACT_DOUBLES = 2**53
_LIMIT = 2**62
_MOST_SCALE = 18


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """A column of exact numbers.

    Attributes:
        values: int64 [rows], of 10 ** -scale; 0 where ``missing`` or ``wide``.
        scale: digits after the point.
        missing: bool [rows], null in the column.
        wide: bool [rows], not null and too long for 62 bits.
    """

    values: Whole
    scale: int
    missing: Truths
    wide: Truths

    @property
    def most(self) -> int:
        """The largest size in the column."""
        return int(np.max(np.abs(self.values), initial=0))

    def scaled(self, factor: int) -> Whole | None:
        """Each value times ``factor``, exactly; None when that needs more than 62 bits."""
        return None if self.most * abs(factor) >= _LIMIT else self.values * factor


def units_of(column: Any) -> Units | None:
    """The numbers of an Arrow array of integers or decimals; None for another type."""
    kind = column.type
    missing = _missing(column)
    if pa.types.is_integer(kind) and kind != pa.uint64():
        values = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        wide = np.abs(values) >= _LIMIT
        return Units(np.where(wide, 0, values), 0, missing, wide)
    if pa.types.is_decimal128(kind) and 0 <= kind.scale <= _MOST_SCALE:
        return _decimals(column, missing)
    return None


def _decimals(column: Any, missing: Truths) -> Units:
    """The lower eight bytes of each decimal; the upper ones must only repeat the sign."""
    data = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)
    data = data[column.offset : column.offset + len(column)]
    low, high = np.ascontiguousarray(data[:, 0]), data[:, 1]
    wide = ((high != low >> 63) | (low >= _LIMIT) | (low <= -_LIMIT)) & ~missing
    hidden = wide | missing
    return Units(
        np.where(hidden, 0, low) if hidden.any() else low, column.type.scale, missing, wide
    )


def _missing(column: Any) -> Truths:
    if not column.null_count:
        return np.zeros(len(column), np.bool_)
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))


def whole_and_scale(number: Decimal) -> tuple[int, int]:
    """``number`` as an integer and the digits after its point, both as small as they go."""
    scale = 0
    while number != number.to_integral_value():
        number, scale = number.scaleb(1), scale + 1
    return int(number), scale


def billionths(number: Decimal) -> int:
    """A rate or probability in billionths, half-even."""
    return int(number.scaleb(9).to_integral_value())


def share_of(amount: Whole, rate: Whole | int) -> Whole:
    """``amount`` times ``rate`` billionths, rounded half up to a whole unit; exact in between.

    Amounts up to 2 ** 40 and rates from 0 to 4: the product is taken in two parts, for it does not
    fit into 64 bits.
    """
    high, low = amount >> _LOW_BITS, amount & ((1 << _LOW_BITS) - 1)
    upper = high * rate
    quotient = upper // BILLION
    rest = ((upper - quotient * BILLION) << _LOW_BITS) + low * rate + _HALF
    found: Whole = (quotient << _LOW_BITS) + rest // BILLION
    return found


def exact_sum(values: Whole) -> int:
    """The sum as an integer of any size."""
    high, low = values >> _LOW_BITS, values & ((1 << _LOW_BITS) - 1)
    return (int(high.sum()) << _LOW_BITS) + int(low.sum())


def sums_by(groups: Whole, values: Whole, count: int) -> Whole:
    """int64 [count]: the sum of ``values`` of each group, exactly.

    ``bincount`` adds doubles, which are exact below 2 ** 53: where sums may be larger, each half of
    a value is added by itself.
    """
    if int(np.abs(values).max(initial=0)) * len(values) < _EXACT_DOUBLES:
        return np.bincount(groups, values, count).astype(np.int64)
    high = np.bincount(groups, values >> _LOW_BITS, count).astype(np.int64)
    low = np.bincount(groups, values & ((1 << _LOW_BITS) - 1), count).astype(np.int64)
    found: Whole = (high << _LOW_BITS) + low
    return found
