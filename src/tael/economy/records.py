"""The tables of a shard: firms, roles, applications, loans, loan months, and the sealed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from tael.economy.agents.life import Life
from tael.economy.agents.model import ALWAYS, Borrower
from tael.economy.columns import Columns, Type
from tael.economy.lending.model import Application, Loan, LoanMonth
from tael.economy.sealed import Planted, Truth, planted, truth_of
from tael.economy.streams import market_link
from tael.economy.world.months import CHINA_S, DAY_S, MONTHS, first_day
from tael.economy.world.scene import World

_YEAR = 12


@dataclass(frozen=True, slots=True, eq=False)
class Filed:
    """One application in its surroundings."""

    subject: Borrower
    item: Application
    truth: Truth
    planted: Planted


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A borrower, its months and what it applied for."""

    subject: Borrower
    months: Life
    filed: tuple[Filed, ...]

    @staticmethod
    def of(world: World, subject: Borrower, months: Life, items: tuple[Application, ...]) -> Record:
        filed = tuple(
            Filed(
                subject,
                item,
                truth_of(world, subject, months, item),
                planted(subject, months, item),
            )
            for item in items
        )
        return Record(subject, months, filed)


def tables(world: World, records: Sequence[Record], *, months: bool) -> dict[str, Columns]:
    """The tables of these borrowers by name; names of sealed ones begin with ``sealed/``.

    ``months`` says whether loan months and links are wanted too.
    """
    filed = [item for record in records for item in record.filed]
    granted = [item for item in filed if item.item.verdict.approved]
    found = {
        "applications": _made(filed, _application_columns(world)),
        "loans": _made(granted, _LOANS),
        "sealed/truth": _made(filed, _TRUTH),
        "sealed/firms": _made(records, _SEALED_FIRMS),
        "firms": _made([record.subject for record in records], _firm_columns(world)),
    }
    if months:
        links = [link for record in records for link in record.subject.links]
        rows = [(item, row) for item in granted for row in item.item.loan.history]
        places = [market_link(world, record.subject) for record in records]
        found |= {
            "role_link": _made(links, _LINKS),
            "market_link": _made(places, _LINKS),
            "loan_months": _made(rows, _MONTHS),
        }
    return found


Getter = Callable[..., object]
Spec = Sequence[tuple[str, Type, Getter]]


def _made(items: Iterable[object], spec: Spec) -> Columns:
    rows = list(items)
    return {name: (kind, [get(row) for row in rows]) for name, kind, get in spec}


def _at(day: int, second: int) -> int:
    return day * DAY_S + second - CHINA_S


def _last_day(month: int) -> int:
    return first_day(month + 1) - 1


def _loan_id(item: Filed) -> str:
    return f"L{item.item.filing.application_id[1:]}"


def _from(path: str) -> Getter:
    return attrgetter(path)


def _application_columns(world: World) -> Spec:
    places, trades, sizes = (
        [entry.code for entry in table]
        for table in (
            world.parameters.provinces,
            world.parameters.industries,
            world.parameters.sizes,
        )
    )
    return (
        ("application_id", "text", _from("item.filing.application_id")),
        ("enterprise_id", "text", _from("subject.firm.enterprise_id")),
        ("owner_id", "text", _from("subject.owner.person_id")),
        ("applied_at", "instant", lambda row: _at(row.item.filing.day, row.item.filing.second)),
        ("province", "text", lambda row: places[row.subject.firm.province]),
        ("industry", "text", lambda row: trades[row.subject.firm.industry]),
        ("size", "text", lambda row: sizes[row.subject.firm.size]),
        *_FILING,
        ("policy", "text", _from("item.verdict.policy")),
        ("points", "whole", _from("item.verdict.points")),
        ("approved", "flag", _from("item.verdict.approved")),
        ("reason", "text", _from("item.verdict.reason")),
        ("at_random", "flag", _from("item.verdict.at_random")),
        ("decided_on", "day", _from("item.verdict.day")),
    )


# The planted columns stand among the honest ones, and nothing here says which they are.
_FILING: Spec = (
    ("channel", "text", _from("item.filing.channel")),
    ("purpose", "text", _from("item.filing.purpose")),
    ("amount_asked", "whole", _from("item.filing.amount_asked")),
    ("months_asked", "whole", _from("item.filing.months_asked")),
    ("batch_series", "whole", _from("planted.batch_series")),
    ("owner_age", "whole", _from("item.filing.owner_age")),
    ("firm_age_months", "whole", _from("item.filing.firm_age_months")),
    ("property", "flag", _from("item.filing.property")),
    ("stated_sales_12m", "whole", _from("item.filing.stated_sales_12m")),
    ("bank_sales_12m", "whole", _from("item.filing.bank_sales_12m")),
    ("bank_sales_growth", "number", _from("item.filing.bank_sales_growth")),
    ("turnover_check", "number", _from("planted.turnover_check")),
    ("turnover_checked_at", "instant", _from("planted.turnover_checked_at")),
    ("invoice_sales_12m", "whole", _from("item.filing.invoice_sales_12m")),
    ("tax_late_12m", "whole", _from("item.filing.tax_late_12m")),
    ("overdue_24m", "whole", _from("item.filing.overdue_24m")),
    ("enquiries_6m", "whole", _from("item.filing.enquiries_6m")),
    ("follow_up_calls", "whole", _from("planted.follow_up_calls")),
    ("debt_ratio", "number", _from("item.filing.debt_ratio")),
    ("court_cases", "whole", _from("item.filing.court_cases")),
)


