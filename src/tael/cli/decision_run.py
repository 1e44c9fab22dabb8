"""``tael dmn run``: a model on one case, or on every row of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.decision_inputs import ModelFile, Values, holds_rows, many, one
from tael.cli.output import AsJson, put, say, show, table
from tael.kernel import BadInput

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    import pyarrow as pa
    from rich.console import Console

    from tael.dmn import BatchResult, Model, Result

_SHOWN = 20


def run(
    file: ModelFile,
    values: Values = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs",
            help="A JSON file with one object; or many rows: .csv, .parquet, a JSON list.",
        ),
    ] = None,
    decision: Annotated[
        str | None,
        typer.Option("--decision", help="One decision or service; all decisions when not given."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the results of many rows here: .csv or .parquet."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on inputs.

    Shows results, the rules that fired, and why anything is null. A file of many rows is evaluated
    in columns where the model allows it, row by row elsewhere, with the same answers.

    Examples:

        tael dmn run policy.dmn -i score=640 -i amount=50000.00
        tael dmn run policy.dmn --inputs one.json --decision Outcome --json
        tael dmn run policy.dmn --inputs applications.parquet --out outcomes.parquet
    """
    from tael.dmn import load

    model = load(file)
    if inputs is not None and holds_rows(inputs):
        if values:
            raise BadInput("-i gives one case, the file many", field="input", rule="one of the two")
        _run_many(model, many(model, inputs), decision, out, as_json=as_json)
        return
    if out is not None:
        raise BadInput("--out is for many rows", field="out", rule="--inputs with many rows")
    result = model.evaluate(one(model, inputs, values), decision)
    data = {"model": model.name, "hash": model.hash, **result.to_json()}
    show(data, lambda screen: draw_result(screen, result), as_json=as_json)


def draw_result(screen: Console, result: Result) -> None:
    """Results, the rules that fired, and warnings beside them."""
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


def _run_many(
    model: Model, rows: pa.Table, decision: str | None, out: Path | None, *, as_json: bool
) -> None:
    batch = model.evaluate_batch(rows, [decision] if decision else None)
    if out is not None:
        _write(batch.table, out)
    data = {
        "model": model.name,
        "hash": model.hash,
        "rows": batch.table.num_rows,
        "rows_fallen_back": batch.rows_fallen_back,
        "fallbacks": dict(batch.fallbacks),
        "outputs": [] if out else batch.table.to_pylist(),
    }
    show(data, lambda screen: _draw_many(screen, batch, out), as_json=as_json)


def _draw_many(screen: Console, batch: BatchResult, out: Path | None) -> None:
    found = batch.table
    if out is None:
        shown = found.slice(0, _SHOWN).to_pylist()
        lines = [[None if cell is None else str(cell) for cell in row.values()] for row in shown]
        screen.print(table("Results", found.column_names, lines))
        if found.num_rows > _SHOWN:
            put(f"... and {found.num_rows - _SHOWN} rows more; --out writes them all")
    put(f"{found.num_rows} rows, {batch.rows_fallen_back} of them computed alone.")
    for name, why in batch.fallbacks.items():
        put(f"{name}: row by row, {why}")
    if out is not None:
        say(f"wrote {out}")


def _write(results: pa.Table, out: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if out.suffix.lower() == ".parquet":
            parquet.write_table(results, out)
        elif out.suffix.lower() == ".csv":
            csv.write_csv(results, out)
        else:
            raise BadInput(f"{out} is of no known kind", field="out", rule=".csv or .parquet")
    except pa.ArrowInvalid as error:
        raise BadInput(
            f"{out}: {error}", field="out", rule=".parquet for lists and contexts"
        ) from None
