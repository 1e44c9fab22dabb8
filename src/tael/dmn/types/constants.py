"""What an expression without variables gives: evaluated once, as the engine would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.values import Value
from tael.dmn.types.signatures import UNREPEATABLE

_COMPILER = Compiler()
_DEEPEST = 8
_OF_PATTERNS = frozenset({"matches", "replace", "split"})


@dataclass
class _Listening(Alone):
    """A run that keeps why something was null."""

    reasons: list[str] = field(default_factory=list)

    def warn(self, at: Position, message: str) -> None:  # noqa: ARG002 - of the protocol
        self.reasons.append(message)


def is_constant(tree: s.Expression, depth: int = 0, *, patterns: bool = False) -> bool:
    """Whether ``tree`` reads nothing: literals, and built-in functions of them.

    Patterns may take a second each, so calls with one count only when ``patterns`` are asked for.
    """
    if depth > _DEEPEST:
        return False
    if isinstance(tree, s.Literal | s.AtLiteral):
        return True
    parts: tuple[s.Expression, ...] = ()
    if isinstance(tree, s.Negation):
        parts = (tree.operand,)
    elif isinstance(tree, s.ListLiteral):
        parts = tree.items
    elif isinstance(tree, s.RangeLiteral):
        parts = (tree.low, tree.high)
    elif isinstance(tree, s.Call) and _is_pure(tree.function, patterns=patterns):
        parts = (*tree.positional, *(value for _, value in tree.named))
    else:
        return False
    return all(is_constant(part, depth + 1, patterns=patterns) for part in parts)


def _is_pure(function: s.Expression, *, patterns: bool) -> bool:
    """Whether it is a built-in function that gives the same for the same, and in time."""
    if not isinstance(function, s.Name) or function.name not in BUILTINS:
        return False
    return function.name not in UNREPEATABLE and (patterns or function.name not in _OF_PATTERNS)


def evaluated(tree: s.Expression) -> tuple[Value, str]:
    """The value of a constant expression, and why it is null when it is."""
    run = _Listening()
    value = _COMPILER.expression(tree)(Env(run))
    return value, run.reasons[-1] if run.reasons else ""


def tester(tests: s.UnaryTests) -> Callable[[Value], bool]:
    """Says whether a value passes constant tests."""
    test, env = _COMPILER.unary_tests(tests), Env(Alone())
    return lambda value: test(env, value) is True


def passes(tests: s.UnaryTests, value: Value) -> bool:
    """Whether ``value`` passes constant tests."""
    return tester(tests)(value)


def are_constant(tests: s.UnaryTests) -> bool:
    """Whether no test of ``tests`` reads anything."""
    return all(
        is_constant(test.operand if isinstance(test, s.Comparison) else test.expression)
        for test in tests.tests
    )


def points_of(tests: s.UnaryTests) -> list[Value]:
    """The values that constant tests name: those they ask for and the ends of their ranges."""
    found: list[Value] = []
    for test in tests.tests:
        tree = test.operand if isinstance(test, s.Comparison) else test.expression
        ends = (tree.low, tree.high) if isinstance(tree, s.RangeLiteral) else (tree,)
        values = [evaluated(end)[0] for end in ends]
        for value in values:
            found.extend(value if isinstance(value, tuple) else (value,))
    return found


def is_enumeration(tests: s.UnaryTests) -> bool:
    """Whether constant tests list single values and nothing else."""
    return not tests.negated and all(
        isinstance(test, s.Matches) and not isinstance(test.expression, s.RangeLiteral)
        for test in tests.tests
    )
