"""What each variable counts, in words that any engine understands, and the events as tables.

An event of a table: ``time``, ``visible_from``, ``visible_to`` (int64, UTC seconds), a uint8 column
for each code that a filter asks for, int64 for each measure, ``key`` int64 (hash of the
counterparty) where it is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tael.variables import Book, Plan, Variable
from tael.variables.packing.schema import EventSchema, Kind
from tael.variables.plan.windows import SHARES, VELOCITIES, WindowPlan

Spec = dict[str, Any]  # of JSON


def spec(plan: Plan, variables: Sequence[Variable]) -> Spec:
    """All variables of ``plan``, whose names are ``names``.

    Each of ``variables`` has ``slot``, ``aggregate``, ``filter`` (codes by column, as numbers),
    ``base`` (the filter that a share is a share of), ``window_s`` and ``longer_s`` (seconds, None
    is ever; the longer one of a velocity) and ``column``, the measure. ``sizes`` tells how many
    codes each column has.
    """
    found: list[Spec] = []
    for section in plan.sections:
        if not isinstance(section.plan, WindowPlan):
            raise TypeError(f"{section.kind} of {section.slot} is not told to the peers")
        schema = plan.schemas[section.slot]
        for place, output in enumerate(section.plan.outputs):
            variable = variables[section.start + place]
            velocity = output.aggregate in VELOCITIES
            found.append({
                "name": variable.name,
                "slot": section.slot,
                "aggregate": output.aggregate,
                "filter": _codes(schema, variable),
                # Shares of the catalogue are of all events of the window.
                "base": _base(section.plan, output),
                "window_s": section.plan.windows[output.window],
                "longer_s": section.plan.windows[output.window + 1] if velocity else None,
                "column": variable.measure.column,
            })  # fmt: skip
    sizes = {slot: {column.name: len(column.codes) for column in schema.of(Kind.CODE)}
             for slot, schema in plan.schemas.items()}  # fmt: skip
    return {"names": [*plan.names], "slots": _slots(found), "sizes": sizes, "variables": found}


def _base(plan: WindowPlan, output: Any) -> dict[str, list[int]] | None:
    if output.aggregate not in SHARES:
        return None
    base = plan.base(output)
    if base is None or len(plan.filters[base]) != plan.leaves:
        raise ValueError("a share of a part is not told to the peers")
    return {}


def _codes(schema: EventSchema, variable: Variable) -> dict[str, list[int]]:
    """The codes by column; a column that lets all codes through is left out."""
    listed = {column.name: column.codes for column in schema.of(Kind.CODE)}
    found = {}
    for column, codes in variable.filter:
        if codes is not None and len(set(codes)) < len(listed[column]):
            found[column] = sorted(listed[column].index(code) for code in codes)
    return found


def _slots(variables: list[Spec]) -> dict[str, Spec]:
    """The columns of events that the variables of each slot read."""
    slots: dict[str, Spec] = {}
    for each in variables:
        known = slots.setdefault(each["slot"], {"codes": [], "measures": [], "key": False})
        known["codes"] += [name for name in each["filter"] if name not in known["codes"]]
        if each["aggregate"] == "distinct":
            known["key"] = True
        elif each["column"] and each["column"] not in known["measures"]:
            known["measures"].append(each["column"])
    return slots


def tables(
    plan: Plan, book: Book, places: Sequence[int], told: Spec
) -> Iterator[tuple[str, pa.Table]]:
    """The events of the borrowers at ``places``, slot by slot; ``borrower`` is their number."""
    for slot, columns in told["slots"].items():
        schema, packed = plan.schemas[slot], book.slots[slot]
        ranges = [(int(packed.offsets[p]), int(packed.offsets[p + 1])) for p in places]
        lengths = [end - begin for begin, end in ranges]
        rows = np.concatenate([np.arange(*each) for each in ranges])
        made = {"borrower": np.repeat(np.arange(len(places), dtype=np.int32), lengths)}
        for name in ("time", "visible_from", "visible_to"):
            made[name] = getattr(packed, name)[rows]
        digits = _digits(schema, packed.leaf[rows])
        made |= {name: digits[name] for name in columns["codes"]}
        made |= {n: packed.measures[schema.measures.index(n), rows] for n in columns["measures"]}
        if columns["key"]:
            made["key"] = packed.key[rows]
        yield slot, pa.table(made)


def _digits(schema: EventSchema, leaf: np.ndarray) -> dict[str, np.ndarray]:
    """The codes that make a leaf, by column: the last column is fastest."""
    found, rest = {}, leaf.astype(np.int64)
    for column in reversed(schema.of(Kind.CODE)):
        rest, digit = np.divmod(rest, len(column.codes))
        found[column.name] = digit.astype(np.uint8)
    return found
