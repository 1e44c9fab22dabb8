"""Risk models: bins and weight of evidence, scorecards, tiers R1 to R7, reasons and measures.

    card = Scorecard([Feature("revenue"), Feature("industry", "categorical")]).fit(columns, bad)
    card.pd(row), card.score_of(row), card.reasons(row), tier(card.pd(row))

Usable alone: numpy and ``tael.kernel``; the estimator keeps the scikit-learn contract. Floats stay
in here: a probability leaves as a ``Rate``.
"""

from tael.risk.binning import Binning, Feature, fit_binning
from tael.risk.measures import (
    Interval,
    auc,
    auc_interval,
    check_leak,
    ks,
    ks_interval,
    single_aucs,
)
from tael.risk.reasons import REASON_TEXTS, Reason
from tael.risk.scorecard import Characteristic, Scale, Scorecard
from tael.risk.tiers import TIER_BOUNDS, geometric_bounds, tier

__all__ = [
    "REASON_TEXTS", "TIER_BOUNDS", "Binning", "Characteristic", "Feature", "Interval", "Reason",
    "Scale", "Scorecard", "auc", "auc_interval", "check_leak", "fit_binning", "geometric_bounds",
    "ks", "ks_interval", "single_aucs", "tier",
]  # fmt: skip
