"""Models that are broken or hostile: a clear error, or null with a warning; in bounded time."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape

import pytest

from tael.dmn import DmnError, Result, loads

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="n">'
LITERAL = "<literalExpression><text>{}</text></literalExpression>"


def document(body: str) -> str:
    return f"{HEAD}{body}</definitions>"


def decision(logic: str, name: str = "d", requires: str = "") -> str:
    return f'<decision id="{name}" name="{name}">{requires}{logic}</decision>'


def answer(expression: str) -> Result:
    logic = LITERAL.format(escape(expression))
    return loads(document(decision(logic))).evaluate({})


REFUSED = {
    "document type": ('<!DOCTYPE a [<!ENTITY x "y">]>' + document(""), "document type"),
    "entity bomb": (
        '<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + HEAD + "&b;</definitions>",
        "document type",
    ),
    "external entity": (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + HEAD + "&x;</definitions>",
        "document type",
    ),
    "empty": ("", "well-formed"),
    "cut": (HEAD, "well-formed"),
    "unknown encoding": ('<?xml version="1.0" encoding="nonsense"?>' + document(""), "encoding"),
    "multi-byte encoding": ('<?xml version="1.0" encoding="big5"?>' + document(""), "encoding"),
    "lone surrogate": (document("\ud800"), "well-formed"),
    "unknown namespace": ('<definitions xmlns="urn:x" name="m"/>', "not DMN 1.1 to 1.5"),
    "deep elements": (document("<a>" * 500 + "</a>" * 500), "nest too deeply"),
    "circle": (
        document(
            "".join(
                decision(
                    LITERAL.format("1"),
                    f"d{i}",
                    "<informationRequirement>"
                    f'<requiredDecision href="#d{(i + 1) % 3}"/></informationRequirement>',
                )
                for i in range(3)
            )
        ),
        "requires itself: d0 -&gt; d1".replace("&gt;", ">"),
    ),
    "ragged relation": (
        document(decision('<relation><column name="x"/><row/></relation>')),
        "0 cells, the relation 1 columns",
    ),
    "service of an input": (
        document(
            '<inputData id="i" name="i"/>'
            '<decisionService id="s" name="s"><outputDecision href="#i"/></decisionService>'
        ),
        "is no decision",
    ),
    "unknown hit policy": (document(decision('<decisionTable hitPolicy="X"/>')), "hit policy"),
    "character beyond Unicode": (
        document(decision(LITERAL.format('"\\U110000"'))),
        "beyond the last one",
    ),
    "number beyond decimal128": (document(decision(LITERAL.format("1e7000"))), "too large"),
    "parentheses": (
        document(decision(LITERAL.format("(" * 100_000 + "1" + ")" * 100_000))),
        "nests deeper",
    ),
    "brackets": (document(decision(LITERAL.format("[" * 100_000))), "nests deeper"),
    "types": (
        document(decision(LITERAL.format("1 instance of " + "list&lt;" * 3000))),
        "nests deeper",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_document_is_refused_with_a_reason(name: str) -> None:
    text, reason = REFUSED[name]
    with pytest.raises(DmnError) as refused:
        loads(text)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 2_000


NULL = {
    "10 ** (10 ** 9)": "Overflow",
    "0 ** -1": "not finite",
    'matches("aaa", "((((a{1000}){1000}){1000}){1000})")': "multiply",
    'replace("' + "a" * 400 + '", "a", "' + "b" * 50_000 + '")': "at most",
    '(for i in 1..60 return if i = 1 then "aaaaaa" else partial[-1] + partial[-1])[60]': "at most",
    "(for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]])[60]": "at most",
    "flatten((for i in 1..60 return if i = 1 then [] else [partial[-1], partial])[60])": "most",
    "for i in 1..1000000000 return i": "at most",
    "date(1e6000, 1, 1)": "no calendar",
    "sublist([1], 1e6000)": "no position",
    "time(1, 2, -0.5)": "no minute",
}


@pytest.mark.parametrize("expression", NULL)
def test_what_would_grow_without_end_is_null_with_a_warning(expression: str) -> None:
    result = answer(expression)
    assert result.outputs["d"] is None
    assert any(NULL[expression] in warning.message for warning in result.warnings)
    assert all(warning.node == "d" and warning.line == 1 for warning in result.warnings)


LONG = {
    "a sum": ("+".join(["1"] * 10_000), Decimal(10_000)),
    "a conjunction": (" and ".join(["true"] * 10_000), True),
    "a list": (f"count([{','.join(['1'] * 10_000)}])", Decimal(10_000)),
    "else if": ("if false then 1 else " * 2_000 + "2", Decimal(2)),
    "minus signs": ("-" * 9_999 + "1", Decimal(-1)),
    "a string": (f'string length("{"a" * 1_000_000}")', Decimal(1_000_000)),
    "nesting": ("(" * 90 + "1" + ")" * 90, Decimal(1)),
    "filters": ("[1]" + "[true]" * 2_000, (Decimal(1),)),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_expression_is_read_and_run(name: str) -> None:
    text, expected = LONG[name]
    assert answer(text).outputs["d"] == expected


KNOWLEDGE = (
    '<businessKnowledgeModel id="f" name="f"><encapsulatedLogic><formalParameter name="n"/>'
    "<literalExpression><text>{}</text></literalExpression></encapsulatedLogic>{}"
    "</businessKnowledgeModel>"
)
CALLS = '<knowledgeRequirement><requiredKnowledge href="#f"/></knowledgeRequirement>'


@pytest.mark.parametrize("own", ["", CALLS])
def test_a_knowledge_model_may_call_itself_hundreds_of_times(own: str) -> None:
    knowledge = KNOWLEDGE.format("if n = 0 then 0 else 1 + f(n - 1)", own)
    text = document(knowledge + decision(LITERAL.format("f(700)"), requires=CALLS))
    assert loads(text).evaluate({}).outputs["d"] == 700


def test_a_function_in_a_context_may_call_itself() -> None:
    found = answer("{f: function(n) if n = 0 then 1 else n * f(n - 1), r: f(20)}.r")
    assert found.outputs["d"] == 2432902008176640000


@pytest.mark.parametrize(
    "expression",
    [
        "{f: function(n) 1 + f(n), r: f(1)}.r",
        "{f: function(a, b) sort([1, 2], f), r: f(1, 2)}.r",
        "{f: function(n) [1][f(n)], r: f(1)}.r",
    ],
)
def test_a_recursion_without_end_is_an_error(expression: str) -> None:
    with pytest.raises(DmnError, match="nests too deeply"):
        answer(expression)


def test_a_service_that_calls_itself_is_an_error() -> None:
    needs = '<knowledgeRequirement><requiredKnowledge href="#s"/></knowledgeRequirement>'
    service = '<decisionService id="s" name="s"><outputDecision href="#d"/></decisionService>'
    model = loads(document(decision(LITERAL.format("s()"), requires=needs) + service))
    with pytest.raises(DmnError, match="nests too deeply"):
        model.evaluate({})


def test_a_chain_of_a_thousand_decisions_is_computed() -> None:
    def link(i: int) -> str:
        needs = (
            f'<informationRequirement><requiredDecision href="#d{i + 1}"/></informationRequirement>'
        )
        return decision(LITERAL.format(f"d{i + 1} + 1"), f"d{i}", needs)

    chain = "".join(map(link, range(1000))) + decision(LITERAL.format("0"), "d1000")
    assert loads(document(chain)).evaluate({}, "d0").outputs == {"d0": Decimal(1000)}


def test_a_warning_is_kept_once_however_often_a_loop_says_it() -> None:
    result = answer('for i in 1..1000 return "a" + 1')
    assert len(result.warnings) == 1


def test_a_recursive_type_is_null_with_a_warning() -> None:
    text = document(
        '<itemDefinition name="t"><typeRef>t</typeRef></itemDefinition>'
        '<decision id="d" name="d"><variable name="d" typeRef="t"/>'
        f"{LITERAL.format('1')}</decision>"
    )
    result = loads(text).evaluate({})
    assert result.outputs["d"] is None
    assert result.warnings[0].message == "the type nests too deeply"


@pytest.mark.parametrize("name", ["a sum", "else if", "nesting"])
def test_a_long_expression_is_checked_and_verified(name: str) -> None:
    text, _ = LONG[name]
    model = loads(document(decision(LITERAL.format(text))))
    assert not [finding for finding in model.check() if finding.severity == "error"]
    assert model.verify().findings == ()


def test_the_checker_notes_that_a_knowledge_model_calls_itself() -> None:
    knowledge = KNOWLEDGE.format("if n = 0 then 0 else 1 + f(n - 1)", "")
    text = document(knowledge + decision(LITERAL.format("f(3)"), requires=CALLS))
    assert [finding.kind for finding in loads(text).check()] == ["recursion"]


def test_allowed_values_that_loop_for_ever_are_stopped() -> None:
    loop = "some i in 1..1000000, j in 1..1000000 satisfies i = -1"
    text = document(
        f'<itemDefinition name="t"><typeRef>number</typeRef><allowedValues><text>{loop}</text>'
        '</allowedValues></itemDefinition><decision id="d" name="d">'
        f'<variable name="d" typeRef="t"/>{LITERAL.format("1")}</decision>'
    )
    result = loads(text).evaluate({})
    assert result.outputs["d"] is None
    assert "is not an allowed value" in result.warnings[0].message
