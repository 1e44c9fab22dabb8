"""The world as arrays: demand, season and coverage for every province, industry and month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.economy.world.chance import Floats, cumulative
from tael.economy.world.events import CHANNELS, RuleChange, Shock
from tael.economy.world.months import MONTHS, festival_share, month_of
from tael.economy.world.parameters import Parameters
from tael.kernel import BadInput

_BEFORE_DAYS, _AFTER_DAYS = 20, 10


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What everybody lives through. Shares of firms run up to 1, ready to pick from.

    ``trend``: logarithms, [province, month]. ``demand``: swings of shocks around it, logarithms,
    [province, industry, month]. ``season``: factors, [industry, month].
    ``coverage``: share of firms that a source (and its ``source.detail``) records,
    [industry, month].
    """

    parameters: Parameters
    trend: Floats
    demand: Floats
    season: Floats
    coverage: dict[str, Floats]
    province_shares: Floats
    industry_shares: Floats
    size_shares: Floats

    @staticmethod
    def of(parameters: Parameters) -> World:
        """The world of these figures; a few milliseconds.

        Raises:
            BadInput: a shock on an unknown channel, or without a rise or a fall.
        """
        industries = parameters.industries
        mixed = [
            [item.weight * _tilt(item.heavy, place.factory) for item in industries]
            for place in parameters.provinces
        ]
        return World(
            parameters=parameters,
            trend=_trend(parameters),
            demand=_demand(parameters),
            season=_season(parameters),
            coverage=_coverage(parameters),
            province_shares=cumulative(tuple(item.weight for item in parameters.provinces)),
            industry_shares=np.array([cumulative(tuple(row)) for row in mixed]),
            size_shares=cumulative(tuple(item.weight for item in parameters.sizes)),
        )

    def recorded(self, source: str, industry: int) -> Floats:
        """Share of the industry's firms that ``source`` records, month by month."""
        table = self.coverage.get(source)
        return np.ones(MONTHS) if table is None else table[industry]


def _tilt(heavy: float, factory: float) -> float:
    return factory if heavy >= 1 else 2 - factory


def course_of(shock: Shock) -> Floats:
    """The shape of a shock over the months: 0, up to 1 over its rise, and down over its fall.

    Raises:
        BadInput: an unknown channel, or no rise or fall.
    """
    if shock.channel not in CHANNELS or shock.rise < 1 or shock.fall < 1:
        raise BadInput(
            f"shock {shock.code!r} cannot be placed",
            field="shocks",
            rule="a known channel, rise >= 1, fall >= 1",
        )
    since = np.arange(MONTHS) - (month_of(shock.begins) - 1)
    rising, falling = since / shock.rise, 1 - (since - shock.rise) / shock.fall
    return np.maximum(np.minimum(np.minimum(rising, falling), 1.0), 0.0)


def _trend(parameters: Parameters) -> Floats:
    growth = np.array([place.growth for place in parameters.provinces])
    return growth[:, None] * (np.arange(MONTHS) / 12)


def _demand(parameters: Parameters) -> Floats:
    shape = (len(parameters.provinces), len(parameters.industries), MONTHS)
    demand = np.zeros(shape)
    for shock in parameters.shocks:
        course = course_of(shock)
        weight = np.outer(_of_places(parameters, shock), _of_industries(parameters, shock))
        demand = demand + (weight * shock.depth)[:, :, None] * course
    return demand


def _of_places(parameters: Parameters, shock: Shock) -> Floats:
    exposed = [
        1.0 if shock.channel in {"credit", "contact"} else float(getattr(place, shock.channel))
        for place in parameters.provinces
    ]
    here = [shock.province in {"", place.code} for place in parameters.provinces]
    return np.where(here, np.array(exposed), 0.0)


def _of_industries(parameters: Parameters, shock: Shock) -> Floats:
    if shock.channel in {"credit", "private"}:
        return np.ones(len(parameters.industries))
    return np.array([float(getattr(item, shock.channel)) for item in parameters.industries])


def _season(parameters: Parameters) -> Floats:
    before = festival_share(_BEFORE_DAYS, 0)
    after = festival_share(0, _AFTER_DAYS)
    swings = np.array([[item.before, item.after] for item in parameters.industries])
    return 1.0 + swings[:, :1] * before + swings[:, 1:] * after


def _coverage(parameters: Parameters) -> dict[str, Floats]:
    tables: dict[str, Floats] = {}
    for rule in parameters.rules:
        name = f"{rule.source}.{rule.detail}" if rule.detail else rule.source
        touched = np.array(
            [not rule.sectors or item.code in rule.sectors for item in parameters.industries]
        )
        share = np.where(touched[:, None], _share(rule), 1.0)
        tables[name] = tables[name] * share if name in tables else share
    return tables


def _share(rule: RuleChange) -> Floats:
    since = np.arange(MONTHS) - month_of(rule.begins)
    done = np.minimum(np.maximum((since + 1) / rule.months, 0.0), 1.0)
    return rule.before + (rule.after - rule.before) * done
