"""The trace of a decision, read from its log row for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One table or expression of the policy: what it read, which rules fired, what it gave."""

    node: str
    reads: Mapping[str, str]
    fired: tuple[tuple[int, str], ...]
    value: str


def steps_of(trace: object) -> tuple[Step, ...]:
    """The steps of a logged trace; none when it has another form."""
    rows = _list(_map(trace).get("decisions"))
    return tuple(_step(_map(row)) for row in rows)


def _step(row: Mapping[str, Any]) -> Step:
    fired = (_map(rule) for rule in _list(row.get("fired")))
    return Step(
        node=str(row.get("node", "")),
        reads={name: _text(value) for name, value in _map(row.get("reads")).items()},
        fired=tuple(
            (int(rule.get("number", 0)), "; ".join(map(str, _list(rule.get("annotations")))))
            for rule in fired
        ),
        value=_text(row.get("value")),
    )


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "[]"
    return "null" if value is None else str(value)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
