"""Ids that carry their kind and sort by time: ``loan_01jd...`` (UUIDv7, RFC 9562, in base 32).

We create an id before the first write, so it serves as the idempotency key of that write.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

from tael.kernel.clock import aware
from tael.kernel.errors import BadInput, check

# Crockford's alphabet in lower case: no i, l, o, u; its order is the order of the digits.
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_BODY_LENGTH = 26
_RANDOM_BITS = 74
_LARGEST = 1 << 128
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Id(str):
    """A text of a kind's prefix, ``_`` and 26 digits. Compare, sort, store and print it as text."""

    __slots__ = ()
    prefix: ClassVar[str] = ""

    @classmethod
    def new(cls, at: datetime) -> Self:
        """A fresh id of instant ``at`` (aware), the rest random."""
        return cls._build(at, secrets.randbits(_RANDOM_BITS))

    @classmethod
    def first(cls, at: datetime) -> Self:
        """The least id of instant ``at``: where those that were made from then on begin."""
        return cls._build(at, 0)

    @classmethod
    def derive(cls, at: datetime, *parts: str | int) -> Self:
        """The id that ``at`` and ``parts`` always give: a retried command names its outcome so."""
        text = "\x1f".join(str(part) for part in (cls.prefix, *parts))
        digest = hashlib.sha256(text.encode()).digest()
        return cls._build(at, int.from_bytes(digest, "big") >> (256 - _RANDOM_BITS))

    @classmethod
    def parse(cls, text: str, *, field: str | None = None) -> Self:
        """Read an id of this kind.

        Raises:
            BadInput: another kind's id, or none.
        """
        head, _, body = text.partition("_")
        good = len(body) == _BODY_LENGTH and all(digit in _VALUES for digit in body)
        if head != cls.prefix or not good or body[0] > "7":
            raise BadInput(
                f"{text!r} is not a {cls.__name__}; one looks like {cls.prefix}_ and 26 digits",
                field=field or cls.prefix,
                rule=f"id of kind {cls.prefix}",
            ).telling("not_an_id", text=text)
        return cls(text)

    @classmethod
    def _build(cls, at: datetime, random_bits: int) -> Self:
        milliseconds = (aware(at) - _EPOCH) // _MILLISECOND
        value = milliseconds << 80 | 0x7 << 76
        value |= (random_bits >> 62) << 64 | 0b10 << 62 | random_bits & ((1 << 62) - 1)
        check(0 <= value < _LARGEST, "an id has 128 bits")
        body = "".join(_DIGITS[value >> shift & 31] for shift in range(125, -1, -5))
        return cls(f"{cls.prefix}_{body}")


class PartyId(Id):
    prefix = "party"


class GroupId(Id):
    prefix = "group"


class ConsentId(Id):
    prefix = "consent"


class ApplicationId(Id):
    prefix = "app"


class DecisionId(Id):
    prefix = "dec"


class OfferId(Id):
    prefix = "offer"


class ContractId(Id):
    prefix = "contract"


class LoanId(Id):
    prefix = "loan"


class PartnerId(Id):
    prefix = "partner"


class AgreementId(Id):
    prefix = "agr"


class ReservationId(Id):
    prefix = "rsv"


class EntryId(Id):
    prefix = "entry"


class HoldId(Id):
    prefix = "hold"


class EventId(Id):
    prefix = "event"


class UserId(Id):
    prefix = "user"


class SessionId(Id):
    prefix = "session"


class ApiKeyId(Id):
    prefix = "key"


class FactId(Id):
    prefix = "fact"


class JobId(Id):
    prefix = "job"


class VersionId(Id):
    prefix = "ver"


class DocumentId(Id):
    prefix = "doc"


class AuditId(Id):
    prefix = "audit"
