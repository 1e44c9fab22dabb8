"""Several models as one: a weighted sum of their log odds, weights never below zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.boosting import MonotoneBooster, canonical, checked_json, hash_of
from tael.risk.columns import Ints, columns_of, labels, weights
from tael.risk.estimator import LogOddsClassifier, outcome_of
from tael.risk.folds import Fold, FoldSettings, folds
from tael.risk.logistic import fit_logistic
from tael.risk.matrix import content_order
from tael.risk.sample import Bools, Floats, Sample
from tael.risk.scorecard import Scorecard
from tael.risk.shrunk_logistic import ShrunkLogistic

_FORMAT = "tael.ensemble/1"
_DIGITS = 9
_RIDGE = 1.0
_FOLDS = FoldSettings()
_NOISE = 1e-6  # of the mean slope: less than this is the noise of sums


class Member(Protocol):
    """What a model needs to be one of several: a scorecard and a booster are such."""

    @property
    def names_(self) -> tuple[str, ...]:
        """The variables it reads."""
        ...

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: FBT001, FBT002
        """The constructor's parameters."""
        ...

    def fit(
        self,
        X: object,  # noqa: N803 - scikit-learn's name
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Member:
        """Learn."""
        ...

    def log_odds(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows]."""
        ...

    def contributions(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows, variables + 1]."""
        ...

    def to_json(self) -> str:
        """Canonical JSON."""
        ...


def seeded(booster: MonotoneBooster, seeds: Sequence[int]) -> dict[str, MonotoneBooster]:
    """The booster once for each seed: members of an ensemble that differ by their draws alone."""
    return {
        f"booster_{seed}": MonotoneBooster(
            replace(booster.settings, seed=seed),
            signs=booster.signs,
            categorical=booster.categorical,
            day=booster.day,
        )
        for seed in seeds
    }


class Ensemble(LogOddsClassifier):
    """Scorecards and boosters, stacked on the log odds.

    Each member scores rows that it was not trained on: of a sample the later rows of each fold of
    time, of other tables the rows of folds by content. A logistic regression on these scores, with
    no weight below zero (Wolpert, Neural Networks 5 (1992); Breiman, Stacked regressions, Machine
    Learning 24 (1996)), gives the weights; then each member is trained on all rows.

    Args:
        members: models by name; not changed. None is one scorecard and one booster.
        folds: how a sample is cut; other tables have ``folds.count`` folds.
        judged: populations of a sample on whose rows the weights are learnt: those that the model
            is for. Members are trained on all. Empty: on all rows.

    Attributes:
        classes_: ``[0, 1]``.
        members_: the trained members that weigh something, by name.
        weights_: of each member's log odds, by name; a member of weight zero is not kept.
        intercept_: added to the weighted sum.
        names_: the variables that any kept member reads, in alphabetical order.
    """

    def __init__(
        self,
        members: Mapping[str, Member] | None = None,
        *,
        folds: FoldSettings = _FOLDS,
        judged: Sequence[str] = (),
    ) -> None:
        self.members = members
        self.folds = folds
        self.judged = judged

    # --- training

    def fit(
        self,
        X: object,  # noqa: N803 - scikit-learn's name
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Ensemble:
        """Learn from ``X`` (sample, columns or matrix) and outcomes ``y`` (1 = bad).

        Of a sample without ``y`` the rows with a known outcome count, with its weights.

        Raises:
            BadInput: no member, one whose scores tell nothing, and what members and folds refuse.
        """
        X, y, sample_weight = outcome_of(X, y, sample_weight)  # noqa: N806
        members: dict[str, Member] = dict(
            self.members or {"booster": MonotoneBooster(), "scorecard": Scorecard()}
        )
        bad = labels(y)
        mass = weights(sample_weight, len(bad))
        rows, odds = self._unseen(members, X, (bad, mass))
        if self.judged:
            served = _served(X, bad, self.judged)[rows]
            rows, odds = rows[served], odds[served]
        order = np.lexsort((*odds.T, bad[rows]))
        # Rounded and in order of content: shuffled rows give the same weights.
        beta = stack(odds[order], bad[rows][order], np.round(mass[rows][order], _DIGITS))
        self.intercept_ = round(float(beta[0]), _DIGITS)
        found = dict(zip(members, np.round(beta[1:], _DIGITS).tolist(), strict=True))
        self.weights_ = {name: weight for name, weight in sorted(found.items()) if weight > 0}
        self.members_ = {
            name: _fresh(members[name]).fit(X, bad, sample_weight) for name in self.weights_
        }
        self._finish()
        columns = X.names if isinstance(X, Sample) else tuple(columns_of(X))
        self.feature_names_in_ = np.array(columns, dtype=object)
        self.n_features_in_ = len(columns)
        return self

    def _unseen(
        self, members: Mapping[str, Member], data: object, outcome: tuple[Floats, Floats]
    ) -> tuple[Ints, Floats]:
        """Rows of the tests, and each member's log odds of them when trained on the others."""
        bad, mass = outcome
        parts = (
            folds(replace(data, bad=bad), self.folds)
            if isinstance(data, Sample)
            else _folds_by_content(data, outcome, self.folds.count)
        )
        rows, found = [], []
        for train, test in parts:
            seen, unseen = _rows(data, train), _rows(data, test)
            rows.append(np.flatnonzero(test))
            found.append(
                np.column_stack(
                    [
                        _fresh(one).fit(seen, bad[train], mass[train]).log_odds(unseen)
                        for one in members.values()
                    ]
                )
            )
        return np.concatenate(rows).astype(np.int64), np.concatenate(found)

    def _finish(self) -> None:
        self.classes_ = np.array([0, 1])
        self.names_ = tuple(sorted({n for one in self.members_.values() for n in one.names_}))

    # --- use

    def log_odds(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows]: intercept and weighted sum of the members' log odds of bad."""
        self._fitted()
        total: Floats | float = self.intercept_
        for name, member in self.members_.items():
            total = total + self.weights_[name] * member.log_odds(X)
        return np.asarray(total, dtype=np.float64)

    def contributions(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows, variables + 1]: of each of ``names_``, last the average training row.

        Shapley values of a weighted sum are the weighted sum of Shapley values.
        """
        self._fitted()
        place = {name: i for i, name in enumerate(self.names_)}
        total: Floats | None = None
        for name, member in self.members_.items():
            part = member.contributions(X) * self.weights_[name]
            if total is None:
                total = np.zeros((len(part), len(self.names_) + 1))
            total[:, [*(place[n] for n in member.names_), len(self.names_)]] += part
        if total is None:
            raise BadInput("the ensemble has no member", field="members", rule="one that weighs")
        total[:, -1] += self.intercept_
        return total

    def _fitted(self) -> None:
        if not hasattr(self, "members_"):
            raise BadInput("the ensemble is not trained", field="ensemble", rule="fit first")

    # --- keeping

    def to_json(self) -> str:
        """The fitted ensemble as canonical JSON with its hash; members as they write themselves."""
        return canonical(self._body() | {"hash": self.hash})

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON without the hash itself, in hexadecimal."""
        return hash_of(self._body())

    def _body(self) -> dict[str, Any]:
        self._fitted()
        return {
            "format": _FORMAT,
            "intercept": self.intercept_,
            "weights": self.weights_,
            "columns": [str(name) for name in self.feature_names_in_],
            "members": {name: one.to_json() for name, one in self.members_.items()},
        }

    @classmethod
    def from_json(cls, text: str, *, expected: str = "") -> Ensemble:
        """The ensemble that ``to_json`` wrote.

        Raises:
            BadInput: not such a text, or one that was changed; of a member too.
        """
        data = checked_json(text, _FORMAT, expected)
        try:
            members = {name: _member(held) for name, held in data["members"].items()}
            model = cls({name: _fresh(one) for name, one in members.items()})
            model.members_ = members
            model.weights_ = {name: float(data["weights"][name]) for name in members}
            model.intercept_ = float(data["intercept"])
            model.feature_names_in_ = np.array(data["columns"], dtype=object)
            model.n_features_in_ = len(data["columns"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                f"not an ensemble: {error}", field="ensemble", rule=f"format {_FORMAT}"
            ) from None
        model._finish()
        return model


def _served(data: object, bad: Floats, populations: Sequence[str]) -> Bools:
    if not isinstance(data, Sample) or data.population is None:
        raise BadInput(
            "the table does not say of which population a row is",
            field="population",
            rule="a sample with populations, or weights learnt on all rows",
        )
    found: Bools = np.isin(data.population.astype(str), list(populations))
    if len(np.unique(bad[found])) < 2:  # noqa: PLR2004 - bads and goods
        raise BadInput(
            f"there are not both bads and goods of {', '.join(populations)}",
            field="population",
            rule="both outcomes to weigh members on",
        )
    return found


def stack(odds: Floats, bad: Floats, weight: Floats) -> Floats:
    """Intercept and weights, none below zero, of the columns of log odds; float64 [members + 1].

    Logistic regression with the active set of Lawson and Hanson (Solving Least Squares Problems,
    1974, chapter 23): the member that would help most comes in; one that would fall below zero
    stops at zero and leaves.

    Raises:
        BadInput: no column tells goods from bads.
    """
    members = odds.shape[1]
    kept: list[int] = []
    beta = fit_logistic(odds[:, kept], bad, weight, ridge=_RIDGE)
    for _ in range(3 * members):
        slopes = odds.T @ (
            weight * (bad - 1.0 / (1.0 + np.exp(-beta[0] - odds[:, kept] @ beta[1:])))
        )
        slopes[kept] = 0.0
        best = int(np.argmax(slopes))
        if slopes[best] <= _NOISE * len(bad):
            break
        kept, beta = _come_in(odds, ([*kept, best], np.append(beta, 0.0)), (bad, weight))
    if not kept:
        raise BadInput(
            "no member tells goods from bads", field="members", rule="one with a positive weight"
        )
    found: Floats = np.zeros(members + 1)
    found[0], found[1 + np.array(kept)] = beta[0], beta[1:]
    return found


def _come_in(
    odds: Floats, before: tuple[list[int], Floats], outcome: tuple[Floats, Floats]
) -> tuple[list[int], Floats]:
    kept, beta = before
    while kept:
        new = fit_logistic(odds[:, kept], *outcome, ridge=_RIDGE)
        below = new[1:] <= 0
        if not below.any():
            return kept, new
        old = beta[1:]
        step = float((old[below] / (old[below] - new[1:][below])).min())
        beta = beta + step * (new - beta)
        stay = ~below | (beta[1:] > _NOISE)
        kept = [i for i, stays in zip(kept, stay, strict=True) if stays]
        beta = beta[np.concatenate([[True], stay])]
    return kept, beta[:1]


def _folds_by_content(data: object, outcome: tuple[Floats, Floats], count: int) -> list[Fold]:
    """Folds of rows in the order of their content: shuffled rows fall into the same folds."""
    bad, mass = outcome
    number = np.empty(len(bad), dtype=np.int64)
    order = content_order(columns_of(data).values(), bad, np.round(mass, _DIGITS))
    number[order] = np.arange(len(bad)) % max(count, 2)
    return [(number != fold, number == fold) for fold in range(max(count, 2))]


def _rows(data: object, mask: npt.NDArray[np.bool_]) -> object:
    if isinstance(data, Sample):
        return data.take(mask)
    return {name: values[mask] for name, values in columns_of(data).items()}


def _fresh(member: Member) -> Member:
    return type(member)(**member.get_params())


def _member(text: str) -> Member:
    if '"format":"tael.booster/1"' in text:
        return MonotoneBooster.from_json(text)
    if '"format":"tael.shrunk_logistic/1"' in text:
        return ShrunkLogistic.from_json(text)
    return Scorecard.from_json(text)
