"""Leaves: each combination of the codes of a source's dimensions has one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from tael.variables.definitions.model import Source


def leaf_count(source: Source) -> int:
    """How many leaves ``source`` has; 1 when nothing tells its events apart."""
    return prod(len(codes) for codes in _codes(source))


def leaf_of(source: Source, event: Mapping[str, str]) -> int:
    """The leaf of an event with these codes: the last dimension counts fastest.

    Raises:
        KeyError: a dimension is missing from ``event``.
        ValueError: a code that its column does not list.
    """
    leaf = 0
    for name, codes in zip(source.leaves, _codes(source), strict=True):
        leaf = leaf * len(codes) + codes.index(event[name])
    return leaf


def leaves_of(
    source: Source, chosen: Sequence[tuple[str, tuple[str, ...] | None]]
) -> frozenset[int]:
    """The leaves that the filter of a variable lets through; None stands for every code.

    ``chosen`` is ``Variable.filter``.
    """
    wanted = dict(chosen)
    choices = [
        [at for at, code in enumerate(codes) if (only := wanted.get(name)) is None or code in only]
        for name, codes in zip(source.leaves, _codes(source), strict=True)
    ]
    sizes = [len(codes) for codes in _codes(source)]
    found = set()
    for places in product(*choices):
        leaf = 0
        for at, size in zip(places, sizes, strict=True):
            leaf = leaf * size + at
        found.add(leaf)
    return frozenset(found)


def _codes(source: Source) -> list[list[str]]:
    """The codes of each dimension, in the order of the definition."""
    return [[code for code, _ in source.column(name).codes] for name in source.leaves]
