"""Facts: what one room tells the others, frozen, written to the outbox with the change itself.

A fact carries ids, days and amounts, never a row object and never a personal datum. Its name is
its kind on the wire; a field is only ever added, with a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import NoneType
from typing import Any, get_args, get_type_hints

from tael.kernel.day import Day
from tael.kernel.errors import BadInput
from tael.kernel.ids import (
    ApplicationId,
    ContractId,
    DecisionId,
    Id,
    LoanId,
    OfferId,
    PartnerId,
    PartyId,
)
from tael.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The common part: ``stream`` orders facts, those of one stream are delivered in order."""

    stream: str
    day: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSubmitted(Fact):
    application_id: ApplicationId
    applicant_id: PartyId
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade(Fact):
    application_id: ApplicationId
    decision_id: DecisionId
    outcome: str
    tier: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswered(Fact):
    application_id: ApplicationId
    partner_id: PartnerId
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted(Fact):
    application_id: ApplicationId
    offer_id: OfferId
    contract_id: ContractId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanDisbursed(Fact):
    loan_id: LoanId
    application_id: ApplicationId
    partner_id: PartnerId
    principal: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReceived(Fact):
    loan_id: LoanId
    amount: Money
    principal: Money
    balance: Money
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReversed(Fact):
    loan_id: LoanId
    amount: Money
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationClaimed(Fact):
    loan_id: LoanId
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanCompensated(Fact):
    loan_id: LoanId
    amount: Money
    principal: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReceived(Fact):
    loan_id: LoanId
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanWrittenOff(Fact):
    loan_id: LoanId
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanSettled(Fact):
    loan_id: LoanId


_PLAIN = (str, int, bool)
_KINDS: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (
        ApplicationSubmitted,
        DecisionMade,
        BankAnswered,
        OfferAccepted,
        LoanDisbursed,
        RepaymentReceived,
        RepaymentReversed,
        CompensationClaimed,
        LoanCompensated,
        RecoveryReceived,
        LoanWrittenOff,
        LoanSettled,
    )
}


def to_json(fact: Fact) -> dict[str, Any]:
    """``fact`` as JSON values: its kind and fields; money in minor units, days as ISO text."""
    values = {part.name: _out(getattr(fact, part.name)) for part in fields(fact)}
    return {"kind": type(fact).__name__, **values}


def from_json(data: Mapping[str, Any]) -> Fact:
    """The fact that ``to_json`` wrote, now or when the kind had fewer fields.

    Raises:
        BadInput: a kind nobody knows, or a missing or malformed field.
    """
    kind = _KINDS.get(str(data.get("kind")))
    if kind is None:
        text = f"unknown kind of fact {data.get('kind')!r}"
        raise BadInput(text, field="kind", rule="a known fact")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for part in fields(kind):
        if part.name in data:
            values[part.name] = _in(hints[part.name], data[part.name], part.name)
        elif part.default is MISSING:
            text = f"{kind.__name__} lacks {part.name!r}"
            raise BadInput(text, field=part.name, rule="every field without a default")
    return kind(**values)


def _out(value: object) -> object:
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    return value.isoformat() if isinstance(value, Day) else value


def _in(kind: Any, value: Any, field: str) -> object:
    members = get_args(kind)
    if members:
        if value is None and NoneType in members:
            return None
        kind = next(member for member in members if member is not NoneType)
    if kind is Money and isinstance(value, Mapping):
        return Money(value.get("minor"), str(value.get("currency")))  # type: ignore[arg-type]
    if kind is Day and isinstance(value, str):
        return Day.parse(value, field=field)
    if issubclass(kind, Id) and isinstance(value, str):
        return kind.parse(value, field=field)
    if kind in _PLAIN and type(value) is kind:
        return value
    text = f"{value!r} is not a {kind.__name__}"
    raise BadInput(text, field=field, rule=f"a {kind.__name__} as to_json writes it")
