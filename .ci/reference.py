"""Writes the reference pages that follow the code: `make reference`.

Commands come from the command line itself, the API from its OpenAPI document. A test compares the
pages with what this would write, so they cannot fall behind.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent


def commands_page() -> str:
    """The text of docs/reference/commands.md."""
    from typer.main import get_command

    from tael.cli import app

    root = get_command(app)
    parts = [(HERE / "commands.md").read_text("utf-8"), _options(root)]
    parts += [_section(path, command) for path, command in _walk("tael", root)]
    return "\n".join(parts).rstrip() + "\n"


def api_page() -> str:
    """The text of docs/reference/api.md: api.md beside this file, then a row for each operation."""
    from tael.console import create_app
    from tael.platform import Settings

    house: Any = SimpleNamespace(settings=Settings())
    paths = create_app(house).openapi()["paths"]
    rows = [
        f"| `{method.upper()}` | `{path}` | {_what(operation)} |"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/api/")
    ]
    if not rows:
        rows = ["| | | none yet: this version serves pages only |"]
    table = "| method | path | what |\n|---|---|---|\n" + "\n".join(sorted(rows, key=_by_path))
    return (HERE / "api.md").read_text("utf-8") + "\n## Operations\n\n" + table + "\n"


def sources_page() -> str:
    """The text of docs/reference/sources.md: sources.md beside this file, then each source."""
    from tael.origination.sources import SOURCES

    parts = [(HERE / "sources.md").read_text("utf-8")]
    return "\n".join([*parts, *map(_source, SOURCES.values())]).rstrip() + "\n"


def _source(source: Any) -> str:
    later = ", later (202 first)" if source.asynchronous else ""
    head = (
        f"## `{source.name}`: {source.zh} {source.en}\n\n"
        f"Tells of {', '.join(source.subjects)}{later}. Basis: {source.law}. Fresh for "
        f"{source.stale_days} days, {source.price_minor} fen an answer. "
        f"Schema version {source.schema.version}.\n"
    )
    return "\n".join([head, *(_shape(section) for section in source.schema.sections)])


def _shape(section: Any) -> str:
    inside = f", a list in each of `{section.inside}`" if section.inside else ""
    feeds = f"; feeds `{section.stream}`" if section.stream else ""
    rows = [
        f"| `{one.name}` | {_held(one)} | {one.zh} {one.en} | "
        f"{f'`{one.column}`' if one.column else ''} |"
        for one in section.fields
    ]
    return (
        f"`{section.name}`: {section.zh} {section.en}{inside}{feeds}\n\n"
        "| field | holds | title | column |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _held(field: Any) -> str:
    kind = field.kind.value
    told = {"minor": "fen", "count": f"count of {field.unit}s", "code": ", ".join(field.codes)}
    return told.get(kind, kind) + (", or null" if field.optional else "")


def _what(operation: Any) -> str:
    return _plain(operation.get("description", "").partition("\n\n")[0])


def _by_path(row: str) -> tuple[str, str]:
    _, method, path, *_ = row.split("|")
    return path.strip(" `"), method


def _walk(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from _walk(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _section(path: str, command: Any) -> str:
    text = inspect.cleandoc(command.help or "")
    arguments = [
        param.name.upper() for param in command.params if param.param_type_name == "argument"
    ]
    usage = " ".join([path, *arguments])
    return f"## `{usage}`\n\n{text}\n\n{_options(command)}"


def _options(command: Any) -> str:
    rows = [
        f"| {_names(param)} | {_plain(param.help or '')} |"
        for param in command.params
        if param.param_type_name == "option" and "--help" not in param.opts
    ]
    return "| option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""


def _names(param: Any) -> str:
    names = [*param.opts, *param.secondary_opts]
    return ", ".join(f"`{name}`" for name in names)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def main() -> None:
    folder = HERE.parent / "docs/reference"
    (folder / "commands.md").write_text(commands_page(), "utf-8")
    (folder / "api.md").write_text(api_page(), "utf-8")
    (folder / "sources.md").write_text(sources_page(), "utf-8")


if __name__ == "__main__":
    main()
