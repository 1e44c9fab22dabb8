"""``tael dmn explain``: why a decision came out as it did."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tael.cli.decision_check import Language
from tael.cli.decision_inputs import ModelFile, Values, one
from tael.cli.output import AsJson, plain, put, say, show, table

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console
    from rich.tree import Tree

    from tael.dmn import Explanation

_WIDEST = 120


class Method(Enum):
    """How a shortfall of points is measured."""

    MAXIMUM = "maximum"
    MEDIAN = "median"


def explain(
    file: ModelFile,
    values: Values = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="A JSON file with one object of inputs.")
    ] = None,
    decision: Annotated[
        str | None, typer.Option("--decision", help="The decision; the last one when not given.")
    ] = None,
    method: Annotated[
        Method, typer.Option("--method", help="Shortfall of points to the maximum or the median.")
    ] = Method.MAXIMUM,
    most: Annotated[int, typer.Option("--most", min=1, help="At most so many reasons.")] = 4,
    language: Annotated[
        Language, typer.Option("--lang", help="The language of reasons: en or zh.")
    ] = Language.EN,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a self-contained page here, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain a decision: what it read, which rules fired, and the main reasons.

    Shows the trace as a tree from the decision down to the inputs, each rule with its annotations,
    then the reasons that the model declares, by their shortfall of points.

    Examples:

        tael dmn explain policy.dmn --inputs one.json --decision Outcome
        tael dmn explain policy.dmn -i score=640 --decision Outcome --lang zh --json
        tael dmn explain policy.dmn --inputs one.json --html why.html
    """
    from tael.dmn import DmnError, load

    model = load(file)
    if not model.decisions:
        raise DmnError("has no decision to explain", file=str(file), rule="at least one decision")
    wanted = decision or model.decisions[-1]
    given = one(model, inputs, values)
    found = model.explain(given, wanted, most=most, method=method.value)
    said = model.evaluate(given, wanted).to_json()
    data = {
        "model": model.name,
        "hash": model.hash,
        "decision": wanted,
        **said,
        "method": found.method,
        "reasons": _reasons(found, language),
    }
    show(data, lambda screen: _draw(screen, wanted, data), as_json=as_json)
    if html is not None:
        _page(html, wanted, data, language)
        say(f"wrote {html}")


def _reasons(found: Explanation, language: Language) -> list[dict[str, object]]:
    return [
        {
            "code": reason.code,
            "text": reason.text(language.value),
            "node": reason.node,
            "rule": reason.rule,
            "points": plain(reason.points),
            "best": plain(reason.best),
            "shortfall": plain(reason.shortfall),
        }
        for reason in found.reasons
    ]


# --- on the screen


def _draw(screen: Console, decision: str, data: dict[str, Any]) -> None:
    from rich.tree import Tree

    steps = {step["node"]: step for step in data["trace"]}
    inputs = {name: value for step in data["trace"] for name, value in step["reads"].items()}
    tree = Tree(_line(decision, data["outputs"].get(decision, data["outputs"])))
    if decision in steps:
        _grow(tree, steps[decision], steps, {decision})
    else:
        for name in data["outputs"]:
            _branch(tree, name, data["outputs"][name], steps, set())
    screen.print(tree)
    _draw_reasons(screen, data)
    for warning in data["warnings"]:
        say(f"warning: {warning}")
    if not inputs:
        put("Nothing was read.")


def _grow(tree: Tree, step: dict[str, Any], steps: dict[str, Any], shown: set[str]) -> None:
    from rich.text import Text

    for rule in step["fired"]:
        words = "; ".join(each for each in rule["annotations"] if each)
        name = f"rule {rule['number']}" + (f" ({rule['id']})" if rule["id"] else "")
        tree.add(Text(f"{name} fired" + (f": {words}" if words else ""), style="bold"))
    for name, value in step["reads"].items():
        _branch(tree, name, value, steps, shown)


def _branch(tree: Tree, name: str, value: object, steps: dict[str, Any], shown: set[str]) -> None:
    """What was read; a decision with what it read in turn, once."""
    from rich.text import Text

    if name not in steps:
        tree.add(Text(_text(name, value)))
    elif name in shown:
        tree.add(Text(f"{_text(name, value)}, see above"))
    else:
        shown.add(name)
        _grow(tree.add(_line(name, value)), steps[name], steps, shown)


def _line(name: str, value: object) -> Any:
    from rich.text import Text

    return Text(_text(name, value), style="cyan")


def _text(name: str, value: object) -> str:
    said = json.dumps(value, ensure_ascii=False)
    return f"{name} = {said if len(said) <= _WIDEST else said[:_WIDEST] + '...'}"


def _draw_reasons(screen: Console, data: dict[str, Any]) -> None:
    if not data["reasons"]:
        put("No reasons: nothing declined and nothing fell short, or the model declares none.")
        return
    columns = ("code", "reason", "from", "rule", "points", "of", "shortfall")
    keys = ("code", "text", "node", "rule", "points", "best", "shortfall")
    rows = [[reason[key] for key in keys] for reason in data["reasons"]]
    screen.print(table(f"Main reasons, by {data['method']}", columns, rows))


# --- as a page


def _page(path: Path, decision: str, data: dict[str, Any], language: Language) -> None:
    from tael.report import Page, Words

    page = Page(f"{data['model']}: {decision}", source=data["hash"])
    outputs = [[name, _value(value)] for name, value in data["outputs"].items()]
    page.table([Words("决策", "Decision"), Words("值", "Value")], outputs)
    if data["reasons"]:
        page.section(Words("主要原因", "Main reasons"))
        keys = ("code", "text", "node", "shortfall")
        rows = [[str(reason[key] or "") for key in keys] for reason in data["reasons"]]
        heads = (("代码", "Code"), ("原因", "Reason"), ("来自", "From"), ("差距", "Shortfall"))
        page.table([Words(*head) for head in heads], rows)
    page.section(Words("读取的数据与触发的规则", "What was read and which rules fired"))
    heads = (("步骤", "Step"), ("值", "Value"), ("规则", "Rules"), ("读取", "Read"))
    page.table([Words(*head) for head in heads], [_row(step) for step in data["trace"]])
    if data["warnings"]:
        page.section(Words("为何有空值", "Why anything is null"))
        page.table([Words("警告", "Warning")], [[warning] for warning in data["warnings"]])
    page.write(path, locale=language.value)


def _row(step: dict[str, Any]) -> list[str]:
    rules = [
        f"{rule['number']} " + "; ".join(each for each in rule["annotations"] if each)
        for rule in step["fired"]
    ]
    reads = [f"{name} = {_value(value)}" for name, value in step["reads"].items()]
    return [step["node"], _value(step["value"]), " | ".join(rules), ", ".join(reads)]


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
