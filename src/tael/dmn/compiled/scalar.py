"""A plan to generated Python: one function for what is wanted and for the types of the inputs.

Raw ints and floats are compared as they are: constants of at most 15 digits make that the order of
their decimals (see ``index``). Arithmetic is decimal under ``NUMBERS``, except that of whole
numbers known to stay small, which gives the same digits in ints. Whatever the general body would
answer with a null or a warning raises, and the caller asks the general body.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    getcontext,
    setcontext,
)
from functools import lru_cache
from typing import TypeAlias, cast

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.index import LIMIT, is_exact_double
from tael.dmn.compiled.lookup import Lookup
from tael.dmn.compiled.occurrence import Occurrence
from tael.dmn.compiled.rows import form_of
from tael.dmn.compiled.source import Form, Held, Odd, Source, TooLarge
from tael.dmn.compiled.walk import Needs, subject
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.operators import modulo, power
from tael.dmn.feel.values import Value
from tael.dmn.trace import Result, Trace

_MOST_INT = 10**34
_MOST_SMALL = 1_000
_FEW = 8
_SCALES = range(-6111, 6177)
_ROUNDING = {
    "floor": ROUND_FLOOR, "ceiling": ROUND_CEILING, "decimal": ROUND_HALF_EVEN,
    "round up": ROUND_UP, "round down": ROUND_DOWN, "round half up": ROUND_HALF_UP,
    "round half down": ROUND_HALF_DOWN,
}  # fmt: skip
_PYTHON = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
RAW_TYPES: Mapping[p.Kind, tuple[type, ...]] = {
    p.Kind.NUMBER: (int, float, Decimal),
    p.Kind.STRING: (str,),
    p.Kind.BOOLEAN: (bool,),
}


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A generated function: inputs by name → their result; None when their types are others.

    It raises where the general body must answer. ``inputs`` is how many it takes, ``occurrences``
    are, by decision, the tables that stand in it, with their places in ``Kept``.
    """

    run: Callable[[Mapping[str, object]], Result | None]
    inputs: int
    occurrences: Mapping[str, tuple[tuple[int, Occurrence], ...]]
    in_context: bool
    source: str


