"""Columns give what the scalar body gives, value for value: near cuts, on ties, with nulls."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.dmn import Model
from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.dmn.columnar.batch import evaluate_batch
from tael.dmn.columnar.columns import scale_of
from tael.dmn.columnar.writing import python_of

HUNT = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
GRID = [Decimal(text) for text in (
    "0", "1", "2", "3", "5", "7", "10", "12", "-1", "-3", "0.5", "0.25", "0.1", "0.3", "0.35",
    "0.05",
    "2.5", "3.5", "0.005", "1.005", "99.995", "100", "33.333", "1000000", "0.000001",
)]  # fmt: skip
ODD = [Decimal(text) for text in (
    "4611686018427387904", "-9223372036854775808", "123456789012345678", "0.1234567890123456789",
    "99999999999999999999", "1e-17", "0.999999999999999999",
)]  # fmt: skip
CONSTANTS = st.sampled_from([*GRID, Decimal("0.3333333333333333"), Decimal("1e15")])
NUMBERS = ("a", "b", "c")
ROUNDINGS = (
    "decimal",
    "round up",
    "round down",
    "round half up",
    "round half down",
    "floor",
    "ceiling",
)


def text(number: Decimal) -> str:
    return f"{number:f}"


def numeric(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.builds("({} {} {})".format, leaves, st.sampled_from("+-*/"), leaves)
    return st.one_of(
        leaves,
        binary,
        binary,
        st.builds("({} + {} - {})".format, leaves, leaves, leaves),
        st.builds("(-{})".format, leaves),
        st.builds("abs({})".format, leaves),
        st.builds("modulo({}, {})".format, leaves, leaves),
        st.builds("sqrt({})".format, leaves),
        st.builds("({} ** {})".format, leaves, st.sampled_from(["2", "3", "0.5", "-1", "b"])),
        st.builds(
            "{}([{}, {}, {}])".format,
            st.sampled_from(["min", "max", "sum", "mean"]),
            leaves,
            leaves,
            leaves,
        ),
        st.builds("{}({}, {})".format, st.sampled_from(ROUNDINGS), leaves, st.integers(-3, 6)),
        st.builds("(if {} < {} then {} else {})".format, leaves, leaves, leaves, leaves),
    )


LEAVES = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), CONSTANTS.map(text))
EXPRESSIONS = numeric(numeric(LEAVES))
TESTS = st.one_of(
    st.builds(
        "({} {} {})".format, EXPRESSIONS, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), LEAVES
    ),
    st.builds(
        "(s {} {})".format, st.sampled_from(["=", "!=", "<"]), st.sampled_from(['"x"', '"y"', "t"])
    ),
    st.builds("(s in ({}))".format, st.sampled_from(['"x"', '"x", "y"', 'not("z")'])),
    st.builds(
        "({} in ({}))".format, EXPRESSIONS, st.sampled_from(["< 3, [5..10)", "1", "not(> 0.35)"])
    ),
    st.just("f"),
    st.just("not(f)"),
)
LOGIC = st.one_of(
    TESTS, st.builds("({} {} {})".format, TESTS, st.sampled_from(["and", "or"]), TESTS)
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    low, high = sorted([draw(CONSTANTS), draw(CONSTANTS)])
    ends = f"{text(low)}..{text(high)}"
    return draw(st.sampled_from([
        "-", f"< {text(low)}", f"<= {text(high)}", f"> {text(low)}", f">= {text(high)}", text(low),
        f"[{ends}]", f"({ends})", f"[{ends})", f"({ends}]", f"not([{ends}))",
        f"{text(low)}, > {text(high)}",
    ]))  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> Table:
    policy = draw(
        st.sampled_from(["U", "A", "F", "P", "C", "R", "O", "C sum", "C min", "C max", "C count"])
    )
    looked = [draw(st.one_of(LEAVES, EXPRESSIONS)), draw(st.sampled_from(NUMBERS)), "s", "f"]
    numbers = draw(st.booleans()) or policy[2:] in ("sum", "min", "max")
    conclusions = ["1", "2.5", "-3"] if numbers else ['"red"', '"green"', '"blue"']
    values = ", ".join(reversed(conclusions)) if policy in "PO" else ""
    varying = numbers and policy in "FU" and draw(st.booleans())
    given_ = st.sampled_from([*conclusions, *(["a + b", "decimal(a / c, 2)"] if varying else [])])
    rules = tuple(
        Rule(
            (
                draw(cells()),
                draw(cells()),
                draw(st.sampled_from(["-", "-", '"x"', '"x", "z"', 'not("y")'])),
                draw(st.sampled_from(["-", "-", "true", "false"])),
            ),
            (draw(given_),),
        )
        for _ in range(draw(st.integers(1, 6)))
    )
    default = conclusions[0] if policy in "FUAP" and draw(st.booleans()) else ""
    output = OutputColumn("", "number" if numbers else "string", default=default, allowed=values)
    columns = tuple(InputColumn(each) for each in looked)
    return Table(columns, (output,), rules, policy[0], policy[2:].upper())


WHOLE = st.one_of(
    st.integers(-5, 12), st.sampled_from([33, 100, 10**6, 10**15, 2**53 + 1, 2**63 - 1, -(2**62)])
)
CLOSE = st.builds(
    lambda number, step: number + step,
    st.sampled_from(GRID),
    st.sampled_from(
        [Decimal(step) for step in ("0", "0", "0.01", "-0.01", "1e-9", "-1e-9", "1e-16")]
    ),
)
DOUBLES = st.one_of(
    CLOSE.map(float),
    st.sampled_from([0.1 + 0.2, 1 / 3, 1e300, -1e-300, 5e-324, 1e22, 0.30000000000000004, -0.0]),
    st.floats(-100, 100, allow_nan=False),
)


def decimals(places: int) -> st.SearchStrategy[Decimal]:
    step = Decimal(1).scaleb(-places)
    fits = [n for n in [*GRID, *ODD] if scale_of(n) <= places and n.adjusted() + places < 38]
    return st.one_of(st.sampled_from(fits), st.integers(-40, 40).map(lambda n: n * step))


@st.composite
def number_columns(draw: st.DrawFn, rows: int) -> pa.Array:
    def listed(values: st.SearchStrategy[Any]) -> list[Any]:
        missing = draw(st.sampled_from([0, 0, 8]))
        either = st.one_of(*[values] * 8, st.none()) if missing else values
        return draw(st.lists(either, min_size=rows, max_size=rows))

    kind = draw(st.sampled_from(["whole", "small", "double", "decimal"]))
    if kind == "whole":
        return pa.array(listed(WHOLE), pa.int64())
    if kind == "small":
        return pa.array(listed(st.integers(-9, 40)), pa.int16())
    if kind == "double":
        return pa.array(listed(DOUBLES), pa.float64())
    places = draw(st.sampled_from([0, 2, 6, 18]))
    return pa.array(listed(decimals(places)), pa.decimal128(38, places))


@st.composite
def batches(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(1, 12))
    columns = {name: draw(number_columns(rows)) for name in NUMBERS}
    for name in ("s", "t"):
        words = st.lists(st.sampled_from(["x", "y", "z", "w", None]), min_size=rows, max_size=rows)
        made = pa.array(draw(words), pa.string())
        columns[name] = made.dictionary_encode() if draw(st.booleans()) else made
    truths = st.lists(st.sampled_from([True, False, None]), min_size=rows, max_size=rows)
    return pa.table({**columns, "f": pa.array(draw(truths), pa.bool_())})


def draft() -> Draft:
    made = Draft.new("hunt", "https://example.org/hunt")
    for name in NUMBERS:
        made = made.input(name, "number")
    return made.input("s", "string").input("t", "string").input("f", "boolean")


def agree(model: Model, batch: pa.Table, *, compiled: bool) -> None:
    """Every value of every decision, and the rules that fired."""
    found = evaluate_batch(model, batch, trace=True, compiled=compiled)
    columns = {name: found.table.column(name) for name in found.table.column_names}
    for place, row in enumerate(batch.to_pylist()):
        wanted = model.evaluate_slowly(row)
        for name, value in wanted.outputs.items():
            there = columns[name][place].as_py()
            assert there == python_of(value, columns[name].type), (name, row, there, value)
            step = wanted.trace.of(name)
            if f"{name} rules" in columns and step is not None:
                fired = [rule.number for rule in step.fired]
                assert columns[f"{name} rules"][place].as_py() == fired, (name, row)


@pytest.mark.parametrize("compiled", [True, False], ids=["numba", "numpy"])
@HUNT
@given(
    expression=EXPRESSIONS,
    digits=st.integers(-2, 5),
    function=st.sampled_from(ROUNDINGS),
    batch=batches(),
)
def test_arithmetic_is_that_of_decimals(
    compiled: bool,  # noqa: FBT001 - a parameter of the test
    expression: str,
    digits: int,
    function: str,
    batch: pa.Table,
) -> None:
    model = (
        draft()
        .decision("value", expression, "number")
        .decision("rounded", f"{function}({expression}, {digits})", "number")
        .decision("read", "if rounded > 2.5 then rounded - 1 else value * 2", "number")
        .model()
    )
    agree(model, batch, compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False], ids=["numba", "numpy"])
@HUNT
@given(first=LOGIC, second=LOGIC, expression=EXPRESSIONS, batch=batches())
def test_conditions_are_never_guessed(
    compiled: bool,  # noqa: FBT001 - a parameter of the test
    first: str,
    second: str,
    expression: str,
    batch: pa.Table,
) -> None:
    model = (
        draft()
        .decision("first", first, "boolean")
        .decision("second", f'if {second} then "yes" else t', "string")
        .decision(
            "third", f"if first and not({second}) then decimal({expression}, 2) else 7", "number"
        )
        .decision(
            "fourth", f'concatenate(if {first} then ["A"] else [], if {second} then ["B"] else [])'
        )
        .decision("fifth", "{count: count(fourth), third: third, list: [third, 1]}")
        .model()
    )
    agree(model, batch, compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False], ids=["numba", "numpy"])
@HUNT
@given(table=tables(), other=tables(), batch=batches())
def test_tables_of_every_hit_policy_give_the_same(
    compiled: bool,  # noqa: FBT001 - a parameter of the test
    table: Table,
    other: Table,
    batch: pa.Table,
) -> None:
    model = draft().decision("one", table).decision("two", other).model()
    agree(model, batch, compiled=compiled)
