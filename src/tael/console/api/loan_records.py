"""How a loan, its instalments, entries and events stand in JSON."""

from __future__ import annotations

from dataclasses import fields

from pydantic import BaseModel, JsonValue

from tael.console.api.schemas import Amount, json_of
from tael.ledger import RecordedEntry
from tael.servicing import LoanHeader, LoanState, LoanStatus


class LoanOut(BaseModel):
    """A loan; what the caller may not see is left out. `dpd` counts calendar days past due."""

    id: str
    application_id: str
    state: LoanStatus
    principal: Amount
    balance: Amount
    day: str
    dpd: int
    next_due: str | None = None
    partner_id: str = ""
    agreement_id: str = ""
    product: str = ""
    channel: str = ""
    vintage: str = ""
    tier: int | None = None


class Booked(BaseModel):
    """A loan after an event; `key` names the event."""

    key: str
    loan: LoanOut


class RowOut(BaseModel):
    """One instalment and what has been paid on it."""

    number: int
    due: str
    principal: Amount
    bank_interest: Amount
    guarantee_fee: Amount
    paid_principal: Amount
    paid_interest: Amount
    paid_fee: Amount
    paid_penalty: Amount
    is_paid: bool


class Schedule(BaseModel):
    """The instalments of the version in force."""

    version: int
    items: list[RowOut]


class LineOut(BaseModel):
    """One side of an entry."""

    account: str
    side: str
    amount: Amount


class PostingOut(BaseModel):
    """A balanced entry of one book."""

    reference: str
    book: str
    owner: str
    basis: str
    event: str
    effective: str
    recorded: str
    corrects: str
    lines: list[LineOut]


class EventOut(BaseModel):
    """Something that happened to the loan; the other fields depend on its kind."""

    kind: str
    key: str
    day: str
    detail: dict[str, JsonValue]


class PayoffOut(BaseModel):
    """What settles a loan on a day."""

    loan_id: str
    day: str
    amount: Amount


def loan_record(state: LoanState, header: LoanHeader, dpd: int) -> dict[str, object]:
    contract = state.contract
    about = contract.dimensions
    unpaid = (row.due for row in state.rows if not row.is_paid)
    due = next(unpaid, None) if state.status is LoanStatus.ACTIVE else None
    return {
        "id": contract.loan_id,
        "application_id": header.application_id,
        "state": state.status.value,
        "principal": contract.schedule.terms.principal,
        "balance": state.outstanding,
        "day": contract.start,
        "dpd": dpd,
        "next_due": due,
        "partner_id": about.partner,
        "agreement_id": about.agreement,
        "product": about.product,
        "channel": about.channel,
        "vintage": about.vintage,
        "tier": header.tier,
    }


def row_out(row: object) -> RowOut:
    names = set(RowOut.model_fields)
    values = {name: json_of(getattr(row, name)) for name in names}
    return RowOut.model_validate(values)


def posting_out(one: RecordedEntry) -> PostingOut:
    entry = one.entry
    return PostingOut(
        reference=one.reference,
        book=entry.book,
        owner=entry.owner,
        basis=entry.basis.value,
        event=entry.event,
        effective=entry.effective.isoformat(),
        recorded=one.recorded.isoformat(),
        corrects=entry.corrects,
        lines=[
            LineOut(account=p.account, side=p.side.value, amount=Amount.of(p.amount))
            for p in entry.postings
        ],
    )


def event_out(event: object) -> EventOut:
    values = {name: json_of(getattr(event, name)) for name in _names(event)}
    kind, key, day = type(event).__name__, str(values.pop("key")), str(values.pop("day"))
    return EventOut(kind=kind, key=key, day=day, detail=values)


def _names(event: object) -> list[str]:
    return [one.name for one in fields(event)]  # type: ignore[arg-type]
