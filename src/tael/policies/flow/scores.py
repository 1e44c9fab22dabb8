"""Between what a model's answer lies while some of the variables it reads are not known."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np

from tael.kernel import Rate
from tael.policies.model import Feature
from tael.policies.ports import Score, Scorer
from tael.policies.scorers import ScorecardScorer, points_of
from tael.risk import Scorecard, explain, pipeline

# A score leaves with nine digits; bounds are one of the last wider, for the last bits of sums.
_LAST = Decimal("0.000000001")
_CODES = frozenset(Decimal(str(int(code))) for code in pipeline.MISSING_CODES)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the model can still say.

    Attributes:
        ends: least and most of what rules may read of its answer, by name.
        worst: the riskiest score that is still possible: what is written down where the rest no
            longer matters.
    """

    ends: Mapping[str, tuple[Decimal, Decimal]]
    worst: Score


class PartScore(Protocol):
    """The score of one applicant of whom more and more is known."""

    def tell(self, known: Mapping[str, Feature]) -> None: ...
    def bounds(self) -> Bounds: ...


class Scores:
    """A model, laid out to be bounded.

    Args:
        text: the model as a bundle holds it.
        scorer: the same model, as the policy scores with it.
        sure: inputs that are never without a value.
    """

    def __init__(self, text: str, scorer: Scorer, sure: Collection[str]) -> None:
        self._made = (
            _Card(text, sure) if isinstance(scorer, ScorecardScorer) else _Rated(text, sure)
        )

    def row(self) -> PartScore:
        """An applicant of whom nothing is known."""
        return _Part(self._made, self._made.reach.row())


class _Bounded(Protocol):
    reach: explain.Reach
    blind: frozenset[str]

    def ends(self, low: float, high: float) -> Bounds: ...


class _Part:
    def __init__(self, owner: _Bounded, row: explain.PartRow) -> None:
        self._owner = owner
        self._row = row

    def tell(self, known: Mapping[str, Feature]) -> None:
        blind = self._owner.blind
        self._row.tell({name: _plain(value, name in blind) for name, value in known.items()})

    def bounds(self) -> Bounds:
        return self._owner.ends(*self._row.log_odds())


def _plain(value: Feature, blind: bool) -> object:  # noqa: FBT001 - of two
    if isinstance(value, bool):
        return float(value)
    # A card that has no bin for a kind of missing takes all kinds as one.
    return None if blind and value in _CODES else value


class _Card:
    def __init__(self, text: str, sure: Collection[str]) -> None:
        card = Scorecard.from_json(text)
        self.reach = explain.Reach(card, sure)
        self.blind = frozenset(
            item.name for item in card.characteristics_ if not item.binning.feature.special
        )
        self._scale = card.scale

    def ends(self, low: float, high: float) -> Bounds:
        scale = self._scale
        points = round(scale.offset - scale.factor * high)
        ends = _wider(_chance(low), _chance(high))
        return Bounds({"pd": ends}, Score(Rate(ends[1]), points))


class _Rated:
    blind: frozenset[str] = frozenset()

    def __init__(self, text: str, sure: Collection[str]) -> None:
        self._rated = pipeline.RatedModel.from_json(text)
        self.reach = explain.Reach(self._rated.model, sure)

    def ends(self, low: float, high: float) -> Bounds:
        rated = self._rated
        # Calibration rises with the log odds, by every method.
        z = rated.calibrator.log_odds(np.array([low, high]))
        pd = _wider(*map(_chance, z.tolist()))
        cycle = _wider(*map(_chance, (z + rated.anchor).tolist()))
        tiers = [1 + sum(end > bound.fraction for bound in rated.bounds) for end in cycle]
        tier = Decimal(tiers[0]), Decimal(tiers[1])
        more = {"pd_cycle": cycle[1], "model_tier": tier[1]}
        ends = {"pd": pd, "pd_cycle": cycle, "model_tier": tier}
        return Bounds(ends, Score(Rate(pd[1]), points_of(pd[1]), more))


def _chance(log_odds: float) -> Decimal:
    bad = 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0  # noqa: PLR2004 - of exp
    return Rate.from_probability(bad).fraction


def _wider(low: Decimal, high: Decimal) -> tuple[Decimal, Decimal]:
    return max(Decimal(0), low - _LAST), min(Decimal(1), high + _LAST)
