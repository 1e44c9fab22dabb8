"""The documents that the sources hand out, made of what the economy knows.

This is the sources' own side of the protocol in the package's docstring: it shares no code with
whoever reads the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from tael.sandbox.sources.economy import EconomyFolder

Record = dict[str, Any]
Sections = dict[str, list[Record]]

_OVERDUE = frozenset("1234567")
_WORST = 4  # a repayment mark from which a bank says no


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the rows of a stream are written: name of the time, column → field, codes that differ."""

    stream: str
    at: str
    fields: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_MONTHS = _Shape(
    "bureau_tradeline",
    "month_end",
    {
        "status": "mark",
        "balance": "balance_minor",
        "credit_limit": "limit_minor",
        "due": "due_minor",
        "paid": "paid_minor",
    },
    {
        "status": {
            "current": "N",
            "d1_30": "1",
            "d31_60": "2",
            "d61_90": "3",
            "d90": "4",
            "settled": "C",
            "written_off": "B",
        }
    },
)
_SHAPES: Mapping[str, Mapping[str, _Shape]] = {
    "tax": {
        "returns": _Shape(
            "tax_return",
            "filed_at",
            {
                "tax": "tax",
                "status": "status",
                "declared": "declared_minor",
                "paid": "paid_minor",
                "days_late": "days_late",
            },
        )
    },
    "invoice": {
        "invoices": _Shape(
            "vat_invoice",
            "issued_at",
            {
                "direction": "direction",
                "kind": "kind",
                "status": "status",
                "amount": "amount_minor",
                "tax": "tax_minor",
                "counterparty": "counterparty",
            },
            {
                "direction": {"out": "output", "in": "input"},
                "status": {"valid": "normal", "void": "void", "red": "red"},
            },
        )
    },
    "bank_statement": {
        "transactions": _Shape(
            "bank_tx",
            "at",
            {
                "direction": "direction",
                "purpose": "purpose",
                "amount": "amount_minor",
                "balance": "balance_minor",
                "counterparty": "counterparty",
            },
            {"direction": {"in": "credit", "out": "debit"}},
        )
    },
    "registry": {
        "changes": _Shape("registry_change", "at", {"change": "change", "direction": "direction"})
    },
    "court": {
        "cases": _Shape(
            "court_record",
            "at",
            {"role": "role", "matter": "matter", "stage": "stage", "amount": "amount_minor"},
        )
    },
    "device": {
        "sessions": _Shape(
            "device_event",
            "at",
            {"action": "action", "network": "network", "seconds": "seconds"},
        ),
        "bills": _Shape(
            "utility_bill",
            "at",
            {
                "utility": "utility",
                "status": "status",
                "amount": "amount_minor",
                "quantity": "quantity",
            },
        ),
    },
    "merchant_books": {
        "days": _Shape(
            "pos_day",
            "at",
            {"channel": "channel", "kind": "kind", "amount": "amount_minor", "tickets": "tickets"},
        ),
        "entries": _Shape(
            "book_entry",
            "at",
            {
                "entry": "entry",
                "status": "status",
                "amount": "amount_minor",
                "counterparty": "counterparty",
            },
        ),
    },
    "region": {
        "figures": _Shape("region_month", "month_end", {"measure": "measure", "value": "value"})
    },
    "bureau": {
        "enquiries": _Shape(
            "bureau_enquiry", "at", {"lender": "institution", "reason": "reason"}
        )
    },
}  # fmt: skip

SOURCES = tuple(_SHAPES)


def sections_of(economy: EconomyFolder, source: str, subject: str, as_of: datetime) -> Sections:
    """The sections of a source's document about a subject, as known by an instant.

    Rows that the economy's books hold twice are delivered twice, as sources do.
    """
    sections: Sections = {
        name: [_record(row, shape) for row in economy.events(shape.stream, subject, as_of)]
        for name, shape in _SHAPES[source].items()
    }
    more = _MORE.get(source)
    return {**more(economy, subject, as_of, sections), **sections} if more else sections


def verdict_of(economy: EconomyFolder, subject: str, as_of: datetime) -> str:
    """What a bank that has seen the credit report says: pass, fail, or unknown without accounts."""
    accounts = _accounts(economy, subject, as_of)
    if not accounts:
        return "unknown"
    marks = {month["mark"] for account in accounts for month in account["months"]}
    bad = "B" in marks or any(mark.isdigit() and int(mark) >= _WORST for mark in marks)
    overdue = any(_latest(account)["mark"] in _OVERDUE for account in accounts)
    return "fail" if bad or overdue else "pass"


