"""The one permission table: who may do what, on which rows, seeing which fields.

Rows: ``all``, or the name of a row scope of the resource. ``own`` and ``assigned`` match the
actor's id; ``partner`` matches the argument of a role such as ``partner:partner_01jd...``.
Fields: the groups seen in clear. Whoever reads a row sees its ``personal`` group masked at least;
fields of other groups not granted are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """A resource: row scope → the attribute that decides it; group → fields; field → mask."""

    scopes: Mapping[str, str]
    groups: Mapping[str, str]
    masks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: ``actions`` and ``groups`` are words with blanks between."""

    role: str
    resource: str
    actions: str
    rows: str
    groups: str


# Scopes whose value is the actor's own id, and those whose values are the arguments of a role.
SCOPES_BY_ID = frozenset({"own", "assigned"})
SCOPES_BY_ARGUMENT = frozenset({"partner"})

ROLES: Mapping[str, str] = {
    "owner": "business owner who borrows",
    "consultant": "field consultant",
    "risk_manager": "writes policy and models",
    "operations": "moves and reconciles money with banks",
    "finance": "books, settlement, results",
    "auditor": "reads everything, changes nothing",
    "admin": "users and keys, no business",
    "partner": "a funding partner's user; always with an argument, partner:<partner id>",
}

_PERSON = {
    "name": "name",
    "phone": "phone",
    "id_number": "id_number",
    "address": "address",
    "bank_account": "account",
}
_OWN = {"own": "owner_id", "assigned": "consultant_id"}
_OWN_OR_PARTNER = {**_OWN, "partner": "partner_id"}

RESOURCES: Mapping[str, Shape] = {
    "application": Shape(
        _OWN,
        {
            "basic": "id state amount months purpose method channel submitted_at day product "
            "partner_id",
            "staff": "owner_id consultant_id applicant_id group_id campaign note",
            "personal": "name phone id_number address",
            "risk": "tier score pd reasons variables sources",
        },
        _PERSON,
    ),
    "party": Shape(
        _OWN,
        {
            "basic": "id kind region industry since",
            "staff": "owner_id consultant_id group_id relations consents",
            "personal": "name phone id_number address bank_account",
        },
        _PERSON,
    ),
    "decision": Shape(
        _OWN,
        {
            "basic": "id application_id outcome reasons day",
            "risk": "tier score pd inputs trace versions cost_of_data explanation",
        },
        {},
    ),
    "offer": Shape(
        _OWN_OR_PARTNER,
        {"basic": "id application_id state amount months method rate all_in lender day terms"},
        {},
    ),
    "contract": Shape(
        _OWN_OR_PARTNER,
        {
            "basic": "id application_id loan_id state signed_at day terms schedule disclosure hash",
            "personal": "name id_number",
        },
        _PERSON,
    ),
    "loan": Shape(
        _OWN_OR_PARTNER,
        {
            "basic": "id application_id state principal balance schedule day dpd bucket next_due",
            "staff": "owner_id consultant_id partner_id agreement_id product channel vintage",
            "risk": "tier score pd stage class",
            "books": "postings accruals claims recoveries",
            "personal": "name phone bank_account",
        },
        _PERSON,
    ),
    "partner": Shape(
        {"partner": "partner_id"},
        {"basic": "id partner_id name state", "terms": "agreements limits used prices accounts"},
        {},
    ),
    "portfolio": Shape({}, {"basic": "id as_of value definition query tie_out"}, {}),
    "policy": Shape({}, {"basic": "id name version state hash source proposed_by approved_by"}, {}),
    "book": Shape({}, {"basic": "id name state rows hash uploaded_by uploaded_at expires_at"}, {}),
    "lead": Shape(
        {"assigned": "consultant_id"},
        {"basic": "id state channel campaign day consultant_id", "personal": "name phone address"},
        _PERSON,
    ),
    "parameter": Shape(
        {}, {"basic": "id name value effective state source proposed_by decided_by needs_check"}, {}
    ),
    "user": Shape(
        {"own": "id"},
        {"basic": "id login display_name roles active created_at", "keys": "api_keys sessions"},
        {},
    ),
    "audit": Shape(
        {}, {"basic": "id recorded_at actor_kind actor_id action subject detail seal"}, {}
    ),
}

