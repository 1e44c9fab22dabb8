"""What the operators give for each pair of types, as data (DMN 1.5 10.3.2.13, tables 55 to 57)."""

from __future__ import annotations

from collections.abc import Mapping

from tael.dmn.feel.syntax import NamedType, RangeType, TypeExpression
from tael.dmn.feel.type_system import ANY
from tael.dmn.types.lattice import bare, fits, item_of, kind_of

_MATRIX = """
number                     + number                     = number
number                     - number                     = number
number                     * number                     = number
number                     / number                     = number
number                     ** number                    = number
string                     + string                     = string
days and time duration     + days and time duration     = days and time duration
days and time duration     - days and time duration     = days and time duration
years and months duration  + years and months duration  = years and months duration
years and months duration  - years and months duration  = years and months duration
days and time duration     * number                     = days and time duration
years and months duration  * number                     = years and months duration
number                     * days and time duration     = days and time duration
number                     * years and months duration  = years and months duration
days and time duration     / number                     = days and time duration
years and months duration  / number                     = years and months duration
days and time duration     / days and time duration     = number
years and months duration  / years and months duration  = number
date                       + days and time duration     = date
date                       + years and months duration  = date
days and time duration     + date                       = date
years and months duration  + date                       = date
date                       - days and time duration     = date
date                       - years and months duration  = date
date and time              + days and time duration     = date and time
date and time              + years and months duration  = date and time
days and time duration     + date and time              = date and time
years and months duration  + date and time              = date and time
date and time              - days and time duration     = date and time
date and time              - years and months duration  = date and time
time                       + days and time duration     = time
days and time duration     + time                       = time
time                       - days and time duration     = time
date                       - date                       = days and time duration
date                       - date and time              = days and time duration
date and time              - date                       = days and time duration
date and time              - date and time              = days and time duration
time                       - time                       = days and time duration
"""


def _read(text: str) -> Mapping[tuple[str, str, str], str]:
    found = {}
    for line in text.strip().splitlines():
        sides, _, result = line.rpartition(" = ")
        operator = next(each for each in (" ** ", " * ", " / ", " + ", " - ") if each in sides)
        left, _, right = sides.partition(operator)
        found[operator.strip(), left.strip(), right.strip()] = result.strip()
    return found


ARITHMETIC: Mapping[tuple[str, str, str], str] = _read(_MATRIX)
ORDERED = frozenset(
    {"number", "string", "date", "time", "date and time"}
    | {"days and time duration", "years and months duration"}
)
_NEGATED = frozenset({"number", "days and time duration", "years and months duration"})


def arithmetic(operator: str, left: TypeExpression, right: TypeExpression) -> TypeExpression | None:
    """The type of ``left operator right``; None when it is null whatever the values."""
    sides = tuple(_or_any(kind_of(side)) for side in (left, right))
    results = {
        result
        for (each, *operands), result in ARITHMETIC.items()
        if each == operator
        and all(have in ("", want) for have, want in zip(sides, operands, strict=True))
    }
    if not results:
        return None
    return NamedType(results.pop()) if len(results) == 1 else ANY


def _or_any(kind: str) -> str:
    return "" if kind == "null" else kind


def negated(operand: TypeExpression) -> TypeExpression | None:
    """The type of minus ``operand``; None when it is null always."""
    kind = _or_any(kind_of(operand))
    if not kind:
        return ANY
    return NamedType(kind) if kind in _NEGATED else None


def ordered(left: TypeExpression, right: TypeExpression) -> bool:
    """Whether ``left < right`` can be anything but null."""
    kinds = {_or_any(kind_of(side)) for side in (left, right)} - {""}
    return kinds <= ORDERED and len(kinds) <= 1


def equatable(left: TypeExpression, right: TypeExpression) -> bool:
    """Whether ``left = right`` can be anything but null."""
    kinds = {_or_any(kind_of(side)) for side in (left, right)} - {""}
    return len(kinds) <= 1


def matchable(value: TypeExpression, wanted: TypeExpression) -> bool:
    """Whether a cell that means ``wanted`` can match a column of type ``value``."""
    value, wanted = bare(value), bare(wanted)
    have, want = _or_any(kind_of(value)), _or_any(kind_of(wanted))
    if not have or not want or want == "boolean":
        return True
    if want == "range":
        return have == "range" or ordered(value, _end(wanted))
    if want == "list":
        return matchable(value, item_of(wanted)) or fits(value, wanted)
    return have == want


def _end(bounds: TypeExpression) -> TypeExpression:
    return bounds.end if isinstance(bounds, RangeType) else ANY