# What a result of a body keeps: the body, input values in the order of ``Needs``, outputs by name,
# and by occurrence of a table what ``Occurrence`` reads. A plain tuple: it is made at every run.
Kept: TypeAlias = tuple[Body, tuple[object, ...], dict[str, Value], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Door:
    """How a generated function gets at input values, and what makes a trace of ``Kept``."""

    read: Callable[[Mapping[str, object]], tuple[object, ...]]
    tell: Callable[[object], Trace]


def compile_body(
    plan: p.Plan, needed: Needs, wanted: Mapping[str, str], kinds: Sequence[type], door: Door
) -> Body | None:
    """The function that gives ``wanted``, keys of decisions by name, for inputs of types ``kinds``.

    None when there is none: a type that does not fit, or a model too large for one function.
    """
    for item, kind in zip(needed.inputs, kinds, strict=True):
        if kind not in RAW_TYPES[item.shape.kind]:
            return None
    try:
        return _Writer(plan, needed, kinds).body(wanted, door)
    except (TooLarge, RecursionError, SyntaxError, MemoryError):
        return None  # SyntaxError: blocks deeper than Python allows


@dataclass
class _Memo:
    """What was computed in this block and is visible in those inside it."""

    values: dict[Hashable, Held] = field(default_factory=dict)
    outer: _Memo | None = None

    def get(self, key: Hashable) -> Held | None:
        memo: _Memo | None = self
        while memo is not None:
            if key in memo.values:
                return memo.values[key]
            memo = memo.outer
        return None


class _Writer:
    """Writes one function. Every method gives how the value is held."""

    def __init__(self, plan: p.Plan, needed: Needs, kinds: Sequence[type]) -> None:
        self._plan = plan
        self._needed = needed
        self.source = Source()
        self._kinds = {item.name: kind for item, kind in zip(needed.inputs, kinds, strict=True)}
        self._raw = {item.name: f"a{i}" for i, item in enumerate(needed.inputs)}
        self._memo = _Memo()
        self._decimals: dict[str, str] = {}
        self._checked: set[str] = set()
        self.decision = ""
        self.uses_context = False
        self.odd = self.source.constant(Odd)
        self._lookup = Lookup(self, plan, needed)

    def body(self, wanted: Mapping[str, str], door: Door) -> Body:
        for key in self._needed.decisions:
            self.decision = key
            held = self.expression(self._plan.decisions[key])
            self._memo.values["decision", key] = self.named(held)
        outputs = "".join(
            f"{self.source.constant(name)}: {self.value_of(self._memo.values['decision', key])}, "
            for name, key in wanted.items()
        )
        self._lookup.finish()
        for item in self._needed.inputs:
            if item.name not in self._lookup.closed:
                self._allowed(item)
        for item in self._needed.inputs:
            raw = self._raw[item.name]
            # A look-up checks what it bins, but may stand in a branch that is not taken.
            seen = raw in self._checked and item.name not in self._lookup.checked
            if seen or self._kinds[item.name] is float:
                limit = int(LIMIT) if self._kinds[item.name] is int else LIMIT
                self.source.first(f"if not -{limit!r} < {raw} < {limit!r}: raise {self.odd}")
        self.source.add("o = {" + outputs + "}")
        found: dict[str, tuple[tuple[int, Occurrence], ...]] = {}
        for place, each in enumerate(self._lookup.occurrences):
            found[each.decision] = (*found.get(each.decision, ()), (place, each))
        run = self._function(door)
        made = Body(run, len(self._raw), found, self.uses_context, self.source.text())
        run.__globals__["itself"] = made
        return made

    def _function(self, door: Door) -> Callable[[Mapping[str, object]], Result | None]:
        """The function: it reads the inputs, asks for their types, computes, makes the result."""
        self.source.constants |= {
            "read": door.read, "tell": door.tell, "kinds": list(self._kinds.values()),
            "map": map, "type": type, "new": object.__new__, "Result": Result,
            "numbers": NUMBERS, "getcontext": getcontext, "setcontext": setcontext,
        }  # fmt: skip
        names = "".join(f"{name}, " for name in self._raw.values())
        before = [
            "    g = read(i)",
            "    if [*map(type, g)] != kinds: return None",
            *([f"    {names}= g"] if names else []),
        ]
        kept = "".join(f"{each.kept}, " for each in self._lookup.occurrences)
        # As ``Result(...)`` would, in a third of the time.
        after = [
            "    r = new(Result)",
            "    r.outputs = o",
            "    r.warnings = ()",
            "    r._trace = tell",
            f"    r.kept = (itself, g, o, ({kept}))",
            "    return r",
        ]
        if self.uses_context:
            before += ["    x = getcontext()", "    setcontext(numbers)", "    try:"]
            after = ["    finally: setcontext(x)", *after]
        made = self.source.function("i", before, after)
        return cast("Callable[[Mapping[str, object]], Result | None]", made)

    def _allowed(self, item: p.Input) -> None:
        """An input that is not among its allowed values is the general body's."""
        if item.allowed is None:
            return
        raw = self.raw(item)
        lines = [f"if not {self._inside(raw, item.allowed)}: raise {self.odd}"]
        for line in lines:
            self.source.head(line)

    # --- inputs

    def raw(self, item: p.Input) -> Held:
        """An input as it was given, once it is known to be an ordinary value."""
        name, kind = self._raw[item.name], self._kinds[item.name]
        if item.shape != p.NUMBER:
            return Held(name, Form.PLAIN, atom=True)
        if kind is Decimal:
            return Held(self._canonical(name), Form.DECIMAL, atom=True)
        if name not in self._checked:
            self._checked.add(name)
        form = Form.INT if kind is int else Form.FLOAT
        return Held(name, form, bound=int(LIMIT), atom=True)

    def unchecked(self, item: p.Input) -> Held:
        """An input whose bin will tell whether it is an ordinary number."""
        name, kind = self._raw[item.name], self._kinds[item.name]
        if kind is Decimal:
            return Held(self._canonical(name), Form.DECIMAL, atom=True)
        return Held(name, Form.INT if kind is int else Form.FLOAT, bound=int(LIMIT), atom=True)

    def _canonical(self, name: str) -> str:
        """A raw Decimal with 34 digits, as the general body takes it in; not finite is odd."""
        if name not in self._decimals:
            made = self._decimals[name] = self.source.fresh("d")
            create = self.source.constant(NUMBERS.create_decimal)
            self.source.head(f"{made} = {create}({name})")
            self.source.head(f"if not {made}.is_finite(): raise {self.odd}")
            self.source.head(f"if not {made}: {made} = {made}.copy_abs()")
        return self._decimals[name]

    def _raw_decimal(self, held: Held) -> str:
        if held.text not in self._decimals:
            made = self._decimals[held.text] = self.source.fresh("d")
            text = held.text
            if held.form is Form.FLOAT:  # adding zero takes the sign from a negative one
                text = f"{self.source.constant(repr)}({held.text} + 0.0)"
            self.source.head(f"{made} = {self.source.constant(Decimal)}({text})")
        return self._decimals[held.text]

    # --- forms

    def named(self, held: Held) -> Held:
        """``held`` under a name, so that it is computed once."""
        if held.form is Form.RECORD and held.fields is not None:
            fields = {name: self.named(each) for name, each in held.fields.items()}
            return Held("", Form.RECORD, fields=fields)
        if held.atom:
            return held
        name = self.source.assign(held.text)
        return replace(held, text=name, atom=True)

    def decimal(self, held: Held) -> str:
        """The expression of a number as a Decimal."""
        if held.form is Form.DECIMAL:
            return held.text
        if isinstance(held.constant, Decimal):
            return self.source.constant(held.constant)
        if held.decimal:
            return held.decimal
        if held.text in self._checked or held.text in self._raw.values():
            return self._raw_decimal(held)
        if held.form is Form.INT and held.bound <= _MOST_SMALL:
            return f"{self.source.constant(_small(held.bound))}[{held.text}]"
        return f"{self.source.constant(Decimal)}({held.text})"

    def value_of(self, held: Held) -> str:
        """The expression of the FEEL value: what is handed out."""
        if held.form in (Form.INT, Form.FLOAT, Form.DECIMAL):
            return self.decimal(held)
        if held.form is Form.RECORD and held.fields is not None:
            entries = (
                f"{self.source.constant(name)}: {self.value_of(each)}"
                for name, each in held.fields.items()
            )
            return "{" + ", ".join(entries) + "}"
        return held.text

    # --- expressions

    def expression(self, node: p.Expression) -> Held:
        """``node`` written into the source, and how its value is held."""
        write: Callable[[p.Expression], Held] = getattr(self, _METHODS[type(node)])
        return write(node)

    def _constant(self, node: p.Constant) -> Held:
        value = node.value
        if isinstance(value, Decimal):
            if (
                value.as_tuple().exponent == 0
                and abs(value) < Decimal(LIMIT)
                and (value or not value.is_signed())
            ):
                return Held(
                    f"({int(value)})", Form.INT, bound=abs(int(value)), constant=value, atom=True
                )
            return Held(self.source.constant(value), Form.DECIMAL, constant=value, atom=True)
        if isinstance(value, bool):
            return Held(str(value), Form.PLAIN, constant=value, atom=True)
        if not isinstance(value, str):
            raise TooLarge
        return Held(self.source.constant(value), Form.PLAIN, constant=value, atom=True)

    def _reference(self, node: p.Reference) -> Held:
        held = self._memo.get(("decision", node.key))
        if held is None:
            raise TooLarge  # cannot be: decisions are written in order
        return held

    def _local(self, node: p.Local) -> Held:
        key = ("local", self.decision, node.slot)
        held = self._memo.get(key)
        if held is None:
            held = self._memo.values[key] = self.named(self.expression(node.value))
        return held

    def _arithmetic(self, node: p.Arithmetic) -> Held:
        left = self.expression(node.left)
        if node.right is None:
            return self._negated(left)
        right = self.expression(node.right)
        if left.form is Form.INT and right.form is Form.INT and node.operator in "+-*":
            bound = left.bound * right.bound if node.operator == "*" else left.bound + right.bound
            if bound < _MOST_INT:
                return Held(f"({left.text} {node.operator} {right.text})", Form.INT, bound=bound)
        self.uses_context = True
        if node.operator == "**":  # zero to a negative power is infinite, and signals nothing
            raised = self.source.constant(power)
            base = self.named(Held(self.decimal(left), Form.DECIMAL)).text
            exponent = self.decimal(right)
            quick = exponent
            if right.form is Form.INT and right.constant is None:
                quick, exponent = right.text, f"{self.source.constant(Decimal)}({right.text})"
            text = f"({base} ** {quick} if {base} else {raised}({base}, {exponent}))"
            return Held(text, Form.DECIMAL)
        first, second = self._operands(left, right)
        ratio = None
        if left.form is right.form is Form.INT and right.bound <= LIMIT and node.operator == "/":
            ratio = left.text, right.text
        return Held(f"({first} {node.operator} {second})", Form.DECIMAL, ratio=ratio)

    def _operands(self, left: Held, right: Held) -> tuple[str, str]:
        """Two numbers of which one is a Decimal: Python makes one of an int on the other side."""
        if left.form is Form.INT and left.constant is None and left.text not in self._decimals:
            return left.text, self.decimal(right)
        if right.form is Form.INT and right.constant is None and left.form is Form.DECIMAL:
            known = right.text in self._decimals
            return left.text, self.decimal(right) if known else right.text
        return self.decimal(left), self.decimal(right)

    def _negated(self, held: Held) -> Held:
        if held.form is Form.INT:
            return Held(f"(-{held.text})", Form.INT, bound=held.bound)
        self.uses_context = True
        name = self.source.assign(self.decimal(held))
        return Held(f"(-{name} if {name} else {name})", Form.DECIMAL)

    def _comparison(self, node: p.Comparison) -> Held:
        left, right = self.expression(node.left), self.expression(node.right)
        return Held(self.compared(node.operator, left, right), Form.PLAIN)

    def compared(self, operator: str, left: Held, right: Held) -> str:
        """The condition ``left operator right``; ints and floats as they are if that is exact."""
        if left.form is Form.PLAIN:
            return f"({left.text} {_PYTHON[operator]} {right.text})"
        a, b = _native(left), _native(right)
        if not a or not b:
            a, b = self.decimal(left), self.decimal(right)
        return f"({a} {_PYTHON[operator]} {b})"

    def _inside(self, held: Held, cell: p.Cell) -> str:
        """The condition that a cell makes of a value."""
        if cell.any:
            return "True"
        if held.form is Form.PLAIN:
            points = self.source.constant(frozenset(each.low for each in cell.intervals))
            return f"({held.text} {'not in' if cell.negated else 'in'} {points})"
        held = held if held.atom else self.named(held)
        parts = [self._between(held, each) for each in cell.intervals]
        text = "(" + " or ".join(parts) + ")" if parts else "False"
        return f"(not {text})" if cell.negated else text

    def _between(self, held: Held, part: p.Interval) -> str:
        tests: list[str] = []
        if isinstance(part.low, Decimal):
            bound = self._constant(p.Constant(part.low, p.NUMBER))
            tests.append(self.compared(">=" if part.low_closed else ">", held, bound))
        if isinstance(part.high, Decimal):
            bound = self._constant(p.Constant(part.high, p.NUMBER))
            tests.append(self.compared("<=" if part.high_closed else "<", held, bound))
        return "(" + " and ".join(tests) + ")" if tests else "True"

    def check_allowed(self, held: Held, cell: p.Cell) -> None:
        """A value of a column that is not allowed there is the general body's."""
        with self.source.block(f"if not {self._inside(held, cell)}:"):
            self.source.add(f"raise {self.odd}")

    def _membership(self, node: p.Membership) -> Held:
        return Held(self._inside(self.expression(node.value), node.cell), Form.PLAIN)

    # --- branches: lines of a branch stay inside it

    def branch(self, node: p.Expression) -> tuple[Held, list[str]]:
        """A value that is computed only sometimes, and the lines that this takes."""
        outer, self._memo = self._memo, _Memo(outer=self._memo)
        try:
            with self.source.apart() as lines:
                held = self.expression(node)
            return held, lines
        finally:
            self._memo = outer

    def _logic(self, node: p.Logic) -> Held:
        first = self.expression(node.parts[0])
        if node.operator == "not":
            return Held(f"(not {first.text})", Form.PLAIN)
        for part in node.parts[1:]:
            second, lines = self.branch(part)
            if not lines:
                first = Held(f"({first.text} {node.operator} {second.text})", Form.PLAIN)
                continue
            name = self.source.assign(first.text)
            lines.append(self._inner(f"{name} = {second.text}"))
            self.source.put(f"if {'not ' if node.operator == 'or' else ''}{name}:", lines)
            first = Held(name, Form.PLAIN, atom=True)
        return first

    def _inner(self, line: str) -> str:
        return "    " * (self.source.depth + 1) + line

    def _choose(self, node: p.Choose) -> Held:
        condition = self.expression(node.condition)
        then, then_lines = self.branch(node.then)
        other, other_lines = self.branch(node.otherwise)
        whole = then.form is other.form is Form.INT
        left, right = (
            (then.text, other.text) if whole else (self.value_of(then), self.value_of(other))
        )
        form = Form.INT if whole else form_of(node.shape)
        bound = max(then.bound, other.bound)
        if not then_lines and not other_lines:
            return Held(f"({left} if {condition.text} else {right})", form, bound=bound)
        name = self.source.fresh("t")
        self.source.put(f"if {condition.text}:", [*then_lines, self._inner(f"{name} = {left}")])
        self.source.put("else:", [*other_lines, self._inner(f"{name} = {right}")])
        return Held(name, form, bound=bound, atom=True)

    # --- structures

    def _list_of(self, node: p.ListOf) -> Held:
        items = [self.value_of(self.expression(item)) for item in node.items]
        return Held("(" + "".join(f"{item}, " for item in items) + ")", Form.LIST)

    def _kept(self, node: p.Kept) -> Held:
        name = self.source.assign("[]")
        for condition, item in node.parts:
            test, value = self.expression(condition), self.expression(item)
            with self.source.block(f"if {test.text}:"):
                self.source.add(f"{name}.append({self.value_of(value)})")
        return Held(f"{self.source.constant(tuple)}({name})", Form.LIST)

    def _record(self, node: p.Record) -> Held:
        fields = {
            name: self.named(self.expression(item))
            for name, item in zip(node.names, node.items, strict=True)
        }
        return Held("", Form.RECORD, fields=fields)

    def _member(self, node: p.Member) -> Held:
        source = self.expression(node.source)
        if source.fields is not None:
            return source.fields[node.name]
        held = source if source.atom else self.named(source)
        return Held(f"{held.text}[{self.source.constant(node.name)}]", form_of(node.shape))

    def _table(self, node: p.Table) -> Held:
        return self._lookup.table(node)

    # --- functions

    def _call(self, node: p.Call) -> Held:
        name = node.function
        if name in ("sum", "min", "max", "mean", "count"):
            return self._over_list(name, node.arguments[0])
        arguments = [self.expression(each) for each in node.arguments]
        if name in _ROUNDING:
            return self._rounded(name, arguments)
        first = arguments[0]
        if name == "abs" and first.form is Form.INT:
            return Held(f"{self.source.constant(abs)}({first.text})", Form.INT, bound=first.bound)
        if name == "abs":
            return Held(f"{self.decimal(first)}.copy_abs()", Form.DECIMAL)
        call = modulo if name == "modulo" else BUILTINS[name].call
        given = ", ".join(map(self.decimal, arguments))
        return Held(f"{self.source.constant(call)}({given})", Form.DECIMAL)

    def _rounded(self, name: str, arguments: Sequence[Held]) -> Held:
        scale = arguments[1].constant if len(arguments) > 1 else Decimal(0)
        digits = int(scale) if isinstance(scale, Decimal) else 0
        if digits not in _SCALES:
            raise TooLarge
        value = arguments[0]
        if value.form is Form.INT and digits >= 0:
            return value
        self.uses_context = True
        quantum = self.source.constant(Decimal((0, (1,), -digits)))
        mode = self.source.constant(_ROUNDING[name])
        held = self.named(Held(self.decimal(value), Form.DECIMAL))
        return Held(f"(+{held.text}.quantize({quantum}, {mode}))", Form.DECIMAL)

    def _over_list(self, name: str, node: p.Expression) -> Held:
        if not isinstance(node, p.ListOf) or not node.items:
            return self._of_list(name, self.expression(node))
        items = [self.expression(item) for item in node.items]
        whole = all(item.form is Form.INT for item in items)
        if name == "count":
            return self._constant(p.Constant(Decimal(len(items)), p.NUMBER))
        if name in ("min", "max"):
            return self._least(name, items, whole=whole)
        total = self._sum(items, whole=whole)
        if name == "sum":
            return total
        self.uses_context = True
        count = self.source.constant(Decimal(len(items)))
        return Held(f"({self.decimal(total)} / {count})", Form.DECIMAL)

    def _least(self, name: str, items: Sequence[Held], *, whole: bool) -> Held:
        """The first of the least, or of the greatest."""
        texts = [item.text for item in items] if whole else list(map(self.decimal, items))
        form, bound = Form.INT if whole else Form.DECIMAL, max(item.bound for item in items)
        if len(texts) == 1:
            return Held(texts[0], form, bound=bound)
        if len(texts) > _FEW:
            call = self.source.constant(min if name == "min" else max)
            return Held(f"{call}({', '.join(texts)})", form, bound=bound)
        best, *others = [self.source.assign(text) for text in texts]
        operator = "<" if name == "min" else ">"
        for other in others:
            self.source.add(f"if {other} {operator} {best}: {best} = {other}")
        return Held(best, form, bound=bound, atom=True)

    def _sum(self, items: Sequence[Held], *, whole: bool) -> Held:
        bound = sum(item.bound for item in items)
        if whole and bound < _MOST_INT:
            return Held(f"({' + '.join(item.text for item in items)})", Form.INT, bound=bound)
        self.uses_context = True
        return Held(f"({' + '.join(map(self.decimal, items))})", Form.DECIMAL)

    def _of_list(self, name: str, held: Held) -> Held:
        if name == "count":
            return Held(f"{self.source.constant(len)}({held.text})", Form.INT, bound=10**7)
        call = self.source.constant(BUILTINS[name].call)
        return Held(f"{call}({held.text})", Form.DECIMAL)

    # --- what tables ask for

    @property
    def always(self) -> bool:
        """Whether what is written now runs in every run."""
        return self._memo.outer is None

    def python_type(self, item: p.Input) -> type:
        return self._kinds[item.name]

    def subject_of(self, node: p.Expression) -> Hashable:
        return subject(node, self.decision)

    def remembered(self, key: Hashable) -> Held | None:
        return self._memo.get(key)

    def remember(self, key: Hashable, held: Held) -> None:
        self._memo.values[key] = held


@lru_cache(maxsize=16)
def _small(bound: int) -> tuple[Decimal, ...]:
    """Whole numbers up to ``bound`` by index; those below zero count from the end."""
    return tuple([Decimal(each) for each in (*range(bound + 1), *range(-bound, 0))])


def _native(held: Held) -> str:
    """A number as Python's int or float of exactly the same order; '' when there is none."""
    if held.form is not Form.DECIMAL:
        return held.text
    if isinstance(held.constant, Decimal) and is_exact_double(held.constant):
        return f"({float(held.constant)!r})"
    return ""


_METHODS: Mapping[type, str] = {
    p.Input: "raw", p.Constant: "_constant", p.Reference: "_reference", p.Local: "_local",
    p.Arithmetic: "_arithmetic", p.Call: "_call", p.Comparison: "_comparison",
    p.Membership: "_membership", p.Logic: "_logic", p.Choose: "_choose", p.Table: "_table",
    p.ListOf: "_list_of", p.Kept: "_kept", p.Record: "_record", p.Member: "_member",
}  # fmt: skip