def _record(row: Mapping[str, Any], shape: _Shape) -> Record:
    record: Record = {
        "id": row["event_id"],
        shape.at: told(row["event_at"]),
        "known_at": told(row["known_at"]),
        "version": row["version"],
        "void": row["void"],
    }
    for column, name in shape.fields.items():
        codes = shape.codes.get(column)
        record[name] = codes[row[column]] if codes else row[column]
    return record


def _bureau(economy: EconomyFolder, subject: str, as_of: datetime, _sections: Sections) -> Sections:
    accounts = _accounts(economy, subject, as_of)
    overdue = [
        {
            "account": account["account"],
            "mark": _latest(account)["mark"],
            "balance_minor": _latest(account)["balance_minor"],
        }
        for account in accounts
        if _latest(account)["mark"] in _OVERDUE
    ]
    summary = {
        "accounts": len(accounts),
        "overdue_accounts": len(overdue),
        "balance_minor": sum(_latest(account)["balance_minor"] for account in accounts),
    }
    return {
        "summary": [summary],
        "accounts": accounts,
        "overdue": overdue,
        "public_records": _public_records(economy, subject, as_of),
    }


def _accounts(economy: EconomyFolder, subject: str, as_of: datetime) -> list[Record]:
    found: dict[str, Record] = {}
    for row in economy.events(_MONTHS.stream, subject, as_of):
        account = found.setdefault(
            row["tradeline_id"],
            {
                "account": row["tradeline_id"],
                "institution": row["lender"],
                "business": row["product"],
                "months": [],
            },
        )
        account["months"].append(_record(row, _MONTHS))
    return list(found.values())


def _latest(account: Record) -> Record:
    """The last month of an account, in its latest version."""
    months: list[Record] = account["months"]
    return max(months, key=lambda month: (month["month_end"], month["known_at"]))


_STAGES = {"judged": "judgment", "enforced": "enforcement", "dishonest": "dishonest"}


def _public_records(economy: EconomyFolder, subject: str, as_of: datetime) -> list[Record]:
    return [
        {
            "at": told(row["event_at"]),
            "record": _STAGES[row["stage"]],
            "amount_minor": row["amount"],
        }
        for row in economy.events("court_record", subject, as_of)
        if row["stage"] in _STAGES
    ]


def _arrears(
    _economy: EconomyFolder, _subject: str, _as_of: datetime, sections: Sections
) -> Sections:
    owed: dict[str, int] = {}
    for each in _once(sections["returns"]):
        if each["status"] == "unpaid" and not each["void"]:
            left = each["declared_minor"] - each["paid_minor"]
            owed[each["tax"]] = owed.get(each["tax"], 0) + left
    return {"arrears": [{"tax": tax, "owed_minor": minor} for tax, minor in sorted(owed.items())]}


def _totals(
    _economy: EconomyFolder, _subject: str, _as_of: datetime, sections: Sections
) -> Sections:
    lines = _once(sections["transactions"])
    sums = {"credit": 0, "debit": 0}
    for line in lines:
        sums[line["direction"]] += line["amount_minor"]
    totals = {
        "lines": len(lines),
        "credit_minor": sums["credit"],
        "debit_minor": sums["debit"],
    }
    return {"totals": [totals]}


def _once(records: list[Record]) -> list[Record]:
    """Records, those that came twice counted once."""
    return list({(each["id"], each["known_at"]): each for each in records}.values())


_REGISTERED = ("controller", "legal_representative", "shareholder")


def _register(
    economy: EconomyFolder, subject: str, as_of: datetime, _sections: Sections
) -> Sections:
    firm = economy.firm(subject)
    people = economy.people(subject, as_of)
    return {
        "firm": [
            {
                "province": firm["province"],
                "industry": firm["industry"],
                "size": firm["size"],
                "opened": _day(firm["opened"]),
            }
        ]
        if firm
        else [],
        "people": [
            {"person": row["person_id"], "role": row["role"], **_link(row)}
            for row in people
            if row["role"] in _REGISTERED
        ],
        "markets": [
            {"market": row["person_id"], **_link(row)} for row in economy.markets(subject, as_of)
        ],
    }


def _link(row: Mapping[str, Any]) -> Record:
    return {
        "valid_from": told(row["valid_from"]),
        "valid_to": told(row["valid_to"]) if row["valid_to"] else None,
        "known_at": told(row["known_at"]),
    }


def _day(day: date) -> str:
    return day.isoformat()


def told(at: datetime) -> str:
    """An instant as it stands in JSON."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_MORE: Mapping[str, Callable[[EconomyFolder, str, datetime, Sections], Sections]] = {
    "bureau": _bureau,
    "tax": _arrears,
    "bank_statement": _totals,
    "registry": _register,
}
