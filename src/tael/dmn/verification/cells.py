"""Cells as sets of values: which stretches of each line a cell asks for, and does it take null.

A test answers true, false or neither (a comparison with a value of another kind); a cell without
``not`` matches where any of its tests is true, one with ``not`` where all of them are false.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.values import Range, Value
from tael.dmn.verification.axes import AXES, SIBLINGS, Point, axis_name
from tael.dmn.verification.constants import constant, is_constant, nodes


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a line; None is unbounded."""

    low: Point | None
    high: Point | None
    low_closed: bool = True
    high_closed: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a test says of each value.

    Attributes:
        axis: the line it speaks of; None for a test of null alone.
        inside: where on that line it is true; it is false on the rest of it.
        null: of null; None is neither true nor false.
        elsewhere: on all other lines.
        sibling: on the line of the same kind with, or without, offsets.
        names_null: whether null is written in it.
    """

    axis: str | None = None
    inside: tuple[Interval, ...] = ()
    null: bool | None = False
    elsewhere: bool | None = None
    sibling: bool | None = None
    names_null: bool = False

    def on(self, axis: str) -> bool | None:
        """What it says on a line it does not speak of."""
        if self.axis is not None and SIBLINGS.get(self.axis) == axis:
            return self.sibling
        return self.elsewhere


@dataclass(frozen=True, slots=True)
class Probe:
    """A condition on ``?`` that is asked value by value; it can change at ``cuts`` only."""

    cuts: tuple[tuple[str, Point], ...]
    asks: Callable[[Value], bool]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. An ``opaque`` one reads other values: what it matches is not known here."""

    tests: tuple[Answer | Probe, ...] = ()
    negated: bool = False
    any: bool = False
    opaque: bool = False

    def cuts(self) -> list[tuple[str, Point]]:
        """Where on which line the cell can change."""
        found: list[tuple[str, Point]] = []
        for test in self.tests:
            if isinstance(test, Probe):
                found.extend(test.cuts)
            elif test.axis is not None:
                ends = (end for each in test.inside for end in (each.low, each.high))
                found.extend((test.axis, end) for end in ends if end is not None)
        return found

    def takes_null(self) -> bool:
        """Whether null matches; an opaque cell is not asked."""
        if self.any:
            return True
        answers = [t.asks(None) if isinstance(t, Probe) else t.null for t in self.tests]
        return all(each is False for each in answers) if self.negated else True in answers

    def names_null(self) -> bool:
        """Whether its author wrote null: then null is a value of the column like others."""
        return any(
            isinstance(t, Answer) and (t.axis is None and t.null is True) for t in self.tests
        )


Everything = Cell(any=True)
Opaque = Cell(opaque=True)


class CellReader:
    """Reads cells of one node.

    Args:
        compiler: computes constants with the types of the model.
        scope: names of variables there.
    """

    def __init__(self, compiler: Compiler, scope: Container[str] = ()) -> None:
        self._compiler = compiler
        self._scope = scope

    def read(self, tests: s.UnaryTests) -> Cell:
        """The cell that ``tests`` write."""
        if tests.any:
            return Everything
        found: list[Answer | Probe] = []
        for test in tests.tests:
            answer = self._test(test)
            if answer is None:
                return Opaque
            found.append(answer)
        return Cell(tuple(found), tests.negated)

    def _test(self, test: s.Comparison | s.Matches) -> Answer | Probe | None:
        if isinstance(test, s.Comparison):
            if not is_constant(test.operand, self._scope):
                return None
            return _comparison(test.operator, constant(test.operand, self._compiler))
        if test.uses_value:
            return self._probe(test)
        if not is_constant(test.expression, self._scope):
            return None
        return _matching(constant(test.expression, self._compiler))

    def _probe(self, test: s.Matches) -> Probe | None:
        constants: list[Value] = []
        if not self._piecewise(test.expression, constants):
            return None
        cuts: list[tuple[str, Point]] = []
        for value in constants:
            found = _cuts_of(value)
            if found is None:
                return None
            cuts.extend(found)
        asks = self._compiler.unary_tests(s.UnaryTests(test.at, (test,)))
        return Probe(tuple(cuts), lambda value: asks(Env(Alone()), value) is True)

    def _piecewise(self, tree: s.Expression, constants: list[Value]) -> bool:
        """Whether the condition compares ``?`` itself with constants, which are collected."""
        if tree == s.Name(tree.at, "?"):
            return True
        if is_constant(tree, self._scope):
            constants.append(constant(tree, self._compiler))
            return True
        parts: tuple[s.Expression, ...] = ()
        if isinstance(tree, s.Binary) and tree.operator in _PIECEWISE:
            parts = tree.left, tree.right
        if isinstance(tree, s.Between):
            parts = tree.value, tree.low, tree.high
        if parts:
            return all(self._piecewise(part, constants) for part in parts)
        if isinstance(tree, s.In):
            return self._piecewise(tree.value, constants) and self._piecewise_tests(
                tree.tests, constants
            )
        return isinstance(tree, s.Call) and self._piecewise_not(tree, constants)

    def _piecewise_not(self, tree: s.Call, constants: list[Value]) -> bool:
        named_not = tree.function == s.Name(tree.function.at, "not") and "not" not in self._scope
        return (
            named_not
            and not tree.named
            and all(self._piecewise(part, constants) for part in tree.positional)
        )

    def _piecewise_tests(self, tests: s.UnaryTests, constants: list[Value]) -> bool:
        for test in tests.tests:
            inner = test.operand if isinstance(test, s.Comparison) else test.expression
            if any(isinstance(n, s.Name) and n.name == "?" for n in nodes(inner)):
                return False
            if not is_constant(inner, self._scope):
                return False
            constants.append(constant(inner, self._compiler))
        return True


