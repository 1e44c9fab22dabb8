"""The words of the API in JSON: money, rates, days, errors, and how our values become them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tael.kernel import Day, Money, Rate

_MOST_MINOR = 10**15
_DAY = r"^(19|20)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"

# Days of contracts and decimal numbers travel as text, so that no client reads them as floats.
DayText = Annotated[str, Field(pattern=_DAY, examples=["2026-01-31"])]
DecimalText = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["0.18"])]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, hexadecimal")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,64}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["CNY"])]
# What is no control character: neither a database nor a log takes those.
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)]
FullLine = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
                                min_length=1, max_length=200)]  # fmt: skip


class Strict(BaseModel):
    """What a caller sends: nothing is converted, nothing unknown is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Amount(BaseModel):
    """Money: whole minor units (fen, cents) of one ISO 4217 currency."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    minor: int = Field(examples=[12000000])
    currency: Currency

    @classmethod
    def of(cls, money: Money) -> Amount:
        return cls(minor=money.minor, currency=money.currency)


class Sum(Strict):
    """An amount above zero."""

    minor: int = Field(ge=1, le=_MOST_MINOR, examples=[12000000])
    currency: Currency

    def money(self) -> Money:
        """The same as Money.

        Raises:
            BadInput: the currency is not known.
        """
        return Money(self.minor, self.currency)


class Problem(BaseModel):
    """What went wrong; ``reference`` finds it in the log."""

    code: str
    message: str
    field: str | None
    row: int | None
    rule: str | None
    retryable: bool
    reference: str


class Error(BaseModel):
    """The one shape of an error."""

    error: Problem


_MEANINGS = {
    400: "the body cannot be read",
    401: "nobody knows the caller: no key or session, or one that ended",
    403: "the caller may not",
    404: "no such thing, or none the caller may see",
    409: "the state does not allow it, it was refused, or the idempotency key was used otherwise",
    413: "the body is larger than 1 MiB",
    422: "the input breaks a rule: `field` and `rule` name it",
    429: "too many requests: `Retry-After` says in how many seconds",
    500: "our fault",
    503: "the outside world is away: the same request may succeed later",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Error, "description": meaning} for status, meaning in _MEANINGS.items()
}


def json_of(value: object) -> JsonValue:
    """A value of ours as JSON: money as minor units, rates and decimals as text, days ISO."""
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if isinstance(value, Rate):
        return f"{value.fraction:f}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {str(name): json_of(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_of(inner) for inner in value]
    return value if isinstance(value, bool | int | None) else str(value)


def day(text: str, field: str) -> Day:
    """The day ``text``.

    Raises:
        BadInput: no calendar has it.
    """
    return Day.parse(text, field=field)
