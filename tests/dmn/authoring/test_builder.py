"""Models made in Python: they load, run and give the same text again."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tael.dmn import DmnError, load
from tael.dmn.authoring import (
    Conditional,
    Context,
    Declaration,
    Definition,
    Draft,
    Each,
    Filtered,
    InputColumn,
    Invocation,
    Items,
    Logic,
    OutputColumn,
    Relation,
    Rule,
    Table,
    read_tables,
    save_tables,
)

CREDIT = Path(__file__).parents[1] / "models" / "credit.dmn"
SPACE = "https://example.org/tael/draft"


def empty() -> Draft:
    return Draft.new("draft", SPACE)


def credit() -> Draft:
    tier = Table(
        inputs=(InputColumn("years in business", "number"), InputColumn("kind", "tKind")),
        outputs=(OutputColumn("", "number", default="9"),),
        rules=(Rule(("[2..5)", "-"), ("2",)), Rule((">= 5", '"shop"'), ("1",), ("old shop",))),
        hit_policy="U",
        annotations=("why",),
    )
    return (
        empty()
        .type("tKind", "string", allowed='"shop", "farm"')
        .input("years in business", "number")
        .input("kind", "tKind")
        .input("debt", "number")
        .decision("tier", tier, "number")
        .knowledge("rate of tier", "0.10 + 0.01 * tier", {"tier": "number"}, "number")
        .decision("price", "rate of tier(tier) * debt", "number")
        .service("quote", ["price"], ["tier", "debt"])
    )


def test_what_a_model_says_outside_its_tables_does_not_depend_on_ids() -> None:
    said = credit().wording()
    text = credit().to_xml()
    renamed = re.sub(r'(id|href)="(#?)(\w+)"', r'\1="\2x_\3"', text)

    assert said["decision price"].endswith("typeRef=number rate of tier(tier) * debt")
    assert "old shop" not in said["decision tier"]
    assert renamed != text
    assert Draft.read(renamed).wording() == Draft.read(text).wording() == said


def test_what_a_model_says_holds_the_reasons_that_it_declares() -> None:
    plain = credit()
    told = plain.reason("young", {"en": "Too young", "zh": "太年轻"}, "age")
    declared = told.declares("tier", Declaration("knockOut", reason="young"))

    assert "reasons" not in plain.wording()
    assert "code=young concept=age" in told.wording()["reasons"]
    assert "太年轻" in told.wording()["reasons"]
    assert declared.wording()["decision tier"] != plain.wording()["decision tier"]


def test_a_draft_runs() -> None:
    model = credit().model()
    given = {"years in business": 7, "kind": "shop", "debt": 100}

    result = model.evaluate(given)

    assert result.outputs == {"tier": 1, "price": Decimal("11.00")}
    assert not result.warnings
    assert model.evaluate({"tier": 9, "debt": 100}, "quote").outputs == {"price": Decimal("19.00")}


def test_requirements_are_what_logic_reads() -> None:
    graph = credit().model().graph
    scopes = {node.name: sorted(node.scope) for node in graph.decisions.values()}
    assert scopes == {
        "tier": ["kind", "years in business"],
        "price": ["debt", "rate of tier", "tier"],
    }


def test_a_draft_reads_back_equal() -> None:
    text = credit().to_xml()
    assert Draft.read(text).to_xml() == text
    assert Draft.read(text).model().hash == credit().model().hash


def test_a_step_leaves_the_draft_before_as_it_was() -> None:
    before = empty()
    before.input("x", "number")
    assert not before.model().inputs


FORMS: dict[str, tuple[Logic, object]] = {
    "text": ("x + 1", 4),
    "context": (Context({"a": "x", "b": "a * 2"}), {"a": 3, "b": 6}),
    "context with a result": (Context({"a": "x"}, "a * 3"), 9),
    "list": (Items(("x", Items(("1",)))), (3, (1,))),
    "relation": (Relation(("a", "b"), (("1", "x"),)), ({"a": 1, "b": 3},)),
    "invocation": (Invocation("add", {"a": "x", "b": "1"}), 4),
    "function": (Context({"f": Definition({"y": "number"}, "y * x")}, "f(2)"), 6),
    "conditional": (Conditional("x > 2", '"more"', '"less"'), "more"),
    "filter": (Filtered("[1, x, 5]", "item > 2"), (3, 5)),
    "for": (Each("i", "[1, 2]", "i + x"), (4, 5)),
    "some": (Each("i", "[1, 2]", "i > x", "some"), False),
    "every": (Each("i", "[1, 2]", "i < x", "every"), True),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_each_boxed_form_is_written_and_runs(name: str) -> None:
    logic, expected = FORMS[name]
    draft = empty().input("x", "number")
    draft = draft.knowledge("add", "a + b", {"a": "number", "b": "number"}).decision("y", logic)

    assert draft.model().evaluate({"x": 3}, "y").outputs == {"y": expected}
    assert Draft.read(draft.to_xml()).to_xml() == draft.to_xml()


def test_types_have_components_and_collections() -> None:
    draft = (
        empty()
        .type("tLine", components={"amount due": "number", "paid": "boolean"})
        .type("tLines", "tLine", collection=True)
        .input("lines", "tLines")
        .decision("open", "sum(lines[not(paid)].amount due)", "number")
    )
    lines = [{"amount due": 5, "paid": False}, {"amount due": 7, "paid": True}]
    assert draft.model().evaluate({"lines": lines}).outputs == {"open": 5}


def test_a_draft_uses_another() -> None:
    library = Draft.new("library", f"{SPACE}/library").knowledge(
        "twice", "2 * x", {"x": "number"}, "number"
    )
    draft = empty().uses("lib", library).input("x", "number").decision("y", "lib.twice(x)")
    assert draft.model().evaluate({"x": 4}, "y").outputs == {"y": 8}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda d: d.decision("y", "z + 1"), "'z' is not a name in scope"),
        (lambda d: d.decision("y", "1 +"), "y: "),
        (lambda d: d.decision("x", "1"), "a second element is called 'x'"),
        (lambda d: d.service("s", ["nothing"]), "there is no 'nothing' yet; there are x"),
        (lambda d: d.with_table("x", Table((), (), ())), "no table is called 'x'"),
        (lambda d: d.decision("y", Relation(("a",), ((),))), "row 1 of a relation"),
        (lambda d: d.decision("y", Definition({}, "1", "Ruby")), "not 'Ruby'"),
        (lambda d: d.decision("y", Each("i", "[]", "i", "while")), "not 'while'"),
        (lambda d: d.decision("y\x00", "1").to_xml(), "U+0000"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_once_and_the_node_named(make, words: str) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with pytest.raises(DmnError) as refused:
        make(empty().input("x", "number"))
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["<definitions/>", "no xml", '<a xmlns="b"/>'])
def test_what_is_no_dmn_is_not_read(text: str) -> None:
    with pytest.raises(DmnError):
        Draft.read(text)


def test_a_table_is_replaced_and_the_rest_stays() -> None:
    draft = Draft.read(CREDIT)
    tables = draft.tables()
    assert list(tables) == ["knock-outs", "tier", "offer"][: len(tables)]

    changed = draft.with_table("tier", tables["tier"])

    assert changed.model().hash == load(CREDIT).hash


def test_another_table_changes_the_outcome() -> None:
    table = Table((InputColumn("score"),), (OutputColumn(),), (Rule(("-",), ("42",)),))
    model = Draft.read(CREDIT).with_table("tier", table).model()
    assert model.evaluate({"score": 1}, "tier").outputs == {"tier": 42}


def test_what_another_table_reads_besides_is_required() -> None:
    draft = empty().input("score", "number").input("kind", "string")
    draft = draft.decision("band", "if score > 5 then 1 else 2", "number")
    old = Table((InputColumn("score"),), (OutputColumn(),), (Rule(("-",), ("1",)),))
    table = Table(
        (InputColumn("band"), InputColumn("kind")),
        (OutputColumn(),),
        (Rule(("1", '"shop"'), ("score",)), Rule(("-", "-"), ("0",))),
        hit_policy="FIRST",
    )
    model = draft.decision("price", old).with_table("price", table).model()
    assert model.check() == ()
    found = model.evaluate({"score": 7, "kind": "shop"}, "price")
    assert (found.outputs, found.warnings) == ({"price": 7}, ())


NESTED = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="urn:n"
    name="nested" id="nested">
  <inputData id="_score" name="score"><variable name="score" typeRef="number"/></inputData>
  <inputData id="_kind" name="kind"><variable name="kind" typeRef="string"/></inputData>
  <decision id="_fee" name="fee"><variable name="fee"/>
    <context>
      <contextEntry><variable name="kind"/>
        <literalExpression><text>7</text></literalExpression></contextEntry>
      <contextEntry><variable name="due"/>
        <decisionTable hitPolicy="FIRST"><input><inputExpression><text>kind</text>
          </inputExpression></input><output/>
          <rule><inputEntry><text>7</text></inputEntry>
            <outputEntry><text>1</text></outputEntry></rule></decisionTable></contextEntry>
    </context></decision>
</definitions>"""


