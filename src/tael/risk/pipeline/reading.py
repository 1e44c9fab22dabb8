"""A configuration from its file, with every figure held against what it may be.

``config`` reads the fields and their kinds; here stand the bounds, in one table, so that a figure
that no step could use is told before hours are spent on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from tael.kernel import BadInput
from tael.risk.folds import LATE
from tael.risk.pipeline.config import TrainingConfig, read_fields

_LEAST: Mapping[str, float] = {
    "periods.settle_days": 0,
    "selection.leaks.crowd": 1,
    "selection.leaks.crowd_least": 1,
    "selection.leaks.family": 1,
    "selection.leaks.foreknowledge": 0,
    "selection.leaks.both": 0,
    "selection.leaks.pairs_least": 1,
    "selection.leaks.suspects": 0,
    "selection.stability.bads_per_block": 1,
    "selection.stability.psi": 0,
    "selection.stability.against": 0,
    "selection.strength.permutations": 1,
    "selection.clusters.most": 1,
    "selection.clusters.each": 1,
    "selection.boosting.folds": 1,
    "selection.boosting.trees": 1,
    "selection.boosting.leaves": 2,
    "selection.quotas.source": 0,
    "model.booster.rounds": 1,
    "model.booster.leaves": 2,
    "model.booster.min_rows": 1,
    "model.booster.l2": 0,
    "model.booster.max_bins": 2,
    "model.booster.min_bads": 1,
    "model.booster.min_category_rows": 1,
    "model.booster.threads": 1,
    "model.scorecard.offered": 1,
    "model.scorecard.most": 1,
    "model.shrunk_logistic.pieces": 2,
    "model.shrunk_logistic.max_bins": 1,
    "model.shrunk_logistic.threads": 1,
    "model.folds.count": 1,
    "model.folds.gap_months": 0,
    "model.folds.min_bads": 1,
    "calibration.performance_months": 1,
    "calibration.settle_months": 0,
    "calibration.months": 1,
    "calibration.wanted_bads": 1,
}
# Shares from 0 to 1; of those in the second, nothing is left at 0.
_SHARES = (
    "selection.coverage.least", "selection.coverage.most_same", "selection.leaks.level",
    "selection.leaks.free_of_bads", "selection.leaks.availability", "selection.leaks.era",
    "selection.stability.agreeing", "selection.strength.quantile",
    "selection.clusters.correlation", "selection.clusters.copy", "selection.boosting.stable",
    "selection.quotas.subject", "model.shrunk_logistic.min_share", "calibration.most_unknown",
)  # fmt: skip
_PARTS = (
    "selection.boosting.learning_rate", "selection.boosting.sampled", "selection.quotas.most",
    "model.booster.learning_rate", "model.booster.row_share", "model.booster.column_share",
    "model.scorecard.correlation", "model.folds.first_share",
)  # fmt: skip
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "model.booster.monotone": ("basic", "intermediate", "advanced"),
    "model.folds.by": ("time", "borrower"),
    "model.folds.late": LATE,
}


def read_config(path: Path) -> TrainingConfig:
    """The configuration of a YAML file.

    Raises:
        BadInput: no such file, no YAML, a field that is missing, unknown, of another kind or out of
            its bounds; names the field by its path.
    """
    if path.is_dir():
        raise BadInput(f"{path} is a folder", field="config", rule="a YAML file")
    found = read_fields(path)
    check_bounds(found)
    return found


def check_bounds(config: TrainingConfig) -> None:
    """Refuse figures and words that no step can use.

    Raises:
        BadInput: names the field by its path, and what it may be.
    """
    for where, least in _LEAST.items():
        _hold(config, where, (least, math.inf), f"{least:g} or more")
    for where in _SHARES:
        _hold(config, where, (0.0, 1.0), "from 0 to 1")
    for where in _PARTS:
        _hold(config, where, (math.ulp(0.0), 1.0), "above 0, to 1")
    for where, words in _CHOICES.items():
        if _at(config, where) not in words:
            raise BadInput(
                f"{where} is {_at(config, where)!r}", field=where, rule=f"one of {', '.join(words)}"
            )
    _check_texts(config)
    _check_between(config)


def _check_texts(config: TrainingConfig) -> None:
    for where in ("name", "version", "outcomes"):
        if not _at(config, where).strip():
            raise BadInput(f"{where} is empty", field=where, rule="a text")
    if config.model.kind == "ensemble" and not config.model.members:
        raise BadInput("the ensemble has no member", field="model.members", rule="at least one")


def _check_between(config: TrainingConfig) -> None:
    """What two figures say of one another."""
    ripe = config.calibration
    if ripe.most_months < ripe.months:
        raise BadInput(
            f"calibration.most_months is {ripe.most_months}, months {ripe.months}",
            field="calibration.most_months",
            rule="months or more",
        )
    bounds = [float(bound.fraction) for bound in config.bounds]
    for number, (low, high) in enumerate(pairwise([0.0, *bounds])):
        if not low < high < 1:
            raise BadInput(
                f"bounds[{number}] is {high:g} after {low:g}",
                field=f"bounds[{number}]",
                rule="upper bounds of tiers rise, above 0 and below 1",
            )


def _hold(config: TrainingConfig, where: str, bounds: tuple[float, float], rule: str) -> None:
    low, high = bounds
    value = _at(config, where)
    if not (low <= value <= high and math.isfinite(value)):
        raise BadInput(f"{where} is {value:g}", field=where, rule=rule)


def _at(config: TrainingConfig, where: str) -> Any:
    found: Any = config
    for name in where.split("."):
        found = getattr(found, name)
    return found
