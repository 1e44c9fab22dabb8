"""What is observed of a market, which is an industry in a province: sales, closures, rents, prices.

Driven by the demand that every firm of the market meets, never by a single firm: with noise, and
late. Sales and footfall follow at once, prices after two months, closures after four, rents after
six. Figures are published as estimates and revised some weeks later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.economy.agents.model import ALWAYS, Borrower, RoleLink
from tael.economy.streams.rows import Amendment, Events, Happened, delivered
from tael.economy.world.chance import Chance, Floats, exp
from tael.economy.world.months import CHINA_S, DAY_S, MONTHS, first_day, first_days, instant
from tael.economy.world.scene import World
from tael.economy.world.sources import Markets

MEASURES = ("sales_index", "closures", "rent", "footfall", "price", "visits")
_CODES: dict[str, tuple[str, ...]] = {"measure": MEASURES}
_EVENING_S = 18 * 3_600


@dataclass(frozen=True, slots=True)
class Market:
    """An industry in a province, by their positions in the tables of the parameters."""

    province: int
    industry: int

    def code(self, world: World) -> str:
        """The id under which the market is observed: ``31-F``."""
        parameters = world.parameters
        place, trade = parameters.provinces[self.province], parameters.industries[self.industry]
        return f"{place.code}-{trade.code}"


def markets(world: World) -> tuple[Market, ...]:
    """Every market, province by province."""
    parameters = world.parameters
    return tuple(
        Market(province, industry)
        for province in range(len(parameters.provinces))
        for industry in range(len(parameters.industries))
    )


def market_link(world: World, subject: Borrower) -> RoleLink:
    """The firm's place in its market, as a link: what packs a market's figures to the firm.

    It stands in the place of a person, in the role ``market``, known since the firm opened.
    """
    firm = subject.firm
    since = first_day(firm.opened) * DAY_S - CHINA_S
    return RoleLink(
        person_id=Market(firm.province, firm.industry).code(world),
        enterprise_id=firm.enterprise_id,
        role="market",
        valid_from=since,
        valid_to=ALWAYS,
        known_at=since,
    )


def region_month(world: World, seed: int, market: Market) -> Events:
    """The figures of a market over seventeen years.

    Values are points: 1,000 is the level of January 2008 for sales, rents, footfall and prices;
    closures are of 10,000 firms; visits are those of consultants to shops.
    """
    figures = world.parameters.sources.markets
    code = market.code(world)
    chance = Chance(seed, code, "region_month")
    levels = _levels(world, figures, market)
    noise = np.array([item.noise for item in figures.measures])
    estimates = levels * exp(noise[:, None] * chance.normal(levels.size).reshape(levels.shape))
    measure, month = np.nonzero(_observed(world, figures, market, chance))
    value = np.floor(estimates[measure, month]).astype(np.int64)
    dice = chance.rows(2, len(value))
    revised = np.flatnonzero(dice[0] < figures.revised)
    # A revision takes half of the noise away.
    better = np.floor((value + levels[measure, month]) / 2).astype(np.int64)
    happened = Happened(
        subject=np.zeros(len(value), dtype=np.int64),
        event_at=instant(first_days()[month + 1] - 1, np.full(len(value), _EVENING_S)),
        columns={"measure": measure, "value": value},
    )
    amendment = Amendment(
        revised, figures.revision_days * (1 + dice[1][revised]), {"value": better[revised]}
    )
    name = ("region_month", (code,), _CODES)
    return delivered(name, happened, figures.delivery, chance, (amendment,))


def _levels(world: World, figures: Markets, market: Market) -> Floats:
    """The true figures, [measure, month]."""
    month = np.arange(MONTHS)
    trend = world.trend[market.province]
    demand = world.demand[market.province, market.industry]
    season = world.season[market.industry]
    rows = []
    for item in figures.measures:
        held = np.concatenate([np.full(item.lag, demand[0]), demand[: MONTHS - item.lag]])
        logarithm = item.demand * held + item.trend * trend + item.growth * month / 12
        rows.append(item.base * exp(logarithm) * (season if item.seasonal else 1.0))
    return np.array(rows)


def _observed(world: World, figures: Markets, market: Market, chance: Chance) -> np.ndarray:
    """Which figure is taken in which month, [measure, month]."""
    month = np.arange(MONTHS)
    contact = world.parameters.industries[market.industry].contact
    dice = chance.rows(len(figures.measures), MONTHS)
    rows = [
        (month % item.every == item.every - 1) & (contact >= item.contact) & (luck < item.taken)
        for item, luck in zip(figures.measures, dice, strict=True)
    ]
    return np.array(rows)
