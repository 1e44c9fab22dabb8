"""Pure rules: who owes, what an input must be, which offers come of a decision, what is signed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tael.kernel import BadInput, Day, Money, OfferId, PartyId, Rate, Refusal, check
from tael.origination.model import (
    Application,
    Authorisation,
    Contract,
    Disclosure,
    Group,
    Lender,
    Offer,
    OfferState,
    OfferTerms,
    Party,
    PartyKind,
    PersonalFields,
    Request,
    Role,
)
from tael.origination.ports import DecisionAnswer, PriceOption
from tael.pricing import (
    DayCount,
    all_in_cost,
    build_schedule,
    check_cap,
    check_payers,
    cost_disclosure,
)

LEAST_MONTHS, MOST_MONTHS = 1, 120
_CODE = re.compile(r"[a-z0-9_.-]{1,64}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PERSONAL_LENGTH = 200
_PERSON_ROLES = frozenset({Role.OWNER, Role.SPOUSE, Role.ACTUAL_CONTROLLER})


@dataclass(frozen=True, slots=True)
class Caps:
    """In force on the day: annual all-in cap, whether a platform may charge the borrower."""

    all_in: Rate
    platform_fee_from_borrower: bool


@dataclass(frozen=True, slots=True)
class OfferContext:
    """What every offer of one decision shares."""

    lender: Lender
    collectors: Mapping[str, str]
    today: Day
    expires: Day
    at: datetime


def checked_request(request: Request) -> Request:
    """``request``, when it can be lent at all.

    Raises:
        BadInput: an amount not above zero, months out of range, or what is no code.
    """
    if not isinstance(request.amount, Money) or request.amount.minor <= 0:
        raise BadInput(f"a request for {request.amount} is none", field="amount", rule="above zero")
    months = request.months
    if type(months) is not int or not LEAST_MONTHS <= months <= MOST_MONTHS:
        raise BadInput(
            f"{months!r} months cannot be asked for",
            field="months",
            rule=f"whole number from {LEAST_MONTHS} to {MOST_MONTHS}",
        )
    for name in ("purpose", "channel"):
        checked_code(getattr(request, name), name)
    return request


def checked_code(text: str, field: str) -> str:
    """``text``, when it is a code.

    Raises:
        BadInput: it is not; names ``field``.
    """
    if not isinstance(text, str) or not _CODE.fullmatch(text):
        raise BadInput(
            f"{text!r} is not a code",
            field=field,
            rule="1 to 64 of a-z, 0-9, point, hyphen, underscore",
        )
    return text


def checked_fields(fields: PersonalFields) -> PersonalFields:
    """``fields``, when name and number are there and nothing is overlong.

    Raises:
        BadInput: names the field, never its value.
    """
    for name in PersonalFields.__slots__:
        value = getattr(fields, name)
        required = name in ("name", "id_number")
        if not isinstance(value, str) or (required and not value.strip()):
            raise BadInput(f"{name} is missing or no text", field=name, rule="non-empty text")
        if len(value) > _PERSONAL_LENGTH or "\x00" in value:
            raise BadInput(
                f"{name} is too long or holds a NUL",
                field=name,
                rule=f"at most {_PERSONAL_LENGTH} characters",
            )
    return fields


def checked_hash(text: str, field: str) -> str:
    """``text``, when it is a SHA-256 in hexadecimal.

    Raises:
        BadInput: it is not; names ``field``.
    """
    if not isinstance(text, str) or not _HASH.fullmatch(text):
        raise BadInput(
            f"{text!r} is not a document's hash", field=field, rule="SHA-256, 64 hexadecimal digits"
        )
    return text


def checked_authorisation(authorisation: Authorisation, today: Day) -> Authorisation:
    """``authorisation``, when it says what for, what of, to whom, until when, and is signed.

    Raises:
        BadInput: names the part at fault.
    """
    checked_code(authorisation.purpose, "purpose")
    if not authorisation.scope:
        raise BadInput("an authorisation names its sources", field="scope", rule="at least one")
    for source in authorisation.scope:
        checked_code(source, "scope")
    if not authorisation.recipient.strip():
        raise BadInput("an authorisation names who receives", field="recipient", rule="not empty")
    if authorisation.expires < today:
        raise BadInput(
            f"an authorisation until {authorisation.expires} is over",
            field="expires",
            rule="today or later",
        )
    checked_hash(authorisation.document_hash, "document_hash")
    return authorisation


def display_name(kind: PartyKind, name: str) -> str:
    """The name as pages and lists show it: a company's in full, a person's first character.

    A 个体工商户 often carries its owner's name, so it is masked like a person's.
    """
    clean = name.strip()
    return clean if kind is PartyKind.COMPANY else clean[:1] + "*" * min(8, len(clean) - 1)


def borrower_of(group: Group, parties: Mapping[PartyId, Party], today: Day) -> PartyId:
    """Who signs and owes: the company, or the owner of a 个体工商户, which owes nothing itself.

    Source: Civil Code of China, article 56: its debts are borne by the owner's property.

    Raises:
        BadInput: no owner or no enterprise on ``today``, a role that its party cannot have.
    """
    members = group.on(today)
    for member in members:
        check(member.party_id in parties, "every member of a group is a known party")
        _check_role(parties[member.party_id], member.role)
    owners = [m.party_id for m in members if m.role is Role.OWNER]
    firms = [m.party_id for m in members if m.role is Role.ENTERPRISE]
    if not owners or len(firms) != 1:
        raise BadInput(
            "an obligor group has an owner and one enterprise",
            field="members",
            rule="at least one owner, exactly one enterprise",
        )
    firm = parties[firms[0]]
    return firm.id if firm.kind is PartyKind.COMPANY else owners[0]


def _check_role(party: Party, role: Role) -> None:
    person = party.kind is PartyKind.PERSON
    if (role in _PERSON_ROLES and not person) or (role is Role.ENTERPRISE and person):
        raise BadInput(
            f"a {party.kind.value} is no {role.value}",
            field="members.role",
            rule="persons own, control and marry; an enterprise is none",
        )


def lendable(application: Application, option: PriceOption) -> Money:
    """What may be lent this way: the request, the option's limit, what the bank approved."""
    amounts = [application.request.amount, option.limit]
    if application.bank_amount is not None:
        amounts.append(application.bank_amount)
    return min(amounts)


