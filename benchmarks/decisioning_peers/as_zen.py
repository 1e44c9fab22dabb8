"""The same policy as a JSON decision model of zen, in the forms that were tried; see `graph`."""

from __future__ import annotations

import json
import re
from itertools import pairwise

from decisioning_peers import policy
from decisioning_peers.policy import Conditions, Table

Node = dict[str, object]
_RATIOS = tuple(name for name, *_ in policy.RATIOS)
_OWN = "|".join((*_RATIOS, "tier"))


def graph(*, by_tier: bool = False) -> str:
    """One graph: a node of expressions, the table of prices, a node of what follows.

    Nested conditionals instead of small tables and lists filtered by conditions are zen's fastest
    forms (see ``dmn.policy_rivals``). The table tells the number of its row, so that no trace of
    the engine is needed to know which rule fired. ``by_tier`` splits it by a switch into one table
    a tier, so that fewer rows are looked at.
    """
    first = [(name, f"{below} > 0 ? {_expression(above)} / {below} : {empty}")
             for name, above, below, empty in policy.RATIOS]  # fmt: skip
    first += [
        ("tier", _tier()),
        ("knock_outs", _collected(policy.KNOCK_OUTS)),
        ("referrals", _collected(policy.REFERRALS)),
    ]
    head = [_node("in", "inputNode", {}), _expressions("first", first, keep=True)]
    tail = [_expressions("last", _last(), keep=False), _node("out", "outputNode", {})]
    prices = policy.prices()
    if by_tier:
        return _switched(head, tail, prices)
    nodes = [*head, _table("prices", prices, 0), *tail]
    return json.dumps({"nodes": nodes, "edges": _chain(nodes)})


_LIMIT = (
    "max([0, min([turnover_12m * turnover_share * (repay_share > 0.3 ? 0.7 : 1) - firm_debt * 0.2,"
    " ceiling])])"
)


def _routing() -> str:
    text = ""
    for conditions, to in policy.ROUTES:
        text += f'{_test(conditions)} ? "{to}" : ' if conditions else f'"{to}"'
    return text


def _last() -> list[tuple[str, str]]:
    kept = ("tier", "knock_outs", "referrals", "bank_interest", "guarantee_fee", "price_row")
    return [
        *((name, name) for name in kept),
        ("outcome",
         'len(knock_outs) > 0 ? "decline" : (len(referrals) > 0 ? "refer" : "approve")'),
        ("limit", _LIMIT),
        ("routing", _routing()),
    ]  # fmt: skip


def _tier() -> str:
    bounds = "".join(
        f"pd < {bound} ? {tier} : " for tier, bound in enumerate(policy.TIER_BOUNDS, 1)
    )
    return f"{bounds}{len(policy.TIER_BOUNDS) + 1}"


def _collected(rules: dict[str, Conditions]) -> str:
    listed = ", ".join(f'({_after(_test(each))} ? "{code}" : "")' for code, each in rules.items())
    return f'filter([{listed}], # != "")'


def _test(conditions: Conditions) -> str:
    tests = (f"{n} == {c}" if c.isdigit() else f"{n} {c}" for n, c in conditions.items())
    return " and ".join(tests)


def _after(text: str) -> str:
    """Values of the same node are read behind a ``$``."""
    return re.sub(rf"(?<![\w$.])({_OWN})\b", r"$.\1", text)


def _expression(text: str) -> str:
    return f"({text})" if " " in text else text


def _node(name: str, kind: str, content: Node) -> Node:
    return {"id": name, "name": name, "type": kind, "content": content}


def _expressions(name: str, pairs: list[tuple[str, str]], *, keep: bool) -> Node:
    listed = [{"id": f"{name}{i}", "key": k, "value": v} for i, (k, v) in enumerate(pairs)]
    return _node(name, "expressionNode", {"expressions": listed, "passThrough": keep})


def _table(name: str, table: Table, before: int) -> Node:
    """A table whose rules are numbered from ``before + 1``; a column nobody asks is left out."""
    asked = [i for i in range(len(table.columns)) if any(c[i] != "-" for c, _ in table.rules)]
    outputs = (*table.outputs, "price_row")
    rules = [
        {"_id": f"{name}r{number}"}
        | {f"{name}i{i}": "" if cells[i] == "-" else cells[i] for i in asked}
        | {f"{name}o{i}": value for i, value in enumerate((*conclusions, str(number)))}
        for number, (cells, conclusions) in enumerate(table.rules, before + 1)
    ]
    fields = {n: n for n in table.columns}
    return _node(name, "decisionTableNode", {
        "hitPolicy": "first",
        "inputs": [{"id": f"{name}i{i}", "name": table.columns[i],
                    "field": fields[table.columns[i]]} for i in asked],
        "outputs": [{"id": f"{name}o{i}", "name": n, "field": n} for i, n in enumerate(outputs)],
        "rules": rules,
        "passThrough": True,
    })  # fmt: skip


def _chain(nodes: list[Node]) -> list[Node]:
    return [_edge(a, b) for a, b in pairwise(nodes)]


def _edge(a: Node, b: Node, handle: str | None = None) -> Node:
    edge = {"id": f"{a['id']}-{b['id']}", "type": "edge", "sourceId": a["id"], "targetId": b["id"]}
    return edge | ({"sourceHandle": handle} if handle else {})


def _switched(head: list[Node], tail: list[Node], prices: Table) -> str:
    parts: dict[str, list[int]] = {}
    for place, (cells, _) in enumerate(prices.rules):
        parts.setdefault(cells[0], []).append(place)
    tables = []
    for tier, places in parts.items():
        if tier == "-":  # no tier is left for it
            continue
        rules = tuple((("-", *prices.rules[p][0][1:]), prices.rules[p][1]) for p in places)
        name = f"prices{tier}"
        tables.append((tier, _table(name, prices._replace(rules=rules), places[0])))
    statements = [{"id": f"s{tier}", "condition": f"tier == {tier}"} for tier, _ in tables]
    switch = _node("switch", "switchNode", {"hitPolicy": "first", "statements": statements})
    edges = [*_chain([*head, switch]), *_chain(tail)]
    for tier, table in tables:
        edges += [_edge(switch, table, f"s{tier}"), _edge(table, tail[0])]
    nodes = [*head, switch, *(table for _, table in tables), *tail]
    return json.dumps({"nodes": nodes, "edges": edges})
