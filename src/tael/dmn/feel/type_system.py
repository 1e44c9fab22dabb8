"""Types at run time: does a value conform, and what does coercion make of it.

``instance of`` asks for the structure alone; declared types of variables and parameters also look
at allowed values and convert (DMN 1.5 clauses 10.3.2.9.4 and 7.3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

from tael.dmn.errors import Nothing
from tael.dmn.feel.syntax import (
    ContextLiteral,
    ContextType,
    Expression,
    FunctionType,
    ItemType,
    ListLiteral,
    ListType,
    Literal,
    NamedType,
    RangeType,
    Typed,
    TypeExpression,
    UnaryTests,
)
from tael.dmn.feel.temporal import Date, DateTime, Time
from tael.dmn.feel.values import Function, Range, Value, kind

# Says whether a value passes allowed values; handed in, as it needs the compiler.
AllowedCheck: TypeAlias = Callable[[UnaryTests, Value], bool]

ANY = NamedType("Any")
# Every name of a built-in type, with the kind of value it means; '' where any kind fits.
BUILT_IN: Mapping[str, str] = {
    "Any": "", "Null": "null", "number": "number", "string": "string", "boolean": "boolean",
    "date": "date", "time": "time", "date and time": "date and time", "dateTime": "date and time",
    "days and time duration": "days and time duration",
    "dayTimeDuration": "days and time duration",
    "years and months duration": "years and months duration",
    "yearMonthDuration": "years and months duration",
    "list": "list", "context": "context", "function": "function", "range": "range",
}  # fmt: skip
_DEEPEST = 64


class TypeSystem:
    """The built-in types and the item definitions of a model.

    Args:
        items: item definitions by name.
        allows: says whether a value passes allowed values.
    """

    def __init__(
        self,
        items: Mapping[str, TypeExpression] | None = None,
        allows: AllowedCheck = lambda _tests, _value: True,
    ) -> None:
        self.items = items or {}
        self.allows = allows

    def resolve(self, name: str) -> TypeExpression | None:
        """The type a ``typeRef`` means; None when there is none of this name."""
        if name in self.items:
            return self.items[name]
        short = name.rpartition(":")[2]
        if short in self.items:
            return self.items[short]
        return NamedType(short) if short in BUILT_IN else None

    def conforms(self, value: Value, wanted: TypeExpression, depth: int = 0) -> bool:  # noqa: PLR0911 - one answer a kind of type
        """Whether ``value`` is of the structure of ``wanted``; null is of every type."""
        if value is None:
            return True
        if depth > _DEEPEST:
            return False
        if isinstance(wanted, ItemType):
            return self.conforms(value, wanted.type, depth + 1)
        if isinstance(wanted, NamedType):
            return self._named(value, wanted.name, depth)
        if isinstance(wanted, ListType):
            return isinstance(value, tuple) and all(
                self.conforms(item, wanted.item, depth + 1) for item in value
            )
        if isinstance(wanted, RangeType):
            return isinstance(value, Range) and all(
                self.conforms(end, wanted.end, depth + 1) for end in (value.low, value.high)
            )
        if isinstance(wanted, ContextType):
            return isinstance(value, Mapping) and all(
                name in value and self.conforms(value[name], each, depth + 1)
                for name, each in wanted.entries
            )
        return isinstance(value, Function) and self._function(value, wanted)

    def _named(self, value: Value, name: str, depth: int) -> bool:
        found = self.resolve(name)
        if isinstance(found, NamedType):
            return BUILT_IN[found.name] in ("", kind(value))
        return found is not None and self.conforms(value, found, depth + 1)

    def _function(self, value: Function, wanted: FunctionType) -> bool:
        """Parameters may ask for less than is given; a result of no known type is let through."""
        if len(value.parameters) != len(wanted.parameters):
            return False
        declared = value.parameter_types or (ANY,) * len(value.parameters)
        return all(
            self.narrower(given, own)
            for given, own in zip(wanted.parameters, declared, strict=True)
        ) and (value.result_type == ANY or self.narrower(value.result_type, wanted.result))

    def narrower(  # noqa: PLR0911 - one answer a kind of type
        self, left: TypeExpression, right: TypeExpression, depth: int = 0
    ) -> bool:
        """Whether every value of ``left`` is one of ``right`` (DMN 1.5 table 44)."""
        left, right = self._plain(left), self._plain(right)
        if right in (ANY, left):
            return True
        if left == ANY or depth > _DEEPEST:
            return False
        if isinstance(left, ListType) and isinstance(right, ListType):
            return self.narrower(left.item, right.item, depth + 1)
        if isinstance(left, RangeType) and isinstance(right, RangeType):
            return self.narrower(left.end, right.end, depth + 1)
        if isinstance(left, ContextType) and isinstance(right, ContextType):
            own = dict(left.entries)
            return all(
                name in own and self.narrower(own[name], each, depth + 1)
                for name, each in right.entries
            )
        if isinstance(left, FunctionType) and isinstance(right, FunctionType):
            return (
                len(left.parameters) == len(right.parameters)
                and all(
                    self.narrower(given, own, depth + 1)
                    for given, own in zip(right.parameters, left.parameters, strict=True)
                )
                and self.narrower(left.result, right.result, depth + 1)
            )
        return False

    def _plain(self, wanted: TypeExpression) -> TypeExpression:
        """Without item definitions around it and under the one name of a built-in type."""
        for _ in range(_DEEPEST):
            if isinstance(wanted, ItemType):
                wanted = wanted.type
            elif isinstance(wanted, NamedType) and wanted.name in self.items:
                wanted = self.items[wanted.name]
            else:
                break
        if isinstance(wanted, NamedType) and BUILT_IN.get(wanted.name, wanted.name):
            return NamedType(BUILT_IN.get(wanted.name, wanted.name))
        return wanted

    def coerce(self, value: Value, wanted: TypeExpression | None, depth: int = 0) -> Value:
        """``value`` as a ``wanted``: a list of one is its item, an item a list of one.

        Raises:
            Nothing: it does not conform, or is not among the allowed values.
        """
        if wanted is None or value is None:
            return value
        if depth > _DEEPEST:
            raise Nothing("the type nests too deeply")
        if isinstance(wanted, NamedType) and wanted.name in self.items:
            return self.coerce(value, self.items[wanted.name], depth + 1)
        if isinstance(wanted, ItemType):
            made = self.coerce(value, wanted.type, depth + 1)
            if wanted.allowed is not None and not self.allows(wanted.allowed, made):
                raise Nothing(f"{made!s:.60} is not an allowed value of {wanted.name!r}")
            return made
        if isinstance(wanted, ListType):
            items = value if isinstance(value, tuple) else (value,)
            return tuple(self._strict(item, wanted.item, depth) for item in items)
        return self._single(value, wanted, depth)

    def _single(self, value: Value, wanted: TypeExpression, depth: int) -> Value:
        if self._is_list(wanted):
            return value
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        return self._strict(value, wanted, depth)

    def _is_list(self, wanted: TypeExpression) -> bool:
        return isinstance(wanted, NamedType) and BUILT_IN.get(wanted.name) == ""

    def _strict(self, value: Value, wanted: TypeExpression, depth: int) -> Value:
        """Without turning lists into items at this level; what stands inside is still looked at."""
        if value is None:
            return value
        if isinstance(wanted, ItemType | ListType) or (
            isinstance(wanted, NamedType) and wanted.name in self.items
        ):
            return self.coerce(value, wanted, depth + 1)
        if isinstance(wanted, ContextType):
            return self._structure(value, wanted, depth)
        if isinstance(value, Date) and wanted in _MOMENTS:
            return DateTime(value, Time(0, 0, 0, offset=0))
        if not self.conforms(value, wanted):
            raise Nothing(f"a {kind(value)} is not a {type_text(wanted)}")
        return value

    def _structure(self, value: Value, wanted: ContextType, depth: int) -> Value:
        if not isinstance(value, Mapping):
            raise Nothing(f"a {kind(value)} is not a {type_text(wanted)}")
        made = dict(value)
        for name, each in wanted.entries:
            if name not in value:
                raise Nothing(f"the entry {name!r} is missing")
            made[name] = self.coerce(value[name], each, depth + 1)
        return made


_MOMENTS = (NamedType("date and time"), NamedType("dateTime"))


def type_text(wanted: TypeExpression) -> str:
    """A type as FEEL writes it."""
    if isinstance(wanted, NamedType | ItemType):
        return wanted.name
    if isinstance(wanted, ListType):
        return f"list<{type_text(wanted.item)}>"
    if isinstance(wanted, RangeType):
        return f"range<{type_text(wanted.end)}>"
    if isinstance(wanted, ContextType):
        entries = ", ".join(f"{name}: {type_text(each)}" for name, each in wanted.entries)
        return f"context<{entries}>"
    parameters = ", ".join(map(type_text, wanted.parameters))
    return f"function<{parameters}> -> {type_text(wanted.result)}"


def type_of_literal(tree: Expression) -> TypeExpression:
    """The type that the form of an expression shows; Any where it shows none."""
    if isinstance(tree, Literal):
        return _LITERAL_TYPES.get(type(tree.value), ANY)
    if isinstance(tree, ListLiteral):
        items = {type_of_literal(item) for item in tree.items}
        return ListType(items.pop() if len(items) == 1 else ANY)
    if isinstance(tree, ContextLiteral):
        return ContextType(tuple((name, type_of_literal(value)) for name, value in tree.entries))
    return tree.type if isinstance(tree, Typed) else ANY


_LITERAL_TYPES = {
    Decimal: NamedType("number"),
    str: NamedType("string"),
    bool: NamedType("boolean"),
    type(None): NamedType("Null"),
}
