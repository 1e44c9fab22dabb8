"""Which business parameters exist, of which type, and the first values that are shipped."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from typing import TypeAlias

import yaml

from tael.kernel import BadInput, Calendar, Day, Money, NotFound, Rate

_LONGEST_RUN_DAYS = 31
Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class ShippedValue:
    """A first value; ``needs_check``: not yet compared with the official text."""

    value: Json
    effective: Day
    source: str
    needs_check: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """A parameter: ``kind`` decides the form of its values (see ``data/parameters.yaml``)."""

    name: str
    kind: str
    meaning: str
    shipped: tuple[ShippedValue, ...]


class Catalogue:
    """The parameters there are. A name ending in ``.*`` stands for every name below it."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = dict(definitions)

    @classmethod
    @cache
    def shipped(cls) -> Catalogue:
        """The catalogue that comes with the project; read once."""
        folder = resources.files("tael.platform") / "data"
        return cls.parse((folder / "parameters.yaml").read_text("utf-8"))

    @classmethod
    def parse(cls, text: str) -> Catalogue:
        """Read a catalogue in YAML.

        Raises:
            BadInput: a value that is not of its parameter's type; names the parameter.
        """
        data = yaml.safe_load(text)
        return cls({name: _definition(name, entry) for name, entry in data.items()})

    def definitions(self) -> tuple[Definition, ...]:
        """Every definition, families included, in the order of the file."""
        return tuple(self._definitions.values())

    def get(self, name: str) -> Definition:
        """The definition of ``name``.

        Raises:
            NotFound: no such parameter (code ``unknown_parameter``); names the nearest.
        """
        if name in self._definitions and not name.endswith("*"):
            return self._definitions[name]
        family = self._definitions.get(f"{name.partition('.')[0]}.*")
        if family is not None and name.partition(".")[2].strip("*"):
            return family
        near = difflib.get_close_matches(name, self._definitions, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise NotFound(
            f"there is no parameter {name!r}{hint}", code="unknown_parameter", field="name"
        )


def check_value(definition: Definition, value: Json, name: str) -> None:
    """Refuse a value that is not of the definition's kind.

    Raises:
        BadInput: names the parameter and the rule.
    """
    try:
        _READERS[definition.kind](value, name)
    except KeyError as missing:
        raise BadInput(
            f"the {definition.kind} {name} lacks {missing.args[0]!r}",
            field=name,
            rule=definition.kind,
        ) from None


def read_rate(value: Json, name: str) -> Rate:
    """``"0.24"`` as a Rate between 0 and 1."""
    rate = Rate(read_number(value, name))
    if rate.fraction > 1:
        raise _wrong(value, name, 'rate, a fraction as text: "0.24" for 24%')
    return rate


def read_number(value: Json, name: str) -> Decimal:
    """Decimal text, not negative."""
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise _wrong(value, name, 'decimal number as text, not negative, like "10"')
    return number


def read_money(value: Json, name: str) -> Money:
    """``{"minor": 500000000, "currency": "CNY"}``, not negative."""
    if not isinstance(value, dict) or set(value) != {"minor", "currency"}:
        raise _wrong(value, name, "amount, {minor, currency}")
    minor, currency = value["minor"], value["currency"]
    if type(minor) is not int or minor < 0 or not isinstance(currency, str):
        raise _wrong(value, name, "amount, {minor: whole and not negative, currency: text}")
    return Money(minor, currency)


def read_count(value: Json, name: str) -> int:
    """A whole number, not negative."""
    if type(value) is not int or value < 0:
        raise _wrong(value, name, "whole number, not negative")
    return value


def read_flag(value: Json, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong(value, name, "true or false")
    return value


def read_text(value: Json, name: str) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise _wrong(value, name, "text, not empty")
    return value


def read_calendar(value: Json, name: str) -> Calendar:
    """``{"holidays": [...], "workdays": [...]}`` of days and runs, 2024-10-01..2024-10-07."""
    if not isinstance(value, dict) or set(value) != {"holidays", "workdays"}:
        raise _wrong(value, name, "calendar, {holidays, workdays}")
    holidays, workdays = (_days(value[part], f"{name}.{part}") for part in ("holidays", "workdays"))
    return Calendar(name.rpartition(".")[2], holidays, workdays)


_READERS: Mapping[str, Callable[[Json, str], object]] = {
    "rate": read_rate,
    "number": read_number,
    "money": read_money,
    "count": read_count,
    "flag": read_flag,
    "text": read_text,
    "calendar": read_calendar,
}


def _days(value: Json, name: str) -> frozenset[Day]:
    if not isinstance(value, list):
        raise _wrong(value, name, "list of days")
    found: set[Day] = set()
    for item in value:
        first, _, last = read_text(item, name).partition("..")
        day, end = Day.parse(first, field=name), Day.parse(last or first, field=name)
        if end < day or day.days_until(end) > _LONGEST_RUN_DAYS:
            raise _wrong(item, name, "run of at most a month, first..last")
        while day <= end:
            found.add(day)
            day = day.plus_days(1)
    return frozenset(found)


def _definition(name: str, entry: Mapping[str, object]) -> Definition:
    kind = str(entry.get("type"))
    if kind not in _READERS:
        raise BadInput(f"unknown type {kind!r}", field=name, rule=f"one of {', '.join(_READERS)}")
    values = entry.get("values")
    shipped = tuple(_shipped(value) for value in values) if isinstance(values, list) else ()
    definition = Definition(name, kind, str(entry.get("meaning", "")), shipped)
    for value in shipped:
        check_value(definition, value.value, name)
    return definition


def _shipped(entry: Mapping[str, object]) -> ShippedValue:
    return ShippedValue(
        value=_json(entry["value"]),
        effective=Day.parse(str(entry["from"])),
        source=str(entry["source"]),
        needs_check=entry["sure"] != "checked",
    )


def _json(value: object) -> Json:
    """What YAML read, as JSON: days become text; a float stays what no reader takes, text."""
    if isinstance(value, dict):
        return {str(key): _json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_json(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    raise BadInput(f"write {value!r} as text, in quotes", field="value", rule="no floating point")


def _wrong(value: object, name: str, rule: str) -> BadInput:
    return BadInput(f"{value!r} is not a {rule}", field=name, rule=rule)
