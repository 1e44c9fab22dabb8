"""The type of each form of expression, and what is found wrong in it, as a table of cases."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tael.dmn.feel.lexer import words
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names, Vocabulary
from tael.dmn.feel.parser import parse_expression, parse_type
from tael.dmn.feel.syntax import ContextType, ListType, TypeExpression
from tael.dmn.feel.type_system import type_text
from tael.dmn.findings import Finding
from tael.dmn.types.expressions import Typing
from tael.dmn.types.lattice import Definitions
from tael.dmn.types.naming import Names as Elements
from tael.dmn.types.report import Report, Site
from tael.dmn.types.scope import LIBRARY, Scope

CASES = Path(__file__).parent / "cases" / "expressions.csv"


def rows() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not row["expression"].startswith("#")]


def declared(text: str) -> dict[str, TypeExpression]:
    pairs = (part.partition(":")[::2] for part in text.split(";") if part.strip())
    return {name.strip(): parse_type(written.strip()) for name, written in pairs}


def members(types: dict[str, TypeExpression]) -> list[str]:
    found = [each.item if isinstance(each, ListType) else each for each in types.values()]
    return [name for each in found if isinstance(each, ContextType) for name, _ in each.entries]


def typed(
    expression: str, inputs: dict[str, TypeExpression]
) -> tuple[TypeExpression, tuple[Finding, ...]]:
    names = Names([*BUILTINS, *inputs])
    tree = parse_expression(expression, names, Vocabulary.of(members(inputs))).tree
    report = Report()
    typing = Typing(Site(report, "<text>", "one"), Definitions(), Elements(frozenset()))
    return typing.of(tree, Scope(inputs, LIBRARY)), report.sorted()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["expression"])
def test_an_expression_has_the_type_and_the_findings_of_its_row(row: dict[str, str]) -> None:
    found, findings = typed(row["expression"], declared(row["inputs"]))

    assert " ".join(f"{each.kind}@{each.column}" for each in findings) == (row["findings"] or "")
    assert type_text(found) == row["type"]


def test_each_finding_has_a_sentence_in_both_languages() -> None:
    _, (finding,) = typed('1 + "a"', {})

    assert finding.text("en") == "number + string is always null"
    assert finding.text("zh-CN") == "number + string 没有定义，结果总是 null"


def test_a_near_name_is_suggested() -> None:
    _, (finding,) = typed("amont + 1", declared("amount: number"))

    assert finding.text("en").endswith("did you mean 'amount'?")
    assert "是否指“amount”" in finding.text("zh")


def test_columns_of_later_lines_count_from_the_start_of_their_line() -> None:
    _, findings = typed('1 +\n  n +\n  "a"', declared("n: number"))

    assert [(each.line, each.column) for each in findings] == [(2, 5)]


def test_several_findings_come_at_once_in_the_order_of_the_text() -> None:
    _, findings = typed('[1 + "a", abs("b"), nothing]', {})

    assert [each.kind for each in findings] == ["operator_types", "argument_type", "unknown_name"]
    assert words("nothing") == ("nothing",)
