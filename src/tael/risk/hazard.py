"""Training while many loans are still running: three ways to treat what is not known yet.

Taking the labels that happen to be known favours bads, which are known first, and the more so the
younger a loan. The ways that do not: only loans whose whole performance window lies before the
training day (``performance_window``); weights that make up for the loans not yet known
(``known_weights``); and a hazard of each period, from the periods each loan was watched
(``HazardModel``).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.boosting import MonotoneBooster, canonical, checked_json, hash_of
from tael.risk.columns import columns_of, weights
from tael.risk.estimator import EstimatorContract, chance
from tael.risk.sample import Bools, Floats, Instants, Ints, Sample

_FORMAT = "tael.hazard/1"
PERIOD = "period_number"  # the variable of a person-period row that counts its period, from 0


@dataclass(frozen=True, eq=False)
class Lives:
    """How long each loan was watched and how it went, as known on one day.

    Attributes:
        months: float64 [rows]: months from the start until the default, or until watching ended. A
            loan that ended well stays in view until the day: it can default no more, and leaving
            it out would raise the chance of those that stay (Fine and Gray, JASA 94 (1999)).
        failed: bool [rows]: whether it had defaulted by then.
        age: float64 [rows]: months from the start until the day, whatever became of the loan.
    """

    months: Floats
    failed: Bools
    age: Floats

    def __post_init__(self) -> None:
        if not len(self.months) == len(self.failed) == len(self.age):
            raise BadInput(
                "months, failed and age differ in length", field="lives", rule="one of each a loan"
            )
        wrong = ~((self.months >= 0) & (self.months <= self.age) & np.isfinite(self.age))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise BadInput(
                f"loan {row} was watched {self.months[row]:g} months at age {self.age[row]:g}",
                field="months",
                rule="months from zero to the age",
            )


def lives(start: Instants, failed_on: Instants, day: str) -> Lives:
    """What was known at the end of ``day``: defaults of later days have not happened yet.

    Months are calendar months and 31sts: from the 10th of May to the 10th of June is 1.

    Args:
        start: datetime64 [rows]: when each loan began.
        failed_on: datetime64 [rows]: when it defaulted; NaT where it did not.
        day: ISO date, the training day.

    Raises:
        BadInput: a loan that begins after the day or defaults before it began; names the row.
    """
    begun, ended = start.astype("datetime64[D]"), failed_on.astype("datetime64[D]")
    last = np.datetime64(day, "D")
    for wrong, what in ((~(begun <= last), f"begins after {day}"), (ended < begun, "fails unborn")):
        if wrong.any():
            raise BadInput(
                f"loan {int(np.argmax(wrong))} {what}",
                field="start",
                rule="begun by the training day, and before it fails",
            )
    failed: Bools = ended <= last  # NaT compares as false
    until = np.where(failed, ended, last)
    return Lives(_months(begun, until), failed, _months(begun, np.full_like(begun, last)))


def _months(begin: Instants, end: Instants) -> Floats:
    first, last = begin.astype("datetime64[M]"), end.astype("datetime64[M]")
    months = (last - first).astype(np.float64)
    days = (end - last).astype(np.float64) - (begin - first).astype(np.float64)
    found: Floats = np.maximum(months + days / _LONGEST_MONTH, 0.0)
    return found


_LONGEST_MONTH = 31


def performance_window(
    held: Lives, window: float, indeterminate: npt.NDArray[np.bool_] | None = None
) -> tuple[Bools, Floats]:
    """The loans whose whole window had passed by the day, and bad (1) or good (0) within it.

    Younger loans are left out whether they failed or not: keeping their defaults alone would
    favour bads. Indeterminate loans (neither good nor bad by the definition) are left out as well
    (Siddiqi, Intelligent Credit Scoring, 2017, chapter 4).

    Returns:
        bool [rows] and float64 [rows].

    Raises:
        BadInput: no loan is so old.
    """
    bad = (held.failed & (held.months <= window)).astype(np.float64)
    mature: Bools = held.age >= window
    if indeterminate is not None:
        mature &= ~indeterminate
    if not mature.any():
        raise BadInput(
            f"no loan is {window:g} months old on the training day",
            field="window",
            rule="loans whose window has passed",
        )
    return mature, bad


def matured_by(start: Instants, day: str, window: float) -> Bools:
    """Which loans are ``window`` months old by the end of ``day`` (ISO date)."""
    begun = start.astype("datetime64[D]")
    last = np.full_like(begun, np.datetime64(day, "D"))
    found: Bools = (begun <= last) & (_months(begun, last) >= window)
    return found


# --- weights for what is not known


def known_weights(held: Lives, window: float) -> Floats:
    """Weights that let the loans known at the end of the window stand for all.

    A loan whose outcome is known weighs one over the chance of still being watched at its default,
    or at the window's end; the others weigh nothing. That chance is the Kaplan-Meier curve of the
    end of watching (Robins and Rotnitzky 1992; Graf et al., Statistics in Medicine 18 (1999)). It
    holds where how long a loan is watched tells nothing of its risk: vintages alike.

    Returns:
        float64 [rows].

    Raises:
        BadInput: no loan was watched to the end of the window.
    """
    known = (held.failed & (held.months <= window)) | (held.months >= window)
    if not (held.months >= window).any():
        raise BadInput(
            f"no loan was watched for {window:g} months",
            field="window",
            rule="loans watched to the end of the window",
        )
    times, curve = watched_curve(held)
    at = np.minimum(held.months, window)
    # The chance just before: who is lost at that very moment was still watched at the default.
    place = np.searchsorted(times, at, side="left")
    still = np.concatenate([[1.0], curve])[place]
    found: Floats = np.where(known, 1.0 / still, 0.0)
    return found


def watched_curve(held: Lives) -> tuple[Floats, Floats]:
    """Kaplan-Meier: distinct ends of watching, and the chance of being watched beyond each.

    Kaplan and Meier, JASA 53 (1958); here the event is the end of watching, and a default is what
    hides it.
    """
    times = np.unique(held.months[~held.failed])
    ordered = np.sort(held.months)
    # At the same time defaults come first: they no longer count among those watched.
    fails = np.sort(held.months[held.failed])
    at_risk = len(ordered) - np.searchsorted(ordered, times, side="left")
    at_risk = at_risk - (
        np.searchsorted(fails, times, side="right") - np.searchsorted(fails, times, side="left")
    )
    ends = np.sort(held.months[~held.failed])
    lost = np.searchsorted(ends, times, side="right") - np.searchsorted(ends, times, side="left")
    left: Floats = (1.0 - lost / at_risk).astype(np.float64)
    curve = np.asarray(np.cumprod(left), dtype=np.float64)
    return times, curve


# --- hazards


def person_periods(held: Lives, edges: Floats) -> tuple[Ints, Ints, Floats]:
    """One row for each loan and period it was at risk in: loan, period and default (1 or 0).

    Periods lie between neighbouring ``edges`` (months, from 0 on). A loan is at risk in a period
    that it entered undefaulted and whose end its age has reached: of a period that is not over yet
    neither default nor survival counts, or defaults would be favoured. One lost from view within a
    period is not at risk in it. (Singer and Willett, It's about time, Journal of Educational
    Statistics 18 (1993); Allison, Sociological Methodology 13 (1982).)
    """
    loans, periods, fails = [], [], []
    for period, (begin, end) in enumerate(itertools.pairwise(edges.tolist())):
        entered = (held.age >= end) & ((held.months > begin) | (period == 0))
        fell = entered & held.failed & (held.months <= end)
        rows = np.flatnonzero(fell | (entered & (held.months >= end)))
        loans.append(rows)
        periods.append(np.full(len(rows), period))
        fails.append(fell[rows].astype(np.float64))
    return (
        np.concatenate(loans).astype(np.int64),
        np.concatenate(periods).astype(np.int64),
        np.concatenate(fails),
    )


class HazardModel(EstimatorContract):
    """The chance of default within a horizon, from the hazards of its periods.

    A booster is trained on person-period rows with the period as one more variable; the chance
    over n periods is 1 - (1 - h1)(1 - h2)...(1 - hn). Uses every loan that was watched for one
    whole period, so the latest vintages too.

    Args:
        booster: how the hazard is trained; not changed.
        edges: ends of the periods in months, rising from 0.

    Attributes:
        booster_: the fitted booster of the hazard.
        classes_: ``[0, 1]``.
    """

    def __init__(
        self,
        booster: MonotoneBooster | None = None,
        *,
        edges: tuple[float, ...] = (0.0, 3.0, 6.0, 9.0, 12.0),
    ) -> None:
        self.booster = booster
        self.edges = edges

    def fit(
        self,
        X: object,  # noqa: N803 - scikit-learn's name
        y: Lives,
        sample_weight: npt.ArrayLike | None = None,
    ) -> HazardModel:
        """Learn from columns or a sample of loans and their lives.

        Raises:
            BadInput: edges that do not rise from 0, and what the booster refuses.
        """
        edges = np.array(self.edges)
        if len(edges) < 2 or edges[0] != 0 or (np.diff(edges) <= 0).any():  # noqa: PLR2004
            raise BadInput("edges rise from 0", field="edges", rule="rising months from 0")
        loan, period, bad = person_periods(y, edges)
        mass = weights(sample_weight, len(y.months))[loan]
        given = self.booster or MonotoneBooster()
        one = MonotoneBooster(
            given.settings, signs=given.signs, categorical=given.categorical, day=""
        )
        rows = _columns(X, loan, period)
        self.plan_ = X.plan if isinstance(X, Sample) else ""
        self.booster_ = one.fit(rows, bad, mass)
        self.classes_ = np.array([0, 1])
        self.feature_names_in_ = np.array([n for n in rows if n != PERIOD], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return self

    def hazards(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows, periods]: the chance of default in each period, given none before."""
        booster = self._fitted()
        if isinstance(X, Sample) and X.plan != self.plan_:
            raise BadInput(
                f"the model was trained on plan {self.plan_[:12]!r}, the sample is of another",
                field="plan",
                rule="the plan of the training",
            )
        held = _named(X)
        rows = len(next(iter(held.values()))) if held else 0
        columns = []
        for period in range(len(self.edges) - 1):
            odds = booster.log_odds(held | {PERIOD: np.full(rows, float(period))})
            columns.append([chance(value) for value in odds.tolist()])
        return np.array(columns).T.reshape(rows, len(self.edges) - 1)

    def predict_proba(self, X: object) -> Floats:  # noqa: N803
        """Probabilities of good and of bad over all periods, shape (rows, 2)."""
        good = np.prod(1.0 - self.hazards(X), axis=1)
        return np.column_stack([good, 1.0 - good])

    def log_odds(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows]: the log odds of bad within all periods."""
        both = self.predict_proba(X).clip(1e-15)
        found: Floats = np.log(both[:, 1]) - np.log(both[:, 0])
        return found

    def _fitted(self) -> MonotoneBooster:
        if not hasattr(self, "booster_"):
            raise BadInput("the hazard is not trained", field="hazard", rule="fit first")
        return self.booster_

    def to_json(self) -> str:
        """The fitted model as canonical JSON with its hash."""
        return canonical(self._body() | {"hash": self.hash})

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON without the hash itself, in hexadecimal."""
        return hash_of(self._body())

    def _body(self) -> dict[str, Any]:
        booster = self._fitted().to_json()
        return {
            "format": _FORMAT,
            "edges": list(self.edges),
            "plan": self.plan_,
            "columns": [str(name) for name in self.feature_names_in_],
            "booster": booster,
        }

    @classmethod
    def from_json(cls, text: str, *, expected: str = "") -> HazardModel:
        """The model that ``to_json`` wrote.

        Raises:
            BadInput: not such a text, or one that was changed.
        """
        data = checked_json(text, _FORMAT, expected)
        inner = MonotoneBooster.from_json(data["booster"])
        model = cls(
            MonotoneBooster(inner.settings, signs=inner.signs, categorical=inner.categorical),
            edges=tuple(data["edges"]),
        )
        model.booster_, model.plan_ = inner, data["plan"]
        model.classes_ = np.array([0, 1])
        model.feature_names_in_ = np.array(data["columns"], dtype=object)
        model.n_features_in_ = len(data["columns"])
        return model


def _named(data: object) -> dict[str, npt.NDArray[Any]]:
    if isinstance(data, Sample):
        return dict(zip(data.names, data.values, strict=True))
    return columns_of(data)


def _columns(data: object, loan: Ints, period: Ints) -> Mapping[str, npt.NDArray[Any]]:
    return {name: values[loan] for name, values in _named(data).items()} | {
        PERIOD: period.astype(np.float64)
    }
