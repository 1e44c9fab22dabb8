"""DMN 1.1 to 1.5 say the same in different words: namespaces, types, languages."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tael.dmn import loads
from tael.dmn.model.namespaces import VERSIONS

FEEL = {
    "1.1": "http://www.omg.org/spec/FEEL/20140401",
    "1.2": "http://www.omg.org/spec/DMN/20180521/FEEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/FEEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/FEEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/FEEL/",
}


def document(namespace: str, feel: str, *, prefix: str) -> str:
    """A model with every kind of type reference; ``prefix`` stands before names of types."""
    own = "own:" if prefix else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <definitions xmlns="{namespace}" xmlns:feel="{feel}" xmlns:own="urn:test" id="m" name="m"
      namespace="urn:test" expressionLanguage="{feel}" typeLanguage="{feel}">
      <itemDefinition id="t1" name="tKind"><typeRef>{prefix}string</typeRef>
        <allowedValues><text>"company","person"</text></allowedValues></itemDefinition>
      <itemDefinition id="t2" name="tKinds" isCollection="true"><typeRef>{own}tKind</typeRef>
      </itemDefinition>
      <itemDefinition id="t3" name="tBorrower">
        <itemComponent id="c1" name="kind"><typeRef>{own}tKind</typeRef></itemComponent>
        <itemComponent id="c2" name="age days"><typeRef>{prefix}number</typeRef></itemComponent>
      </itemDefinition>
      <inputData id="i1" name="Borrower"><variable name="Borrower" typeRef="{own}tBorrower"/>
      </inputData>
      <businessKnowledgeModel id="b1" name="twice"><variable name="twice"/>
        <encapsulatedLogic><formalParameter name="x" typeRef="{prefix}number"/>
          <literalExpression expressionLanguage="{feel}"><text>2 * x</text></literalExpression>
        </encapsulatedLogic></businessKnowledgeModel>
      <decision id="d1" name="Limit"><variable name="Limit" typeRef="{prefix}number"/>
        <informationRequirement><requiredInput href="#i1"/></informationRequirement>
        <knowledgeRequirement><requiredKnowledge href="#b1"/></knowledgeRequirement>
        <decisionTable hitPolicy="UNIQUE" outputLabel="Limit">
          <input id="in1"><inputExpression typeRef="{own}tKind"><text>Borrower.kind</text>
          </inputExpression></input>
          <input id="in2"><inputExpression typeRef="{prefix}number">
            <text>Borrower.age days</text></inputExpression></input>
          <output id="o1" name="Limit" typeRef="{prefix}number"/>
          <rule id="r1"><inputEntry id="e1"><text>"company"</text></inputEntry>
            <inputEntry id="e2"><text>&gt;= 365</text></inputEntry>
            <outputEntry id="e3"><text>twice(100)</text></outputEntry></rule>
          <rule id="r2"><inputEntry id="e4"><text>-</text></inputEntry>
            <inputEntry id="e5"><text>&lt; 365</text></inputEntry>
            <outputEntry id="e6"><text>0</text></outputEntry></rule>
        </decisionTable></decision>
      <decisionService id="s1" name="service"><outputDecision href="#d1"/>
        <inputData href="#i1"/></decisionService>
    </definitions>"""


@pytest.mark.parametrize(("namespace", "version"), VERSIONS.items())
@pytest.mark.parametrize("prefix", ["", "feel:"])
def test_every_version_reads_alike(namespace: str, version: str, prefix: str) -> None:
    model = loads(document(namespace, FEEL[version], prefix=prefix))
    borrower = {"kind": "company", "age days": 400}
    assert model.evaluate({"Borrower": borrower}, "Limit").outputs == {"Limit": Decimal(200)}
    assert model.evaluate({"Borrower": borrower}, "service").outputs == {"Limit": Decimal(200)}


@pytest.mark.parametrize("namespace", VERSIONS)
def test_every_version_holds_inputs_to_their_types(namespace: str) -> None:
    model = loads(document(namespace, FEEL["1.5"], prefix="feel:"))
    result = model.evaluate({"Borrower": {"kind": "club", "age days": 400}}, "Limit")
    assert result.outputs["Limit"] is None
    assert "is not an allowed value" in result.warnings[0].message
