"""Strict reading of what YAML gives: each value by name and kind, and no name left over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from tael.kernel import BadInput, Day

_MUST: Final = object()


class Fields:
    """The fields of one mapping in a document; ``path`` names it in errors."""

    def __init__(self, data: object, path: str) -> None:
        if not isinstance(data, Mapping):
            raise refused(path or "mapping", "names with values")
        self.path = path
        self._data: Mapping[object, object] = data
        self._read: set[str] = set()

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        value = self._value(name, _MUST if default is None else default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise refused(self._at(name), "a text", value)
        return value.strip()

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise refused(self._at(name), f"one of {', '.join(allowed)}", value)
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        value = self._value(name, _MUST if default is None else default)
        if type(value) is not int:
            raise refused(self._at(name), "a whole number", value)
        return value

    def wholes(self, name: str) -> tuple[int, ...]:
        values = self._list(name)
        if not values or any(type(value) is not int or value < 1 for value in values):
            raise refused(self._at(name), "whole numbers above zero")
        return tuple(int(str(value)) for value in values)

    def positive(self, name: str, default: Decimal | None = None) -> Decimal:
        value = self._value(name, _MUST if default is None else default)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise refused(self._at(name), "a number above zero", value)
        number = Decimal(str(value))
        if not number.is_finite() or number <= 0:
            raise refused(self._at(name), "a number above zero", value)
        return number

    def day(self, name: str) -> Day | None:
        value = self._value(name, None)
        if value is None:
            return None
        if isinstance(value, str):
            return Day.parse(value, field=self._at(name))
        if not isinstance(value, date):
            raise refused(self._at(name), "a day like 2004-12-31", value)
        return Day.of(value)

    def text_set(self, name: str, *, optional: bool = False) -> frozenset[str]:
        if optional and not self.has(name):
            self._read.add(name)
            return frozenset()
        values = self._list(name)
        # YAML reads Y, N and 0 as something else than text; a lender must not have to know.
        if any(isinstance(value, bool) for value in values):
            raise refused(
                self._at(name), "codes in quotes: YAML reads yes and no as true and false"
            )
        return frozenset(str(value) for value in values)

    def pair(self, name: str) -> tuple[str, str]:
        values = self._list(name)
        if len(values) != 2 or not all(isinstance(v, str) for v in values):  # noqa: PLR2004
            raise refused(self._at(name), "two columns")
        return str(values[0]), str(values[1])

    def texts_by_name(self, name: str) -> dict[str, str]:
        value = self._value(name, {})
        if not isinstance(value, Mapping):
            raise refused(self._at(name), "columns with the reason of each")
        for column, why in value.items():
            if not isinstance(why, str) or not why.strip():
                raise refused(f"{self._at(name)}.{column}", "a reason in words", why)
        return {str(column): str(why) for column, why in value.items()}

    def part(self, name: str) -> Fields:
        return Fields(self._value(name, _MUST), self._at(name))

    def parts(self, name: str) -> list[Fields]:
        return [
            Fields(value, f"{self._at(name)}[{place}]")
            for place, value in enumerate(self._list(name), 1)
        ]

    def finish(self) -> None:
        """Refuse names that nobody asked for: a misspelt field must not be passed over."""
        for name in self._data:
            if name not in self._read:
                raise refused(self._at(str(name)), f"one of {', '.join(sorted(self._read))}")

    def _list(self, name: str) -> list[object]:
        value = self._value(name, _MUST)
        if not isinstance(value, list):
            raise refused(self._at(name), "a list", value)
        return value

    def _value(self, name: str, default: object) -> object:
        self._read.add(name)
        value = self._data.get(name)
        if value is None:
            if default is _MUST:
                raise refused(self._at(name), "is required")
            return default
        return value

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def refused(field: str, rule: str, value: object = None) -> BadInput:
    """An error that names the field and its rule, and the value where there is one."""
    given = "" if value is None else f"{value!r} does not fit; "
    return BadInput(f"{given}{rule}", field=field, rule=rule)
