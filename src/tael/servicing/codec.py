"""The frozen contract as JSON, for the store: money in minor units, rates as decimal text."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from tael.kernel import Day, LoanId, Money, Rate, Rounding
from tael.ledger import Dimensions
from tael.pricing import Component, DayCount, Instalment, LastRow, Method, Schedule, Terms
from tael.servicing.model import GuaranteeTerms, LoanContract


def contract_to_json(contract: LoanContract) -> dict[str, Any]:
    """Everything ``contract`` says; of a calendar, only the due dates it led to."""
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
    return {
        "principal": terms.principal.minor,
        "currency": terms.currency,
        "method": terms.method.value,
        "months": terms.months,
        "start": terms.start.isoformat(),
        "components": [
            {"name": c.name, "rate": str(c.rate.fraction), "payer": c.payer, "payee": c.payee}
            for c in terms.components
        ],
        "rounding": terms.rounding.name,
        "day_count": terms.day_count.value,
        "penalty_rate": str(terms.penalty_rate.fraction),
        "first_due": terms.first_due.isoformat() if terms.first_due else None,
        "last_row": terms.last_row.value,
        "principal_grace": terms.principal_grace,
        "due_dates": [day.isoformat() for day in terms.due_dates],
        "due_day": terms.due_day,
        "year_days": terms.year_days,
        "instalment_rounding": terms.instalment_rounding.name
        if terms.instalment_rounding
        else None,
        "instalment_multiple": _minor(terms.instalment_multiple),
        "equal_part": _minor(terms.equal_part),
    }


def _terms_in(data: dict[str, Any]) -> Terms:
    return Terms(
        principal=Money(data["principal"], data["currency"]),
        method=Method(data["method"]),
        months=data["months"],
        start=Day.parse(data["start"]),
        components=tuple(
            Component(c["name"], _rate(c["rate"]), c["payer"], c["payee"])
            for c in data["components"]
        ),
        rounding=Rounding[data["rounding"]],
        day_count=DayCount(data["day_count"]),
        penalty_rate=_rate(data["penalty_rate"]),
        first_due=Day.parse(data["first_due"]) if data["first_due"] else None,
        last_row=LastRow(data["last_row"]),
        principal_grace=data["principal_grace"],
        due_dates=tuple(Day.parse(text) for text in data["due_dates"]),
        due_day=data["due_day"],
        year_days=data["year_days"],
        instalment_rounding=_rounding(data["instalment_rounding"]),
        instalment_multiple=_money(data["instalment_multiple"], data["currency"]),
        equal_part=_money(data["equal_part"], data["currency"]),
    )


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


def _minor(amount: Money | None) -> int | None:
    return amount.minor if amount is not None else None


def _money(minor: int | None, currency: str) -> Money | None:
    return Money(minor, currency) if minor is not None else None


def _rounding(name: str | None) -> Rounding | None:
    return Rounding[name] if name is not None else None


def _rate(text: str) -> Rate:
    return Rate(Decimal(text))
