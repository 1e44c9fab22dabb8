"""From the YAML of one source to what it says."""

from __future__ import annotations

import re
from math import prod

from tael.variables.definitions.calendars import CALENDARS
from tael.variables.definitions.check import Findings
from tael.variables.definitions.families import FamilyReader
from tael.variables.definitions.fields import Fields
from tael.variables.definitions.model import Column, Source, Text
from tael.variables.definitions.operations import MOST_LEAVES, RESERVED, SUBJECTS, UNITS
from tael.variables.definitions.yaml import Node

_SOURCE = (
    "source", "title", "subjects", "basis", "freshness", "delay", "since", "columns", "leaves",
    "families",
)  # fmt: skip
# What says how a delivered column looks; a calendar says it all by itself.
_OF_COLUMN = ("codes", "unit", "decimals", "key")
MOST_DECIMALS = 6  # of what a column counts in: a millionth of its unit
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def read_source(node: Node, findings: Findings) -> Source:
    """The source that ``node`` defines; what is wrong goes to ``findings``."""
    fields = Fields(node, _SOURCE, findings)
    name = fields.word("source")
    columns = tuple(_column(key, part, findings) for key, part in fields.mapping("columns").items())
    fields.some("families")
    subjects = _subjects(fields)
    basis = Fields(_part(fields, "basis"), ("law", "consent", "sensitive"), findings)
    delay = Fields(_part(fields, "delay"), ("median", "p99"), findings)
    _one_key(fields, columns)
    leaves = _leaves(fields, name, columns)
    reader = FamilyReader(name, subjects, columns, leaves, findings)
    return Source(
        name=name,
        title=fields.title(),
        subjects=subjects,
        law=basis.text("law"),
        consent=basis.text("consent"),
        sensitive=basis.flag("sensitive"),
        freshness_days=fields.days("freshness"),
        delay_days=_delay(delay),
        since=_since(fields),
        columns=columns,
        leaves=leaves,
        families=tuple(reader.read(part) for part in fields.items("families")),
        place=node.place,
    )


def _delay(fields: Fields) -> tuple[int, int]:
    """Median and 99th percentile in days."""
    median, late = fields.days("median"), fields.days("p99")
    if median > late and fields.parts.keys() == {"median", "p99"}:
        fields.fault(fields.parts["p99"], "delay", median=median, late=late)
    return median, late


def _since(fields: Fields) -> str:
    """The month in which the source begins."""
    since = fields.text("since")
    if since.strip() and not _MONTH.fullmatch(since):
        fields.fault(fields.parts["since"], "shape", wanted="a month like 2020-01")
    return since


def _subjects(fields: Fields) -> tuple[str, ...]:
    fields.some("subjects")
    for part in fields.items("subjects"):
        if fields.scalar(part) not in SUBJECTS:
            fields.fault(part, "subject", name=part.value, known=", ".join(SUBJECTS))
    return tuple(word for word in fields.words("subjects") if word in SUBJECTS)


def _column(name: str, node: Node, findings: Findings) -> Column:
    fields = Fields(node, (*_OF_COLUMN, "title", "calendar"), findings)
    fields.checked(name, node)
    if name in RESERVED:
        fields.fault(node, "reserved", name=name)
    title = fields.title()
    if "calendar" in fields.parts:
        return _calendar_column(name, title, fields)
    if "codes" in fields.parts:
        codes = tuple(_code(code, part, fields) for code, part in fields.mapping("codes").items())
        return Column(name, "code", title, codes)
    if fields.flag("key"):
        return Column(name, "key", title)
    unit = fields.text("unit")
    if unit not in UNITS:
        fields.fault(
            fields.parts.get("unit", node), "unit_unknown", name=unit, known=", ".join(UNITS)
        )
        unit = "count"
    return Column(
        name, "integer", title, (), unit, fields.number("decimals", 0, most=MOST_DECIMALS)
    )


def _calendar_column(name: str, title: Text, fields: Fields) -> Column:
    """A column that packing makes: its codes and their texts are those of the calendar."""
    part = fields.parts["calendar"]
    for field in _OF_COLUMN:
        if field in fields.parts:
            fields.fault(fields.parts[field], "calendar_alone", name=name, what=field)
    calendar = fields.scalar(part)
    if calendar not in CALENDARS:
        fields.fault(part, "calendar_unknown", name=calendar, known=", ".join(CALENDARS))
        return Column(name, "code", title)
    return Column(name, "code", title, CALENDARS[calendar].codes, calendar=calendar)


def _one_key(fields: Fields, columns: tuple[Column, ...]) -> None:
    """A finding for each key but the first: an event is packed with one."""
    for each in [column.name for column in columns if column.kind == "key"][1:]:
        fields.fault(fields.mapping("columns")[each], "keys", name=each)


def _code(code: str, part: Node, fields: Fields) -> tuple[str, Text]:
    fields.checked(code, part)
    both = Fields(part, ("zh", "en"), fields.findings)
    return code, Text(both.text("zh"), both.text("en"))


def _leaves(fields: Fields, source: str, columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The dimensions of a leaf, with a finding when they make too many leaves."""
    by_name = {each.name: each for each in columns}
    found = []
    for part in fields.items("leaves"):
        name = fields.scalar(part)
        column = by_name.get(name)
        if column is None:
            known = ", ".join(by_name)
            fields.fault(part, "column_unknown", source=source, name=name, known=known)
        elif column.kind != "code":
            fields.fault(part, "column_kind", name=name, kind=column.kind, wanted="code")
        elif name in found:
            fields.fault(part, "key_twice", name=name)
        else:
            found.append(name)
    count = prod(len(by_name[name].codes) for name in found)
    if count > MOST_LEAVES:
        fields.fault(fields.parts["leaves"], "leaves", count=count, limit=MOST_LEAVES)
    return tuple(found)


def _part(fields: Fields, name: str) -> Node:
    """The field ``name``; where it is missing, an empty mapping in its place."""
    return fields.need(name) or Node(fields.place, name, {})
