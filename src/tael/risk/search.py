"""A search of settings over folds of time, that never looks at the last year."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from tael.kernel import BadInput
from tael.risk.boosting import BoosterSettings, MonotoneBooster, canonical
from tael.risk.folds import Fold, FoldSettings, hold_last, time_folds
from tael.risk.measures import auc
from tael.risk.sample import Sample

_FORMAT = "tael.search/1"
GRID: Mapping[str, tuple[float | int, ...]] = {
    "leaves": (7, 15, 31),
    "min_rows": (50, 200),
    "column_share": (0.1, 0.3),
}


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How settings are compared.

    Attributes:
        folds: how the sample is cut.
        last_months: held back, seen by no trial.
        keep: share of the trials that goes on to the next rung.
        shares: of the rounds that each rung trains, rising to 1.
    """

    folds: FoldSettings = field(default_factory=lambda: FoldSettings(count=3))
    last_months: int = 12
    keep: float = 1 / 3
    shares: tuple[float, ...] = (0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting on one rung: the area under the curve of each fold, and their mean."""

    settings: BoosterSettings
    rung: int
    folds: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.folds) / len(self.folds)


@dataclass(frozen=True, slots=True)
class Search:
    """What was tried and what won.

    Attributes:
        best: the settings that won, with all their rounds.
        trials: every trial in order.
        first_held: first month that no trial saw, ISO.
        rows_held: how many rows that were.
    """

    best: BoosterSettings
    trials: tuple[Trial, ...]
    first_held: str
    rows_held: int

    def to_json(self) -> str:
        """The record as canonical JSON."""
        return canonical(
            {
                "format": _FORMAT,
                "best": _plain(self.best),
                "first_held": self.first_held,
                "rows_held": self.rows_held,
                "trials": [
                    {
                        "settings": _plain(trial.settings),
                        "rung": trial.rung,
                        "folds": [round(value, 9) for value in trial.folds],
                    }
                    for trial in self.trials
                ],
            }
        )

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json`` in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def search(
    model: MonotoneBooster,
    sample: Sample,
    grid: Mapping[str, Sequence[float | int]] = GRID,
    settings: SearchSettings = SearchSettings(),
) -> Search:
    """Successive halving over a grid of booster settings.

    Each rung trains the settings that are left on more rounds and lets the best share go on
    (Jamieson and Talwalkar, AISTATS 2016). Ties go to the setting that comes first in the grid.

    Args:
        model: its signs, categories and other settings hold for every trial; it is not changed.
        sample: rows with known outcomes; its last months are cut off first.
        grid: values to try, by the name of a booster setting.
        settings: folds, rungs, months held back.

    Raises:
        BadInput: a name that is no booster setting, rungs that do not rise to 1, and whatever
            ``time_folds`` and ``hold_last`` refuse.
    """
    candidates = _candidates(model.settings, grid, settings)
    held = hold_last(sample, settings.last_months)
    folds = time_folds(held.sample, settings.folds)
    trials: list[Trial] = []
    for rung, share in enumerate(settings.shares):
        tried = [_trial(model, held.sample, folds, (given, rung, share)) for given in candidates]
        trials += tried
        ranked = sorted(range(len(tried)), key=lambda i: (-round(tried[i].mean, 9), i))
        left = max(1, math.ceil(len(tried) * settings.keep))
        candidates = [candidates[i] for i in ranked[:left]]
    return Search(candidates[0], tuple(trials), held.first_held, held.rows_held)


def _candidates(
    base: BoosterSettings, grid: Mapping[str, Sequence[float | int]], settings: SearchSettings
) -> list[BoosterSettings]:
    known = asdict(base)
    for name in grid:
        if name not in known:
            raise BadInput(f"no booster setting {name!r}", field=name, rule="a booster setting")
    rising = all(a < b for a, b in itertools.pairwise(settings.shares))
    if not settings.shares or not rising or settings.shares[0] <= 0 or settings.shares[-1] != 1:
        raise BadInput("rungs rise to 1", field="shares", rule="rising shares that end with 1")
    made = [
        replace(base, **dict(zip(grid, values, strict=True)))  # type: ignore[arg-type]
        for values in itertools.product(*grid.values())
    ]
    if not made:
        raise BadInput("the grid is empty", field="grid", rule="a value of each name")
    return made


def _trial(
    model: MonotoneBooster,
    sample: Sample,
    folds: Sequence[Fold],
    which: tuple[BoosterSettings, int, float],
) -> Trial:
    given, rung, share = which
    shortened = replace(given, rounds=max(1, round(given.rounds * share)))
    found = []
    for train, test in folds:
        one = MonotoneBooster(
            shortened, signs=model.signs, categorical=model.categorical, day=model.day
        ).fit(sample.take(train))
        rows = sample.take(test)
        found.append(float(auc(rows.bad, one.log_odds(rows), rows.weight)))
    return Trial(given, rung, tuple(found))


def _plain(settings: BoosterSettings) -> dict[str, Any]:
    held = asdict(settings)
    del held["threads"]  # makes no difference to the model
    return {k: float(v) if isinstance(v, np.floating) else v for k, v in held.items()}
