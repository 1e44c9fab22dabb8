"""Trees to Python closures: each node becomes one function of an environment.

Null never comes silently: an operation that gives null tells the run why and where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, DecimalException

from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.calls import invoke, invoke_named
from tael.dmn.feel.env import Code, Env, Test, spend
from tael.dmn.feel.iteration import iterated, spanned
from tael.dmn.feel.java import java_method
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.library.arguments import MOST_ITEMS
from tael.dmn.feel.literals import moment_from
from tael.dmn.feel.operators import ARITHMETIC, compared, member, negate
from tael.dmn.feel.registered import Registered, registered_function
from tael.dmn.feel.syntax import NamedType
from tael.dmn.feel.tables import compile_table
from tael.dmn.feel.type_system import ANY, TypeSystem, type_of_literal
from tael.dmn.feel.values import (
    Function,
    Range,
    Value,
    compare,
    kind,
    matches,
)

# An operator with its right operand: what it makes of the value on its left.
_Step = Callable[[Env, Value], Value]


class _Partial(Mapping[str, Value]):
    """The one name ``partial``: the results so far, made into a list only when it is read."""

    __slots__ = ("_env", "_results")

    def __init__(self, results: list[Value], env: Env) -> None:
        self._results = results
        self._env = env

    def __contains__(self, name: object) -> bool:
        return name == "partial"

    def __getitem__(self, name: str) -> Value:
        spend(self._env.run, len(self._results) // 100)  # a copy is work as well
        return tuple(self._results)

    def __iter__(self) -> Iterator[str]:
        return iter(("partial",))

    def __len__(self) -> int:
        return 1


class Compiler:
    """Compiles expressions against the types of a model; one serves all of its nodes.

    ``functions`` are those that models of kind PMML may call, by name.
    """

    def __init__(
        self, types: TypeSystem | None = None, functions: Mapping[str, Registered] | None = None
    ) -> None:
        self._types = types or TypeSystem()
        self._functions = functions or {}

    def expression(self, tree: s.Expression) -> Code:
        """The closure of an expression."""
        build = getattr(self, f"_{type(tree).__name__.lower()}")
        code: Code = build(tree)
        return code

    def unary_tests(self, tests: s.UnaryTests) -> Test:
        """The closure that says whether a value passes ``tests``; None when that is unknown."""
        if tests.any:
            return lambda _env, _value: True
        each = [self._unary_test(test) for test in tests.tests]
        negated = tests.negated
        if len(each) == 1 and not negated:
            return each[0]

        def passes(env: Env, value: Value) -> bool | None:
            unknown = False
            for test in each:
                answer = test(env, value)
                if answer:
                    return not negated
                unknown = unknown or answer is None
            return None if unknown else negated

        return passes

    def _unary_test(self, test: s.Comparison | s.Matches) -> Test:
        if isinstance(test, s.Comparison):
            return self._comparison_test(test)
        code = self.expression(test.expression)
        at = test.at
        uses_value = test.uses_value

        def passes(env: Env, value: Value) -> bool | None:
            wanted = code(env.inner({"?": value}) if uses_value else env)
            if uses_value and (wanted is None or isinstance(wanted, bool)):
                return wanted  # a condition; any other answer is a value to be equal to
            try:
                answer = matches(value, wanted)
            except Nothing as why:
                return _null(env, at, str(why))
            if wanted is True and not isinstance(value, bool) and value is not None:
                return True
            if answer is None:
                return _null(env, at, f"a {kind(value)} and a {kind(wanted)} are never compared")
            return answer

        return passes

    def _comparison_test(self, test: s.Comparison) -> Test:
        operand = self.expression(test.operand)
        operator, at = test.operator, test.at

        def passes(env: Env, value: Value) -> bool | None:
            try:
                return compared(operator, value, operand(env))
            except Nothing as why:
                return _null(env, at, str(why))

        return passes

    def _guarded(self, at: Position, operation: Callable[[Env], Value]) -> Code:
        def guarded(env: Env) -> Value:
            try:
                return operation(env)
            except Nothing as why:
                return _null(env, at, str(why))
            except DecimalException as why:
                return _null(env, at, f"no number: {type(why).__name__}")

        return guarded

    # --- leaves

    def _literal(self, tree: s.Literal) -> Code:
        value = tree.value
        return lambda _env: value

    def _atliteral(self, tree: s.AtLiteral) -> Code:
        return self._guarded(tree.at, lambda _env: moment_from(tree.text))

    def _name(self, tree: s.Name) -> Code:
        name, at = tree.name, tree.at

        def read(env: Env) -> Value:
            try:
                return env.read(name)
            except KeyError:
                return (
                    BUILTINS[name]
                    if name in BUILTINS
                    else _null(env, at, f"no variable {name!r} in scope")
                )

        return read

    # --- operators

    def _negation(self, tree: s.Negation) -> Code:
        code = self.expression(tree.operand)
        return self._guarded(tree.at, lambda env: negate(code(env)))

    def _binary(self, tree: s.Binary) -> Code:
        """A chain like a + b - c is one loop, however long, not a closure within a closure."""
        chain = [tree]
        left = tree.left
        while isinstance(left, s.Binary):
            chain.append(left)
            left = left.left
        first = self.expression(left)
        steps = [self._step(node) for node in reversed(chain)]
        if len(steps) == 1:
            step = steps[0]
            return lambda env: step(env, first(env))

        def chained(env: Env) -> Value:
            value = first(env)
            for step in steps:
                value = step(env, value)
            return value

        return chained

    def _step(self, tree: s.Binary) -> _Step:
        """What an operator makes of its left value and its right operand."""
        right, operator, at = self.expression(tree.right), tree.operator, tree.at
        if operator in ("and", "or"):
            return _logic(at, right, stops=operator == "or")
        calculate = ARITHMETIC.get(operator)

        def step(env: Env, value: Value) -> Value:
            try:
                other = right(env)
                return calculate(value, other) if calculate else compared(operator, value, other)
            except Nothing as why:
                return _null(env, at, str(why))

        return step

    def _between(self, tree: s.Between) -> Code:
        value, low, high = (self.expression(part) for part in (tree.value, tree.low, tree.high))

        def between(env: Env) -> Value:
            """``value >= low and value <= high``: false beats null (DMN 1.5 table 54)."""
            middle = value(env)
            unknown: Nothing | None = None
            for operator, end in ((">=", low(env)), ("<=", high(env))):
                try:
                    if not compare(operator, middle, end):
                        return False
                except Nothing as why:
                    unknown = unknown or why
            if unknown is not None:
                raise unknown
            return True

        return self._guarded(tree.at, between)

    def _in(self, tree: s.In) -> Code:
        value, tests = self.expression(tree.value), self.unary_tests(tree.tests)
        return lambda env: tests(env, value(env))

    def _instanceof(self, tree: s.InstanceOf) -> Code:
        value, wanted, types = self.expression(tree.value), tree.type, self._types

        def instance(env: Env) -> Value:
            found = value(env)
            if found is None:
                return wanted == NamedType("Null")
            return types.conforms(found, wanted)

        return instance

    def _typed(self, tree: s.Typed) -> Code:
        code, wanted, types = self.expression(tree.expression), tree.type, self._types
        return self._guarded(tree.at, lambda env: types.coerce(code(env), wanted))

    def _span(self, tree: s.Span) -> Code:
        low, high = self.expression(tree.low), self.expression(tree.high)
        return self._guarded(tree.at, lambda env: spanned(low(env), high(env)))

    def _comparison(self, tree: s.Comparison) -> Code:
        """``< 5`` standing alone is the range of values below five."""
        operand, operator = self.expression(tree.operand), tree.operator

        def bounds(env: Env) -> Value:
            value = operand(env)
            if operator == "!=":
                raise Nothing("!= makes no range")
            if operator in ("<", "<="):
                return Range(None, value, False, operator == "<=", operator)
            if operator in (">", ">="):
                return Range(value, None, operator == ">=", False, operator)
            return Range(value, value, True, True, operator)

        return self._guarded(tree.at, bounds)

    # --- structures

    def _listliteral(self, tree: s.ListLiteral) -> Code:
        codes = [self.expression(item) for item in tree.items]
        return lambda env: tuple(code(env) for code in codes)

    def _contextliteral(self, tree: s.ContextLiteral) -> Code:
        entries = [(name, self.expression(value)) for name, value in tree.entries]

        twice = len({name for name, _ in entries}) < len(entries)

        def context(env: Env) -> Value:
            built: dict[str, Value] = {}
            inside = env.inner(built)
            for name, code in entries:
                built[name] = code(inside)
            return _null(env, tree.at, "a key of the context comes twice") if twice else built

        return context

    def _rangeliteral(self, tree: s.RangeLiteral) -> Code:
        low, high = self.expression(tree.low), self.expression(tree.high)
        lowest, highest = tree.low_closed, tree.high_closed
        return lambda env: Range(low(env), high(env), low_closed=lowest, high_closed=highest)

    def _boxedcontext(self, tree: s.BoxedContext) -> Code:
        entries = [(name, self.expression(value)) for name, value in tree.entries]
        result = self.expression(tree.result)

        def context(env: Env) -> Value:
            built: dict[str, Value] = {}
            inside = env.inner(built)
            for name, code in entries:
                built[name] = code(inside)
            return result(inside)

        return context

    def _decisiontable(self, tree: s.DecisionTable) -> Code:
        return compile_table(tree, self.expression, self.unary_tests)

    def _path(self, tree: s.Path) -> Code:
        source, name = self.expression(tree.source), tree.name
        return self._guarded(tree.at, lambda env: member(source(env), name))

    def _filter(self, tree: s.Filter) -> Code:
        source, condition = self.expression(tree.source), self.expression(tree.condition)
        computes_index = _computes_number(tree.condition)

        def index(env: Env) -> Decimal:
            # An index is one for the whole list: it does not see the item.
            position = condition(env)
            if not isinstance(position, Decimal):
                raise Nothing("an index that depends on the item has no place in the list")
            return position

        def filtered(env: Env) -> Value:
            value = source(env)
            items = value if isinstance(value, tuple) else (() if value is None else (value,))
            if not items:
                return _at((), index(env)) if computes_index else ()
            first = condition(_item_env(env, items[0]))
            if isinstance(first, Decimal):
                return _at(items, index(env))
            rest = (condition(_item_env(env, item)) for item in items[1:])
            return tuple(
                item for item, answer in zip(items, (first, *rest), strict=True) if _kept(answer)
            )

        return self._guarded(tree.at, filtered)

    # --- control

    def _if(self, tree: s.If) -> Code:
        """With its "else if" branches in one loop, however many."""
        branches: list[tuple[s.If, Code, Code]] = []
        node: s.Expression = tree
        while isinstance(node, s.If):
            branches.append((node, self.expression(node.condition), self.expression(node.then)))
            node = node.otherwise
        otherwise = self.expression(node)

        def chosen(env: Env) -> Value:
            for branch, condition, then in branches:
                truth = condition(env)
                if truth is True:
                    return then(env)
                if truth is not False:
                    at = branch.condition.at
                    if branch.boolean_only and truth is not None:
                        return _null(env, at, f"the condition is a {kind(truth)}")
                    env.run.warn(at, f"the condition is a {kind(truth)}: taken as false")
            return otherwise(env)

        return chosen

    def _for(self, tree: s.For) -> Code:
        iterators = [(name, self.expression(source)) for name, source in tree.iterators]
        body = self.expression(tree.body)

        def looped(env: Env) -> Value:
            results: list[Value] = []
            for inside in _combinations(env, iterators):
                if len(results) >= MOST_ITEMS:
                    raise Nothing(f"a list has at most {MOST_ITEMS} items")
                results.append(body(inside.inner(_Partial(results, env))))
            return tuple(results)

        return self._guarded(tree.at, looped)

    def _quantified(self, tree: s.Quantified) -> Code:
        iterators = [(name, self.expression(source)) for name, source in tree.iterators]
        body, every = self.expression(tree.body), tree.every

        def decided(env: Env) -> Value:
            # Every item is asked, for one that says neither yes nor no makes the whole null.
            decisive = unknown = False
            for inside in _combinations(env, iterators):
                answer = body(inside)
                if answer is not None and not isinstance(answer, bool):
                    raise Nothing(f"an item answers with a {kind(answer)}")
                decisive = decisive or answer is (not every)
                unknown = unknown or answer is None
            if unknown and not decisive:
                raise Nothing("an item answers neither yes nor no")
            return every is not decisive

        return self._guarded(tree.at, decided)

    def _functionliteral(self, tree: s.FunctionLiteral) -> Code:
        body, parameters, types = self.expression(tree.body), tree.parameters, self._types
        declared = tuple(each or ANY for each in tree.types) or (ANY,) * len(parameters)
        result = type_of_literal(tree.body)

        def made(env: Env) -> Value:
            def call(*arguments: Value) -> Value:
                spend(env.run)
                typed = map(types.coerce, arguments, declared)
                return body(env.inner(dict(zip(parameters, typed, strict=True))))

            return Function(
                "function", parameters, call, parameter_types=declared, result_type=result
            )

        return made

    def _externalfunction(self, tree: s.ExternalFunction) -> Code:
        names, types = tree.parameters, self._types
        declared = tuple(each or ANY for each in tree.types)

        def made(_env: Env) -> Value:
            if tree.kind == "PMML":
                method = registered_function(self._functions, tree.class_name, tree.signature)
            else:
                method = java_method(tree.class_name, tree.signature, len(names))

            def call(*arguments: Value) -> Value:
                return method(*map(types.coerce, arguments, declared))

            return Function(tree.class_name, names, call, parameter_types=declared)

        return self._guarded(tree.at, made)

    def _call(self, tree: s.Call) -> Code:
        function = self.expression(tree.function)
        positional = [self.expression(argument) for argument in tree.positional]
        named = [(name, self.expression(argument)) for name, argument in tree.named]

        def called(env: Env) -> Value:
            target = function(env)
            if not isinstance(target, Function):
                raise Nothing(f"a {kind(target)} cannot be called")
            if named:
                return invoke_named(target, {name: code(env) for name, code in named})
            return invoke(target, [code(env) for code in positional])

        return self._guarded(tree.at, called)


def _logic(at: Position, right: Code, *, stops: bool) -> _Step:
    """Three-valued ``or`` (stops at true) and ``and`` (stops at false)."""

    def step(env: Env, first: Value) -> Value:
        if first is stops:
            return stops
        second = right(env)
        if second is stops:
            return stops
        if isinstance(first, bool) and isinstance(second, bool):
            return not stops
        what = f"{'or' if stops else 'and'} of a {kind(first)} and a {kind(second)}"
        return _null(env, at, what)

    return step


def _null(env: Env, at: Position, message: str) -> bool | None:
    env.run.warn(at, message)
    return None


def _at(items: tuple[Value, ...], position: Decimal) -> Value:
    index = int(position)
    if index != position or index == 0 or abs(index) > len(items):
        raise Nothing(f"no item {position} in a list of {len(items)}")
    return items[index - 1 if index > 0 else index]


def _computes_number(tree: s.Expression) -> bool:
    if isinstance(tree, s.Literal):
        return isinstance(tree.value, Decimal)
    return isinstance(tree, s.Negation) or (
        isinstance(tree, s.Binary) and tree.operator in ARITHMETIC
    )


def _kept(answer: Value) -> bool:
    if answer is not None and not isinstance(answer, bool):
        raise Nothing(f"a filter asks yes or no, not for a {kind(answer)}")
    return answer is True


def _item_env(env: Env, item: Value) -> Env:
    spend(env.run)
    local: dict[str, Value] = {"item": item}
    if isinstance(item, Mapping):
        local |= item
    return env.inner(local)


def _combinations(env: Env, iterators: list[tuple[str, Code]]) -> Iterator[Env]:
    if not iterators:
        yield env
        return
    name, source = iterators[0]
    for item in iterated(source(env)):
        spend(env.run)
        yield from _combinations(env.inner({name: item}), iterators[1:])
