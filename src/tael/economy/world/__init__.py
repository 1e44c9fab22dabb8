"""What everybody lives through: months, provinces, industries, shocks and rules, from 2008 to 2024.

Names and codes are facts; every figure is invented and stands in `Parameters`.
"""

from tael.economy.world.chance import Chance, Floats, Integers
from tael.economy.world.months import MONTHS, month_name, month_of
from tael.economy.world.parameters import Parameters
from tael.economy.world.scene import World

__all__ = [
    "MONTHS",
    "Chance",
    "Floats",
    "Integers",
    "Parameters",
    "World",
    "month_name",
    "month_of",
]
