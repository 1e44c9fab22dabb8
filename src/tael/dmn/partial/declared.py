"""What a declared type makes of a value that is not known yet."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.type_system import ANY, BUILT_IN, TypeSystem
from tael.dmn.feel.values import Range, Value
from tael.dmn.partial.unknowns import (
    Abstract,
    Fields,
    Items,
    Unknown,
    choices_of,
    needs_of,
    one_of,
    settled,
    span_of,
)
from tael.dmn.verification.axes import AXES
from tael.dmn.verification.cells import CellReader, Interval
from tael.dmn.verification.domains import Domain, bare_type, plain_domain
from tael.dmn.verification.lines import Line, number_at

_MOST_ALLOWED = 40
# What is known of an input before its value is: the range its number lies in, or the only values it
# can have. It is null only where null is one of these.
Within: TypeAlias = Range | tuple[Value, ...]


class Declared:
    """An input: what its declared type leaves of a value that nobody gave yet. Made once."""

    def __init__(
        self, name: str, wanted: s.TypeExpression | None, compiler: Compiler, types: TypeSystem
    ) -> None:
        self._needs = frozenset({name})
        self._wanted, self._types = wanted, types
        domain = plain_domain(wanted, types)
        self._kind, self._free = domain.kind, not domain.allowed
        self._lies = domain.kind in AXES and not AXES[domain.kind].grain
        self._allowed = _allowed(domain, compiler) if domain.allowed and self._lies else None
        self._anything = self._unknown()

    def unknown(self, within: Within | None) -> Abstract:
        """What is left; without ``within`` it may still be null."""
        if within is None:
            return self._anything
        if isinstance(within, tuple):
            values = [_conforming(each, self._wanted, self._types) for each in within]
            return one_of(values, self._needs)
        if self._kind == "number" and (self._allowed or self._free):
            return _number(self._needs, within, self._allowed)
        if not self._kind and self._free:
            return _number(self._needs, within, None)
        return self._anything

    def _unknown(self) -> Unknown:
        if self._kind == "boolean" and self._free:
            return Unknown(self._needs, (True, False, None))
        if self._allowed is None:
            return Unknown(self._needs, kind=self._kind)
        return _any_allowed(self._needs, self._kind, *self._allowed)


def _allowed(domain: Domain, compiler: Compiler) -> tuple[Line, list[int]] | None:
    """The line of the type with the bins that are allowed; None where that cannot be told."""
    cells = [CellReader(compiler).read(tests) for tests in domain.allowed]
    if any(cell.opaque for cell in cells):
        return None
    cuts = {point for cell in cells for axis, point in cell.cuts() if axis == domain.kind}
    line = Line(domain.kind, cuts)
    tests = [compiler.unary_tests(each) for each in domain.allowed]
    env = Env(Alone())
    return line, [
        index
        for index, value in enumerate(line.values)
        if value is not None and all(test(env, value) is True for test in tests)
    ]


def _any_allowed(needs: frozenset[str], kind: str, line: Line, kept: list[int]) -> Unknown:
    if len(kept) <= _MOST_ALLOWED and all(index % 2 for index in kept):
        return Unknown(needs, (*(line.values[index] for index in kept), None))
    if kind != "number":
        return Unknown(needs, kind=kind)
    low, high = line.ends(kept[0]).low, line.ends(kept[-1]).high
    span = [None if end is None else number_at(end) for end in (low, high)]
    return Unknown(needs, None, "number", span[0], span[1])


def _number(
    needs: frozenset[str], within: Within | None, allowed: tuple[Line, list[int]] | None
) -> Unknown:
    """A number of a range; null where its type refuses a number of it."""
    ends = (within.low, within.high) if isinstance(within, Range) else (None, None)
    low, high = (each if isinstance(each, Decimal) else None for each in ends)
    refused = False
    if allowed is not None:
        line, kept = allowed
        touched = [
            index
            for index, value in enumerate(line.values)
            if value is not None and _touches(line.ends(index), low, high)
        ]
        refused = not set(touched) <= set(kept)
    return Unknown(needs, None, "number", low, high, nullable=refused)


def _touches(stretch: Interval, low: Decimal | None, high: Decimal | None) -> bool:
    """Whether a number from ``low`` to ``high``, both included, can lie in the stretch."""
    if high is not None and stretch.low is not None:
        begin = number_at(stretch.low)
        if begin > high or (begin == high and not stretch.low_closed):
            return False
    if low is not None and stretch.high is not None:
        end = number_at(stretch.high)
        return not (end < low or (end == low and not stretch.high_closed))
    return True


def _conforming(value: Value, wanted: s.TypeExpression | None, types: TypeSystem) -> Value:
    return value if wanted is None or wanted == ANY else _coerced(value, wanted, types)


def fits(value: Abstract, wanted: s.TypeExpression | None, types: TypeSystem) -> bool:
    """Whether every value it can have is surely of the type, or null."""
    if wanted is None or wanted == ANY:
        return True
    choices = choices_of(value)
    if choices is not None:
        return all(each is None or _coerced(each, wanted, types) is not None for each in choices)
    domain = plain_domain(wanted, types)
    if isinstance(value, Unknown):
        return (
            bool(value.kind)
            and domain.kind == value.kind
            and value.kind in AXES
            and not domain.allowed
        )
    return not domain.allowed and _parts_fit(value, bare_type(wanted, types), types)


def _parts_fit(value: Abstract, wanted: s.TypeExpression | None, types: TypeSystem) -> bool:
    """Whether a context or a list has parts that all surely conform as they are."""
    if isinstance(value, Fields) and isinstance(wanted, s.ContextType):
        return all(
            name in value.entries and _stays(value.entries[name], each, types)
            for name, each in wanted.entries
        )
    if isinstance(value, Items) and isinstance(wanted, s.ListType):
        return all(_stays(each, wanted.item, types) for each, _ in value.parts)
    return False


def _stays(value: Abstract, wanted: s.TypeExpression, types: TypeSystem) -> bool:
    """Whether coercion surely leaves it as it is."""
    choices = choices_of(value)
    if choices is not None:
        return all(each is None or _coerced(each, wanted, types) == each for each in choices)
    return fits(value, wanted, types)


def coerced(value: Abstract, wanted: s.TypeExpression | None, types: TypeSystem) -> Abstract:
    """As the declared type; null where it does not conform."""
    if wanted is None or wanted == ANY:
        return value
    value = settled(value)
    choices = choices_of(value)
    if choices is not None:
        return one_of([_coerced(each, wanted, types) for each in choices], needs_of(value))
    if fits(value, wanted, types):
        return value
    kind = plain_domain(wanted, types).kind
    span = span_of(value)
    if kind == "number" == span.kind:
        return Unknown(needs_of(value), None, kind, span.low, span.high)
    return Unknown(needs_of(value), kind=kind if kind in BUILT_IN.values() else "")


def _coerced(value: Value, wanted: s.TypeExpression, types: TypeSystem) -> Value:
    try:
        return types.coerce(value, wanted)
    except Nothing:
        return None
