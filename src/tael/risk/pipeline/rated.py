"""A model ready for work: log odds, calibrated probability, tier and reasons of a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tael.kernel import BadInput, Rate
from tael.risk.bins import MISSING_CODES
from tael.risk.boosting import MonotoneBooster, canonical, checked_json, hash_of
from tael.risk.calibration import Calibrator
from tael.risk.calibration.distributions import sigmoid
from tael.risk.ensemble import Ensemble
from tael.risk.explain import Explainer, Explanation, Reference
from tael.risk.facts import Facts, facts_of
from tael.risk.rating import tiers_of
from tael.risk.sample import Floats, Ints, Sample
from tael.risk.scorecard import Scorecard
from tael.risk.shrunk_logistic import ShrunkLogistic

_FORMAT = "tael.rated/1"
_READERS: Mapping[str, Any] = {
    "booster": MonotoneBooster,
    "ensemble": Ensemble,
    "scorecard": Scorecard,
    "shrunk_logistic": ShrunkLogistic,
}


class Model(Protocol):
    """What is rated: a scorecard, a booster or an ensemble."""

    names_: tuple[str, ...]

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: FBT001, FBT002
        """The constructor's parameters."""
        ...

    @property
    def hash(self) -> str:
        """SHA-256 in hexadecimal."""
        ...

    def log_odds(self, X: object) -> Floats:  # noqa: N803 - scikit-learn's name
        """float64 [rows]."""
        ...

    def contributions(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows, variables + 1]."""
        ...

    def to_json(self) -> str:
        """Canonical JSON."""
        ...


@dataclass(frozen=True, eq=False)
class Scores:
    """What became of each row.

    Attributes:
        log_odds: float64 [rows], of bad, before calibration.
        pd: float64 [rows], calibrated to the latest cohorts: what prices stand on.
        pd_cycle: float64 [rows], through the cycle: what tiers stand on.
        tier: int64 [rows], 1 the best.
    """

    log_odds: Floats
    pd: Floats
    pd_cycle: Floats
    tier: Ints


@dataclass(frozen=True, eq=False)
class RatedModel:
    """A model with its calibration, its anchor, its tiers and what reasons are held against.

    Attributes:
        model: what ranks.
        calibrator: from its log odds to probabilities.
        anchor: added to calibrated log odds for the probability through the cycle.
        bounds: upper bounds of the tiers but the last.
        reference: the average row, for reasons.
        plan: hash of the plan of variables that it reads.
        config: hash of the configuration that it was made with.
    """

    model: Model
    calibrator: Calibrator
    anchor: float
    bounds: tuple[Rate, ...]
    reference: Reference
    plan: str
    config: str

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it reads."""
        return self.model.names_

    def score(self, rows: Sample | Mapping[str, Any]) -> Scores:
        """Score rows: a sample, or columns by name.

        Raises:
            BadInput: a sample of another plan of variables, or a variable that is missing.
        """
        self.check_plan(rows)
        raw = self.model.log_odds(rows)
        calibrated = self.calibrator.log_odds(raw)
        cycle = sigmoid(calibrated + self.anchor)
        return Scores(raw, sigmoid(calibrated), cycle, tiers_of(cycle, self.bounds))

    def explain(
        self,
        rows: Sample | Mapping[str, Any],
        facts: Mapping[str, Facts] | None = None,
        *,
        refused: bool = False,
    ) -> list[Explanation]:
        """The reasons of each row, in words of both languages.

        Args:
            rows: as ``score``.
            facts: of the variables; guessed from the names where they are missing.
            refused: such rows get a reason whatever they are.
        """
        self.check_plan(rows)
        told = self.model.contributions(rows)
        values = self._values(rows)
        explainer = self._explainer if facts is None else self.explainer(facts)
        return [
            explainer.explain(one, held, refused=refused)
            for one, held in zip(told, values, strict=True)
        ]

    def explainer(self, facts: Mapping[str, Facts]) -> Explainer:
        """What gives reasons, with the facts that are known of the variables."""
        known = [facts.get(name) or facts_of(name) for name in self.names]
        return Explainer(self.names, self.reference, facts=known)

    @cached_property
    def _explainer(self) -> Explainer:
        return self.explainer({})

    def _values(self, rows: Sample | Mapping[str, Any]) -> Floats:
        if isinstance(rows, Sample):
            return rows.select(self.names).values.T.astype(np.float64)
        held = np.column_stack([np.asarray(rows[name], dtype=np.float64) for name in self.names])
        # The codes of missing values are no figures to be told.
        return np.where(np.isin(held, MISSING_CODES), np.nan, held)

    def check_plan(self, rows: Sample | Mapping[str, Any]) -> None:
        """Refuse a sample of another plan of variables.

        Raises:
            BadInput: names both plans.
        """
        if isinstance(rows, Sample) and rows.plan != self.plan:
            raise BadInput(
                f"the rows follow plan {rows.plan[:12] or 'none'}, the model "
                f"{self.plan[:12] or 'none'}",
                field="plan",
                rule="the plan that the model was trained on",
            )

    # --- keeping

    def to_json(self) -> str:
        """The whole as canonical JSON with its hash."""
        body = self._body()
        return canonical({**body, "hash": hash_of(body)})

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON without the hash itself."""
        return hash_of(self._body())

    def _body(self) -> dict[str, Any]:
        kind = next(name for name, made in _READERS.items() if isinstance(self.model, made))
        return {
            "format": _FORMAT,
            "kind": kind,
            "model": json.loads(self.model.to_json()),
            "calibrator": json.loads(self.calibrator.to_json()),
            "anchor": self.anchor,
            "bounds": [str(bound.fraction) for bound in self.bounds],
            "reference": [self.reference.contributions.tolist(), _listed(self.reference.typical)],
            "plan": self.plan,
            "config": self.config,
        }

    @classmethod
    def from_json(cls, text: str, *, expected: str = "") -> RatedModel:
        """The model that ``to_json`` wrote.

        Args:
            text: the file.
            expected: the hash it must have, for instance that of the registry; '' takes its own.

        Raises:
            BadInput: another format, or a file that was changed since it was written.
        """
        data = checked_json(text, _FORMAT, expected)
        try:
            model = _READERS[data["kind"]].from_json(json.dumps(data["model"]))
            contributions, typical = (np.array(one, dtype=np.float64) for one in data["reference"])
            return cls(
                model,
                Calibrator.from_json(json.dumps(data["calibrator"])),
                float(data["anchor"]),
                tuple(Rate(Decimal(bound)) for bound in data["bounds"]),
                Reference(contributions, typical),
                str(data["plan"]),
                str(data["config"]),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise BadInput(
                f"not such a model: {error!r}", field="model", rule=f"format {_FORMAT}"
            ) from None


def read_model(path: Path, *, expected: str = "") -> RatedModel:
    """The model in a file.

    Raises:
        BadInput: no such file, or as ``RatedModel.from_json``.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise BadInput(f"there is no model {path}", field="model", rule="rated.json") from None
    return RatedModel.from_json(text, expected=expected)


def _listed(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
