"""From the YAML of one source to what it says."""

from __future__ import annotations

from math import prod

from tael.variables.definitions.check import Findings
from tael.variables.definitions.families import FamilyReader
from tael.variables.definitions.fields import Fields
from tael.variables.definitions.model import Column, Source, Text
from tael.variables.definitions.operations import MOST_LEAVES, SUBJECTS, UNITS
from tael.variables.definitions.yaml import Node

_SOURCE = (
    "source", "title", "subjects", "basis", "freshness", "delay", "since", "columns", "leaves",
    "families",
)  # fmt: skip


def read_source(node: Node, findings: Findings) -> Source:
    """The source that ``node`` defines; what is wrong goes to ``findings``."""
    fields = Fields(node, _SOURCE, findings)
    name = fields.word("source")
    columns = tuple(_column(key, part, findings) for key, part in fields.mapping("columns").items())
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
        sensitive=basis.text("sensitive", "no") == "yes",
        freshness_days=fields.days("freshness"),
        delay_days=(delay.days("median"), delay.days("p99")),
        since=fields.text("since"),
        columns=columns,
        leaves=leaves,
        families=tuple(reader.read(part) for part in fields.items("families")),
        place=node.place,
    )


def _subjects(fields: Fields) -> tuple[str, ...]:
    fields.need("subjects")
    for part in fields.items("subjects"):
        if fields.scalar(part) not in SUBJECTS:
            fields.fault(part, "subject", name=part.value, known=", ".join(SUBJECTS))
    return tuple(word for word in fields.words("subjects") if word in SUBJECTS)


def _column(name: str, node: Node, findings: Findings) -> Column:
    fields = Fields(node, ("title", "codes", "unit", "decimals", "key"), findings)
    fields.checked(name, node)
    title = fields.title()
    if "codes" in fields.parts:
        codes = tuple(_code(code, part, fields) for code, part in fields.mapping("codes").items())
        return Column(name, "code", title, codes)
    if fields.text("key", "no") == "yes":
        return Column(name, "key", title)
    unit = fields.text("unit")
    if unit not in UNITS:
        fields.fault(
            fields.parts.get("unit", node), "unit_unknown", name=unit, known=", ".join(UNITS)
        )
        unit = "count"
    return Column(name, "integer", title, (), unit, fields.number("decimals", 0))


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
        else:
            found.append(name)
    count = prod(len(by_name[name].codes) for name in found)
    if count > MOST_LEAVES:
        fields.fault(fields.parts["leaves"], "leaves", count=count, limit=MOST_LEAVES)
    return tuple(found)


def _part(fields: Fields, name: str) -> Node:
    """The field ``name``; where it is missing, an empty mapping in its place."""
    return fields.need(name) or Node(fields.place, name, {})
