"""The cycle: central tendency, macro overlay, Vasicek's link, and the recalibration trigger."""

from tael.risk.cycle.anchor import CentralTendency, anchor_shift, central_tendency
from tael.risk.cycle.model import CycleModel
from tael.risk.cycle.overlay import (
    OVERLAY_COLUMNS,
    MacroSeries,
    Overlay,
    OverlaySettings,
    Period,
    fit_overlay,
)
from tael.risk.cycle.trigger import Trigger, TriggerSettings, recalibration_trigger
from tael.risk.cycle.vasicek import (
    CORPORATE,
    MORTGAGE,
    OTHER_RETAIL,
    Correlation,
    conditional_pd,
    estimate_correlation,
    implied_factor,
    small_firm_correlation,
)

__all__ = [
    "CORPORATE", "MORTGAGE", "OTHER_RETAIL", "OVERLAY_COLUMNS", "CentralTendency", "Correlation",
    "CycleModel", "MacroSeries", "Overlay", "OverlaySettings", "Period", "Trigger",
    "TriggerSettings", "anchor_shift", "central_tendency", "conditional_pd", "estimate_correlation",
    "fit_overlay", "implied_factor", "recalibration_trigger", "small_firm_correlation",
]  # fmt: skip
