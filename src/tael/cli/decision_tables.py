"""``tael dmn convert``: decision tables between DMN files and spreadsheets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, show, table
from tael.kernel import BadInput, NotFound

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.dmn.authoring import Draft, Table

_DMN = ".dmn"


def convert(
    source: Annotated[Path, typer.Argument(help="A .dmn file, or tables: .csv or .xlsx.")],
    target: Annotated[Path, typer.Argument(help="The file to write, of the other kind.")],
    names: Annotated[
        list[str] | None,
        typer.Option("--table", help="Only this table; may be given several times."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", help="The model whose tables of the same names are replaced."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take decision tables out of a model into a spreadsheet, or put them back.

    A workbook has a sheet a table, a CSV file one table. Nothing is lost on the way: ids, labels
    and declared reasons come back as they were. The model is loaded before it is written; the
    target is written whole or not at all.

    Examples:

        tael dmn convert policy.dmn policy.xlsx
        tael dmn convert policy.dmn tier.csv --table tier
        tael dmn convert policy.xlsx policy-2.dmn --into policy.dmn
    """
    if source.suffix.lower() == _DMN:
        tables = _out(source, target, names or [])
    elif target.suffix.lower() == _DMN:
        tables = _back(source, target, into, names or [])
    else:
        raise BadInput("neither file is a model", field="target", rule="one of the two is a .dmn")
    rows = [(name, len(each.rules), each.hit_policy or "UNIQUE") for name, each in tables.items()]
    data = {
        "target": target,
        "tables": [{"name": name, "rules": rules, "hit_policy": hit} for name, rules, hit in rows],
    }

    def draw(screen: Console) -> None:
        screen.print(table(f"Written to {target}", ("table", "rules", "hit policy"), rows))

    show(data, draw, as_json=as_json)


def _out(source: Path, target: Path, names: list[str]) -> dict[str, Table]:
    from tael.dmn.authoring import Draft, save_tables

    tables = _only(Draft.read(source).tables(), names)
    if not tables:
        raise NotFound(f"{source} has no decision table", field="source")
    save_tables(target, tables)
    return tables


def _back(source: Path, target: Path, into: Path | None, names: list[str]) -> dict[str, Table]:
    from tael.dmn.authoring import Draft, read_tables

    if into is None:
        raise BadInput(
            "tables alone are no model", field="into", rule="--into names the model they belong to"
        )
    draft = Draft.read(into)
    tables = _only(read_tables(source, draft.judge()), names)
    for name, each in tables.items():
        draft = draft.with_table(name, each)
    _save(draft, into, target)
    return tables


def _only(tables: dict[str, Table], names: list[str]) -> dict[str, Table]:
    missing = [name for name in names if name not in tables]
    if missing:
        raise NotFound(
            f"there is no table {missing[0]!r}; there are {', '.join(tables) or 'none'}",
            field="table",
        )
    return {name: each for name, each in tables.items() if not names or name in names}


def _save(draft: Draft, into: Path, target: Path) -> None:
    """Beside the model, so that its imports are found; loaded there before it takes its name."""
    from tael.dmn import load

    trial = into.with_name(f".{target.name}.{os.getpid()}.dmn")
    try:
        trial.write_text(draft.to_xml(), "utf-8")
        load(trial)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        part.write_bytes(trial.read_bytes())
        part.replace(target)
    finally:
        trial.unlink(missing_ok=True)
