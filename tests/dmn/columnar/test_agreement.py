"""Single rows where columns and scalar could part: ties, cuts, nulls, -0.0, cancellation."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from tael.dmn import Model
from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.dmn.columnar.batch import evaluate_batch
from tael.dmn.columnar.writing import python_of

THIRD, TENTHS = 1 / 3, 0.1 + 0.2
# Expressions over a and b, and pairs of values that come close to where they turn.
NUMBERS: list[tuple[str, list[tuple[object, object]]]] = [
    ("a + b", [(1e300, -0.0), (-0.0, -0.0), (0.1, 0.2), (TENTHS, -0.3), (None, 1.0)]),
    ("a * b", [(-0.0, 5.0), (0.0, -5.0), (1e200, 1e-200), (-1e300, 0.0)]),
    ("-a", [(0.0, 1e300), (-0.0, 0.0), (1e300, 0.0)]),
    ("a - b + 0.1", [(1e16, 1e16), (0.3, 0.4), (1e15 + 0.125, 1e15), (THIRD, THIRD)]),
    ("(a + b - a) * 3", [(1e9, THIRD), (1e17, 1.0), (1e-9, -1e-9), (123456789.0, TENTHS)]),
    ("decimal(a / b, 2)", [(1.0, 8.0), (-1.0, 8.0), (0.005, 1.0), (-0.0, 3.0), (1.0, 0.0),
                           (2.675, 1.0), (1.005, 1.0), (0.1, 40.0)]),
    ("round half up(a * b, 1)", [(0.25, 1.0), (-0.25, 1.0), (0.5, 0.1), (-0.0, 1.0), (0.15, 1.0)]),
    ("round half down(a - b, 2)", [(0.125, 0.0), (1.0, 0.995), (-0.125, 0.0), (0.0, 1e-17)]),
    ("round up(a, 0) + round down(b, 0)", [(-0.4, -0.6), (1e-300, -1e-300), (2.0, -0.0)]),
    ("floor(a / 3 * 3)", [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (-1.0, 0.0)]),
    ("ceiling(a) + floor(b)", [(-0.5, -0.5), (5e-324, -5e-324), (2.0**53, 2.0**53)]),
    ("if a > b then a else b", [(0.1, 0.1), (TENTHS, 0.3), (-0.0, 0.0), (None, 0.0)]),
    ("if a ** 2 >= 2 then 1 else 0", [(2.0**0.5, 0.0), (1.41421356, 0.0), (-2.0, 0.0)]),
    ("modulo(a, b)", [(-0.0, 3.0), (-1.0, 3.0), (5.5, -2.0), (1.0, 0.0), (1e300, 7.0)]),
    ("sum([a, b, -a])", [(1e15, 0.3), (-0.0, 0.0), (1e300, 1.0), (THIRD, 0.1)]),
    ("min([a, b, 0])", [(-0.0, 0.0), (0.1, -1e-300), (None, -1.0)]),
    ("abs(a) * sqrt(b)", [(-0.0, 0.0), (3.0, 4.0), (3.0, -0.0), (1.0, -1.0), (1.0, 2.0)]),
]  # fmt: skip
CELLS = ["< 0", "[0..0.3)", "0.3", "(0.3..1]", "(1..1.005)", "> 1.005"]
NEAR = [0.0, -0.0, 0.3, TENTHS, 0.3 - 2**-54, 1.0, 1 + 2**-52, 1.005, 1.005 - 2**-52, 5e-324,
        -5e-324, 1e300, -1e300, None]  # fmt: skip


def draft() -> Draft:
    return Draft.new("near", "https://example.org/near").input("a", "number").input("b", "number")


def agree(model: Model, batch: pa.Table, *, compiled: bool) -> None:
    found = evaluate_batch(model, batch, compiled=compiled).table
    for place, row in enumerate(batch.to_pylist()):
        for name, value in model.evaluate_slowly(row).outputs.items():
            column = found.column(name)
            assert column[place].as_py() == python_of(value, column.type), (name, row)


@pytest.mark.parametrize("compiled", [True, False], ids=["numba", "numpy"])
@pytest.mark.parametrize(("expression", "pairs"), NUMBERS, ids=[each[0] for each in NUMBERS])
def test_a_number_near_its_turn_is_that_of_decimals(
    expression: str,
    pairs: list[tuple[object, object]],
    compiled: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    made = draft().decision("value", expression, "number")
    model = made.decision("rounded", "round half up(value, 2)", "number").model()
    doubles = {n: pa.array([p[i] for p in pairs], pa.float64()) for i, n in enumerate("ab")}
    agree(model, pa.table(doubles), compiled=compiled)
    for pair in pairs:  # alone, a row may take another way than beside others
        one = {n: pa.array([pair[i]], pa.float64()) for i, n in enumerate("ab")}
        agree(model, pa.table(one), compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False], ids=["numba", "numpy"])
@pytest.mark.parametrize("looked", ["a", "a / b", "a * b", "a + b - b", "decimal(a / b, 3)"])
@pytest.mark.parametrize("policy", ["U", "F", "C"])
def test_a_value_next_to_a_cut_meets_the_rule_that_it_should(
    looked: str,
    policy: str,
    compiled: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    rules = tuple(Rule((cell,), (f'"{cell}"',)) for cell in CELLS)
    table = Table((InputColumn(looked),), (OutputColumn("", "string"),), rules, policy)
    model = draft().decision("met", table).model()
    for divisor in (1.0, 3.0, -0.0, 0.1):
        columns = {"a": pa.array(NEAR, pa.float64()), "b": pa.array([divisor] * len(NEAR))}
        agree(model, pa.table(columns), compiled=compiled)


def test_zero_has_no_sign_whichever_way_it_came() -> None:
    model = draft().decision("product", "a * b", "number").decision("raw", "a", "number").model()
    zeros = [-0.0, 0.0, Decimal("-0.00"), 0]
    for zero in zeros:
        raw = model.evaluate_slowly({"a": zero, "b": 1}).outputs["raw"]
        assert isinstance(raw, Decimal)
        assert not raw.is_signed()
    batch = pa.table({"a": [-0.0, 1e300], "b": [-1.0, 1.0]})
    for compiled in (True, False):
        found = evaluate_batch(model, batch, compiled=compiled).table
        assert found.column("product").to_pylist()[0] == "0"
        agree(model, batch, compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False], ids=["numba", "numpy"])
def test_integers_at_the_ends_of_their_type_keep_their_value(
    compiled: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    table = Table(
        (InputColumn("a"),),
        (OutputColumn("", "string"),),
        tuple(Rule((cell,), (f'"{cell}"',)) for cell in ("< -5", "[-5..7]", "(7..5e18]", "> 5e18")),
        "F",
    )
    model = (
        draft()
        .decision("same", "a", "number")
        .decision("chosen", "if b > 0 then a else b", "number")
        .decision("less", "-a", "number")
        .decision("record", "{a: a, list: [a, b]}")
        .decision("least", "min([a, b])", "number")
        .decision("met", table)
        .model()
    )
    ends = [2**63 - 1, -(2**63), 2**62, -(2**62), 2**62 - 1, 5 * 10**18, 7, 0]
    batch = pa.table({"a": pa.array(ends, pa.int64()), "b": pa.array([1, 0] * 4, pa.int64())})
    agree(model, batch, compiled=compiled)
