"""A plan as steps over columns: each value is computed once a chunk, when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from tael.dmn.columnar import guard, merging
from tael.dmn.columnar.analysis import (
    Place,
    analysed,
    cells_of,
    constant_of,
    constant_rows,
    is_coded,
    place_of,
    points,
)
from tael.dmn.columnar.columns import (
    Coded,
    Codes,
    Column,
    Items,
    Number,
    Truth,
    Truths,
    constant,
    either,
)
from tael.dmn.columnar.kernels import Kernels
from tael.dmn.columnar.pieces import (
    ROUNDINGS,
    Lists,
    Test,
    compared_texts,
    compared_truths,
    doubted,
    inverted,
    joined,
    number,
    over_items,
    together,
)
from tael.dmn.columnar.spaces import Cuts, Space, coded
from tael.dmn.columnar.tables import MOST_MASK_BYTES, TableRun
from tael.dmn.compiled import plan as p
from tael.dmn.feel.library import BUILTINS

Look: TypeAlias = Callable[["Chunk"], tuple[Codes, Space, Truths | None]]
_MOST_DIGITS = 18
_WORD = 64


class NotColumnar(Exception):  # noqa: N818 - not an error: it says why rows are run one by one
    """A decision, or a part of one, that has no columns; the text says why."""


@dataclass
class Chunk:
    """Some rows of a batch, and what was computed of them."""

    size: int
    inputs: Mapping[str, Column]
    kernels: Kernels
    trace: bool = False
    columns: dict[object, Column] = field(default_factory=dict)
    codes: dict[object, tuple[Codes, Space, Truths | None]] = field(default_factory=dict)
    fired: dict[str, tuple[Codes, TableRun]] = field(default_factory=dict)


Step: TypeAlias = Callable[[Chunk], Column]


class Compiler:
    """Makes the steps of one plan.

    Attributes:
        steps: one a decision that has columns, by key.
        rejected: the others of the plan, with the reason.
    """

    def __init__(self, plan: p.Plan) -> None:
        self.plan = plan
        self.steps: dict[str, Step] = {}
        self.rejected: dict[str, str] = {}
        self._decision = ""
        self.analysis = analysed(plan)
        self._cuts = self.analysis.cuts
        for key, expression in plan.decisions.items():
            self._decision = key
            try:
                self.steps[key] = self._kept(("decision", key), self._root(expression))
            except NotColumnar as why:
                self.rejected[key] = str(why)

    def _root(self, expression: p.Expression) -> Step:
        if isinstance(expression, p.Table):
            return self._table(expression, name=self._decision)
        return self.step(expression)

    def step(self, expression: p.Expression) -> Step:
        """The step of ``expression``. Raises NotColumnar."""
        return _STEPS[type(expression)](self, expression)

    @staticmethod
    def _kept(place: Place, step: Step) -> Step:
        """``step`` computed once a chunk."""

        def kept(chunk: Chunk) -> Column:
            found = chunk.columns.get(place)
            if found is None:
                found = chunk.columns[place] = step(chunk)
            return found

        return kept

    # --- what is read

    def _input(self, node: p.Input) -> Step:
        name, allowed = node.name, node.allowed
        place = ("input", name)

        def read(chunk: Chunk) -> Column:
            return chunk.inputs[name]

        if allowed is None or allowed.any:
            return read
        cuts = self._cuts.get(place) or Cuts([])
        test = Test(allowed)

        def checked(chunk: Chunk) -> Column:
            column = chunk.inputs[name]
            codes, space, unsure = _coded(chunk, place, column, cuts)
            passes = test.codes(space)
            if passes.all():
                return column
            outside = _refused(passes, codes)
            if outside is None:
                return column
            chunk.codes[place] = codes, space, either(unsure, outside)
            return doubted(column, outside)

        return self._kept(place, checked)

    def _constant(self, node: p.Constant) -> Step:
        column = constant(node.value)
        return lambda _: column

    def _reference(self, node: p.Reference) -> Step:
        if node.key not in self.steps:
            why = self.rejected.get(node.key, "it is not planned")
            raise NotColumnar(f"it reads {node.key!r}: {why}")
        return self.steps[node.key]

    def _local(self, node: p.Local) -> Step:
        return self._kept(("local", self._decision, node.slot), self.step(node.value))

    # --- numbers

    def _arithmetic(self, node: p.Arithmetic) -> Step:
        left = self.step(node.left)
        if node.right is None:
            return lambda chunk: guard.negate(number(left(chunk)))
        right = self.step(node.right)
        operator, operation = node.operator, _OPERATIONS[node.operator]

        def compute(chunk: Chunk) -> Column:
            one, two = number(left(chunk)), number(right(chunk))
            return merging.by_value(operator, one, two) or operation(one, two)

        return compute

    def _call(self, node: p.Call) -> Step:
        if node.function in ROUNDINGS:
            return self._rounding(node)
        if node.function in ("sum", "min", "max", "mean", "count"):
            return self._over_list(node)
        steps = [self.step(argument) for argument in node.arguments]
        if node.function == "modulo":
            return lambda chunk: guard.modulo(number(steps[0](chunk)), number(steps[1](chunk)))
        one = {"abs": guard.absolute, "sqrt": guard.square_root}[node.function]
        return lambda chunk: one(number(steps[0](chunk)))

    def _rounding(self, node: p.Call) -> Step:
        step, digits = self.step(node.arguments[0]), Decimal(0)
        if len(node.arguments) > 1:
            given = node.arguments[1]
            if not isinstance(given, p.Constant) or not isinstance(given.value, Decimal):
                raise NotColumnar(f"{node.function} to a number of digits that varies")
            digits = given.value
        if digits != digits.to_integral_value() or abs(digits) > _MOST_DIGITS:
            raise NotColumnar(f"{node.function} to {digits} digits")
        places, function = int(digits), node.function
        return lambda chunk: guard.rounded(number(step(chunk)), places, function)

    def _over_list(self, node: p.Call) -> Step:
        step, function = self.step(node.arguments[0]), node.function

        def over(chunk: Chunk) -> Column:
            listed = step(chunk)
            if isinstance(listed, Items):
                return over_items(function, listed, chunk.kernels)
            if not isinstance(listed, Coded):
                raise TypeError(f"{function} of {type(listed).__name__}")
            call = BUILTINS[function].call
            return merging.mapped(listed, function, call)

        return over

    # --- conditions

    def _comparison(self, node: p.Comparison) -> Step:
        left, right, operator = self.step(node.left), self.step(node.right), node.operator
        if node.left.shape.kind is p.Kind.NUMBER:
            return lambda chunk: guard.compare(operator, number(left(chunk)), number(right(chunk)))
        if node.left.shape.kind is p.Kind.BOOLEAN:
            return lambda chunk: compared_truths(
                operator, merging.truth(left(chunk)), merging.truth(right(chunk))
            )
        return lambda chunk: compared_texts(operator, left(chunk), right(chunk))

    def _membership(self, node: p.Membership) -> Step:
        look, test = self._look(node.value, [node.cell]), Test(node.cell)

        def within(chunk: Chunk) -> Column:
            codes, space, unsure = look(chunk)
            return Truth(test.codes(space).take(codes, mode="clip"), unsure)

        return within

    def _logic(self, node: p.Logic) -> Step:
        steps = [self.step(part) for part in node.parts]
        if node.operator == "not":
            return lambda chunk: inverted(merging.truth(steps[0](chunk)))
        decisive = node.operator == "or"
        return lambda chunk: joined(
            [merging.truth(step(chunk)) for step in steps], decisive=decisive
        )

    def _choose(self, node: p.Choose) -> Step:
        condition = self.step(node.condition)
        then, otherwise = self.step(node.then), self.step(node.otherwise)
        if node.shape.kind is p.Kind.LIST and not (
            is_coded(node.then, self.plan) and is_coded(node.otherwise, self.plan)
        ):
            raise NotColumnar("lists that are not of constants, by a condition")

        def choose(chunk: Chunk) -> Column:
            test = merging.truth(condition(chunk))
            found = merging.select(~test.values, (then(chunk), otherwise(chunk)))
            return found if test.unsure is None else doubted(found, test.unsure)

        return choose

    # --- tables

    def _look(self, value: p.Expression, cells: list[p.Cell]) -> Look:
        """The codes of ``value``; of what several tables look at once a chunk."""
        place = place_of(value, self._decision)
        step = self.step(value)
        cuts = self._cuts.get(place) if place else None
        if cuts is None:
            cuts = Cuts(points(cells))
        if place is None:
            place = ("value", id(value))
        return lambda chunk: _coded(chunk, place, step(chunk), cuts)

    def _table(self, node: p.Table, name: str = "") -> Step:
        rows = constant_rows(node)
        if rows is None and node.hit_policy not in ("F", "U", "P"):
            raise NotColumnar(f"conclusions that vary in a table of hit policy {node.hit_policy}")
        looks = [self._look(column.value, cells_of(column)) for column in node.columns]
        if not looks:
            raise NotColumnar("a table without conditions")
        self._check_size(node)
        run = TableRun(node, rows)
        conclude = self._conclusions(node, run) if rows is None else None

        def decide(chunk: Chunk) -> Column:
            seen = [look(chunk) for look in looks]
            codes, spaces = [each[0] for each in seen], [each[1] for each in seen]
            matcher = run.matcher(spaces)
            unsure = either(*(each[2] for each in seen))
            for passes, column in zip(matcher.allowed, codes, strict=True):
                if passes is not None and not passes.all():
                    unsure = either(unsure, _refused(passes, column))
            if matcher.cube is not None and conclude is None and not chunk.trace:
                return run.at_once(matcher, codes, unsure)
            summed = None if chunk.trace else run.sums(matcher, codes, chunk.kernels)
            if summed is not None:
                return summed if unsure is None else doubted(summed, unsure)
            outcomes = matcher.outcomes(codes, chunk.kernels)
            if name and chunk.trace:
                chunk.fired[name] = outcomes, run
            if conclude is None:
                return run.value(outcomes, unsure)
            return conclude(chunk, outcomes, unsure)

        return decide

    @staticmethod
    def _check_size(node: p.Table) -> None:
        """Masks grow with the square of the rules: from some 20,000 on, rows run one by one."""
        rules = len(node.outputs[0])
        codes = sum(len(set(points(cells_of(column)))) + 1 for column in node.columns)
        if codes * (rules + 63) // 64 * 8 > MOST_MASK_BYTES:
            raise NotColumnar(f"a table of {rules} rules is too large for columns")

    def _conclusions(
        self, node: p.Table, run: TableRun
    ) -> Callable[[Chunk, Codes, Truths | None], Column]:
        """Conclusions that are computed: of each rule only for the rows where it counts."""
        for output, given in zip(node.outputs, node.default or node.outputs[0], strict=False):
            if output[0].shape.kind is p.Kind.LIST and not all(
                is_coded(each, self.plan) for each in (*output, given)
            ):
                raise NotColumnar("conclusions that are lists and vary")
        parts = [self._by_rule(node, place) for place in range(len(node.outputs))]

        def conclude(chunk: Chunk, outcomes: Codes, unsure: Truths | None) -> Column:
            _, doubtful, rules = run.outcomes.arrays()
            rule = rules[outcomes]
            columns = [part(chunk, rule) for part in parts]
            marks = run.unsure(outcomes, doubtful, unsure)
            if len(columns) == 1:
                return columns[0] if marks is None else doubted(columns[0], marks)
            record = together(node.names, columns)
            return record if marks is None else doubted(record, marks)

        return conclude

    def _by_rule(self, node: p.Table, place: int) -> Callable[[Chunk, Codes], Column]:
        expressions = [*node.outputs[place], *([node.default[place]] if node.default else [])]
        distinct: dict[object, int] = {}
        steps: list[Step] = []
        which = np.zeros(len(node.outputs[place]) + 1, np.uint16)
        for rule, expression in enumerate(expressions):
            key = (
                expression
                if isinstance(expression, p.Constant | p.Input | p.Reference)
                else id(expression)
            )
            if key not in distinct:
                distinct[key] = len(steps)
                steps.append(self.step(expression))
            which[rule] = distinct[key]
        return lambda chunk, rule: merging.select(which[rule], [step(chunk) for step in steps])

    # --- structures

    def _list_of(self, node: p.ListOf) -> Step:
        value = constant_of(node)
        if value is not None:
            column = constant(value)
            return lambda _: column
        steps = [self.step(item) for item in node.items]

        def listed(chunk: Chunk) -> Column:
            columns = tuple(step(chunk) for step in steps)
            return Items(columns, either(*(column.unsure for column in columns)))

        return listed

    def _kept_list(self, node: p.Kept) -> Step:
        if len(node.parts) > _WORD:
            raise NotColumnar(f"a list of more than {_WORD} conditions")
        steps = [self.step(condition) for condition, _ in node.parts]
        items = [constant_of(item) for _, item in node.parts]
        lists = Lists(items)

        def kept(chunk: Chunk) -> Column:
            words = np.zeros(chunk.size, np.uint64)
            unsure: Truths | None = None
            for bit, step in enumerate(steps):
                part = merging.truth(step(chunk))
                words |= part.values.astype(np.uint64) << np.uint64(bit)
                unsure = either(unsure, part.unsure)
            return lists.column(words, unsure, chunk.kernels)

        return kept

    def _record(self, node: p.Record) -> Step:
        steps = [self.step(item) for item in node.items]

        def record(chunk: Chunk) -> Column:
            return together(node.names, [step(chunk) for step in steps])

        return record

    def _member(self, node: p.Member) -> Step:
        if isinstance(node.source, p.Record):
            return self.step(node.source.items[node.source.names.index(node.name)])
        source, name = self.step(node.source), node.name

        def entry(chunk: Chunk) -> Column:
            return merging.member(source(chunk), name)

        place = place_of(node, self._decision)
        return entry if place is None else self._kept(place, entry)


def _refused(passes: Truths, codes: Codes) -> Truths | None:
    """Rows of codes that do not pass; None when there are none."""
    refused = np.flatnonzero(~passes)
    if refused.size == 1:  # as with allowed strings: one code stands for all others
        outside: Truths = codes == refused[0]
    else:
        outside = (~passes).take(codes, mode="clip")
    return outside if outside.any() else None


def _coded(
    chunk: Chunk, place: Place, column: Column, cuts: Cuts
) -> tuple[Codes, Space, Truths | None]:
    found = chunk.codes.get(place)
    if found is None:
        found = chunk.codes[place] = coded(column, cuts, chunk.kernels, chunk.size)
    return found


_OPERATIONS: dict[str, Callable[[Number, Number], Number]] = {
    "+": guard.add,
    "-": guard.subtract,
    "*": guard.multiply,
    "/": guard.divide,
    "**": guard.power,
}
_STEPS: dict[
    type, Callable[[Compiler, p.Expression], Step]
] = {  # each takes the type it stands under
    p.Input: Compiler._input,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Constant: Compiler._constant,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Reference: Compiler._reference,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Local: Compiler._local,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Arithmetic: Compiler._arithmetic,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Call: Compiler._call,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Comparison: Compiler._comparison,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Membership: Compiler._membership,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Logic: Compiler._logic,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Choose: Compiler._choose,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Table: Compiler._table,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.ListOf: Compiler._list_of,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Kept: Compiler._kept_list,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Record: Compiler._record,  # type: ignore[dict-item] # noqa: SLF001 - same module
    p.Member: Compiler._member,  # type: ignore[dict-item] # noqa: SLF001 - same module
}
