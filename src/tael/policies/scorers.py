"""The models behind a bundle's text: scorecards and rated models, in this room's exact numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np

from tael.kernel import BadInput, Rate
from tael.policies.model import Feature
from tael.policies.ports import Score, Scorer
from tael.risk import Sample, Scorecard, pipeline


class ScorecardScorer:
    """A scorecard that answers, in this room's exact numbers."""

    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""

    def __init__(self, text: str) -> None:
        self._card = Scorecard.from_json(text)
        self._names = [item.name for item in self._card.characteristics_]
        self._rows = self._card.row_scorer()
        # A card that has no bin for a kind of missing takes all kinds as one.
        self._blind = frozenset(
            item.name for item in self._card.characteristics_ if not item.binning.feature.special
        )

    @property
    def variables(self) -> Sequence[str]:
        """Names of what the scorecard reads."""
        return self._names

    @property
    def codes(self) -> Sequence[str]:
        """The reasons it may give."""
        return [item.binning.feature.reason_code for item in self._card.characteristics_]

    def score(self, features: Mapping[str, Feature]) -> Score:
        """Probability, points and main reasons; the model's floats leave as a ``Rate``.

        Raises:
            BadInput: the scorecard reads a variable that is no input of the policy.
        """
        row = {name: self._seen(name, features[name]) for name in self._names if name in features}
        scored = self._rows.score(row)

        def reasons() -> tuple[str, ...]:
            return tuple(reason.code for reason in self._rows.reasons(scored))

        return Score(scored.pd, scored.points, reasons=reasons)

    def _seen(self, name: str, value: Feature) -> object:
        plain = _plain(value)
        return None if name in self._blind and plain in pipeline.MISSING_CODES else plain


class RatedScorer:
    """A rated model (``tael.rated/1``) that answers.

    Rules may read ``pd`` (calibrated to the latest cohorts, for prices), ``pd_cycle`` (through the
    cycle, for tiers) and ``model_tier`` (1 to 7 by the model's own bounds). Points are those of a
    scorecard's usual scale: 600 at 20 goods per bad, 40 double the odds.
    """

    gives: Mapping[str, str] = {"pd": "number", "pd_cycle": "number", "model_tier": "number"}

    def __init__(self, text: str) -> None:
        self._model = pipeline.RatedModel.from_json(text)
        self.plan = self._model.plan
        self.variables: Sequence[str] = self._model.names
        self.codes: Sequence[str] = self._model.explainer({}).codes

    def score(self, features: Mapping[str, Feature]) -> Score:
        """Probabilities, tier and main reasons; the model's floats leave as ``Rate``.

        A variable without a value is None, or the code of its kind of missing (-9999 no source,
        -9998 no event, -9997 undefined).

        Raises:
            BadInput: the model reads a variable that is no input of the policy.
        """
        row = self._row(features)
        scores = self._model.score(row)

        def reasons() -> tuple[str, ...]:
            (told,) = self._model.explain(row, refused=True)
            return tuple(reason.code for reason in told.against)

        pd, cycle = (Rate.from_probability(float(each[0])) for each in (scores.pd, scores.pd_cycle))
        return Score(
            pd,
            points_of(pd.fraction),
            {"pd_cycle": cycle.fraction, "model_tier": Decimal(int(scores.tier[0]))},
            reasons,
        )

    def _row(self, features: Mapping[str, Feature]) -> Sample:
        held = np.array([[_number(name, features)] for name in self.variables], dtype=np.float32)
        reasons = np.where(np.isnan(held), len(pipeline.MISSING_CODES), 0).astype(np.uint8)
        for kind, code in enumerate(pipeline.MISSING_CODES, 1):
            reasons[held == code] = kind
        # Models read variables as a sample of float32, in training as live.
        values = np.where(reasons > 0, np.float32(np.nan), held)
        return Sample(self._model.names, values, reasons, plan=self.plan, **_NOBODY)


_NOBODY: Mapping[str, Any] = {
    "bad": np.array([np.nan]),
    "weight": np.ones(1),
    "borrower": np.array([""], dtype=object),
    "asof": np.array(["NaT"], dtype="datetime64[s]"),
    "known": np.array(["NaT"], dtype="datetime64[s]"),
}


def scorer_of(text: str) -> Scorer:
    """The model that ``text`` writes, by its format: a rated model or a scorecard.

    Raises:
        BadInput: neither.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise BadInput(f"not JSON: {wrong}", field="model", rule="JSON of tael.risk") from None
    told = str(found.get("format", "")) if isinstance(found, dict) else ""
    return RatedScorer(text) if told.startswith("tael.rated/") else ScorecardScorer(text)


def _number(name: str, features: Mapping[str, Feature]) -> float:
    if name not in features:
        raise BadInput(f"the model reads {name!r}", field=name, rule="an input of the policy")
    value = features[name]
    if isinstance(value, str):
        raise BadInput(f"{value!r} is no number, which the model reads", field=name, rule="number")
    return math.nan if value is None else float(value)


_EXACT = Context(prec=28, rounding=ROUND_HALF_EVEN)
_LEAST = Decimal("1e-9")


def points_of(pd: Decimal) -> int:
    """``pd`` on the scale of scorecards: 600 at 20 goods per bad, 40 more double the odds."""
    bad = min(max(pd, _LEAST), 1 - _LEAST)
    odds = _EXACT.divide(_EXACT.divide(1 - bad, bad), Decimal(20))
    doublings = _EXACT.divide(odds.ln(_EXACT), Decimal(2).ln(_EXACT))
    return 600 + int((40 * doublings).to_integral_value(ROUND_HALF_EVEN))


def _plain(value: Feature) -> object:
    """A number as a model takes it: yes and no are 1 and 0."""
    return float(value) if isinstance(value, bool | Decimal) else value
