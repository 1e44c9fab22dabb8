"""Risk models: weight of evidence, scorecards, monotone boosting, calibration, tiers R1 to R7.

    card = Scorecard([Feature("revenue"), Feature("industry", "categorical")]).fit(columns, bad)
    card.pd(row), card.score_of(row), card.reasons(row), tier(card.pd(row))

The doors behind this one: ``pipeline`` (from a configuration to a rated model), ``selection``,
``calibration``, ``rating``, ``monitoring``, ``registry``, ``card``, ``explain``, ``fairness``.

Usable alone: numpy, pyarrow, ``tael.kernel`` and ``tael.report``; training trees needs the extra
``models``. Estimators keep the scikit-learn contract. Floats stay in here: a probability leaves as
a ``Rate``. Each name loads when first read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tael.risk import (
        calibration,
        card,
        explain,
        fairness,
        monitoring,
        pipeline,
        rating,
        registry,
        selection,
    )
    from tael.risk.binning import Feature
    from tael.risk.boosting import MonotoneBooster
    from tael.risk.ensemble import Ensemble
    from tael.risk.facts import Facts
    from tael.risk.measures import Interval, auc, auc_interval, check_leak, ks_interval
    from tael.risk.outcomes import BadDefinition, LoanMonths, outcomes_of
    from tael.risk.reasons import REASON_TEXTS
    from tael.risk.sample import Sample
    from tael.risk.scorecard import Scorecard
    from tael.risk.tiers import tier

__all__ = [
    "REASON_TEXTS", "BadDefinition", "Ensemble", "Facts", "Feature", "Interval", "LoanMonths",
    "MonotoneBooster", "Sample", "Scorecard", "auc", "auc_interval", "calibration", "card",
    "check_leak", "explain", "fairness", "ks_interval", "monitoring", "outcomes_of", "pipeline",
    "rating", "registry", "selection", "tier",
]  # fmt: skip

# Where each name stands; it loads when first read.
_LATER = {
    "BadDefinition": "outcomes",
    "Ensemble": "ensemble",
    "Facts": "facts",
    "Feature": "binning",
    "Interval": "measures",
    "LoanMonths": "outcomes",
    "MonotoneBooster": "boosting",
    "REASON_TEXTS": "reasons",
    "Sample": "sample",
    "Scorecard": "scorecard",
    "auc": "measures",
    "auc_interval": "measures",
    "check_leak": "measures",
    "ks_interval": "measures",
    "outcomes_of": "outcomes",
    "tier": "tiers",
}
# Doors inside this one: what each use case is made of.
_DOORS = {
    "calibration", "card", "explain", "fairness", "monitoring", "pipeline", "rating", "registry",
    "selection",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _DOORS:
        return import_module(f"{__name__}.{name}")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
