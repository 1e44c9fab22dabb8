"""The loops of ``kernels`` compiled by numba: once a machine, then read from the user's cache.

Imported only where numba is. Compiled code is kept under ``NUMBA_CACHE_DIR`` or the user's cache
folder, never beside the installed package; where neither can be written it is compiled in each
process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import config

from tael.dmn.columnar.columns import Codes, Floats, Whole, Words

_CONFIG: Any = config  # its names are made when it is imported
_F = TypeVar("_F", bound=Callable[..., object])
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_PLACES = np.array(
    [(0x03F79D71B4CB0A89 << bit & 0xFFFFFFFFFFFFFFFF) >> 58 for bit in range(64)]
).argsort()
_FEW_CUTS = 127  # two a cut fit a byte


def cache_folder(given: str, base: str) -> str:
    """Where compiled code may be kept: ``given``, else below ``base``; empty: nowhere."""
    folder = Path(given) if given else Path(base) / "tael" / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


def _compiled(function: _F) -> _F:
    before = _CONFIG.CACHE_DIR
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = cache_folder(before, base)
    _CONFIG.CACHE_DIR = folder
    try:
        made: Any = numba.njit(nogil=True, cache=bool(folder))(function)
    finally:
        _CONFIG.CACHE_DIR = before
    return cast("_F", made)


@_compiled
def bins(values: Floats, cuts: Floats) -> Codes:
    if cuts.size <= _FEW_CUTS:  # counting takes all lanes of a processor: no search is as quick
        counts = np.zeros(values.size, np.uint8)
        for cut in cuts:
            for row in range(values.size):
                counts[row] += np.uint8(values[row] > cut) + np.uint8(values[row] >= cut)
        return counts.astype(np.intp)
    found = np.zeros(values.size, np.intp)
    for row in range(values.size):
        low, size = 0, cuts.size
        while size > 1:  # without a branch that could be guessed wrong
            half = size >> 1
            low += half * (cuts[low + half - 1] < values[row])
            size -= half
        low += cuts[low] < values[row]
        found[row] = 2 * low + (low < cuts.size and cuts[low] == values[row])
    return found


@_compiled
def bins_whole(values: Whole, cuts: Whole) -> Codes:
    if cuts.size <= _FEW_CUTS:  # counting takes all lanes of a processor: no search is as quick
        counts = np.zeros(values.size, np.uint8)
        for cut in cuts:
            for row in range(values.size):
                counts[row] += np.uint8(values[row] > cut) + np.uint8(values[row] >= cut)
        return counts.astype(np.intp)
    found = np.zeros(values.size, np.intp)
    for row in range(values.size):
        low, size = 0, cuts.size
        while size > 1:  # without a branch that could be guessed wrong
            half = size >> 1
            low += half * (cuts[low + half - 1] < values[row])
            size -= half
        low += cuts[low] < values[row]
        found[row] = 2 * low + (low < cuts.size and cuts[low] == values[row])
    return found


@_compiled
def first(codes: Codes, masks: Words, starts: Codes) -> Codes:
    columns, rows = codes.shape
    found = np.full(rows, -1, np.intp)
    place = np.empty(columns, np.intp)
    for row in range(rows):
        for column in range(columns):
            place[column] = codes[column, row] + starts[column]
        for word in range(masks.shape[1]):
            left = masks[place[0], word]
            for column in range(1, columns):
                left &= masks[place[column], word]
            if left:
                low = left & (~left + np.uint64(1))
                found[row] = 64 * word + _PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]
                break
    return found


@_compiled
def only(codes: Codes, masks: Words, starts: Codes) -> Codes:
    columns, rows = codes.shape
    found = np.full(rows, -1, np.intp)
    place = np.empty(columns, np.intp)
    for row in range(rows):
        for column in range(columns):
            place[column] = codes[column, row] + starts[column]
        for word in range(masks.shape[1]):
            left = masks[place[0], word]
            for column in range(1, columns):
                left &= masks[place[column], word]
            if left:
                low = left & (~left + np.uint64(1))
                if found[row] != -1 or left != low:
                    found[row] = -2
                    break
                found[row] = 64 * word + _PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]
    return found


@_compiled
def narrow(words: Words, by_code: Words, codes: Codes) -> None:
    for row in range(words.size):
        words[row] &= by_code[codes[row]]


@_compiled
def _count(codes: Codes, masks: Words, starts: Codes) -> Codes:
    columns, rows = codes.shape
    counts = np.zeros(rows, np.intp)
    for row in range(rows):
        for word in range(masks.shape[1]):
            left = masks[codes[0, row] + starts[0], word]
            for column in range(1, columns):
                left &= masks[codes[column, row] + starts[column], word]
            while left:
                left &= left - np.uint64(1)
                counts[row] += 1
    return counts


@_compiled
def _list(codes: Codes, masks: Words, starts: Codes, rules: Codes) -> None:
    columns, rows = codes.shape
    at = 0
    for row in range(rows):
        for word in range(masks.shape[1]):
            left = masks[codes[0, row] + starts[0], word]
            for column in range(1, columns):
                left &= masks[codes[column, row] + starts[column], word]
            while left:
                low = left & (~left + np.uint64(1))
                rules[at] = 64 * word + _PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]
                at += 1
                left ^= low


def every(codes: Codes, masks: Words, starts: Codes) -> tuple[Codes, Codes]:
    counts = _count(codes, masks, starts)
    rules = np.empty(int(counts.sum()), np.intp)
    _list(codes, masks, starts, rules)
    return counts, rules


@_compiled
def known(words: Words, keys: Words) -> Codes:
    found = np.full(words.size, -1, np.intp)
    for row in range(words.size):
        low, size = 0, keys.size
        while size > 0:
            half = size // 2
            if keys[low + half] < words[row]:
                low += half + 1
                size -= half + 1
            else:
                size = half
        if low < keys.size and keys[low] == words[row]:
            found[row] = low
    return found


@_compiled
def weigh(words: Words, weights: Whole) -> Whole:
    found = np.zeros(words.size, np.int64)
    for row in range(words.size):
        left = words[row]
        while left:
            low = left & (~left + np.uint64(1))
            found[row] += weights[_PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]]
            left ^= low
    return found
