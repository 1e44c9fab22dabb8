"""What the catalogue of variables knows, handed to the risk engine: sign, unit and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from tael.risk import Facts
from tael.risk.pipeline import facts_of
from tael.variables import load_definitions
from tael.variables.definitions import expand


@cache
def catalogue_facts() -> dict[str, Facts]:
    """The facts of every shipped variable, by name."""
    found = {}
    for each in expand(load_definitions()):
        guessed = facts_of(each.name)
        found[each.name] = replace(
            guessed,
            sign=each.sign or guessed.sign,
            zh=each.text.zh,
            en=each.text.en,
        )
    return found


def facts(names: Sequence[str]) -> dict[str, Facts]:
    """The facts of ``names``; those that the catalogue does not hold are left to their names."""
    known = catalogue_facts()
    return {name: known[name] for name in names if name in known}
