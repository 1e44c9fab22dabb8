"""Facts: what one room tells the others, frozen, written to the outbox with the change itself.

A fact carries ids, days and amounts, never a row object and never a personal datum. Its name is
its kind on the wire; a field is only ever added, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, get_type_hints

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReversed(Fact):
    loan_id: LoanId
    amount: Money


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
    """``fact`` as JSON values: kind and fields; money as minor units and currency, days as ISO text."""
    return {"kind": type(fact).__name__} | {f.name: _out(getattr(fact, f.name)) for f in fields(fact)}


def from_json(data: dict[str, Any]) -> Fact:
    """The fact that ``to_json`` wrote.

    Raises:
        BadInput: a kind nobody knows, or a missing or malformed field.
    """
    kind = _KINDS.get(str(data.get("kind")))
    if kind is None:
        raise BadInput(f"unknown kind of fact {data.get('kind')!r}", field="kind", rule="a known fact")
    hints = get_type_hints(kind)
    try:
        return kind(**{f.name: _in(hints[f.name], data[f.name]) for f in fields(kind)})
    except KeyError as missing:
        raise BadInput(
            f"{kind.__name__} lacks {missing.args[0]!r}", field=str(missing.args[0]), rule="every field"
        ) from None


def _out(value: object) -> object:
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    return value.isoformat() if isinstance(value, Day) else value


def _in(kind: Any, value: Any) -> object:
    if kind is Money:
        return Money(value["minor"], value["currency"])
    if kind is Day:
        return Day.parse(value)
    if isinstance(kind, type) and issubclass(kind, Id):
        return kind.parse(value)
    return value
