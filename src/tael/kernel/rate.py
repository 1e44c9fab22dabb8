"""A rate: a fraction of one, exact. ``Rate.percent("18")`` is 0.18."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from tael.kernel.errors import BadInput

_PROBABILITY_DIGITS = Decimal("0.000000001")


@dataclass(frozen=True, slots=True, order=True)
class Rate:
    """A Decimal fraction (0.18 for 18 %). What it is a rate *of*, and per what, its name says."""

    fraction: Decimal

    def __post_init__(self) -> None:
        if not isinstance(self.fraction, Decimal) or not self.fraction.is_finite():
            raise BadInput(
                f"a rate is a finite Decimal, not {self.fraction!r}",
                field="rate",
                rule="finite Decimal fraction",
            )

    @classmethod
    def zero(cls) -> Rate:
        return cls(Decimal(0))

    @classmethod
    def percent(cls, text: str | int | Decimal, *, field: str = "rate") -> Rate:
        """Read ``"18"`` or ``"3.45"`` as per cent.

        Raises:
            BadInput: not a number.
        """
        try:
            return cls(Decimal(str(text).strip()) / 100)
        except InvalidOperation:
            raise BadInput(
                f"{text!r} is not a percentage; write it like 3.45",
                field=field,
                rule="decimal number of per cent",
            ) from None

    @classmethod
    def from_probability(cls, probability: float) -> Rate:
        """The one door through which a float of a model becomes exact: nine digits, half-even.

        Raises:
            BadInput: not a probability.
        """
        if not math.isfinite(probability) or not 0 <= probability <= 1:
            raise BadInput(
                f"{probability!r} is not a probability",
                field="probability",
                rule="between 0 and 1",
            )
        return cls(Decimal(repr(float(probability))).quantize(_PROBABILITY_DIGITS))

    def as_percent(self) -> Decimal:
        return self.fraction * 100

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.fraction + other.fraction)

    def __sub__(self, other: Rate) -> Rate:
        return Rate(self.fraction - other.fraction)

    def __str__(self) -> str:
        return f"{(self.fraction * 100).normalize():f}%"
