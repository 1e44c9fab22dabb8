"""What the catalogue of variables knows, handed to the risk engine: sign, unit and words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from tael.risk import Facts
from tael.risk.pipeline import facts_from, facts_of
from tael.variables import expand, load_definitions, make_catalogue


@cache
def _catalogue() -> tuple[Any, dict[str, int]]:
    known = load_definitions()
    made = make_catalogue(known, expand(known))
    return made, {row.variable.name: place for place, row in enumerate(made.rows)}


def facts(names: Sequence[str]) -> dict[str, Facts]:
    """The facts of ``names``; of those that the catalogue does not hold what their names tell."""
    made, place = _catalogue()
    return {
        name: facts_from(made.rows[place[name]].to_json()) if name in place else facts_of(name)
        for name in names
    }
