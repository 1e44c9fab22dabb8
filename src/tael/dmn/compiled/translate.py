"""Trees of FEEL into the plan: shapes proved, knowledge models inlined, names resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.cells import NotConstant, cell_of, constant
from tael.dmn.compiled.shapes import EMPTY_LIST, Unplanned, prove, same_shape
from tael.dmn.compiled.tables import plan_table
from tael.dmn.feel import syntax as s
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.values import Value
from tael.dmn.model.graph import Graph, Knowledge

_DEEPEST_INLINING = 12
_MOST_INLININGS = 500
_ORDERED = ("<", "<=", ">", ">=")
_ROUNDINGS = frozenset(
    {"decimal", "round up", "round down", "round half up", "round half down", "floor", "ceiling"}
)
_OVER_LISTS = frozenset({"sum", "min", "max", "mean", "count"})
_CONSTANT_SHAPES = {Decimal: p.NUMBER, str: p.STRING, bool: p.BOOLEAN}


@dataclass
class Work:
    """What the translators of one model share."""

    graph: Graph
    inputs: dict[str, p.Input]
    decisions: dict[str, p.Expression]
    refused: dict[str, str]


@dataclass(frozen=True)
class Scope:
    """Where a tree stands: the names of its node, local names, and what is being inlined."""

    names: Mapping[str, str]
    path: str
    local: Mapping[str, p.Expression] = field(default_factory=dict)
    inlined: tuple[str, ...] = ()


class Translator:
    """Translates the logic of one decision."""

    def __init__(self, work: Work, slots: count[int] | None = None) -> None:
        self._work = work
        self._slots = slots or count(1)
        self._inlinings = 0

    def expression(self, tree: s.Expression, scope: Scope) -> p.Expression:
        """``tree`` in the plan. Raises Unplanned with the reason."""
        build = _BUILDERS.get(type(tree))
        if build is None:
            raise Unplanned(f"{_WORDS.get(type(tree), 'such an expression')} is not planned")
        return build(self, tree, scope)

    def kept(self, value: p.Expression) -> p.Expression:
        """``value``, to be computed once and read several times."""
        if isinstance(value, p.Local | p.Constant | p.Input | p.Reference):
            return value
        return p.Local(next(self._slots), value, value.shape)

    # --- leaves

    def _literal(self, tree: s.Literal, _scope: Scope) -> p.Expression:
        if tree.value is None:
            raise Unplanned("null")
        return p.Constant(tree.value, _CONSTANT_SHAPES[type(tree.value)])

    def _name(self, tree: s.Name, scope: Scope) -> p.Expression:
        if tree.name in scope.local:
            return scope.local[tree.name]
        key = scope.names.get(tree.name)
        if key is None:
            raise Unplanned(f"{tree.name!r} has no value here")
        if key in self._work.decisions:
            return p.Reference(key, self._work.decisions[key].shape)
        if key in self._work.inputs:
            return self._work.inputs[key]
        raise Unplanned(f"{tree.name!r}: {self._work.refused.get(key, 'it is a function')}")

    # --- operators

    def _negation(self, tree: s.Negation, scope: Scope) -> p.Expression:
        try:
            value = constant(tree)
        except NotConstant:
            inner = self._number(tree.operand, scope)
            return p.Arithmetic("negate", inner, None)
        if not isinstance(value, Decimal):
            raise Unplanned("minus what is no number")
        return p.Constant(value, p.NUMBER)

    def _binary(self, tree: s.Binary, scope: Scope) -> p.Expression:
        left, right = self.expression(tree.left, scope), self.expression(tree.right, scope)
        if tree.operator in ("and", "or"):
            _all_are(p.BOOLEAN, left, right)
            return p.Logic(tree.operator, (left, right))
        if tree.operator in ("=", "!=", *_ORDERED):
            return _compared(tree.operator, left, right)
        _all_are(p.NUMBER, left, right)
        return p.Arithmetic(tree.operator, left, right)

    def _between(self, tree: s.Between, scope: Scope) -> p.Expression:
        value = self.kept(self.expression(tree.value, scope))
        low, high = self.expression(tree.low, scope), self.expression(tree.high, scope)
        return p.Logic("and", (_compared(">=", value, low), _compared("<=", value, high)))

    def _in(self, tree: s.In, scope: Scope) -> p.Expression:
        value = self.expression(tree.value, scope)
        try:
            return p.Membership(value, cell_of(tree.tests, value.shape))
        except NotConstant as why:
            raise Unplanned(f"in: {why}") from None

    def _if(self, tree: s.If, scope: Scope) -> p.Expression:
        condition = self.expression(tree.condition, scope)
        _all_are(p.BOOLEAN, condition)
        then, other = self.expression(tree.then, scope), self.expression(tree.otherwise, scope)
        return p.Choose(condition, then, other, same_shape(then.shape, other.shape))

    # --- structures

    def _list(self, tree: s.ListLiteral, scope: Scope) -> p.Expression:
        return _list_of([self.expression(item, scope) for item in tree.items])

    def _entries(self, entries: Sequence[tuple[str, s.Expression]], scope: Scope) -> _Entries:
        local, made = dict(scope.local), _Entries([], [])
        for name, tree in entries:
            inner = Scope(scope.names, scope.path, local, scope.inlined)
            value = self.kept(self.expression(tree, inner))
            if name in made.names:
                raise Unplanned(f"two entries are named {name!r}")
            made.names.append(name)
            made.items.append(value)
            local = {**local, name: value}
        made.scope = Scope(scope.names, scope.path, local, scope.inlined)
        return made

    def _context(self, tree: s.ContextLiteral, scope: Scope) -> p.Expression:
        made = self._entries(tree.entries, scope)
        return _record(made.names, made.items)

    def _boxed_context(self, tree: s.BoxedContext, scope: Scope) -> p.Expression:
        made = self._entries(tree.entries, scope)
        result = self.expression(tree.result, made.scope or scope)
        if not made.names:
            return result
        record = _record([*made.names, ""], [*made.items, result])
        return p.Member(record, "", result.shape)

    def _path(self, tree: s.Path, scope: Scope) -> p.Expression:
        source = self.expression(tree.source, scope)
        shape = dict(source.shape.entries).get(tree.name)
        if source.shape.kind is not p.Kind.CONTEXT or shape is None:
            raise Unplanned(f"a {source.shape.kind.value} has no entry {tree.name!r}")
        return p.Member(source, tree.name, shape)

    def _typed(self, tree: s.Typed, scope: Scope) -> p.Expression:
        value = self.expression(tree.expression, scope)
        prove(self._work.graph.types[scope.path], tree.type, value, self.possible)
        return value

    def _table(self, tree: s.DecisionTable, scope: Scope) -> p.Expression:
        return plan_table(tree, lambda each: self.expression(each, scope))

    # --- calls

    def _call(self, tree: s.Call, scope: Scope) -> p.Expression:
        if not isinstance(tree.function, s.Name):
            raise Unplanned("a call of what is no name")
        name = tree.function.name
        if name in scope.local:
            raise Unplanned(f"a call of the value {name!r}")
        key = scope.names.get(name)
        if key is not None:
            return self._inline(key, tree, scope)
        if tree.named:
            raise Unplanned(f"{name} is called with names")
        if name == "concatenate":
            return self._concatenate(tree.positional, scope)
        arguments = [self.expression(each, scope) for each in tree.positional]
        if name == "not" and len(arguments) == 1:
            _all_are(p.BOOLEAN, *arguments)
            return p.Logic("not", tuple(arguments))
        if name in _OVER_LISTS:
            return _over_list(name, arguments)
        return _numeric(name, arguments)

    def _inline(self, key: str, tree: s.Call, scope: Scope) -> p.Expression:
        knowledge = self._work.graph.knowledge.get(key)
        if knowledge is None or not isinstance(knowledge.logic, s.FunctionLiteral):
            raise Unplanned(f"a call of {key!r}, which is no knowledge model in FEEL")
        if key in scope.inlined:
            raise Unplanned(f"{knowledge.name!r} calls itself")
        self._inlinings += 1
        if len(scope.inlined) >= _DEEPEST_INLINING or self._inlinings > _MOST_INLININGS:
            raise Unplanned("too many calls of knowledge models")
        try:
            return self._body(knowledge, knowledge.logic, tree, scope)
        except Unplanned as why:
            raise Unplanned(f"{knowledge.name!r}: {why}") from None

    def _body(
        self, node: Knowledge, function: s.FunctionLiteral, tree: s.Call, scope: Scope
    ) -> p.Expression:
        types = self._work.graph.types[node.path]
        local: dict[str, p.Expression] = {}
        declared = function.types or (None,) * len(function.parameters)
        for name, wanted, given in zip(
            function.parameters, declared, _arguments(function, tree), strict=True
        ):
            value = self.kept(self.expression(given, scope))
            prove(types, wanted, value, self.possible)
            local[name] = value
        inner = Scope(node.scope, node.path, local, (*scope.inlined, node.id))
        body = self.expression(function.body, inner)
        prove(types, node.type, body, self.possible)
        if not local:
            return body
        # Every argument is computed, also one that nothing reads.
        record = _record([*local, ""], [*local.values(), body])
        return p.Member(record, "", body.shape)

    def _concatenate(self, trees: Sequence[s.Expression], scope: Scope) -> p.Expression:
        parts: list[tuple[p.Expression, p.Expression]] = []
        for tree in trees:
            parts += self._parts(tree, scope)
        shape = EMPTY_LIST
        for _, item in parts:
            shape = same_shape(shape, p.Shape(p.Kind.LIST, item=item.shape))
        return p.Kept(tuple(parts), shape)

    def _parts(self, tree: s.Expression, scope: Scope) -> list[tuple[p.Expression, p.Expression]]:
        if isinstance(tree, s.ListLiteral):
            always = p.Constant(True, p.BOOLEAN)
            return [(always, self._constant_item(item, scope)) for item in tree.items]
        if not isinstance(tree, s.If):
            raise Unplanned("concatenate of what are no lists of constants behind conditions")
        condition = self.kept(self.expression(tree.condition, scope))
        _all_are(p.BOOLEAN, condition)
        otherwise = p.Logic("not", (condition,))
        found: list[tuple[p.Expression, p.Expression]] = []
        for branch, when in ((tree.then, condition), (tree.otherwise, otherwise)):
            if not isinstance(branch, s.ListLiteral):
                raise Unplanned("concatenate of what are no lists of constants")
            found += [(when, self._constant_item(item, scope)) for item in branch.items]
        return found or [(p.Logic("and", (condition, otherwise)), p.Constant("", p.STRING))]

    def _constant_item(self, tree: s.Expression, scope: Scope) -> p.Expression:
        value = self.expression(tree, scope)
        if not isinstance(value, p.Constant):
            raise Unplanned("concatenate of lists whose items are no constants")
        return value

    def _number(self, tree: s.Expression, scope: Scope) -> p.Expression:
        value = self.expression(tree, scope)
        _all_are(p.NUMBER, value)
        return value

    def possible(  # noqa: PLR0911 - one answer a form
        self, value: p.Expression, depth: int = 0
    ) -> list[Value] | None:
        """The values that ``value`` can have, when all of them are constants in sight."""
        if depth > 64:  # noqa: PLR2004 - deeper than anything a reader would write
            return None
        if isinstance(value, p.Constant):
            return [value.value]
        if isinstance(value, p.Local):
            return self.possible(value.value, depth + 1)
        if isinstance(value, p.Reference):
            return self.possible(self._work.decisions[value.key], depth + 1)
        inner: Sequence[p.Expression] | None = None
        if isinstance(value, p.Choose):
            inner = (value.then, value.otherwise)
        elif isinstance(value, p.Table) and value.hit_policy in ("U", "A", "F", "P"):
            inner = (*value.outputs[0], *(value.default or ())) if len(value.names) == 1 else None
        if inner is None:
            return None
        found: list[Value] = []
        for each in inner:
            values = self.possible(each, depth + 1)
            if values is None:
                return None
            found += values
        return found


@dataclass
class _Entries:
    names: list[str]
    items: list[p.Expression]
    scope: Scope | None = None


def _arguments(function: s.FunctionLiteral, tree: s.Call) -> Sequence[s.Expression]:
    if not tree.named:
        if len(tree.positional) != len(function.parameters):
            raise Unplanned("a call with another number of arguments")
        return tree.positional
    given = dict(tree.named)
    if set(given) != set(function.parameters) or len(given) != len(tree.named):
        raise Unplanned("a call with other arguments than the parameters")
    return [given[name] for name in function.parameters]


def _record(names: Sequence[str], items: Sequence[p.Expression]) -> p.Record:
    entries = tuple((name, item.shape) for name, item in zip(names, items, strict=True))
    return p.Record(tuple(names), tuple(items), p.Shape(p.Kind.CONTEXT, entries=entries))


def _list_of(items: Sequence[p.Expression]) -> p.ListOf:
    if not items:
        return p.ListOf((), EMPTY_LIST)
    shape = items[0].shape
    for item in items[1:]:
        shape = same_shape(shape, item.shape)
    return p.ListOf(tuple(items), p.Shape(p.Kind.LIST, item=shape))


def _all_are(shape: p.Shape, *values: p.Expression) -> None:
    for value in values:
        if value.shape != shape:
            raise Unplanned(f"a {value.shape.kind.value} where a {shape.kind.value} is planned")


def _compared(operator: str, left: p.Expression, right: p.Expression) -> p.Expression:
    scalar = left.shape in (p.NUMBER, p.STRING, p.BOOLEAN)
    if left.shape != right.shape or not scalar:
        raise Unplanned(f"{operator} of a {left.shape.kind.value} and a {right.shape.kind.value}")
    if left.shape == p.BOOLEAN and operator in _ORDERED:
        raise Unplanned("booleans have no order")
    return p.Comparison(operator, left, right)


def _over_list(name: str, arguments: Sequence[p.Expression]) -> p.Expression:
    if len(arguments) == 1 and arguments[0].shape.kind is p.Kind.LIST:
        listed = arguments[0]
    elif name == "count" or not arguments:
        raise Unplanned(f"{name} of what is no list")
    else:
        listed = _list_of(arguments)
    if name != "count" and listed.shape.item != p.NUMBER:
        raise Unplanned(f"{name} of what are no numbers")
    return p.Call(name, (listed,), p.NUMBER)


def _numeric(name: str, arguments: Sequence[p.Expression]) -> p.Expression:
    if name not in p.PLANNED_FUNCTIONS:
        raise Unplanned(f"the function {name!r} is not planned")
    function = BUILTINS[name]
    least = len(function.parameters) if function.required is None else function.required
    if not least <= len(arguments) <= len(function.parameters):
        raise Unplanned(f"{name} is called with {len(arguments)} arguments")
    _all_are(p.NUMBER, *arguments)
    if name in _ROUNDINGS and len(arguments) > 1 and not isinstance(arguments[1], p.Constant):
        raise Unplanned(f"{name} to a number of digits that is no constant")
    return p.Call(name, tuple(arguments), p.NUMBER)


_Builder = Callable[[Translator, s.Expression, Scope], p.Expression]
_BUILDERS: dict[type, _Builder] = {  # each builder takes the type it stands under
    s.Literal: Translator._literal,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.Name: Translator._name,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.Negation: Translator._negation,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.Binary: Translator._binary,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.Between: Translator._between,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.In: Translator._in,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.If: Translator._if,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.ListLiteral: Translator._list,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.ContextLiteral: Translator._context,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.BoxedContext: Translator._boxed_context,  # type: ignore[dict-item] # noqa: SLF001 - same
    s.Path: Translator._path,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.Typed: Translator._typed,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.DecisionTable: Translator._table,  # type: ignore[dict-item] # noqa: SLF001 - same module
    s.Call: Translator._call,  # type: ignore[dict-item] # noqa: SLF001 - same module
}
_WORDS: dict[type, str] = {
    s.AtLiteral: "a date or time",
    s.InstanceOf: "instance of",
    s.RangeLiteral: "a range as a value",
    s.Filter: "a filter",
    s.For: "a for",
    s.Quantified: "some or every",
    s.FunctionLiteral: "a function as a value",
    s.ExternalFunction: "an external function",
    s.Span: "an iteration",
    s.Comparison: "a range as a value",
}
