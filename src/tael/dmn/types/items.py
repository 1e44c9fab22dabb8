"""Item definitions themselves: names that exist, no circles, allowed values of the right type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
from tael.dmn.feel.type_system import TypeSystem
from tael.dmn.types.cells import check_tests
from tael.dmn.types.expressions import Typing
from tael.dmn.types.lattice import Definitions
from tael.dmn.types.naming import Names
from tael.dmn.types.report import Report, Site
from tael.dmn.types.scope import LIBRARY

_DEEPEST = 32


def check_items(report: Report, file: str, types: TypeSystem, lines: Mapping[str, int]) -> None:
    """Report what is wrong with the item definitions of one file.

    Args:
        report: where findings go.
        file: the file they stand in.
        types: the definitions, those of imports by their prefixed names.
        lines: their lines, by name; imported ones are missing there and are not looked at.
    """
    definitions = Definitions(types)
    for name, line in lines.items():
        item = types.items.get(name)
        if item is None:
            continue
        site = Site(report, file, name)
        _check_circle(site, name, types, Position(line, 0))
        _check_parts(site, item, definitions, _Place(name, lines))


class _Place:
    """Where a definition or a component of it stands."""

    def __init__(self, name: str, lines: Mapping[str, int]) -> None:
        self.name = name
        self.lines = lines

    @property
    def at(self) -> Position:
        return Position(self.lines.get(self.name, 0), 0)

    def inside(self, name: str) -> _Place:
        return _Place(f"{self.name}.{name}", self.lines)


def _check_parts(
    site: Site, item: TypeExpression, types: Definitions, place: _Place, depth: int = 0
) -> None:
    names = Names(frozenset())
    if depth > _DEEPEST:
        return
    if isinstance(item, ItemType):
        if item.allowed is not None:
            typing = Typing(site, types, names)
            check_tests(typing, item.allowed, types.expanded(item.type), LIBRARY)
        _check_parts(site, item.type, types, place, depth + 1)
    elif isinstance(item, ListType):
        _check_parts(site, item.item, types, place, depth + 1)
    elif isinstance(item, ContextType):
        for name, each in item.entries:
            _check_parts(site, each, types, place.inside(name), depth + 1)
    else:
        names.check_type(site, item, types.system, place.at)


def _check_circle(site: Site, name: str, types: TypeSystem, at: Position) -> None:
    """A definition that only names itself has no values; one that holds itself may have some."""
    path = _way_back(name, types, aliases_only=True)
    if path:
        site.add("circular_type", at, name=name, path=" -> ".join(path))
        return
    path = _way_back(name, types, aliases_only=False)
    if path:
        site.add("recursive_type", at, name=name, path=" -> ".join(path))


def _way_back(name: str, types: TypeSystem, *, aliases_only: bool) -> list[str]:
    """The names from ``name`` back to itself; empty when none leads back."""
    before: dict[str, str] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for each in _named_in(types.items[current], aliases_only=aliases_only):
            if each == name:
                path = [name]
                while current != name:
                    path.insert(0, current)
                    current = before[current]
                return [name, *path]
            if each in types.items and each not in before:
                before[each] = current
                waiting.append(each)
    return []


def _named_in(item: TypeExpression, *, aliases_only: bool) -> Iterator[str]:
    """The names in a type: all, or only the one that it is but another word for."""
    waiting = [item]
    while waiting:
        each = waiting.pop()
        if isinstance(each, NamedType):
            yield each.name
        elif isinstance(each, ItemType):
            waiting.append(each.type)
        elif aliases_only:
            continue
        elif isinstance(each, ListType):
            waiting.append(each.item)
        elif isinstance(each, RangeType):
            waiting.append(each.end)
        elif isinstance(each, ContextType):
            waiting.extend(part for _, part in each.entries)
        elif isinstance(each, FunctionType):
            waiting.extend((*each.parameters, each.result))
