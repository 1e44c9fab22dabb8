"""The tree of a FEEL expression: frozen nodes, each knowing its position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from tael.dmn.feel.lexer import Position


@dataclass(frozen=True, slots=True)
class Node:
    """The common part of every node."""

    at: Position


# --- types; they carry no position, so that equal types are equal


@dataclass(frozen=True, slots=True)
class NamedType:
    """A built-in type or an item definition by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class ListType:
    item: TypeExpression


@dataclass(frozen=True, slots=True)
class RangeType:
    end: TypeExpression


@dataclass(frozen=True, slots=True)
class ContextType:
    entries: tuple[tuple[str, TypeExpression], ...]


@dataclass(frozen=True, slots=True)
class FunctionType:
    parameters: tuple[TypeExpression, ...]
    result: TypeExpression


@dataclass(frozen=True, slots=True)
class ItemType:
    """An item definition, or a component of one: a type and perhaps allowed values."""

    name: str
    type: TypeExpression
    allowed: UnaryTests | None = None


TypeExpression: TypeAlias = NamedType | ListType | RangeType | ContextType | FunctionType | ItemType

# --- expressions


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: Decimal | str | bool | None


@dataclass(frozen=True, slots=True)
class AtLiteral(Node):
    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Negation(Node):
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic (``+ - * / **``), comparison (``= != < <= > >=``), ``and``, ``or``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Between(Node):
    value: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class In(Node):
    value: Expression
    tests: UnaryTests


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    value: Expression
    type: TypeExpression


@dataclass(frozen=True, slots=True)
class If(Node):
    """A boxed one asks for a boolean (or null); a written one takes the rest as false."""

    condition: Expression
    then: Expression
    otherwise: Expression
    boolean_only: bool = False


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    entries: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral(Node):
    low: Expression
    high: Expression
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Path(Node):
    source: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    source: Expression
    condition: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: Expression
    positional: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class For(Node):
    """``iterators`` are (name, list or range ``a..b``) in nesting order."""

    iterators: tuple[tuple[str, Expression], ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    every: bool
    iterators: tuple[tuple[str, Expression], ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class FunctionLiteral(Node):
    """``types`` are those of the parameters, None for any."""

    parameters: tuple[str, ...]
    body: Expression
    types: tuple[TypeExpression | None, ...] = ()


# Kinds of external functions, with the two entries that name one (DMN 1.5 clause 10.2.1.7).
EXTERNAL_ENTRIES = (("Java", "class", "method signature"), ("PMML", "document", "model"))


@dataclass(frozen=True, slots=True)
class ExternalFunction(Node):
    """A function of another language: Java's class and method signature.

    Of kind PMML the two are the document and the model; a registered function stands behind them.
    """

    parameters: tuple[str, ...]
    types: tuple[TypeExpression | None, ...]
    class_name: str
    signature: str
    kind: str = "Java"


@dataclass(frozen=True, slots=True)
class Span(Node):
    """What ``for i in a..b`` iterates over: whole numbers or dates, up or down."""

    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class Typed(Node):
    """An expression with a declared type: its value is coerced."""

    expression: Expression
    type: TypeExpression


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """A unary test ``< e``, ``>= e``, ``= e`` ...: the value under test stands on the left."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Matches(Node):
    """A unary test that is an expression: a value, a range, a list, or a condition with ``?``."""

    expression: Expression
    uses_value: bool


@dataclass(frozen=True, slots=True)
class BoxedContext(Node):
    """A boxed context whose last entry has no name: its value is the result."""

    entries: tuple[tuple[str, Expression], ...]
    result: Expression


@dataclass(frozen=True, slots=True)
class TableInput(Node):
    """A condition column: what it looks at and which values are allowed there."""

    text: str
    expression: Expression
    allowed: UnaryTests | None
    type: TypeExpression | None = None


@dataclass(frozen=True, slots=True)
class TableOutput(Node):
    """A conclusion column. ``values`` are in order of priority, best first.

    ``allowed`` are the same values as tests, with those that are no plain value.
    """

    name: str
    values: tuple[Expression, ...]
    default: Expression | None
    type: TypeExpression | None = None
    allowed: UnaryTests | None = None


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """A row: ``number`` is 1-based, ``annotations`` are the author's words about it."""

    id: str
    number: int
    conditions: tuple[UnaryTests, ...]
    conclusions: tuple[Expression, ...]
    annotations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionTable(Node):
    """A table. Hit policy is one of U A P F R O C; aggregation '' or sum, min, max, count.

    ``annotation_names`` head the rules' annotations, column by column.
    """

    hit_policy: str
    aggregation: str
    inputs: tuple[TableInput, ...]
    outputs: tuple[TableOutput, ...]
    rules: Sequence[Rule]
    annotation_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnaryTests(Node):
    """What a cell asks: any of ``tests``; none of them when ``negated``; anything when ``any``."""

    tests: tuple[Comparison | Matches, ...] = field(default=())
    negated: bool = False
    any: bool = False


Expression: TypeAlias = (
    Literal
    | AtLiteral
    | Name
    | Negation
    | Binary
    | Between
    | In
    | InstanceOf
    | If
    | ListLiteral
    | ContextLiteral
    | RangeLiteral
    | Path
    | Filter
    | Call
    | For
    | Quantified
    | FunctionLiteral
    | ExternalFunction
    | Span
    | Typed
    | Comparison
    | BoxedContext
    | DecisionTable
)


def negated(at: Position, tree: Expression) -> Expression:
    """``tree`` behind a minus; ``-1`` is one literal: ``-1 instance of number`` asks about it."""
    if isinstance(tree, InstanceOf) and isinstance(tree.value, Literal | Negation):
        return InstanceOf(tree.at, negated(at, tree.value), tree.type)
    return Negation(at, tree)
