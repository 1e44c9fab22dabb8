"""Walks over a plan: what an expression is made of, what a decision needs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tael.dmn.compiled import plan as p


def children(node: p.Expression) -> Sequence[p.Expression]:  # noqa: C901, PLR0911 - one answer a form
    """The parts of ``node`` in the order in which they are evaluated."""
    if isinstance(node, p.Local):
        return (node.value,)
    if isinstance(node, p.Arithmetic):
        return (node.left,) if node.right is None else (node.left, node.right)
    if isinstance(node, p.Call):
        return node.arguments
    if isinstance(node, p.Comparison):
        return (node.left, node.right)
    if isinstance(node, p.Membership):
        return (node.value,)
    if isinstance(node, p.Logic):
        return node.parts
    if isinstance(node, p.Choose):
        return (node.condition, node.then, node.otherwise)
    if isinstance(node, p.Table):
        conclusions = (each for output in node.outputs for each in output)
        return (*(c.value for c in node.columns), *conclusions, *(node.default or ()))
    if isinstance(node, p.ListOf | p.Record):
        return node.items
    if isinstance(node, p.Kept):
        return [each for part in node.parts for each in part]
    return (node.source,) if isinstance(node, p.Member) else ()


def walked(node: p.Expression) -> Iterator[p.Expression]:
    """``node`` and all below it, what is shared once; constants are left out."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, p.Constant) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting.extend(reversed(children(each)))


@dataclass(frozen=True, slots=True)
class Needs:
    """What the wanted decisions need: decisions in order of evaluation, inputs by name."""

    decisions: tuple[str, ...]
    inputs: tuple[p.Input, ...]


def needs(plan: p.Plan, wanted: Iterable[str]) -> Needs:
    """What ``wanted``, keys of planned decisions, read directly or not."""
    keys: set[str] = set()
    inputs: dict[str, p.Input] = {}
    waiting = list(wanted)
    while waiting:
        key = waiting.pop()
        if key in keys:
            continue
        keys.add(key)
        for node in walked(plan.decisions[key]):
            if isinstance(node, p.Reference):
                waiting.append(node.key)
            elif isinstance(node, p.Input):
                inputs[node.name] = node
    ordered = tuple(key for key in plan.decisions if key in keys)
    return Needs(ordered, tuple(sorted(inputs.values(), key=lambda each: each.name)))


def subject(node: p.Expression, decision: str) -> Hashable:
    """What ``node`` looks at, equal wherever the same value is meant; None when it is computed."""
    if isinstance(node, p.Input):
        return ("input", node.name)
    if isinstance(node, p.Reference):
        return ("decision", node.key)
    if isinstance(node, p.Local):
        return ("local", decision, node.slot)
    if isinstance(node, p.Member):
        source = subject(node.source, decision)
        return None if source is None else ("member", source, node.name)
    return None
