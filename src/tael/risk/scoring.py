"""Scores and contributions of flat trees: compiled where numba is, with numpy elsewhere.

Both give the same bits as summing the leaves in order of the trees in float64, for one row and for
a million, with any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.extras import need, present
from tael.risk.sample import Floats, Values
from tael.risk.trees import Trees

# Low, high, whether missing values come along, share of the rows that go on.
Way: TypeAlias = tuple[float, float, bool, float]
_LEAST_ROWS, _MOST_ROWS = 64, 2_048  # of one job: fewer are not worth a thread


class Scorer:
    """Sums of trees for float32 rows.

    Args:
        trees: what to sum.
        variables: how many columns a row has.
        threads: how many jobs run at once.
    """

    def __init__(self, trees: Trees, variables: int, threads: int = 2) -> None:
        self.trees = trees
        self.variables = variables
        self.threads = threads

    def sums(self, matrix: Values) -> Floats:
        """float64 [rows]: the sum of the leaves of each row of float32 [rows, variables]."""
        out = np.empty(len(matrix))
        loops = self._loops
        if loops is None:
            return _sums_by_numpy(matrix, self._places)
        places = loops.Places(*self._places)
        if len(matrix) == 1:
            loops.sum_rows(matrix, places, out)
        else:
            self._in_threads(
                lambda rows: loops.sum_rows(_block(matrix, rows), places, out[rows]), len(matrix)
            )
        return out

    def contributions(self, matrix: Values) -> Floats:
        """float64 [rows, variables + 1]: what each variable adds, last the average training row.

        Exact Shapley values of the trees where absent variables follow the training rows' shares
        (Lundberg et al., From local explanations to global understanding with explainable AI for
        trees, Nature Machine Intelligence 2 (2020), algorithm 2), path by path as in Mitchell et
        al., GPUTreeShap (2022). A row adds up to its sum of leaves.
        """
        out = np.zeros((len(matrix), self.variables + 1))
        loops = self._loops or need("numba", "models")  # uncompiled a row would take seconds
        paths = loops.Paths(*self._paths)
        self._in_threads(
            lambda rows: loops.contribute_rows(_block(matrix, rows), paths, out[rows]), len(matrix)
        )
        out[:, -1] = self.average
        return out

    @cached_property
    def average(self) -> float:
        """The sum of leaves of the average training row."""
        trees = self.trees
        total = 0.0
        for begin, end in zip(trees.first_leaf[:-1], trees.first_leaf[1:], strict=True):
            rows = trees.leaf_rows[begin:end].astype(np.float64)
            total += float((rows * trees.leaf[begin:end]).sum()) / float(rows.sum())
        return total

    def _in_threads(self, job: Callable[[slice], None], rows: int) -> None:
        size = min(_MOST_ROWS, max(_LEAST_ROWS, -(-rows // self.threads)))
        jobs = list(_slices(rows, size))
        if self.threads == 1 or len(jobs) == 1:
            for each in jobs:
                job(each)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(job, jobs))

    @cached_property
    def _loops(self) -> ModuleType | None:
        if not present("numba"):
            return None
        from tael.risk.kernel import trees  # noqa: PLC0415 - numba takes a second to import

        return trees

    @cached_property
    def _places(self) -> tuple[npt.NDArray[Any], ...]:
        return laid_in_places(self.trees)

    @cached_property
    def _paths(self) -> tuple[npt.NDArray[Any], ...]:
        return laid_in_ways(self.trees)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("trees", "variables", "threads")}


def _slices(rows: int, size: int) -> Iterator[slice]:
    for begin in range(0, rows, size):
        yield slice(begin, min(begin + size, rows))


def _block(matrix: Values, rows: slice) -> Values:
    return np.ascontiguousarray(matrix[rows])


def laid_in_places(trees: Trees) -> tuple[npt.NDArray[Any], ...]:
    """Nodes and leaves in one row of places, tree by tree: see ``kernel.trees.Places``."""
    nodes, leaves = len(trees.feature), len(trees.leaf)
    # Nodes of a tree, then its leaves: what one row walks through lies together.
    tree_of_leaf = np.repeat(np.arange(len(trees)), np.diff(trees.first_leaf))
    tree_of_node = np.repeat(np.arange(len(trees)), np.diff(trees.first_leaf) - 1)
    order = np.argsort(np.concatenate([tree_of_node, tree_of_leaf]), kind="stable")
    place = np.empty(nodes + leaves, np.int32)
    place[order] = np.arange(nodes + leaves, dtype=np.int32)
    at_node, at_leaf = place[:nodes], place[nodes:]

    def place_of(child: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        return place[np.where(child >= 0, child, nodes + ~child)]

    feature = np.zeros(nodes + leaves, np.int32)
    threshold = np.full(nodes + leaves, np.inf, np.float32)
    missing_right = np.zeros(nodes + leaves, np.uint8)
    child = np.empty((nodes + leaves, 2), np.int32)
    value = np.zeros(nodes + leaves)
    feature[at_node], threshold[at_node] = trees.feature, trees.threshold
    missing_right[at_node] = ~trees.default_left
    child[at_node, 0], child[at_node, 1] = place_of(trees.left), place_of(trees.right)
    child[at_leaf, 0] = child[at_leaf, 1] = at_leaf
    value[at_leaf] = trees.leaf
    depth = np.maximum.reduceat(_leaf_depths(trees), trees.first_leaf[:-1]).astype(np.int32)
    return place_of(trees.roots), depth, feature, threshold, missing_right, child.ravel(), value


def _leaf_depths(trees: Trees) -> npt.NDArray[np.int32]:
    nodes = np.zeros(len(trees.feature), np.int32)
    leaves = np.zeros(len(trees.leaf), np.int32)
    sides = zip(trees.left.tolist(), trees.right.tolist(), strict=True)
    for node, children in enumerate(sides):
        for child in children:
            held, at = (nodes, child) if child >= 0 else (leaves, ~child)
            held[at] = nodes[node] + 1
    return leaves


def _sums_by_numpy(matrix: Values, packed: tuple[npt.NDArray[Any], ...]) -> Floats:
    start, depth, feature, threshold, missing_right, child, value = packed
    rows = np.arange(len(matrix))
    total = np.zeros(len(matrix))
    for begin, steps in zip(start.tolist(), depth.tolist(), strict=True):
        at = np.full(len(matrix), begin)
        for _ in range(steps):
            values = matrix[rows, feature[at]]
            right = (values > threshold[at]) | (np.isnan(values) & (missing_right[at] != 0))
            at = child[2 * at + right]
        total += value[at]
    return total


def laid_in_ways(trees: Trees) -> tuple[npt.NDArray[Any], ...]:
    """Each leaf's variables with the values that lead to it: see ``kernel.trees.Paths``."""
    return _flat(ways_to_leaves(trees), trees.leaf)


