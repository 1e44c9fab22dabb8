"""The names a scope knows: FEEL names may hold spaces, so the longest known one wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tael.dmn.feel.lexer import Kind, Token, words


class Names:
    """The names a scope knows, ready for the longest match."""

    def __init__(self, names: Iterable[str] = (), parent: Names | None = None) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._parent = parent
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        parts = words(name)
        if parts:
            row = self._by_first.setdefault(parts[0], [])
            row.append((parts, name))
            row.sort(key=lambda pair: -len(pair[0]))

    def longest(self, found: list[Token], start: int) -> tuple[str, int] | None:
        """The longest known name at ``start`` and how many tokens it takes."""
        best = self._parent.longest(found, start) if self._parent else None
        for parts, name in self._by_first.get(found[start].text, ()):
            if best and len(parts) < best[1]:
                break
            if all(
                start + i < len(found)
                and found[start + i].text == part
                and found[start + i].kind != Kind.STRING
                for i, part in enumerate(parts)
            ):
                return name, len(parts)
        return best


# Properties of built-in types whose names hold a space.
_PROPERTIES = ("time offset", "start included", "end included")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names that are no variables: those that may follow a point, and those of types."""

    members: Names = field(default_factory=Names)
    types: Names = field(default_factory=Names)

    @classmethod
    def of(cls, members: Iterable[str] = (), types: Iterable[str] = ()) -> Vocabulary:
        return cls(Names([*_PROPERTIES, *members]), Names(types))
