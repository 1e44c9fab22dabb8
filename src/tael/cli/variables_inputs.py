"""What the commands of variables read: instants, who is looked at when, which variables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.kernel import BadInput, NotFound

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from collections.abc import Sequence

    from tael.variables import Plan, Variable

Folder = Annotated[Path, typer.Argument(help="A folder of events, as `tael economy build` writes.")]
AsOf = Annotated[
    str, typer.Option("--asof", help="A day (00:00 UTC), or an instant with its time zone.")
]
Match = Annotated[str, typer.Option("--match", help="Only names that hold this text.")]
Definitions = Annotated[
    Path | None,
    typer.Option("--definitions", help="A folder of definitions; the shipped ones otherwise."),
]
_RULE = "a day like 2016-07-01, or an instant like 2016-07-01T12:00+08:00"
_YEARS = range(1990, 2039)


def instant(text: str, row: int | None = None) -> int:
    """UTC seconds of a day, at its start in UTC, or of an instant that names its time zone.

    Raises:
        BadInput: neither, or outside 1990 to 2038; with ``row`` where it stands in a file.
    """
    try:
        if len(text) == len("2016-07-01"):
            day = date.fromisoformat(text)
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no instant", field="asof", row=row, rule=_RULE) from None
    if found.tzinfo is None:
        raise BadInput(f"{text!r} has no time zone", field="asof", row=row, rule=_RULE)
    if found.astimezone(UTC).year not in _YEARS:
        rule = "an as-of instant lies between 1990 and 2038"
        raise BadInput(f"{text} lies outside", field="asof", row=row, rule=rule)
    return int(found.timestamp() // 1)


def instants(asof: str | None, path: Path | None) -> int | dict[str, int]:
    """The instant of everybody, or that of each borrower in a file.

    Raises:
        BadInput: none or both are given, or as `instant` and `asof_file`.
    """
    if asof is not None and path is None:
        return instant(asof)
    if path is not None and asof is None:
        return asof_file(path)
    rule = "--asof for all, or --asof-file for each"
    raise BadInput("give one of the two", field="asof", rule=rule)


def asof_file(path: Path) -> dict[str, int]:
    """Borrowers and their instants from a CSV with the columns ``borrower`` and ``asof``.

    Raises:
        NotFound: no such file. BadInput: another header, a row without a borrower or an instant, or
            a borrower twice; with the line.
    """
    found: dict[str, int] = {}
    for row, borrower, when in _asof_rows(path):
        if borrower in found:
            raise BadInput(f"{borrower} stands twice", field="borrower", row=row,
                           rule="one instant a borrower")  # fmt: skip
        found[borrower] = when
    return found


def asof_file_of_several(path: Path) -> dict[str, list[int]]:
    """The same of a file that may name a borrower with several instants, each in a row.

    Raises:
        NotFound, BadInput: as `asof_file`, but for a borrower and instant that stand twice.
    """
    found: dict[str, list[int]] = {}
    for row, borrower, when in _asof_rows(path):
        held = found.setdefault(borrower, [])
        if when in held:
            raise BadInput(f"{borrower} stands twice as of that instant", field="asof", row=row,
                           rule="a borrower is looked at once as of an instant")  # fmt: skip
        held.append(when)
    return found


def _asof_rows(path: Path) -> list[tuple[int, str, int]]:
    """Line, borrower and instant of each row."""
    try:
        # As it stands: a quoted id may hold a line break, and then a row has several lines.
        reader = csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
        lines = [(reader.line_num, cells) for cells in reader]
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field="asof-file") from None
    except (IsADirectoryError, csv.Error) as error:
        raise BadInput(f"{path}: {error}", field="asof-file", rule="a CSV") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is no text in UTF-8", field="asof-file", rule="a CSV") from None
    header = lines[0][1] if lines else []
    if sorted(header) != ["asof", "borrower"]:
        rule = "the columns borrower and asof"
        raise BadInput(f"{path} has {', '.join(header) or 'no header'}", field="asof-file", row=1,
                       rule=rule)  # fmt: skip
    who, when = header.index("borrower"), header.index("asof")
    found = []
    for row, cells in lines[1:]:
        if len(cells) != len(header) or not cells[who]:
            raise BadInput(f"{','.join(cells)!r} is no borrower and instant", field="asof-file",
                           row=row, rule="a borrower and an instant a line")  # fmt: skip
        found.append((row, cells[who], instant(cells[when], row)))
    if not found:
        raise BadInput(f"{path} names nobody", field="asof-file", rule="at least one borrower")
    return found


def day(text: str, field: str) -> date:
    """A day.

    Raises:
        BadInput: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        rule = "a day like 2016-07-01"
        raise BadInput(f"{text!r} is no day", field=field, rule=rule) from None


def columns_file(path: Path) -> dict[str, int]:
    """Names of variables, one a line, each with its line.

    Raises:
        NotFound: no such file. BadInput: it names none, or one twice.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field="columns") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is no text in UTF-8", field="columns", rule="a text") from None
    found: dict[str, int] = {}
    for row, line in enumerate(lines, 1):
        name = line.strip()
        if name in found:
            raise BadInput(f"{name} stands twice", field="column", row=row, rule="each name once")
        if name:
            found[name] = row
    if not found:
        raise BadInput(f"{path} names nothing", field="columns", rule="a name a line")
    return found


def plan_of(
    folder: Path | None, columns: Sequence[str] | Mapping[str, int] = (), match: str = ""
) -> tuple[Plan, list[Variable]]:
    """The plan and the variables that are asked for: all of them, or those named and matched.

    ``columns`` may say in which line of a file each name stands.

    Raises:
        DefinitionError: the definitions break rules. BadInput: no variable of a name, or none that
            holds the text.
    """
    from tael.variables import compile_plan
    from tael.variables.definitions import DefinitionError, read_definitions

    definitions, variables, findings = read_definitions(folder)
    if findings:
        raise DefinitionError(findings)
    known = {each.name for each in variables}
    for name in columns:
        if name not in known:
            rule = "a name that `tael variables expand` lists"
            row = columns[name] if isinstance(columns, Mapping) else None
            raise BadInput(f"there is no variable {name!r}", field="column", row=row, rule=rule)
    wanted = set(columns)
    found = [each for each in variables if each.name in wanted]
    if match or not columns:
        matched = chosen(variables, match)
        found += [each for each in matched if each.name not in wanted]
    return compile_plan(definitions, found), found


def chosen(variables: Sequence[Variable], match: str) -> list[Variable]:
    """The variables whose names hold ``match``.

    Raises:
        BadInput: none does.
    """
    found = [each for each in variables if match in each.name]
    if not found:
        rule = "part of a name that `tael variables expand` lists"
        raise BadInput(f"no name holds {match!r}", field="match", rule=rule)
    return found
