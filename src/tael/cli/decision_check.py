"""``tael dmn check``: what the type checker finds wrong with a model."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, say, show, table

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.dmn import Finding


class Language(Enum):
    """The languages in which findings are told."""

    EN = "en"
    ZH = "zh"


def check(
    file: Annotated[Path, typer.Argument(help="A DMN file.")],
    language: Annotated[
        Language, typer.Option("--lang", help="The language of the findings: en or zh.")
    ] = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Check the types of a model before it runs.

    Lists inputs and decisions with their types, declared or inferred, then everything that is
    wrong, by place: unknown names and types, operators and calls that can only give null, cells
    that never match, results that are not of their declared type, requirements without an arrow.
    Ends with 6 when there is an error; warnings and notes alone end with 0.

    Examples:

        tael dmn check policy.dmn
        tael dmn check policy.dmn --lang zh
        tael dmn check policy.dmn --json
    """
    from tael.dmn import load, types

    model = load(file, tolerant=True)
    findings = model.check()
    found = types.infer(model.graph)
    decisions = {
        each.path + each.name: types.type_text(found[key])
        for key, each in model.graph.decisions.items()
    }
    counts = Counter(each.severity.value for each in findings)
    data = {
        "model": model.name,
        "hash": model.hash,
        "inputs": dict(model.inputs),
        "decisions": decisions,
        "findings": [each.to_json() for each in findings],
        "counts": {name: counts[name] for name in ("error", "warning", "note")},
        "sound": not counts["error"],
    }

    def draw(screen: Console) -> None:
        screen.print(f"{model.name}\n{model.hash}", markup=False)
        screen.print(table("Inputs", ("name", "type"), model.inputs.items()))
        screen.print(table("Decisions", ("name", "type"), decisions.items()))
        _draw(screen, findings, language)

    show(data, draw, as_json=as_json)
    if counts["error"]:
        say(f"tael: {counts['error']} errors in {file}")
        raise typer.Exit(ExitCode.ALARM)


def _draw(screen: Console, findings: tuple[Finding, ...], language: Language) -> None:
    rows = [
        (
            each.severity.value,
            ":".join(str(part) for part in (each.line, each.column) if part),
            each.node,
            each.kind,
            each.text(language.value),
        )
        for each in findings
    ]
    columns = ("severity", "line:column", "node", "code", "finding")
    if rows:
        screen.print(table("Findings", columns, rows))
    else:
        screen.print("No findings.")