def test_a_table_in_a_context_knows_the_entries_before_it() -> None:
    draft = Draft.read(NESTED)
    table = replace(
        draft.tables()["fee / due"], rules=(Rule(("7",), ("kind + score",)), Rule(("-",), ("0",)))
    )
    changed = draft.with_table("fee / due", table).model()
    # Its own ``kind`` is not the input of that name, which nothing requires.
    assert [(each.kind, each.node) for each in changed.check()] == [("unused_input", "kind")]
    assert changed.evaluate({"score": 3}, "fee").outputs == {"fee": {"kind": 7, "due": 10}}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_reasons_stay_with_a_table_that_goes_through_a_sheet(tmp_path: Path, kind: str) -> None:
    path = CREDIT.with_name("reasons.dmn")
    draft = Draft.read(path)
    for name, table in draft.tables().items():
        file = tmp_path / f"t.{kind}"
        save_tables(file, {name: table})
        draft = draft.with_table(name, read_tables(file)[name])

    assert draft.model().hash == load(path).hash
    assert draft.model().graph.reasons.carriers.keys() == load(path).graph.reasons.carriers.keys()


def test_allowed_values_of_an_input_are_those_of_a_type_of_its_own() -> None:
    model = empty().input("kind", "string", allowed='"shop", "farm"').decision("k", "kind").model()
    assert model.evaluate({"kind": "farm"}).outputs == {"k": "farm"}
    assert "not an allowed value" in model.evaluate({"kind": "mine"}).warnings[0].message


