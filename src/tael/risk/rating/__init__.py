"""Tiers at work: tables by vintage, fitted scales, migration, concentration, few defaults."""

from tael.risk.rating.migration import Concentration, Migration, concentration, migration
from tael.risk.rating.prudent import most_prudent
from tael.risk.rating.scale import FittedScale, ScaleSettings, fit_scale
from tael.risk.rating.table import (
    RISE_COLUMNS,
    TIER_COLUMNS,
    Rise,
    TableSettings,
    TierRow,
    TierTable,
    chance_of_order,
    tier_table,
    tiers_of,
)

__all__ = [
    "RISE_COLUMNS", "TIER_COLUMNS", "Concentration", "FittedScale", "Migration", "Rise",
    "ScaleSettings", "TableSettings", "TierRow", "TierTable", "chance_of_order", "concentration",
    "fit_scale", "migration", "most_prudent", "tier_table", "tiers_of",
]  # fmt: skip
