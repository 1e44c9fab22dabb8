"""A test file of the kit as cases: inputs, what is asked, what is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tael.dmn.errors import DmnError, Nothing
from tael.dmn.feel.durations import duration_from
from tael.dmn.feel.temporal import date_from, date_time_from, time_from
from tael.dmn.feel.values import Value
from tael.dmn.model.xml import Element, parse

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


def read_kit(folder: Path) -> list[CaseFile]:
    """Every test file under ``compliance-level-2`` and ``compliance-level-3`` of ``folder``.

    Raises:
        DmnError: the folder has no such layout, or a test file cannot be read.
    """
    files = [
        _read(level, path)
        for level in (2, 3)
        for path in sorted((folder / f"compliance-level-{level}").glob("*/*-test-*.xml"))
    ]
    if not files:
        raise DmnError(
            "no test cases: the folder should hold compliance-level-2 and compliance-level-3",
            file=str(folder),
            rule="the layout of the DMN TCK",
        )
    return files


def _read(level: int, path: Path) -> CaseFile:
    root = parse(path.read_bytes(), str(path))
    model = root.child_text("modelName")
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
