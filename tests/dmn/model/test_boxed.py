"""Boxed expressions (DMN 1.5 clause 10.2.2) by tables: the form, and what it gives."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape

import pytest

from tael import dmn

MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="n">
<itemDefinition name="Goods" isCollection="true">
  <itemComponent name="unit price"><typeRef>number</typeRef></itemComponent>
</itemDefinition>
<inputData id="goods" name="goods"><variable name="goods" typeRef="Goods"/></inputData>
<decision id="d" name="D"><variable name="D"/>
  <informationRequirement><requiredInput href="#goods"/></informationRequirement>
  {logic}
</decision></definitions>"""
GOODS = [{"unit price": 1}, {"unit price": 3}]


def literal(text: str) -> str:
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def filtered(source: str, match: str) -> str:
    return f"<filter><in>{literal(source)}</in><match>{match}</match></filter>"


def iterated(form: str, source: str, part: str, body: str) -> str:
    inside = f"<in>{literal(source)}</in><{part}>{literal(body)}</{part}>"
    return f'<{form} iteratorVariable="i">{inside}</{form}>'


def chosen(condition: str) -> str:
    parts = {"if": condition, "then": "true", "else": "false"}
    written = "".join(f"<{tag}>{literal(text)}</{tag}>" for tag, text in parts.items())
    return f"<conditional>{written}</conditional>"


def related(column: str, *cells: str) -> str:
    rows = "".join(f"<row>{literal(cell)}</row>" for cell in cells)
    return f"<relation>{column}{rows}</relation>"


FORMS = [
    (filtered("[1, 2, 3]", literal("item > 1")), (2, 3)),
    (filtered("[1, 2, 3]", literal("2")), 2),
    (filtered("[{p: 1}, {p: 2}]", literal("p > 1")), ({"p": 2},)),
    (filtered("[{p: 1}, {p: 2}]", literal("item.p > 1")), ({"p": 2},)),
    (filtered("goods", literal("unit price > 2")), ({"unit price": 3},)),
    (filtered("goods", chosen("unit price > 2")), ({"unit price": 3},)),
    (iterated("for", "[1, 2, 3]", "return", "i * 2"), (2, 4, 6)),
    (iterated("for", "[1..3]", "return", "i"), (1, 2, 3)),
    (iterated("for", "[1, 2, 3]", "return", "sum(append(partial, i))"), (1, 3, 7)),
    (iterated("some", "[1, 2, 3]", "satisfies", "i = 2"), True),
    (iterated("every", "[1, 2, 3]", "satisfies", "i = 2"), False),
    (chosen("1 = 1"), True),
    (chosen("null"), False),
    (related('<column name="a  b"/>', "1", '"x"'), ({"a b": 1}, {"a b": "x"})),
    (related('<column name="a" typeRef="number"/>', "[1]", '"x"'), ({"a": 1}, {"a": None})),
]


@pytest.mark.parametrize(("logic", "wanted"), FORMS)
def test_a_boxed_form_gives_what_its_written_one_does(logic: str, wanted: object) -> None:
    model = dmn.loads(MODEL.format(logic=logic))
    assert model.evaluate({"goods": GOODS}, "D").outputs["D"] == wanted


def test_a_name_that_nothing_declares_is_refused_outside_filters() -> None:
    for logic in (literal("p > 1"), iterated("for", "[1]", "return", "p")):
        with pytest.raises(dmn.DmnError, match="is not a name in scope"):
            dmn.loads(MODEL.format(logic=logic))


def test_the_value_of_a_boxed_iteration_is_of_the_numbers_of_feel() -> None:
    model = dmn.loads(MODEL.format(logic=iterated("for", "[0.1]", "return", "i + 0.2")))
    assert model.evaluate({}, "D").outputs["D"] == (Decimal("0.3"),)
