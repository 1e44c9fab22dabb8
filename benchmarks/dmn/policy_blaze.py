"""The credit policy as flat rules for blazerules, which has neither tables nor derived values.

Each row of each table becomes a rule; ratios, score and tier are handed over as columns, which is
work that it is spared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from dmn.credit_policy import Cell, Policy, Table


def blaze_rules(policy: Policy) -> str:
    """A rule set in JSON: knock-outs first, in the order of the table."""
    rules = [
        *_rules("k", policy.knock_outs, "block"),
        *(r for i, t in enumerate(policy.scorecard) for r in _rules(f"s{i}_", t, "score")),
        *_rules("t", policy.tiers, "flag"),
        *_rules("p", policy.prices, "flag"),
    ]
    return json.dumps({"ruleset": {"name": "credit", "version": "1.0.0", "rules": rules}})


def _rules(prefix: str, table: Table, action: str) -> Iterator[dict[str, object]]:
    for number, row in enumerate(table.rows, start=1):
        parts = [
            part
            for field, cell in zip(table.columns, row, strict=True)
            for part in _conditions(field, cell)
        ]
        if parts:
            condition = parts[0] if len(parts) == 1 else {"and": parts}
            yield {
                "id": f"{prefix}{number}",
                "action": action,
                "severity": "LOW",
                "weight": 1,
                "conditions": condition,
            }


def _conditions(field: str, cell: Cell) -> list[dict[str, object]]:
    if cell.kind == "any":
        return []
    if cell.kind == "is":
        return [{"field": field, "op": "eq", "value": float(cell.truth)}]
    if cell.kind == "one_of":
        return [{"field": field, "op": "in", "value": list(cell.values)}]
    low = {"field": field, "op": "gte", "value": float(cell.low)}
    high = {"field": field, "op": "lt", "value": float(cell.high)}
    return {"range": [low, high], "least": [low], "below": [high]}[cell.kind]