def build_offer(
    application: Application,
    decision: DecisionAnswer,
    option: PriceOption,
    context: OfferContext,
    caps: Caps,
) -> Offer | Refusal:
    """The offer that ``option`` makes, with its cost disclosure, or why there is none.

    Refusals:
        nothing_to_lend: limit or bank leave nothing.
        platform_fee_from_borrower, cap_exceeded: see ``tael.pricing``.
    """
    amount = lendable(application, option)
    if amount.minor <= 0:
        return Refusal("nothing_to_lend", {"option": option.code})
    terms = OfferTerms(
        amount=amount,
        months=option.months,
        method=option.method,
        components=option.components,
        penalty_rate=option.penalty_rate,
        day_count=DayCount.THIRTY_360,
        tier=decision.tier,
        decision_id=decision.id,
        versions=dict(decision.versions),
    )
    schedule = build_schedule(terms.schedule_terms(context.today))
    cost = all_in_cost(schedule)
    refusal = check_payers(
        terms.components, platform_fee_from_borrower=caps.platform_fee_from_borrower
    ) or check_cap(cost, caps.all_in, on=context.today)
    if refusal is not None:
        return refusal
    shown = cost_disclosure(schedule, context.lender.name, context.collectors)
    return Offer(
        id=OfferId.derive(context.at, application.id, context.lender.partner_id, option.code),
        application_id=application.id,
        code=option.code,
        state=OfferState.PROPOSED,
        lender=context.lender,
        terms=terms,
        all_in=cost.nominal,
        instalment=schedule.instalments[0].total,
        disclosure=Disclosure(shown.hash, shown.text("zh"), shown.text("en")),
        expires=context.expires,
        created_at=context.at,
    )


def check_signing(offer: Offer, decision: DecisionAnswer, caps: Caps, today: Day) -> Refusal | None:
    """Whether the offer may be signed today, and whether it is still the decision's (invariant 14).

    Refusals:
        offer_expired, platform_fee_from_borrower, cap_exceeded.

    Raises:
        InvariantBroken: tier, price, limit or versions are not those of the decision.
    """
    terms = offer.terms
    check(terms.decision_id == decision.id, "a contract's decision is the offer's")
    check(terms.tier == decision.tier, "a contract's tier is the decision's")
    same = dict(terms.versions) == dict(decision.versions)
    check(same, "a contract's versions are the decision's")
    match = [option for option in decision.options if option.code == offer.code]
    check(
        len(match) == 1
        and match[0].components == terms.components
        and match[0].penalty_rate == terms.penalty_rate
        and match[0].months == terms.months
        and terms.amount <= match[0].limit,
        "a contract's price and limit are the decision's",
    )
    if today > offer.expires:
        return Refusal("offer_expired", {"expires": offer.expires.isoformat()})
    cost = all_in_cost(build_schedule(terms.schedule_terms(today)))
    return check_payers(
        terms.components, platform_fee_from_borrower=caps.platform_fee_from_borrower
    ) or check_cap(cost, caps.all_in, on=today)


