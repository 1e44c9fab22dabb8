"""Every refusal that people meet on the policy pages is told in Chinese, with its figures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import tael
from tael.console import book_words
from tael.console.policies import backtest_words
from tael.console.policies.refusal_words import SAID, WRONGS, told
from tael.console.policies.table_words import sheet_words
from tael.console.policies.words import problem_of
from tael.console.tongue import Tongue
from tael.kernel import BadInput, Conflict
from tael.policies import manifest

CHINA = ZoneInfo("Asia/Shanghai")
HOME = Path(tael.__file__).parent
# What is raised here reaches people on: deploy, approve, check, draft, rollback, grid, import.
SOURCES = (
    *(f"policies/{name}.py" for name in (
        "artefacts", "assignment", "cases", "figures", "model/deployments", "model/stopping",
        "model/versions", "objects", "shelf", "texts", "traffic", "versions", "writing",
    )),
    *(f"console/policies/{name}.py" for name in (
        "approvals", "deploying", "table_desk", "table_edits", "versions",
    )),
)  # fmt: skip
# Raised for programs alone: what a back-test hands in, which no form holds.
FOR_PROGRAMS = {"record_backtest"}
FAILURES = {"BadInput", "Conflict", "Forbidden", "NotFound"}
_NAMES = re.compile(r"%\((\w+)\)s")
ZH, EN = Tongue.open("zh-CN", CHINA), Tongue.open("en", CHINA)


def _telling(node: ast.AST) -> tuple[str, set[str]] | None:
    """Code and names of values of ``failure.telling(code, name=value)``."""
    match node:
        case ast.Call(func=ast.Attribute(attr="telling"), args=[ast.Constant(value=str() as code)]):
            return code, {str(each.arg) for each in node.keywords}
    return None


def _raised() -> Iterator[tuple[str, ast.AST]]:
    """Every exception that the sources raise, helpers that make one looked through."""
    for source in SOURCES:
        tree = ast.parse((HOME / source).read_text("utf-8"))
        makers = {
            node.name: each.value
            for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
            for each in node.body if isinstance(each, ast.Return) and _telling(each.value or each)
        }  # fmt: skip
        for function in (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)):
            if function.name in FOR_PROGRAMS:
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    made = node.exc
                    name = made.func.id if isinstance(made.func, ast.Name) else ""
                    yield f"{source}:{node.lineno}", makers.get(name) or made


def _codes() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for source in (*SOURCES, "kernel/ids.py", "console/policies/version.py"):
        for node in ast.walk(ast.parse((HOME / source).read_text("utf-8"))):
            known = _telling(node)
            if known:
                found[known[0]] = found.get(known[0], known[1]) & known[1]
    return found


CODES = _codes()


def test_whatever_the_acts_refuse_has_a_code() -> None:
    untold = []
    for place, made in _raised():
        name = (
            made.func.id if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) else ""
        )
        if _telling(made) is None and name not in {"InvariantBroken", "own_work", "_wrong"}:
            untold.append(place)
    assert not untold


@pytest.mark.parametrize("code", sorted(CODES.keys() | SAID.keys()))
def test_each_code_has_chinese_words_with_its_values(code: str) -> None:
    assert code in CODES, "a text that no room says"
    names = set(_NAMES.findall(SAID[code]))
    assert names <= CODES[code]
    values = {name: f"<{name}>" for name in CODES[code]}
    text = told(ZH, BadInput("an English sentence").telling(code, **values))
    assert re.search("[\u4e00-\u9fff]", text), text
    assert all(f"<{name}>" in text for name in names)
    words = re.sub(r"<\w+>", "", text)
    assert set(re.findall("[A-Za-z]+", words)) <= {"JSON", "UTF"}, text


def test_each_thing_wrong_with_a_signed_text_has_chinese_words() -> None:
    source = Path(str(manifest.__file__)).read_text("utf-8")
    for text in re.findall(r'yield (?:"\w+"|\w+), "([^"]+)"', source):
        assert text in WRONGS
    for text in WRONGS:
        assert ZH.text(WRONGS[text]) != text


def test_a_refusal_ends_without_english_in_chinese_and_as_ever_in_english() -> None:
    error = Conflict("a policy version goes from draft to checked", rule="draft, checked")
    error.telling("version_state", state="draft", to="deployed")
    chinese, english = problem_of(ZH, error, {}), problem_of(EN, error, {})
    assert chinese.said == "版本目前是“草稿”，不能变为“生效中”"
    assert (chinese.limit, chinese.rule) == ("", "")
    assert english.said == error.message
    silent = Conflict("this was said of old", rule="four eyes")
    assert problem_of(ZH, silent, {}).said == ""


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("row 7, column C, rule 2: a conclusion is empty; write null for no value",
         "第 7 行 · C 列 · 规则 2 · 结论为空；没有值请写 null"),
        ("row 3, column A: 'x' begins no line of a table; a rule begins with its number",
         "第 3 行 · A 列 · 'x' 不能作为表中一行的开头；规则行以编号开头"),
        ("policy.dmn:1: the root element is 'a' of '', not DMN 1.1 to 1.5",
         "policy.dmn:1: 根元素是 'a'，不是 DMN 1.1 至 1.5"),
        ("<text>:12: tier: requires '#x', which does not exist",
         "<text>:12: tier: 依赖的 '#x' 不存在"),
        ("format: not a scorecard of this format", "format: 格式不符"),
        ("is no XLSX file: File is not a zip file", "这不是电子表格；可读取 .xlsx 和 .csv"),
        ("row 2, column D, rule 1: pdd is not a name in scope",
         "第 2 行 · D 列 · 规则 1 · "),
    ],
)  # fmt: skip
def test_what_an_import_says_of_a_cell_is_told_in_chinese(english: str, chinese: str) -> None:
    assert sheet_words(ZH, english).startswith(chinese)
    assert "not a name" not in sheet_words(ZH, english)


# Where people upload books and begin back-tests, a refusal has words by its own code.
BY_CODE = {
    **{f"policies/books/{one.name}": book_words.REFUSALS
       for one in sorted((HOME / "policies/books").glob("*.py"))},
    "console/books.py": book_words.REFUSALS,
    "app/backtests.py": backtest_words.REFUSALS,
    "console/policies/backtests.py": backtest_words.REFUSALS,
}  # fmt: skip


@pytest.mark.parametrize("source", sorted(BY_CODE))
def test_books_and_back_tests_are_refused_in_chinese_too(source: str) -> None:
    for node in ast.walk(ast.parse((HOME / source).read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="BadInput")):
                codes = {
                    str(each.value)
                    for keyword in node.keywords if keyword.arg == "code"
                    for each in ast.walk(keyword.value) if isinstance(each, ast.Constant)
                }  # fmt: skip
                assert codes, f"{source}:{node.lineno} has no code"
                for code in codes:
                    for text in BY_CODE[source][code]:
                        assert ZH.text(text) != text, text