def ways_to_leaves(trees: Trees) -> list[dict[int, Way]]:
    """Of each leaf, by variable: the values (low, high] and whether missing ones lead to it.

    The fourth is the share of the training rows that go on where the variable is asked.
    """
    ways: list[dict[int, Way]] = [{} for _ in trees.feature]
    ends: list[dict[int, Way]] = [{} for _ in trees.leaf]
    columns = (
        trees.feature, trees.threshold, trees.left, trees.right, trees.default_left,
        trees.node_rows,
    )  # fmt: skip
    rows, leaf_rows = trees.node_rows.tolist(), trees.leaf_rows.tolist()
    for node, held in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        feature, threshold, left, right, default_left, count = held
        low, high, missing, share = ways[node].get(feature, (-math.inf, math.inf, True, 1.0))
        for child, onto in (
            (left, (low, min(high, threshold), missing and default_left)),
            (right, (max(low, threshold), high, missing and not default_left)),
        ):
            part = (rows[child] if child >= 0 else leaf_rows[~child]) / count
            way = {**ways[node], feature: (*onto, share * part)}
            if child >= 0:
                ways[child] = way
            else:
                ends[~child] = way
    return ends


def _flat(ends: list[dict[int, Way]], leaf: Floats) -> tuple[npt.NDArray[Any], ...]:
    first = np.cumsum([0, *map(len, ends)]).astype(np.int32)
    steps = [(feature, *held) for end in ends for feature, held in end.items()]
    table = np.array(steps, dtype=np.float64).reshape(len(steps), 5)
    most = max((len(end) for end in ends), default=0)
    return (
        first,
        table[:, 0].astype(np.int32),
        table[:, 1].astype(np.float32),
        table[:, 2].astype(np.float32),
        table[:, 3].astype(np.uint8),
        np.ascontiguousarray(table[:, 4]),
        leaf,
        _orders(most),
    )


def _orders(most: int) -> Floats:
    table = np.zeros((most + 1, most + 1))
    for count in range(1, most + 1):
        for size in range(count):
            chosen = math.factorial(size) * math.factorial(count - 1 - size)
            table[count, size] = chosen / math.factorial(count)
    return table
