"""Types of item definitions: does a value conform, and what does coercion make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tael.dmn.errors import Nothing
from tael.dmn.feel.syntax import UnaryTests
from tael.dmn.feel.values import Value, kind

# Says whether a value passes allowed values; handed in, as it needs the compiler.
AllowedCheck: TypeAlias = Callable[[UnaryTests, Value], bool]
_BASE_KINDS = {"number": "number", "string": "string", "boolean": "boolean", "date": "date"}


@dataclass(frozen=True, slots=True)
class ItemType:
    """An item definition: a base type or components, perhaps a list, perhaps allowed values."""

    name: str
    base: str = ""
    is_list: bool = False
    allowed: UnaryTests | None = None
    components: Mapping[str, ItemType] = field(default_factory=dict)


class Types:
    """The item definitions of a model by name."""

    def __init__(self, items: Mapping[str, ItemType]) -> None:
        self._items = items

    def resolve(self, name: str) -> ItemType | None:
        """The type called ``name``; None for Any, for no name and for types not checked yet."""
        short = name.rpartition(":")[2] if name.rpartition(":")[2] in self._items else name
        if short in self._items:
            return self._items[short]
        base = short.removeprefix("feel:")
        return ItemType(base, base) if base in _BASE_KINDS else None

    def coerce(self, value: Value, wanted: ItemType | None, allows: AllowedCheck) -> Value:
        """``value`` as a ``wanted`` (DMN 1.5 clause 10.3.2.9.4: a list of one is its item).

        Raises:
            Nothing: it does not conform.
        """
        if wanted is None or value is None:
            return value
        if wanted.is_list:
            return self._list(value, wanted, allows)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        self._conform(value, wanted, allows)
        return value

    def _list(self, value: Value, wanted: ItemType, allows: AllowedCheck) -> Value:
        items = value if isinstance(value, tuple) else (value,)
        single = ItemType(wanted.name, wanted.base, components=wanted.components)
        for item in items:
            self._conform(item, single, allows)
        if wanted.allowed and not all(allows(wanted.allowed, item) for item in items):
            raise Nothing(f"an item is not an allowed value of {wanted.name!r}")
        return items

    def _conform(self, value: Value, wanted: ItemType, allows: AllowedCheck) -> None:
        if value is None:
            return
        if wanted.components:
            self._structure(value, wanted, allows)
        elif wanted.base in self._items and wanted.base != wanted.name:
            self.coerce(value, self._items[wanted.base], allows)
        elif _BASE_KINDS.get(wanted.base, kind(value)) != kind(value):
            raise Nothing(f"a {kind(value)} is not a {wanted.base}")
        if wanted.allowed and not allows(wanted.allowed, value):
            raise Nothing(f"{value!r} is not an allowed value of {wanted.name!r}")

    def _structure(self, value: Value, wanted: ItemType, allows: AllowedCheck) -> None:
        if not isinstance(value, Mapping):
            raise Nothing(f"a {kind(value)} is not a {wanted.name!r}")
        for name, component in wanted.components.items():
            if name not in value:
                raise Nothing(f"the component {name!r} of {wanted.name!r} is missing")
            self.coerce(value[name], component, allows)
