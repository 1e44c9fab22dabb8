"""Amounts, shares and intervals as the pages of a back-test write them."""

from __future__ import annotations

from decimal import Decimal

from tael.kernel import minor_digits
from tael.policies.intervals import wilson
from tael.report import Words

_CHINESE = ((10**8, "亿"), (10**4, "万"))
_ENGLISH = ((10**9, " bn"), (10**6, " m"), (10**3, "k"))
_LARGE, _MIDDLE = 100, 10


def amount(minor: int, currency: str) -> Words:
    """Minor units as a short amount: three or four digits in the unit that its size asks for."""
    major = Decimal(minor).scaleb(-minor_digits(currency))
    return Words(_short(major, _CHINESE), _short(major, _ENGLISH))


def _short(major: Decimal, units: tuple[tuple[int, str], ...]) -> str:
    for size, name in units:
        if abs(major) >= size:
            value = major / size
            digits = 0 if abs(value) >= _LARGE else 1 if abs(value) >= _MIDDLE else 2
            return f"{value:,.{digits}f}{name}"
    return f"{major:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    """A share in per cent; a dash for none."""
    return "–" if value is None else f"{value:.{digits}%}"


def interval(hits: int, rows: int) -> str:
    """Wilson's interval of 95 % of a share, in per cent; '' of no rows."""
    if not rows:
        return ""
    low, high = wilson(hits, rows)
    return f"{low:.2%}–{high:.2%}"


def thousandths(count: int) -> float:
    """A number of thousandths as a number."""
    return count / 1000
