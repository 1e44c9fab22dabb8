"""Loops over rows that know no model: compiled by numba where it is there, else in numpy.

Both give equal results. Codes are platform integers, one a row. Masks hold one row a code and one
uint64 word for each 64 rules: bit r says that rule r can match. ``starts`` is where each column's
codes begin in the masks; a rule matches where the words of all columns have its bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tael.dmn.columnar.columns import MOST_CODES, Bytes, Codes, Ends, Floats, Whole, Words
from tael.dmn.columnar.grids import Keys, Steps
from tael.kernel import BadInput

_FEW_STEPS = 120
_BLOCK = 16  # words looked at together
NONE, SEVERAL = -1, -2


@dataclass(frozen=True, slots=True)
class Kernels:
    """The loops.

    Attributes:
        bins: (doubles or int64, steps of the same type) → how many steps each is not below.
        first: (codes, one array a column, masks, starts) → lowest rule that matches, or NONE.
        only: the one rule that matches, NONE, or SEVERAL.
        words: (words by code, codes), one a column → the bits that the codes of all columns have.
        total: (int64 by code, codes), one a column → their sum.
        every: (how many rules match in each row, all of them row after row).
        known: (words, distinct words) → place of each word, or NONE.
        weigh: (words, 64 weights) → sum of the weights of the bits that are set.
        spelled: (offsets, the bytes as whole words, the bytes after those, ``Spelling.slots``,
            code of any other) → code of each text. None: Arrow's own look-up is used.
        written: (codes, lengths, bytes by code, in eights) → offsets and bytes of the texts.
        spread: (codes, how many items each has, where they begin, items) → offsets and items.
        wide: (int64 by code, codes, pairs) → writes each as a pair, low and high, of 64 bits.
        compiled: whether by numba.
    """

    bins: Callable[[Floats | Whole, Steps], Codes]
    first: Callable[[Sequence[Codes], Words, Codes], Codes]
    only: Callable[[Sequence[Codes], Words, Codes], Codes]
    words: Callable[[Sequence[Words], Sequence[Codes]], Words]
    total: Callable[[Sequence[Whole], Sequence[Codes]], Whole]
    every: Callable[[Sequence[Codes], Words, Codes], tuple[Codes, Codes]]
    known: Callable[[Words, Keys], Codes]
    weigh: Callable[[Words, Whole], Whole]
    spelled: Callable[[Whole, Words, np.uint64, Words, int], Codes] | None
    written: Callable[[Codes, Whole, Bytes], tuple[Ends, Bytes]]
    spread: Callable[[Codes, Whole, Whole, Codes], tuple[Ends, Codes]]
    wide: Callable[[Whole, Codes, Whole], None]
    compiled: bool


def kernels(*, compiled: bool | None = None) -> Kernels:
    """The loops, compiled if numba can be imported; ``compiled`` asks for one of the two.

    Raises:
        BadInput: compiled loops are asked for and numba is not installed.
    """
    if compiled is False:
        return NUMPY
    found = _machine()
    if found is None and compiled:
        raise BadInput("numba is not installed: pip install 'tael[columns]'", field="compiled")
    return found or NUMPY


@lru_cache(maxsize=1)
def _machine() -> Kernels | None:
    try:
        from tael.dmn.columnar import machine  # noqa: PLC0415 - an extra, and a second to import
    except ImportError:
        return None
    return Kernels(
        machine.bins, machine.first, machine.only, machine.words, machine.total,
        machine.every, machine.known, machine.weigh, machine.spelled, machine.written,
        machine.spread, machine.wide, compiled=True,
    )  # fmt: skip


def _bins(values: Floats | Whole, steps: Steps) -> Codes:
    numbers = steps.numbers
    if steps.grid.most == 0 and values.dtype.kind == "i":
        grid = steps.grid
        low, high, _ = grid.line
        inside: Whole = np.clip(values, low, high) - low
        return grid.starts.take(inside)
    if numbers.size <= _FEW_STEPS:
        found = np.zeros(values.shape, np.uint8)
        for number in numbers:
            found += values >= number
        return found
    place = np.searchsorted(numbers, values, side="right")
    return place.astype(np.uint16) if numbers.size < MOST_CODES else place


def _lowest_bit(words: Words) -> Codes:
    return np.bitwise_count((words & (~words + np.uint64(1))) - np.uint64(1)).astype(np.intp)


def _matching(codes: Codes, masks: Words, starts: Codes, words: slice) -> Words:
    found = masks[codes[0] + starts[0], words]
    for column in range(1, len(codes)):
        found &= masks[codes[column] + starts[column], words]
    return found


def _first(each: Sequence[Codes], masks: Words, starts: Codes) -> Codes:
    codes = np.stack(each)
    found = np.full(codes.shape[1], NONE, np.intp)
    left = np.arange(codes.shape[1])
    for begin in range(0, masks.shape[1], _BLOCK):
        block = _matching(codes[:, left], masks, starts, slice(begin, begin + _BLOCK))
        word = (block != 0).argmax(axis=1)
        lowest = block[np.arange(left.size), word]
        hit = lowest != 0
        found[left[hit]] = 64 * (begin + word[hit]) + _lowest_bit(lowest[hit])
        left = left[~hit]
        if not left.size:
            break
    return found


def _only(each: Sequence[Codes], masks: Words, starts: Codes) -> Codes:
    codes = np.stack(each)
    found = np.full(codes.shape[1], NONE, np.intp)
    count = np.zeros(codes.shape[1], np.int64)
    rows = np.arange(codes.shape[1])
    for begin in range(0, masks.shape[1], _BLOCK):
        block = _matching(codes, masks, starts, slice(begin, begin + _BLOCK))
        count += np.bitwise_count(block).sum(axis=1, dtype=np.int64)
        word = (block != 0).argmax(axis=1)
        lowest = block[rows, word]
        hit = (lowest != 0) & (found == NONE)
        found[hit] = 64 * (begin + word[hit]) + _lowest_bit(lowest[hit])
    found[count > 1] = SEVERAL
    return found


def _words(by_code: Sequence[Words], codes: Sequence[Codes]) -> Words:
    found = by_code[0].take(codes[0], mode="clip")
    for words, column in zip(by_code[1:], codes[1:], strict=True):
        found &= words.take(column, mode="clip")
    return found


def _total(values: Sequence[Whole], codes: Sequence[Codes]) -> Whole:
    found = values[0].take(codes[0], mode="clip")
    for each, column in zip(values[1:], codes[1:], strict=True):
        found += each.take(column, mode="clip")
    return found


def _every(each: Sequence[Codes], masks: Words, starts: Codes) -> tuple[Codes, Codes]:
    codes = np.stack(each)
    rows, rules = [], []
    for begin in range(masks.shape[1]):
        word = _matching(codes, masks, starts, slice(begin, begin + 1))[:, 0]
        some = np.flatnonzero(word)
        bits = (word[some, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
        row, bit = np.nonzero(bits)
        rows.append(some[row])
        rules.append(64 * begin + bit)
    row, rule = np.concatenate(rows), np.concatenate(rules)
    order = np.argsort(row, kind="stable")
    return np.bincount(row, minlength=codes.shape[1]).astype(np.intp), rule[order]


def _known(words: Words, keys: Keys) -> Codes:
    if not keys.words.size:
        return np.full(words.size, NONE, np.intp)
    place = np.searchsorted(keys.words, words, sorter=keys.order)
    place = keys.order[np.minimum(place, keys.words.size - 1)]
    return np.where(keys.words[place] == words, place, NONE)


def _weigh(words: Words, weights: Whole) -> Whole:
    found = np.zeros(words.size, np.int64)
    for bit in np.flatnonzero(weights):
        found += ((words >> np.uint64(bit)) & np.uint64(1)).astype(np.int64) * weights[bit]
    return found


def _laid(codes: Codes, lengths: Whole) -> Ends:
    ends = np.zeros(codes.size + 1, np.int32)
    np.cumsum(lengths.take(codes, mode="clip"), out=ends[1:])
    return ends


def _written(codes: Codes, lengths: Whole, padded: Bytes) -> tuple[Ends, Bytes]:
    inside = np.arange(padded.shape[1]) < lengths[:, None]
    rows = codes.astype(np.intp, copy=False)
    return _laid(codes, lengths), padded[rows][inside[rows]]


def _spread(codes: Codes, counts: Whole, starts: Whole, items: Codes) -> tuple[Ends, Codes]:
    ends, sizes = _laid(codes, counts), counts.take(codes, mode="clip")
    within = np.arange(ends[-1]) - np.repeat(ends[:-1], sizes)
    return ends, items[np.repeat(starts.take(codes, mode="clip"), sizes) + within]


def _wide(units: Whole, codes: Codes, pairs: Whole) -> None:
    pairs[:, 0] = units.take(codes, mode="clip")
    pairs[:, 1] = pairs[:, 0] >> 63


NUMPY = Kernels(
    _bins, _first, _only, _words, _total, _every, _known, _weigh, None, _written, _spread, _wide,
    compiled=False,
)  # fmt: skip
