"""Tiers R1 to R7 on a geometric scale of the probability of default."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tael.kernel import BadInput, Rate

# Upper bounds of R1..R6, each twice the one before; above the last is R7.
TIER_BOUNDS = tuple(
    Rate(Decimal(text)) for text in ("0.005", "0.01", "0.02", "0.04", "0.08", "0.16")
)


def tier(pd: Rate, bounds: Sequence[Rate] = TIER_BOUNDS) -> int:
    """The tier of a 12-month probability of default: 1 (best) to ``len(bounds) + 1``.

    A probability equal to a bound still belongs to the better tier. The default bounds are 0.5, 1,
    2, 4, 8 and 16 per cent.

    Raises:
        BadInput: not a probability.
    """
    if not 0 <= pd.fraction <= 1:
        raise BadInput(f"{pd} is not a probability", field="pd", rule="between 0 and 1")
    return 1 + sum(pd > bound for bound in bounds)


def geometric_bounds(first: Rate, last: Rate, count: int = 6) -> tuple[Rate, ...]:
    """``count`` upper bounds from ``first`` to ``last``, each the same multiple of the one before.

    For a book whose bad rates do not fit the default scale, such as a charge-off over a whole life.

    Raises:
        BadInput: bounds that are not 0 < first < last < 1.
    """
    if not 0 < first.fraction < last.fraction < 1 or count < 2:  # noqa: PLR2004 - two ends
        raise BadInput(
            "bounds rise from above 0 to below 1", field="bounds", rule="0 < first < last < 1"
        )
    ratio = (last.fraction / first.fraction) ** (Decimal(1) / (count - 1))
    inner = [(first.fraction * ratio**i).quantize(Decimal("0.000001")) for i in range(1, count - 1)]
    return (first, *(Rate(bound) for bound in inner), last)
