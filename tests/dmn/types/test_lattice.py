"""Conformance and joins of types, as tables."""

from __future__ import annotations

import pytest

from tael.dmn.feel.parser import parse_type
from tael.dmn.feel.syntax import ItemType, ListType, NamedType, TypeExpression
from tael.dmn.feel.type_system import ANY, TypeSystem, type_text
from tael.dmn.types.lattice import Definitions, fits, join, kind_of, members_of, shown


def made(text: str) -> TypeExpression:
    return parse_type(text)


@pytest.mark.parametrize(
    ("actual", "wanted", "possible"),
    [
        ("number", "number", True),
        ("number", "string", False),
        ("Any", "string", True),
        ("number", "Any", True),
        ("Null", "string", True),
        ("date", "date and time", True),
        ("date and time", "date", False),
        ("dateTime", "date and time", True),
        ("number", "list<number>", True),
        ("list<number>", "number", True),
        ("list<string>", "number", False),
        ("list<number>", "list<string>", False),
        ("list<Any>", "list<string>", True),
        ("list", "list<string>", True),
        ("range<number>", "range<date>", False),
        ("range<number>", "range", True),
        ("context<a: number, b: string>", "context<a: number>", True),
        ("context<a: number>", "context<a: number, b: string>", False),
        ("context<a: string>", "context<a: number>", False),
        ("context<a: string>", "context", True),
        ("function<number>->number", "function<number>->number", True),
        ("function<number>->number", "function<string>->number", False),
        ("function<number>->number", "function", True),
        ("number", "function", False),
    ],
)
def test_a_type_fits_when_some_value_of_it_may_do(
    actual: str, wanted: str, *, possible: bool
) -> None:
    assert fits(made(actual), made(wanted)) is possible


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ("number; number", "number"),
        ("number; Null", "number"),
        ("Null; Null", "Null"),
        ("number; string", "Any"),
        ("list<number>; list<Null>", "list<number>"),
        ("list<number>; list<string>", "list<Any>"),
        ("context<a: number>; context<a: Null>", "context<a: number>"),
        ("context<a: number>; context<b: number>", "context"),
        ("range<number>; range<Null>", "range<number>"),
    ],
)
def test_a_join_holds_both_types(types: str, expected: str) -> None:
    assert type_text(join(map(made, types.split("; ")))) == expected


def test_named_types_are_put_in_place_and_circles_end() -> None:
    items: dict[str, TypeExpression] = {
        "tAge": ItemType("tAge", NamedType("number")),
        "tLoop": ItemType("tLoop", ListType(NamedType("tLoop"))),
    }
    types = Definitions(TypeSystem(items))

    assert kind_of(types.expanded(NamedType("tAge"))) == "number"
    assert kind_of(types.expanded(NamedType("tLoop"))) == "list"
    assert types.expanded(NamedType("tNone")) == ANY


def test_wide_nested_types_are_compared_in_bounded_time() -> None:
    items: dict[str, TypeExpression] = {"t0": NamedType("number")}
    for level in range(1, 21):
        entries = ", ".join(f"e{i}: t{level - 1}" for i in range(8))
        written = parse_type(f"context<{entries}>", [f"t{level - 1}"])
        items[f"t{level}"] = ItemType(f"t{level}", written)
    one, other = (Definitions(TypeSystem(items)).expanded(NamedType("t20")) for _ in range(2))

    assert fits(one, other)
    assert kind_of(join((one, other))) == "context"
    assert len(shown(one)) < 100
    assert members_of(one) is not None