def contract_documents(
    offer: Offer, application: Application, collectors: Mapping[str, str]
) -> dict[str, str]:
    """Loan, guarantee and service contract as canonical JSON: what is signed, together."""
    terms = terms_to_json(offer.terms)
    shared = {
        "application": application.id,
        "borrower": application.borrower_id,
        "group": application.group_id,
        "lender": {"id": offer.lender.partner_id, "name": offer.lender.name},
        "disclosure": offer.disclosure.hash,
    }
    loan = {
        **shared,
        "document": "loan_contract.1",
        "terms": terms,
        "all_in": str(offer.all_in.fraction),
    }
    guarantee = {
        **shared,
        "document": "guarantee_contract.1",
        "guarantor": collectors.get("guarantor", ""),
        "covers": {"share": "1", "principal": terms["amount"]},
        "components": [c for c in _parts(terms) if c["payee"] == "guarantor"],
    }
    service = {
        **shared,
        "document": "service_contract.1",
        "platform": collectors.get("platform", ""),
        "components": [c for c in _parts(terms) if c["payee"] == "platform"],
    }
    return {
        "loan": canonical(loan),
        "guarantee": canonical(guarantee),
        "service": canonical(service),
    }


def contract_hash(documents: Mapping[str, str]) -> str:
    """SHA-256 over the three documents by kind."""
    return digest(canonical({kind: digest(text) for kind, text in documents.items()}))


def check_contract(contract: Contract) -> None:
    """A contract read back is the contract that was signed.

    Raises:
        InvariantBroken: its documents or terms were changed.
    """
    check(contract.hash == contract_hash(contract.documents), "a signed contract never changes")
    loan = json.loads(contract.documents["loan"])
    same = canonical(loan["terms"]) == canonical(terms_to_json(contract.terms))
    check(same, "a contract's terms are those of its signed document")


def merged(values: Iterable[Mapping[str, str | bool | Decimal]]) -> dict[str, str | bool | Decimal]:
    """The features known after every pull, the latest pull of a name last."""
    known: dict[str, str | bool | Decimal] = {}
    for pull in values:
        known.update(pull)
    return known


def checked_values(values: Mapping[str, object]) -> dict[str, str | bool | Decimal]:
    """What a source gave, exact: text, bool, or a number as ``Decimal``.

    Raises:
        BadInput: a float, a list, an empty pull; names the value's name.
    """
    if not values:
        raise BadInput("a data pull holds values", field="values", rule="at least one")
    return {checked_code(name, "values"): _exact(name, value) for name, value in values.items()}


def _exact(name: str, value: object) -> str | bool | Decimal:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | Decimal) and Decimal(value).is_finite():
        return Decimal(value)
    raise BadInput(
        f"{name} is {value!r}; hand in text, bool, int or Decimal",
        field=f"values.{name}",
        rule="exact value",
    )


def values_to_json(values: Mapping[str, str | bool | Decimal]) -> dict[str, object]:
    """Values as JSON, each number as ``{"number": "1.5"}`` so that its digits stay."""
    return {
        name: {"number": str(value)} if isinstance(value, Decimal) else value
        for name, value in values.items()
    }


def values_from_json(data: Mapping[str, object]) -> dict[str, str | bool | Decimal]:
    """The values that ``values_to_json`` wrote."""
    return {
        name: Decimal(value["number"]) if isinstance(value, dict) else value  # type: ignore[misc]
        for name, value in data.items()
    }


def terms_to_json(terms: OfferTerms) -> dict[str, object]:
    """Terms as JSON: amounts in minor units, rates as decimal text."""
    return {
        "amount": {"minor": terms.amount.minor, "currency": terms.amount.currency},
        "months": terms.months,
        "method": terms.method.value,
        "components": [
            {"name": c.name, "rate": str(c.rate.fraction), "payer": c.payer, "payee": c.payee}
            for c in terms.components
        ],
        "penalty_rate": str(terms.penalty_rate.fraction),
        "day_count": terms.day_count.value,
        "tier": terms.tier,
        "decision": terms.decision_id,
        "versions": dict(terms.versions),
    }


def canonical(value: object) -> str:
    """Integers, texts, lists and objects as JSON with sorted keys: equal values, equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of ``text`` in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _parts(terms: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    parts = terms["components"]
    return parts if isinstance(parts, list) else []