def with_reasons() -> Draft:
    points = Table(
        (InputColumn("years", "number"),),
        (OutputColumn("", "number"),),
        (Rule(("< 2",), ("5",)), Rule((">= 2",), ("30",))),
    )
    return (
        empty()
        .input("years", "number")
        .reason("R01", {"en": "A short time in business", "zh": "经营年限较短"})
        .reason("R02", {"en": "Other"}, concept="other")
        .decision("tier", "1", "number")
        .decision("points", points, "number")
        .declares("points", Declaration("characteristic", "R01", medians={"": 20, "1": 25}))
        .decision("outcome", 'if points >= 10 then "approve" else "refer"')
        .medians_by("tier")
    )


def test_reasons_are_declared_in_python() -> None:
    draft = with_reasons()
    (reason,) = draft.model().explain({"years": 1}, "outcome").reasons
    assert (reason.code, reason.shortfall, reason.text("zh")) == ("R01", 25, "经营年限较短")
    assert draft.model().graph.reasons.chooser == "tier"
    assert Draft.read(draft.to_xml()).to_xml() == draft.to_xml()


def test_a_declaration_of_another_kind_is_refused() -> None:
    with pytest.raises(DmnError, match="not 'points'"):
        with_reasons().declares("tier", Declaration("points"))
