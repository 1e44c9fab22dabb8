"""Internal rate of return in Decimal, by a bracket that only ever shrinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext

from tael.kernel import BadInput, Refusal
from tael.pricing.refusals import NO_IRR

_PRECISION = 40
_TOLERANCE = Decimal("1E-24")
_LOWEST = Decimal("-0.999")
_HIGHEST = Decimal("1E7")
_GRID_RATIO = Decimal("1.03")
_GRID_STEPS = 700
_MOST_ROUNDS = 400

Npv = Callable[[Decimal], Decimal]


def irr(flows: Sequence[Decimal], times: Sequence[Decimal] | None = None) -> Decimal | Refusal:
    """The rate per period at which ``flows`` are worth nothing: ``sum(flow / (1 + i) ** t) = 0``.

    ``times`` are in periods (default 0, 1, 2, ...). Where several rates do it, the one nearest to
    zero is given. Found by bracketing and bisection with secant steps, so it neither diverges nor
    depends on a guess; exact to 24 digits.

    Refusals:
        no_irr: every flow has the same sign, or no rate between -99.9 % and ten million does it.

    Raises:
        BadInput: fewer than two flows, or times of another length.
    """
    if len(flows) < 2:  # noqa: PLR2004 - two flows make a loan
        raise BadInput("one flow has no rate", field="flows", rule="at least two")
    if times is not None and len(times) != len(flows):
        raise BadInput(
            f"{len(times)} times for {len(flows)} flows", field="times", rule="one for each flow"
        )
    if not (any(f > 0 for f in flows) and any(f < 0 for f in flows)):
        return Refusal(NO_IRR, {"reason": "all flows have one sign"})
    with localcontext() as context:
        context.prec = _PRECISION
        worth = _npv(list(flows), times)
        bracket = _bracket(worth)
        if bracket is None:
            return Refusal(NO_IRR, {"reason": "no rate balances the flows"})
        return _root(worth, *bracket)


def _npv(flows: list[Decimal], times: Sequence[Decimal] | None) -> Npv:
    if times is not None and any(t != i for i, t in enumerate(times)):
        pairs = list(zip(flows, times, strict=True))
        return lambda rate: sum((flow * (1 + rate) ** -time for flow, time in pairs), Decimal(0))
    backwards = flows[::-1]

    def by_periods(rate: Decimal) -> Decimal:
        discount, worth = 1 / (1 + rate), Decimal(0)
        for flow in backwards:
            worth = worth * discount + flow
        return worth

    return by_periods


def _bracket(worth: Npv) -> tuple[Decimal, Decimal] | None:
    """The change of sign nearest to zero, walking outward on both sides in growing steps."""
    at_zero = worth(Decimal(0))
    if at_zero == 0:
        return Decimal(0), Decimal(0)
    growth, up, down = Decimal("0.001"), Decimal(0), Decimal(0)
    up_worth = down_worth = at_zero
    for _ in range(_GRID_STEPS):
        higher, lower = up + growth, max(_LOWEST, 1 / (1 + up + growth) - 1)
        if up < _HIGHEST:
            higher_worth = worth(higher)
            if (higher_worth > 0) != (up_worth > 0):
                return up, higher
            up, up_worth = higher, higher_worth
        if lower < down:
            lower_worth = worth(lower)
            if (lower_worth > 0) != (down_worth > 0):
                return lower, down
            down, down_worth = lower, lower_worth
        growth = growth * _GRID_RATIO
    return None


def _root(worth: Npv, low: Decimal, high: Decimal) -> Decimal:
    """Illinois steps inside the bracket, a bisection whenever one of them does not halve it."""
    low_worth, high_worth = worth(low), worth(high)
    for _ in range(_MOST_ROUNDS):
        width = high - low
        if width <= _TOLERANCE or low_worth == high_worth:
            break
        guess = high - high_worth * width / (high_worth - low_worth)
        for middle in (guess, (low + high) / 2):
            if high - low <= width / 2 or not low < middle < high:
                continue
            value = worth(middle)
            if value == 0:
                return middle
            if (value > 0) == (low_worth > 0):
                low, low_worth = middle, value
            else:
                high, high_worth = middle, value
    return (low + high) / 2
