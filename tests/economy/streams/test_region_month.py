from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import ALWAYS, borrower
from tael.economy.streams import Events, Market, market_link, markets, region_month
from tael.economy.streams.region_month import MEASURES
from tael.economy.world import Parameters, World, month_of
from tael.economy.world.months import day_in_china, first_days

SEED = 7
SHANGHAI, TRADE, CATERING, MINING = 8, 5, 7, 1


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


def _series(part: Events, measure: str) -> dict[int, int]:
    """First versions of a figure by month."""
    rows = (part.columns["measure"] == MEASURES.index(measure)) & (part.version == 0)
    month = np.searchsorted(first_days(), day_in_china(part.event_at[rows]), side="right") - 1
    return dict(zip(month.tolist(), part.columns["value"][rows].tolist(), strict=True))


def test_there_is_a_market_for_every_industry_of_every_province(world: World) -> None:
    found = markets(world)

    assert len(found) == 31 * 20
    assert len({market.code(world) for market in found}) == 31 * 20
    assert Market(SHANGHAI, TRADE).code(world) == "31-F"


def test_a_market_is_observed_alike_whoever_asks(world: World) -> None:
    market = Market(SHANGHAI, CATERING)

    assert region_month(world, SEED, market).digest() == region_month(world, SEED, market).digest()
    other = region_month(world, SEED, Market(SHANGHAI, TRADE))
    assert other.digest() != region_month(world, SEED, market).digest()


def test_every_figure_is_taken_at_its_pace(world: World) -> None:
    part = region_month(world, SEED, Market(SHANGHAI, CATERING))
    counts = {measure: len(_series(part, measure)) for measure in MEASURES}

    assert counts["sales_index"] == counts["price"] == counts["footfall"] == 204
    assert counts["closures"] == counts["rent"] == 68
    assert 40 < counts["visits"] < 110
    assert part.columns["value"].min() >= 0


def test_nobody_counts_the_guests_of_a_mine(world: World) -> None:
    assert not _series(region_month(world, SEED, Market(SHANGHAI, MINING)), "footfall")


def test_the_lockdown_shows_in_sales_at_once_and_in_closures_later(world: World) -> None:
    part = region_month(world, SEED, Market(SHANGHAI, CATERING))
    sales, closures = _series(part, "sales_index"), _series(part, "closures")

    assert sales[month_of("2022-04")] < 0.7 * sales[month_of("2021-10")]
    assert closures[month_of("2022-03")] < 1.5 * closures[month_of("2021-09")]
    assert closures[month_of("2022-09")] > 1.5 * closures[month_of("2021-09")]


def test_revisions_come_later_and_lie_nearer_to_the_truth(world: World) -> None:
    quiet = dataclasses.replace(
        world.parameters.sources.markets,
        measures=tuple(
            dataclasses.replace(item, noise=0.0)
            for item in world.parameters.sources.markets.measures
        ),
    )
    sources = dataclasses.replace(world.parameters.sources, markets=quiet)
    still = World.of(dataclasses.replace(world.parameters, sources=sources))
    market = Market(SHANGHAI, TRADE)
    part, truth = region_month(world, SEED, market), region_month(still, SEED, market)
    level = {
        (at, kind): value
        for at, kind, value in zip(
            truth.event_at.tolist(),
            truth.columns["measure"].tolist(),
            truth.columns["value"].tolist(),
            strict=True,
        )
    }
    nearer = []
    for row in np.flatnonzero((part.version == 1) & (part.void == 0)).tolist():
        true = level[int(part.event_at[row]), int(part.columns["measure"][row])]
        old, new = (int(part.columns["value"][place]) for place in (row - 1, row))
        nearer.append(abs(new - true) <= abs(old - true))

    assert len(nearer) > 40
    assert np.mean(nearer) > 0.95


def test_a_firm_is_linked_to_its_market_since_it_opened(world: World) -> None:
    subject = borrower(world, SEED, 3)
    link = market_link(world, subject)

    province, industry = link.person_id.split("-")
    assert world.parameters.provinces[subject.firm.province].code == province
    assert world.parameters.industries[subject.firm.industry].code == industry
    assert link.enterprise_id == subject.firm.enterprise_id
    assert link.role == "market"
    assert (link.valid_to, link.known_at) == (ALWAYS, link.valid_from)
