"""The folder of an economy of three firms and four persons, written by hand in milliseconds."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

FIRST = datetime(2022, 1, 1, tzinfo=UTC)
INSTANT = pa.timestamp("us", "UTC")
CHINA = ZoneInfo("Asia/Shanghai")
FIRMS = {"E1": ("P1", "42", "F"), "E2": ("P3", "11", "H"), "E3": ("P4", "42", "F")}
SHARDS = (("E1", "E2"), ("E3",))
PEOPLE = {"E1": ("P1", "P2"), "E2": ("P3",), "E3": ("P4",)}
QUIET = "E3"  # a firm about which no stream but the bank's tells anything

_CODES: dict[str, dict[str, str]] = {
    "bank_tx": {"purpose": "sales supplier wage rent family other", "direction": "in out"},
    "book_entry": {"entry": "sale purchase stock", "status": "open settled overdue"},
    "bureau_enquiry": {"lender": "bank internet", "reason": "loan_approval self"},
    "bureau_tradeline": {"status": "current current current d1_30 d31_60 settled"},
    "court_record": {
        "role": "defendant executed",
        "matter": "loan contract",
        "stage": "filed judged enforced",
    },
    "device_event": {"action": "login browse apply", "network": "wifi mobile"},
    "pos_day": {"channel": "wechat alipay card", "kind": "sale refund"},
    "region_month": {"measure": "sales_index closures rent"},
    "registry_change": {"change": "address capital pledge", "direction": "up down neutral"},
    "tax_return": {"tax": "vat income social stamp", "status": "on_time late unpaid"},
    "utility_bill": {"utility": "power water gas", "status": "on_time late unpaid"},
    "vat_invoice": {
        "direction": "out in",
        "status": "valid valid void red",
        "kind": "special ordinary",
    },
}
_WHOLE: dict[str, tuple[str, ...]] = {
    "bank_tx": ("amount", "balance"),
    "book_entry": ("amount",),
    "bureau_tradeline": ("balance", "credit_limit", "due", "paid"),
    "court_record": ("amount",),
    "device_event": ("seconds",),
    "pos_day": ("amount", "tickets"),
    "region_month": ("value",),
    "tax_return": ("declared", "paid", "days_late"),
    "utility_bill": ("amount", "quantity"),
    "vat_invoice": ("amount", "tax"),
}
_OF_PERSONS = frozenset({"bank_tx", "bureau_enquiry", "bureau_tradeline", "court_record",
                         "device_event", "utility_bill"})  # fmt: skip
_NOT_OF_FIRMS = frozenset({"device_event", "region_month"})
_PARTIES = frozenset({"bank_tx", "book_entry", "vat_invoice"})


def write_tiny_economy(folder: Path) -> Path:
    """Write it; returns ``folder``."""
    draw = random.Random(7)  # noqa: S311 - no secret
    for number, firms in enumerate(SHARDS):
        _table(folder / "firms", number, [_firm(name) for name in firms])
        _table(folder / "role_link", number, [row for name in firms for row in _roles(name)])
        _table(folder / "market_link", number, [_market(name) for name in firms])
        for stream in _CODES:
            rows = [row for who in _subjects(stream, firms) for row in _rows(stream, who, draw)]
            _table(folder / "events" / stream, number, rows, stream)
    return folder


def _subjects(stream: str, firms: tuple[str, ...]) -> list[str]:
    if stream == "region_month":
        return ["42-F", "11-H"] if "E1" in firms else []
    told = [name for name in firms if name != QUIET or stream == "bank_tx"]
    persons = [person for name in told for person in PEOPLE[name]]
    return [
        *(told if stream not in _NOT_OF_FIRMS else []),
        *(persons if stream in _OF_PERSONS else []),
    ]


def _rows(stream: str, subject: str, draw: random.Random) -> list[dict[str, Any]]:
    rows = [_row(stream, subject, number, draw) for number in range(draw.randint(8, 14))]
    corrected = {**rows[0], "version": 1, "known_at": rows[0]["known_at"] + timedelta(days=9)}
    voided = {**rows[1], "version": 1, "known_at": rows[1]["known_at"] + timedelta(days=5)}
    for name in _WHOLE.get(stream, ())[:1]:
        corrected[name] = corrected[name] + 7
    # A correction, a row taken back, and one that came twice.
    return [*rows, corrected, {**voided, "void": True}, dict(rows[2])]


def _row(stream: str, subject: str, number: int, draw: random.Random) -> dict[str, Any]:
    at = FIRST + timedelta(seconds=draw.randrange(3 * 365 * 86_400))
    row: dict[str, Any] = {
        "subject_id": subject,
        "event_id": f"{stream}-{subject}-{number}",
        "event_at": at,
        "known_at": at + timedelta(seconds=draw.randrange(60, 20 * 86_400)),
        "version": 0,
        "void": False,
    }
    row |= {name: draw.choice(codes.split()) for name, codes in _CODES[stream].items()}
    row |= {name: draw.randrange(1, 900_000) for name in _WHOLE.get(stream, ())}
    if stream in _PARTIES:
        row["counterparty"] = f"C-{draw.randrange(5)}"
    if stream == "bureau_tradeline":
        place = draw.randrange(3)
        row["tradeline_id"] = f"T-{subject}-{place}"
        row |= {"lender": ("bank", "internet", "bank")[place]}
        row |= {"product": ("business", "consumer", "card")[place]}
    if stream == "bank_tx":
        row["weekpart"] = "weekend" if at.astimezone(CHINA).weekday() > 4 else "weekday"
    if stream in ("bank_tx", "device_event"):
        row["daypart"] = "day" if 6 <= at.astimezone(CHINA).hour < 22 else "night"
    return row


def _firm(name: str) -> dict[str, Any]:
    owner, province, industry = FIRMS[name]
    return {
        "enterprise_id": name,
        "owner_id": owner,
        "province": province,
        "industry": industry,
        "size": "micro",
        "opened": date(2019, 5, 1),
    }


def _roles(name: str) -> list[dict[str, Any]]:
    owner, *others = PEOPLE[name]
    roles = [("controller", None), ("legal_representative", None), ("spouse", None)]
    rows = [_link(owner, name, role, until) for role, until in roles]
    ended = FIRST + timedelta(days=500)
    return rows + [_link(other, name, "legal_representative", ended) for other in others]


def _market(name: str) -> dict[str, Any]:
    _, province, industry = FIRMS[name]
    return _link(f"{province}-{industry}", name, "market", None)


def _link(person: str, firm: str, role: str, until: datetime | None) -> dict[str, Any]:
    begin = FIRST - timedelta(days=900)
    return {
        "person_id": person,
        "enterprise_id": firm,
        "role": role,
        "valid_from": begin,
        "valid_to": until,
        "known_at": begin + timedelta(days=9),
    }


def _table(folder: Path, number: int, rows: list[dict[str, Any]], stream: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(0)  # noqa: S311 - no secret
    names = list(rows[0] if rows else _row(stream, "E0", 0, draw))
    table = pa.Table.from_pylist(rows, pa.schema([(name, _kind(stream, name)) for name in names]))
    pq.write_table(table, folder / f"part-{number:05d}.parquet")


def _kind(stream: str, name: str) -> pa.DataType:
    if name in {"event_at", "known_at", "valid_from", "valid_to"}:
        return INSTANT
    if name in (*_WHOLE.get(stream, ()), "version"):
        return pa.int64()
    return {"void": pa.bool_(), "opened": pa.date32()}.get(name, pa.string())
