"""An analysed book as plain numbers for the charts and for the line that is dragged."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tael.policies.books import SIDES, Analysis, Figures, Group

# In this order for each side and for all that are accepted; money in minor units.
FIGURES = (
    "count", "bad", "known", "rate", "low", "high", "unknown", "expected", "lowest", "highest",
    "amount", "income", "funding", "loss", "cost", "profit", "best", "worst",
)  # fmt: skip


def curve_data(found: Analysis) -> dict[str, object]:
    """Every cut-off: its text, and the figures of each side and of everybody accepted."""
    swaps = found.curve.swaps
    return {
        "names": FIGURES,
        "sides": SIDES,
        "cuts": found.curve.cuts,
        "tiers": bool(found.ranking.tiers),
        "higher": found.ranking.higher,
        "present": found.curve.present,
        "best": found.curve.best(),
        "whole": swaps[0].everybody.count,
        "now": _numbers(swaps[0].present),
        "accepted": [_numbers(swap.accepted) for swap in swaps],
        "swaps": [[_numbers(figures) for figures in swap.sides().values()] for swap in swaps],
    }


def group_data(groups: Sequence[Group]) -> list[list[object]]:
    """Name, count, bad rate with both bounds (per cent) and share approved of each group."""
    return [
        [
            one.name, one.count, _percent(one.bad.value), _percent(one.bad.low),
            _percent(one.bad.high), _percent(one.approved.value),
        ]
        for one in groups
    ]  # fmt: skip


def line_data(found: Analysis) -> list[dict[str, object]]:
    """The curve of each vintage by months on book, per cent."""
    if found.vintages is None:
        return []
    curves = found.vintages.curves.items()
    return [
        {"name": name, "points": [_percent(each) for each in points]} for name, points in curves
    ]


def _numbers(each: Figures) -> list[object]:
    known, (lowest, highest) = each.known, each.bounds
    return [
        each.count, each.bad, known.whole, _percent(known.value), _percent(known.low),
        _percent(known.high), each.unknown, _percent(each.expected), _percent(lowest),
        _percent(highest), each.amount, each.income, each.funding, each.loss, each.cost,
        each.profit, each.best, each.worst,
    ]  # fmt: skip


def _percent(share: Decimal | None) -> float | None:
    return None if share is None else float(round(share * 100, 4))
