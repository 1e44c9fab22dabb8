"""Adverse-action reasons: carriers in the file, shortfalls, order, texts."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from tael.dmn import DmnError, Explanation, Model, authoring, load, loads
from tael.kernel import BadInput

HERE = Path(__file__).parent
MODEL = load(HERE / "models" / "reasons.dmn")
HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"'
    ' xmlns:why="https://tael.example/dmn/reasons" name="t" namespace="t">'
    '<inputData id="i" name="x"><variable name="x" typeRef="number"/></inputData>{root}'
    '<decision id="d" name="points"><extensionElements>{carrier}</extensionElements>'
    '<informationRequirement><requiredInput href="#i"/></informationRequirement>'
    "{logic}</decision></definitions>"
)


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / "cases" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def medians(text: str) -> dict[str, Decimal]:
    """``score.kind=10 age points=0``: names may hold spaces."""
    found: dict[str, Decimal] = {}
    name = ""
    for part in text.replace("=", " = ").split():
        if part == "=":
            continue
        try:
            found[name.strip()] = Decimal(part)
            name = ""
        except ArithmeticError:
            name += " " + part
    return found


def explained(case: dict[str, str]) -> Explanation:
    inputs = {
        "years": Decimal(case["years"]),
        "debt ratio": Decimal(case["debt"]),
        "kind of firm": case["kind"],
        "late payments": Decimal(case["late"]),
    }
    return MODEL.explain(
        inputs,
        "outcome",
        most=int(case["most"]),
        method=case["method"],
        medians=medians(case["medians"]),
    )


def model(logic: str, carrier: str = '<why:characteristic reason="R1"/>', root: str = "") -> Model:
    return loads(HEAD.format(logic=logic, carrier=carrier, root=root), file="t.dmn")


def literal(text: str) -> str:
    return f"<literalExpression><text>{text}</text></literalExpression>"


def table(policy: str, *rules: tuple[str, str], default: str = "") -> str:
    otherwise = f"<defaultOutputEntry><text>{default}</text></defaultOutputEntry>"
    body = "".join(
        f"<rule><inputEntry><text>{cell}</text></inputEntry>"
        f"<outputEntry><text>{points}</text></outputEntry></rule>"
        for cell, points in rules
    )
    return (
        f"<decisionTable {policy}><input><inputExpression><text>x</text></inputExpression></input>"
        f"<output>{otherwise if default else ''}</output>{body}</decisionTable>"
    )


@pytest.mark.parametrize("case", rows("reasons.csv"), ids=lambda case: case["name"])
def test_reasons_are_as_the_table_of_cases_says(case: dict[str, str]) -> None:
    found = explained(case)
    told = [
        reason.code if reason.is_knock_out else f"{reason.code}:{reason.shortfall}"
        for reason in found.reasons
    ]
    assert told == case["reasons"].split()
    assert found.value == case["outcome"]
    assert found.codes == tuple(reason.code for reason in found.reasons)
    for reason in found.reasons:
        step = found.trace.of(reason.node)
        assert step is not None
        assert reason.rule is None or reason.rule in [rule.number for rule in step.fired]


def test_the_method_that_was_used_is_told() -> None:
    by_name = {case["name"]: case for case in rows("reasons.csv")}
    fallen_back = explained(by_name["nobody below a median falls back to the maximum"])
    assert fallen_back.method == "maximum"
    assert explained(by_name["a median of the model"]).method == "median"


def test_a_reason_speaks_both_languages_and_its_code_where_it_has_no_words() -> None:
    found = explained(rows("reasons.csv")[0]).reasons
    age = next(reason for reason in found if reason.code == "R01")
    assert age.text("zh") == age.text("zh-CN") == age.text() == "经营年限较短"
    assert age.text("en-GB") == "A short time in business"
    assert next(r for r in found if r.code == "R02").text("zh") == "R02"
    assert (age.points, age.best, age.rule) == (Decimal("12.5"), Decimal(30), 2)


@pytest.mark.parametrize(
    ("logic", "best"),
    [
        (literal("if x &gt; 1 then 10 else -3"), 10),
        (literal("2 * (if x &gt; 1 then 10 else -30) - 5"), 15),
        (literal("-(if x &gt; 1 then 10 else 4)"), -4),
        (table('hitPolicy="FIRST"', ("&lt; 5", "1"), ("[2..4]", "50"), ("-", "7")), 7),
        (table('hitPolicy="FIRST"', ("&lt; 5", "1"), ("[2..5]", "50"), ("-", "7")), 50),
        (table('hitPolicy="UNIQUE"', ("&lt; 5", "1"), ("&lt; 3", "9"), default="4"), 4),
        (table('hitPolicy="UNIQUE"', ("&lt; 5", "1"), ("&gt;= 5", "2"), default="40"), 2),
        (table('hitPolicy="ANY"', ("&lt; 5", "3"), ("&gt; 1", "3")), 3),
        (table('hitPolicy="COLLECT" aggregation="SUM"', ("&lt; 5", "3"), ("&gt; 1", "4")), 7),
        (table('hitPolicy="COLLECT" aggregation="SUM"', ("&lt; 1", "3"), ("&gt; 5", "4")), 4),
        (table('hitPolicy="COLLECT" aggregation="SUM"', ("&lt; 1", "-3"), ("&gt; 5", "-4")), 0),
        (table('hitPolicy="COLLECT" aggregation="MIN"', ("&gt; 0", "3"), ("&gt; 5", "4")), 3),
        (table('hitPolicy="COLLECT" aggregation="MAX"', ("&gt; 0", "3"), ("&gt; 5", "4")), 4),
        (table('hitPolicy="FIRST"', ("x + 1", "1"), ("[2..4]", "50"), ("-", "7")), 50),
    ],
)
def test_the_most_points_count_only_what_some_input_attains(logic: str, best: int) -> None:
    assert [each.best for each in model(logic).reasoner.characteristics] == [Decimal(best)]


def test_points_of_a_value_are_explained_without_a_rule() -> None:
    found = model(literal("if x &gt; 1 then 10 else -3")).explain({"x": 1}, "points")
    assert [(r.code, r.shortfall, r.rule) for r in found.reasons] == [("R1", Decimal(13), None)]


@pytest.mark.parametrize(
    ("carrier", "logic", "x", "codes"),
    [
        ('<why:knockOut reason="K1"/>', literal("x &gt; 3"), 4, ["K1"]),
        ('<why:knockOut reason="K1"/>', literal("x &gt; 3"), 3, []),
        ("<why:codes/>", literal('if x &gt; 3 then ["A", "B", "A"] else []'), 4, ["A", "B"]),
        ("<why:codes/>", literal('if x &gt; 3 then "A" else null'), 4, ["A"]),
        ("<why:codes/>", table('hitPolicy="COLLECT"', ("&gt; 3", '"A"'), ("-", '"B"')), 4,
         ["A", "B"]),
        ('<why:knockOut reason="K1"/>', table('hitPolicy="FIRST"', ("&gt; 3", "1")), 4, ["K1"]),
    ],
)  # fmt: skip
def test_values_and_rules_may_knock_out(carrier: str, logic: str, x: int, codes: list[str]) -> None:
    found = model(logic, carrier).explain({"x": x}, "points").reasons
    assert [reason.code for reason in found] == codes
    assert all(reason.is_knock_out for reason in found)


@pytest.mark.parametrize(
    ("carrier", "logic", "message"),
    [
        ('<why:characteristic reason="R1"/>', literal("x * 2"), "say best"),
        ("<why:characteristic/>", literal("3"), "names no reason"),
        ('<why:characteristic reason="R1" entry="y"/>', literal("3"), "no entry 'y'"),
        ('<why:characteristic reason="R1" best="many"/>', literal("3"), "not a number of points"),
        ('<why:characteristic reason="R1" median="NaN"/>', literal("3"), "not a number of points"),
        ('<why:characteristics reason="R1"/>', literal("3"), "none of characteristic"),
        ('<why:characteristic points="p" reason="R1" output="p"/>',
         table("", ("-", "3")), "no output 'p'"),
    ],
)  # fmt: skip
def test_a_broken_declaration_is_refused_with_file_and_line(
    carrier: str, logic: str, message: str
) -> None:
    with pytest.raises(DmnError, match=message) as refused:
        _ = model(logic, carrier).reasoner
    assert refused.value.file == "t.dmn"
    assert refused.value.line == 1


@pytest.mark.parametrize("code", ["", "A"])
def test_a_code_stands_once_in_the_table_of_texts(code: str) -> None:
    root = f'<why:reason code="A"/><why:reason code="{code}"/>'
    root = f"<extensionElements><why:reasons>{root}</why:reasons></extensionElements>"
    with pytest.raises(DmnError, match="there twice"):
        model(literal("3"), root=root)


def test_a_median_that_nobody_gave_is_asked_for_by_name() -> None:
    with pytest.raises(BadInput, match=r"no median of 'score\.kind'"):
        MODEL.explain(
            {"years": 1, "debt ratio": 1, "kind of firm": "shop", "late payments": 0},
            "outcome",
            method="median",
        )


@pytest.mark.parametrize(("method", "most"), [("mean", 4), ("maximum", 0)])
def test_a_wrong_call_is_refused(method: str, most: int) -> None:
    with pytest.raises(BadInput):
        model(literal("3")).explain({"x": 1}, "points", method=method, most=most)


def test_reasons_count_in_the_hash_of_the_model_and_foreign_extensions_do_not() -> None:
    one = model(literal("3"))
    assert one.hash != model(literal("3"), '<why:characteristic reason="R2"/>').hash
    other = '<x:y xmlns:x="https://elsewhere.example" z="1"/>'
    assert model(literal("3"), other).hash == model(literal("3"), "").hash


def test_only_what_was_computed_gives_reasons() -> None:
    inputs = {"years": 0, "debt ratio": 1, "kind of firm": "shop", "late payments": 9}
    assert [r.code for r in MODEL.explain(inputs, "age points").reasons] == ["R01"]
    assert [r.code for r in MODEL.explain(inputs, "knock outs").reasons] == ["K01"]


def test_a_knowledge_model_gives_its_reason_at_every_call() -> None:
    body = table('hitPolicy="FIRST"', ("&lt; 5", "3"), ("-", "9"))
    root = (
        '<businessKnowledgeModel id="k" name="k"><extensionElements>'
        '<why:characteristic reason="R9"/></extensionElements><encapsulatedLogic>'
        f'<formalParameter name="x"/>{body}</encapsulatedLogic></businessKnowledgeModel>'
    )
    text = HEAD.format(root=root, carrier="", logic=literal("k(x) + k(x + 3)")).replace(
        "</informationRequirement>",
        '</informationRequirement><knowledgeRequirement><requiredKnowledge href="#k"/>'
        "</knowledgeRequirement>",
    )
    found = loads(text).explain({"x": 1}, "points").reasons
    assert [(r.code, r.points, r.best, r.shortfall) for r in found] == [
        ("R9", Decimal(6), Decimal(18), Decimal(12))
    ]


@pytest.mark.parametrize("kind", ["", ".xlsx", ".csv"])
def test_reasons_survive_authoring_and_the_spreadsheet(kind: str, tmp_path: Path) -> None:
    draft = authoring.Draft.read(HERE / "models" / "reasons.dmn")
    tables = draft.tables()
    for name, table_read in tables.items():
        again = {name: table_read}
        if kind:
            authoring.save_tables(tmp_path / f"table{kind}", again)
            again = authoring.read_tables(tmp_path / f"table{kind}")
        draft = draft.with_table(name, again[name])
    kept = loads(draft.to_xml())
    assert kept.hash == MODEL.hash
    inputs = {"years": 2, "debt ratio": 1, "kind of firm": "shop", "late payments": 7}
    assert kept.explain(inputs, "outcome").reasons == MODEL.explain(inputs, "outcome").reasons
