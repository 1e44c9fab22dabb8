"""The loops, compiled and in numpy, against counting by hand."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from tael.dmn.columnar import machine
from tael.dmn.columnar.kernels import NONE, SEVERAL, Kernels, kernels

LOOPS = {"numba": kernels(compiled=True), "numpy": kernels(compiled=False)}


@pytest.fixture(params=LOOPS)
def loops(request: pytest.FixtureRequest) -> Kernels:
    return LOOPS[request.param]


@pytest.mark.parametrize("count", [0, 1, 5, 60, 61, 127, 128, 400])
def test_a_bin_says_between_which_cuts_or_on_which(loops: Kernels, count: int) -> None:
    cuts = np.arange(count, dtype=np.float64) * 0.1
    values = np.array([-1.0, 1e300, *cuts, *(cuts + 0.05)])
    wanted = [sum(2 if v > c else v == c for c in cuts) for v in values]
    assert loops.bins(values, cuts).tolist() == wanted
    whole = np.array([3 * i for i in range(count)], np.int64)
    numbers = np.array([-5, 2**62, *whole, *(whole + 1)], np.int64)
    wanted = [sum(2 if v > c else v == c for c in whole.tolist()) for v in numbers.tolist()]
    assert loops.bins_whole(numbers, whole).tolist() == wanted


def made(rules: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[list[int]]]:
    """Codes of three columns, masks, starts, and by hand the rules that match each row."""
    chance = random.Random(rules)  # noqa: S311 - data, no secret
    sizes = (4, 3, 5)
    bits = [[[chance.random() < 0.4 for _ in range(rules)] for _ in range(s)] for s in sizes]
    words = (rules + 63) // 64
    masks = np.zeros((sum(sizes), words), np.uint64)
    for place, row in enumerate(row for column in bits for row in column):
        for rule, takes in enumerate(row):
            if takes:
                masks[place, rule // 64] |= np.uint64(1 << rule % 64)
    codes = np.array([[chance.randrange(s) for _ in range(rows)] for s in sizes], np.intp)
    matching = [
        [r for r in range(rules) if all(bits[c][codes[c, row]][r] for c in range(3))]
        for row in range(rows)
    ]
    return codes, masks, np.array([0, 4, 7], np.intp), matching


@pytest.mark.parametrize("rules", [1, 3, 63, 64, 65, 200, 1500])
def test_rules_that_match_are_found(loops: Kernels, rules: int) -> None:
    codes, masks, starts, matching = made(rules, 40)
    assert loops.first(codes, masks, starts).tolist() == [m[0] if m else NONE for m in matching]
    assert loops.only(codes, masks, starts).tolist() == [
        NONE if not m else m[0] if len(m) == 1 else SEVERAL for m in matching
    ]
    counts, listed = loops.every(codes, masks, starts)
    assert counts.tolist() == [len(m) for m in matching]
    assert listed.tolist() == [rule for m in matching for rule in m]


def _words(loops: Kernels, codes: np.ndarray, masks: np.ndarray, starts: np.ndarray) -> np.ndarray:
    words = np.full(codes.shape[1], ~np.uint64(0))
    for column, start in zip(codes, starts, strict=True):
        loops.narrow(words, masks[start:, 0].copy(), column)
    return words


def test_words_are_weighed_and_known(loops: Kernels) -> None:
    codes, masks, starts, matching = made(64, 50)
    words = _words(loops, codes, masks, starts)
    assert words.tolist() == [sum(1 << rule for rule in m) for m in matching]
    weights = np.arange(64, dtype=np.int64) * 3 - 50
    assert loops.weigh(words, weights).tolist() == [
        sum(int(weights[rule]) for rule in m) for m in matching
    ]
    keys = np.unique(words[::2])
    wanted = [list(keys).index(word) if word in keys else NONE for word in words]
    assert loops.known(words, keys).tolist() == wanted
    assert loops.known(words, keys[:0]).tolist() == [NONE] * words.size


def test_compiled_code_is_kept_with_the_user_or_not_at_all(tmp_path: Path) -> None:
    below = str(tmp_path / "kept")
    assert machine.cache_folder("", below) == str(tmp_path / "kept" / "tael" / "numba")
    assert machine.cache_folder(str(tmp_path / "own"), below) == str(tmp_path / "own")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert machine.cache_folder("", str(tmp_path / "file")) == ""
