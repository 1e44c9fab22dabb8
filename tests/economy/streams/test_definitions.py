"""What the economy writes is what the definitions of the variables read."""

from __future__ import annotations

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("yaml")

import pyarrow as pa

from tael.economy.agents import ALWAYS, borrower
from tael.economy.streams import (
    STREAMS,
    Events,
    events_of,
    market_link,
    markets,
    region_month,
    table_of,
)
from tael.economy.world import Parameters, World
from tael.variables import load_definitions
from tael.variables.definitions.model import Source
from tael.variables.packing.pack import Behind, pack
from tael.variables.packing.schema import schema_of

SEED, COUNT = 7, 120
RARE = {"court_record": {"other"}, "pos_day": {"takeaway"}}
SOURCES = {source.name: source for source in load_definitions().sources if source.columns}


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def parts(world: World) -> dict[str, list[Events]]:
    row = [events_of(world, borrower(world, SEED, number)) for number in range(COUNT)]
    found = {source: [item[source] for item in row] for source in STREAMS}
    found["region_month"] = [region_month(world, SEED, market) for market in markets(world)[:40]]
    return found


def test_every_source_that_is_defined_is_written(parts: dict[str, list[Events]]) -> None:
    assert set(parts) == set(SOURCES)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_events_of_a_source_pack_without_a_fault(
    parts: dict[str, list[Events]], name: str
) -> None:
    table = table_of(parts[name])
    packing = pack(table, schema_of(SOURCES[name]))

    assert packing.faults == ()
    assert packing.quarantine.num_rows == 0
    assert packing.refused == ()
    # Nothing but what came twice is missing.
    assert packing.rows["duplicate"] < 0.01 * table.num_rows + 5


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_code_that_is_defined_occurs(parts: dict[str, list[Events]], name: str) -> None:
    """The rarest, if not among so few firms, are looked for by the tests of the stream itself."""
    table = table_of(parts[name])
    for column, codes in _codes(SOURCES[name]).items():
        missing = set(codes) - set(table[column].unique().to_pylist())
        assert missing <= RARE.get(name, set())
        assert set(parts[name][0].codes[column]) == set(codes)


def _codes(source: Source) -> dict[str, list[str]]:
    return {
        column.name: [code for code, _ in column.codes]
        for column in source.columns
        if column.codes and not column.calendar
    }


def test_the_figures_of_a_market_are_packed_to_its_firms(
    world: World, parts: dict[str, list[Events]]
) -> None:
    seen = {part.subjects[0] for part in parts["region_month"]}
    links = [market_link(world, borrower(world, SEED, number)) for number in range(COUNT)]
    inside = [link for link in links if link.person_id in seen]
    table = pa.table(
        {
            "person_id": [link.person_id for link in inside],
            "enterprise_id": [link.enterprise_id for link in inside],
            "role": [link.role for link in inside],
            "valid_from": _instants([link.valid_from for link in inside]),
            "valid_to": _instants([None for link in inside if link.valid_to == ALWAYS]),
            "known_at": _instants([link.known_at for link in inside]),
        }
    )
    firms = [link.enterprise_id for link in inside]
    packing = pack(
        table_of(parts["region_month"]),
        schema_of(SOURCES["region_month"]),
        firms,
        behind=Behind(table, ("market",)),
    )

    assert firms
    assert packing.faults == ()
    assert (packing.packed.offsets[1:] > packing.packed.offsets[:-1]).all()


def _instants(seconds: list[int | None]) -> pa.Array:
    ticks = [None if each is None else each * 10**6 for each in seconds]
    return pa.array(ticks, pa.timestamp("us", "UTC"))
