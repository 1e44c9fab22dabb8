"""Figures as plain numbers for the charts: the only place where the console makes floats."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from tael.kernel import Money
from tael.portfolio import Dashboard

_LAST_VINTAGES = 12


def curves(shown: Dashboard) -> dict[str, object]:
    """The series of the first page: months along, amounts in major units, shares in per cent."""
    months = shown.months
    return {
        "months": [point.month_end.isoformat()[:7] for point in months],
        "new_loans": [major(point.new_loans) for point in months],
        "balance": [major(point.balance) for point in months],
        "prime_share": [_percent(point.prime_share) for point in months],
        "dpd30": [_percent(point.dpd30) for point in months],
        "dpd90": [_percent(point.dpd90) for point in months],
        "vintages": _vintages(shown),
    }


def _vintages(shown: Dashboard) -> list[dict[str, object]]:
    lines: dict[str, list[list[float]]] = defaultdict(list)
    for point in shown.vintages:
        lines[point.vintage.isoformat()[:7]].append(
            [float(point.months_on_book), float(point.share * 100)]
        )
    latest = sorted(lines)[-_LAST_VINTAGES:]
    return [{"name": name, "points": lines[name]} for name in latest]


def major(amount: Money) -> float:
    """An amount in its major unit, for a chart."""
    return float(amount.decimal())


def _percent(share: Decimal | None) -> float | None:
    return None if share is None else float(round(share * 100, 4))
