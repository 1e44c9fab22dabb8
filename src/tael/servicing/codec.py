"""The frozen contract as JSON, for the store: money in minor units, rates as decimal text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from tael.kernel import Calendar, Day, LoanId, Money, Rate, Roll, Rounding
from tael.ledger import Dimensions
from tael.pricing import Component, DayCount, Instalment, LastRow, Method, Schedule, Terms
from tael.servicing.model import GuaranteeTerms, LoanContract


def contract_to_json(contract: LoanContract) -> dict[str, Any]:
    """Everything ``contract`` says, losslessly."""
    schedule, guarantee = contract.schedule, contract.guarantee
    return {
        "loan_id": contract.loan_id,
        "terms": _terms_out(schedule.terms),
        "version": schedule.version,
        "instalments": [_instalment_out(row) for row in schedule.instalments],
        "guarantee": {
            "pd_12m": str(guarantee.pd_12m.fraction),
            "lgd_initial": str(guarantee.lgd_initial.fraction),
            "lgd_compensated": str(guarantee.lgd_compensated.fraction),
            "claim_dpd": guarantee.claim_dpd,
        },
        "dimensions": asdict(contract.dimensions),
    }


def contract_from_json(data: dict[str, Any]) -> LoanContract:
    """The contract that ``contract_to_json`` wrote."""
    terms = _terms_in(data["terms"])
    rows = tuple(_instalment_in(row, terms.currency) for row in data["instalments"])
    guarantee = data["guarantee"]
    return LoanContract(
        loan_id=LoanId.parse(data["loan_id"]),
        schedule=Schedule(terms, rows, data["version"]),
        guarantee=GuaranteeTerms(
            pd_12m=_rate(guarantee["pd_12m"]),
            lgd_initial=_rate(guarantee["lgd_initial"]),
            lgd_compensated=_rate(guarantee["lgd_compensated"]),
            claim_dpd=guarantee["claim_dpd"],
        ),
        dimensions=Dimensions(**data["dimensions"]),
    )


def _terms_out(terms: Terms) -> dict[str, Any]:
    written: dict[str, Any] = {"currency": terms.currency}
    for part in fields(terms):
        write, _ = _TERMS[part.name]
        value = getattr(terms, part.name)
        written[part.name] = None if value is None else write(value)
    return written


def _terms_in(data: dict[str, Any]) -> Terms:
    """A field that was not written yet has its default; one that was None is None."""
    values: dict[str, Any] = {}
    for part in fields(Terms):
        if part.name in data:
            _, read = _TERMS[part.name]
            written = data[part.name]
            values[part.name] = None if written is None else read(written, data["currency"])
    return Terms(**values)


def _component_out(part: Component) -> dict[str, Any]:
    return {
        "name": part.name,
        "rate": str(part.rate.fraction),
        "payer": part.payer,
        "payee": part.payee,
    }


def _component_in(data: dict[str, Any]) -> Component:
    return Component(data["name"], _rate(data["rate"]), data["payer"], data["payee"])


def _calendar_out(calendar: Calendar) -> dict[str, Any]:
    return {
        "name": calendar.name,
        "holidays": _days_out(sorted(calendar.holidays)),
        "workdays": _days_out(sorted(calendar.workdays)),
    }


def _calendar_in(data: dict[str, Any]) -> Calendar:
    return Calendar(
        data["name"],
        frozenset(map(Day.parse, data["holidays"])),
        frozenset(map(Day.parse, data["workdays"])),
    )


def _days_out(days: Iterable[Day]) -> list[str]:
    return [day.isoformat() for day in days]


# One pair a field, by its name: what writes it and what reads it back. A field of ``Terms`` that
# is not here fails at the first contract that is written, not at the first that is read.
_TERMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, str], Any]]] = {
    "principal": (lambda amount: amount.minor, Money),
    "method": (lambda method: method.value, lambda text, _: Method(text)),
    "months": (int, lambda count, _: count),
    "start": (lambda day: day.isoformat(), lambda text, _: Day.parse(text)),
    "components": (
        lambda parts: [_component_out(part) for part in parts],
        lambda parts, _: tuple(_component_in(part) for part in parts),
    ),
    "rounding": (lambda rounding: rounding.name, lambda name, _: Rounding[name]),
    "day_count": (lambda count: count.value, lambda text, _: DayCount(text)),
    "penalty_rate": (lambda rate: str(rate.fraction), lambda text, _: _rate(text)),
    "first_due": (lambda day: day.isoformat(), lambda text, _: Day.parse(text)),
    "due_dates": (_days_out, lambda days, _: tuple(map(Day.parse, days))),
    "due_day": (int, lambda number, _: number),
    "roll": (lambda roll: roll.value, lambda text, _: Roll(text)),
    "calendar": (_calendar_out, lambda data, _: _calendar_in(data)),
    "instalment_rounding": (lambda rounding: rounding.name, lambda name, _: Rounding[name]),
    "instalment_multiple": (lambda amount: amount.minor, Money),
    "last_row": (lambda row: row.value, lambda text, _: LastRow(text)),
    "principal_grace": (int, lambda count, _: count),
    "equal_part": (lambda amount: amount.minor, Money),
    "year_days": (int, lambda days, _: days),
}


def _instalment_out(row: Instalment) -> dict[str, Any]:
    return {
        "number": row.number,
        "due": row.due.isoformat(),
        "principal": row.principal.minor,
        "charges": {name: amount.minor for name, amount in row.charges.items()},
        "other_charges": {name: amount.minor for name, amount in row.other_charges.items()},
    }


def _instalment_in(data: dict[str, Any], currency: str) -> Instalment:
    return Instalment(
        number=data["number"],
        due=Day.parse(data["due"]),
        principal=Money(data["principal"], currency),
        charges={name: Money(minor, currency) for name, minor in data["charges"].items()},
        other_charges={
            name: Money(minor, currency) for name, minor in data["other_charges"].items()
        },
    )


def _rate(text: str) -> Rate:
    return Rate(Decimal(text))
