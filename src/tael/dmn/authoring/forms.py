"""Boxed expressions as Python data, each written as its element (DMN 1.5 clause 7.3 and 10.2).

Logic is FEEL text, a ``Table`` or one of the forms here; forms hold logic again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, Union

from tael.dmn.authoring.table import Table
from tael.dmn.errors import DmnError
from tael.dmn.model.writer import element
from tael.dmn.model.xml import Element

Logic: TypeAlias = Union[
    str, Table, "Context", "Items", "Relation", "Invocation", "Definition", "Conditional",
    "Filtered", "Each",
]  # fmt: skip
_FUNCTION_KINDS = ("FEEL", "Java", "PMML")
_EACH_KINDS = {"for": "return", "some": "satisfies", "every": "satisfies"}


@dataclass(frozen=True, slots=True)
class Context:
    """Named entries, each of which may read those before it; ``result`` is the value if given."""

    entries: Mapping[str, Logic]
    result: Logic | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A boxed list."""

    items: tuple[Logic, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of one shape: a list of contexts with ``columns`` as their names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Logic, ...], ...]


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call of ``function``, an expression, with arguments by the names of its parameters."""

    function: str
    arguments: Mapping[str, Logic]


@dataclass(frozen=True, slots=True)
class Definition:
    """A function: parameters with the names of their types ('' for any), and its body.

    ``kind`` PMML takes a ``Context`` of ``document`` and ``model``, two texts in quotes: the
    function that is registered by the name of that model is called.
    """

    parameters: Mapping[str, str]
    body: Logic
    kind: str = "FEEL"


@dataclass(frozen=True, slots=True)
class Conditional:
    """If, then, else."""

    condition: Logic
    then: Logic
    otherwise: Logic


@dataclass(frozen=True, slots=True)
class Filtered:
    """The items of ``source`` for which ``condition``, which reads ``item``, is true."""

    source: Logic
    condition: Logic


@dataclass(frozen=True, slots=True)
class Each:
    """``for``, ``some`` or ``every``: ``body`` for each item of ``source`` under a name."""

    variable: str
    source: Logic
    body: Logic
    kind: str = field(default="for")


def element_of(logic: Logic) -> Element:
    """The element of ``logic``.

    Raises:
        DmnError: a kind that DMN does not have, or a row of a relation that does not fit.
    """
    return _WRITERS[type(logic)](logic)


def parameter_elements(parameters: Mapping[str, str]) -> list[Element]:
    """The formal parameters of a function: names with the names of their types."""
    return [
        element("formalParameter", {"name": name, "typeRef": kind})
        for name, kind in parameters.items()
    ]


def quoted(text: str) -> str:
    """``text`` as a FEEL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _literal(text: str) -> Element:
    return element("literalExpression", None, element("text", text=text))


def _context(form: Context) -> Element:
    entries = [
        element("contextEntry", None, element("variable", {"name": name}), element_of(logic))
        for name, logic in form.entries.items()
    ]
    if form.result is not None:
        entries.append(element("contextEntry", None, element_of(form.result)))
    return element("context", None, *entries)


def _relation(form: Relation) -> Element:
    for number, row in enumerate(form.rows, start=1):
        if len(row) != len(form.columns):
            raise DmnError(
                f"row {number} of a relation has {len(row)} cells for {len(form.columns)} columns",
                rule="one cell per column",
            )
    columns = [element("column", {"name": name}) for name in form.columns]
    rows = [element("row", None, *map(element_of, row)) for row in form.rows]
    return element("relation", None, *columns, *rows)


def _invocation(form: Invocation) -> Element:
    bindings = [
        element("binding", None, element("parameter", {"name": name}), element_of(logic))
        for name, logic in form.arguments.items()
    ]
    return element("invocation", None, _literal(form.function), *bindings)


def _definition(form: Definition) -> Element:
    if form.kind not in _FUNCTION_KINDS:
        raise DmnError(
            f"a function is of kind {', '.join(_FUNCTION_KINDS)}, not {form.kind!r}",
            rule="DMN 1.5 clause 10.2.1.7",
        )
    kind = "" if form.kind == "FEEL" else form.kind
    parameters = parameter_elements(form.parameters)
    return element("functionDefinition", {"kind": kind}, *parameters, element_of(form.body))


def _conditional(form: Conditional) -> Element:
    parts = {"if": form.condition, "then": form.then, "else": form.otherwise}
    return element("conditional", None, *(_part(tag, logic) for tag, logic in parts.items()))


def _filtered(form: Filtered) -> Element:
    return element("filter", None, _part("in", form.source), _part("match", form.condition))


def _each(form: Each) -> Element:
    if form.kind not in _EACH_KINDS:
        raise DmnError(
            f"an iteration is one of {', '.join(_EACH_KINDS)}, not {form.kind!r}",
            rule="DMN 1.5 clause 10.2.1.10",
        )
    parts = (_part("in", form.source), _part(_EACH_KINDS[form.kind], form.body))
    return element(form.kind, {"iteratorVariable": form.variable}, *parts)


def _part(tag: str, logic: Logic) -> Element:
    return element(tag, None, element_of(logic))


_WRITERS: dict[type, Callable[..., Element]] = {
    str: _literal,
    Table: Table.element,
    Context: _context,
    Items: lambda form: element("list", None, *map(element_of, form.items)),
    Relation: _relation,
    Invocation: _invocation,
    Definition: _definition,
    Conditional: _conditional,
    Filtered: _filtered,
    Each: _each,
}
