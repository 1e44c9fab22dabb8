"""The built-in functions (DMN 1.5 clause 10.3.4), as a table from name to Function.

A function raises Nothing with the reason when it gives null; the caller turns that into a warning.
"""

from __future__ import annotations

from dataclasses import replace

from tael.dmn.feel.library import (
    contexts,
    conversion,
    lists,
    numbers,
    ranges,
    strings,
    temporal,
)
from tael.dmn.feel.values import Function

_FAMILIES = (conversion, numbers, strings, lists, contexts, temporal, ranges)


def _table() -> dict[str, Function]:
    table: dict[str, Function] = {}
    for family in _FAMILIES:
        for entry in family.ENTRIES:
            made, first = entry.function(), table.get(entry.name)
            if first is not None:
                made = replace(first, overloads=(*first.overloads, made))
            table[entry.name] = made
    return table


BUILTINS: dict[str, Function] = _table()
