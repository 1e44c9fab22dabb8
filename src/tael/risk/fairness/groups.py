"""Who belongs to which group, and when a group is too small to be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.columns import Bools, Column, categories
from tael.risk.sample import Texts

OTHER = "other"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one group.

    Attributes:
        name: its value, ``unknown`` where there was none, ``other`` for small ones together.
        rows: mask [rows].
        merged: the small groups it is made of; empty for a group of its own.
    """

    name: str
    rows: Bools
    merged: tuple[str, ...] = ()


def age_groups(years: npt.ArrayLike, edges: Sequence[int] = (25, 35, 45, 55, 62)) -> Texts:
    """Ages as text bands: "<25", "25-34", ..., "62+"; '' where the age is not known.

    62 is "elderly" in Regulation B, 12 CFR 1002.2(o).
    """
    ages = np.asarray(years, dtype=np.float64)
    names = [f"<{edges[0]}"]
    names += [f"{low}-{high - 1}" for low, high in pairwise(edges)]
    names += [f"{edges[-1]}+"]
    place = np.searchsorted(np.asarray(edges, dtype=np.float64), ages, side="right")
    found: Texts = np.array(names, dtype=object)[place]
    found[np.isnan(ages)] = ""
    return found


def split(values: Column, rows: int, min_rows: int) -> tuple[Group, ...]:
    """The groups of ``values``, in name order; those under ``min_rows`` together as ``other``.

    Raises:
        BadInput: not one value a row, or fewer than two groups.
    """
    if len(values) != rows:
        raise BadInput(
            f"the groups have {len(values)} rows, the scores {rows}",
            field="groups",
            rule="columns of one length",
        )
    named = categories(np.asarray(values, dtype=object))
    named[named == ""] = UNKNOWN
    names, number, count = np.unique(named.astype(str), return_inverse=True, return_counts=True)
    if len(names) < 2:  # noqa: PLR2004 - a group and another
        raise BadInput(
            "there is one group only: nothing to compare", field="groups", rule="two groups"
        )
    small = count < min_rows
    found = [Group(str(name), number == i) for i, name in enumerate(names) if not small[i]]
    if small.any():
        merged = tuple(str(name) for name in names[small])
        found.append(Group(OTHER if len(merged) > 1 else merged[0], small[number], merged))
    return tuple(found)
