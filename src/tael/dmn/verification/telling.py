"""A finding from its parts: both sentences, the place, the severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tael.dmn.feel.values import Value
from tael.dmn.findings import Finding, Severity
from tael.dmn.verification import texts
from tael.dmn.verification.geometry import Column, Geometry
from tael.dmn.verification.regions import example_text

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Told:
    """What a finding tells besides its kind and rules.

    ``columns`` are those whose values in ``case`` matter: whether all of them can occur.
    """

    column: str = ""
    region: str = ""
    case: Mapping[str, Value] = field(default_factory=dict)
    columns: Sequence[Column] = ()
    line: int = 0


class Teller:
    """Makes the findings of one table."""

    def __init__(self, geometry: Geometry, name: str) -> None:
        self._geometry = geometry
        self._table = geometry.table
        self._name = name

    def finding(self, kind: str, rows: Sequence[int], told: Told) -> Finding:
        """A finding about the rules at the indexes ``rows``."""
        rules = sorted(self._table.rules[row].number for row in rows)
        conditional = bool(told.case) and not self._can_occur(told.columns)
        at = self._table.rules[rows[0]].at if rows else self._table.at
        return Finding(
            kind=kind,
            severity=self._severity(kind, conditional=conditional),
            file=self._geometry.place.graph.file,
            node=self._name,
            line=told.line or at.line,
            column=0,
            zh=self._said(0, kind, rules, told) + texts.CONDITIONAL[0] * conditional,
            en=self._said(1, kind, rules, told) + texts.CONDITIONAL[1] * conditional,
            rules=tuple(rules),
            example=told.case,
            conditional=conditional,
        )

    def _said(self, language: int, kind: str, rules: list[int], told: Told) -> str:
        listed = [str(number) for number in rules[:_LISTED]]
        listed += ["..."] if len(rules) > _LISTED else []
        return texts.TEXTS[kind][language].format(
            rules=("、", ", ")[language].join(listed),
            column=told.column,
            region=told.region or texts.EVERYTHING[language],
            example=example_text(told.case),
        )

    def _severity(self, kind: str, *, conditional: bool) -> Severity:
        severity = texts.SEVERITIES[kind]
        if kind == "gap" and self._table.hit_policy not in ("U", "A", "F", "P"):
            return Severity.NOTE
        return Severity.WARNING if conditional and severity is Severity.ERROR else severity

    def _can_occur(self, columns: Sequence[Column]) -> bool:
        return self._geometry.independent and all(column.exact for column in columns)
