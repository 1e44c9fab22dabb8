"""Item definitions of a model as types (DMN 1.5 clause 7.3.3)."""

from __future__ import annotations

from collections.abc import Callable

from tael.dmn.feel.syntax import (
    ContextType,
    FunctionType,
    ItemType,
    ListType,
    NamedType,
    TypeExpression,
    UnaryTests,
)
from tael.dmn.feel.type_system import ANY
from tael.dmn.model.xml import Element

TestsReader = Callable[[Element], UnaryTests | None]


def item_type(element: Element, tests: TestsReader) -> ItemType:
    """The type of an ``itemDefinition`` or ``itemComponent``.

    In a collection allowed values hold for each item, a type constraint for the list as a whole.
    """
    name = element.get("name")
    allowed, constraint = element.first("allowedValues"), element.first("typeConstraint")
    inner: TypeExpression = _structure(element, tests)
    if allowed:
        inner = ItemType(name, inner, tests(allowed))
    if element.get("isCollection") == "true":
        inner = ListType(inner)
    return ItemType(name, inner, tests(constraint) if constraint else None)


def _structure(element: Element, tests: TestsReader) -> TypeExpression:
    components, function = element.all("itemComponent"), element.first("functionItem")
    if components:
        return ContextType(tuple((each.get("name"), item_type(each, tests)) for each in components))
    if function:
        return FunctionType(
            tuple(named(each.get("typeRef")) for each in function.all("parameters")),
            named(function.get("outputTypeRef")),
        )
    return named(element.child_text("typeRef"))


def named(reference: str) -> TypeExpression:
    """The type a ``typeRef`` names; Any for none.

    DMN 1.1 writes qualified names: a name of FEEL itself holds no colon, so a prefix is one of XML.
    """
    return NamedType(reference.strip().rpartition(":")[2]) if reference.strip() else ANY
