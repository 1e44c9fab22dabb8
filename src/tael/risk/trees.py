"""Fitted trees as flat arrays: what a booster is kept, checked, scored and exported as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.sample import Bools, Floats, Values

_INTEGERS = ("roots", "first_leaf", "feature", "left", "right", "node_rows", "leaf_rows")
_MISSING_IS_NAN = 2  # LightGBM's decision_type: bit 1 default left, bits 2 and 3 kind of missing


@dataclass(frozen=True, eq=False)
class Trees:
    """Binary trees of one sum, one array per property. A row goes left where value <= threshold.

    A child at or above zero is a node, one below zero the leaf ``~child``; node and leaf numbers
    count over all trees, and a child node stands after its parent. A missing value goes left where
    ``default_left``.

    Attributes:
        roots: int32 [trees]: node (or ``~leaf`` of a tree that is a single leaf) to begin at.
        first_leaf: int32 [trees + 1]: the leaves of tree t are ``first_leaf[t]`` to the next.
        feature: int32 [nodes]: the variable asked, its place among the model's names.
        threshold: float32 [nodes].
        left: int32 [nodes].
        right: int32 [nodes].
        default_left: bool [nodes].
        node_rows: int32 [nodes]: training rows that came by; the cover of contributions.
        leaf: float64 [leaves]: added to the log odds of bad.
        leaf_rows: int32 [leaves].
    """

    roots: npt.NDArray[np.int32]
    first_leaf: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: Values
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    default_left: Bools
    node_rows: npt.NDArray[np.int32]
    leaf: Floats
    leaf_rows: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.roots)

    def used(self, variables: int) -> Bools:
        """Which of ``variables`` any tree asks for."""
        held: Bools = np.zeros(variables, dtype=np.bool_)
        held[self.feature] = True
        return held

    def to_data(self) -> dict[str, list[Any]]:
        """Lists of plain numbers, exact: a float32 is written as the float64 that equals it."""
        return {
            name: np.asarray(getattr(self, name), dtype=kind).tolist()
            for name, kind in _KINDS.items()
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any], variables: int) -> Trees:
        """The trees that ``to_data`` wrote, checked: no loop, no child or variable out of place.

        Raises:
            BadInput: not such trees.
        """
        held = {}
        for name, kind in _KINDS.items():
            held[name] = np.array(data[name], dtype=kind)
        held["threshold"] = held["threshold"].astype(np.float32)
        trees = cls(**held)
        _check(trees, variables)
        return trees


_KINDS = dict.fromkeys(_INTEGERS, np.int32) | {
    "threshold": np.float64,
    "leaf": np.float64,
    "default_left": np.bool_,
}


def _check(trees: Trees, variables: int) -> None:
    nodes, leaves = len(trees.feature), len(trees.leaf)
    children = np.concatenate([trees.left, trees.right, trees.roots])
    own = np.arange(nodes)
    sound = (
        all(len(getattr(trees, name)) == nodes for name in ("threshold", "left", "right"))
        and len(trees.default_left) == len(trees.node_rows) == nodes
        and len(trees.leaf_rows) == leaves
        and len(trees.first_leaf) == len(trees.roots) + 1
        and bool(((children < nodes) & (~children < leaves)).all())
        and bool((trees.feature >= 0).all() and (trees.feature < variables).all())
        and bool(np.isfinite(trees.leaf).all() and np.isfinite(trees.threshold).all())
        and bool((trees.node_rows > 0).all() and (trees.leaf_rows > 0).all())
        # Each node and leaf has one parent, which stands before it: no loop, no end.
        and all(bool(((c < 0) | (c > own)).all()) for c in (trees.left, trees.right))
        and sorted(children.tolist()) == list(range(-leaves, nodes))
    )
    if not sound:
        raise BadInput(
            "the trees do not hang together", field="trees", rule="one parent before each child"
        )


def from_lightgbm(text: str) -> Trees:
    """The trees of a LightGBM model string (its text format v4), without LightGBM.

    Thresholds are rounded down to float32: of a float32 value the answer to value <= threshold
    stays the same. A variable of which training saw no missing value sends one to the side that
    most training rows went to; LightGBM itself would read it as zero.

    Raises:
        BadInput: a tree that asks for sets of categories or holds linear leaves.
    """
    parts: list[dict[str, Any]] = []
    nodes = leaves = 0
    for block in text.split("\nTree=")[1:]:
        held = dict(
            line.split("=", 1) for line in block.split("\n\n")[0].splitlines() if "=" in line
        )
        part = _tree(held, nodes, leaves)
        nodes, leaves = nodes + len(part["feature"]), leaves + len(part["leaf"])
        parts.append(part)
    joined = {
        name: np.concatenate([part[name] for part in parts])
        for name in _KINDS
        if name not in {"roots", "first_leaf"}
    }
    roots = np.array([part["root"] for part in parts], dtype=np.int32)
    first = np.cumsum([0] + [len(part["leaf"]) for part in parts]).astype(np.int32)
    return Trees(roots=roots, first_leaf=first, **joined)


def _tree(held: Mapping[str, str], nodes: int, leaves: int) -> dict[str, Any]:
    if held.get("num_cat", "0") != "0" or held.get("is_linear", "0") != "0":
        raise BadInput(
            "a tree with sets of categories or linear leaves", field="trees", rule="plain trees"
        )
    leaf = _array(held, "leaf_value", np.float64)
    if len(leaf) == 1:
        empty = {name: np.empty(0, dtype=kind) for name, kind in _KINDS.items()}
        empty["threshold"] = empty["threshold"].astype(np.float32)
        counted = _array(held, "leaf_count", np.int32)
        rows = counted if len(counted) == 1 and counted[0] > 0 else np.ones(1, dtype=np.int32)
        return empty | {"root": ~leaves, "leaf": leaf, "leaf_rows": rows}
    kinds = _array(held, "decision_type", np.int32)
    threshold = _array(held, "threshold", np.float64)
    left, right = (_array(held, f"{side}_child", np.int32) for side in ("left", "right"))
    node_rows, leaf_rows = (_array(held, f"{of}_count", np.int32) for of in ("internal", "leaf"))

    def rows_of(child: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        found: npt.NDArray[np.int32] = np.where(
            child >= 0, node_rows[child.clip(min=0)], leaf_rows[(~child).clip(min=0)]
        )
        return found

    default_left = np.where(
        kinds >> 2 == _MISSING_IS_NAN, (kinds & 2) != 0, rows_of(left) >= rows_of(right)
    )
    return {
        "root": nodes,
        "feature": _array(held, "split_feature", np.int32),
        "threshold": down_to_float32(threshold),
        "left": np.where(left >= 0, left + nodes, left - leaves).astype(np.int32),
        "right": np.where(right >= 0, right + nodes, right - leaves).astype(np.int32),
        "default_left": default_left,
        "node_rows": node_rows,
        "leaf": leaf,
        "leaf_rows": leaf_rows,
    }


def _array(held: Mapping[str, str], name: str, kind: Any) -> npt.NDArray[Any]:
    return np.array([float(word) for word in held.get(name, "").split()]).astype(kind)


def down_to_float32(values: Floats) -> Values:
    """The greatest float32 at or below each value; beyond the range of float32 its ends."""
    ends = np.finfo(np.float32)
    within = values.clip(float(ends.min), float(ends.max))
    near = within.astype(np.float32)
    above = near.astype(np.float64) > within
    found: Values = near.copy()
    found[above] = np.nextafter(near[above], np.float32(-np.inf))
    return found
