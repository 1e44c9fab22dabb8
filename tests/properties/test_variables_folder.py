"""From tables of events to variables: what became known later changes no bit of any of them.

Seven firms of the economy, packed and computed from their files; then once more from files in which
everything known after the as-of is another story, or is gone, and the rows lie in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
from tael.variables.definitions.load import load_definitions
from tael.variables.kernel.machine import run_plan
from tael.variables.kernel.sheet import VALUE, Sheet, make_sheet
from tael.variables.packing.folder import load_book
from tael.variables.plan.compiler import compile_plan
from tael.variables.plan.plan import Plan

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("variables_folder")]

INSTANT = pa.timestamp("us", "UTC")
YEARS = (2013, 2018, 2021)


def links(rows: list[RoleLink]) -> pa.Table:
    columns = {name: [getattr(each, name) for each in rows] for name in
               ("person_id", "enterprise_id", "role")}  # fmt: skip
    for name in ("valid_from", "valid_to", "known_at"):
        seconds = [getattr(each, name) for each in rows]
        ticks = [None if each == ALWAYS else each * 10**6 for each in seconds]
        columns[name] = pa.array(ticks, pa.int64()).cast(INSTANT)
    return pa.table(columns)


def tables(world: World, people: list[Borrower]) -> dict[str, pa.Table]:
    """Every table by its folder."""
    events = [events_of(world, each) for each in people]
    made = {f"events/{source}": table_of([each[source] for each in events]) for source in STREAMS}
    figures = [region_month(world, 7, each) for each in markets(world)]
    made["events/region_month"] = table_of(figures)
    made["role_link"] = links([link for each in people for link in each.links])
    made["market_link"] = links([market_link(world, each) for each in people])
    made["firms"] = pa.table({"enterprise_id": [each.firm.enterprise_id for each in people]})
    codes = world.parameters.provinces, world.parameters.industries
    for name, known in zip(("province", "industry"), codes, strict=True):
        column = pa.array([known[getattr(each.firm, name)].code for each in people])
        made["firms"] = made["firms"].append_column(name, column)
    return made


def computed(folder: Path, held: dict[str, pa.Table], plan: Plan, asof: int) -> Sheet:
    """The variables of every firm from these tables, written to files first."""
    for name, table in held.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / name / "part-00000.parquet")
    book = load_book(folder, plan).book
    sheet = make_sheet(len(book.borrowers), plan.width)
    run_plan(plan, book, np.full(len(book.borrowers), asof, np.int64), 0, sheet)
    return sheet


def later(table: pa.Table, asof: int) -> pa.Array:
    return pc.greater(table["known_at"], pa.scalar(asof * 10**6, pa.int64()).cast(INSTANT))


def without_later(table: pa.Table, asof: int, _rng: np.random.Generator) -> pa.Table:
    return table.filter(pc.invert(later(table, asof)))


def with_another_later(table: pa.Table, asof: int, rng: np.random.Generator) -> pa.Table:
    """What came later happens to others, in other words, half of it to events known before."""
    mask = later(table, asof)
    known, other = table.filter(pc.invert(mask)), table.filter(mask)
    if "event_id" in table.column_names:
        for name in set(table.column_names) - {"known_at"}:
            other = other.set_column(
                other.column_names.index(name), name, other[name].take(rng.permutation(len(other)))
            )
        if len(known):
            again = known.take(rng.integers(0, len(known), len(other) // 2))
            corrected = other.slice(0, len(again))
            for name in ("subject_id", "event_id"):
                place = corrected.column_names.index(name)
                corrected = corrected.set_column(place, name, again[name])
            other = pa.concat_tables([corrected, other.slice(len(again))])
        known = pa.concat_tables([known, other])
    return known.take(rng.permutation(len(known)))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return compile_plan(load_definitions())


@pytest.fixture(scope="module")
def world() -> dict[str, pa.Table]:
    made = World.of(Parameters())
    return tables(made, [borrower(made, 7, number) for number in range(3, 10)])


@pytest.mark.parametrize("change", [without_later, with_another_later])
@pytest.mark.parametrize("year", YEARS)
def test_what_became_known_later_changes_no_bit(
    change: Callable[[pa.Table, int, np.random.Generator], pa.Table],
    year: int,
    plan: Plan,
    world: dict[str, pa.Table],
    tmp_path: Path,
) -> None:
    asof, rng = int(datetime(year, 3, 7, 9, 30, tzinfo=UTC).timestamp()), np.random.default_rng(3)
    changed = {
        name: change(table, asof, rng) if "known_at" in table.column_names else table
        for name, table in world.items()
    }
    assert later(world["events/bank_tx"], asof).to_numpy().any()
    found = computed(tmp_path / "as it was", world, plan, asof)
    again = computed(tmp_path / "changed", changed, plan, asof)
    assert (found.reasons == VALUE).mean() > 0.2
    other = found.values.view(np.int64) != again.values.view(np.int64)
    other |= found.reasons != again.reasons
    assert [plan.names[column] for column in np.flatnonzero(other.any(0))] == []
