"""What a plan says before any row is seen: cuts of each value, known texts, constant parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import Any, TypeAlias

from tael.dmn.columnar.columns import Dictionary
from tael.dmn.columnar.grids import Spelling
from tael.dmn.columnar.guard import MOST_EXPONENT, finite_inverse
from tael.dmn.columnar.pieces import ROUNDINGS
from tael.dmn.columnar.spaces import Cuts, Edge
from tael.dmn.compiled import plan as p
from tael.dmn.feel.values import Value

Place: TypeAlias = tuple[object, ...]


@dataclass
class Analysis:
    """What is looked at in a plan.

    Attributes:
        cuts: the numbers that the cells of all tables cut a place's value at.
        texts: the constants that each input of strings is compared with.
        opened: inputs whose value is used for more than that.
    """

    cuts: dict[Place, Cuts] = field(default_factory=dict)
    texts: dict[str, dict[str, None]] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    _spellings: dict[str, tuple[Spelling, Dictionary]] = field(default_factory=dict)

    def spelling(self, name: str) -> Spelling:
        """The texts that an input which is not opened is compared with."""
        return self._spelled(name)[0]

    def texts_of(self, name: str) -> Dictionary:
        """The same texts, and after them one that stands for all others."""
        return self._spelled(name)[1]

    def _spelled(self, name: str) -> tuple[Spelling, Dictionary]:
        found = self._spellings.get(name)
        if found is None:
            known, other = list(self.texts.get(name, {})), "another value"
            while other in known:
                other += "."
            made = Spelling(known), Dictionary([*known, other])
            found = self._spellings.setdefault(name, made)
        return found


def analysed(plan: p.Plan) -> Analysis:
    """The analysis of all decisions of ``plan``."""
    walk = _Walk(plan)
    return walk.found()


def place_of(value: p.Expression, decision: str) -> Place | None:
    """What makes two looked-at values the same; None for one that stands alone."""
    value = bare(value)
    if isinstance(value, p.Input):
        return ("input", value.name)
    if isinstance(value, p.Reference):
        return ("decision", value.key)
    if isinstance(value, p.Local):
        return ("local", decision, value.slot)
    if isinstance(value, p.Member):
        source = place_of(value.source, decision)
        return None if source is None else (*source, "member", value.name)
    return None


def bare(value: p.Expression) -> p.Expression:
    """``value`` without the locals round an input, a constant or another decision."""
    inner = value
    while isinstance(inner, p.Local):
        inner = inner.value
    return inner if isinstance(inner, p.Input | p.Reference | p.Constant) else value


def points(cells: Iterable[p.Cell]) -> Iterator[Edge]:
    """Where ``cells`` part the numbers."""
    for cell in cells:
        for part in cell.intervals:
            if isinstance(part.low, Decimal):
                yield part.low, not part.low_closed
            if isinstance(part.high, Decimal):
                yield part.high, part.high_closed


def cells_of(column: p.Column) -> list[p.Cell]:
    """All cells of a column, its allowed values included."""
    return [*column.cells, *([column.allowed] if column.allowed else [])]


def constant_of(value: p.Expression) -> Value:
    """The constant that ``value`` is made of; None when it is not."""
    if isinstance(value, p.Constant):
        return value.value
    if isinstance(value, p.Local):
        return constant_of(value.value)
    if isinstance(value, p.ListOf):
        items = tuple(constant_of(item) for item in value.items)
        return None if None in items else items
    if isinstance(value, p.Record):
        entries = {n: constant_of(i) for n, i in zip(value.names, value.items, strict=True)}
        return None if None in entries.values() else entries
    return None


def constant_rows(table: p.Table) -> list[tuple[Value, ...]] | None:
    """The conclusions of each rule, then those by default; None when some are no constants."""
    rows: list[tuple[Value, ...]] = []
    sources = [*zip(*table.outputs, strict=True), *([table.default] if table.default else [])]
    for row in sources:
        values = tuple(constant_of(value) for value in row)
        if None in values:
            return None
        rows.append(values)
    return rows


def is_coded(value: p.Expression, plan: p.Plan) -> bool:
    """Whether a list has few values, known beforehand or by the conditions it depends on."""
    if isinstance(value, p.Local):
        return is_coded(value.value, plan)
    if isinstance(value, p.Reference):
        return value.key in plan.decisions and is_coded(plan.decisions[value.key], plan)
    if isinstance(value, p.Choose):
        return is_coded(value.then, plan) and is_coded(value.otherwise, plan)
    if isinstance(value, p.Member) and isinstance(value.source, p.Record):
        return is_coded(value.source.items[value.source.names.index(value.name)], plan)
    if isinstance(value, p.Table):
        return constant_rows(value) is not None
    return isinstance(value, p.Kept) or constant_of(value) is not None


class _Walk:
    def __init__(self, plan: p.Plan) -> None:
        self._points: dict[Place, set[Edge]] = {}
        self._found = Analysis()
        self._seen: set[tuple[str, int, bool]] = set()
        self._decision = ""
        for item in plan.inputs.values():
            if item.allowed is not None:
                self._look(item, [item.allowed])
        for key, expression in plan.decisions.items():
            self._decision = key
            self._visit(expression, closed=False)

    def found(self) -> Analysis:
        self._found.cuts = {place: Cuts(each) for place, each in self._points.items()}
        return self._found

    def _visit(self, value: p.Expression, *, closed: bool) -> None:
        inner = bare(value)
        if isinstance(inner, p.Input):
            if not closed:
                self._found.opened.add(inner.name)
            return
        if isinstance(value, p.Local | p.Table):
            mark = (self._decision, id(value), closed)
            if mark in self._seen:
                return
            self._seen.add(mark)
        if isinstance(value, p.Table):
            for column in value.columns:
                self._look(column.value, cells_of(column))
                self._visit(column.value, closed=True)
        elif isinstance(value, p.Membership):
            self._look(value.value, [value.cell])
            self._visit(value.value, closed=True)
            return
        elif isinstance(value, p.Comparison):
            self._compare(value)
            return
        for child in children(value):
            self._visit(child, closed=False)

    def _compare(self, value: p.Comparison) -> None:
        for one, other in ((value.left, value.right), (value.right, value.left)):
            known = constant_of(other)
            same = value.operator in ("=", "!=") and isinstance(known, str)
            inner = bare(one)
            if same and isinstance(inner, p.Input):
                self._found.texts.setdefault(inner.name, {})[str(known)] = None
            self._visit(one, closed=same)

    def _look(self, value: p.Expression, cells: list[p.Cell]) -> None:
        place, inner = place_of(value, self._decision), bare(value)
        if place is not None and value.shape.kind is p.Kind.NUMBER:
            self._points.setdefault(place, set()).update(points(cells))
        if isinstance(inner, p.Input) and inner.shape.kind is p.Kind.STRING:
            known = self._found.texts.setdefault(inner.name, {})
            parts = (part.low for cell in cells for part in cell.intervals)
            known.update((part, None) for part in parts if isinstance(part, str))


def children(value: p.Expression) -> Iterator[p.Expression]:
    """The expressions that ``value`` is made of, but for the conditions of a table."""
    read = _CHILDREN.get(type(value))
    yield from read(value) if read else ()


_CHILDREN: dict[type, Callable[[Any], Iterable[p.Expression]]] = {
    p.Local: lambda node: (node.value,),
    p.Arithmetic: lambda node: (node.left,) if node.right is None else (node.left, node.right),
    p.Call: lambda node: node.arguments,
    p.Comparison: lambda node: (node.left, node.right),
    p.Membership: lambda node: (node.value,),
    p.Logic: lambda node: node.parts,
    p.Choose: lambda node: (node.condition, node.then, node.otherwise),
    p.Table: lambda node: chain(*node.outputs, node.default or ()),
    p.ListOf: lambda node: node.items,
    p.Record: lambda node: node.items,
    p.Kept: lambda node: chain(*node.parts),
    p.Member: lambda node: (node.source,),
}


def why_unwritable(value: p.Expression, plan: p.Plan) -> str:
    """Why a decision's own value is no exact decimal in columns; empty where it may be one.

    A quotient that is not rounded has 34 digits, which no column of whole units holds.
    """
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, p.Reference):
            waiting.append(plan.decisions[each.key])
        elif (
            isinstance(each, p.Arithmetic) and each.operator in ("/", "**") and not _is_exact(each)
        ):
            what = "a quotient" if each.operator == "/" else "a power"
            return f"it gives {what} that is not rounded"
        elif isinstance(each, p.Call) and each.function in ("sqrt", "mean"):
            return f"it gives a {each.function} that is not rounded"
        elif isinstance(each, p.Member) and isinstance(each.source, p.Record):
            waiting.append(each.source.items[each.source.names.index(each.name)])
        elif isinstance(each, p.Choose):
            waiting += [each.then, each.otherwise]
        elif not _is_decided(each):
            waiting += children(each)
    return ""


def _is_decided(value: p.Expression) -> bool:
    """Whether the value is exact whatever its parts are."""
    rounded = isinstance(value, p.Call) and value.function in (*ROUNDINGS, "count")
    kind = value.shape.kind
    return rounded or kind in (p.Kind.STRING, p.Kind.BOOLEAN)


def _is_exact(node: p.Arithmetic) -> bool:
    """Whether a division is by a short constant with a finite inverse, a power a small one."""
    known = None if node.right is None else constant_of(node.right)
    if not isinstance(known, Decimal) or not known:
        return False
    if node.operator == "**":
        return known == known.to_integral_value() and 1 <= known <= MOST_EXPONENT
    return finite_inverse(known) is not None
