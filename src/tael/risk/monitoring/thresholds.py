"""The thresholds of the alarms: versioned data, written down before anything is watched."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from tael.kernel import BadInput

_FORMAT = "tael.risk.monitoring.thresholds/1"


@dataclass(frozen=True, slots=True)
class Limit:
    """Where an alarm rings: a look is asked beyond ``watch``, a deed beyond ``act``."""

    watch: float
    act: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.watch) and math.isfinite(self.act)):
            raise BadInput("a threshold is a finite number", field="limit", rule="finite")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When the interval of a figure, never the figure alone, rings an alarm.

    The two steps of PSI are the custom of the trade (0.1 watch, 0.25 act). More default than the PD
    asks for a look as soon as the interval leaves equality, as the test of the European Central
    Bank's Instructions for reporting the validation results of internal models (2019, section
    2.5.3.1) does; less default is not as pressing. The others are choices of this version. A change
    is a new version.

    Attributes:
        version: name of this set.
        score_psi: population stability index of the score.
        variable_psi: the same of a variable (characteristic stability index).
        coverage: change of the share of applications for which a source is absent.
        auc_drop: the reference's AUC less the period's.
        ks_drop: the same of KS.
        expected_auc_drop: the same of the AUC that the PDs let expect.
        understated: observed over predicted bad rate, above one.
        overstated: predicted over observed bad rate, above one.
        early_ratio: rate of early bads over the reference's.
    """

    version: str = "2026.1"
    score_psi: Limit = Limit(0.10, 0.25)
    variable_psi: Limit = Limit(0.10, 0.25)
    coverage: Limit = Limit(0.05, 0.15)
    auc_drop: Limit = Limit(0.02, 0.05)
    ks_drop: Limit = Limit(0.05, 0.10)
    expected_auc_drop: Limit = Limit(0.02, 0.05)
    understated: Limit = Limit(1.00, 1.25)
    overstated: Limit = Limit(1.25, 1.50)
    early_ratio: Limit = Limit(1.25, 2.00)

    def to_json(self) -> str:
        """The thresholds as canonical JSON."""
        data = {"format": _FORMAT, **asdict(self)}
        return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Thresholds:
        """The thresholds that ``to_json`` wrote.

        Raises:
            BadInput: not such a text, or ``act`` before ``watch``; names the field.
        """
        data = _parsed(text)
        limits = {}
        for each in fields(cls):
            if each.name != "version":
                limits[each.name] = _limit(data.get(each.name), each.name)
        return cls(str(data.get("version", "")), **limits)

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json`` in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _parsed(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"not JSON: {error}", field="thresholds", row=error.lineno, rule="JSON"
        ) from None
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise BadInput("no thresholds of this format", field="format", rule=_FORMAT)
    return data


def _limit(data: Any, name: str) -> Limit:
    try:
        limit = Limit(float(data["watch"]), float(data["act"]))
    except (KeyError, TypeError, ValueError):
        raise BadInput(
            f"{name} needs watch and act", field=name, rule="two finite numbers"
        ) from None
    if limit.act < limit.watch:
        raise BadInput(f"{name} acts before it watches", field=name, rule="watch <= act")
    return limit
