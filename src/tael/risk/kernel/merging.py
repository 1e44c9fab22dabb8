"""Pre-bins to bins: pooled to a monotone bad rate, merged while too small or not different."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]
Rows: TypeAlias = npt.NDArray[np.int32]

AUTO, RISING, FALLING, FREE, FIXED = range(5)


class Rule(NamedTuple):
    """When bins are merged: ``smallest`` is a weight, ``unit`` what one of the weights is.

    Of ``width`` pre-codes the first ``most`` are numeric; of the bins the first ``numeric`` are.
    """

    width: int
    most: int
    numeric: int
    max_bins: int
    smallest: float
    difference: float
    prior: float
    unit: float


class Counted(NamedTuple):
    """Pre-bins and labels.

    ``goods`` and ``bads`` [draws, rows] are the weights to count; a draw is a way to label the
    rows. Where all rows weigh ``even``, more draws need but ``chosen`` [draws, bads], the rows that
    are bad in each. ``wanted`` [variables] is one of the directions above.
    """

    codes: Codes
    filled: Ints
    wanted: Ints
    goods: Floats
    bads: Floats
    even: float
    chosen: Rows


class Fitted(NamedTuple):
    """Bins.

    ``groups`` [variables, pre-codes] is the bin of each pre-bin, ``counts`` [variables, bins, 2]
    goods and bads, ``directions`` 1 rising, -1 falling, 0 neither.
    """

    groups: Codes
    counts: Floats
    filled: Ints
    directions: Ints
    values: Floats


class _Blocks(NamedTuple):
    """Runs of pre-bins: the last of each, its goods and its bads."""

    last: Ints
    goods: Floats
    bads: Floats


@compiled
def fit(first: int, last: int, rule: Rule, given: Counted, out: Fitted) -> None:
    """The bins of the variables from ``first`` to before ``last``, by the first draw."""
    table = np.empty((rule.width, 2), np.float64)
    one, two = _empty(rule.width), _empty(rule.width)
    for i in range(first, last):
        _count(i, 0, rule.unit, given, table)
        kept, count, direction = _best(table, given.filled[i], given.wanted[i], rule, (one, two))
        if given.wanted[i] != FIXED:
            count = _merge(kept, count, rule)
        start = 0
        for k in range(count):
            for code in range(start, kept.last[k] + 1):
                out.groups[i, code] = k
            out.counts[i, k, 0] = kept.goods[k]
            out.counts[i, k, 1] = kept.bads[k]
            start = kept.last[k] + 1
        for k in range(rule.width - rule.most):
            out.groups[i, rule.most + k] = rule.numeric + k
            out.counts[i, rule.numeric + k, 0] = table[rule.most + k, 0]
            out.counts[i, rule.numeric + k, 1] = table[rule.most + k, 1]
        out.filled[i] = count
        out.directions[i] = direction if count > 1 else 0
        out.values[i] = information_value(out.counts[i], rule.prior)


@compiled
def null(first: int, last: int, rule: Rule, given: Counted, out: Floats) -> None:
    """The information value of each draw [draws, variables], bins fitted anew to each."""
    table = np.empty((rule.width, 2), np.float64)
    whole = np.empty((rule.width, 2), np.float64)
    one, two = _empty(rule.width), _empty(rule.width)
    for i in range(first, last):
        if given.even > 0.0:
            _count(i, 0, rule.unit, given, whole)
        for draw in range(len(out)):
            if given.even > 0.0:
                _choose(given.codes[i], given.chosen[draw], given.even * rule.unit, whole, table)
            else:
                _count(i, draw, rule.unit, given, table)
            kept, count, _ = _best(table, given.filled[i], given.wanted[i], rule, (one, two))
            if given.wanted[i] != FIXED:
                count = _merge(kept, count, rule)
            # Bins take the places of the pieces; the missing and the special stay where they are.
            for k in range(rule.most):
                table[k, 0] = kept.goods[k] if k < count else 0.0
                table[k, 1] = kept.bads[k] if k < count else 0.0
            out[draw, i] = information_value(table, rule.prior)


@compiled
def _empty(width: int) -> _Blocks:
    return _Blocks(
        np.empty(width, np.int64), np.empty(width, np.float64), np.empty(width, np.float64)
    )


@compiled
def _count(i: int, draw: int, unit: float, given: Counted, table: Floats) -> None:
    for k in range(len(table)):
        table[k, 0] = table[k, 1] = 0.0
    for row in range(given.codes.shape[1]):
        code = given.codes[i, row]
        table[code, 0] += given.goods[draw, row]
        table[code, 1] += given.bads[draw, row]
    for k in range(len(table)):
        table[k, 0] *= unit
        table[k, 1] *= unit


@compiled
def _choose(codes: Codes, chosen: Rows, weight: float, whole: Floats, table: Floats) -> None:
    """The counts ``whole``, but with the rows ``chosen`` as the bads; all of one weight."""
    for k in range(len(table)):
        table[k, 0] = whole[k, 0] + whole[k, 1]
        table[k, 1] = 0.0
    for row in chosen:
        table[codes[row], 1] += weight
    for k in range(len(table)):
        table[k, 0] -= table[k, 1]


@compiled
def _best(
    table: Floats, filled: int, wanted: int, rule: Rule, room: tuple[_Blocks, _Blocks]
) -> tuple[_Blocks, int, int]:
    """Blocks in the wanted direction, their number, and which direction that is."""
    one, two = room
    if wanted in {FREE, FIXED}:
        return one, _pool(table, filled, 0.0, one), 0
    if wanted == RISING:
        return one, _pool(table, filled, 1.0, one), 1
    if wanted == FALLING:
        return two, _pool(table, filled, -1.0, two), -1
    rising, falling = _pool(table, filled, 1.0, one), _pool(table, filled, -1.0, two)
    goods, bads = column_sum(table, 0), column_sum(table, 1)
    up = _value(one, rising, goods, bads, rule.prior)
    down = _value(two, falling, goods, bads, rule.prior)
    if up >= down:
        return one, rising, 1
    return two, falling, -1


@compiled
def _pool(table: Floats, filled: int, sign: float, blocks: _Blocks) -> int:
    """Pooled adjacent violators: neighbours whose bad rate turns against ``sign`` become one."""
    count = 0
    for code in range(filled):
        goods, bads = table[code, 0], table[code, 1]
        while count > 0 and sign != 0.0:
            before = count - 1
            if not _against(blocks.goods[before], blocks.bads[before], goods, bads, sign):
                break
            goods += blocks.goods[before]
            bads += blocks.bads[before]
            count = before
        blocks.last[count], blocks.goods[count], blocks.bads[count] = code, goods, bads
        count += 1
    return count


@compiled
def _against(goods: float, bads: float, next_goods: float, next_bads: float, sign: float) -> bool:
    """Whether two neighbours do not go the way of ``sign``; an empty one never does."""
    if goods + bads == 0.0 or next_goods + next_bads == 0.0:
        return True
    return sign * (bads / (goods + bads)) >= sign * (next_bads / (next_goods + next_bads))


@compiled
def _merge(blocks: _Blocks, count: int, rule: Rule) -> int:
    """Merge until no bin is too small, none is one too many and neighbours differ."""
    while count > 1:
        small, least, cheap, cost = 0, np.inf, 0, np.inf
        for k in range(count):
            size = blocks.goods[k] + blocks.bads[k]
            if size < least:
                small, least = k, size
            if k + 1 < count:
                price = _difference(blocks, k)
                if price < cost:
                    cheap, cost = k, price
        if least < rule.smallest:
            at = small
            if small == count - 1 or (
                small > 0 and _difference(blocks, small - 1) <= _difference(blocks, small)
            ):
                at = small - 1
        elif count > rule.max_bins or cost <= rule.difference:
            at = cheap
        else:
            break
        blocks.goods[at] += blocks.goods[at + 1]
        blocks.bads[at] += blocks.bads[at + 1]
        blocks.last[at] = blocks.last[at + 1]
        for k in range(at + 1, count - 1):
            blocks.goods[k], blocks.bads[k] = blocks.goods[k + 1], blocks.bads[k + 1]
            blocks.last[k] = blocks.last[k + 1]
        count -= 1
    return count


@compiled
def _difference(blocks: _Blocks, k: int) -> float:
    """Pearson's chi-square of the two-by-two table of a block and the next."""
    a, b = blocks.goods[k], blocks.bads[k]
    c, d = blocks.goods[k + 1], blocks.bads[k + 1]
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0.0:
        return 0.0
    gap = a * d - b * c
    return float((a + b + c + d) * gap * gap / margins)


