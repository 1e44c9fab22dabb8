"""Whole models: everything wrong at once, where it stands, in both languages."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from tael import dmn
from tael.dmn.types.texts import TEXTS

HERE = Path(__file__).parent / "cases"
POLICY = Path(__file__).parents[3] / "src/tael/policies/data/first_policy.dmn"
_HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="m">'


def model(body: str) -> dmn.Model:
    return dmn.loads(f"{_HEAD}\n{body}</definitions>", tolerant=True)


def kinds(body: str) -> list[str]:
    return [each.kind for each in model(body).check()]


def decision(logic: str, of_type: str = "", requires: str = "") -> str:
    typed = f' typeRef="{of_type}"' if of_type else ""
    arrows = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in requires.split()
    )
    return f'<decision id="d" name="d"><variable name="d"{typed}/>{arrows}{logic}</decision>'


def literal(text: str) -> str:
    return f"<literalExpression><text>{text}</text></literalExpression>"


def given(name: str, of_type: str = "number") -> str:
    variable = f'<variable name="{name}" typeRef="{of_type}"/>'
    return f'<inputData id="{name}" name="{name}">{variable}</inputData>'


def test_a_faulty_model_has_all_findings_of_the_table_at_their_places() -> None:
    found = dmn.load(HERE / "faulty.dmn", tolerant=True).check()
    rows = [
        [each.kind, each.severity.value, each.node, str(each.line), str(each.column),
         " ".join(map(str, each.rules))]
        for each in found
    ]  # fmt: skip
    with (HERE / "faulty.csv").open(encoding="utf-8", newline="") as file:
        assert rows == list(csv.reader(file))[1:]


def test_columns_are_those_of_the_file() -> None:
    path = HERE / "faulty.dmn"
    lines = path.read_text("utf-8").splitlines()
    found = dmn.load(path, tolerant=True).check()
    places = {each.node: lines[each.line - 1][each.column - 1 :] for each in found if each.column}

    assert places["Missing arrow"].startswith("Rate + 1")
    assert places["Missing arrow of two words"].startswith("Monthly revenue")
    assert places["Wrong member"].startswith(".nane")
    assert places["Wrong result"].startswith("if Owner.name")
    assert places["Clock"].startswith("today()")


def test_the_policy_that_ships_has_no_finding() -> None:
    assert dmn.load(POLICY).check() == ()


def test_every_text_can_be_filled_in_both_languages() -> None:
    found = dmn.load(HERE / "faulty.dmn", tolerant=True).check()
    assert all(each.zh and each.en and "{" not in each.zh + each.en for each in found)
    assert all(zh != en for _, zh, en in TEXTS.values())


def test_the_reference_page_lists_every_code() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/findings.md").read_text("utf-8")
    rows = [
        f"| `{kind}` | {severity.value} | {en.replace('!r', '')} | {zh} |"
        for kind, (severity, zh, en) in TEXTS.items()
    ]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        ("1 +", "表达式没有写完，此处应为一个值"),
        ('"abc', "字符串没有结束"),
        ('date("2020-13-01")', "这里的值总是 null：历法中没有 2020-13-1 这一天"),
        ('@"soon"', "这里的值总是 null：'soon' 不是日期"),
    ],
)
def test_reasons_are_told_in_chinese(text: str, zh: str) -> None:
    found = model(decision(literal(text))).check()
    assert [zh in each.zh for each in found] == [True]


def test_a_reading_that_is_strict_still_finds_types() -> None:
    strict = dmn.loads(
        f"{_HEAD}{given('x')}{decision(literal('x + true'), requires='x')}</definitions>"
    )
    assert [each.kind for each in strict.check()] == ["operator_types"]


def test_types_of_decisions_without_a_declared_one_are_inferred() -> None:
    made = model(given("x") + decision(literal("if x &gt; 1 then [x] else []"), requires="x"))
    types = dmn.types.infer(made.graph)
    assert {key: dmn.types.type_text(found) for key, found in types.items()} == {
        "x": "number",
        "d": "list<number>",
    }


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("a sound model", given("x") + decision(literal("x * 2"), "number", "x"), []),
        ("a list where one is declared", given("x") + decision(literal("[x]"), "number", "x"),
         ["list_for_single"]),
        ("a date where a moment is declared", decision(literal('@"2020-01-01"'), "dateTime"), []),
        ("another kind", decision(literal('"a"'), "boolean"), ["result_type"]),
        ("null is of every type", decision(literal("null"), "boolean"), []),
        ("an input with an unknown type", given("x", "nmber"), ["unknown_type", "unused_input"]),
        ("an arrow to nothing", decision(literal("1"), requires="gone"), ["reference"]),
        ("a name nobody has", decision(literal("gone + 1")), ["unknown_name"]),
        ("a language of another kind",
         decision('<literalExpression expressionLanguage="urn:java"><text>1</text>'
                  "</literalExpression>"), ["language"]),
        ("two errors in one expression", decision(literal('[1 + "a", "b" - 1]')),
         ["operator_types", "operator_types"]),
        ("the same name twice is told twice", decision(literal("gone + gone")),
         ["unknown_name", "unknown_name"]),
    ],
)  # fmt: skip
def test_a_small_model_has_these_findings(name: str, body: str, expected: list[str]) -> None:
    assert kinds(body) == expected, name


def table(cells: str, result: str, policy: str = "UNIQUE", column: str = "") -> str:
    rule = (
        f"<rule><inputEntry><text>{cells}</text></inputEntry>"
        f"<outputEntry><text>{result}</text></outputEntry></rule>"
    )
    return (
        f'<decisionTable hitPolicy="{policy}"><input><inputExpression><text>x</text>'
        f"</inputExpression>{column}</input><output/>{rule}</decisionTable>"
    )


@pytest.mark.parametrize(
    ("of_type", "cell", "expected"),
    [
        ("number", "5", []),
        ("number", "&lt; 5, [7..9]", []),
        ("number", "-", []),
        ("number", "null", []),
        ("number", '"5"', ["cell_type"]),
        ("number", '&lt; "5"', ["cell_type"]),
        ("number", '["a".."b"]', ["cell_type"]),
        ("number", "not(5)", []),
        ("number", 'not("a")', ["cell_type"]),
        ("number", "true", ["cell_always"]),
        ("number", "false", ["cell_type"]),
        ("number", "? * 2 &gt; 5", []),
        ("number", "? + 2", ["cell_type"]),
        ("string", '"a", "b"', []),
        ("string", 'starts with(?, "a")', []),
        ("string", "5", ["cell_type"]),
        ("boolean", "true", []),
        ("date", 'date("2020-01-01")', []),
        ("date", '&gt; date("2020-01-01")', []),
        ("date", '&gt; "2020-01-01"', ["cell_type"]),
        ("Any", "5", []),
    ],
)
def test_a_cell_must_be_able_to_match_its_column(
    of_type: str, cell: str, expected: list[str]
) -> None:
    body = given("x", of_type) + decision(table(cell, "1"), "number", "x")
    found = kinds(body)
    assert [each.replace("condition_type", "cell_type") for each in found] == expected


@pytest.mark.parametrize(
    ("allowed", "cell", "expected"),
    [
        ("[0..100]", "50", []),
        ("[0..100]", "&gt; 100", ["cell_outside_allowed"]),
        ("[0..100]", "&gt;= 100", []),
        ("[0..100)", "100", ["cell_outside_allowed"]),
        ("(0..10), (20..30)", "[10..20]", ["cell_outside_allowed"]),
        ("(0..10), (20..30)", "[9..20]", []),
        ("&gt; 0", "not(&gt; 0)", ["cell_never"]),
        ("1, 2, 3", "&gt; 3", ["cell_outside_allowed"]),
        ("1, 2, 3", "&gt; 2", []),
    ],
)
def test_a_cell_must_match_some_allowed_value(allowed: str, cell: str, expected: list[str]) -> None:
    column = f"<inputValues><text>{allowed}</text></inputValues>"
    body = given("x") + decision(table(cell, "1", column=column), "number", "x")
    assert kinds(body) == expected


SERVICE = (
    given("x") + '<decision id="inner" name="inner"><variable name="inner" typeRef="number"/>'
    '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
    + literal("x + 1")
    + '</decision><decisionService id="s" name="grow"><variable name="grow" typeRef="number"/>'
    '<outputDecision href="#inner"/><inputData href="#x"/></decisionService>'
    '<decision id="d" name="d"><variable name="d" typeRef="number"/>'
    '<knowledgeRequirement><requiredKnowledge href="#s"/></knowledgeRequirement>'
    "{call}</decision>"
)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("grow(1)", []),
        ("grow(x: 1)", []),
        ('grow("one")', ["argument_type"]),
        ("grow(1, 2)", ["argument_count"]),
        ("grow(y: 1)", ["argument_name"]),
        ('"a" + grow(1)', ["operator_types"]),
    ],
)
def test_a_call_of_a_service_must_fit(call: str, expected: list[str]) -> None:
    assert kinds(SERVICE.replace("{call}", literal(call))) == expected


def test_a_knowledge_model_that_calls_itself_is_noted() -> None:
    body = (
        '<businessKnowledgeModel id="k" name="down"><variable name="down" typeRef="number"/>'
        '<encapsulatedLogic><formalParameter name="n" typeRef="number"/>'
        + literal("if n = 0 then 0 else down(n - 1)")
        + "</encapsulatedLogic></businessKnowledgeModel>"
        '<decision id="d" name="d"><variable name="d" typeRef="number"/>'
        '<knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement>'
        + literal("down(3)")
        + "</decision>"
    )
    assert kinds(body) == ["recursion"]


def test_types_come_through_an_import_and_findings_name_its_file() -> None:
    own = "https://www.omg.org/spec/DMN/20230324/MODEL/"
    lent = (
        f'<definitions xmlns="{own}" name="lent" namespace="lent">'
        '<itemDefinition name="tRate"><typeRef>number</typeRef></itemDefinition>'
        '<inputData id="r" name="rate"><variable name="rate" typeRef="tRate"/></inputData>'
        '<decision id="w" name="wrong"><variable name="wrong" typeRef="string"/>'
        '<informationRequirement><requiredInput href="#r"/></informationRequirement>'
        f"{literal('rate + 1')}</decision></definitions>"
    )
    text = (
        f'<definitions xmlns="{own}" name="m" namespace="m">'
        f'<import namespace="lent" name="lent" importType="{own}"/>'
        '<decision id="d" name="d"><variable name="d" typeRef="number"/>'
        '<informationRequirement><requiredInput href="lent#r"/></informationRequirement>'
        f"{literal('&quot;a&quot; + lent.rate')}</decision></definitions>"
    )
    found = dmn.loads(text, tolerant=True, imports={"lent": lent}).check()

    assert [(each.kind, each.file, each.node) for each in found] == [
        ("operator_types", "<text>", "d"),
        ("result_type", "lent", "wrong"),
    ]


def test_patterns_that_explode_do_not_hold_up_the_check() -> None:
    slow = 'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "((a*)*)*c")'
    begun = time.monotonic()
    model(decision(literal(f"[{', '.join([slow] * 40)}]"))).check()
    assert time.monotonic() - begun < 15


def test_a_deep_expression_does_not_end_the_check() -> None:
    deep = "(" * 30 + "1" + ")" * 30
    assert kinds(decision(literal(" + ".join([deep] * 60)), "number")) == []
