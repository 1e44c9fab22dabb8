"""What is asked of sources: limits in percent, and which two sources must agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tael.variables.definitions.check import DefinitionError, Findings
from tael.variables.definitions.fields import Fields
from tael.variables.definitions.model import Definitions, Source, Text
from tael.variables.definitions.yaml import Node, read_yaml

SHIPPED = Path(__file__).with_name("checks.yaml")
FIGURES = ("completeness", "validity", "timeliness", "agreement")
_SIDE = ("source", "column", "where")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an agreement: the sum of a column over the events of some codes."""

    source: str
    column: str
    where: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two sums of different sources that rise and fall together."""

    name: str
    title: Text
    of: Side
    by: Side


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and agreements.

    Attributes:
        least: limit by figure and source, as a share of 1.
        agreements: those whose two sources are defined.
    """

    least: Mapping[tuple[str, str], float]
    agreements: tuple[Agreement, ...]

    def limit(self, figure: str, source: str) -> float:
        """Below this share ``source`` raises an alert."""
        return self.least[figure, source]


def read_rules(definitions: Definitions, path: Path | None = None) -> Rules:
    """The rules of ``path``, or the shipped ones, for the sources of ``definitions``.

    Agreements with a source that is not defined are left out of the shipped rules.

    Raises:
        DefinitionError: with every unknown figure, source, column and code, by file and line.
    """
    file = path or SHIPPED
    findings = Findings()
    node = read_yaml(file.read_text("utf-8", errors="replace"), file.name, findings)
    if node is None:
        raise DefinitionError(findings.ordered())
    sources = {each.name: each for each in definitions.sources if each.columns}
    fields = Fields(node, ("least", "sources", "agreements"), findings)
    least = _least(fields, sources)
    agreements = [
        found
        for name, part in fields.mapping("agreements").items()
        if (found := _agreement(name, part, sources, findings, skip=path is None))
    ]
    if findings.found:
        raise DefinitionError(findings.ordered())
    return Rules(least, tuple(agreements))


def _least(fields: Fields, sources: Mapping[str, Source]) -> dict[tuple[str, str], float]:
    part = fields.need("least")
    common = Fields(part or fields.node, FIGURES, fields.findings)
    usual = {figure: common.number(figure, 0) for figure in FIGURES}
    least = {(figure, name): usual[figure] / 100 for figure in FIGURES for name in sources}
    for name, part in fields.mapping("sources").items():
        if name not in sources:
            fields.fault(part, "field_unknown", name=name, known=", ".join(sources))
            continue
        own = Fields(part, FIGURES, fields.findings)
        for figure in own.parts:
            least[figure, name] = own.number(figure, 0) / 100
    return least


def _agreement(
    name: str, node: Node, sources: Mapping[str, Source], findings: Findings, *, skip: bool
) -> Agreement | None:
    fields = Fields(node, ("title", "of", "by"), findings)
    parts = [fields.need("of"), fields.need("by")]
    sides = [Fields(part, _SIDE, findings) for part in parts if part]
    named = [side.text("source") for side in sides]
    unknown = [each for each in named if each not in sources]
    if unknown or len(sides) < len(parts):
        if not skip:
            known = ", ".join(sources)
            for each in unknown:
                fields.fault(node, "field_unknown", name=each, known=known)
        return None
    of, by = (_side(side, sources[each]) for side, each in zip(sides, named, strict=True))
    return Agreement(name, fields.title(), of, by)


def _side(fields: Fields, source: Source) -> Side:
    columns = {each.name: each for each in source.columns}
    name = fields.text("column")
    if name not in columns:
        fields.fault(
            fields.node, "column_unknown", source=source.name, name=name, known=", ".join(columns)
        )
    elif columns[name].kind != "integer":
        kind = columns[name].kind
        fields.fault(fields.node, "column_kind", name=name, kind=kind, wanted="integer")
    where = []
    part = fields.parts.get("where")
    chosen = Fields(part, source.leaves, fields.findings) if part else None
    for column in chosen.parts if chosen else ():
        codes = chosen.words(column) if chosen else ()
        known = [code for code, _ in columns[column].codes]
        for code in codes:
            if code not in known:
                fields.fault(
                    fields.node, "code_unknown", column=column, name=code, known=", ".join(known)
                )
        where.append((column, tuple(code for code in codes if code in known)))
    return Side(source.name, name, tuple(where))
