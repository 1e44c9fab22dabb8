"""A share with what chance leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_Z = Decimal("1.959963984540054")
_DIGITS = Decimal("0.000001")
_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole`` as fractions of one, six digits; None where ``whole`` is nothing."""

    part: int
    whole: int
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None


def share(part: int, whole: int) -> Share:
    """A proportion with its 95 % interval.

    Wilson's score interval (Journal of the American Statistical Association 22, 1927, p. 209),
    which holds for small counts and for shares near nothing.
    """
    if whole == 0:
        return Share(part, whole, None, None, None)
    n, p, z2 = Decimal(whole), Decimal(part) / whole, _Z * _Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * (p * (1 - p) / n + z2 / (4 * n * n)).sqrt() / (1 + z2 / n)
    low, high = max(_ZERO, middle - half), min(_ONE, middle + half)
    return Share(part, whole, _six(p), _six(low), _six(high))


def ratio(part: int, whole: int) -> Decimal | None:
    """``part / whole`` with six digits; None where ``whole`` is nothing."""
    return _six(Decimal(part) / whole) if whole else None


def _six(value: Decimal) -> Decimal:
    return value.quantize(_DIGITS)