_PIECEWISE = frozenset({"and", "or", "=", "!=", "<", "<=", ">", ">="})


def _point(value: Value) -> tuple[str, Interval] | None:
    """The line of a value, and the stretch of it that is equal to the value."""
    name = axis_name(value)
    if name is None:
        return None
    axis = AXES[name]
    point = axis.point(value)
    if axis.grain and isinstance(point, int):
        start = point // axis.grain * axis.grain
        return name, Interval(start, start + axis.grain, high_closed=False)
    return name, Interval(point, point)


def _cuts_of(value: Value) -> list[tuple[str, Point]] | None:
    """Where a condition may change that compares with ``value``; None when nobody knows."""
    if value is None:
        return []
    if isinstance(value, Range):
        parts: tuple[Value, ...] = (value.low, value.high)
    elif isinstance(value, tuple):
        parts = value
    else:
        found = _point(value)
        if found is None:
            return None
        name, stretch = found
        exact = AXES[name].point(value)
        return [(name, end) for end in (stretch.low, stretch.high, exact) if end is not None]
    cuts: list[tuple[str, Point]] = []
    for part in parts:
        inner = _cuts_of(part)
        if inner is None:
            return None
        cuts.extend(inner)
    return cuts


def _comparison(operator: str, value: Value) -> Answer | None:
    if operator in ("=", "!="):
        return _equality(value, differs=operator == "!=")
    name = axis_name(value)
    if value is None:
        return Answer(null=None)
    if name is None:
        return Answer(null=None)
    if not AXES[name].ordered:
        return Answer(name, null=None)
    point = AXES[name].point(value)
    closed = operator.endswith("=")
    stretch = (
        Interval(None, point, high_closed=closed)
        if operator.startswith("<")
        else Interval(point, None, low_closed=closed)
    )
    return Answer(name, (stretch,), null=None)


def _equality(value: Value, *, differs: bool) -> Answer:
    if value is None:
        return Answer(null=not differs, elsewhere=differs, names_null=True)
    found = _point(value)
    if found is None:
        return Answer(null=differs)
    name, equal = found
    inside: tuple[Interval, ...] = (equal,)
    if differs:
        below = Interval(None, equal.low, high_closed=False)
        inside = (below, Interval(equal.high, None, low_closed=not equal.high_closed))
    return Answer(name, inside, null=differs, sibling=differs)


def _matching(value: Value) -> Answer | None:
    """A cell that is a value, a range or a list."""
    if isinstance(value, Range):
        return _within(value)
    if isinstance(value, tuple):
        return _any_of(value)
    answer = _equality(value, differs=False)
    # A cell that is true matches all that is no boolean: it counts as a condition that holds.
    return replace(answer, elsewhere=True) if value is True else answer


def _within(bounds: Range) -> Answer | None:
    ends = [end for end in (bounds.low, bounds.high) if end is not None]
    if not ends or (not bounds.operator and len(ends) < 2):  # noqa: PLR2004 - both ends
        return Answer(null=None)
    names = {axis_name(end) for end in ends}
    name = names.pop()
    if names or name is None:
        return None
    if not AXES[name].ordered:
        return Answer(name, null=None)
    point = AXES[name].point
    low = None if bounds.low is None else point(bounds.low)
    high = None if bounds.high is None else point(bounds.high)
    stretch = Interval(low, high, bounds.low_closed, bounds.high_closed)
    return Answer(name, (stretch,), null=None)


def _any_of(items: tuple[Value, ...]) -> Answer | None:
    """A list takes what one of its items takes. Of several kinds, the order decides: not read."""
    answers: list[Answer] = []
    for item in items:
        answer = _any_of(item) if isinstance(item, tuple) else _item(item)
        if answer is None:
            return None
        answers.append(answer)
    names = {answer.axis for answer in answers if answer.axis is not None}
    ranged = any(answer.elsewhere is None for answer in answers)
    if len(names) > 1:
        return None
    inside = tuple(stretch for answer in answers for stretch in answer.inside)
    rest = None if ranged else False
    # The engine stops at the first item that takes null, or that cannot be compared with it.
    null = next((answer.null for answer in answers if answer.null is not False), False)
    named = any(answer.names_null for answer in answers)
    return Answer(next(iter(names), None), inside, null, rest, rest, named)


def _item(item: Value) -> Answer | None:
    if isinstance(item, Range):
        return _within(item)
    answer = _equality(item, differs=False)
    return replace(answer, elsewhere=False, sibling=False)
