"""FEEL expressions and cells, by tables of cases."""

from __future__ import annotations

import contextlib
import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.dmn import FeelSyntaxError, Value
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Env
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names
from tael.dmn.feel.parser import parse_expression, parse_unary_tests
from tael.dmn.feel.syntax import Rule

CASES = Path(__file__).parent / "cases"


class Bench:
    """A run with the given variables that keeps its warnings."""

    def __init__(self, variables: dict[str, Value] | None = None) -> None:
        self.variables = variables or {}
        self.warnings: list[tuple[int, int, str]] = []

    def read(self, name: str) -> Value:
        return self.variables[name]

    def warn(self, at: Position, message: str) -> None:
        self.warnings.append((at.line, at.column, message))

    def fire(self, rule: Rule) -> None:
        raise AssertionError(rule)


def evaluate(text: str, bench: Bench) -> Value:
    tree = parse_expression(text, Names([*BUILTINS, *bench.variables])).tree
    return Compiler().expression(tree)(Env(bench))


def rows(name: str) -> list[list[str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def variables(text: str) -> dict[str, Value]:
    pairs = (part.split("=", 1) for part in text.split(";") if part)
    return {name: evaluate(value, Bench()) for name, value in pairs}


@pytest.mark.parametrize(("text", "given_", "expected"), rows("feel.csv"))
def test_an_expression_gives_its_value_and_null_never_comes_silently(
    text: str, given_: str, expected: str
) -> None:
    bench = Bench(variables(given_))
    assert evaluate(text, bench) == evaluate(expected, Bench())
    if expected == "null":
        assert bench.warnings


@pytest.mark.parametrize(("cell", "value", "expected"), rows("cells.csv"))
def test_a_cell_accepts_what_its_unary_tests_say(cell: str, value: str, expected: str) -> None:
    bench = Bench({"limit": Decimal(10)})
    tests = parse_unary_tests(cell, Names([*BUILTINS, "limit"])).tree
    passes = Compiler().unary_tests(tests)
    assert passes(Env(bench), evaluate(value, Bench())) is evaluate(expected, Bench())
    assert bool(bench.warnings) is (expected == "null")


@pytest.mark.parametrize(("text", "line", "column"), rows("syntax_errors.csv"))
def test_what_is_not_feel_is_refused_with_line_and_column(
    text: str, line: str, column: str
) -> None:
    with pytest.raises(FeelSyntaxError) as refused:
        parse_expression(text, Names())
    assert (refused.value.line, refused.value.column) == (int(line), int(column))


def test_a_warning_says_where_the_null_arose() -> None:
    bench = Bench()
    assert evaluate('1 +\n  (2 * "x")', bench) is None
    assert bench.warnings[0] == (2, 6, "there is no product of a number and a string")


def test_the_longest_name_in_scope_wins() -> None:
    bench = Bench({"rate": Decimal(1), "rate of return": Decimal(2), "return": Decimal(3)})
    assert evaluate("rate of return + rate", bench) == 3


def test_a_name_nobody_knows_is_reported_with_its_place() -> None:
    unknown = parse_expression("score + 1", Names()).unknown
    assert [(name, at.column) for name, at in unknown] == [("score", 1)]


def test_an_expression_that_nests_too_deeply_is_refused() -> None:
    with pytest.raises(FeelSyntaxError, match="nests deeper"):
        parse_expression("(" * 500 + "1" + ")" * 500, Names())


@given(st.text(alphabet="1a +-*/()[]{}.,:<>=\"'?@ifthenelsorand\n", max_size=40))
def test_any_text_parses_or_is_refused_and_nothing_else(text: str) -> None:
    with contextlib.suppress(FeelSyntaxError):
        parse_expression(text, Names(["a"]))


NUMBERS = st.decimals(min_value=-(10**12), max_value=10**12, places=4, allow_nan=False)


@given(NUMBERS, NUMBERS)
def test_arithmetic_and_order_are_those_of_exact_decimals(left: Decimal, right: Decimal) -> None:
    bench = Bench({"a": left, "b": right})
    assert evaluate("a + b - b = a", bench) is True
    assert evaluate("a < b or a > b or a = b", bench) is True
    assert evaluate("not(a < b) = (a >= b)", bench) is True
