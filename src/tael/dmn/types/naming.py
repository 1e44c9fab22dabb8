"""Names that nothing in scope bears: what they may have meant, and types that do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import (
    ContextType,
    FunctionType,
    ItemType,
    ListType,
    NamedType,
    RangeType,
    TypeExpression,
)
from tael.dmn.feel.type_system import BUILT_IN, TypeSystem
from tael.dmn.types.report import Site, nearest
from tael.dmn.types.scope import Scope


@dataclass(frozen=True)
class Names:
    """The elements of a model by name, and the expressions that a reader found faulty.

    Attributes:
        elements: names of the inputs, decisions, knowledge models and services of one model.
        texts: faulty expressions by the place of the fault.
    """

    elements: frozenset[str]
    texts: Mapping[Position, str] = field(default_factory=dict)

    def report(self, site: Site, name: str, at: Position, scope: Scope) -> None:
        """Say that ``name`` is unknown, or that the arrow from what bears it is missing."""
        meant = self._element(name, at)
        if meant and meant != site.node:
            site.add("missing_requirement", at, name=meant)
        else:
            near = nearest(name, [*scope.all_names(), *self.elements])
            site.add("unknown_name", at, near=near, name=name)

    def _element(self, name: str, at: Position) -> str:
        """The element whose name stands at ``at``: it may go on after the first word."""
        lines = (line[at.column - 1 :] for line in self.texts.get(at, "").split("\n"))
        rest = next((line for line in lines if line.startswith(name)), name)
        written = " ".join(rest.split())
        found = [each for each in self.elements if _starts(written, each)]
        return max(found, key=len, default="")

    def check_type(
        self, site: Site, wanted: TypeExpression | None, types: TypeSystem, at: Position
    ) -> None:
        """Report each name in a written type that means no type."""
        if isinstance(wanted, NamedType):
            if types.resolve(wanted.name) is None:
                near = nearest(wanted.name, [*types.items, *BUILT_IN])
                site.add("unknown_type", at, near=near, name=wanted.name)
        elif isinstance(wanted, ListType):
            self.check_type(site, wanted.item, types, at)
        elif isinstance(wanted, RangeType):
            self.check_type(site, wanted.end, types, at)
        elif isinstance(wanted, ContextType):
            for _, each in wanted.entries:
                self.check_type(site, each, types, at)
        elif isinstance(wanted, FunctionType):
            for each in (*wanted.parameters, wanted.result):
                self.check_type(site, each, types, at)
        elif isinstance(wanted, ItemType):
            return  # an item definition is checked where it stands


def _starts(text: str, name: str) -> bool:
    rest = text[len(name) :]
    return text.startswith(name) and not (rest[:1].isalnum() or rest[:1] == "_")
