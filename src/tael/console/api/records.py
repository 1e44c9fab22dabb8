"""What the API shows of applications, offers and decisions, by the permission table's names."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tael.kernel import day_of
from tael.origination import model
from tael.policies.model import Decision

Record = dict[str, object]


def row_of(application: model.Application) -> Mapping[str, object]:
    """What the scopes of the permission table look at."""
    return {
        "owner_id": application.owner_id,
        "consultant_id": application.consultant_id,
        "partner_id": application.partner_id or "",
    }


def application(one: model.Application) -> Record:
    return {
        "id": one.id,
        "state": one.state.value,
        "amount": one.request.amount,
        "months": one.request.months,
        "method": one.request.method.value,
        "purpose": one.request.purpose,
        "channel": one.request.channel,
        "day": day_of(one.created_at),
        "submitted_at": one.submitted_at.isoformat() if one.submitted_at else None,
        "group_id": one.group_id,
        "applicant_id": one.applicant_id,
        "owner_id": one.owner_id,
        "consultant_id": one.consultant_id,
        "partner_id": one.partner_id or "",
        "tier": one.tier,
    }


def offer(one: model.Offer) -> Record:
    terms = one.terms
    return {
        "id": one.id,
        "application_id": one.application_id,
        "state": one.state.value,
        "amount": terms.amount,
        "months": terms.months,
        "method": terms.method.value,
        "all_in": one.all_in,
        "lender": {"id": one.lender.partner_id, "name": one.lender.name},
        "day": day_of(one.created_at),
        "terms": {
            "code": one.code,
            "instalment": one.instalment,
            "expires": one.expires,
            "components": [
                {"name": part.name, "rate": part.rate, "payer": part.payer, "payee": part.payee}
                for part in terms.components
            ],
            "penalty_rate": terms.penalty_rate,
            "disclosure": {
                "hash": one.disclosure.hash,
                "zh": one.disclosure.zh,
                "en": one.disclosure.en,
            },
        },
    }


def contract(one: model.Contract) -> Record:
    return {
        "id": one.id,
        "application_id": one.application_id,
        "state": one.state.value,
        "signed_at": one.signed_at.isoformat(),
        "terms": {
            "offer_id": one.offer_id,
            "lender": {"id": one.lender.partner_id, "name": one.lender.name},
            "amount": one.terms.amount,
            "months": one.terms.months,
            "all_in": one.all_in,
            "cap": one.cap,
            "documents": dict(one.documents),
        },
        "disclosure": one.disclosure_hash,
        "hash": one.hash,
    }


def decision(one: Decision, inputs: str, trace: str) -> Record:
    return {
        "id": one.id,
        "application_id": one.application_id,
        "outcome": one.outcome,
        "day": day_of(one.as_of),
        "reasons": [
            {"code": reason.code, "zh": reason.zh, "en": reason.en} for reason in one.reasons
        ],
        "tier": one.tier,
        "pd": one.pd,
        "score": one.points,
        "versions": {**one.versions, "policy": one.policy_id},
        "inputs": json.loads(inputs),
        "trace": json.loads(trace),
    }
