"""Types as the checker sees them: kinds, conformance that is possible, joins (DMN 1.5 10.3.2.9).

An expression is faulty only when none of its values can do: a list may hold one item and stand for
it, an unknown type may be any. So two types fit unless their values never do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tael.dmn.feel.syntax import (
    ContextType,
    FunctionType,
    ItemType,
    ListType,
    NamedType,
    RangeType,
    TypeExpression,
)
from tael.dmn.feel.type_system import ANY, BUILT_IN, TypeSystem, type_text

NULL = NamedType("Null")
NUMBER, STRING, BOOLEAN = NamedType("number"), NamedType("string"), NamedType("boolean")
DATE, TIME, DATE_TIME = NamedType("date"), NamedType("time"), NamedType("date and time")
DAYS = NamedType("days and time duration")
MONTHS = NamedType("years and months duration")
_DEEPEST = 24
_LONGEST_TEXT = 80
_Seen: TypeAlias = dict[tuple[int, int], bool]
_Made: TypeAlias = dict[tuple[int, int], TypeExpression]


@dataclass(frozen=True, slots=True)
class Signature(FunctionType):
    """A function whose parameters are known by name; the last may repeat when ``variadic``.

    ``required`` is how many a call must give; None for all.
    """

    names: tuple[str, ...] = ()
    required: int | None = None
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class BuiltIn(FunctionType):
    """A built-in function: ``types.signatures`` says how it may be called."""

    name: str = ""


def bare(wanted: TypeExpression) -> TypeExpression:
    """Without the item definitions around it, and under the one name of a built-in type."""
    for _ in range(_DEEPEST):
        if not isinstance(wanted, ItemType):
            break
        wanted = wanted.type
    if isinstance(wanted, NamedType):
        return NamedType(BUILT_IN.get(wanted.name) or wanted.name)
    return wanted


def kind_of(wanted: TypeExpression) -> str:
    """The kind of value a type means (``number``, ``list``, ...); '' when it may be any."""
    found = bare(wanted)
    if isinstance(found, NamedType):
        return "null" if found == NULL or found.name == "null" else BUILT_IN.get(found.name, "")
    if isinstance(found, ListType):
        return "list"
    if isinstance(found, RangeType):
        return "range"
    return "context" if isinstance(found, ContextType) else "function"


def is_open(wanted: TypeExpression) -> bool:
    """Whether nothing can be said of it: any type, or null."""
    return kind_of(wanted) in ("", "null")


def fits(
    actual: TypeExpression, wanted: TypeExpression, depth: int = 0, seen: _Seen | None = None
) -> bool:
    """Whether a value of ``actual`` may be taken as a ``wanted``, coercions included."""
    seen = {} if seen is None else seen
    key = (id(actual), id(wanted))
    if key not in seen:
        seen[key] = depth > _DEEPEST or _fits(bare(actual), bare(wanted), depth, seen)
    return seen[key]


def _fits(  # noqa: PLR0911 - one answer a kind of type
    actual: TypeExpression, wanted: TypeExpression, depth: int, seen: _Seen
) -> bool:
    have, want = kind_of(actual), kind_of(wanted)
    if have in ("", "null") or want in ("", "null"):
        return True
    if isinstance(wanted, ListType):
        return fits(item_of(actual), wanted.item, depth + 1, seen)
    if have == "list" and want != "list":
        return fits(item_of(actual), wanted, depth + 1, seen)
    if have != want:
        return (have, want) == ("date", "date and time")
    if isinstance(actual, RangeType) and isinstance(wanted, RangeType):
        return fits(actual.end, wanted.end, depth + 1, seen)
    if isinstance(actual, ContextType) and isinstance(wanted, ContextType):
        own = dict(actual.entries)
        return all(
            name in own and fits(own[name], each, depth + 1, seen) for name, each in wanted.entries
        )
    if isinstance(actual, FunctionType) and isinstance(wanted, FunctionType):
        if isinstance(actual, BuiltIn):
            return True
        return _functions_fit(actual, wanted, depth, seen)
    return True


def _functions_fit(actual: FunctionType, wanted: FunctionType, depth: int, seen: _Seen) -> bool:
    return (
        len(actual.parameters) == len(wanted.parameters)
        and all(
            fits(given, own, depth + 1, seen)
            for given, own in zip(wanted.parameters, actual.parameters, strict=True)
        )
        and fits(actual.result, wanted.result, depth + 1, seen)
    )


def item_of(wanted: TypeExpression) -> TypeExpression:
    """What stands in a list of this type; a type that is no list stands for a list of one."""
    found = bare(wanted)
    if isinstance(found, ListType):
        return found.item
    return ANY if kind_of(found) == "list" else found


def members_of(wanted: TypeExpression) -> Mapping[str, TypeExpression] | None:
    """The members of a value of this type by name; None when they are not known."""
    found = bare(wanted)
    if isinstance(found, ContextType):
        return dict(found.entries)
    if isinstance(found, RangeType):
        return {"start": found.end, "end": found.end, **_OF_RANGES}
    kind = kind_of(found)
    return None if kind in ("", "context", "list", "null") else _PROPERTIES.get(kind, {})


_CLOCK = {
    "hour": NUMBER, "minute": NUMBER, "second": NUMBER, "timezone": STRING, "time offset": DAYS,
}  # fmt: skip
_CALENDAR = {"year": NUMBER, "month": NUMBER, "day": NUMBER, "weekday": NUMBER}
_OF_RANGES = {"start included": BOOLEAN, "end included": BOOLEAN}
_PROPERTIES: Mapping[str, Mapping[str, TypeExpression]] = {
    "date": _CALENDAR,
    "time": _CLOCK,
    "date and time": {**_CALENDAR, **_CLOCK},
    "days and time duration": dict.fromkeys(("days", "hours", "minutes", "seconds"), NUMBER),
    "years and months duration": dict.fromkeys(("years", "months"), NUMBER),
    "range": {"start": ANY, "end": ANY, **_OF_RANGES},
}


def join(types: Iterable[TypeExpression]) -> TypeExpression:
    """The narrowest type that holds all of ``types``; null is in every type."""
    result: TypeExpression = NULL
    for each in types:
        result = _wider(result, each, 0, {})
    return result


def _wider(left: TypeExpression, right: TypeExpression, depth: int, made: _Made) -> TypeExpression:
    if left is right or kind_of(right) == "null":
        return left
    if kind_of(left) == "null":
        return right
    if depth > _DEEPEST or kind_of(left) != kind_of(right):
        return ANY
    key = (id(left), id(right))
    if key not in made:
        made[key] = _wider_of_kind(bare(left), bare(right), depth, made)
    return made[key]


def _wider_of_kind(
    one: TypeExpression, other: TypeExpression, depth: int, made: _Made
) -> TypeExpression:
    """The join of two types of one kind."""
    if isinstance(one, ListType) and isinstance(other, ListType):
        return ListType(_wider(one.item, other.item, depth + 1, made))
    if isinstance(one, RangeType) and isinstance(other, RangeType):
        return RangeType(_wider(one.end, other.end, depth + 1, made))
    if isinstance(one, ContextType) and isinstance(other, ContextType):
        return _wider_context(one, other, depth, made)
    if isinstance(one, FunctionType) and fits(one, other) and fits(other, one):
        return one
    return NamedType(kind_of(one)) if kind_of(one) else ANY


def _wider_context(one: ContextType, other: ContextType, depth: int, made: _Made) -> TypeExpression:
    """Contexts with the same entries join entry by entry; others are merely contexts."""
    own = dict(other.entries)
    if {name for name, _ in one.entries} != set(own):
        return NamedType("context")
    return ContextType(
        tuple((name, _wider(each, own[name], depth + 1, made)) for name, each in one.entries)
    )


class Definitions:
    """The item definitions of a model, and types with definitions put in the place of names.

    Each definition is put together once: types share their parts, however wide they are.
    """

    def __init__(self, system: TypeSystem | None = None) -> None:
        self.system = system or TypeSystem()
        self._made: dict[str, TypeExpression] = {}
        self._open: set[str] = set()

    def expanded(self, wanted: TypeExpression | None) -> TypeExpression:  # noqa: PLR0911 - one answer a kind of type
        """``wanted`` without names of definitions; a circle, and what does not exist, is Any."""
        if wanted is None:
            return ANY
        if isinstance(wanted, NamedType):
            return self._named(wanted.name)
        if isinstance(wanted, ItemType):
            return ItemType(wanted.name, self.expanded(wanted.type), wanted.allowed)
        if isinstance(wanted, ListType):
            return ListType(self.expanded(wanted.item))
        if isinstance(wanted, RangeType):
            return RangeType(self.expanded(wanted.end))
        if isinstance(wanted, ContextType):
            entries = ((name, self.expanded(each)) for name, each in wanted.entries)
            return ContextType(tuple(entries))
        parameters = tuple(self.expanded(each) for each in wanted.parameters)
        return FunctionType(parameters, self.expanded(wanted.result))

    def _named(self, name: str) -> TypeExpression:
        found = self.system.resolve(name)
        if found is None or isinstance(found, NamedType):
            return found or ANY
        if name in self._open or len(self._open) > _DEEPEST:
            return ANY
        if name not in self._made:
            self._open.add(name)
            self._made[name] = self.expanded(found)
            self._open.discard(name)
        return self._made[name]


def shown(wanted: TypeExpression) -> str:
    """The type as a finding names it: short, and by its own name where it has one."""
    text = type_text(wanted)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
