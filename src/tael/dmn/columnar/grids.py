"""Sorted numbers, and words, that values are placed among or looked up in: at once, unsearched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tael.dmn.columnar.columns import LIMIT, MOST_CODES, Floats, Whole, Words

_MOST_CELLS = 2**14
_FEW_CELLS = 2**8
_MOST_A_CELL = 2
_MOST_COMPARED = 8
_ONE_CELL = 63  # a shift
_THINNEST, _WIDEST = 1e-290, 1e290


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of equal width over the steps.

    Attributes:
        starts: per cell how many of the steps lie in cells before it; with ``most`` 0 also those in
            the cell itself.
        line: of integers the least and the most that a value is brought within, and the shift from
            one to cells; of doubles where the cells begin, the last cell, and cells a unit.
        most: how many steps the fullest cell holds; -1: no grid, search.
    """

    starts: NDArray[np.uint16]
    line: Floats | Whole
    most: int


class Steps:
    """Sorted numbers, doubles or int64; the code of a value is how many are not above it."""

    def __init__(self, numbers: Floats | Whole) -> None:
        self.numbers = numbers
        self.inside = not numbers.size or bool(abs(numbers).max() < LIMIT)

    @cached_property
    def grid(self) -> Grid:
        """The grid; made when first asked for."""
        none = Grid(np.zeros(1, np.uint16), self.numbers[:0], -1)
        if not 0 < self.numbers.size < MOST_CODES:
            return none
        made: Callable[[Any], Grid | None] = _of_integers
        if self.numbers.dtype.kind == "f":
            made = _of_doubles
        return made(self.numbers) or none

    @cached_property
    def padded(self) -> Floats | Whole:
        """The numbers, and after them some that no value reaches, be it infinite."""
        last = np.nan if self.numbers.dtype.kind == "f" else np.iinfo(np.int64).max
        return np.concatenate([self.numbers, np.full(_MOST_COMPARED, last, self.numbers.dtype)])


def _of_integers(numbers: Whole) -> Grid | None:
    low, high = int(numbers[0]) - 1, int(numbers[-1])
    span = high - low
    if span < _MOST_CELLS:
        values = np.arange(low, high + 1)
        starts = np.searchsorted(numbers, values, side="right").astype(np.uint16)
        return Grid(starts, np.array([low, high, 0]), 0)
    if span >= LIMIT:
        return None
    if numbers.size <= _MOST_A_CELL:
        return Grid(np.zeros(1, np.uint16), np.array([low, high, _ONE_CELL]), numbers.size)
    cells = _FEW_CELLS
    while True:
        shift = max(0, (span // cells).bit_length())
        found = _counted((numbers - low) >> shift, (span >> shift) + 1)
        if found[1] <= _MOST_A_CELL or cells >= _MOST_CELLS:
            break
        cells *= 4
    return (
        None
        if found[1] > _MOST_COMPARED
        else Grid(found[0], np.array([low, high, shift]), found[1])
    )


def _of_doubles(numbers: Floats) -> Grid | None:
    low, high = float(numbers[0]), float(numbers[-1])
    if numbers.size <= _MOST_A_CELL:
        return Grid(np.zeros(1, np.uint16), np.array([low, 0.0, 0.0]), numbers.size)
    cells = _FEW_CELLS
    while True:
        width = cells / (high - low) if high > low else 0.0
        if not _THINNEST < width < _WIDEST:
            return None
        places = np.minimum((numbers - low) * width, cells - 1).astype(np.int64)
        found = _counted(places, cells)
        if found[1] <= _MOST_A_CELL or cells >= _MOST_CELLS:
            break
        cells *= 4
    return (
        None
        if found[1] > _MOST_COMPARED
        else Grid(found[0], np.array([low, cells - 1, width]), found[1])
    )


def _counted(places: Whole, cells: int) -> tuple[NDArray[np.uint16], int]:
    counts = np.bincount(places, minlength=cells)
    return (np.cumsum(counts) - counts).astype(np.uint16), int(counts.max())


SPREAD = 0x9E3779B97F4A7C15  # 2 ** 64 over the golden ratio: spreads words over slots
LONGEST_SPELLED = 16
_ALL = 2**64 - 1


class Keys:
    """Distinct words in the order in which they came, sorted, and as a table of slots.

    The table has at least twice as many slots. A word stands in the first free slot from the
    highest bits of ``word * SPREAD`` on, with its place in the order.
    """

    def __init__(self, words: Words, older: Keys | None = None) -> None:
        self.words = words
        self.order = np.argsort(words)
        bits = max(4, int(4 * words.size).bit_length())
        begin, self.shift = 0, 64 - bits
        self.slots: Words = np.zeros(1 << bits, np.uint64)
        self.places: Whole = np.full(1 << bits, -1, np.int64)
        if older is not None and 2 * words.size <= older.slots.size:  # only put the others in
            begin, self.shift = older.words.size, older.shift
            self.slots, self.places = older.slots.copy(), older.places.copy()
        last = self.slots.size - 1
        for place, word in enumerate(words[begin:].tolist(), begin):
            slot = (word * SPREAD & _ALL) >> self.shift
            while self.places[slot] >= 0:
                slot = (slot + 1) & last
            self.slots[slot], self.places[slot] = word, place

    def unknown(self, words: Words) -> list[int]:
        """Those of ``words`` that are none of these."""
        fresh: list[int] = words[~np.isin(words, self.words)].tolist()
        return fresh

    def with_more(self, words: list[int]) -> Keys:
        """These and ``words`` after them."""
        return Keys(np.concatenate([self.words, np.array(words, np.uint64)]), self)


class Spelling:
    """Known texts of at most sixteen bytes in a table of slots.

    ``slots`` has four words a slot: bytes + 1 (0: the slot is free), the first eight bytes, the
    others, and the text's number. A text stands in the slot that the bits from 40 on of
    (first ^ others + bytes + 1) * spread say, or the next free one; ``spread`` is the first word of
    the last row, so chosen that few texts if any have to move on.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        spelled = [text.encode() for text in texts]
        self.texts = list(texts)
        longest = max(map(len, spelled), default=0)
        self.fits = longest <= LONGEST_SPELLED and len(texts) < _MOST_CELLS
        size = 1 << max(4, (4 * len(texts)).bit_length())
        words = [_words_of(each) for each in spelled] if self.fits else []
        tried = _SPREADS if len(texts) < _FEW_CELLS else _SPREADS[:1]
        spread = max(tried, key=lambda each: len({_slot(word, each, size) for word in words}))
        self.slots: Words = np.zeros((size + 1, 4), np.uint64)
        self.slots[size, 0] = spread
        for code, word in enumerate(words):
            slot = _slot(word, spread, size)
            while self.slots[slot, 0]:
                slot = (slot + 1) & (size - 1)
            self.slots[slot] = *word, code


def _words_of(text: bytes) -> tuple[int, int, int]:
    first, others = int.from_bytes(text[:8], "little"), int.from_bytes(text[8:], "little")
    return len(text) + 1, first, others


def _slot(word: tuple[int, int, int], spread: int, size: int) -> int:
    length, first, others = word
    return ((first ^ others) + length) * spread % 2**64 >> 40 & (size - 1)


_SPREADS = [SPREAD * (2 * turn + 1) % 2**64 for turn in range(64)]
