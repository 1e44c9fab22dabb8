"""``tael dmn``: run and check a decision model, without a database."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli import decision_check, decision_kit
from tael.cli.output import AsJson, say, show, table
from tael.kernel import BadInput, NotFound

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.dmn import Result

group = typer.Typer(help="Decision models (DMN 1.5 files).", no_args_is_help=True)

_File = Annotated[Path, typer.Argument(help="A DMN file.")]


@group.command()
def run(
    file: _File,
    values: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="NAME=VALUE, VALUE as JSON or as plain text."),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="A JSON file with one object of inputs.")
    ] = None,
    decision: Annotated[
        str | None, typer.Option("--decision", help="One decision; all when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on inputs.

    Shows results, the rules that fired, and why anything is null.

    Examples:

        tael dmn run policy.dmn -i score=640 -i amount=50000.00
        tael dmn run policy.dmn --inputs one.json --decision Outcome --json
    """
    from tael.dmn import load

    model = load(file)
    given = {**_from_file(inputs), **dict(_pair(text) for text in values or ())}
    unknown = sorted(set(given) - set(model.inputs))
    if unknown:
        raise BadInput(
            f"the model has no input {', '.join(unknown)}; it has {', '.join(model.inputs)}",
            field=unknown[0],
            rule="an input of the model",
        )
    result = model.evaluate(given, decision)
    data = {"model": model.name, "hash": model.hash, **result.to_json()}
    show(data, lambda screen: _draw(screen, result), as_json=as_json)


group.command("check")(decision_check.check)
group.command("tck")(decision_kit.tck)


def _draw(screen: Console, result: Result) -> None:
    data = result.to_json()
    outputs = data["outputs"] if isinstance(data["outputs"], dict) else {}
    rows = [(name, json.dumps(value, ensure_ascii=False)) for name, value in outputs.items()]
    screen.print(table("Results", ("decision", "value"), rows))
    fired = [
        (step.node, rule.number, "; ".join(rule.annotations))
        for step in result.trace.steps
        for rule in step.fired
    ]
    if fired:
        screen.print(table("Rules that fired", ("decision", "rule", "annotations"), fired))
    for warning in result.warnings:
        say(f"warning: {warning}")


def _from_file(path: Path | None) -> dict[str, object]:
    if path is None:
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field="inputs") from None
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}", field="inputs", rule="JSON") from None
    if not isinstance(read, dict):
        raise BadInput(f"{path} holds no object", field="inputs", rule="one JSON object")
    return read


def _pair(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"{text!r} is not NAME=VALUE", field="input", rule="NAME=VALUE")
    try:
        return name.strip(), json.loads(value, parse_float=Decimal)
    except ValueError:
        return name.strip(), value
