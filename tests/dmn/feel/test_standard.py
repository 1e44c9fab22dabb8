"""The language by tables: an expression, what the standard makes of it, the clause that says so.

A clause is one of DMN 1.5 or of what it refers to: XPath Functions and Operators, XML Schema.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tael.dmn import Value
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Env
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names
from tael.dmn.feel.parser import parse_expression
from tael.dmn.feel.syntax import Rule
from tael.dmn.feel.text import inner_text
from tael.dmn.feel.values import kind

CASES = Path(__file__).parent / "cases"
TABLES = sorted(path.stem for path in CASES.glob("*.csv"))


class Listener:
    """A run without a model that keeps its warnings."""

    def __init__(self) -> None:
        self.warnings: list[tuple[Position, str]] = []

    def read(self, name: str) -> Value:
        raise KeyError(name)

    def warn(self, at: Position, message: str) -> None:
        self.warnings.append((at, message))

    def fire(self, rule: Rule) -> None:
        raise AssertionError(rule)


def evaluate(text: str, listener: Listener) -> Value:
    return Compiler().expression(parse_expression(text, Names(BUILTINS)).tree)(Env(listener))


def wrong(row: dict[str, str]) -> str:
    """What is wrong with the answer to a row; empty when nothing is."""
    listener = Listener()
    found = evaluate(row["expression"], listener)
    wanted = evaluate(row["expected"], Listener())
    if (kind(found), inner_text(found)) != (kind(wanted), inner_text(wanted)):
        return f"{row['expression']} gave {inner_text(found)}, not {row['expected']}"
    if found is None and not listener.warnings:
        return f"{row['expression']} gave null without a warning"
    return ""


@pytest.mark.parametrize("table", TABLES)
def test_every_expression_gives_what_the_standard_says_and_no_null_is_silent(table: str) -> None:
    with (CASES / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 50
    assert [found for found in map(wrong, rows) if found] == []


def test_every_warning_says_where_the_null_arose() -> None:
    listener = Listener()
    evaluate('[1,\n  1 + "a", sqrt(-1)]', listener)
    assert [(at.line, at.column) for at, _ in listener.warnings] == [(2, 5), (2, 16)]


def test_tests_behind_in_are_read_once_however_many_or_deep() -> None:
    assert evaluate(" or ".join(["5 in (1, 2)"] * 150), Listener()) is False
    assert evaluate("5 in (" * 40 + "1" + ", 5)" * 40, Listener()) is True
