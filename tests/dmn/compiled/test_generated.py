"""What becomes Python source, and what never does."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

import pytest

from tael.dmn import Model, loads

HOSTILE = (
    "x'); import os; ('",
    '"""\n__import__("os")',
    "a\\n  raise SystemExit",
    "{0.__class__}",
    "lambda: __builtins__",
    "\u540d\u79f0 \u202e ]",
)


def model_of(name: str, text: str) -> Model:
    """A table that tests an input for a string and answers with it."""
    quoted = escape('"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"')
    column = quoteattr(text.replace('"', ""))
    return loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m">'
        f'<inputData id="i" name={quoteattr(name)}><variable name={quoteattr(name)} '
        'typeRef="string"/></inputData>'
        f'<decision id="d" name={quoteattr(name + " out")}><variable name="d"/>'
        '<informationRequirement><requiredInput href="#i"/></informationRequirement>'
        '<decisionTable hitPolicy="FIRST"><input><inputExpression>'
        f"<text>word</text></inputExpression></input><output name={column}/>"
        f'<output name="b"/><rule id={quoteattr(text)}><inputEntry><text>{quoted}</text>'
        f"</inputEntry><outputEntry><text>{quoted}</text></outputEntry><outputEntry>"
        "<text>1</text></outputEntry></rule></decisionTable></decision></definitions>"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_model_becomes_source(text: str) -> None:
    model = model_of("word", text)
    result = model.evaluate({"word": text})
    assert result.outputs == model.evaluate_slowly({"word": text}).outputs
    traced = model._fast[None]
    assert traced is not None
    (body,) = traced._body._bodies.values()
    assert body is not None
    names = set(re.findall(r"[A-Za-z_]\w*", body.source))
    assert all(
        re.fullmatch(r"[a-z]\d*|raise|if|is|None|not|bit_length|get|return", n) for n in names
    )
    assert not re.search(r"['\"\\]", body.source)


def test_types_of_inputs_have_functions_of_their_own_and_few_of_them() -> None:
    model = model_of("word", "x")
    model.evaluate({"word": "x"})
    traced = model._fast[None]
    assert traced is not None
    for number in range(200):
        kind = type(f"T{number}", (str,), {})
        given = {"word": kind("x")}
        assert model.evaluate(given).outputs == model.evaluate_slowly(given).outputs
    assert len(traced._body._bodies) <= 64


def test_the_thread_keeps_its_own_decimal_context() -> None:
    before = Decimal(1) / Decimal(3)
    model = loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m">'
        '<inputData id="i" name="n"><variable name="n" typeRef="number"/></inputData>'
        '<decision id="d" name="d"><variable name="d"/><informationRequirement>'
        '<requiredInput href="#i"/></informationRequirement><literalExpression>'
        "<text>1 / n</text></literalExpression></decision></definitions>"
    )
    assert len(str(model.evaluate({"n": 3}).outputs["d"])) == 36
    assert model.evaluate({"n": 0}).outputs["d"] is None
    assert Decimal(1) / Decimal(3) == before
