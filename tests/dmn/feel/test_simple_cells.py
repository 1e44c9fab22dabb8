"""Simple cells make the trees that the parser makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.dmn import FeelSyntaxError
from tael.dmn.feel.names import Names
from tael.dmn.feel.parser import parse_expression, parse_unary_tests
from tael.dmn.feel.simple_cells import simple_tests, simple_value

SIMPLE = (
    "-", " - ", "5", "-5", "0.50", "< 5", ">=-5.25", "= 3", "!= 4", "[1..2]", "]1..2[", "(-1 .. 2)",
    '"a"', '"a", "b" ,"c"', '""', "true", " false ", "123456789012345678901234567890",
    '"\u540d \U0001f600"',
)  # fmt: skip


@pytest.mark.parametrize("text", SIMPLE)
def test_a_simple_cell_needs_no_parser(text: str) -> None:
    assert simple_tests(text, 7) == parse_unary_tests(text, Names(), line=7).tree


pieces = st.sampled_from(
    ("-", "1", "2.5", "..", "[", "]", "(", ")", '"a"', '"b\\n"', ",", " ", "<", "<=", "=", "!=",
     "true", "false", "not", "\n", ".5", "1e3", "x", "null")
)  # fmt: skip


@given(st.lists(pieces, max_size=7).map("".join))
def test_what_is_taken_is_what_the_parser_makes_of_it(text: str) -> None:
    tests, value = simple_tests(text, 3), simple_value(text, 3)
    if tests is not None:
        assert tests == parse_unary_tests(text, Names(), line=3).tree
    if value is not None:
        assert value == parse_expression(text, Names(), line=3).tree


def test_what_is_no_feel_is_left_to_the_parser_to_refuse() -> None:
    for text in ("1 2", "[1..", "< <", '"a'):
        assert simple_tests(text, 1) is None
        with pytest.raises(FeelSyntaxError):
            parse_unary_tests(text, Names())
