"""Expressions over values of which some are not known yet.

What reads known values only is run by the engine itself. Around the unknown ones logic is followed:
false and anything is false, two branches that agree need no condition, an operation on a few
possible values is tried on each of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import DecimalException
from graphlib import CycleError, TopologicalSorter
from typing import Protocol, TypeAlias

from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Code, Env, Test
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.type_system import TypeSystem
from tael.dmn.feel.values import Value, kind
from tael.dmn.model.graph import Decision, Knowledge
from tael.dmn.partial.arithmetic import calculated, called, compared_bounds
from tael.dmn.partial.declared import coerced, fits
from tael.dmn.partial.unknowns import (
    MOST_CHOICES,
    Abstract,
    Fields,
    Items,
    Known,
    Unknown,
    choices_of,
    entry,
    joined,
    needs_of,
    one_of,
    settled,
)
from tael.dmn.verification.constants import nodes, value_key

_DEEPEST = 12
_MOST_ITEMS = 100
_Place: TypeAlias = tuple[Hashable, int]
_ARITHMETIC = frozenset({"+", "-", "*", "/", "**"})


class World(Protocol):
    """What an expression can ask beyond its own names."""

    def of(self, key: str) -> Abstract:
        """What is known of the input, decision, knowledge model or service with this key."""
        ...

    def knowledge(self, key: str) -> Knowledge | None:
        """The knowledge model with this key."""
        ...

    def compiler(self, path: str) -> Compiler:
        """The compiler of the model at this path of imports."""
        ...

    def types(self, path: str) -> TypeSystem:
        """The types of that model."""
        ...

    def table(self, tree: s.DecisionTable, scope: Scope, evaluator: Evaluator) -> Abstract:
        """The outcome of a table not all of whose columns are known."""
        ...


@dataclass(frozen=True)
class Scope:
    """The names an expression sees: local ones over those of its node; how deep calls are."""

    node: Decision | Knowledge
    local: Mapping[str, Abstract] = field(default_factory=dict)
    depth: int = 0

    def with_names(self, names: Mapping[str, Abstract]) -> Scope:
        """With more local names."""
        return replace(self, local={**self.local, **names})


@dataclass
class Memory:
    """What was read of the trees of a model, by their ids; kept from call to call.

    Each tree is kept beside what is known of it: an id is given anew once its owner is gone.
    """

    codes: dict[int, tuple[object, Code]] = field(default_factory=dict)
    names: dict[int, tuple[object, tuple[str, ...]]] = field(default_factory=dict)
    tests: dict[int, tuple[object, Test]] = field(default_factory=dict)
    cases: dict[int, tuple[object, tuple[str, ...], Code]] = field(default_factory=dict)
    halves: dict[int, tuple[object, tuple[s.Binary, s.Binary]]] = field(default_factory=dict)


class Evaluator:
    """Evaluates trees of one model."""

    def __init__(self, world: World, memory: Memory) -> None:
        self._world = world
        self._codes = memory.codes
        self._names = memory.names
        self._tests = memory.tests
        self._cases = memory.cases
        self._between_halves = memory.halves

    # --- names and known values

    def read(self, name: str, scope: Scope) -> Abstract | None:
        """What is known of a name; None for a built-in function and for an unknown word."""
        if name in scope.local:
            return scope.local[name]
        key = scope.node.scope.get(name)
        return None if key is None else self._world.of(key)

    def unknown_names(self, tree: object, scope: Scope) -> list[str]:
        """Names in the tree of which not all is known."""
        known = self._names.get(id(tree))
        if known is None:
            found = (each.name for each in nodes(tree) if isinstance(each, s.Name))
            known = self._names[id(tree)] = tree, tuple(dict.fromkeys(found))
        every = ((name, self.read(name, scope)) for name in known[1])
        return [name for name, each in every if each is not None and not isinstance(each, Known)]

    def env(self, scope: Scope) -> Env:
        """The known names for compiled code."""
        return Env(_Known(self, scope))

    def code(self, tree: s.Expression, scope: Scope) -> Code:
        """The compiled tree."""
        found = self._codes.get(id(tree))
        if found is None:
            made = self._world.compiler(scope.node.path).expression(tree)
            found = self._codes[id(tree)] = tree, made
        return found[1]

    def value(self, tree: s.Expression, scope: Scope) -> Abstract:
        """What is known of the value of an expression."""
        if isinstance(tree, s.Name):  # the most frequent column: not worth a walk
            named = self.read(tree.name, scope)
            if named is not None:
                return settled(named)
        if not self.unknown_names(tree, scope):
            return Known(self.code(tree, scope)(self.env(scope)))
        follow: Callable[[s.Expression, Scope], Abstract]
        follow = getattr(self, f"_{type(tree).__name__.lower()}", self.blurred)
        return settled(follow(tree, scope))

    def blurred(self, tree: object, scope: Scope) -> Unknown:
        """Anything, depending on every unknown name."""
        needs = [
            needs_of(self.read(n, scope) or Known(None)) for n in self.unknown_names(tree, scope)
        ]
        return Unknown(frozenset().union(*needs))

    def by_cases(
        self,
        tree: s.Expression,
        parts: Sequence[Abstract],
        make: Callable[[tuple[s.Expression, ...]], s.Expression],
        scope: Scope,
    ) -> Abstract | None:
        """An operation tried on each combination of what its parts can be; None when too many.

        ``make`` gives ``tree`` with names in place of its parts: the same at every call.
        """
        cases = [choices_of(part) for part in parts]
        count = 1
        for each in cases:
            if each is None:
                return None
            count *= len(each)
        if count > MOST_CHOICES:
            return None
        kept = self._cases.get(id(tree))
        if kept is None:
            at = Position(0, 0)
            names = tuple(f"part {i}" for i in range(len(parts)))
            made = make(tuple(s.Name(at, name) for name in names))
            code = self._world.compiler(scope.node.path).expression(made)
            kept = self._cases[id(tree)] = tree, names, code
        _, names, code = kept
        env = self.env(scope)
        results = [
            code(env.inner(dict(zip(names, combination, strict=True))))
            for combination in itertools.product(*(each or () for each in cases))
        ]
        return one_of(results, frozenset().union(*(needs_of(part) for part in parts)))

    def test(self, tests: s.UnaryTests, scope: Scope) -> Test:
        """The compiled cell."""
        found = self._tests.get(id(tests))
        if found is None:
            made = self._world.compiler(scope.node.path).unary_tests(tests)
            found = self._tests[id(tests)] = tests, made
        return found[1]

    # --- forms; each is found by the name of its node

    def _name(self, tree: s.Name, scope: Scope) -> Abstract:
        return self.read(tree.name, scope) or Known(None)

    def _typed(self, tree: s.Typed, scope: Scope) -> Abstract:
        return coerced(
            self.value(tree.expression, scope), tree.type, self._world.types(scope.node.path)
        )

    def _binary(self, tree: s.Binary, scope: Scope) -> Abstract:
        left = self.value(tree.left, scope)
        if tree.operator in ("and", "or"):
            return self._logic(tree, left, scope)
        right = self.value(tree.right, scope)
        tried = self.by_cases(
            tree, (left, right), lambda parts: replace(tree, left=parts[0], right=parts[1]), scope
        )
        if tried is not None:
            return tried
        if tree.operator in _ARITHMETIC:
            return calculated(tree.operator, left, right)
        return compared_bounds(tree.operator, left, right)

    def _logic(self, tree: s.Binary, left: Abstract, scope: Scope) -> Abstract:
        stops = tree.operator == "or"
        if _is(left, truth=stops):
            return Known(stops)
        right = self.value(tree.right, scope)
        if _is(right, truth=stops):
            return Known(stops)
        tried = self.by_cases(
            tree, (left, right), lambda parts: replace(tree, left=parts[0], right=parts[1]), scope
        )
        return tried or Unknown(needs_of(left) | needs_of(right), (True, False, None))

    def _negation(self, tree: s.Negation, scope: Scope) -> Abstract:
        value = self.value(tree.operand, scope)
        tried = self.by_cases(tree, (value,), lambda parts: replace(tree, operand=parts[0]), scope)
        return tried or Unknown(needs_of(value))

    def _between(self, tree: s.Between, scope: Scope) -> Abstract:
        above, below = self._halves(tree)
        parts = [self.value(part, scope) for part in (tree.value, tree.low, tree.high)]
        tried = self.by_cases(
            tree, parts, lambda p: replace(tree, value=p[0], low=p[1], high=p[2]), scope
        )
        if tried is not None:
            return tried
        first, second = self._binary(above, scope), self._binary(below, scope)
        both = choices_of(first), choices_of(second)
        if both == ((True,), (True,)):
            return Known(value=True)
        return Unknown(frozenset().union(*map(needs_of, parts)), (True, False, None))

    def _halves(self, tree: s.Between) -> tuple[s.Binary, s.Binary]:
        """The two comparisons that it means, made once."""
        kept = self._between_halves.get(id(tree))
        if kept is None:
            above = s.Binary(tree.at, ">=", tree.value, tree.low)
            below = s.Binary(tree.at, "<=", tree.value, tree.high)
            kept = self._between_halves[id(tree)] = tree, (above, below)
        return kept[1]

    def _in(self, tree: s.In, scope: Scope) -> Abstract:
        value = self.value(tree.value, scope)
        if not self.unknown_names(tree.tests, scope):
            tried = self.by_cases(
                tree, (value,), lambda parts: replace(tree, value=parts[0]), scope
            )
            if tried is not None:
                return tried
        needs = needs_of(value) | self.blurred(tree.tests, scope).needs
        return Unknown(needs, (True, False, None))

    def _instanceof(self, tree: s.InstanceOf, scope: Scope) -> Abstract:
        value = self.value(tree.value, scope)
        tried = self.by_cases(tree, (value,), lambda parts: replace(tree, value=parts[0]), scope)
        return tried or Unknown(needs_of(value), (True, False))

    def _if(self, tree: s.If, scope: Scope) -> Abstract:
        condition = self.value(tree.condition, scope)
        truths = choices_of(condition)
        branches: list[Abstract] = []
        if truths is None or True in [each for each in truths if each is True]:
            branches.append(self.value(tree.then, scope))
        if truths is None or any(each is not True for each in truths):
            branches.append(self.value(tree.otherwise, scope))
        strange = truths is None or any(not isinstance(t, bool) and t is not None for t in truths)
        if tree.boolean_only and strange:
            branches.append(Known(None))
        return branches[0] if len(branches) == 1 else joined(branches, needs_of(condition))

    # --- structures

    def _listliteral(self, tree: s.ListLiteral, scope: Scope) -> Abstract:
        parts = tuple((self.value(item, scope), True) for item in tree.items)
        return Items(parts, frozenset())

    def _contextliteral(self, tree: s.ContextLiteral, scope: Scope) -> Abstract:
        entries: dict[str, Abstract] = {}
        for name, logic in tree.entries:
            entries[name] = self.value(logic, scope.with_names(entries))
        return Fields(entries)

    def _boxedcontext(self, tree: s.BoxedContext, scope: Scope) -> Abstract:
        inner = scope
        for name, logic in tree.entries:
            inner = inner.with_names({name: self.value(logic, inner)})
        return self.value(tree.result, inner)

    def _path(self, tree: s.Path, scope: Scope) -> Abstract:
        source = self.value(tree.source, scope)
        if isinstance(source, Fields):
            return entry(source, tree.name) if tree.name in source.entries else Known(None)
        tried = self.by_cases(tree, (source,), lambda parts: replace(tree, source=parts[0]), scope)
        return tried or Unknown(needs_of(source))

    def _decisiontable(self, tree: s.DecisionTable, scope: Scope) -> Abstract:
        return self._world.table(tree, scope, self)

    def _quantified(self, tree: s.Quantified, scope: Scope) -> Abstract:
        name, source = tree.iterators[0]
        items = self.value(source, scope)
        if len(tree.iterators) > 1 or not isinstance(items, Known) or isinstance(source, s.Span):
            return self.blurred(tree, scope)
        if not isinstance(items.value, tuple) or len(items.value) > _MOST_ITEMS:
            return self.blurred(tree, scope)
        answers = [
            self.value(tree.body, scope.with_names({name: Known(item)})) for item in items.value
        ]
        truths = [choices_of(answer) for answer in answers]
        needs = frozenset[str]().union(*map(needs_of, answers))
        plain = all(
            each is not None and all(t is None or isinstance(t, bool) for t in each)
            for each in truths
        )
        if plain and any(_is(answer, truth=not tree.every) for answer in answers):
            return Known(not tree.every)
        if not needs:
            return Known(tree.every if plain and (None,) not in truths else None)
        return Unknown(needs, (True, False, None))

    # --- calls

    def _call(self, tree: s.Call, scope: Scope) -> Abstract:
        name = tree.function.name if isinstance(tree.function, s.Name) else ""
        given = [self.value(argument, scope) for argument in tree.positional]
        named = {key: self.value(argument, scope) for key, argument in tree.named}
        if name and name not in scope.local and name in scope.node.scope:
            known = self._world.knowledge(scope.node.scope[name])
            if known is not None:
                return self._knowledge(known, given, named, scope) or self.blurred(tree, scope)
            return self.blurred(tree, scope)
        if not name or name in scope.local or name not in BUILTINS or named:
            return self.blurred(tree, scope)
        tried = self.by_cases(tree, given, lambda parts: replace(tree, positional=parts), scope)
        return tried or self._built_in(name, given) or _needing(given, named)

    def _built_in(self, name: str, given: Sequence[Abstract]) -> Abstract | None:
        if not given:
            return None
        if name == "list contains" and len(given) == len(("list", "element")):
            return _contains(given[0], given[1])
        if name in ("concatenate", "append"):
            return _concatenated(name, given)
        try:
            return called(name, given)
        except DecimalException:
            return None

    def _knowledge(
        self,
        node: Knowledge,
        given: Sequence[Abstract],
        named: Mapping[str, Abstract],
        scope: Scope,
    ) -> Abstract | None:
        """A call of a knowledge model: its body with the arguments as names."""
        logic = node.logic
        while isinstance(logic, s.Typed):
            logic = logic.expression
        if not isinstance(logic, s.FunctionLiteral) or scope.depth >= _DEEPEST:
            return None
        values = dict(zip(logic.parameters, given, strict=False)) if given else dict(named)
        if set(values) != set(logic.parameters) or len(given) > len(logic.parameters):
            return Known(None)
        types = self._world.types(node.path)
        declared = logic.types or (None,) * len(logic.parameters)
        unsure = frozenset[str]()
        for name, wanted in zip(logic.parameters, declared, strict=True):
            if not fits(values[name], wanted, types):
                if isinstance(values[name], Known):
                    return Known(None)
                unsure |= needs_of(values[name])
            values[name] = coerced(values[name], wanted, types)
        inner = Scope(node, values, scope.depth + 1)
        result = coerced(self.value(logic.body, inner), node.type, types)
        return joined([result, Known(None)], unsure) if unsure else result


class _Known:
    """The run that compiled code sees: names that are known."""

    def __init__(self, evaluator: Evaluator, scope: Scope) -> None:
        self._evaluator = evaluator
        self._scope = scope

    def read(self, name: str) -> Value:
        found = self._evaluator.read(name, self._scope)
        if not isinstance(found, Known):
            raise KeyError(name)
        return found.value

    def warn(self, at: Position, message: str) -> None:
        """A full evaluation warns; this one only looks ahead."""

    def fire(self, rule: s.Rule) -> None:
        """The same of rules."""


def _is(value: Abstract, *, truth: bool) -> bool:
    return isinstance(value, Known) and value.value is truth


def _needing(given: Sequence[Abstract], named: Mapping[str, Abstract]) -> Unknown:
    return Unknown(frozenset[str]().union(*map(needs_of, (*given, *named.values()))))


def _contains(items: Abstract, element: Abstract) -> Abstract | None:
    if not isinstance(items, Items) or not isinstance(element, Known):
        return None
    wanted = value_key(element.value)
    scalar = kind(element.value) in ("string", "boolean")
    possible = False
    for each, certain in items.parts:
        found = choices_of(each)
        hits = [value_key(value) == wanted for value in found or ()]
        if certain and scalar and hits and all(hits):
            return Known(value=True)
        possible = possible or found is None or any(hits) or not scalar
    return Unknown(needs_of(items), (True, False)) if possible else Known(value=False)


def _concatenated(name: str, lists: Sequence[Abstract]) -> Abstract | None:
    parts: list[tuple[Abstract, bool]] = []
    needs = frozenset[str]()
    for position, each in enumerate(lists):
        if name == "append" and position:
            parts.append((each, True))
            continue
        listed = _as_items(each)
        if listed is None:
            return None
        parts.extend(listed.parts)
        needs |= listed.needs
    return Items(tuple(parts), needs)


def _as_items(value: Abstract) -> Items | None:
    if isinstance(value, Items):
        return value
    if isinstance(value, Known) and isinstance(value.value, tuple):
        return Items(tuple((Known(item), True) for item in value.value), frozenset())
    lists = [each for each in choices_of(value) or () if isinstance(each, tuple)]
    if not lists or len(lists) < len(choices_of(value) or ()):
        return None
    ordered = _in_one_order([_numbered(each) for each in lists])
    if ordered is None:
        return None
    counts = [dict.fromkeys(_numbered(each)) for each in lists]
    values = {key: item for each in lists for key, item in zip(_numbered(each), each, strict=True)}
    parts = tuple((Known(values[key]), all(key in each for each in counts)) for key in ordered)
    return Items(parts, needs_of(value))


def _numbered(items: tuple[Value, ...]) -> list[_Place]:
    """Each item with how many of its kind stand before it."""
    seen: dict[Hashable, int] = {}
    found: list[_Place] = []
    for item in items:
        key = value_key(item)
        found.append((key, seen.get(key, 0)))
        seen[key] = seen.get(key, 0) + 1
    return found


def _in_one_order(lists: Sequence[Sequence[_Place]]) -> list[_Place] | None:
    """All places in an order that each list keeps; None where two lists contradict each other."""
    after: dict[_Place, set[_Place]] = {place: set() for each in lists for place in each}
    for each in lists:
        for first, second in itertools.pairwise(each):
            after[first].add(second)
    try:
        return list(TopologicalSorter(after).static_order())[::-1]
    except CycleError:
        return None
