"""Fields of a settings file, each with the way to it, so that a complaint names its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from tael.kernel import BadInput, Day, Money, Rate

_T = TypeVar("_T")


class Node:
    """A part of the file, with the way to it, so that a complaint names its place."""

    def __init__(self, value: object, path: str) -> None:
        self._value, self._path = value, path
        self._read: set[str] = set()

    @property
    def given(self) -> bool:
        """Whether there is anything."""
        return self._value not in (None, "")

    @property
    def is_map(self) -> bool:
        """Whether it holds fields."""
        return isinstance(self._value, Mapping)

    def part(self, name: str) -> Node:
        """The field of that name, there or not."""
        if not isinstance(self._value, Mapping):
            raise self.fault(f"is {self._value!r}, no fields", "fields with values")
        self._read.add(name)
        return Node(self._value.get(name), f"{self._path}.{name}".lstrip("."))

    def names(self) -> list[str]:
        """Names of the fields; none where there is nothing."""
        if not self.given:
            return []
        if not isinstance(self._value, Mapping):
            raise self.fault(f"is {self._value!r}, no fields", "fields with values")
        return [str(name) for name in self._value]

    def items(self) -> list[Node]:
        """The parts of a list; none where there is nothing."""
        if not self.given:
            return []
        if not isinstance(self._value, list):
            raise self.fault(f"is {self._value!r}, no list", "a list")
        return [Node(one, f"{self._path}[{number}]") for number, one in enumerate(self._value)]

    def done(self) -> None:
        """Refuse fields that nobody read: a slip of the pen would have no effect."""
        for name in self.names():
            if name not in self._read:
                known = ", ".join(sorted(self._read))
                raise BadInput(
                    f"{self._path}.{name}".lstrip(".") + " is no field",
                    field=f"{self._path}.{name}".lstrip("."), rule=known,
                )  # fmt: skip

    def text(self) -> str:
        """A text."""
        if not isinstance(self._value, str) or not self._value.strip():
            raise self.fault(f"is {self._value!r}, no text", "text")
        return self._value

    def number(self) -> Decimal:
        """A number, exactly as written."""
        try:
            found = Decimal(str(self._value))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            raise self.fault(f"is {self._value!r}, no number", "a number")
        return found

    def whole(self) -> int:
        """A whole number."""
        found = self.number()
        if found != found.to_integral_value():
            raise self.fault(f"is {found}", "a whole number")
        return int(found)

    def rate(self) -> Rate:
        """A fraction of one."""
        return Rate(self.number())

    def money(self, currency: str) -> Money:
        """An amount in major units."""
        return Money.parse(str(self._value), currency, field=self._path)

    def day(self) -> Day:
        """A day."""
        return Day.parse(str(self._value), field=self._path)

    def word(self, known: Sequence[str]) -> str:
        """One of the known words."""
        found = self.text()
        if found not in known:
            raise self.fault(f"is {found!r}", " | ".join(known))
        return found

    def or_else(self, read: Callable[[Node], _T], otherwise: _T) -> _T:
        """What ``read`` makes of it, or ``otherwise`` where nothing is given."""
        return read(self) if self.given else otherwise

    def fault(self, what: str, rule: str) -> BadInput:
        """A complaint about this place."""
        return BadInput(f"{self._path or 'the file'} {what}", field=self._path or None, rule=rule)
