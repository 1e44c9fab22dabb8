"""What monitoring found: figures by period, drift by variable and source, and the alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tael.report import Words
from tael.risk.calibration import Gap
from tael.risk.calibration.kept import canonical, hash_of, plain
from tael.risk.measures import Interval
from tael.risk.monitoring.expected import Expected
from tael.risk.monitoring.inputs import Period, Settings
from tael.risk.sample import Bools, Floats

_FORMAT = "tael.risk.monitoring/1"
WATCH, ACT = "watch", "act"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An interval that lies beyond a threshold as a whole.

    Attributes:
        code: the kind; a name of ``Thresholds``.
        step: 'watch' or 'act'.
        about: the variable, the source or the early sign; empty for the model as a whole.
        period: when.
        figure: the estimate and the interval that rang.
        threshold: what the interval lies beyond.
        words: what happened.
        advice: what to do.
    """

    code: str
    step: str
    about: str
    period: Period
    figure: Interval
    threshold: float
    words: Words
    advice: Words


@dataclass(frozen=True, slots=True)
class EarlyRate:
    """Early bads of a period: counts, share with interval, and the share over the reference's."""

    rows: int
    bads: int
    share: Interval
    ratio: Interval


@dataclass(frozen=True, slots=True)
class Figures:
    """One period; what has too few rows, too few bads or no outcome yet is None.

    Attributes:
        period: when.
        rows: applications.
        ripe: those whose outcome is known with all of their month; ``bads`` of them bad.
        score_psi: shift of the score against the reference, less what chance adds.
        auc, ks: on the ripe rows, with bootstrap intervals.
        expected: what the PDs let expect of the rows whose outcome can be known.
        gap: predicted and observed of the ripe rows.
        early: by code.
    """

    period: Period
    rows: int
    ripe: int
    bads: int
    score_psi: Interval | None
    auc: Interval | None
    ks: Interval | None
    expected: Expected | None
    gap: Gap | None
    early: Mapping[str, EarlyRate]


@dataclass(frozen=True, slots=True)
class Reference:
    """The same of the reference."""

    rows: int
    bads: int
    auc: Interval | None
    ks: Interval | None
    expected: Expected
    gap: Gap | None
    early: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Drift:
    """The shift of every variable.

    Attributes:
        names: the variables.
        psi: float64 [variables, periods]; NaN in a period with too few rows.
        freedom: float64 [variables, periods]: bins with anything in them, less one.
        noise: float64 [periods]: 1/n + 1/m.
        standing: by step, bool [variables, periods]: shifts beyond the threshold that stand the
            test against all variables of their period.
    """

    names: tuple[str, ...]
    psi: Floats
    freedom: Floats
    noise: Floats
    standing: Mapping[str, Bools]


@dataclass(frozen=True, eq=False)
class SourceDrift:
    """The shift of a source of one subject.

    Attributes:
        subject, source: as ``Facts`` tells them.
        places: numbers of its variables.
        shares: float64 [1 + periods, 4]: mean shares of values, no source, no event and undefined;
            the reference first.
        silent: float64 [1 + periods]: share of applications without the source.
        change: of that share against the reference's, by period.
        median_psi: float64 [periods]: of its variables.
        standing: float64 [periods]: share of its variables whose shift stands at ``watch``.
    """

    subject: str
    source: str
    places: tuple[int, ...]
    shares: Floats
    silent: Floats
    change: tuple[Interval | None, ...]
    median_psi: Floats
    standing: Floats

    @property
    def name(self) -> str:
        """Subject and source in one."""
        return f"{self.subject}.{self.source}" if self.subject else self.source


@dataclass(frozen=True, slots=True)
class VintageCurve:
    """Cumulative share of bads of a cohort by months since the application, from 0."""

    label: str
    rows: int
    shares: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Monitoring:
    """All that was found; a result of its inputs alone."""

    settings: Settings
    reference: Reference
    figures: tuple[Figures, ...]
    drift: Drift
    sources: tuple[SourceDrift, ...]
    curves: tuple[VintageCurve, ...]
    alarms: tuple[Alarm, ...]
    tests: Mapping[str, int]

    @property
    def unjudged(self) -> tuple[Figures, ...]:
        """Periods with too few applications to say anything of: no alarm can ring there."""
        return tuple(one for one in self.figures if one.rows < self.settings.least_rows)

    def to_json(self) -> str:
        """Settings, figures, sources, curves and alarms as canonical JSON.

        Of the variables, those that ever stood out.
        """
        stood = np.flatnonzero(self.drift.standing[WATCH].any(axis=1))
        data: dict[str, Any] = {
            "format": _FORMAT,
            "settings": plain(self.settings),
            "reference": plain(self.reference),
            "figures": plain(self.figures),
            "sources": [_source(source) for source in self.sources],
            "curves": plain(self.curves),
            "alarms": plain(self.alarms),
            "tests": dict(self.tests),
            "unjudged": [one.period.label for one in self.unjudged],
            "variables": {self.drift.names[i]: plain(self.drift.psi[i]) for i in stood.tolist()},
        }
        return canonical(data)

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json`` in hexadecimal."""
        return hash_of(self.to_json())


def _source(source: SourceDrift) -> dict[str, Any]:
    return {
        "name": source.name,
        "variables": len(source.places),
        "shares": plain(source.shares),
        "silent": plain(source.silent),
        "change": plain(source.change),
        "median_psi": plain(source.median_psi),
        "standing": plain(source.standing),
    }
