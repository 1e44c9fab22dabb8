"""What drives a model as a whole: contributions, gains of splits, and what shuffling costs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.columns import Floats, Ints
from tael.risk.facts import Facts
from tael.risk.matrix import content_order
from tael.risk.measures import auc
from tael.risk.sample import Values
from tael.risk.trees import Trees

# Log odds of float32 [rows, variables].
Predict: TypeAlias = Callable[[Values], Floats]


def mean_contributions(contributions: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Floats:
    """float64 [variables]: the mean of |contribution| over rows, in log odds.

    Args:
        contributions: [rows, variables + 1], the last column the average row, left out.
        weight: of the rows; None for one each.

    Raises:
        BadInput: no rows, or weights of another length.
    """
    size = np.abs(np.asarray(contributions, dtype=np.float64)[:, :-1])
    mass = np.ones(len(size)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not len(size) or mass.shape != (len(size),) or not mass.sum() > 0:
        raise BadInput("there are no rows of weight", field="contributions", rule="one row or more")
    # Sorted first, so that the order of rows leaves no bit changed.
    weighed: Floats = np.sort(size * mass[:, None], axis=0).sum(axis=0)
    return weighed / float(np.sort(mass).sum())


def split_gains(trees: Trees, variables: int) -> Floats:
    """float64 [variables]: what splits on each take from the squared spread of log odds, summed.

    A split of n rows into n1 and n2 of mean leaf values v1 and v2 gains n1 n2 / n (v1 - v2)^2: the
    fall of the sum of squares, as in Breiman et al., Classification and Regression Trees, 1984,
    section 5.3. Computed from the trees alone, so a model read from its file has it too.
    """
    gains, means = np.zeros(variables), np.zeros(len(trees.feature))

    def of(child: int) -> tuple[float, float]:
        if child < 0:
            return float(trees.leaf_rows[~child]), float(trees.leaf[~child])
        return float(trees.node_rows[child]), float(means[child])

    # A child node stands after its parent: backwards, every child is known.
    for at in range(len(trees.feature) - 1, -1, -1):
        (n1, v1), (n2, v2) = of(int(trees.left[at])), of(int(trees.right[at]))
        means[at] = (n1 * v1 + n2 * v2) / (n1 + n2)
        gains[trees.feature[at]] += n1 * n2 / (n1 + n2) * (v1 - v2) ** 2
    return gains


def grouped(
    values: npt.ArrayLike, facts: Sequence[Facts], by: str = "concept"
) -> list[tuple[str, float]]:
    """Sums of ``values`` [variables] by 'concept', 'source' or 'subject'; largest first.

    Raises:
        BadInput: another grouping.
    """
    sums: dict[str, float] = {}
    for each, value in zip(facts, np.asarray(values, dtype=np.float64).tolist(), strict=True):
        sums[group_of(each, by)] = sums.get(group_of(each, by), 0.0) + value
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


def groups_of(facts: Sequence[Facts], by: str = "concept") -> dict[str, list[int]]:
    """The places of the variables of each 'concept', 'source' or 'subject'."""
    places: dict[str, list[int]] = {}
    for i, each in enumerate(facts):
        places.setdefault(group_of(each, by), []).append(i)
    return dict(sorted(places.items()))


def group_of(facts: Facts, by: str) -> str:
    """The group of a variable."""
    if by not in {"concept", "source", "subject"}:
        raise BadInput(f"no grouping {by!r}", field="by", rule="concept, source or subject")
    return str(getattr(facts, by)) or "other"


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows to judge on: float32 [rows, variables], outcomes 1 or 0, and their weights."""

    matrix: Values
    bad: Floats
    weight: Floats | None = None


@dataclass(frozen=True, slots=True)
class Shuffling:
    """How often each group is shuffled, and the seed of the shuffles."""

    times: int = 5
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Drop:
    """What a model loses without a group: mean, least and largest fall of the AUC."""

    group: str
    mean: float
    low: float
    high: float


def permutation_importance(
    predict: Predict,
    judged: Judged,
    groups: Mapping[str, Sequence[int]],
    settings: Shuffling | None = None,
) -> list[Drop]:
    """How far the AUC falls when the variables of a group are shuffled together among rows.

    Variables of one matter tell the same, so shuffling one alone shows nothing; a group is taken
    from another row whole. Largest fall first. Neither the order of rows nor that of groups
    matters. Source: Breiman, Random Forests, Machine Learning 45 (2001), section 10; Fisher, Rudin
    and Dominici, JMLR 20 (2019).

    Raises:
        BadInput: one outcome only, or a place that is no column.
    """
    given = settings or Shuffling()
    mass = np.ones(len(judged.bad)) if judged.weight is None else judged.weight
    bad, mass = (np.asarray(part, dtype=np.float64) for part in (judged.bad, mass))
    order = content_order(judged.matrix.T, bad, mass)
    matrix, bad, mass = judged.matrix[order], bad[order], mass[order]
    whole = auc(bad, predict(matrix), mass)
    drops = []
    for group, places in groups.items():
        if not all(0 <= place < matrix.shape[1] for place in places):
            raise BadInput(f"{group!r} has no such column", field=group, rule="places of columns")
        falls = [
            whole - auc(bad, predict(_shuffled(matrix, places, draw)), mass)
            for draw in _draws(group, given, len(bad))
        ]
        drops.append(Drop(group, sum(falls) / len(falls), min(falls), max(falls)))
    return sorted(drops, key=lambda drop: (-drop.mean, drop.group))


def _draws(group: str, settings: Shuffling, rows: int) -> list[Ints]:
    """Orders of the rows that depend on the group's name and the seed alone."""
    digest = hashlib.sha256(f"{settings.seed}/{group}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    return [random.permutation(rows) for _ in range(settings.times)]


def _shuffled(matrix: Values, places: Sequence[int], draw: Ints) -> Values:
    changed = matrix.copy()
    columns = list(places)
    changed[:, columns] = matrix[:, columns][draw]
    return changed
