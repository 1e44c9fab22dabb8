"""Money in integers of the minor unit. Currencies never meet without an explicit exchange."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from enum import Enum

from tael.kernel.errors import BadInput, check

# ISO 4217 minor units. A currency that is not here is refused: a guess would move the point.
_MINOR_DIGITS = {"CNY": 2, "USD": 2, "EUR": 2, "GBP": 2, "HKD": 2, "SGD": 2, "JPY": 0, "KWD": 3}
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d+)?", re.ASCII)


class Rounding(Enum):
    """How a Decimal becomes whole minor units: contract data, for it changes cents."""

    HALF_EVEN = ROUND_HALF_EVEN
    HALF_UP = ROUND_HALF_UP
    DOWN = ROUND_DOWN
    UP = ROUND_CEILING


def minor_digits(currency: str) -> int:
    """Digits after the point of ``currency`` (ISO 4217).

    Raises:
        BadInput: the currency is not one Tael knows.
    """
    if currency not in _MINOR_DIGITS:
        known = ", ".join(sorted(_MINOR_DIGITS))
        raise BadInput(
            f"currency {currency!r} is not known; use one of {known}",
            field="currency",
            rule="ISO 4217 code with known minor units",
        )
    return _MINOR_DIGITS[currency]


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency, as whole minor units (fen, cents). May be negative.

    Args:
        minor: whole minor units; a float, a Decimal or a bool is refused.
        currency: ISO 4217 code.
    """

    minor: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise BadInput(
                f"an amount is a whole number of minor units, not {self.minor!r}",
                field="minor",
                rule="integer minor units",
            )
        minor_digits(self.currency)

    @classmethod
    def zero(cls, currency: str = "CNY") -> Money:
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str = "CNY", *, field: str = "amount") -> Money:
        """Read ``"1234.50"``: digits and one point, never more decimals than the currency has.

        Raises:
            BadInput: anything else, thousands separators and exponents included.
        """
        digits = minor_digits(currency)
        clean = text.strip()
        decimals = len(clean.partition(".")[2])
        if not _AMOUNT.fullmatch(clean) or decimals > digits:
            raise BadInput(
                f"{text!r} is not an amount in {currency}; write it like 1234"
                + ("." + "5" * digits if digits else ""),
                field=field,
                rule=f"digits with at most {digits} decimals",
            )
        return cls(int(Decimal(clean).scaleb(digits)), currency)

    @classmethod
    def of(
        cls, amount: Decimal, currency: str = "CNY", rounding: Rounding = Rounding.HALF_EVEN
    ) -> Money:
        """Round ``amount`` (major units) to the minor unit: the one place where money is rounded.

        Raises:
            BadInput: not a finite number.
        """
        if not amount.is_finite():
            raise BadInput(f"{amount} is no amount", field="amount", rule="a finite number")
        with localcontext() as context:
            context.prec = 60
            scaled = amount.scaleb(minor_digits(currency))
            return cls(int(scaled.quantize(Decimal(1), rounding=rounding.value)), currency)

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def times(self, factor: Decimal, rounding: Rounding = Rounding.HALF_EVEN) -> Money:
        """``factor`` times this amount, rounded once to the minor unit."""
        with localcontext() as context:
            context.prec = 60
            return Money.of(self.decimal() * factor, self.currency, rounding)

    def split(self, weights: Sequence[Decimal | int]) -> list[Money]:
        """Share the amount by ``weights`` with the largest remainder; the parts add up to it.

        Ties go to the earlier part, so the result does not depend on anything but the arguments.

        Raises:
            BadInput: no weight, a negative weight, or weights that are all zero.
        """
        exact = [Decimal(weight) for weight in weights]
        good = all(weight.is_finite() and weight >= 0 for weight in exact)
        if not good or not sum(exact):
            raise BadInput(
                "an amount is split by weights that are not negative and not all zero",
                field="weights",
                rule="non-negative, sum above zero",
            )
        parts = _largest_remainder(abs(self.minor), exact)
        sign = -1 if self.minor < 0 else 1
        shares = [Money(sign * part, self.currency) for part in parts]
        check(sum(share.minor for share in shares) == self.minor, "a split adds up to the whole")
        return shares

    def _same(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise BadInput(
                f"{self.currency} and {other.currency} do not meet without an exchange",
                code="currency_mismatch",
                field="currency",
                rule="one currency per sum",
            )
        return other

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.decimal():,} {self.currency}"


def total(amounts: Iterable[Money], currency: str = "CNY") -> Money:
    """Sum of ``amounts``, all of ``currency``; zero of ``currency`` when there are none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def _largest_remainder(whole: int, weights: Sequence[Decimal]) -> list[int]:
    with localcontext() as context:
        context.prec = 60
        weight_sum = sum(weights, Decimal(0))
        exact = [whole * weight / weight_sum for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: whole - sum(parts)]:
        parts[i] += 1
    return parts
