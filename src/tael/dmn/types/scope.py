"""The types of the names that an expression may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.syntax import TypeExpression
from tael.dmn.feel.type_system import ANY
from tael.dmn.types.lattice import BuiltIn


class Scope:
    """Names over outer names, down to the built-in functions.

    An ``open`` scope may hold more names than are known: the entries of a context of any type.
    ``read`` notes which of the scope's own names were asked for.
    """

    __slots__ = ("names", "open", "outer", "read")

    def __init__(
        self,
        names: Mapping[str, TypeExpression],
        outer: Scope | None = None,
        *,
        open: bool = False,  # noqa: A002 - the word for it
    ) -> None:
        self.names = names
        self.outer = outer
        self.open = open
        self.read: set[str] = set()

    def find(self, name: str) -> TypeExpression | None:
        """The type of ``name``; None when no scope knows it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                scope.read.add(name)
                return scope.names[name]
            scope = scope.outer
        return None

    def is_open(self) -> bool:
        """Whether an unknown name may still stand for something."""
        return self.open or (self.outer is not None and self.outer.is_open())

    def all_names(self) -> Iterator[str]:
        """Every known name, inner ones first."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.outer


LIBRARY = Scope({name: BuiltIn((), ANY, name) for name in BUILTINS})
