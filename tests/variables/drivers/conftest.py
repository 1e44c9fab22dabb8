"""A folder of events as an economy leaves it: five firms in two shards."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.economy.agents import ALWAYS, Borrower, RoleLink, borrower
from tael.economy.streams import (
    STREAMS,
    events_of,
    market_link,
    markets,
    region_month,
    table_of,
)
from tael.economy.world import Parameters, World
from tael.variables import compile_plan, load_definitions
from tael.variables.plan.plan import Plan

SHARDS = ((3, 4, 5), (6, 7))
INSTANT = pa.timestamp("us", "UTC")
_LINK = {"valid_from": INSTANT, "valid_to": INSTANT, "known_at": INSTANT}


@pytest.fixture(scope="session")
def economy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder; nobody writes into it."""
    folder = tmp_path_factory.mktemp("economy")
    world = World.of(Parameters())
    for shard, numbers in enumerate(SHARDS):
        people = [borrower(world, 7, number) for number in numbers]
        write(folder / "firms", shard, firms(world, people))
        write(folder / "role_link", shard, links([link for each in people for link in each.links]))
        write(folder / "market_link", shard, links([market_link(world, each) for each in people]))
        events = [events_of(world, each) for each in people]
        for source in STREAMS:
            write(folder / "events" / source, shard, table_of([each[source] for each in events]))
    # Markets lie in the parts in an order of their own, as an economy writes them.
    everybody = [borrower(world, 7, number) for numbers in SHARDS for number in numbers]
    known = {market_link(world, each).person_id for each in everybody}
    observed = [each for each in markets(world) if each.code(world) in known]
    for shard in range(len(SHARDS)):
        figures = [region_month(world, 7, each) for each in observed[shard :: len(SHARDS)]]
        write(folder / "events" / "region_month", shard, table_of(figures))
    return folder


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Everything that the shipped definitions make."""
    return compile_plan(load_definitions())


def write(folder: Path, shard: int, table: pa.Table) -> None:
    """One part."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / f"part-{shard:05d}.parquet")


def firms(world: World, people: list[Borrower]) -> pa.Table:
    """Province and industry of each firm."""
    figures = world.parameters
    return pa.table(
        {
            "enterprise_id": [each.firm.enterprise_id for each in people],
            "province": [figures.provinces[each.firm.province].code for each in people],
            "industry": [figures.industries[each.firm.industry].code for each in people],
        }
    )


def links(rows: list[RoleLink]) -> pa.Table:
    """Who stands behind each firm."""
    columns = {
        "person_id": pa.array([link.person_id for link in rows]),
        "enterprise_id": pa.array([link.enterprise_id for link in rows]),
        "role": pa.array([link.role for link in rows]),
    }
    for name, kind in _LINK.items():
        seconds = [getattr(link, name) for link in rows]
        ticks = [None if each == ALWAYS else each * 10**6 for each in seconds]
        columns[name] = pa.array(ticks, pa.int64()).cast(kind)
    return pa.table(columns)
