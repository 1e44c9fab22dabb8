"""An Arrow table of one source, checked against its schema and read into arrays.

A table of the wrong shape is refused whole, with every fault named. A faulty row is set aside with
its rule and does not stop the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.packing.calendars import calendar_codes
from tael.variables.packing.fates import Fate, Fates
from tael.variables.packing.packed import LEAST_TIME, MOST_AMOUNT, MOST_TIME
from tael.variables.packing.schema import (
    EVENT_AT,
    EVENT_ID,
    KNOWN_AT,
    OPTIONAL,
    REQUIRED,
    SUBJECT,
    VERSION,
    VOID,
    EventColumn,
    EventSchema,
    Kind,
)

if TYPE_CHECKING:
    import pyarrow as pa

Integers = NDArray[np.int64]
VERSION_LIMIT = 10**6
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True, slots=True)
class TableFault:
    """What is wrong with a table as a whole: the rule, the column, and what was found there."""

    rule: str
    field: str
    found: str


class TableRefused(BadInput):
    """A table whose columns are not those of its schema; ``faults`` names every one."""

    code = "table_refused"

    def __init__(self, source: str, faults: tuple[TableFault, ...]) -> None:
        told = "; ".join(f"{fault.field}: {fault.rule} ({fault.found})" for fault in faults)
        super().__init__(f"{source}: {told}", field=faults[0].field, rule=faults[0].rule)
        self.faults = faults


@dataclass(frozen=True, slots=True, eq=False)
class EventRows:
    """The rows of one table as arrays of N; those at fault are marked in ``fates``.

    Attributes:
        subject: number of the subject in ``subjects``, which is sorted by bytes.
        event_id: rank of the id among all ids of the table, by bytes.
        time: when it happened, whole UTC seconds, rounded down.
        known: when it became known, in ticks of the table's own unit.
        ticks: how many ticks a second has.
        version: the source's own number of the version, 0 where it has none.
        void: whether the row only says that the event is no more.
        leaf: combination of codes, see EventSchema.
        measures: int64[k, N] in the columns' units.
        key: 64-bit hash of the key; 0 where the source has no KEY column.
    """

    subjects: pa.Array
    subject: Integers
    event_id: Integers
    time: Integers
    known: Integers
    ticks: int
    version: Integers
    void: NDArray[np.bool_]
    leaf: NDArray[np.uint16]
    measures: Integers
    key: Integers
    fates: Fates


def read_events(table: pa.Table, schema: EventSchema) -> EventRows:
    """Check ``table`` against ``schema`` and read it.

    Columns of a calendar are made here from the event time; a table that delivers one is refused,
    since two origins of one code would differ some day.

    Instants need a time zone; they are read as UTC. A null or empty key is the key of the empty
    text; any other text, emoji included, is a key like every other. A void row needs its subject,
    id and known time only.

    Raises:
        TableRefused: unknown, missing or doubled columns, columns that a calendar makes, wrong
            types or units, naive instants.
    """
    _refuse_wrong_shape(table, schema)
    names = (*REQUIRED, *OPTIONAL, *(column.name for column in schema.delivered))
    fates = Fates(table.num_rows, names)
    void = _optional(table, VOID, fates).astype(np.bool_)
    version = _optional(table, VERSION, fates)
    time, known, ticks = _times(table, void, fates)
    leaf = _leaves(table, schema, (time, void), fates)
    measures = _measures(table, schema, void, fates)
    fates.mark((version < 0) | (version > VERSION_LIMIT), Fate.VERSION_OUT_OF_ORDER, VERSION)
    subject, subjects = _ranks(table, SUBJECT)
    key = np.where(void, 0, _keys(table, schema))
    return EventRows(
        subjects, subject, _ranks(table, EVENT_ID)[0], time, known, ticks, version, void, leaf,
        measures, key, fates,
    )  # fmt: skip


def _refuse_wrong_shape(table: pa.Table, schema: EventSchema) -> None:
    names = table.column_names
    expected = (*REQUIRED, *(column.name for column in schema.delivered))
    made = {column.name: column.calendar for column in schema.columns if column.calendar}
    faults = [
        TableFault("made_column", name, f"made of event_at by the calendar {made[name]}")
        if name in made
        else TableFault("unknown_column", name, "not in the schema")
        for name in sorted(set(names) - {*expected, *OPTIONAL})
    ]
    faults += [
        TableFault("missing_column", name, "absent") for name in expected if name not in names
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults += [TableFault("doubled_column", name, f"{names.count(name)} times") for name in twice]
    kinds = {column.name: column for column in schema.delivered}
    for field in table.schema:
        if field.name in twice:
            continue
        faults += _wrong_type(field)
        if field.name in kinds:
            faults += _wrong_kind(field, kinds[field.name])
    if faults:
        raise TableRefused(schema.source, tuple(faults))


def _wrong_type(field: pa.Field) -> list[TableFault]:
    """Faults of a column that every source has."""
    import pyarrow.types as kinds  # noqa: PLC0415 - an extra, and slow to load

    if field.name in {SUBJECT, EVENT_ID} and not is_text(field.type):
        return [TableFault("wrong_type", field.name, f"{field.type}, not text")]
    if field.name in {EVENT_AT, KNOWN_AT}:
        if not kinds.is_timestamp(field.type):
            return [TableFault("wrong_type", field.name, f"{field.type}, not a timestamp")]
        if field.type.tz is None:
            return [TableFault("no_time_zone", field.name, str(field.type))]
    if field.name == VERSION and not kinds.is_integer(field.type):
        return [TableFault("wrong_type", field.name, f"{field.type}, not an integer")]
    if field.name == VOID and not kinds.is_boolean(field.type):
        return [TableFault("wrong_type", field.name, f"{field.type}, not a boolean")]
    return []


def _wrong_kind(field: pa.Field, column: EventColumn) -> list[TableFault]:
    """Faults of a column of the source's own."""
    import pyarrow.types as kinds  # noqa: PLC0415 - an extra, and slow to load

    whole = kinds.is_integer(field.type) and not kinds.is_uint64(field.type)
    if column.kind in {Kind.CODE, Kind.LABEL, Kind.KEY} and not is_text(field.type):
        return [TableFault("wrong_type", field.name, f"{field.type}, not text")]
    if column.kind in {Kind.MONEY, Kind.COUNT} and not whole:
        return [TableFault("wrong_type", field.name, f"{field.type}, not a signed integer")]
    unit = (field.metadata or {}).get(b"unit", column.unit.encode()).decode()
    if unit != column.unit:
        return [TableFault("wrong_unit", field.name, f"{unit}, not {column.unit}")]
    return []


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, coded by a dictionary or not."""
    import pyarrow.types as kinds  # noqa: PLC0415 - an extra, and slow to load

    inner = kind.value_type if kinds.is_dictionary(kind) else kind
    return bool(kinds.is_string(inner) or kinds.is_large_string(inner))


def _optional(table: pa.Table, name: str, fates: Fates) -> Integers:
    """The column as integers, zeros where the table has none."""
    if name not in table.column_names:
        return np.zeros(table.num_rows, np.int64)
    values, null = _integers(table[name])
    fates.mark(null, Fate.MISSING_VALUE, name)
    return values


def _integers(column: pa.ChunkedArray) -> tuple[Integers, NDArray[np.bool_]]:
    """Values as int64 with 0 for null, and where the nulls are."""
    null: NDArray[np.bool_] = column.is_null().to_numpy()
    values: Integers = column.cast("int64").fill_null(0).to_numpy()
    return values, null


def _times(
    table: pa.Table, void: NDArray[np.bool_], fates: Fates
) -> tuple[Integers, Integers, int]:
    """Event time in seconds, known time in ticks, ticks a second."""
    for name in (SUBJECT, EVENT_ID):
        fates.mark(table[name].is_null().to_numpy(), Fate.MISSING_VALUE, name)
    known, unknown = _integers(table[KNOWN_AT])
    fates.mark(unknown, Fate.MISSING_VALUE, KNOWN_AT)
    happened, never = _integers(table[EVENT_AT])
    fates.mark(never & ~void, Fate.MISSING_VALUE, EVENT_AT)
    ticks = TICKS[table.schema.field(KNOWN_AT).type.unit]
    time = happened // TICKS[table.schema.field(EVENT_AT).type.unit]
    outside = (time < LEAST_TIME) | (time >= MOST_TIME)
    # Before 1990 lies also the 1970 of a field that was empty.
    fates.mark(outside & ~void, Fate.TIME_OUT_OF_RANGE, EVENT_AT)
    late = (known // ticks < LEAST_TIME) | (known // ticks >= MOST_TIME)
    fates.mark(late, Fate.TIME_OUT_OF_RANGE, KNOWN_AT)
    fates.mark(_before(table, known, happened) & ~void, Fate.KNOWN_BEFORE_EVENT, KNOWN_AT)
    return np.where(void, 0, time), known, ticks


def _before(table: pa.Table, known: Integers, happened: Integers) -> NDArray[np.bool_]:
    """Whether known precedes happened, to the coarser of the two units."""
    known_ticks = TICKS[table.schema.field(KNOWN_AT).type.unit]
    event_ticks = TICKS[table.schema.field(EVENT_AT).type.unit]
    coarse = min(known_ticks, event_ticks)
    earlier: NDArray[np.bool_] = known // (known_ticks // coarse) < happened // (
        event_ticks // coarse
    )
    return earlier


def _leaves(
    table: pa.Table,
    schema: EventSchema,
    happened: tuple[Integers, NDArray[np.bool_]],
    fates: Fates,
) -> NDArray[np.uint16]:
    """The leaf of each row; ``happened`` is when, and where it is void."""
    time, void = happened
    leaf = np.zeros(table.num_rows, np.int64)
    for column in schema.of(Kind.CODE, Kind.LABEL):
        if column.calendar:
            code = calendar_codes(column.calendar, time)
        else:
            code = _codes(table, column)
            fates.mark((code < 0) & ~void, Fate.CODE_OUTSIDE_LIST, column.name)
        if column.kind is Kind.CODE:
            leaf = leaf * len(column.codes) + np.maximum(code, 0)
    return np.where(void, 0, leaf).astype(np.uint16)


def _codes(table: pa.Table, column: EventColumn) -> Integers:
    """The place of each text in the column's list, -1 for what it does not hold."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    text = table[column.name].cast(pa.large_string())
    listed = pa.array(column.codes, pa.large_string())
    code: Integers = pc.index_in(text, value_set=listed).fill_null(-1).to_numpy().astype(np.int64)
    return code


