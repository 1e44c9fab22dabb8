"""Inputs that are hardly numbers or words: a fast body answers as the general one does."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from xml.sax.saxutils import escape

import pytest

from tael.dmn import Model, loads
from tael.kernel import BadInput


class Grade(IntEnum):
    FIRST = 1


class Whole(int):
    """An int that is not one exactly."""


class Real(float):
    """The same of a float."""


class Word(str):
    """The same of a string."""

    __slots__ = ()


class Liar(str):
    """A string that claims to equal every other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("a")


NUMBERS: tuple[object, ...] = (
    math.nan, -math.nan, math.inf, -math.inf, 1e300, -1e300, 5e-324, -0.0, 0.0, 0.1 + 0.2,
    2.0**53, 2.0**53 + 2, 9e15, -9e15, 8_999_999_999_999_999.0,
    2**53 + 1, 9 * 10**15, 9 * 10**15 - 1, -9 * 10**15, 10**30, -(10**17), 10**34, 10**40,
    True, False, Decimal("-0"), Decimal("-0E+5"), Decimal("0E-40"), Decimal("1E+3"),
    Decimal("1.50"), Decimal("1e-6000"), Decimal("1e6000"), Decimal("1.5e40"),
    Decimal("0." + "7" * 50), Decimal("NaN"), Decimal("-NaN"), Decimal("sNaN"),
    Decimal("Infinity"), Decimal("-Infinity"), Grade.FIRST, Whole(2), Real(0.3), Fraction(1, 3),
    1 + 0j, "1", None, [1], (2,), {"a": 1}, object(), b"1",
)  # fmt: skip
WORDS: tuple[object, ...] = (
    "a", "A", "", "a ", "\u00e9", "e\u0301", Word("a"), Liar("z"), b"a", 1, True, None, ["a"],
    "\ud800",
)  # fmt: skip
LITERALS = {
    "arithmetic": "n * 3 + 1", "quotient": "n / 7", "power": "2 ** n", "base": "n ** 2",
    "sign": "-n", "product": "n * -1", "least": "min(n, 4, n / 2)", "rounded": "decimal(n, 2)",
    "untaken": "if t then 1 else n + 1", "taken": "if t then n + 1 else 1",
    "compared": "n = 0.3 or n > 9e15", "between": "n between -1 and 1", "alone": "n",
    "whole": "modulo(n, 3)", "size": "abs(n)", "either": "t or n > 1", "word": 's = "a"',
    "same word": "s",
}  # fmt: skip
TABLES: dict[str, tuple[str, list[tuple[str, tuple[str, ...]]]]] = {
    "one column": ("FIRST", [("n", ("< 0", "0.3", "[1..2]", ">= 9e15", "-"))]),
    "no row for some": ("UNIQUE", [("n", ("< 0", "0", "(0..0.3]", "1"))]),
    "two columns": ("FIRST", [("n", ("< 0", "0", "1", "-")), ("s", ('"a"', "-", "-", "-"))]),
    "collected": ("COLLECT", [("n", ("< 0", "<= 0", "> 0.3", "-", "!= 1"))]),
    "summed": ('COLLECT" aggregation="SUM', [("n", ("< 0", "<= 0", "> 0.3", "-"))]),
    "of a quotient": ("FIRST", [("n / 10", ("0.1", "0.2", "< 0", "-"))]),
    "of words": ("FIRST", [("s", ('"a"', 'not("a")', "-"))]),
    "of truth": ("FIRST", [("t", ("true", "false")), ("n", ("-", "> 0"))]),
}  # fmt: skip


def model_of(logic: str) -> Model:
    kinds = {"n": "number", "s": "string", "t": "boolean"}
    data = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{kind}"/>'
        "</inputData>"
        for name, kind in kinds.items()
    )
    links = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in kinds
    )
    return loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m">'
        f'{data}<decision id="d" name="d"><variable name="d"/>{links}{logic}</decision>'
        "</definitions>"
    )


def literal(text: str) -> str:
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def table(policy: str, columns: list[tuple[str, tuple[str, ...]]]) -> str:
    heads = "".join(
        f"<input><inputExpression><text>{text}</text></inputExpression></input>"
        for text, _ in columns
    )
    rows = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in row)
        + f"<outputEntry><text>{number}</text></outputEntry></rule>"
        for number, row in enumerate(zip(*(cells for _, cells in columns), strict=True))
    )
    return f'<decisionTable hitPolicy="{policy}">{heads}<output/>{rows}</decisionTable>'


def answer(model: Model, inputs: dict[str, object], *, slowly: bool) -> object:
    """Values with their types and texts, warnings and trace; or the refusal."""
    evaluate = model.evaluate_slowly if slowly else model.evaluate
    try:
        result = evaluate(inputs)
    except BadInput as error:
        return str(error)
    value = result.outputs["d"]
    return type(value), value, result.to_json(), result.warnings, result.trace


@pytest.mark.parametrize("logic", [*map(literal, LITERALS.values()), *(
    table(*each) for each in TABLES.values())], ids=[*LITERALS, *TABLES])  # fmt: skip
def test_an_odd_input_is_answered_as_by_the_general_body(logic: str) -> None:
    model = model_of(logic)
    plain: dict[str, object] = {"n": 1, "s": "a", "t": True}
    cases = [{**plain, "n": each, "t": truth} for each in NUMBERS for truth in (True, False)]
    cases += [{**plain, "s": each} for each in WORDS]
    cases += [{**plain, "t": each} for each in (None, 1, 0, "true", [True])]
    cases += [{**plain, "n": each} for each in (0.3, 0.1, 1, 2, 3, -1, 0)]
    for inputs in [*cases, *reversed(cases)]:  # whichever types were met before
        fast = answer(model, inputs, slowly=False)
        assert fast == answer(model, inputs, slowly=True), inputs


def test_a_missing_input_is_left_to_the_general_body() -> None:
    model = model_of(literal("n + 1"))
    assert answer(model, {}, slowly=False) == answer(model, {}, slowly=True)
    assert model.evaluate({"n": 1, "s": "a", "t": True}).warnings == ()
