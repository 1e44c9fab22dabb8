"""Rows to values and back: the one place that knows both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tael.kernel import (
    ApplicationId,
    ConsentId,
    ContractId,
    Day,
    DecisionId,
    EventId,
    GroupId,
    Money,
    OfferId,
    PartnerId,
    PartyId,
    Rate,
)
from tael.origination.model import (
    Application,
    ApplicationState,
    Authorisation,
    Consent,
    ConsentState,
    Contract,
    ContractState,
    DataPull,
    Disclosure,
    Event,
    Lender,
    Member,
    Offer,
    OfferState,
    OfferTerms,
    Party,
    PartyKind,
    Request,
    Role,
)
from tael.origination.rules import terms_to_json, values_from_json, values_to_json
from tael.pricing import Component, DayCount, Method

Row = sa.RowMapping


def party_values(party: Party) -> dict[str, Any]:
    return {
        "id": party.id,
        "kind": party.kind.value,
        "region": party.region,
        "industry": party.industry,
        "created_at": party.created_at,
    }


def party(row: Row) -> Party:
    return Party(
        id=PartyId(row["id"]),
        kind=PartyKind(row["kind"]),
        region=row["region"],
        industry=row["industry"],
        created_at=_utc(row["created_at"]),
    )


def member_values(group_id: GroupId, member: Member) -> dict[str, Any]:
    return {
        "group_id": group_id,
        "party_id": member.party_id,
        "role": member.role.value,
        "since": member.since,
        "until": member.until,
    }


def member(row: Row) -> Member:
    until = None if row["until"] is None else Day.of(row["until"])
    return Member(PartyId(row["party_id"]), Role(row["role"]), Day.of(row["since"]), until)


def consent_values(consent: Consent) -> dict[str, Any]:
    terms = consent.authorisation
    return {
        "id": consent.id,
        "party_id": consent.party_id,
        "purpose": terms.purpose,
        "scope": sorted(terms.scope),
        "recipient": terms.recipient,
        "expires": terms.expires,
        "document_hash": terms.document_hash,
        "state": consent.state.value,
        "granted_at": consent.granted_at,
        "ended_at": consent.ended_at,
    }


def consent(row: Row) -> Consent:
    authorisation = Authorisation(
        purpose=row["purpose"],
        scope=frozenset(row["scope"]),
        recipient=row["recipient"],
        expires=Day.of(row["expires"]),
        document_hash=row["document_hash"],
    )
    return Consent(
        id=ConsentId(row["id"]),
        party_id=PartyId(row["party_id"]),
        authorisation=authorisation,
        state=ConsentState(row["state"]),
        granted_at=_utc(row["granted_at"]),
        ended_at=_utc_or_none(row["ended_at"]),
    )


def application_values(application: Application) -> dict[str, Any]:
    request, limit, bank = application.request, application.limit, application.bank_amount
    return {
        "id": application.id,
        "group_id": application.group_id,
        "applicant_id": application.applicant_id,
        "borrower_id": application.borrower_id,
        "amount_minor": request.amount.minor,
        "currency": request.amount.currency,
        "months": request.months,
        "method": request.method.value,
        "purpose": request.purpose,
        "channel": request.channel,
        "state": application.state.value,
        "created_at": application.created_at,
        "owner_id": application.owner_id,
        "consultant_id": application.consultant_id,
        "submitted_at": application.submitted_at,
        "decision_id": application.decision_id,
        "tier": application.tier,
        "limit_minor": None if limit is None else limit.minor,
        "partner_id": application.partner_id,
        "bank_amount_minor": None if bank is None else bank.minor,
        "banks_asked": list(application.banks_asked),
        "version": application.version,
    }


def application(row: Row) -> Application:
    currency = row["currency"]

    def amount(name: str) -> Money | None:
        return None if row[name] is None else Money(row[name], currency)

    return Application(
        id=ApplicationId(row["id"]),
        group_id=GroupId(row["group_id"]),
        applicant_id=PartyId(row["applicant_id"]),
        borrower_id=PartyId(row["borrower_id"]),
        request=Request(
            amount=Money(row["amount_minor"], currency),
            months=row["months"],
            method=Method(row["method"]),
            purpose=row["purpose"],
            channel=row["channel"],
        ),
        state=ApplicationState(row["state"]),
        created_at=_utc(row["created_at"]),
        owner_id=row["owner_id"],
        consultant_id=row["consultant_id"],
        submitted_at=_utc_or_none(row["submitted_at"]),
        decision_id=None if row["decision_id"] is None else DecisionId(row["decision_id"]),
        tier=row["tier"],
        limit=amount("limit_minor"),
        partner_id=None if row["partner_id"] is None else PartnerId(row["partner_id"]),
        bank_amount=amount("bank_amount_minor"),
        banks_asked=tuple(PartnerId(partner) for partner in row["banks_asked"]),
        version=row["version"],
    )


def pull_values(pull: DataPull) -> dict[str, Any]:
    return {
        "id": pull.id,
        "application_id": pull.application_id,
        "consent_id": pull.consent_id,
        "source": pull.source,
        "pulled_at": pull.pulled_at,
        "values": values_to_json(pull.values),
        "content_hash": pull.content_hash,
    }


def pull(row: Row) -> DataPull:
    return DataPull(
        id=EventId(row["id"]),
        application_id=ApplicationId(row["application_id"]),
        consent_id=ConsentId(row["consent_id"]),
        source=row["source"],
        pulled_at=_utc(row["pulled_at"]),
        values=values_from_json(row["values"]),
        content_hash=row["content_hash"],
    )


def offer_values(offer: Offer) -> dict[str, Any]:
    return {
        "id": offer.id,
        "application_id": offer.application_id,
        "code": offer.code,
        "state": offer.state.value,
        "partner_id": offer.lender.partner_id,
        "lender_name": offer.lender.name,
        "terms": terms_to_json(offer.terms),
        "all_in": offer.all_in.fraction,
        "instalment_minor": offer.instalment.minor,
        "disclosure_hash": offer.disclosure.hash,
        "disclosure_zh": offer.disclosure.zh,
        "disclosure_en": offer.disclosure.en,
        "expires": offer.expires,
        "created_at": offer.created_at,
        "disclosed_at": offer.disclosed_at,
        "accepted_at": offer.accepted_at,
    }


def offer(row: Row) -> Offer:
    terms = terms_from_json(row["terms"])
    return Offer(
        id=OfferId(row["id"]),
        application_id=ApplicationId(row["application_id"]),
        code=row["code"],
        state=OfferState(row["state"]),
        lender=Lender(PartnerId(row["partner_id"]), row["lender_name"]),
        terms=terms,
        all_in=Rate(row["all_in"]),
        instalment=Money(row["instalment_minor"], terms.amount.currency),
        disclosure=Disclosure(row["disclosure_hash"], row["disclosure_zh"], row["disclosure_en"]),
        expires=Day.of(row["expires"]),
        created_at=_utc(row["created_at"]),
        disclosed_at=_utc_or_none(row["disclosed_at"]),
        accepted_at=_utc_or_none(row["accepted_at"]),
    )


def contract_values(contract: Contract) -> dict[str, Any]:
    return {
        "id": contract.id,
        "application_id": contract.application_id,
        "offer_id": contract.offer_id,
        "group_id": contract.group_id,
        "borrower_id": contract.borrower_id,
        "partner_id": contract.lender.partner_id,
        "lender_name": contract.lender.name,
        "terms": terms_to_json(contract.terms),
        "all_in": contract.all_in.fraction,
        "cap": contract.cap.fraction,
        "disclosure_hash": contract.disclosure_hash,
        "hash": contract.hash,
        "state": contract.state.value,
        "signed_at": contract.signed_at,
        **contract.documents,
    }


def contract(row: Row) -> Contract:
    return Contract(
        id=ContractId(row["id"]),
        application_id=ApplicationId(row["application_id"]),
        offer_id=OfferId(row["offer_id"]),
        group_id=GroupId(row["group_id"]),
        borrower_id=PartyId(row["borrower_id"]),
        lender=Lender(PartnerId(row["partner_id"]), row["lender_name"]),
        terms=terms_from_json(row["terms"]),
        all_in=Rate(row["all_in"]),
        cap=Rate(row["cap"]),
        disclosure_hash=row["disclosure_hash"],
        documents={kind: row[kind] for kind in ("loan", "guarantee", "service")},
        hash=row["hash"],
        state=ContractState(row["state"]),
        signed_at=_utc(row["signed_at"]),
    )


def event_values(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "application_id": event.application_id,
        "at": event.at,
        "actor": event.actor,
        "code": event.code,
        "detail": dict(event.detail),
    }


def event(row: Row) -> Event:
    return Event(
        id=EventId(row["id"]),
        application_id=ApplicationId(row["application_id"]),
        at=_utc(row["at"]),
        actor=row["actor"],
        code=row["code"],
        detail=row["detail"],
    )


def terms_from_json(data: Mapping[str, Any]) -> OfferTerms:
    return OfferTerms(
        amount=Money(data["amount"]["minor"], data["amount"]["currency"]),
        months=data["months"],
        method=Method(data["method"]),
        components=tuple(
            Component(c["name"], Rate(Decimal(c["rate"])), payer=c["payer"], payee=c["payee"])
            for c in data["components"]
        ),
        penalty_rate=Rate(Decimal(data["penalty_rate"])),
        day_count=DayCount(data["day_count"]),
        tier=data["tier"],
        decision_id=DecisionId(data["decision"]),
        versions=data["versions"],
    )


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _utc_or_none(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
