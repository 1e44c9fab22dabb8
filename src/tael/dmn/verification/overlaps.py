"""Which rules meet which: pairs by bitsets, and the part of a table inside one rule's box."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tael.dmn.verification.geometry import Column, Geometry
from tael.dmn.verification.lines import Spans
from tael.dmn.verification.search import Budget


class _Tree:
    """The union of the sets of rules in any run of bins, in logarithmic time."""

    def __init__(self, masks: Sequence[int]) -> None:
        self._size = len(masks)
        self._nodes = [0] * self._size + list(masks)
        for index in range(self._size - 1, 0, -1):
            self._nodes[index] = self._nodes[2 * index] | self._nodes[2 * index + 1]

    def union(self, first: int, last: int) -> int:
        """Of the bins from ``first`` to ``last``, both included."""
        low, high, rules = first + self._size, last + self._size + 1, 0
        while low < high:
            if low & 1:
                rules |= self._nodes[low]
                low += 1
            if high & 1:
                high -= 1
                rules |= self._nodes[high]
            low >>= 1
            high >>= 1
        return rules


def meeting(geometry: Geometry, budget: Budget) -> tuple[list[int], list[int]]:
    """Per rule the rules that surely match somewhere it may match too, itself included.

    First where null counts everywhere; then where it counts only in columns that name it.
    """
    found = [geometry.rows] * len(geometry.table.rules)
    asked = list(found)
    for column in geometry.columns:
        tree = _Tree(column.must)
        known: dict[Spans, tuple[int, int]] = {}
        for row, spans in enumerate(column.spans):
            both = known.get(spans)
            if both is None:
                budget.spend(32)
                both = known[spans] = _met(tree, column, spans)
            found[row] &= both[0]
            asked[row] &= both[1]
    return found, asked


def _met(tree: _Tree, column: Column, spans: Spans) -> tuple[int, int]:
    """The rules met in the spans with null, and those met without when it does not count."""
    rules = 0
    for first, last in spans:
        if first < column.null:
            rules |= tree.union(first, min(last, column.null - 1))
    takes_null = bool(spans) and spans[-1][1] == column.null
    every = rules | column.must[column.null] if takes_null else rules
    return every, every if column.null_asked else rules


def inside(geometry: Geometry, row: int, rules: int) -> list[dict[int, int]]:
    """The box of a rule, cut where ``rules`` begin and end: per column a bin of each set of them.

    Null is in the box when the rule takes it. Bits are those of the whole table.
    """
    others = members(rules)
    return [_cut(column, column.spans[row], others) for column in geometry.columns]


def _cut(column: Column, box: Spans, others: list[int]) -> dict[int, int]:
    toggles: dict[int, int] = {}
    for member in others:
        if column.opaque >> member & 1:
            continue
        bit = 1 << member
        for first, last in column.spans[member]:
            toggles[first] = toggles.get(first, 0) ^ bit
            toggles[last + 1] = toggles.get(last + 1, 0) ^ bit
    found: dict[int, int] = {}
    starts = sorted(toggles)
    for first, last in box:
        mask, begin = 0, first
        for start in starts:
            if start > last:
                break
            if start > begin:
                found.setdefault(mask, begin)
                begin = start
            mask ^= toggles[start]
        found.setdefault(mask, begin)
    return found


def members(rules: int) -> list[int]:
    """The indexes of a set of rules, ascending."""
    # Bit by bit each step would copy the whole set.
    data = rules.to_bytes((rules.bit_length() + 7) // 8, "little")
    found: list[int] = []
    for each in _NOT_ZERO.finditer(data):
        place = each.start()
        found += [8 * place + bit for bit in _BITS[data[place]]]
    return found


_NOT_ZERO = re.compile(rb"[^\0]")
_BITS = [tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256)]


def common_bins(column: Column, rows: tuple[int, int]) -> Iterator[int]:
    """Bins that two rules both match; null last, and only if it counts."""
    left, right = (column.spans[row] for row in rows)
    for a, b in left:
        for c, d in right:
            yield from (i for i in range(max(a, c), min(b, d) + 1) if i in column.asked)
