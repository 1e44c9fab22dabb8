"""Decision tables: which rules match, what the hit policy makes of them (DMN 1.5 clause 8.2.8)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.env import Code, Env, Test
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.syntax import DecisionTable, Expression, Rule, UnaryTests
from tael.dmn.feel.values import Value, equals

ExpressionCompiler = Callable[[Expression], Code]
TestsCompiler = Callable[[UnaryTests], Test]
# A fired rule with its row of conclusions.
_Hit = tuple[Rule, tuple[Value, ...]]


def compile_table(
    table: DecisionTable, expression: ExpressionCompiler, tests: TestsCompiler
) -> Code:
    """The closure of ``table``; it tells the run which rules fired."""
    read_inputs = _inputs(table, expression, tests)
    rules = [_rule(rule, expression, tests) for rule in table.rules]
    default = _default(table, expression)
    ranks = _ranks(table, expression)
    first_only = table.hit_policy == "F"

    def decide(env: Env) -> Value:
        values = read_inputs(env)
        hits: list[_Hit] = []
        for rule, conditions, conclusions in rules:
            if all(test(env, values[column]) is True for column, test in conditions):
                hits.append((rule, tuple(code(env) for code in conclusions)))
                if first_only:
                    break
        try:
            return _outcome(env, table, hits, ranks) if hits else default(env)
        except Nothing as why:
            env.run.warn(table.at, str(why))
            return None

    return decide


def _inputs(
    table: DecisionTable, expression: ExpressionCompiler, tests: TestsCompiler
) -> Callable[[Env], list[Value]]:
    columns = [
        (column, expression(column.expression), tests(column.allowed) if column.allowed else None)
        for column in table.inputs
    ]

    def read(env: Env) -> list[Value]:
        values: list[Value] = []
        for column, code, allowed in columns:
            value = code(env)
            if allowed is not None and value is not None and allowed(env, value) is not True:
                env.run.warn(column.at, f"{value!r} is not an allowed value of {column.text!r}")
                value = None
            values.append(value)
        return values

    return read


def _rule(
    rule: Rule, expression: ExpressionCompiler, tests: TestsCompiler
) -> tuple[Rule, list[tuple[int, Test]], list[Code]]:
    conditions = [(i, tests(cell)) for i, cell in enumerate(rule.conditions) if not cell.any]
    return rule, conditions, [expression(cell) for cell in rule.conclusions]


def _default(table: DecisionTable, expression: ExpressionCompiler) -> Code:
    codes = [expression(output.default) if output.default else None for output in table.outputs]
    if not any(codes):
        return lambda env: _no_hit(env, table)

    def default(env: Env) -> Value:
        return _shape(table, tuple(code(env) if code else None for code in codes))

    return default


def _no_hit(env: Env, table: DecisionTable) -> Value:
    if table.hit_policy == "C" and table.aggregation == "count":
        return Decimal(0)
    if table.hit_policy in ("C", "R", "O") and not table.aggregation:
        return ()
    env.run.warn(table.at, "no rule matched and the table has no default")
    return None


def _ranks(
    table: DecisionTable, expression: ExpressionCompiler
) -> Callable[[Env], list[list[Value]]]:
    """Per output column its allowed values, best first."""
    codes = [[expression(value) for value in output.values] for output in table.outputs]
    return lambda env: [[code(env) for code in column] for column in codes]


def _outcome(
    env: Env, table: DecisionTable, hits: list[_Hit], ranks: Callable[[Env], list[list[Value]]]
) -> Value:
    policy = table.hit_policy
    if policy in ("P", "O"):
        order = ranks(env)
        hits = sorted(hits, key=lambda hit: _rank(hit[1], order))
    kept = hits[:1] if policy in ("F", "P") else hits
    for rule, _ in kept:
        env.run.fire(rule)
    if policy == "U" and len(hits) > 1:
        numbers = ", ".join(str(rule.number) for rule, _ in hits)
        raise Nothing(f"rules {numbers} all match a table of hit policy UNIQUE")
    if policy == "A" and any(
        equals(hits[0][1], conclusions) is not True for _, conclusions in hits
    ):
        raise Nothing("rules with different conclusions match a table of hit policy ANY")
    if policy in ("U", "A", "F", "P"):
        return _shape(table, kept[0][1])
    if table.aggregation:
        return _aggregate(table, [conclusions for _, conclusions in kept])
    return tuple(_shape(table, conclusions) for _, conclusions in kept)


def _rank(conclusions: tuple[Value, ...], order: list[list[Value]]) -> tuple[int, ...]:
    return tuple(
        next((i for i, allowed in enumerate(column) if equals(allowed, value)), len(column))
        for value, column in zip(conclusions, order, strict=True)
    )


def _shape(table: DecisionTable, conclusions: tuple[Value, ...]) -> Value:
    if len(table.outputs) == 1:
        return conclusions[0]
    return {output.name: value for output, value in zip(table.outputs, conclusions, strict=True)}


def _aggregate(table: DecisionTable, rows: list[tuple[Value, ...]]) -> Value:
    call = BUILTINS[table.aggregation].call
    columns = [tuple(row[i] for row in rows) for i in range(len(table.outputs))]
    return _shape(table, tuple(call(column) for column in columns))
