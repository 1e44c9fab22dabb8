"""The names a scope knows: FEEL names may hold spaces, so the longest known one wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tael.dmn.feel.lexer import Kind, Token, words


class Names:
    """The names a scope knows, ready for the longest match."""

    def __init__(self, names: Iterable[str] = (), parent: Names | None = None) -> None:
        # First word -> number of words -> the words of a name -> the name.
        self._by_first: dict[str, dict[int, dict[tuple[str, ...], str]]] = {}
        self._parent = parent
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        parts = words(name)
        if parts:
            self._by_first.setdefault(parts[0], {}).setdefault(len(parts), {})[parts] = name

    def over(self, outer: Names) -> Names:
        """These names before those of another scope."""
        made = Names(parent=outer)
        made._by_first = self._by_first
        return made

    def longest(self, found: list[Token], start: int) -> tuple[str, int] | None:
        """The longest known name at ``start`` and how many tokens it takes."""
        best: tuple[str, int] | None = None
        scope: Names | None = self
        while scope is not None:
            for length, names in scope._by_first.get(found[start].text, {}).items():  # noqa: SLF001 - same class
                if best is not None and length <= best[1]:
                    continue
                tokens = found[start : start + length]
                name = names.get(tuple(token.text for token in tokens))
                if name is not None and all(token.kind is not Kind.STRING for token in tokens):
                    best = name, length
            scope = scope._parent  # noqa: SLF001 - of the same class
        return best


_SYMBOLS = (".", "/", "-", "'", "+", "*", "**", "..")


def continues_name(token: Token) -> bool:
    """Whether a name may go on with ``token``: ``debt-to-income`` (clause 10.3.1.2, rule 30)."""
    if token.kind is Kind.SYMBOL:
        return token.text in _SYMBOLS
    return token.kind in (Kind.NAME, Kind.NUMBER)


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
