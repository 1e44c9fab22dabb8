"""From decimals that a file keeps as floats to whole minor units, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

_MINOR = 100
_MOST = 2**53 // _MINOR  # beyond it a float no longer tells one hundredth from the next


def minor_units(column: pa.ChunkedArray) -> pa.Array:
    """``column`` (float64, in major units) as int64 hundredths, null where it is no such decimal.

    A float passes only if it is the very float that a decimal with two digits is read as: dividing
    the whole number by 100 rounds once, to the nearest float, so getting the same float back proves
    that ``Decimal(repr(x)) * 100`` is that whole number. Nothing is rounded into place; what fails
    is null and is set aside when packed.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    values: NDArray[np.float64] = column.cast("float64").fill_null(np.nan).to_numpy()
    within = np.abs(values) < _MOST  # False for NaN and the infinities
    whole = np.rint(np.where(within, values, 0.0) * _MINOR)
    exact = within & (whole / _MINOR == values)
    return pa.array(whole.astype(np.int64), pa.int64(), mask=~exact)
