"""What a declared type makes of a value that is not known yet."""

from __future__ import annotations

from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.type_system import ANY, BUILT_IN, TypeSystem
from tael.dmn.feel.values import Value
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
from tael.dmn.verification.cells import CellReader
from tael.dmn.verification.domains import bare_type, plain_domain
from tael.dmn.verification.lines import Line, number_at

_MOST_ALLOWED = 40


def unknown_input(
    name: str, wanted: s.TypeExpression | None, compiler: Compiler, types: TypeSystem
) -> Unknown:
    """An input nobody gave yet: what its declared type leaves of it. It may still be null."""
    needs = frozenset({name})
    domain = plain_domain(wanted, types)
    if domain.kind == "boolean" and not domain.allowed:
        return Unknown(needs, (True, False, None))
    if domain.kind not in AXES or AXES[domain.kind].grain:
        return Unknown(needs, kind=domain.kind)
    cells = [CellReader(compiler).read(tests) for tests in domain.allowed]
    if not cells or any(cell.opaque for cell in cells):
        return Unknown(needs, kind=domain.kind)
    cuts = {point for cell in cells for axis, point in cell.cuts() if axis == domain.kind}
    line = Line(domain.kind, cuts)
    tests = [compiler.unary_tests(each) for each in domain.allowed]
    env = Env(Alone())
    kept = [
        index
        for index, value in enumerate(line.values)
        if value is not None and all(test(env, value) is True for test in tests)
    ]
    if len(kept) <= _MOST_ALLOWED and all(index % 2 for index in kept):
        return Unknown(needs, (*(line.values[index] for index in kept), None))
    if domain.kind != "number":
        return Unknown(needs, kind=domain.kind)
    low, high = line.ends(kept[0]).low, line.ends(kept[-1]).high
    span = [None if end is None else number_at(end) for end in (low, high)]
    return Unknown(needs, None, "number", span[0], span[1])


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
