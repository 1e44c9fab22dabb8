"""The decision requirements graph: frozen elements with parsed logic.

Elements of imported models stand in the same maps. Their keys begin with the path of imports that
leads to them (``Model B.`` or ``Model B.modelA.``): a model imported twice is there twice, each
with inputs of its own, as the standard's names ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tael.dmn.errors import DmnError
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import Expression, TypeExpression
from tael.dmn.feel.type_system import TypeSystem
from tael.dmn.model.reason_carriers import Declared


@dataclass(frozen=True, slots=True)
class InputData:
    """An input: its name, the name of its type ('' for any) and the line it is declared on."""

    id: str
    name: str
    path: str
    type_name: str
    type: TypeExpression | None
    at: Position


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: ``scope`` maps each name its logic may read to the key of what it means."""

    id: str
    name: str
    path: str
    type_name: str
    type: TypeExpression | None
    at: Position
    scope: Mapping[str, str]
    logic: Expression | None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A business knowledge model: a function that logic may call; ``type`` is its result's."""

    id: str
    name: str
    path: str
    at: Position
    scope: Mapping[str, str]
    parameters: tuple[str, ...]
    parameter_types: tuple[TypeExpression | None, ...]
    type: TypeExpression | None
    logic: Expression | None


@dataclass(frozen=True, slots=True)
class Service:
    """A decision service: the keys of what it takes, inputs first, and of what it gives."""

    id: str
    name: str
    path: str
    at: Position
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    type: TypeExpression | None


Element = InputData | Decision | Knowledge | Service


@dataclass(frozen=True, slots=True)
class Fault:
    """What a tolerant reading found wrong.

    Attributes:
        error: what a strict reading would raise.
        column: 1-based column in the expression's line; 0 when no expression is at fault.
        text: the expression or the name of the type at fault, else empty.
    """

    error: DmnError
    column: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """All of a model: elements by key, and what was wrong when reading was tolerant.

    ``types`` holds the item definitions of each model by its path of imports, '' for the file's.
    ``reasons`` is what the models declare about reasons, by key. ``files`` names the file of each
    path, ``type_lines`` the line of each definition by its name, of its components by dotted names.
    """

    name: str
    namespace: str
    file: str
    hash: str
    inputs: Mapping[str, InputData]
    decisions: Mapping[str, Decision]
    knowledge: Mapping[str, Knowledge]
    services: Mapping[str, Service]
    types: Mapping[str, TypeSystem]
    problems: tuple[str, ...]
    reasons: Declared = field(default_factory=Declared)
    faults: tuple[Fault, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    type_lines: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