def _default_day(loan: Loan) -> int | None:
    return None if loan.default_month is None else _last_day(loan.default_month)


def _known_on(row: Filed) -> int | None:
    """The day on which the twelve-month label is known: that of a default, or a year's end."""
    month, default = row.item.filing.month, row.item.loan.default_month
    if default is not None and default <= month + _YEAR:
        return _last_day(default)
    return _last_day(month + _YEAR) if month + _YEAR < MONTHS else None


_LOANS: Spec = (
    ("loan_id", "text", _loan_id),
    ("application_id", "text", _from("item.filing.application_id")),
    ("enterprise_id", "text", _from("subject.firm.enterprise_id")),
    ("amount", "whole", _from("item.loan.amount")),
    ("months", "whole", _from("item.loan.months")),
    ("rate_bp", "whole", _from("item.loan.rate_bp")),
    ("instalment", "whole", _from("item.loan.instalment")),
    ("disbursed_on", "day", _from("item.loan.disbursed_day")),
    ("due_day", "whole", _from("item.loan.due_day")),
    ("status", "text", _from("item.loan.status")),
    ("default_on", "day", lambda row: _default_day(row.item.loan)),
    ("default_12m", "flag", _from("truth.would_default_12m")),
    ("label_known_on", "day", _known_on),
    ("owed_at_default", "whole", _from("item.loan.owed_at_default")),
    ("recovered", "whole", _from("item.loan.recovered")),
    ("restructured", "flag", _from("item.loan.restructured")),
    ("holiday_months", "whole", _from("item.loan.holiday_months")),
)

_OfMonth = tuple[Filed, LoanMonth]
_MONTHS: Spec = (
    ("loan_id", "text", lambda row: _loan_id(row[0])),
    ("enterprise_id", "text", lambda row: row[0].subject.firm.enterprise_id),
    ("month_end", "day", lambda row: _last_day(row[1].month)),
    ("month_on_book", "whole", lambda row: row[1].month_on_book),
    ("balance", "whole", lambda row: row[1].balance),
    ("due", "whole", lambda row: row[1].due),
    ("paid", "whole", lambda row: row[1].paid),
    ("recovered", "whole", lambda row: row[1].recovered),
    ("days_past_due", "whole", lambda row: row[1].days_past_due),
    ("status", "text", lambda row: row[1].status),
)

_TRUTH: Spec = (
    ("application_id", "text", _from("truth.application_id")),
    ("enterprise_id", "text", _from("subject.firm.enterprise_id")),
    ("month_end", "day", lambda row: _last_day(row.truth.month)),
    ("approved", "flag", _from("truth.approved")),
    ("hazard", "number", _from("truth.hazard")),
    ("pd_12m", "number", _from("truth.pd_12m")),
    ("pd_24m", "number", _from("truth.pd_24m")),
    ("pd_12m_foreseen", "number", _from("truth.pd_12m_foreseen")),
    ("default_12m", "flag", _from("truth.default_12m")),
    ("default_24m", "flag", _from("truth.default_24m")),
    ("fraud", "text", _from("truth.fraud")),
    ("faking", "flag", _from("truth.faking")),
    ("hidden", "flag", _from("truth.hidden")),
    ("would_end", "text", _from("truth.would_end")),
    ("would_default_12m", "flag", _from("truth.would_default_12m")),
    ("would_lose", "whole", _from("truth.would_lose")),
)


def _month_day(month: int) -> int | None:
    return None if month < 0 else first_day(month)


_SEALED_FIRMS: Spec = (
    ("enterprise_id", "text", _from("subject.firm.enterprise_id")),
    ("default_month", "day", lambda row: _month_day(row.months.default_month)),
    ("close_month", "day", lambda row: _month_day(row.months.close_month)),
    ("fraud", "text", lambda row: row.subject.fraud.kind if row.subject.fraud else ""),
    (
        "fraud_month",
        "day",
        lambda row: _month_day(row.subject.fraud.month) if row.subject.fraud else None,
    ),
    ("hidden_month", "day", lambda row: _month_day(row.subject.hidden_month)),
    ("circle", "text", lambda row: " ".join(f"E{number:08d}" for number in row.subject.circle)),
    ("ability", "number", _from("subject.owner.ability")),
    ("prudence", "number", _from("subject.owner.prudence")),
    ("honesty", "number", _from("subject.owner.honesty")),
    ("wealth", "number", _from("subject.owner.wealth")),
    ("productivity", "number", _from("subject.firm.productivity")),
    ("leverage", "number", _from("subject.firm.leverage")),
    ("concentration", "number", _from("subject.firm.concentration")),
    ("buffer", "number", _from("subject.firm.buffer")),
)


def _firm_columns(world: World) -> Spec:
    figures = world.parameters
    return (
        ("enterprise_id", "text", _from("firm.enterprise_id")),
        ("owner_id", "text", _from("owner.person_id")),
        ("province", "text", lambda row: figures.provinces[row.firm.province].code),
        ("industry", "text", lambda row: figures.industries[row.firm.industry].code),
        ("size", "text", lambda row: figures.sizes[row.firm.size].code),
        ("opened", "day", lambda row: first_day(row.firm.opened)),
    )


_LINKS: Spec = (
    ("person_id", "text", _from("person_id")),
    ("enterprise_id", "text", _from("enterprise_id")),
    ("role", "text", _from("role")),
    ("valid_from", "instant", _from("valid_from")),
    ("valid_to", "instant", lambda link: None if link.valid_to >= ALWAYS else link.valid_to),
    ("known_at", "instant", _from("known_at")),
)
