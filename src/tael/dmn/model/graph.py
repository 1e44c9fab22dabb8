"""The decision requirements graph: frozen elements with parsed logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import Expression
from tael.dmn.model.item_types import Types


@dataclass(frozen=True, slots=True)
class InputData:
    """An input: its name, the name of its type ('' for any) and the line it is declared on."""

    id: str
    name: str
    type_name: str
    at: Position


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: ``scope`` maps each name its logic may read to the id of the element it means."""

    id: str
    name: str
    type_name: str
    at: Position
    scope: Mapping[str, str]
    logic: Expression | None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A business knowledge model: a function decisions may call; ``type_name`` is its result's."""

    id: str
    name: str
    at: Position
    scope: Mapping[str, str]
    parameters: tuple[str, ...]
    parameter_types: tuple[str, ...]
    type_name: str
    logic: Expression | None


@dataclass(frozen=True, slots=True)
class Graph:
    """All of a model: elements by id, types, and what was wrong when reading was tolerant."""

    name: str
    namespace: str
    file: str
    hash: str
    inputs: Mapping[str, InputData]
    decisions: Mapping[str, Decision]
    knowledge: Mapping[str, Knowledge]
    types: Types
    problems: tuple[str, ...]
