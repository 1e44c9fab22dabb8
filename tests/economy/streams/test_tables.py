from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tael.economy.agents import borrower
from tael.economy.streams import STREAMS, Events, events_of, table_of
from tael.economy.world import Parameters, World
from tael.kernel import BadInput

KEYS = ("counterparty", "tradeline_id")
COLUMNS = {
    "bank_tx": "purpose direction amount counterparty weekpart daypart balance",
    "vat_invoice": "direction status kind amount tax counterparty",
    "bureau_enquiry": "lender reason",
    "tax_return": "tax status declared paid days_late",
    "court_record": "role matter stage amount",
    "utility_bill": "utility status amount quantity",
    "pos_day": "channel kind amount tickets",
    "book_entry": "entry status amount counterparty",
    "device_event": "action daypart network seconds",
    "registry_change": "change direction",
    "bureau_tradeline": "tradeline_id lender product status balance credit_limit due paid",
}


@pytest.fixture(scope="module")
def row() -> list[dict[str, Events]]:
    world = World.of(Parameters())
    return [events_of(world, borrower(world, 7, number)) for number in range(12)]


@pytest.mark.parametrize("source", STREAMS)
def test_a_table_has_the_columns_of_its_source(row: list[dict[str, Events]], source: str) -> None:
    table = table_of([item[source] for item in row])
    types = {name: str(table.schema.field(name).type) for name in table.schema.names}

    assert table.num_rows == sum(len(item[source]) for item in row)
    assert list(types) == [
        *("subject_id", "event_id", "event_at", "known_at", "version", "void"),
        *COLUMNS[source].split(),
    ]
    assert types["event_at"] == types["known_at"] == "timestamp[us, tz=UTC]"
    assert types["void"] == "bool"
    assert all(
        kind == ("string" if name in {*row[0][source].codes, *KEYS} else "int64")
        for name, kind in list(types.items())[6:]
    )
    assert not any(column.null_count for column in table.columns)


def test_a_row_of_the_table_is_the_event(row: list[dict[str, Events]]) -> None:
    part = row[3]["bank_tx"]
    record = table_of([item["bank_tx"] for item in row[2:5]]).to_pylist()[len(row[2]["bank_tx"])]

    assert record["event_id"] == "bank_tx-E00000003-0"
    assert record["event_at"] == datetime.fromtimestamp(int(part.event_at[0]), UTC)
    assert record["subject_id"] == part.subjects[int(part.subject[0])]
    assert record["counterparty"] == f"C00000003-{int(part.columns['counterparty'][0])}"
    assert record["purpose"] == part.codes["purpose"][int(part.columns["purpose"][0])]
    assert record["amount"] == int(part.columns["amount"][0])


def test_accounts_are_texts_that_name_their_borrower(row: list[dict[str, Events]]) -> None:
    number, part = next(
        (number, item["bureau_tradeline"])
        for number, item in enumerate(row)
        if len(item["bureau_tradeline"])
    )

    first = table_of([part])["tradeline_id"][0].as_py()
    assert first == f"T{number:08d}-{part.columns['tradeline_id'][0]}"


def test_sources_do_not_mix(row: list[dict[str, Events]]) -> None:
    with pytest.raises(BadInput, match="one source"):
        table_of([row[0]["bank_tx"], row[0]["vat_invoice"]])
    with pytest.raises(BadInput, match="one source"):
        table_of([])
