"""Properties of FEEL: whatever is written parses or is refused; laws of values hold."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.dmn import FeelSyntaxError, Value, loads
from tael.dmn.errors import DmnError, Nothing
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Env
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names
from tael.dmn.feel.parser import parse_expression, parse_unary_tests
from tael.dmn.feel.syntax import Rule
from tael.dmn.feel.text import inner_text
from tael.dmn.feel.values import equals, identity_of, kind
from tael.kernel import TaelError

MODELS = sorted((Path(__file__).parents[1] / "dmn" / "models").glob("*.dmn"))


class Listener:
    """A run that keeps its warnings and stops after some work."""

    def __init__(self, variables: dict[str, Value] | None = None) -> None:
        self.variables = variables or {}
        self.warnings: list[str] = []
        self.steps = 0

    def read(self, name: str) -> Value:
        return self.variables[name]

    def warn(self, at: Position, message: str) -> None:
        assert at.line >= 1
        assert at.column >= 1
        self.warnings.append(message)

    def fire(self, rule: Rule) -> None:
        raise AssertionError(rule)

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > 5_000:
            raise DmnError("too many steps")


def evaluate(text: str, listener: Listener) -> Value:
    tree = parse_expression(text, Names([*BUILTINS, *listener.variables])).tree
    return Compiler().expression(tree)(Env(listener))


SCALARS = ["null", "true", "false", "0", "1", "-1.5", "1e300", '"a"', '""', '"1"', '"\\u00e9"', "x"]
MOMENTS = ["2021-01-31", "10:00:00", "10:00:00Z", "2021-01-31T10:00:00@Europe/Paris"]
MOMENTS += ["P1D", "P1M", "-PT0.5S", "?"]
OTHERS = ["[]", "{}", "[1..3]", "(< 5)", "[null]", "{a: 1}", "abs", "function(a) a"]
ATOMS = st.sampled_from([*SCALARS, *(f'@"{text}"' for text in MOMENTS), *OTHERS])
OPERATORS = ["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.builds(lambda p, o: f"({p[0]}) {o} ({p[1]})", pair, st.sampled_from(OPERATORS)),
        st.builds(lambda p: f"(({p[0]})[{p[1]}])", pair),
        st.builds(lambda p: f"[{p[0]}, {p[1]}]", pair),
        st.builds(lambda p: f"{{a: {p[0]}, b c: {p[1]}}}.b c", pair),
        st.builds(lambda p: f"if {p[0]} then {p[1]} else x", pair),
        st.builds(lambda p: f"for i in {p[0]} return {p[1]}", pair),
        st.builds(lambda p: f"some i in {p[0]} satisfies {p[1]}", pair),
        st.builds(lambda p: f"({p[0]}) between ({p[1]}) and 3", pair),
        st.builds(lambda a: f"({a}) instance of list<number>", inner),
        st.builds(lambda a: f"({a}).a", inner),
        st.builds(lambda a: f"-({a})", inner),
        st.builds(
            lambda name, arguments: f"{name}({', '.join(arguments)})",
            st.sampled_from(sorted(set(BUILTINS) - {"now", "today", "random number"})),
            st.lists(inner, max_size=4),
        ),
    )


EXPRESSIONS = st.recursive(ATOMS, _grown, max_leaves=6)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_any_expression_gives_a_value_or_is_refused_and_nothing_else(text: str) -> None:
    listener = Listener({"x": Decimal(2)})
    with contextlib.suppress(FeelSyntaxError, DmnError, Nothing):
        inner_text(evaluate(text, listener))


@given(EXPRESSIONS, EXPRESSIONS)
def test_null_of_an_operator_or_a_call_never_comes_silently(left: str, right: str) -> None:
    for text in (f"({left}) + ({right})", f"({left}) < ({right})", f"count({left}, {right})"):
        listener = Listener({"x": Decimal(2)})
        with contextlib.suppress(FeelSyntaxError, DmnError):
            if evaluate(text, listener) is None:
                assert listener.warnings, text


@given(st.text(alphabet="1a +-*/()[]{}.,:<>=\"'?@ifthenelsorand\\u\n\U0001f40e", max_size=60))
def test_any_text_is_a_tree_or_a_syntax_error(text: str) -> None:
    for parse in (parse_expression, parse_unary_tests):
        with contextlib.suppress(FeelSyntaxError):
            parse(text, Names(["a"]))


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(st.text(max_size=20), st.text(alphabet="ab()[]{}^$|*+?\\-.,:1pPLdws&", max_size=20))
def test_any_pattern_answers_or_is_refused(text: str, pattern: str) -> None:
    listener = Listener({"t": text, "p": pattern})
    found = evaluate("matches(t, p)", listener)
    assert isinstance(found, bool) or (found is None and listener.warnings)


@given(EXPRESSIONS, EXPRESSIONS)
def test_values_share_a_key_when_and_only_when_they_are_equal(left: str, right: str) -> None:
    with contextlib.suppress(FeelSyntaxError, DmnError, Nothing):
        a = evaluate(left, Listener({"x": Decimal(2)}))
        b = evaluate(right, Listener({"x": Decimal(2)}))
        assert (identity_of(a) == identity_of(b)) is (equals(a, b) is True)


@given(EXPRESSIONS)
def test_the_text_of_a_plain_value_reads_back_as_the_value(text: str) -> None:
    with contextlib.suppress(FeelSyntaxError, DmnError, Nothing):
        value = evaluate(text, Listener({"x": Decimal(2)}))
        if kind(value) in ("number", "string", "boolean"):
            assert equals(evaluate(inner_text(value), Listener()), value) is True


EDITS = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=1),
        st.integers(min_value=0, max_value=40),
        st.sampled_from(["", "<", ">", "&", '"', "/", "<text>", "</text>", "-", "\x00", "é", "#"]),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("file", MODELS, ids=lambda path: path.stem)
@settings(max_examples=40, deadline=timedelta(seconds=5))
@given(edits=EDITS)
def test_a_damaged_model_is_refused_or_runs(
    file: Path, edits: list[tuple[float, int, str]]
) -> None:
    text = file.read_text("utf-8")
    for place, length, new in edits:
        at = int(place * len(text))
        text = text[:at] + new + text[at + length :]
    for tolerant in (False, True):
        with contextlib.suppress(TaelError):
            loads(text, tolerant=tolerant).evaluate({})
