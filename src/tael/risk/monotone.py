"""A proof, on the trees themselves, that a model only rises or falls in a variable."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from tael.risk.scoring import Way, ways_to_leaves
from tael.risk.trees import Trees


@dataclass(frozen=True, slots=True)
class Breach:
    """Two rows of one tree that differ in one variable alone and score the wrong way round.

    Attributes:
        tree: its number.
        variable: place of the variable.
        by: log odds by which the sign is broken, above zero.
    """

    tree: int
    variable: int
    by: float


def breaches(trees: Trees, signs: Mapping[int, int], slack: float = 1e-12) -> list[Breach]:
    """Where a tree breaks a sign: none is a proof that the sum keeps all signs for every row.

    Two leaves whose values part in one variable and no other can be reached by two rows that
    differ in it alone. A tree keeps its signs if all such pairs do, a sum if all its trees do. A
    missing value has no order beside a known one.

    Args:
        trees: the model's.
        signs: 1 or -1 by the variable's place.
        slack: differences of log odds up to this are rounding.
    """
    ways = ways_to_leaves(trees)
    found = []
    for tree, (begin, end) in enumerate(itertools.pairwise(trees.first_leaf.tolist())):
        for one, other in itertools.combinations(range(begin, end), 2):
            variable, order = _parted(ways[one], ways[other])
            gap = float(trees.leaf[other] - trees.leaf[one]) * order * signs.get(variable, 0)
            if gap < -slack:
                found.append(Breach(tree, variable, -gap))
    return found


def _parted(one: Mapping[int, Way], other: Mapping[int, Way]) -> tuple[int, int]:
    """The only variable that parts two leaves, and 1 where the second has the higher values.

    (-1, 0) where several do, or where it is a missing value that parts them.
    """
    found, order = -1, 0
    for variable, (low, high, missing, _) in one.items():
        if variable not in other:
            continue
        low_other, high_other, missing_other, _ = other[variable]
        if max(low, low_other) < min(high, high_other) or (missing and missing_other):
            continue
        if found >= 0:
            return -1, 0
        known = low < high and low_other < high_other
        found = variable
        order = (1 if high <= low_other else -1) if known else 0
    return found, order
