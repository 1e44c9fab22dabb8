"""The cycle around a calibration: through the cycle, at a point in time, and under stress."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.calibration.calibrator import one_column
from tael.risk.calibration.distributions import sigmoid
from tael.risk.calibration.kept import canonical, hash_of, plain, read
from tael.risk.columns import Floats
from tael.risk.cycle.anchor import CentralTendency
from tael.risk.cycle.overlay import MacroSeries, Overlay
from tael.risk.cycle.vasicek import conditional_pd

_FORMAT = "tael.cycle/1"


@dataclass(frozen=True, slots=True)
class CycleModel:
    """Where calibrated log odds go through the cycle and at a point in time.

    Attributes:
        tendency: the central tendency.
        anchor: added to calibrated log odds for PDs through the cycle.
        overlay: added for PDs at a point in time, where it has skill; without one, or without
            skill, they are those of the calibration, which is of the latest cohorts.
        rho: asset correlation that leads from one to the other.
    """

    tendency: CentralTendency
    anchor: float
    overlay: Overlay | None
    rho: float

    def through_the_cycle(self, log_odds: npt.ArrayLike) -> Floats:
        """PDs through the cycle of calibrated log odds: what tiers and limits stand on."""
        return sigmoid(one_column(log_odds) + self.anchor)

    def point_in_time(
        self, log_odds: npt.ArrayLike, month: int, series: Mapping[str, MacroSeries]
    ) -> Floats:
        """PDs for loans of ``month``: what prices and expected losses stand on.

        Raises:
            BadInput: a series of the overlay is missing or not yet published.
        """
        used = self.overlay if self.overlay and self.overlay.useful else None
        shift = used.shift(month, series) if used else 0.0
        return sigmoid(one_column(log_odds) + shift)

    def in_state(self, log_odds: npt.ArrayLike, factor: float) -> Floats:
        """PDs in a state of the common factor; below zero is a bad year (Vasicek)."""
        return conditional_pd(self.through_the_cycle(log_odds), self.rho, factor)

    def to_json(self) -> str:
        """The model as canonical JSON."""
        return canonical({"format": _FORMAT, **plain(self)})

    @classmethod
    def from_json(cls, text: str) -> CycleModel:
        """The model that ``to_json`` wrote.

        Raises:
            BadInput: not such a text.
        """
        data = read(text, _FORMAT)
        try:
            return cls(
                _tendency(data["tendency"]),
                float(data["anchor"]),
                _overlay(data["overlay"]) if data["overlay"] else None,
                float(data["rho"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"not a cycle model: {error}", field="model", rule=_FORMAT) from None

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json`` in hexadecimal."""
        return hash_of(self.to_json())


def _tendency(data: dict[str, Any]) -> CentralTendency:
    years = tuple((int(year), float(rate)) for year, rate in data.pop("years"))
    return CentralTendency(
        years=years, downturn_years=tuple(map(int, data.pop("downturn_years"))), **data
    )


def _overlay(data: dict[str, Any]) -> Overlay:
    return Overlay(
        tuple(data["names"]),
        tuple(data["means"]),
        tuple(data["scales"]),
        float(data["intercept"]),
        tuple(data["slopes"]),
        float(data["largest_shift"]),
        int(data["periods"]),
        math.nan if data["skill"] is None else float(data["skill"]),
    )
