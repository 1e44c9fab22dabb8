"""The catalogue: a row for each variable, with unit, lineage, legal basis and, once computed, more.

Coverage and range come from a measured population, information value and stability from the risk
engine; until they are handed in they are empty, never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tael.variables.coverage import Measured, Standing
from tael.variables.definitions.model import Definitions, Source, Variable

# Edge codes of the three kinds of missing; inside, a value is NaN beside a reason.
MISSING = {"no_source": -9999, "no_event": -9998, "undefined": -9997}
# What counts and sums are where the source is there and holds no event: values like any other.
_WITHOUT_EVENTS = dict.fromkeys(
    ("n", "sum", "distinct", "longest", "current", "transitions", "days_below"), 0
) | {"zero_months": 24, "longest_zero_run": 24}


@dataclass(frozen=True, slots=True)
class Row:
    """One variable with its source, and its figures on the population that was measured."""

    variable: Variable
    source: Source
    measured: Measured | None = None

    def to_json(self) -> dict[str, object]:
        """What the catalogue tells of the variable; empty figures are null."""
        return {**self._what(), **self._whence(), **self._figures()}

    @property
    def published(self) -> bool | None:
        """Whether it is published; None where nobody has measured this version."""
        return None if self.measured is None else self.measured.standing is Standing.PUBLISHED

    def _what(self) -> dict[str, object]:
        each = self.variable
        return {
            "id": each.id,
            "name": each.name,
            "version": each.version,
            "zh": each.text.zh,
            "en": each.text.en,
            "subject": each.subject,
            "source": each.source,
            "kind": each.kind,
            "filter": {name: codes and list(codes) for name, codes in each.filter},
            "window": each.window,
            "measure": each.measure.word,
            "aggregate": each.aggregate,
            "operation": each.operation,
            "unit": each.unit,
            "decimals": each.decimals,
            "type": each.type,
            "expected_sign": each.sign or None,
            "missing": {**MISSING, "no_event": self._no_event()},
        }

    def _no_event(self) -> int:
        return _WITHOUT_EVENTS.get(self.variable.operation, MISSING["no_event"])

    def _whence(self) -> dict[str, object]:
        each, source = self.variable, self.source
        return {
            "lineage": {
                "columns": [f"{source.name}.{name}" for name in each.columns],
                "parents": list(each.parents),
                "defined_at": str(each.place),
                "meaning": each.meaning,
            },
            "law": source.law,
            "consent": source.consent,
            "sensitive": source.sensitive,
            "freshness_days": source.freshness_days,
            "delay_days": dict(zip(("median", "p99"), source.delay_days, strict=True)),
            "since": source.since,
        }

    def _figures(self) -> dict[str, object]:
        found = self.measured
        empty = found is None or found.low is None
        return {
            "published": self.published,
            "standing": None if found is None else found.standing.value,
            "same_as": (found.same_as or None) if found else None,
            "coverage": None if found is None else found.coverage,
            "range": None if empty or found is None else [found.low, found.high],
            "iv": None,
            "psi": None,
        }


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The rows of every variable, in the order of expansion."""

    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, object]:
        """``{"variables": [...]}``."""
        return {"variables": [row.to_json() for row in self.rows]}

    def counts(self, *, published: bool = False) -> dict[tuple[str, str, str], int]:
        """How many variables, or published ones, each source, subject and kind has."""
        rows = [row for row in self.rows if row.published or not published]
        return dict(Counter((r.variable.source, r.variable.subject, r.variable.kind) for r in rows))


def make_catalogue(
    definitions: Definitions,
    variables: Sequence[Variable],
    measured: Mapping[tuple[str, int], Measured] | None = None,
) -> Catalogue:
    """The catalogue of ``variables``, which ``definitions`` made.

    ``measured`` are figures by id and version, as ``load_measured`` reads them.
    """
    sources = {source.name: source for source in definitions.sources}
    figures = measured or {}
    return Catalogue(
        tuple(
            Row(each, sources[each.source], figures.get((each.id, each.version)))
            for each in variables
        )
    )
