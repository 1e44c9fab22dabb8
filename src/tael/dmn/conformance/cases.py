"""A test file of the kit as cases: inputs, what is asked, what is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tael.dmn.errors import DmnError, Nothing
from tael.dmn.feel.durations import duration_from
from tael.dmn.feel.temporal import date_from, date_time_from, time_from
from tael.dmn.feel.values import Value
from tael.dmn.model.xml import Element, parse

_LEVELS = (2, 3)
_LAYOUT = "the layout of the DMN TCK: compliance-level-2 and compliance-level-3"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
_NUMBERS = ("decimal", "double", "integer", "int", "long", "float", "short")
_MOMENTS: dict[str, Callable[[str], Value]] = {
    "date": date_from,
    "time": time_from,
    "dateTime": date_time_from,
    "duration": duration_from,
    "dayTimeDuration": duration_from,
    "yearMonthDuration": duration_from,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What one node must give; ``error`` where the kit expects a failure: null in FEEL."""

    node: str
    value: Value
    error: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One scored case. ``invocable`` names the decision service or knowledge model it calls."""

    id: str
    inputs: dict[str, Value]
    expected: tuple[Expected, ...]
    invocable: str = ""

    @property
    def has_value(self) -> bool:
        """Whether an engine that always answers null would fail it."""
        return any(each.value is not None for each in self.expected)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A test file: its level, its group (the folder), the model it runs and its cases."""

    level: int
    path: Path
    model: Path
    cases: tuple[Case, ...]

    @property
    def group(self) -> str:
        return self.path.parent.name


def read_kit(folder: Path, broken: Callable[[DmnError], None] | None = None) -> list[CaseFile]:
    """Every test file under ``compliance-level-2`` and ``compliance-level-3`` of ``folder``.

    The two may also stand in its folder ``TestCases``, as they do in the kit's repository.

    Args:
        folder: the kit.
        broken: hears of each test file that cannot be read, and the rest goes on; by default the
            first of them is raised.

    Raises:
        DmnError: there is no such folder, it holds no test file, or one cannot be read.
    """
    if not folder.is_dir():
        raise DmnError("there is no such folder", file=str(folder), rule=_LAYOUT)
    files: list[CaseFile] = []
    wrong = 0
    for level, path in _test_files(folder):
        try:
            files.append(_read(level, path))
        except DmnError as error:
            if broken is None:
                raise
            wrong += 1
            broken(error)
    if not files:
        what = f"none of {wrong} test files can be read" if wrong else "no test files"
        raise DmnError(what, file=str(folder), rule=_LAYOUT)
    return files


def _test_files(folder: Path) -> Iterator[tuple[int, Path]]:
    for level in _LEVELS:
        for root in (folder, folder / "TestCases"):
            for path in sorted((root / f"compliance-level-{level}").glob("*/**/*.xml")):
                yield level, path


def _read(level: int, path: Path) -> CaseFile:
    try:
        root = parse(path.read_bytes(), str(path))
    except OSError as error:
        raise DmnError(f"cannot be read: {error.strerror}", file=str(path)) from None
    if root.tag != "testCases":
        raise DmnError(
            f"the root element is {root.tag!r}, not 'testCases'",
            file=str(path), line=root.line, rule="a test file of the DMN TCK",
        )  # fmt: skip
    model = root.child_text("modelName")
    if not model:
        raise DmnError(
            "no model is named", file=str(path), line=root.line, rule="an element 'modelName'"
        )
    cases = tuple(_case(each, str(path)) for each in root.all("testCase"))
    return CaseFile(level, path, path.parent / model, cases)


def _case(element: Element, file: str) -> Case:
    return Case(
        id=element.get("id"),
        inputs={node.get("name"): value_of(node, file) for node in element.all("inputNode")},
        expected=tuple(
            Expected(
                node.get("name"),
                value_of(node.first("expected") or node, file),
                node.get("errorResult") == "true",
            )
            for node in element.all("resultNode")
        ),
        invocable=element.get("invocableName"),
    )


def value_of(node: Element, file: str) -> Value:
    """The value written inside ``node``: a value, a list, components, or null for nothing."""
    value, listed = node.first("value"), node.first("list")
    components = node.all("component")
    if value is not None:
        return _scalar(value, file)
    if listed is not None and listed.get(f"{_SCHEMA} nil") != "true":
        return tuple(value_of(item, file) for item in listed.all("item"))
    return {each.get("name"): value_of(each, file) for each in components} or None


def _scalar(value: Element, file: str) -> Value:
    name, text = value.get(f"{_SCHEMA} type").rpartition(":")[2], value.text
    if value.get(f"{_SCHEMA} nil") == "true":
        return None
    try:
        if name in _NUMBERS:
            return Decimal(text.strip())
        if name in _MOMENTS:
            return _MOMENTS[name](text.strip())
    except (InvalidOperation, Nothing) as why:
        raise DmnError(
            f"{text!r} is no value of type {name}: {why}",
            file=file,
            line=value.line,
            rule="XML Schema",
        ) from None
    return text.strip() == "true" if name == "boolean" else text
