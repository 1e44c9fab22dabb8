"""Links of owners and firms as they were known then: when a person's events belong to a firm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.packing.packed import FOREVER

if TYPE_CHECKING:
    import pyarrow as pa

Integers = NDArray[np.int64]
PERSON, FIRM, ROLE = "person_id", "enterprise_id", "role"
VALID_FROM, VALID_TO, KNOWN = "valid_from", "valid_to", "known_at"
TICKS = 10**6


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Times in which a person stood behind a firm, as known at those times.

    Arrays of L, sorted by firm, person and start; times of one pair do not touch or overlap.

    Attributes:
        person: number of the person in the list given to ``links_of``.
        firm: number of the firm in the list given to ``links_of``.
        start: first whole UTC second of the link, end: the second after its last.
        unmatched: links whose person or firm stands in neither list.
    """

    person: Integers
    firm: Integers
    start: Integers
    end: Integers
    unmatched: int


def links_of(
    table: pa.Table, roles: tuple[str, ...], *, persons: pa.Array, firms: pa.Array
) -> Links:
    """Read a table of links, for some roles.

    A row says what was known from ``known_at`` on: valid from ``valid_from`` to before
    ``valid_to`` (null: without end). A later row of the same person, firm, role and ``valid_from``
    replaces it from its own known time. Seen from as-of t a link stands if the row in force at t
    says that it is valid at t; roles of one pair are joined.

    Raises:
        BadInput: a column is missing, an instant is null (but ``valid_to``) or has no time zone, or
            two rows differ in ``valid_to`` only and are known at the same time.
    """
    _refuse_wrong_shape(table)
    chosen = _chosen(table, roles)
    person, firm = _places(chosen[PERSON], persons), _places(chosen[FIRM], firms)
    start, end = _intervals(chosen)
    standing = (person >= 0) & (firm >= 0)
    live = standing & (start < end)
    joined = _joined(person[live], firm[live], start[live], end[live])
    return Links(*joined, int((~standing).sum()))


def _refuse_wrong_shape(table: pa.Table) -> None:
    for name in (PERSON, FIRM, ROLE, VALID_FROM, VALID_TO, KNOWN):
        if name not in table.column_names:
            raise BadInput("the links have no such column", field=name, rule="missing_column")
        if name != VALID_TO and table[name].null_count:
            one = table.filter(table[name].is_null()).slice(0, 1).to_pylist()[0]
            who = " and ".join(str(one[each]) for each in (PERSON, FIRM) if one.get(each))
            told = f"{table[name].null_count} links have none, such as one of {who or 'nobody'}"
            raise BadInput(told, field=name, rule="only valid_to may be null")
        kind = table.schema.field(name).type
        if name in {VALID_FROM, VALID_TO, KNOWN} and getattr(kind, "tz", None) is None:
            raise BadInput(f"{kind}", field=name, rule="a timestamp with a time zone")


def _chosen(table: pa.Table, roles: tuple[str, ...]) -> pa.Table:
    """Rows of these roles, with versions of one link one after the other by known time."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    wanted = pc.is_in(table[ROLE].cast(pa.string()), value_set=pa.array(roles, pa.string()))
    kinds = {VALID_FROM: "us", VALID_TO: "us", KNOWN: "us"}
    fields = [
        table[name].cast(pa.timestamp("us", "UTC") if name in kinds else pa.string())
        for name in (FIRM, PERSON, ROLE, VALID_FROM, KNOWN, VALID_TO)
    ]
    names = [FIRM, PERSON, ROLE, VALID_FROM, KNOWN, VALID_TO]
    told = pa.table(fields, names=names).filter(wanted)
    told = told.group_by(names).aggregate([])  # a row that came twice counts once
    return told.sort_by([(name, "ascending") for name in names])


def _places(column: pa.ChunkedArray, listed: pa.Array) -> Integers:
    """Number of each text in ``listed``, -1 where it is not."""
    import pyarrow.compute as pc  # noqa: PLC0415 - an extra, and slow to load

    places = pc.index_in(column.cast(listed.type), value_set=listed).fill_null(-1)
    numbers: Integers = places.to_numpy().astype(np.int64)
    return numbers


def _intervals(chosen: pa.Table) -> tuple[Integers, Integers]:
    """From when to when each row was in force and said that the link was valid."""
    same = np.ones(max(chosen.num_rows - 1, 0), np.bool_)
    for name in (FIRM, PERSON, ROLE, VALID_FROM):
        values = chosen[name].to_numpy()
        same &= values[1:] == values[:-1]
    known = _up(chosen[KNOWN].cast("int64").to_numpy())
    raw = chosen[KNOWN].cast("int64").to_numpy()
    torn = np.flatnonzero(same & (raw[1:] == raw[:-1]))
    if torn.size:
        one = chosen.slice(int(torn[0]), 1).to_pylist()[0]
        told = f"two rows of {one[PERSON]} and {one[FIRM]} ({one[ROLE]}) differ in it alone"
        raise BadInput(told, field=VALID_TO, rule="one row a link and known time")
    following = np.full(len(known), FOREVER, np.int64)
    following[:-1][same] = known[1:][same]
    begin = _up(chosen[VALID_FROM].cast("int64").to_numpy())
    ended = chosen[VALID_TO].cast("int64")
    end = np.where(ended.is_null().to_numpy(), FOREVER, _up(ended.fill_null(0).to_numpy()))
    return np.maximum(begin, known), np.minimum(end, following)


def _up(ticks: Integers) -> Integers:
    """Whole seconds, rounded up: true of every as-of that is a whole second."""
    seconds: Integers = -(-ticks // TICKS)
    return seconds


def _joined(
    person: Integers, firm: Integers, start: Integers, end: Integers
) -> tuple[Integers, Integers, Integers, Integers]:
    """Join the times of one pair that touch or overlap."""
    order = np.lexsort((start, person, firm))
    person, firm, start, end = person[order], firm[order], start[order], end[order]
    if not len(order):
        return person, firm, start, end
    fresh = np.append(True, (person[1:] != person[:-1]) | (firm[1:] != firm[:-1]))
    group = np.cumsum(fresh) - 1
    reach = _running_end(group, end)
    fresh[1:] |= start[1:] > reach[:-1]
    first = np.flatnonzero(fresh)
    return person[first], firm[first], start[first], np.maximum.reduceat(end, first)


def _running_end(group: Integers, end: Integers) -> Integers:
    """The latest end so far within each group."""
    # Ranks, not instants: the number of a group times an instant would not fit 63 bits.
    instants, rank = np.unique(end, return_inverse=True)
    highest = np.maximum.accumulate(group * len(instants) + rank)
    reach: Integers = instants[highest - group * len(instants)]
    return reach
