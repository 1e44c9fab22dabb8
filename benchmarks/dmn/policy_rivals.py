"""The credit policy for other engines: zen's JSON decision model, datalogic's JSON logic."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import pairwise

from dmn.credit_policy import ANY, Cell, Policy, Table

# --- zen: one graph, the scorecard as nested conditionals, which is its fastest form


def zen_graph(policy: Policy) -> str:
    """A JSON decision model in the form that zen runs fastest, of four that were timed.

    Ratios, knock-outs and score are one node of expressions; the last node gives outputs alone.
    """
    ratios = [(name, f"({above}) / {below}") for name, above, below in policy.ratios]
    names = "|".join(name for name, _ in ratios)

    def after(text: str) -> str:
        """Values of the same node are read behind a ``$``."""
        return re.sub(rf"(?<![\w$.])({names})\b", r"$.\1", text)

    score = " + ".join(map(_points, policy.scorecard))
    first = [*ratios, ("score", after(score)), ("reasons", after(_knock_outs(policy.knock_outs)))]
    nodes = [
        _node("in", "inputNode", {}),
        _expressions("first", first),
        _table("tier", policy.tiers),
        _table("price", policy.prices),
        _expressions("offer", _OFFER, last=True),
        _node("out", "outputNode", {}),
    ]
    return _linked(nodes)


def _linked(nodes: list[dict[str, object]]) -> str:
    edges = [
        {"id": f"e{i}", "type": "edge", "sourceId": a["id"], "targetId": b["id"]}
        for i, (a, b) in enumerate(pairwise(nodes))
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


def _knock_outs(table: Table) -> str:
    """A list of codes behind conditions, the empty ones filtered out."""
    rows = [
        (" and ".join(_test(n, c) for n, c in zip(table.columns, row, strict=True) if c != ANY), r)
        for row, (r,) in zip(table.rows, table.conclusions, strict=True)
    ]
    listed = ", ".join(f'({test} ? "{reason}" : "")' for test, reason in rows)
    return f'filter([{listed}], # != "")'


def _test(field: str, cell: Cell) -> str:
    if cell.kind == "least":
        return f"{field} >= {cell.low}"
    if cell.kind == "below":
        return f"{field} < {cell.high}"
    if cell.kind == "one_of":
        return f"{field} in {json.dumps(list(cell.values))}"
    return field if cell.truth else f"not {field}"


_ROUTE = 'len(reasons) > 0 ? "decline" : (tier >= 5 or request_share > 0.5 ? "refer" : "approve")'
_OFFER = [
    *((name, name) for name in ("reasons", "score", "tier", "limit", "rate")),
    ("amount", "min([requested_amount, limit, annual_revenue * 0.35])"),
    ("monthly", "rate / 12"),
    ("growth", "(1 + $.monthly) ^ term_months"),
    ("payment", "round($.amount * $.monthly * $.growth / ($.growth - 1), 2)"),
    ("route", _ROUTE),
]


def _node(name: str, kind: str, content: dict[str, object]) -> dict[str, object]:
    return {"id": name, "name": name, "type": kind, "content": content}


def _expressions(
    name: str, pairs: list[tuple[str, str]], *, last: bool = False
) -> dict[str, object]:
    listed = [{"id": f"{name}{i}", "key": k, "value": v} for i, (k, v) in enumerate(pairs)]
    content: dict[str, object] = {"expressions": listed, "passThrough": not last}
    return _node(name, "expressionNode", content)


def _table(name: str, table: Table) -> dict[str, object]:
    columns = [f"{name}i{i}" for i in range(len(table.columns))]
    outputs = [f"{name}o{i}" for i in range(len(table.outputs))]
    rules = [
        {"_id": f"{name}r{number}"}
        | {key: _zen(cell) for key, cell in zip(columns, row, strict=True)}
        | {key: json.dumps(_plain(v)) for key, v in zip(outputs, conclusion, strict=True)}
        for number, (row, conclusion) in enumerate(zip(table.rows, table.conclusions, strict=True))
    ]
    fields = (
        [*zip(columns, table.columns, strict=True)],
        [*zip(outputs, table.outputs, strict=True)],
    )
    content: dict[str, object] = {
        "hitPolicy": "first",
        "inputs": [{"id": key, "name": field, "field": field} for key, field in fields[0]],
        "outputs": [{"id": key, "name": field, "field": field} for key, field in fields[1]],
        "rules": rules,
        "passThrough": True,
    }
    return _node(name, "decisionTableNode", content)


def table_graph(table: Table) -> str:
    """One table alone as a JSON decision model that gives its outputs alone."""
    only = _table("t", table)
    only["content"] = {k: v for k, v in _content(only).items() if k != "passThrough"}
    return _linked([_node("in", "inputNode", {}), only, _node("out", "outputNode", {})])


def _content(node: dict[str, object]) -> dict[str, object]:
    content = node["content"]
    return content if isinstance(content, dict) else {}


def _plain(value: str | int | Decimal) -> str | int | float:
    return float(value) if isinstance(value, Decimal) else value


def _zen(cell: Cell) -> str:
    if cell.kind == "range":
        return f"[{cell.low}..{cell.high})"
    if cell.kind == "least":
        return f">= {cell.low}"
    if cell.kind == "below":
        return f"< {cell.high}"
    if cell.kind == "one_of":
        return ", ".join(json.dumps(value) for value in cell.values)
    return "" if cell.kind == "any" else str(cell.truth).lower()


def _points(table: Table) -> str:
    field, text = table.columns[0], ""
    for (cell,), (points,) in zip(table.rows[:-1], table.conclusions[:-1], strict=True):
        test = f"{field} < {cell.high}" if cell.kind != "one_of" else f"{field} == {_zen(cell)}"
        text += f"{test} ? {points} : "
    return f"({text}{table.conclusions[-1][0]})"


def zen_answer(result: dict[str, object]) -> dict[str, object]:
    """What zen gives, in the names of the reference; its numbers as decimals of their texts."""
    found = {k: result[k] for k in ("score", "tier", "limit", "rate", "amount", "payment")}
    answer: dict[str, object] = {k: Decimal(str(v)) for k, v in found.items()}
    return answer | {"reasons": result["reasons"], "route": result["route"]}


# --- datalogic: knock-outs, score, tier and price as one expression; no ratios, no money


def datalogic_rule(policy: Policy) -> dict[str, object]:
    """One JSON logic expression over an application to which the ratios were added."""
    knock = {
        "filter": [
            [
                {"if": [_all(policy.knock_outs.columns, row), code, None]}
                for row, (code,) in zip(
                    policy.knock_outs.rows, policy.knock_outs.conclusions, strict=True
                )
            ],
            {"!=": [{"var": ""}, None]},
        ]
    }
    score = {"+": [_branches(each) for each in policy.scorecard]}
    return {"reasons": knock, "score": score}


def _all(columns: tuple[str, ...], row: tuple[Cell, ...]) -> object:
    tests = [_logic({"var": n}, c) for n, c in zip(columns, row, strict=True) if c.kind != "any"]
    return tests[0] if len(tests) == 1 else {"and": tests} if tests else True


def _logic(value: object, cell: Cell) -> object:
    if cell.kind == "range":
        low, high = float(cell.low), float(cell.high)
        return {"and": [{">=": [value, low]}, {"<": [value, high]}]}
    if cell.kind == "least":
        return {">=": [value, float(cell.low)]}
    if cell.kind == "below":
        return {"<": [value, float(cell.high)]}
    if cell.kind == "one_of":
        return {"in": [value, list(cell.values)]}
    return {"==": [value, cell.truth]}


def _branches(table: Table) -> object:
    chain: list[object] = []
    for row, conclusion in zip(table.rows[:-1], table.conclusions[:-1], strict=True):
        chain += [_all(table.columns, row), _plain(conclusion[0])]
    return {"if": [*chain, _plain(table.conclusions[-1][0])]}
