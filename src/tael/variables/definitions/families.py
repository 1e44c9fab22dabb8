"""From the YAML of one family to what it says: filters, windows, measures, expected signs."""

from __future__ import annotations

from tael.variables.definitions.check import Findings
from tael.variables.definitions.fields import Fields
from tael.variables.definitions.model import Column, Derived, Family, Group, Measure, Text
from tael.variables.definitions.operations import DERIVED, KINDS
from tael.variables.definitions.yaml import Node

_FAMILY = (
    "kind", "version", "subjects", "filters", "windows", "measures", "variables", "expect",
)  # fmt: skip
_MEASURE = ("title", "column", "unit", "by", "weight", "below", "codes", "aggregates")


class FamilyReader:
    """Reads the families of one source against its columns."""

    def __init__(
        self,
        source: str,
        subjects: tuple[str, ...],
        columns: tuple[Column, ...],
        leaves: tuple[str, ...],
        findings: Findings,
    ) -> None:
        self.source = source
        self.subjects = subjects
        self.columns = {each.name: each for each in columns}
        self.leaves = leaves
        self.findings = findings

    def read(self, node: Node) -> Family:
        """The family that ``node`` defines."""
        fields = Fields(node, _FAMILY, self.findings)
        kind = fields.text("kind")
        if kind not in KINDS:
            fields.fault(fields.parts.get("kind", node), "kind", name=kind, known=", ".join(KINDS))
            kind = "windows"
        fields.some("variables" if kind == "derived" else "measures")
        measures = tuple(
            self._measure(kind, word, part) for word, part in fields.mapping("measures").items()
        )
        derived = tuple(
            self._derived(word, part) for word, part in fields.mapping("variables").items()
        )
        return Family(
            kind=kind,
            version=fields.number("version", 1, least=1, most=10**6),
            subjects=self._subjects(fields),
            filters=tuple(
                self._filter(name, part, fields) for name, part in fields.mapping("filters").items()
            ),
            windows=self._windows(kind, fields),
            measures=measures,
            derived=derived,
            expect=_expect(fields, measures, derived),
            place=node.place,
        )

    def _subjects(self, fields: Fields) -> tuple[str, ...]:
        found = fields.words("subjects") or self.subjects
        for part in fields.items("subjects"):
            if part.value not in self.subjects:
                known = ", ".join(self.subjects)
                fields.fault(part, "subject", name=part.value, known=known)
        return tuple(word for word in found if word in self.subjects)

    def _windows(self, kind: str, fields: Fields) -> tuple[int | None, ...]:
        if KINDS[kind].span:
            if "windows" in fields.parts:
                fields.fault(fields.parts["windows"], "window_fixed", kind=kind)
            return (None,)
        fields.some("windows")
        return fields.windows()

    def _column(self, name: str, kind: str, part: Node, fields: Fields) -> Column | None:
        """The column ``name`` if it exists and is of ``kind`` (``*``: of any)."""
        column = self.columns.get(name)
        if column is None:
            known = ", ".join(self.columns)
            fields.fault(part, "column_unknown", source=self.source, name=name, known=known)
        elif kind not in {"*", column.kind}:
            fields.fault(part, "column_kind", name=name, kind=column.kind, wanted=kind)
            return None
        return column

    def _filter(self, name: str, node: Node, family: Fields) -> tuple[str, tuple[Group, ...]]:
        column = self._column(name, "code", node, family)
        if column is None:
            return name, ()
        if name not in self.leaves:
            family.fault(node, "leaf_missing", name=name, source=self.source)
        groups = tuple(self._groups(column, node, family))
        if not node.value:
            family.fault(node, "empty", name=name)
        seen: dict[frozenset[str], str] = {}
        for group in groups:
            codes = frozenset(group.codes)
            if codes and codes in seen:
                family.fault(node, "filter_same", name=group.word, other=seen[codes])
            seen[codes] = group.word
        return name, groups

    def _groups(self, column: Column, node: Node, family: Fields) -> list[Group]:
        if isinstance(node.value, tuple):
            return [self._group(column, family.scalar(part), part, family) for part in node.value]
        if isinstance(node.value, dict):
            return [self._group(column, word, part, family) for word, part in node.value.items()]
        family.fault(node, "shape", wanted="a list of codes, or words with their codes")
        return []

    def _group(self, column: Column, word: str, part: Node, family: Fields) -> Group:
        """A word of a filter: `all`, a code, or a named list of codes with its title."""
        family.checked(word, part)
        every = tuple(code for code, _ in column.codes)
        if part.value in ("*", "all"):
            return Group(word, every, Text("", ""), everything=True)
        if isinstance(part.value, dict):
            fields = Fields(part, ("codes", "title"), self.findings)
            codes, title = self._codes(column, fields, part), fields.title()
        else:
            codes = self._known(column, (part,), family)
            title = dict(column.codes).get(codes[0], Text("", "")) if codes else Text("", "")
        return Group(word, codes, title, everything=set(codes) == set(every))

    def _codes(self, column: Column, fields: Fields, part: Node) -> tuple[str, ...]:
        fields.need("codes")
        listed = fields.items("codes")
        if not listed:
            fields.fault(part, "filter_empty", name=part.field.rpartition(".")[2])
        return self._known(column, listed, fields)

    def _known(self, column: Column, parts: tuple[Node, ...], fields: Fields) -> tuple[str, ...]:
        every = [code for code, _ in column.codes]
        for part in parts:
            if part.value not in every:
                known = ", ".join(every)
                fields.fault(part, "code_unknown", column=column.name, name=part.value, known=known)
        return tuple(str(part.value) for part in parts if part.value in every)

    def _measure(self, kind: str, word: str, node: Node) -> Measure:
        fields = Fields(node, _MEASURE, self.findings)
        fields.checked(word, node)
        column = self._named(fields, "column", "*")
        codes: tuple[str, ...] = ()
        what = "events"
        if column is not None:
            what = {"integer": "value", "key": "key", "code": "run"}[column.kind]
            codes = self._codes(column, fields, node) if column.kind == "code" else ()
            if column.kind == "code" and column.name not in self.leaves:
                part = fields.parts["column"]
                fields.fault(part, "leaf_missing", name=column.name, source=self.source)
            self._unit(column, fields)
        if "ratio" in fields.words("aggregates"):
            fields.need("by")
        self._named(fields, "by", "integer")
        self._named(fields, "weight", "integer")
        return Measure(
            word=word,
            kind=what,
            title=fields.title(),
            aggregates=self._aggregates(kind, what, word, fields),
            column=fields.text("column", ""),
            by=fields.text("by", ""),
            weight=fields.text("weight", ""),
            below=fields.number("below", 0),
            codes=codes,
            place=node.place,
        )

    def _named(self, fields: Fields, field: str, kind: str) -> Column | None:
        part = fields.parts.get(field)
        return self._column(fields.scalar(part), kind, part, fields) if part else None

    def _unit(self, column: Column, fields: Fields) -> None:
        unit = fields.text("unit", column.unit)
        if unit != column.unit:
            told = column.unit or column.kind
            part = fields.parts["unit"]
            fields.fault(part, "unit_wrong", column=column.name, unit=told, name=unit)

    def _aggregates(self, kind: str, what: str, word: str, fields: Fields) -> tuple[str, ...]:
        known = KINDS[kind].aggregates.get(what, {})
        fields.some("aggregates")
        for part in fields.items("aggregates"):
            if part.value not in tuple(known):
                fields.fault(
                    part, "aggregate", kind=kind, measure=f"{word} ({what})", name=part.value,
                    known=", ".join(known),
                )  # fmt: skip
        return tuple(name for name in fields.words("aggregates") if name in known)

    def _derived(self, word: str, node: Node) -> Derived:
        fields = Fields(node, ("title", "operation", "of", "by"), self.findings)
        fields.checked(word, node)
        operation = fields.text("operation")
        if operation not in DERIVED:
            fields.fault(
                fields.parts.get("operation", node), "aggregate", kind="derived", measure=word,
                name=operation, known=", ".join(DERIVED),
            )  # fmt: skip
            operation = "ratio"
        by = fields.text("by", "") if operation == "percentile" else fields.text("by")
        return Derived(word, operation, fields.text("of"), by, fields.title(), node.place)


def _expect(
    fields: Fields, measures: tuple[Measure, ...], derived: tuple[Derived, ...]
) -> tuple[tuple[str, str], ...]:
    """Expected signs by ``measure.aggregate``: + is more risk for more of it."""
    made = {f"{each.word}.{aggregate}" for each in measures for aggregate in each.aggregates}
    made |= {f"{each.word}.{each.operation}" for each in derived}
    found = []
    for name, part in fields.mapping("expect").items():
        if name not in made:
            fields.fault(part, "expect_unknown", name=name)
        if part.value not in ("+", "-"):
            fields.fault(part, "shape", wanted="+ or -")
        found.append((name, str(part.value)))
    return tuple(found)