def _measures(
    table: pa.Table, schema: EventSchema, void: NDArray[np.bool_], fates: Fates
) -> Integers:
    measures = np.zeros((len(schema.measures), table.num_rows), np.int64)
    for row, name in zip(measures, schema.measures, strict=True):
        values, null = _integers(table[name])
        fates.mark(null & ~void, Fate.MISSING_VALUE, name)
        # Not abs(): the smallest int64 has none.
        beyond = (values > MOST_AMOUNT) | (values < -MOST_AMOUNT)
        fates.mark(beyond & ~void, Fate.AMOUNT_BEYOND_LIMIT, name)
        row[:] = np.where(void, 0, values)
    return measures


def _ranks(table: pa.Table, name: str) -> tuple[Integers, pa.Array]:
    """Rank of each text among the distinct ones by bytes, -1 for null; and those, sorted."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    coded = pa.array(table[name].cast(pa.large_string()).combine_chunks()).dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order) + 1, np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    places: Integers = coded.indices.fill_null(-1).to_numpy()
    return rank[places], coded.dictionary.take(pa.array(order))


def _keys(table: pa.Table, schema: EventSchema) -> Integers:
    """64-bit keys; each distinct text is hashed once."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    columns = schema.of(Kind.KEY)
    if not columns:
        return np.zeros(table.num_rows, np.int64)
    text = table[columns[0].name].cast(pa.large_string()).fill_null("").combine_chunks()
    coded = pa.array(text).dictionary_encode()
    hashed = key_hashes(schema.source, coded.dictionary.to_pylist())
    places: Integers = coded.indices.to_numpy()
    return hashed[places]


def key_hashes(source: str, texts: list[str]) -> Integers:
    """The 64-bit key of each text: BLAKE2b (RFC 7693) of its UTF-8, keyed by the source's name.

    Keyed, so that one counterparty's number in a source says nothing in another. Two of a million
    texts collide with a chance of 3 in 100 million.
    """
    seed = source.encode()[:64]
    digests = (blake2b(text.encode(), digest_size=8, key=seed).digest() for text in texts)
    return np.frombuffer(b"".join(digests), "<i8").astype(np.int64)
