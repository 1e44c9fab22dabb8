"""What is known of a value before all inputs are: all of it, which values are left, or parts.

Each form is a set of values the true one surely lies in, with the inputs it can still depend on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from tael.dmn.feel.values import Value, kind
from tael.dmn.verification.constants import value_key

MOST_CHOICES = 64
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """A value that no unknown input can change any more."""

    value: Value


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that still depends on ``needs``.

    Attributes:
        needs: names of unknown inputs.
        choices: the only values it can have, null among them if it can be null; None if not known.
        kind: its FEEL kind when it is not null; '' for any.
        low: a number is not below this; None is unbounded.
        high: a number is not above this.
        nullable: whether it can be null; meant only where ``kind`` is given and no ``choices`` are.
    """

    needs: frozenset[str]
    choices: tuple[Value, ...] | None = None
    kind: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Fields:
    """A context of which each entry is known on its own."""

    entries: Mapping[str, Abstract]


@dataclass(frozen=True, slots=True)
class Items:
    """A list: each item in order, and whether it is surely in it. ``needs`` decide on the rest."""

    parts: tuple[tuple[Abstract, bool], ...]
    needs: frozenset[str]


Abstract: TypeAlias = Known | Unknown | Fields | Items


def needs_of(value: Abstract) -> frozenset[str]:
    """The unknown inputs a value still depends on."""
    if isinstance(value, Known):
        return NOBODY
    if isinstance(value, Unknown):
        return value.needs
    if isinstance(value, Fields):
        return NOBODY.union(*(needs_of(each) for each in value.entries.values()))
    return value.needs.union(*(needs_of(each) for each, _ in value.parts))


def choices_of(value: Abstract) -> tuple[Value, ...] | None:
    """The only values it can have, when they are few and known."""
    if isinstance(value, Known):
        return (value.value,)
    return value.choices if isinstance(value, Unknown) else None


def settled(value: Abstract) -> Abstract:
    """A context or list whose parts are all known is known itself.

    So is a number that two equal bounds leave nothing else to be.
    """
    if isinstance(value, Unknown) and value.low is not None and value.low == value.high:
        return value if value.nullable or value.choices is not None else Known(value.low)
    if isinstance(value, Fields):
        entries = {name: settled(each) for name, each in value.entries.items()}
        if all(isinstance(each, Known) for each in entries.values()):
            return Known({n: each.value for n, each in entries.items() if isinstance(each, Known)})
        return Fields(entries)
    if isinstance(value, Items):
        parts = [settled(each) for each, _ in value.parts]
        if all(sure for _, sure in value.parts) and all(isinstance(p, Known) for p in parts):
            return Known(tuple(each.value for each in parts if isinstance(each, Known)))
    return value


def one_of(values: Iterable[Value], needs: frozenset[str]) -> Abstract:
    """A value that is one of ``values``."""
    found = {value_key(value): value for value in values}
    if len(found) == 1:
        return Known(next(iter(found.values())))
    if len(found) <= MOST_CHOICES:
        return Unknown(needs, tuple(found.values()))
    return _hull([Known(value) for value in found.values()], needs)


def joined(values: Sequence[Abstract], needs: frozenset[str]) -> Abstract:
    """A value that is one of several, which ``needs`` decide on."""
    values = [settled(value) for value in values]
    every = needs.union(*(needs_of(value) for value in values))
    choices = [choices_of(value) for value in values]
    if any(each is None for each in choices) or _are_contexts(values):
        if _are_contexts(values):
            return _joined_fields(values, needs)
        if len(values) == 1 and isinstance(values[0], Items):
            return replace(values[0], needs=values[0].needs)
        return _hull(values, every)
    return one_of((value for each in choices for value in each or ()), every)


def _are_contexts(values: Sequence[Abstract]) -> bool:
    """Whether all are contexts with the same entries."""
    names = [_names(value) for value in values]
    return all(each is not None and each == names[0] for each in names) and len(values) > 0


def _names(value: Abstract) -> frozenset[str] | None:
    if isinstance(value, Fields):
        return frozenset(value.entries)
    if isinstance(value, Known) and isinstance(value.value, Mapping):
        return frozenset(value.value)
    return None


def entry(value: Abstract, name: str) -> Abstract:
    """An entry of what is a context."""
    if isinstance(value, Fields):
        return value.entries[name]
    if isinstance(value, Known) and isinstance(value.value, Mapping):
        return Known(value.value[name])
    return Unknown(needs_of(value))


def _joined_fields(values: Sequence[Abstract], needs: frozenset[str]) -> Abstract:
    first = values[0]
    entries = first.entries if isinstance(first, Fields) else None
    order = list(entries) if entries is not None else list(first.value)  # type: ignore[union-attr, arg-type]
    return settled(
        Fields({name: joined([entry(value, name) for value in values], needs) for name in order})
    )


def _hull(values: Sequence[Abstract], needs: frozenset[str]) -> Unknown:
    """The kind all of them have, and the bounds of numbers."""
    kinds: set[str] = set()
    lows: list[Decimal | None] = []
    highs: list[Decimal | None] = []
    nullable = False
    for value in values:
        for each in _spans(value):
            nullable = nullable or each.nullable
            if each.kind != "null":
                kinds.add(each.kind)
                lows.append(each.low)
                highs.append(each.high)
    if len(kinds) != 1 or "" in kinds:
        return Unknown(needs)
    low = None if None in lows else min(each for each in lows if each is not None)
    high = None if None in highs else max(each for each in highs if each is not None)
    return Unknown(needs, None, kinds.pop(), low, high, nullable)


def span_of(value: Abstract) -> Unknown:
    """The kind and bounds of a value, whatever its form."""
    return _hull([value], needs_of(value))


def _spans(value: Abstract) -> list[Unknown]:
    choices = choices_of(value)
    if choices is not None:
        return [_span(each) for each in choices]
    if isinstance(value, Unknown):
        return [value]
    return [
        Unknown(NOBODY, None, "list" if isinstance(value, Items) else "context", nullable=False)
    ]


def _span(value: Value) -> Unknown:
    if value is None:
        return Unknown(NOBODY, None, "null", nullable=True)
    number = value if isinstance(value, Decimal) else None
    return Unknown(NOBODY, None, kind(value), number, number, nullable=False)
