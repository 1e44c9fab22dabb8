"""From a table of events to packed events: shape, faults, links and totals, as readable tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from tael.kernel import BadInput
from tael.variables.packing.events import TableRefused, key_hashes
from tael.variables.packing.pack import Behind, pack
from tael.variables.packing.packed import FOREVER, verify
from tael.variables.packing.schema import EventColumn, EventSchema, Kind

DAY = 86_400
START = datetime(2020, 1, 1, tzinfo=UTC)
SCHEMA = EventSchema(
    "bank_tx",
    (
        EventColumn("purpose", Kind.CODE, ("sales", "rent", "wage")),
        EventColumn("direction", Kind.CODE, ("in", "out")),
        EventColumn("amount", Kind.MONEY, unit="fen"),
        EventColumn("counterparty", Kind.KEY),
    ),
)
INSTANT = pa.timestamp("us", "UTC")
FIELDS = {
    "subject_id": pa.string(),
    "event_id": pa.string(),
    "event_at": INSTANT,
    "known_at": INSTANT,
    "version": pa.int32(),
    "void": pa.bool_(),
    "purpose": pa.string(),
    "direction": pa.string(),
    "amount": pa.int64(),
    "counterparty": pa.string(),
}
GOOD = {
    "subject_id": "A",
    "event_id": "e1",
    "event_at": 1,
    "known_at": 2,
    "version": 0,
    "void": False,
    "purpose": "sales",
    "direction": "in",
    "amount": 100,
    "counterparty": "c",
}


def at(days: float | None) -> datetime | None:
    return None if days is None else START + timedelta(days=days)


def events(*rows: dict[str, object]) -> pa.Table:
    """A table of good rows changed by ``rows``; times are days after 2020-01-01."""
    full = [GOOD | row for row in rows]
    columns = {
        name: pa.array([at(row[name]) if kind == INSTANT else row[name] for row in full], kind)
        for name, kind in FIELDS.items()
    }
    return pa.table(columns)


def seconds(days: float) -> int:
    return int(START.timestamp() + days * DAY)


def without_zeros(rows: dict[str, int]) -> dict[str, int]:
    return {fate: count for fate, count in rows.items() if count}


def retyped(name: str, kind: pa.DataType, **metadata: str) -> pa.Table:
    table = events({})
    place = table.column_names.index(name)
    field = pa.field(name, kind, metadata=metadata or None)
    return table.set_column(place, field, table[name].cast(kind, safe=False))


BAD_TABLES = [
    # case, table, rule, field
    ("unknown column", events({}).append_column("note", pa.array(["x"])), "unknown_column", "note"),
    ("missing column", events({}).drop_columns("amount"), "missing_column", "amount"),
    ("missing id", events({}).drop_columns("event_id"), "missing_column", "event_id"),
    (
        "a column twice",
        events({}).append_column("amount", pa.array([1])),
        "doubled_column",
        "amount",
    ),
    ("money as float", retyped("amount", pa.float64()), "wrong_type", "amount"),
    ("money in yuan", retyped("amount", pa.int64(), unit="yuan"), "wrong_unit", "amount"),
    ("naive instant", retyped("event_at", pa.timestamp("us")), "no_time_zone", "event_at"),
    ("date for instant", retyped("known_at", pa.date32()), "wrong_type", "known_at"),
    ("text version", retyped("version", pa.string()), "wrong_type", "version"),
    ("void as number", retyped("void", pa.int8()), "wrong_type", "void"),
    ("codes as numbers", events({}).set_column(6, "purpose", pa.array([1])),
     "wrong_type", "purpose"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "table", "rule", "field"), BAD_TABLES)
def test_a_table_of_another_shape_is_refused_with_field_and_rule(
    case: str, table: pa.Table, rule: str, field: str
) -> None:
    with pytest.raises(TableRefused) as refused:
        pack(table, SCHEMA)
    assert (rule, field) in {(fault.rule, fault.field) for fault in refused.value.faults}


def test_every_fault_of_a_table_is_named_at_once() -> None:
    table = events({}).drop_columns("amount").append_column("note", pa.array(["x"]))
    with pytest.raises(TableRefused, match=r"note: unknown_column.*amount: missing_column"):
        pack(table, SCHEMA)


BAD_ROWS = [
    # changed, rule, field, the value shown
    ({"subject_id": None}, "missing_value", "subject_id", "None"),
    ({"event_id": None}, "missing_value", "event_id", "None"),
    ({"event_at": None}, "missing_value", "event_at", "None"),
    ({"known_at": None}, "missing_value", "known_at", "None"),
    ({"void": None}, "missing_value", "void", "None"),
    ({"amount": None}, "missing_value", "amount", "None"),
    ({"event_at": -50 * 365}, "time_out_of_range", "event_at", "1970-01-13 00:00:00+00:00"),
    ({"event_at": 3}, "known_before_event", "known_at", "2020-01-03 00:00:00+00:00"),
    ({"purpose": "gift"}, "code_outside_list", "purpose", "gift"),
    ({"purpose": None}, "code_outside_list", "purpose", "None"),
    ({"direction": "IN"}, "code_outside_list", "direction", "IN"),
    ({"amount": 10**12 + 1}, "amount_beyond_limit", "amount", "1000000000001"),
    ({"amount": -(2**63)}, "amount_beyond_limit", "amount", "-9223372036854775808"),
    ({"version": -1}, "version_out_of_order", "version", "-1"),
]


@pytest.mark.parametrize(("changed", "rule", "field", "value"), BAD_ROWS)
def test_a_faulty_row_is_set_aside_with_its_rule_and_the_others_go_on(
    changed: dict[str, object], rule: str, field: str, value: str
) -> None:
    done = pack(events({"event_id": "e0"}, changed, {"event_id": "e2"}), SCHEMA)
    assert without_zeros(done.rows) == {"kept": 2, rule: 1}
    (fault,) = done.faults
    assert (fault.rule, fault.field, fault.count) == (rule, field, 1)
    assert [(one.row, one.value) for one in fault.examples] == [(2, value)]
    (aside,) = done.quarantine.to_pylist()
    assert (aside["fault_row"], aside["fault_rule"], aside["fault_field"]) == (2, rule, field)
    assert done.packed.time.size == 2


def test_faults_are_counted_and_five_examples_are_shown() -> None:
    done = pack(events(*({"event_id": f"e{n}", "purpose": "gift"} for n in range(9))), SCHEMA)
    assert done.faults[0].count == 9
    assert [one.row for one in done.faults[0].examples] == [1, 2, 3, 4, 5]
    assert done.quarantine.num_rows == 9


def test_emoji_and_empty_keys_are_keys_and_null_is_the_empty_one() -> None:
    names = ["🦊", "", None, "🦊", "a" * 10_000]
    done = pack(events(*({"event_id": f"e{n}", "counterparty": c} for n, c in enumerate(names))),
                SCHEMA)  # fmt: skip
    assert done.faults == ()
    long, fox, null, empty, first = done.packed.key.tolist()  # of one time: ids fall
    assert fox == first
    assert null == empty
    assert len({long, fox, empty}) == 3


def test_the_hash_of_a_key_never_changes() -> None:
    assert key_hashes("bank_tx", ["", "🦊"]).tolist() == KNOWN_HASHES
    assert key_hashes("vat_invoice", [""]).tolist() != KNOWN_HASHES[:1]


KNOWN_HASHES = [8912603952007490921, -2684180985656931023]

VERSIONS = [
    # case, rows, (amount, visible from, visible to) as packed, fates beside kept
    ("one row", [{}], [(100, 2, None)], {}),
    (
        "a correction",
        [{}, {"known_at": 5, "amount": 70}],
        [(70, 5, None), (100, 2, 5)],
        {},
    ),
    (
        "a correction of a correction, rows in any order",
        [{"known_at": 9, "amount": 60}, {}, {"known_at": 5, "amount": 70}],
        [(60, 9, None), (70, 5, 9), (100, 2, 5)],
        {},
    ),
    ("a void", [{}, {"known_at": 5, "void": True}], [(100, 2, 5)], {"void": 1}),
    (
        "a void without anything but its id",
        [{}, {"known_at": 5, "void": True, "event_at": None, "amount": None, "purpose": None}],
        [(100, 2, 5)],
        {"void": 1},
    ),
    (
        "an event back after its void",
        [{}, {"known_at": 5, "void": True}, {"known_at": 8, "amount": 30}],
        [(30, 8, None), (100, 2, 5)],
        {"void": 1},
    ),
    ("a void of nothing", [{"void": True}], [], {"void": 1}),
    ("the same row three times", [{}, {}, {}], [(100, 2, None)], {"duplicate": 2}),
    (
        "same id and known time, other content",
        [{}, {"amount": 70}],
        [],
        {"conflicting_versions": 2},
    ),
    (
        "a conflict beside a repeat takes all of them",
        [{}, {"amount": 70}, {}],
        [],
        {"conflicting_versions": 3},
    ),
    (
        "a conflicting correction leaves the version before",
        [{}, {"known_at": 5, "amount": 1}, {"known_at": 5, "amount": 2}],
        [(100, 2, None)],
        {"conflicting_versions": 2},
    ),
    (
        "an old version that arrives late",
        [{"known_at": 5, "version": 1, "amount": 70}, {"known_at": 6, "version": 0}],
        [(70, 5, None)],
        {"version_out_of_order": 1},
    ),
    (
        "a faulty correction leaves the version before",
        [{}, {"known_at": 5, "purpose": "gift"}],
        [(100, 2, None)],
        {"code_outside_list": 1},
    ),
    (
        "corrected within the second",
        [{"known_at": 2 + 0.1 / DAY}, {"known_at": 2 + 0.2 / DAY, "amount": 70}],
        [(70, 2 + 1 / DAY, None)],
        {"never_visible": 1},
    ),
    (
        "one id of two subjects is two events",
        [{}, {"subject_id": "B", "amount": 70, "known_at": 3}],
        [(100, 2, None), (70, 3, None)],
        {},
    ),
]


@pytest.mark.parametrize(("case", "rows", "expected", "fates"), VERSIONS)
def test_versions_follow_known_time(
    case: str,
    rows: list[dict[str, object]],
    expected: list[tuple[int, float, float | None]],
    fates: dict[str, int],
) -> None:
    done = pack(events(*rows), SCHEMA)
    packed = done.packed
    found = list(zip(packed.measures[0].tolist(), packed.visible_from.tolist(),
                     packed.visible_to.tolist(), strict=True))  # fmt: skip
    assert found == [
        (amount, round(seconds(start)), FOREVER if end is None else seconds(end))
        for amount, start, end in expected
    ]
    assert without_zeros(done.rows | {"kept": 0}) == fates
    assert sum(done.rows.values()) == len(rows)
    verify(packed)


def test_nothing_is_seen_before_it_was_known_by_a_fraction_of_a_second() -> None:
    done = pack(events({"event_at": 1 + 0.5 / DAY, "known_at": 1 + 0.5 / DAY}), SCHEMA)
    assert done.packed.time.tolist() == [seconds(1)]
    assert done.packed.visible_from.tolist() == [seconds(1) + 1]


def test_leaves_count_the_last_dimension_fastest() -> None:
    table = events(
        {"event_id": "e3", "purpose": "wage", "direction": "out"},
        {"event_id": "e2", "purpose": "rent", "direction": "in"},
        {"event_id": "e1"},
    )
    assert pack(table, SCHEMA).packed.leaf.tolist() == [5, 2, 0]
    assert SCHEMA.leaf(purpose="rent", direction="in") == 2
    assert SCHEMA.leaves == 6


def test_borrowers_stand_in_the_order_asked_with_and_without_events() -> None:
    table = events({"subject_id": "B"}, {"subject_id": "A"}, {"subject_id": "Z"})
    done = pack(table, SCHEMA, ["C", "B", "A", "D"], absent=["D", "A"])
    assert done.packed.offsets.tolist() == [0, 0, 1, 1, 1]
    assert done.packed.present.tolist() == [True, True, False, False]
    assert without_zeros(done.rows) == {"kept": 1, "left_out": 2}


def test_a_table_without_rows_is_packed() -> None:
    done = pack(events(), SCHEMA, ["A"])
    assert done.packed.offsets.tolist() == [0, 0]
    assert done.quarantine.num_rows == 0


def test_version_and_void_may_be_absent_and_texts_may_be_coded() -> None:
    table = events({}).drop_columns(["version", "void"])
    coded = table.set_column(4, "purpose", table["purpose"].dictionary_encode())
    assert pack(coded, SCHEMA).rows["kept"] == 1


def test_a_borrower_whose_amounts_exceed_the_total_is_refused_alone() -> None:
    heavy = [{"event_id": f"e{n}", "amount": 10**12} for n in range(501)]
    done = pack(events(*heavy, {"subject_id": "B"}), SCHEMA)
    assert done.refused == ("A",)
    assert done.packed.present.tolist() == [False, True]
    assert without_zeros(done.rows) == {"kept": 1, "total_beyond_limit": 501}
    verify(done.packed)


LinkRows = list[tuple[str, float, float | None, float]]
LINKS = [
    # case, (role, from, to, known) a row, (start, end) of the event known at day 2 in the firm
    ("valid and known before", [("controller", 0, None, 0)], [(2, None)]),
    ("not known yet", [("controller", 0, None, 30)], [(30, None)]),
    ("not valid yet", [("controller", 40, None, 30)], [(40, None)]),
    ("ended", [("controller", 0, 20, 0)], [(2, 20)]),
    (
        "ended, known later",
        [("controller", 0, None, 0), ("controller", 0, 20, 25)],
        [(2, 25)],
    ),
    (
        "came back",
        [("controller", 0, 20, 0), ("controller", 50, None, 50)],
        [(50, None), (2, 20)],
    ),
    (
        "two roles that overlap are one link",
        [("controller", 0, 20, 0), ("shareholder", 10, 30, 10)],
        [(2, 30)],
    ),
    ("a role that does not count", [("spouse", 0, None, 0)], []),
    ("the same row twice", [("controller", 0, 20, 0)] * 2, [(2, 20)]),
]


def links(rows: LinkRows, person: str = "A") -> pa.Table:
    columns = {
        "person_id": pa.array([person] * len(rows), pa.string()),
        "enterprise_id": pa.array(["F"] * len(rows), pa.string()),
        "role": pa.array([row[0] for row in rows], pa.string()),
    }
    for place, name in enumerate(("valid_from", "valid_to", "known_at"), 1):
        columns[name] = pa.array([at(row[place]) for row in rows], INSTANT)
    return pa.table(columns)


@pytest.mark.parametrize(("case", "rows", "expected"), LINKS)
def test_events_of_a_person_enter_a_firm_while_the_link_was_valid_and_known(
    case: str, rows: LinkRows, expected: list[tuple[float, float | None]]
) -> None:
    behind = Behind(links(rows), ("controller", "shareholder"))
    done = pack(events({}), SCHEMA, ["G", "F"], behind=behind)
    packed = done.packed
    found = list(zip(packed.visible_from.tolist(), packed.visible_to.tolist(), strict=True))
    assert found == [
        (seconds(start), FOREVER if end is None else seconds(end)) for start, end in expected
    ]
    assert done.rows["left_out"] == (0 if expected else 1)
    assert packed.offsets.tolist() == [0, 0, len(expected)]


def test_two_owners_bring_events_of_one_id_each() -> None:
    both = pa.concat_tables([links([("controller", 0, None, 0)], person) for person in ("A", "B")])
    table = events({"subject_id": "A"}, {"subject_id": "B", "amount": 7})
    forth = pack(table, SCHEMA, ["F"], behind=Behind(both, ("controller",)))
    back = pack(table.take([1, 0]), SCHEMA, ["F"], behind=Behind(both, ("controller",)))
    assert forth.packed.measures.tolist() == back.packed.measures.tolist() == [[7, 100]]


@pytest.mark.parametrize(
    ("rows", "field", "said"),
    [
        ([("controller", 0, 20, 0), ("controller", 0, 30, 0)], "valid_to", "two rows of A and F"),
        ([("controller", None, 20, 0)], "valid_from", "1 links have none, such as one of A and F"),
    ],
)
def test_links_that_contradict_or_lack_an_instant_are_refused(
    rows: LinkRows, field: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        pack(events({}), SCHEMA, ["F"], behind=Behind(links(rows), ("controller",)))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ((EventColumn("x", Kind.CODE),), "codes belong to a CODE"),
        ((EventColumn("x", Kind.CODE, ("a", "a")),), "each code stands once"),
        ((EventColumn("void", Kind.COUNT),), "one column has a name"),
        ((EventColumn("x", Kind.KEY), EventColumn("y", Kind.KEY)), "at most one KEY column"),
        (
            tuple(EventColumn(f"x{n}", Kind.CODE, tuple("abcdefgh")) for n in range(6)),
            "262144 leaves, the limit is 65536",
        ),
    ],
)
def test_a_schema_that_cannot_be_packed_is_refused(
    columns: tuple[EventColumn, ...], rule: str
) -> None:
    with pytest.raises(BadInput, match="source s") as refused:
        EventSchema("s", columns)
    assert refused.value.rule == rule


def test_one_borrower_has_a_hundred_thousand_events_and_one_has_none() -> None:
    many = 100_000
    table = events({}).take(np.zeros(many, np.int64))
    ids = pa.array([f"e{n:06d}" for n in range(many)])
    done = pack(table.set_column(1, "event_id", ids), SCHEMA, ["none", "A"])
    assert done.packed.offsets.tolist() == [0, 0, many]
