"""A model from file to result: values, trace, warnings, hash."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tael.dmn import DmnError, Model, load, loads
from tael.kernel import BadInput, Rate

FILE = Path(__file__).parent / "models" / "credit.dmn"
TEXT = FILE.read_text("utf-8")
GOOD = {"score": 640, "kind": "company", "years in business": 5, "days overdue": 0}


def loads_literal(expression: str, inputs: tuple[str, ...] = ("x",)) -> Model:
    """A model of one decision ``answer`` that may read ``inputs``."""
    required = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in inputs
    )
    data = "".join(f'<inputData id="{name}" name="{name}"/>' for name in inputs)
    return loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="one">'
        f'{data}<decision id="a" name="answer">{required}'
        f"<literalExpression><text>{escape(expression)}</text></literalExpression>"
        "</decision></definitions>"
    )


def test_a_decision_is_computed_through_what_it_requires() -> None:
    offer = load(FILE).evaluate(GOOD, "offer").outputs["offer"]
    assert offer == {"base limit": Decimal(150000), "outcome": "approve", "limit": Decimal(150000)}


def test_every_decision_is_given_when_none_is_named() -> None:
    result = load(FILE).evaluate(GOOD)
    assert list(result.outputs) == ["knock-outs", "tier", "offer"]
    assert not result.warnings


def test_the_trace_shows_rules_annotations_and_what_was_read() -> None:
    result = load(FILE).evaluate(GOOD | {"days overdue": 45, "years in business": Decimal("0.5")})
    step = result.trace.of("knock-outs")
    assert step is not None
    assert [(rule.number, rule.id, rule.annotations) for rule in step.fired] == [
        (1, "k1", ("late now",)),
        (2, "k2", ("no record",)),
    ]
    assert dict(step.reads) == {"days overdue": 45, "years in business": Decimal("0.5")}
    assert step.value == ("overdue", "too young")


def test_only_what_the_answer_depends_on_is_read() -> None:
    result = load(FILE).evaluate({"score": 710}, "tier")
    assert [step.node for step in result.trace.steps] == ["tier"]
    assert not result.warnings


def test_a_missing_input_is_null_with_a_warning_that_names_it() -> None:
    result = load(FILE).evaluate({}, "tier")
    assert result.outputs == {"tier": None}
    assert str(result.warnings[0]).startswith("score, line 8: the input was not given")
    assert "no rule matched" in result.warnings[-1].message


@pytest.mark.parametrize("score", ["high", True, [1, 2]])
def test_an_input_of_another_type_is_null_with_a_warning(score: object) -> None:
    result = load(FILE).evaluate({"score": score}, "tier")
    assert result.outputs == {"tier": None}
    assert "is not a number" in result.warnings[0].message


def test_a_value_that_is_not_allowed_is_null_with_a_warning() -> None:
    result = load(FILE).evaluate(GOOD | {"kind": "charity"}, "offer")
    assert "not an allowed value of 'tKind'" in result.warnings[0].message


def test_a_float_counts_as_the_decimal_it_shows() -> None:
    model = loads_literal("0.1 + x = 0.3")
    assert model.evaluate({"x": 0.2}).outputs == {"answer": True}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), object()])
def test_what_is_no_value_is_refused_and_the_field_named(value: object) -> None:
    with pytest.raises(BadInput) as refused:
        load(FILE).evaluate({"score": value}, "tier")
    assert refused.value.field == "score"


def test_a_rate_enters_as_its_fraction() -> None:
    assert load(FILE).evaluate({"score": Rate(Decimal("0.04"))}, "tier").outputs == {
        "tier": Decimal(3)
    }


def test_an_unknown_decision_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DmnError, match="knock-outs, tier, offer"):
        load(FILE).evaluate(GOOD, "price")


def test_the_same_inputs_give_the_same_text() -> None:
    first, second = (json.dumps(load(FILE).evaluate(GOOD).to_json()) for _ in range(2))
    assert first == second
    assert '"limit": "150000"' in first


def test_the_hash_changes_with_meaning_and_not_with_layout() -> None:
    original = loads(TEXT).hash
    assert loads(TEXT.replace("\n      <rule", "\n\n  <!-- note -->  <rule")).hash == original
    assert loads(TEXT.replace("[600..700)", "[601..700)")).hash != original


@pytest.mark.parametrize("year", ["20191111", "20211108"])
def test_older_versions_of_the_standard_are_read(year: str) -> None:
    model = loads(TEXT.replace("20230324", year))
    assert model.evaluate(GOOD, "tier").outputs == {"tier": Decimal(2)}
    assert model.hash == loads(TEXT).hash


def test_a_document_type_is_refused_before_any_entity() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(DmnError, match="document type"):
        loads(bomb)


BROKEN = [
    ("</definitions>", "", "not well-formed", ""),
    ("20230324/MODEL", "20300101/MODEL", "not DMN 1.1 to 1.5", ""),
    ('href="#i_score"', 'href="#i_scores"', "does not exist", "tier"),
    ('id="i_kind"', 'id="i_score"', "second element has the id 'i_score'", "kind"),
    ("[600..700)", "[600..", "expected", "tier"),
    ("300000 / tier", "300000 / teir", "'teir' is not a name in scope", "offer"),
    ('hitPolicy="UNIQUE"', 'hitPolicy="BEST"', "hit policy 'BEST'", "tier"),
    (
        '<rule id="t3"><inputEntry><text>&lt; 600</text></inputEntry>',
        '<rule id="t3">',
        "rule 3 has 0",
        "tier",
    ),
    (
        '<requiredDecision href="#d_tier"/>',
        '<requiredDecision href="#d_tier"/><requiredDecision href="#d_offer"/>',
        "requires itself",
        "offer",
    ),
]


@pytest.mark.parametrize(("old", "new", "message", "node"), BROKEN)
def test_a_broken_model_is_refused_with_file_node_and_line(
    old: str, new: str, message: str, node: str
) -> None:
    assert old in TEXT
    with pytest.raises(DmnError, match=message) as refused:
        loads(TEXT.replace(old, new), file="credit.dmn")
    assert refused.value.file == "credit.dmn"
    assert refused.value.node == node
    assert refused.value.line > 0


def test_a_tolerant_load_lists_what_is_broken_and_goes_on() -> None:
    model = loads(TEXT.replace("300000 / tier", "300000 /"), tolerant=True)
    assert len(model.problems) == 1
    assert model.evaluate(GOOD, "tier").outputs == {"tier": Decimal(2)}


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(DmnError, match=r"nowhere\.dmn: cannot be read"):
        load("nowhere.dmn")
