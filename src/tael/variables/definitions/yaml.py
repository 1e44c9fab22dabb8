"""YAML with line numbers: every scalar is text, every node knows its line, nothing is executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tael.variables.definitions.check import Findings, Place

_MOST_DEPTH = 50
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar as written, a list, or a mapping; ``field`` is its path inside the file.

    Scalars stay text: `no` and `on` are words here, not truth values, and 010 is no octal.
    """

    place: Place
    field: str
    value: str | tuple[Node, ...] | dict[str, Node]


def read_yaml(text: str, file: str, findings: Findings, *, compiled: bool = True) -> Node | None:
    """The document ``text`` of ``file``; None, with a finding, when it is no plain YAML.

    Aliases are refused: they hide what a definition says, and a small file could grow huge.
    ``compiled``: with the compiled reader where there is one; what is read is the same.
    """
    import yaml  # noqa: PLC0415 - an extra, loaded by who reads definitions

    try:
        try:
            quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if compiled else yaml.SafeLoader
            alias, root = _composed(text, quick)
        except yaml.YAMLError:
            # The compiled reader is ten times as fast and says less; not every machine has it.
            alias, root = _composed(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "characters that YAML does not allow"
        findings.add(Place(file, mark.line + 1 if mark else 1), "", "yaml", why=why)
        return None
    if alias is not None:
        findings.add(_place(file, alias), "", "alias")
        return None
    if root is None:
        findings.add(Place(file, 1), "", "shape", wanted="a source")
        return None
    return _Maker(file, findings).node(root, "")


def _composed(text: str, loader: Any) -> tuple[object, object]:
    """The first alias of a document and nothing else, or no alias and its root."""
    import yaml  # noqa: PLC0415 - an extra, loaded by who reads definitions

    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            return event, None
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEPTH:  # composing goes down as deep, in C without a limit of its own
            why = "lists within lists, too deep to be a definition"
            mark: Any = event.start_mark  # of the compiled reader a type of its own
            raise yaml.MarkedYAMLError(problem=why, problem_mark=mark)
    return None, yaml.compose(text, Loader=loader)


class _Maker:
    def __init__(self, file: str, findings: Findings) -> None:
        self.file = file
        self.findings = findings

    def node(self, made: object, field: str) -> Node:
        import yaml  # noqa: PLC0415 - an extra, loaded by who reads definitions

        if isinstance(made, yaml.MappingNode):
            return Node(self._place(made), field, dict(self._pairs(made, field)))
        if isinstance(made, yaml.SequenceNode):
            parts = (self.node(one, _path(field, str(at))) for at, one in enumerate(made.value))
            return Node(self._place(made), field, tuple(parts))
        value = made.value if isinstance(made, yaml.ScalarNode) else ""
        if not value.isascii() and _HALF.search(value):
            self.findings.add(self._place(made), field, "yaml", why="half of a character")
        return Node(self._place(made), field, value)

    def _pairs(self, made: object, field: str) -> Iterator[tuple[str, Node]]:
        seen = set()
        for key, value in getattr(made, "value", ()):
            name = str(key.value)
            if name in seen:
                self.findings.add(self._place(key), field, "key_twice", name=name)
                continue
            seen.add(name)
            yield name, replace(self.node(value, _path(field, name)), place=self._place(key))

    def _place(self, made: object) -> Place:
        return _place(self.file, made)


def _place(file: str, made: object) -> Place:
    mark = getattr(made, "start_mark", None)
    return Place(file, mark.line + 1 if mark else 1)


def _path(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