RULES: tuple[Rule, ...] = tuple(
    Rule(*line)
    for line in (
        # role, resource, actions, rows, groups of fields seen in clear
        ("owner", "application", "read create update submit withdraw", "own", "basic personal"),
        ("owner", "party", "read update", "own", "basic personal"),
        ("owner", "decision", "read reconsider", "own", "basic"),
        ("owner", "offer", "read confirm accept reject", "own", "basic"),
        ("owner", "contract", "read sign", "own", "basic personal"),
        ("owner", "loan", "read repay", "own", "basic personal"),
        ("owner", "user", "read", "own", "basic keys"),
        ("consultant", "lead", "read create update", "assigned", "basic personal"),
        (
            "consultant",
            "application",
            "read create update submit",
            "assigned",
            "basic staff personal",
        ),
        ("consultant", "party", "read create update", "assigned", "basic staff personal"),
        ("consultant", "decision", "read", "assigned", "basic"),
        ("consultant", "offer", "read", "assigned", "basic"),
        ("consultant", "loan", "read", "assigned", "basic"),
        ("consultant", "user", "read", "own", "basic keys"),
        ("risk_manager", "application", "read review", "all", "basic staff risk"),
        ("risk_manager", "party", "read", "all", "basic staff"),
        ("risk_manager", "decision", "read decide override replay", "all", "basic risk"),
        ("risk_manager", "offer", "read", "all", "basic"),
        ("risk_manager", "contract", "read", "all", "basic"),
        ("risk_manager", "loan", "read", "all", "basic staff risk books"),
        (
            "risk_manager",
            "policy",
            (
                "read propose check accept_finding backtest waive approve deploy rollback retire "
                "refuse_model retire_model"
            ),
            "all",
            "basic",
        ),
        ("risk_manager", "book", "read create update delete export", "all", "basic"),
        ("risk_manager", "parameter", "read propose approve", "all", "basic"),
        ("risk_manager", "partner", "read", "all", "basic terms"),
        ("risk_manager", "portfolio", "read export", "all", "basic"),
        ("risk_manager", "lead", "read", "all", "basic"),
        ("risk_manager", "user", "read", "own", "basic keys"),
        (
            "operations",
            "application",
            "read update pull review route ask",
            "all",
            "basic staff personal",
        ),
        ("operations", "party", "read update erase", "all", "basic staff personal"),
        ("operations", "decision", "read", "all", "basic"),
        ("operations", "offer", "read create void", "all", "basic"),
        ("operations", "contract", "read create", "all", "basic personal"),
        (
            "operations",
            "loan",
            "read disburse receive refund reverse claim",
            "all",
            "basic staff books personal",
        ),
        ("operations", "partner", "read update reconcile", "all", "basic terms"),
        ("operations", "portfolio", "read", "all", "basic"),
        ("operations", "lead", "read update", "all", "basic personal"),
        ("operations", "user", "read", "own", "basic keys"),
        ("finance", "contract", "read", "all", "basic"),
        ("finance", "loan", "read write_off", "all", "basic staff books"),
        ("finance", "partner", "read settle", "all", "basic terms"),
        ("finance", "parameter", "read propose approve", "all", "basic"),
        ("finance", "portfolio", "read close export", "all", "basic"),
        ("finance", "user", "read", "own", "basic keys"),
        ("auditor", "application", "read", "all", "basic staff risk"),
        ("auditor", "party", "read", "all", "basic staff"),
        ("auditor", "decision", "read replay", "all", "basic risk"),
        ("auditor", "offer", "read", "all", "basic"),
        ("auditor", "contract", "read", "all", "basic"),
        ("auditor", "loan", "read", "all", "basic staff risk books"),
        ("auditor", "partner", "read", "all", "basic terms"),
        ("auditor", "portfolio", "read export", "all", "basic"),
        ("auditor", "policy", "read", "all", "basic"),
        ("auditor", "book", "read", "all", "basic"),
        ("auditor", "parameter", "read", "all", "basic"),
        ("auditor", "lead", "read", "all", "basic"),
        ("auditor", "user", "read", "all", "basic"),
        ("auditor", "audit", "read verify export", "all", "basic"),
        ("admin", "user", "read create update disable", "all", "basic keys"),
        ("admin", "parameter", "read", "all", "basic"),
        ("admin", "partner", "read create", "all", "basic"),
        ("admin", "audit", "read verify", "all", "basic"),
        ("partner", "offer", "read", "partner", "basic"),
        ("partner", "contract", "read", "partner", "basic personal"),
        ("partner", "loan", "read", "partner", "basic books"),
        ("partner", "partner", "read", "partner", "basic terms"),
        ("partner", "user", "read", "own", "basic keys"),
    )
)
