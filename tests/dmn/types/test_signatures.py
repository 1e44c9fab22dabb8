"""The signatures of the built-in functions agree with the functions themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tael.dmn.errors import Nothing
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.operators import ARITHMETIC
from tael.dmn.feel.syntax import NamedType
from tael.dmn.feel.temporal import Date, DateTime, Time
from tael.dmn.feel.values import DaysDuration, MonthsDuration, Value, kind
from tael.dmn.types import matrix
from tael.dmn.types.signatures import Overload, overloads

_TIME = Time(10, 0, 0, offset=0)
_DAY = Date(2020, 1, 2)
VALUES: tuple[Value, ...] = (
    Decimal(3), "a", True, _DAY, _TIME, DateTime(_DAY, _TIME), DaysDuration(10**12),
    MonthsDuration(5), (Decimal(1), Decimal(2)), {"a": Decimal(1)},
)  # fmt: skip


def shape(one: Overload) -> tuple[tuple[str, ...], int, bool]:
    return tuple(each.name for each in one.parameters), one.required, one.variadic


def test_every_built_in_function_has_signatures_and_no_other_name_does() -> None:
    assert set(overloads()) == set(BUILTINS)


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_signatures_name_the_parameters_of_the_function(name: str) -> None:
    first = BUILTINS[name]
    ways = {
        (
            each.parameters,
            len(each.parameters) if each.required is None else each.required,
            each.variadic,
        )
        for each in (first, *first.overloads)
    }
    told = {shape(one) for one in overloads()[name]}
    narrower = {("from",), ("n",)}  # told apart by type, not by count
    assert ways <= told
    assert {each for each in told - ways if each[0] not in narrower} == set()


@pytest.mark.parametrize("operator", sorted(ARITHMETIC))
@pytest.mark.parametrize("left", VALUES, ids=kind)
@pytest.mark.parametrize("right", VALUES, ids=kind)
def test_the_matrix_of_types_is_what_the_operators_do(
    operator: str, left: Value, right: Value
) -> None:
    told = matrix.arithmetic(operator, NamedType(kind(left)), NamedType(kind(right)))
    try:
        made = ARITHMETIC[operator](left, right)
    except Nothing:
        assert told is None
    else:
        assert told == NamedType(kind(made))
