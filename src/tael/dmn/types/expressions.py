"""The type of an expression, and what is wrong in it (DMN 1.5 clause 10.3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.java import java_method
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.literals import moment_from
from tael.dmn.feel.operators import ARITHMETIC
from tael.dmn.feel.syntax import NamedType, TypeExpression
from tael.dmn.feel.type_system import ANY, type_of_literal
from tael.dmn.feel.values import kind
from tael.dmn.types import matrix
from tael.dmn.types.calls import call_type
from tael.dmn.types.cells import check_tests
from tael.dmn.types.lattice import (
    BOOLEAN,
    Definitions,
    Signature,
    bare,
    item_of,
    join,
    kind_of,
    members_of,
    shown,
)
from tael.dmn.types.naming import Names
from tael.dmn.types.report import Site, nearest, start_of
from tael.dmn.types.scope import Scope
from tael.dmn.types.tables import conforms, table_type


class Typing:
    """Gives the types of the expressions of one node and reports what it finds.

    Args:
        site: where findings go.
        types: the item definitions that declared types name.
        names: what an unknown name may have meant.
    """

    def __init__(self, site: Site, types: Definitions, names: Names) -> None:
        self.site = site
        self._types = types
        self._names = names

    def within(self, rule: s.Rule) -> Typing:
        """The same, for findings in one rule of a table."""
        return Typing(replace(self.site, rules=(rule.number,)), self._types, self._names)

    def of(self, tree: s.Expression, scope: Scope) -> TypeExpression:
        """The type of ``tree``; Any where it cannot be told."""
        build: Callable[[Typing, Any, Scope], TypeExpression] = _BUILDERS[type(tree)]
        return build(self, tree, scope)

    def declared(self, wanted: TypeExpression | None, at: Position) -> TypeExpression:
        """A written type with its item definitions in place; unknown names are reported."""
        self._names.check_type(self.site, wanted, self._types.system, at)
        return self._types.expanded(wanted)

    # --- leaves

    def literal(self, tree: s.Literal, _scope: Scope) -> TypeExpression:
        return type_of_literal(tree)

    def at_literal(self, tree: s.AtLiteral, _scope: Scope) -> TypeExpression:
        try:
            return NamedType(kind(moment_from(tree.text)))
        except Nothing as why:
            self.site.add("constant_null", tree.at, detail=str(why))
            return ANY

    def name(self, tree: s.Name, scope: Scope) -> TypeExpression:
        found = scope.find(tree.name)
        if found is not None:
            return found
        if not scope.is_open():
            self._names.report(self.site, tree.name, tree.at, scope)
        return ANY

    # --- operators

    def negation(self, tree: s.Negation, scope: Scope) -> TypeExpression:
        operand = self.of(tree.operand, scope)
        made = matrix.negated(operand)
        if made is None:
            words = {"left": "", "operator": "-", "right": shown(operand)}
            self.site.add("operator_types", tree.at, **words)
        return made or ANY

    def binary(self, tree: s.Binary, scope: Scope) -> TypeExpression:
        left, right = self.of(tree.left, scope), self.of(tree.right, scope)
        if tree.operator in ("and", "or"):
            return self._logic(tree, left, right)
        if tree.operator in ARITHMETIC:
            return self._arithmetic(tree, left, right)
        possible = matrix.equatable if tree.operator in ("=", "!=") else matrix.ordered
        if not possible(left, right):
            self._clash("comparison_types", tree, left, right)
        elif tree.operator not in ("=", "!="):
            self._null_operand(tree, left, right)
        return BOOLEAN

    def _logic(self, tree: s.Binary, left: TypeExpression, right: TypeExpression) -> TypeExpression:
        """What is no boolean counts as unknown: faulty only when both sides are."""
        sides = [each for each in (left, right) if kind_of(each) not in ("", "null", "boolean")]
        if len(sides) == 2:  # noqa: PLR2004 - both sides
            self._clash("operator_types", tree, left, right)
        elif sides:
            part = tree.left if sides[0] is left else tree.right
            words = {"operator": tree.operator, "type": shown(sides[0])}
            self.site.add("logic_operand", start_of(part), **words)
        return BOOLEAN

    def _arithmetic(
        self, tree: s.Binary, left: TypeExpression, right: TypeExpression
    ) -> TypeExpression:
        made = matrix.arithmetic(tree.operator, left, right)
        if made is None:
            self._clash("operator_types", tree, left, right)
        else:
            self._null_operand(tree, left, right)
        return ANY if made is None else made

    def _null_operand(self, tree: s.Binary, left: TypeExpression, right: TypeExpression) -> None:
        if "null" in (kind_of(left), kind_of(right)):
            self.site.add("null_operand", tree.at, operator=tree.operator)

    def _clash(
        self, code: str, tree: s.Binary, left: TypeExpression, right: TypeExpression
    ) -> None:
        words = {"left": shown(left), "operator": tree.operator, "right": shown(right)}
        self.site.add(code, tree.at, **words)

    def between(self, tree: s.Between, scope: Scope) -> TypeExpression:
        value = self.of(tree.value, scope)
        for end in (tree.low, tree.high):
            other = self.of(end, scope)
            if not matrix.ordered(value, other):
                words = {"left": shown(value), "operator": "between", "right": shown(other)}
                self.site.add("comparison_types", end.at, **words)
        return BOOLEAN

    def contained(self, tree: s.In, scope: Scope) -> TypeExpression:
        check_tests(self, tree.tests, self.of(tree.value, scope), scope)
        return BOOLEAN

    def instance_of(self, tree: s.InstanceOf, scope: Scope) -> TypeExpression:
        self.of(tree.value, scope)
        self.declared(tree.type, tree.at)
        return BOOLEAN

    def typed(self, tree: s.Typed, scope: Scope) -> TypeExpression:
        wanted = self.declared(tree.type, tree.at)
        conforms(self, tree.expression, self.of(tree.expression, scope), wanted)
        return wanted

    def comparison(self, tree: s.Comparison, scope: Scope) -> TypeExpression:
        return s.RangeType(self.of(tree.operand, scope))

    def span(self, tree: s.Span, scope: Scope) -> TypeExpression:
        ends = [self.of(end, scope) for end in (tree.low, tree.high)]
        made = join(ends)
        kinds = {kind_of(end) for end in ends} - {"", "null"}
        if len(kinds) > 1 or not kinds <= {"number", "date"}:
            self.site.add("iteration_type", tree.at, type=" .. ".join(map(shown, ends)))
        return s.ListType(made)

    # --- structures

    def list_literal(self, tree: s.ListLiteral, scope: Scope) -> TypeExpression:
        return s.ListType(join(self.of(item, scope) for item in tree.items))

    def context_literal(self, tree: s.ContextLiteral, scope: Scope) -> TypeExpression:
        return s.ContextType(tuple(self._entries(tree.entries, scope)[0].items()))

    def boxed_context(self, tree: s.BoxedContext, scope: Scope) -> TypeExpression:
        return self.of(tree.result, self._entries(tree.entries, scope)[1])

    def _entries(
        self, entries: tuple[tuple[str, s.Expression], ...], scope: Scope
    ) -> tuple[dict[str, TypeExpression], Scope]:
        """The types of the entries of a context, each of which may read those before it."""
        known: dict[str, TypeExpression] = {}
        inside = Scope(known, scope)
        for name, value in entries:
            body = value.expression if isinstance(value, s.Typed) else value
            if isinstance(body, s.FunctionLiteral) and name not in known:
                known[name] = NamedType("function")
                inside.read.discard(name)
                known[name] = self.of(value, inside)
                if name in inside.read:
                    self.site.add("recursion", value.at, name=name)
            else:
                known[name] = self.of(value, inside)
        return known, inside

    def range_literal(self, tree: s.RangeLiteral, scope: Scope) -> TypeExpression:
        low, high = self.of(tree.low, scope), self.of(tree.high, scope)
        if not matrix.ordered(low, high):
            words = {"left": shown(low), "operator": "..", "right": shown(high)}
            self.site.add("comparison_types", tree.at, **words)
            return NamedType("range")
        return s.RangeType(join((low, high)))

    def path(self, tree: s.Path, scope: Scope) -> TypeExpression:
        source = self.of(tree.source, scope)
        if kind_of(source) == "list":
            return s.ListType(self._member(tree, item_of(source)))
        return self._member(tree, source)

    def _member(self, tree: s.Path, source: TypeExpression) -> TypeExpression:
        if kind_of(source) == "list":
            return s.ListType(self._member(tree, item_of(source)))
        members = members_of(source)
        if members is None or kind_of(source) == "null":
            return ANY
        if tree.name not in members:
            near = nearest(tree.name, members)
            self.site.add("unknown_member", tree.at, near=near, type=shown(source), name=tree.name)
        return members.get(tree.name, ANY)

    def filter(self, tree: s.Filter, scope: Scope) -> TypeExpression:
        source = self.of(tree.source, scope)
        item = item_of(source)
        members = members_of(item) if kind_of(item) == "context" else {}
        local = {"item": item, **(members or {})}
        unknown = kind_of(item) in ("", "null") or members is None
        condition = self.of(tree.condition, Scope(local, scope, open=unknown))
        kind_found = kind_of(condition)
        if kind_found == "number":
            return item
        if kind_found not in ("", "null", "boolean"):
            self.site.add("filter_type", start_of(tree.condition), type=shown(condition))
        return s.ListType(item) if kind_found == "boolean" else ANY

    # --- control

    def choice(self, tree: s.If, scope: Scope) -> TypeExpression:
        self.condition(tree.condition, scope)
        return join((self.of(tree.then, scope), self.of(tree.otherwise, scope)))

    def condition(self, tree: s.Expression, scope: Scope) -> None:
        """Check what should be a boolean."""
        found = self.of(tree, scope)
        if kind_of(found) not in ("", "null", "boolean"):
            self.site.add("condition_type", start_of(tree), type=shown(found))

    def _iterated(self, iterators: tuple[tuple[str, s.Expression], ...], scope: Scope) -> Scope:
        for name, source in iterators:
            found = bare(self.of(source, scope))
            if isinstance(found, s.RangeType):
                if kind_of(found.end) not in ("", "null", "number", "date"):
                    self.site.add("iteration_type", source.at, type=shown(found))
                item = found.end
            else:
                item = ANY if kind_of(found) == "range" else item_of(found)
            # Nothing goes through an empty list, so nothing is wrong with what would be done.
            scope = Scope({name: ANY if kind_of(item) == "null" else item}, scope)
        return scope

    def loop(self, tree: s.For, scope: Scope) -> TypeExpression:
        inside = self._iterated(tree.iterators, scope)
        return s.ListType(self.of(tree.body, Scope({"partial": s.ListType(ANY)}, inside)))

    def quantified(self, tree: s.Quantified, scope: Scope) -> TypeExpression:
        self.condition(tree.body, self._iterated(tree.iterators, scope))
        return BOOLEAN

    # --- functions

    def function_literal(self, tree: s.FunctionLiteral, scope: Scope) -> TypeExpression:
        types = self._parameters(tree)
        inside = Scope(dict(zip(tree.parameters, types, strict=False)), scope)
        return Signature(types, self.of(tree.body, inside), tree.parameters)

    def _parameters(
        self, tree: s.FunctionLiteral | s.ExternalFunction
    ) -> tuple[TypeExpression, ...]:
        given = tree.types or (None,) * len(tree.parameters)
        return tuple(self.declared(each, tree.at) for each in given)

    def external_function(self, tree: s.ExternalFunction, _scope: Scope) -> TypeExpression:
        try:
            java_method(tree.class_name, tree.signature, len(tree.parameters))
        except Nothing as why:
            self.site.add("external_function", tree.at, detail=str(why))
        return Signature(self._parameters(tree), ANY, tree.parameters)

    def call(self, tree: s.Call, scope: Scope) -> TypeExpression:
        return call_type(self, tree, scope)

    def table(self, tree: s.DecisionTable, scope: Scope) -> TypeExpression:
        return table_type(self, tree, scope)


_BUILDERS: dict[type, Callable[[Typing, Any, Scope], TypeExpression]] = {
    s.Literal: Typing.literal,
    s.AtLiteral: Typing.at_literal,
    s.Name: Typing.name,
    s.Negation: Typing.negation,
    s.Binary: Typing.binary,
    s.Between: Typing.between,
    s.In: Typing.contained,
    s.InstanceOf: Typing.instance_of,
    s.If: Typing.choice,
    s.ListLiteral: Typing.list_literal,
    s.ContextLiteral: Typing.context_literal,
    s.RangeLiteral: Typing.range_literal,
    s.Path: Typing.path,
    s.Filter: Typing.filter,
    s.Call: Typing.call,
    s.For: Typing.loop,
    s.Quantified: Typing.quantified,
    s.FunctionLiteral: Typing.function_literal,
    s.ExternalFunction: Typing.external_function,
    s.Span: Typing.span,
    s.Typed: Typing.typed,
    s.Comparison: Typing.comparison,
    s.BoxedContext: Typing.boxed_context,
    s.DecisionTable: Typing.table,
}
