"""Where along one variable a model's answer can change: its bins and its thresholds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tael.kernel import BadInput
from tael.risk.bins import MISSING_CODES
from tael.risk.boosting import MonotoneBooster
from tael.risk.ensemble import Ensemble
from tael.risk.hazard import PERIOD, HazardModel
from tael.risk.scorecard import Scorecard
from tael.risk.shrunk_logistic import ShrunkLogistic

# The codes of missing values are values of their own.
_CODES = frozenset(map(float, MISSING_CODES))


def cuts_of(model: object) -> dict[str, tuple[float, ...]]:
    """By numeric variable, the rising numbers at which the model's answer can change.

    Two values as the model reads them (float32, of a scorecard float64) with the same cuts below
    them, and neither of them a cut, give the same log odds to the bit, whatever the rest of the row
    is. A model of model, calibration and tiers has the cuts of its model, since these follow its
    log odds. Categorical variables are left out.

    Raises:
        BadInput: a model of another kind.
    """
    found = _cuts(getattr(model, "model", model))
    return {name: tuple(sorted(cuts)) for name, cuts in sorted(found.items())}


def _cuts(model: object) -> Mapping[str, set[float]]:
    if isinstance(model, Scorecard):
        return {
            item.name: {*item.binning.cuts, *item.binning.feature.special, *_CODES}
            for item in model.characteristics_
            if item.binning.feature.kind == "numeric"
        }
    if isinstance(model, MonotoneBooster):
        found = {name: set(_CODES) for name in model.names_ if name not in model.books_}
        for place in np.unique(model.trees_.feature).tolist():
            if model.names_[place] in found:
                asked = model.trees_.threshold[model.trees_.feature == place]
                found[model.names_[place]].update(asked.astype(np.float64).tolist())
        return found
    if isinstance(model, ShrunkLogistic):
        rows = zip(model.names_, model.cuts_, strict=True)
        return {name: {*cuts[np.isfinite(cuts)].tolist(), *_CODES} for name, cuts in rows}
    if isinstance(model, HazardModel):
        booster = _cuts(model.booster_)
        return {name: cuts for name, cuts in booster.items() if name != PERIOD}
    if isinstance(model, Ensemble):
        return _joined([_cuts(member) for member in model.members_.values()])
    raise BadInput(
        f"the cuts of a {type(model).__name__} are not known",
        field="model",
        rule="scorecard, booster, shrunk logistic, hazard or ensemble",
    )


def _joined(parts: list[Mapping[str, set[float]]]) -> dict[str, set[float]]:
    found: dict[str, set[float]] = {}
    for part in parts:
        for name, cuts in part.items():
            found.setdefault(name, set()).update(cuts)
    return found
