"""Cells of the commonest forms to trees, without the parser: the very trees it would make.

A large table is tens of thousands of ``-``, numbers, comparisons, ranges and strings; none of these
depends on the names in scope.
"""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from functools import lru_cache

from tael.dmn.feel import syntax as s
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.numbers import NUMBERS

_NUMBER = r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?"
_STRING = r'"[^"\\\n]*"'
_TESTS = re.compile(
    rf"""\ *+(?:
    (?P<open>[\[(\]])\ *(?P<low>{_NUMBER})\ *\.\.\ *(?P<high>{_NUMBER})\ *(?P<close>[\])\[])
  | (?P<operator><=|>=|!=|=|<|>)\ *(?P<bound>{_NUMBER})
  | (?P<any>-)
  | (?P<number>{_NUMBER})
  | (?P<strings>{_STRING}(?:\ *,\ *{_STRING})*)
  | (?P<truth>true|false)
    )\ *""",
    re.VERBOSE,
)
_VALUE = re.compile(
    rf"\ *+(?:(?P<number>{_NUMBER})|(?P<strings>{_STRING})|(?P<truth>true|false))\ *", re.VERBOSE
)
_ONE_STRING = re.compile(_STRING)


def simple_tests(text: str, line: int) -> s.UnaryTests | None:
    """The unary tests in ``text``, which starts on ``line``; None when the parser must look."""
    found = _TESTS.fullmatch(text)
    if found is None:
        return None
    kind = found.lastgroup
    if kind == "any":
        return s.UnaryTests(_at(line, found.start("any")), any=True)
    if kind == "bound":
        at = _at(line, found.start("operator"))
        test = s.Comparison(at, found["operator"], _number(found, "bound", line))
        return s.UnaryTests(at, (test,))
    if kind == "close":
        at = _at(line, found.start("open"))
        bounds = s.RangeLiteral(
            at, _number(found, "low", line), _number(found, "high", line),
            found["open"] == "[", found["close"] == "]",
        )  # fmt: skip
        return s.UnaryTests(at, (s.Matches(at, bounds, uses_value=False),))
    values = _values(found, line)
    tests = tuple([s.Matches(value.at, value, uses_value=False) for value in values])
    return s.UnaryTests(values[0].at, tests)


def are_simple_tests(text: str) -> bool:
    """Whether ``simple_tests`` reads ``text``, or nothing but blanks is to be read."""
    return _TESTS.fullmatch(text) is not None or not text.strip()


def is_simple_value(text: str) -> bool:
    """Whether ``simple_value`` reads ``text``, or nothing but blanks is to be read."""
    return _VALUE.fullmatch(text) is not None or not text.strip()


def simple_value(text: str, line: int) -> s.Expression | None:
    """The number, string or truth value in ``text``; None when the parser must look."""
    found = _VALUE.fullmatch(text)
    return _values(found, line)[0] if found else None


def _values(found: re.Match[str], line: int) -> list[s.Literal | s.Negation]:
    if found["number"]:
        return [_number(found, "number", line)]
    if found["truth"]:
        return [s.Literal(_at(line, found.start("truth")), found["truth"] == "true")]
    start = found.start("strings")
    return [
        s.Literal(_at(line, start + each.start()), sys.intern(each.group()[1:-1]))
        for each in _ONE_STRING.finditer(found["strings"])
    ]


def _number(found: re.Match[str], group: str, line: int) -> s.Literal | s.Negation:
    text, start = found[group], found.start(group)
    if text[0] != "-":
        return s.Literal(_at(line, start), _decimal(text))
    return s.Negation(_at(line, start), s.Literal(_at(line, start + 1), _decimal(text[1:])))


@lru_cache(maxsize=65_536)  # a large table repeats its numbers: one object for all of them
def _decimal(text: str) -> Decimal:
    return NUMBERS.create_decimal(text)


def _at(line: int, start: int) -> Position:
    return Position(line, start + 1)
