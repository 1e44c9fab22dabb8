"""A folder of events as an economy leaves it: five firms in two shards."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
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
from tael.variables.packing.packed import MOST_AMOUNT, MOST_TOTAL
from tael.variables.plan.plan import Plan

SHARDS = ((3, 4, 5), (6, 7))
RICH = "F4"
START = datetime(2019, 1, 1, tzinfo=UTC)
PAYMENTS = """
source: payments
title: {zh: 付款, en: payments}
subjects: [enterprise, person]
basis: {law: "PIPL art. 13", consent: payments, sensitive: no}
freshness: 30d
delay: {median: 1d, p99: 60d}
since: 2018-01
columns:
  purpose:
    title: {zh: 用途, en: purpose}
    codes: {shop: {zh: 店铺, en: shops}, store: {zh: 仓库, en: stores}}
  amount: {title: {zh: 金额, en: amount}, unit: CNY, decimals: 2}
leaves: [purpose]
families:
  - kind: windows
    filters: {purpose: [all, shop]}
    windows: [30d, 90d, all]
    measures:
      events: {title: {zh: 付款, en: payments}, aggregates: [n, days_since_last]}
      amount: {column: amount, title: {zh: 金额, en: amount}, aggregates: [sum, mean, max, std]}
"""
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


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Definitions of one source of firms and persons: quick to read and to compute."""
    folder = tmp_path_factory.mktemp("payments")
    (folder / "payments.yaml").write_text(PAYMENTS, "utf-8")
    return folder


@pytest.fixture(scope="session")
def few_plan(few: Path) -> Plan:
    """What they make."""
    return compile_plan(load_definitions(few))


@pytest.fixture(scope="session")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven firms in three shards whose events come late, are corrected, voided and repeated.

    Owners come and go and are heard of later. In July 2020 the amounts of `RICH` pass the limit.
    """
    folder = tmp_path_factory.mktemp("restless")
    luck = random.Random(7)  # noqa: S311 - invented events
    for shard, numbers in enumerate(((1, 2, 3), (4, 5), (6, 7))):
        names = [f"F{number}" for number in numbers]
        regions = {"province": ["11"] * len(names), "industry": ["F"] * len(names)}
        write(folder / "firms", shard, pa.table({"enterprise_id": names, **regions}))
        write(folder / "role_link", shard, pa.table(_owners(luck, numbers)))
        rows = [
            row for kind in "FP" for number in numbers for row in _life(luck, f"{kind}{number}")
        ]
        if RICH in names:
            heavy = MOST_TOTAL // MOST_AMOUNT + 1
            rows += [_event(RICH, f"x{at}", START + timedelta(days=547 + at / 10**3), MOST_AMOUNT)
                     for at in range(heavy)]  # fmt: skip
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        columns |= {name: pa.array(columns[name], INSTANT) for name in ("event_at", "known_at")}
        write(folder / "events" / "payments", shard, pa.table(columns))
    return folder


def _event(subject: str, name: str, when: datetime, amount: int) -> dict[str, object]:
    return {"subject_id": subject, "event_id": name, "event_at": when, "known_at": when,
            "version": 0, "void": False, "purpose": "shop", "amount": amount}  # fmt: skip


def _life(luck: random.Random, subject: str) -> list[dict[str, object]]:
    """Forty events in two years, some in several versions."""
    rows = []
    for number in range(40):
        when = START + timedelta(seconds=luck.randrange(730 * 86_400))
        row = _event(subject, f"{subject}-{number}", when, luck.randrange(-(10**6), 10**7))
        row["purpose"] = luck.choice(("shop", "store"))
        known = when + timedelta(seconds=luck.randrange(60 * 86_400))
        rows.append({**row, "known_at": known})
        for version in range(1, luck.choice((1, 1, 2, 3))):
            known += timedelta(seconds=luck.randrange(200 * 86_400))
            changed = {"version": version, "known_at": known, "void": luck.random() < 0.3}
            rows.append({**row, **changed, "amount": luck.randrange(10**7)})
        if luck.random() < 0.1:
            rows.append(dict(rows[-1]))
    return rows


def _owners(luck: random.Random, numbers: tuple[int, ...]) -> dict[str, object]:
    """The person of each firm: since when, and in a second row, heard of later, until when."""
    begun = [START + timedelta(days=luck.randrange(200)) for _ in numbers]
    ended = [each + timedelta(days=luck.randrange(100, 400)) for each in begun]
    many = [*numbers, *numbers]
    return {
        "person_id": [f"P{number}" for number in many],
        "enterprise_id": [f"F{number}" for number in many],
        "role": ["controller"] * len(many),
        "valid_from": pa.array([*begun, *begun], INSTANT),
        "valid_to": pa.array([*(None for _ in numbers), *ended], INSTANT),
        "known_at": pa.array([*begun, *(each + timedelta(days=30) for each in ended)], INSTANT),
    }
