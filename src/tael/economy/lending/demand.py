"""Who applies when: growth makes firms ask for credit, and so does stress."""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.world.chance import Floats, Integers, exp
from tael.economy.world.months import MONTHS
from tael.economy.world.scene import World

_MOST_STRESS = 3.0
_FIRST_MONTH = 6  # before it no file could say what half a year of sales was


def chance_to_apply(world: World, subject: Borrower, months: Life) -> Floats:
    """The chance to apply in each month, for a firm that may: open, old enough, not defaulted."""
    figures = world.parameters.lending.demand
    before = np.concatenate([np.repeat(months.level[0], figures.growth_months), months.level])
    growth = months.level - before[:MONTHS]
    lift = (
        figures.growth * growth
        + figures.stress * np.minimum(months.stress, _MOST_STRESS)
        + figures.fraud * months.faking
        + figures.hidden * months.hidden
    )
    chance: Floats = figures.monthly * exp(lift) * _may(world, subject, months)
    return chance


def _may(world: World, subject: Borrower, months: Life) -> Integers:
    """1 in months in which a firm may apply; a month must be left for the first instalment."""
    figures, when = world.parameters.lending.demand, np.arange(MONTHS)
    old_enough = when - subject.firm.opened >= figures.least_age_months
    sound = (months.default_month < 0) | (when < months.default_month)
    placed = (when >= _FIRST_MONTH) & (when < MONTHS - 1)
    return months.open * old_enough * sound * placed
