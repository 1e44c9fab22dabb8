"""Hand-set cuts from a file: the bins that a committee has decided on.

A YAML file is a mapping of variable to its cuts; a CSV file has the columns ``variable`` and
``cut``, a line a cut. A value below a cut lies in a bin before it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from tael.kernel import BadInput

Cuts = Mapping[str, tuple[float, ...]]
_YAML, _COLUMNS = (".yaml", ".yml"), ["variable", "cut"]


def read_cuts(path: Path) -> Cuts:
    """The cuts of a YAML or CSV file by variable, finite and ascending.

    Raises:
        BadInput: no such file, another form, or cuts that are no numbers, infinite or do not rise;
            names the variable, in a CSV file the line too.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise BadInput(
            f"there is no file {path}", field="cuts", rule="a YAML or CSV file"
        ) from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is no text: {error}", field="cuts", rule="UTF-8") from None
    if path.suffix in _YAML:
        return _of_yaml(text, path.name)
    if path.suffix == ".csv":
        return _of_csv(text, path.name)
    raise BadInput(
        f"{path.name} ends in {path.suffix or 'nothing'}", field="cuts", rule=".yaml, .yml or .csv"
    )


def check_rising(name: str, cuts: Sequence[float]) -> None:
    """Refuse cuts of a variable that are infinite or do not rise.

    Raises:
        BadInput: names the variable and the cuts that are wrong.
    """
    wrong = next((cut for cut in cuts if not math.isfinite(cut)), None)
    if wrong is not None:
        raise BadInput(f"a cut of {name!r} is {wrong}", field=name, rule="finite cuts")
    for low, high in pairwise(cuts):
        if low >= high:
            raise BadInput(
                f"the cuts of {name!r} do not rise: {high:g} stands after {low:g}",
                field=name,
                rule="ascending cuts",
            )


def _of_yaml(text: str, file: str) -> Cuts:
    import yaml  # noqa: PLC0415 - loads when a file is read

    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(f"{file} is no YAML: {error}", field="cuts", rule="YAML") from None
    if not isinstance(raw, Mapping):
        raise BadInput(
            f"{file} is no mapping", field="cuts", rule="variable: [cut, cut], a line a variable"
        )
    found = {}
    for name, given in raw.items():
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise BadInput(
                f"{file}: {name} is {given!r}", field=str(name), rule="a list of cuts like [1, 5]"
            )
        found[str(name)] = tuple(_number(one, str(name), file) for one in given)
    return _checked(found, file)


def _of_csv(text: str, file: str) -> Cuts:
    reader = csv.DictReader(text.splitlines())
    if sorted(reader.fieldnames or []) != sorted(_COLUMNS):
        raise BadInput(
            f"{file} has the columns {', '.join(reader.fieldnames or [])}",
            field="cuts",
            rule="columns variable and cut",
        )
    found: dict[str, list[float]] = {}
    for line in reader:
        name = line["variable"]
        cut = _number(line["cut"], name, file, row=reader.line_num)
        found.setdefault(name, []).append(cut)
    return _checked({name: tuple(cuts) for name, cuts in found.items()}, file)


def _number(given: object, name: str, file: str, *, row: int | None = None) -> float:
    try:
        return float(str(given))  # a truth value is no number, nor is a list
    except ValueError:
        raise BadInput(
            f"{file}: a cut of {name!r} is {given!r}", field=name, row=row, rule="a number"
        ) from None


def _checked(found: Cuts, file: str) -> Cuts:
    if not found:
        raise BadInput(f"{file} holds no cuts", field="cuts", rule="at least one variable")
    for name, cuts in found.items():
        check_rising(name, cuts)
    return found
