"""What the type checker says holds: values are of the inferred types, or null where it says so."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names, Vocabulary
from tael.dmn.feel.parser import parse_expression, parse_type
from tael.dmn.feel.syntax import Binary, Expression, Path, TypeExpression
from tael.dmn.feel.temporal import Date
from tael.dmn.feel.type_system import TypeSystem, type_text
from tael.dmn.feel.values import DaysDuration, Value
from tael.dmn.types.expressions import Typing
from tael.dmn.types.lattice import Definitions
from tael.dmn.types.naming import Names as Elements
from tael.dmn.types.report import Report, Site
from tael.dmn.types.scope import LIBRARY, Scope

INPUTS: dict[str, tuple[str, Value]] = {
    "n": ("number", Decimal(7)),
    "s": ("string", "word"),
    "b": ("boolean", False),
    "d": ("date", Date(2020, 2, 29)),
    "l": ("list<number>", (Decimal(1), Decimal(2))),
    "p": ("context<x: number, y: string>", {"x": Decimal(4), "y": "z"}),
    "u": ("days and time duration", DaysDuration(86_400 * 10**9)),
    "a": ("Any", "anything"),
    "e": ("Any", None),
}
TYPES: dict[str, TypeExpression] = {name: parse_type(text) for name, (text, _) in INPUTS.items()}
VALUES: dict[str, Value] = {name: value for name, (_, value) in INPUTS.items()}
SCOPE = Names([*BUILTINS, *INPUTS])
NULLING = {"operator_types", "comparison_types", "unknown_member"}

leaves = st.sampled_from([
    *INPUTS, "1", "-2.5", "0", '"x"', '""', "true", "null", "[]", "[1..5]", '["a", "b"]', "{x: 1}",
    '@"2021-05-06"', '@"P1Y"', '@"PT3H"', '@"10:00:00Z"', '@"2021-05-06T10:00:00Z"',
])  # fmt: skip
# An index that is null picks nothing: the list stays empty where one item was promised.
filters = st.sampled_from(["1", "-1", "item > 1", "item = n", "x = 4", "b", "true"])
calls = st.sampled_from(
    sorted(name for name in BUILTINS if name not in {"now", "today", "random number"})
)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One form around smaller expressions."""
    binary = st.sampled_from(
        ["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or"]
    )
    return st.one_of(
        st.builds("({} {} {})".format, inner, binary, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{}[{}]".format, inner, filters),
        st.builds("(for i in {} return {})".format, inner, inner),
        st.builds("(some i in {} satisfies {})".format, inner, inner),
        st.builds("{{x: {}, q: {}}}.x".format, inner, inner),
        st.builds("({}).{}".format, inner, st.sampled_from(["x", "year", "days", "start", "y"])),
        st.builds("({} in ({}, {}))".format, inner, inner, inner),
        st.builds("({} between {} and {})".format, inner, inner, inner),
        st.builds("({} instance of {})".format, inner, st.sampled_from(["number", "string"])),
        st.builds(
            lambda name, given: f"{name}({', '.join(given)})",
            calls,
            st.lists(inner, min_size=1, max_size=3),
        ),
    )


expressions = st.recursive(leaves, grown, max_leaves=8)


def parsed(text: str) -> Expression:
    return parse_expression(text, SCOPE, Vocabulary.of(["x", "y", "q"])).tree


def checked(tree: Expression) -> tuple[TypeExpression, Report]:
    report = Report()
    typing = Typing(Site(report, "<text>", "one"), Definitions(), Elements(frozenset()))
    return typing.of(tree, Scope(TYPES, LIBRARY)), report


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions)
def test_a_value_is_of_the_type_that_was_inferred(text: str) -> None:
    tree = parsed(text)
    found, _ = checked(tree)
    value = Compiler().expression(tree)(Env(Alone(), VALUES))

    assert TypeSystem().conforms(value, found), f"{text}: {value!r} is no {type_text(found)}"


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions)
def test_what_is_called_always_null_is_null(text: str) -> None:
    tree = parsed(text)
    _, report = checked(tree)
    told = {(each.line, each.column) for each in report.found.values() if each.kind in NULLING}
    # Equality of what does not compare is null, or false where one side happens to be null.
    equality = isinstance(tree, Binary) and tree.operator in ("=", "!=")
    if (
        equality
        or not isinstance(tree, Binary | Path)
        or (tree.at.line, tree.at.column) not in told
    ):
        return
    value = Compiler().expression(tree)(Env(Alone(), VALUES))

    assert empty(value), text


def empty(value: Value) -> bool:
    """Null, or a list of nothing else."""
    return value is None or (isinstance(value, tuple) and all(map(empty, value)))
