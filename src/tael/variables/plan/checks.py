"""What the plans of every kind share: their checks, their hash, lists end to end as arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput

Whole = NDArray[np.int64]
Filters = tuple[frozenset[int], ...]

MOST_LEAVES: Final = 1_024
ENDLESS: Final = 2**61  # seconds of the window that holds everything


def check_leaves(leaves: int, filters: Filters, field: str = "filters") -> None:
    """Refuse a number of leaves or a set of them that no source can have; ``field`` names it."""
    if not 1 <= leaves <= MOST_LEAVES:
        rule = f"a source has 1 to {MOST_LEAVES} leaves"
        raise BadInput(f"{leaves} leaves: {rule}", field="leaves", rule=rule)
    if not filters:
        raise BadInput("there is none", field=field, rule="a plan has at least one")
    for place, each in enumerate(filters):
        if not each or min(each) < 0 or max(each) >= leaves:
            rule = f"a filter holds at least one leaf, each from 0 to {leaves - 1}"
            raise BadInput(f"{sorted(each)}: {rule}", field=f"{field}[{place}]", rule=rule)


def check_windows(windows: tuple[int | None, ...]) -> None:
    """Refuse windows that do not rise."""
    seconds = [ENDLESS if each is None else each for each in windows]
    rising = all(one < two for one, two in pairwise(seconds))
    given = all(0 < each < ENDLESS for each in windows if each is not None)
    if not seconds or not rising or not given:
        rule = "windows are positive, rising seconds; None, all, comes last"
        raise BadInput(f"{list(windows)}: {rule}", field="windows", rule=rule)


def check_outputs(problems: Iterable[str]) -> None:
    """Refuse the first output that has a problem; an empty text is none."""
    for place, problem in enumerate(problems):
        if problem:
            raise BadInput(problem, field=f"outputs[{place}]", rule="outputs")


def place_problem(name: str, place: int, size: int) -> str:
    """What is wrong with naming the thing at ``place`` among ``size`` of them."""
    return "" if 0 <= place < size else f"there is no {name} {place}"


def plan_hash(kind: str, version: int, parts: Mapping[str, object]) -> str:
    """SHA-256 of a plan in canonical JSON, with its kind and the version of the kernel."""
    whole = {"op": kind, "kernel": version, **parts}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sorted_sets(sets: Iterable[frozenset[int]]) -> list[list[int]]:
    """Sets as a hash reads them."""
    return [sorted(each) for each in sets]


def starts(lists: Sequence[Sequence[object]]) -> Whole:
    """int64[lists + 1]: where each begins when they lie end to end."""
    return np.append(0, np.cumsum([len(each) for each in lists])).astype(np.int64)


def flat(lists: Sequence[Sequence[int]]) -> Whole:
    """int64[...]: the lists end to end."""
    return np.array(list(chain.from_iterable(lists)), np.int64)


def table(rows: Sequence[Sequence[int]], columns: int) -> Whole:
    """int64[rows, columns], of no rows as well."""
    return np.array(rows, np.int64).reshape(len(rows), columns)
