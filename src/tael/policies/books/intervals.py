"""A share with what chance leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tael.policies.intervals import wilson

_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole`` as fractions of one, six digits; None where ``whole`` is nothing."""

    part: int
    whole: int
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None


def share(part: int, whole: int) -> Share:
    """A proportion with its 95 % interval (``wilson``)."""
    if whole == 0:
        return Share(part, whole, None, None, None)
    low, high = wilson(part, whole)
    return Share(part, whole, ratio(part, whole), _six(Decimal(low)), _six(Decimal(high)))


def ratio(part: int, whole: int) -> Decimal | None:
    """``part / whole`` with six digits; None where ``whole`` is nothing."""
    return _six(Decimal(part) / whole) if whole else None


def _six(value: Decimal) -> Decimal:
    return value.quantize(_DIGITS)
