"""The trace of a decision, read from its log row for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the engine is heavy, and only a trace needs it
    from tael.dmn.authoring import Rule, Table


# Of a decision table by the number of the rule: what it says.
RuleTexts = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired: its number, its annotation, and what it says; '' where that is none."""

    number: int
    note: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One table or expression of the policy: what it read, which rules fired, what it gave."""

    node: str
    reads: Mapping[str, str]
    fired: tuple[Fired, ...]
    value: str


def rule_texts(dmn: str) -> RuleTexts:
    """What every rule of every table says: ``months ≤ 12, tier 1 → 0.08``."""
    from tael.dmn import authoring  # noqa: PLC0415 - heavy, and few pages need it

    return {
        name: tuple(_said(table, rule) for rule in table.rules)
        for name, table in authoring.Draft.read(dmn).tables().items()
    }


def _said(table: Table, rule: Rule) -> str:
    """Its conditions, those that take any value left out, and its conclusions."""
    asked = zip(table.inputs, rule.conditions, strict=True)
    given = zip(table.outputs, rule.conclusions, strict=True)
    conditions = [f"{column.expression} {cell}" for column, cell in asked if cell not in ("", "-")]
    one = len(table.outputs) == 1
    conclusions = [cell if one else f"{column.name} {cell}" for column, cell in given]
    text = f"{', '.join(conditions) or '-'} → {', '.join(conclusions)}"
    return " ".join(text.split())


def steps_of(trace: object, texts: RuleTexts | None = None) -> tuple[Step, ...]:
    """The steps of a logged trace; none when it has another form.

    Of a decision made before everything was known only the rules that surely fired are told.
    """
    found = _map(trace)
    rows = _list(found.get("decisions")) or [
        {"node": node, "fired": [{"number": number} for number in _list(numbers)]}
        for node, numbers in _map(found.get("fired")).items()
    ]
    return tuple(_step(_map(row), texts or {}) for row in rows)


def _step(row: Mapping[str, Any], texts: RuleTexts) -> Step:
    node = str(row.get("node", ""))
    rules = texts.get(node, ())
    return Step(
        node=node,
        reads={name: value_text(value) for name, value in _map(row.get("reads")).items()},
        fired=tuple(_fired(_map(rule), rules) for rule in _list(row.get("fired"))),
        value=value_text(row["value"]) if "value" in row else "",
    )


def _fired(rule: Mapping[str, Any], texts: Sequence[str]) -> Fired:
    number = int(rule.get("number", 0))
    note = "; ".join(map(str, _list(rule.get("annotations"))))
    return Fired(number, note, texts[number - 1] if 0 < number <= len(texts) else "")


def value_text(value: object) -> str:
    """Any JSON value on one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {value_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(value_text, value)) or "[]"
    return "null" if value is None else str(value)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
