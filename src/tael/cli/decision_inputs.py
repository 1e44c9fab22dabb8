"""What decision commands read: inputs from options, a JSON object, or a file with many rows."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tael.kernel import BadInput, NotFound

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    import pyarrow as pa

    from tael.dmn import Model

ModelFile = Annotated[Path, typer.Argument(help="A DMN file.")]
Values = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", help="NAME=VALUE, VALUE as JSON or as plain text."),
]
_MANY = (".csv", ".parquet")
_KINDS = "a file that ends in .json, .csv or .parquet"


def holds_rows(path: Path | None) -> bool:
    """Whether ``path`` is a file of many rows: CSV, Parquet, or a JSON list of objects."""
    if path is None:
        return False
    return path.suffix.lower() in _MANY or isinstance(_json(path), list)


def one(model: Model, path: Path | None, values: list[str] | None) -> dict[str, object]:
    """The inputs of one evaluation: those of the file, then those of the options.

    Raises:
        NotFound: no such file. BadInput: no JSON object, no NAME=VALUE, no input of the model.
    """
    read = {} if path is None else _json(path)
    if not isinstance(read, dict):
        raise BadInput(f"{path} holds no object", field="inputs", rule="one JSON object")
    given = {**read, **dict(_pair(text) for text in values or ())}
    _known(model, given)
    return given


def many(model: Model, path: Path) -> pa.Table:
    """The rows of a CSV, Parquet or JSON file; a column an input, named as in the model.

    In a CSV, an input of type string is read as text even where it looks like a number.
    """
    import pyarrow as pa

    try:
        if path.suffix.lower() == ".csv":
            table = _csv(model, path)
        elif path.suffix.lower() == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(path)
        else:
            table = pa.Table.from_pylist(_objects(path))
    except (pa.ArrowException, TypeError) as error:
        what = " ".join(str(error).split())
        raise BadInput(f"{path}: {what}", field="inputs", rule=_KINDS) from None
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field="inputs") from None
    _known(model, dict.fromkeys(table.column_names))
    return table


def _csv(model: Model, path: Path) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    texts = {name: pa.string() for name, kind in _base_types(model).items() if kind == "string"}
    options = csv.ConvertOptions(column_types=texts, strings_can_be_null=True)
    return csv.read_csv(path, convert_options=options)


def _base_types(model: Model) -> dict[str, str]:
    """The name of the built-in type under each input's; '' for any other."""
    found = {}
    for item in model.graph.inputs.values():
        kind: Any = item.type
        while hasattr(kind, "type"):
            kind = kind.type
        found[item.path + item.name] = getattr(kind, "name", "")
    return found


def _objects(path: Path) -> list[dict[str, object]]:
    read = _json(path)
    if not isinstance(read, list) or not all(isinstance(each, dict) for each in read):
        raise BadInput(f"{path} holds no list of objects", field="inputs", rule=_KINDS)
    return read


def _json(path: Path) -> object:
    if path.suffix.lower() in _MANY:
        raise BadInput(f"{path} holds rows, not one object", field="inputs", rule="a .json file")
    try:
        read: object = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field="inputs") from None
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}", field="inputs", rule=_KINDS) from None
    return read


def _pair(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"{text!r} is not NAME=VALUE", field="input", rule="NAME=VALUE")
    try:
        return name.strip(), json.loads(value, parse_float=Decimal)
    except ValueError:
        return name.strip(), value


def _known(model: Model, given: dict[str, object]) -> None:
    """Refuse a name that is no input: a misspelt one would be null without a word."""
    inner = {item.path.partition(".")[0] for item in model.graph.inputs.values() if item.path}
    decisions = {each.name for each in model.graph.decisions.values()} if model.services else set()
    unknown = sorted(set(given) - set(model.inputs) - inner - decisions)
    if unknown:
        raise BadInput(
            f"the model has no input {', '.join(unknown)}; it has {', '.join(model.inputs)}",
            field=unknown[0],
            rule="an input of the model",
        )