@compiled
def _value(blocks: _Blocks, count: int, all_goods: float, all_bads: float, prior: float) -> float:
    total = 0.0
    for k in range(count):
        goods, bads = blocks.goods[k], blocks.bads[k]
        shares = goods / all_goods - bads / all_bads
        total += shares * weight_of_evidence(goods, bads, all_goods, all_bads, prior)
    return total


@compiled
def information_value(counts: Floats, prior: float) -> float:
    """Of bins [bins, 2] of goods and bads; empty ones add nothing."""
    all_goods, all_bads = column_sum(counts, 0), column_sum(counts, 1)
    total = 0.0
    for k in range(len(counts)):
        goods, bads = counts[k, 0], counts[k, 1]
        shares = goods / all_goods - bads / all_bads
        total += shares * weight_of_evidence(goods, bads, all_goods, all_bads, prior)
    return total


@compiled
def column_sum(counts: Floats, column: int) -> float:
    """Exact: counts are whole numbers of one unit."""
    total = 0.0
    for k in range(len(counts)):
        total += counts[k, column]
    return total


@compiled
def weight_of_evidence(
    goods: float, bads: float, all_goods: float, all_bads: float, prior: float
) -> float:
    """ln(share of goods / share of bads), ``prior`` average rows added to the bin."""
    if goods + bads == 0.0:
        return 0.0
    every = all_goods + all_bads
    good_share = (goods + prior * all_goods / every) / all_goods
    bad_share = (bads + prior * all_bads / every) / all_bads
    return math.log(good_share / bad_share)
