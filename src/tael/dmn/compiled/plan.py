"""The plan of a model: typed trees that the scalar and the columnar compiler both read.

A plan holds what can be proved of a model: every value has one known shape, nothing is null and no
operation fails. What a run then meets besides (a null, a division by zero, no rule that matches)
makes a fast body step aside for the general one, so both always give the same answer. Decisions
that cannot be planned are listed with the reason.

Semantics are FEEL's: numbers are decimals of 34 digits, tables follow DMN 1.5 clause 8.2.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from tael.dmn.feel.syntax import DecisionTable
from tael.dmn.feel.values import Value


class Kind(Enum):
    """What a planned value is."""

    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    DATE = "date"
    LIST = "list"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Shape:
    """The kind of a value; of a list its items' shape, of a context its entries' in order."""

    kind: Kind
    item: Shape | None = None
    entries: tuple[tuple[str, Shape], ...] = ()


NUMBER, STRING = Shape(Kind.NUMBER), Shape(Kind.STRING)
BOOLEAN, DATE = Shape(Kind.BOOLEAN), Shape(Kind.DATE)


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the model as it is given. ``allowed`` are the allowed values of its type."""

    name: str
    shape: Shape
    allowed: Cell | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value
    shape: Shape


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of another planned decision, by its key in the graph; computed once a run."""

    key: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Local:
    """A value computed once and read several times; ``slot`` is unique in its decision.

    An entry of a boxed context, or an argument of an inlined knowledge model.
    """

    slot: int
    value: Expression
    shape: Shape


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``+ - * / **`` of two numbers; ``negate`` has no right side."""

    operator: str
    left: Expression
    right: Expression | None
    shape: Shape = NUMBER


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function of ``PLANNED_FUNCTIONS``. A list argument is one ``ListOf``."""

    function: str
    arguments: tuple[Expression, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Comparison:
    """``= != < <= > >=`` of two values of one kind."""

    operator: str
    left: Expression
    right: Expression
    shape: Shape = BOOLEAN


@dataclass(frozen=True, slots=True)
class Interval:
    """Part of a cell or of an ``in``: constants from ``low`` to ``high``; None is unbounded.

    A single value is the closed interval from itself to itself; of strings and booleans there are
    no others.
    """

    low: Decimal | str | bool | None
    high: Decimal | str | bool | None
    low_closed: bool = True
    high_closed: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """Whether a value lies in any of ``intervals`` (in none of them when ``negated``).

    ``any`` is the cell that asks nothing, ``-``. No intervals, not negated: no value passes.
    """

    intervals: tuple[Interval, ...]
    negated: bool = False
    any: bool = False

    def holds(self, value: Value) -> bool:
        """Whether ``value``, of the kind of the intervals, passes."""
        return self.any or any(_inside(each, value) for each in self.intervals) is not self.negated


def _inside(part: Interval, value: Value) -> bool:
    if not isinstance(value, Decimal) or isinstance(part.low, str | bool):
        return value == part.low
    low, high = part.low, part.high
    above = low is None or value > low or (part.low_closed and value == low)
    below = (
        high is None
        or isinstance(high, str)
        or value < high
        or (part.high_closed and value == high)
    )
    return above and below


@dataclass(frozen=True, slots=True)
class Membership:
    value: Expression
    cell: Cell
    shape: Shape = BOOLEAN


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` of booleans, ``not`` of one."""

    operator: str
    parts: tuple[Expression, ...]
    shape: Shape = BOOLEAN


@dataclass(frozen=True, slots=True)
class Choose:
    """``if``: only the branch that is taken may step aside."""

    condition: Expression
    then: Expression
    otherwise: Expression
    shape: Shape


@dataclass(frozen=True, slots=True)
class Column:
    """A condition column of a table: what it looks at, one cell a rule, allowed values."""

    value: Expression
    cells: tuple[Cell, ...]
    allowed: Cell | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table whose cells are constant.

    Attributes:
        source: the table as it was read, for traces.
        columns: the condition columns.
        outputs: one a conclusion column, each with one expression a rule.
        names: names of the outputs, '' of a single one.
        ranks: per output the priority of each rule's conclusion, 0 best; for policies P and O.
        default: one a conclusion column when no rule matches. Without one, a collecting table
            (R, O, C without aggregation) gives the empty list, a counting one 0; others step aside.
    """

    source: DecisionTable
    columns: tuple[Column, ...]
    outputs: tuple[tuple[Expression, ...], ...]
    names: tuple[str, ...]
    ranks: tuple[tuple[int, ...], ...]
    default: tuple[Expression, ...] | None
    shape: Shape

    @property
    def hit_policy(self) -> str:
        return self.source.hit_policy

    @property
    def aggregation(self) -> str:
        return self.source.aggregation


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Expression, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Kept:
    """A list of constants each behind a condition: ``if c then ["X"] else []``, concatenated.

    ``parts`` are (condition, item); every condition is evaluated.
    """

    parts: tuple[tuple[Expression, Expression], ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Record:
    """A context; ``names`` and ``items`` are its entries in order, all of them evaluated.

    A boxed context with a result is the ``Member`` '' of a record whose last entry it is.
    """

    names: tuple[str, ...]
    items: tuple[Expression, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of a context."""

    source: Expression
    name: str
    shape: Shape


Expression: TypeAlias = (
    Input
    | Constant
    | Reference
    | Local
    | Arithmetic
    | Call
    | Comparison
    | Membership
    | Logic
    | Choose
    | Table
    | ListOf
    | Kept
    | Record
    | Member
)
PLANNED_FUNCTIONS = frozenset(
    {"abs", "floor", "ceiling", "decimal", "round up", "round down", "round half up"}
    | {"round half down", "modulo", "min", "max", "sum", "mean", "count", "sqrt"}
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a model is planned.

    Attributes:
        decisions: planned decisions by key, each after those it refers to.
        rejected: decisions that are not, by key, with the reason; those that read them are too.
        inputs: the inputs that planned decisions read, by name.
    """

    decisions: Mapping[str, Expression]
    rejected: Mapping[str, str]
    inputs: Mapping[str, Input]
