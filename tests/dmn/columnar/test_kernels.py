"""The loops, compiled and in numpy, against counting by hand."""

from __future__ import annotations

import functools
import operator
import random
from pathlib import Path

import numpy as np
import pytest

from tael.dmn.columnar import machine
from tael.dmn.columnar.grids import Keys, Spelling, Steps
from tael.dmn.columnar.kernels import NONE, SEVERAL, Kernels, kernels

LOOPS = {"numba": kernels(compiled=True), "numpy": kernels(compiled=False)}


@pytest.fixture(params=LOOPS)
def loops(request: pytest.FixtureRequest) -> Kernels:
    return LOOPS[request.param]


def steps_of(kind: str, count: int) -> list[float]:
    """Distinct sorted numbers: one cell each, close together, or in clusters far apart."""
    if kind == "even":
        return [0.1 * i for i in range(count)]
    if kind == "close":
        return [1.0 + 2.0**-52 * i for i in range(count)]
    return sorted({10.0 ** (i % 19) + i // 19 * (1 + i % 3) for i in range(count)})


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 60, 120, 121, 400, 3000])
@pytest.mark.parametrize("kind", ["even", "close", "clusters"])
def test_a_code_is_how_many_steps_a_double_is_not_below(
    loops: Kernels, kind: str, count: int
) -> None:
    steps = np.array(steps_of(kind, count), np.float64)
    around = [np.nextafter(steps, -np.inf), steps, np.nextafter(steps, np.inf)]
    values = np.concatenate([[-1e308, -0.0, 0.0, 1e308, 5e-324], *around])
    wanted = np.searchsorted(steps, values, side="right").tolist()
    assert loops.bins(values, Steps(steps)).tolist() == wanted


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 60, 120, 121, 400, 3000])
@pytest.mark.parametrize("gap", [1, 3, 1000, 10**7, 10**14])
def test_a_code_is_how_many_steps_an_integer_is_not_below(
    loops: Kernels, gap: int, count: int
) -> None:
    chance = random.Random(count)  # noqa: S311 - data, no secret
    first = -gap * count // 3
    numbers = sorted({first + gap * i + chance.randrange(gap) for i in range(count)})
    steps = np.array(numbers, np.int64)
    ends = [-(2**63), 2**63 - 1, 0, 2**62, -(2**62)]
    values = np.concatenate([np.array(ends, np.int64), steps - 1, steps, steps + 1])
    wanted = np.searchsorted(steps, values, side="right").tolist()
    assert loops.bins(values, Steps(steps)).tolist() == wanted


def test_steps_from_one_end_of_the_integers_to_the_other(loops: Kernels) -> None:
    steps = Steps(np.array([-(2**62), 0, 5, 2**62], np.int64))
    values = np.array([-(2**62) - 1, -(2**62), -1, 0, 4, 5, 2**62 - 1, 2**62], np.int64)
    assert loops.bins(values, steps).tolist() == [0, 1, 1, 2, 2, 3, 3, 4]
    assert not steps.inside


def test_what_is_no_number_has_some_code(loops: Kernels) -> None:
    for count in (1, 2, 3, 300):
        steps = Steps(np.arange(float(count)) ** 2)
        found = loops.bins(np.array([np.nan, np.inf, -np.inf]), steps).tolist()
        assert found[1:] == [count, 0]
        assert 0 <= found[0] <= count


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


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_words_and_totals_are_those_of_all_columns(loops: Kernels, columns: int) -> None:
    codes, masks, starts, _ = made(64, 50)
    chosen = [codes[column].astype(np.uint16) for column in range(columns)]
    by_code = [masks[start:, 0].copy() for start in starts[:columns]]
    found = loops.words(by_code, chosen).tolist()
    pairs = [list(zip(by_code, row, strict=True)) for row in zip(*chosen, strict=True)]
    assert found == [
        functools.reduce(operator.and_, (int(words[c]) for words, c in row)) for row in pairs
    ]
    points = [np.arange(9, dtype=np.int64) * 7 - column for column in range(columns)]
    wanted = [
        sum(int(each[c]) for each, c in zip(points, row, strict=True))
        for row in zip(*chosen, strict=True)
    ]
    assert loops.total(points, chosen).tolist() == wanted


def test_words_are_weighed_and_known(loops: Kernels) -> None:
    codes, masks, starts, matching = made(64, 50)
    by_code = [masks[start:, 0].copy() for start in starts]
    words = loops.words(by_code, list(codes))
    assert words.tolist() == [sum(1 << rule for rule in m) for m in matching]
    weights = np.arange(64, dtype=np.int64) * 3 - 50
    assert loops.weigh(words, weights).tolist() == [
        sum(int(weights[rule]) for rule in m) for m in matching
    ]
    keys = np.unique(words[::2])
    wanted = [list(keys).index(word) if word in keys else NONE for word in words]
    assert loops.known(words, Keys(keys)).tolist() == wanted
    none = Keys(keys[:0])
    assert loops.known(words, none).tolist() == [NONE] * words.size
    grown, given = none, sorted(set(words.tolist()), key=lambda word: word % 1013)
    for place, word in enumerate(given):
        assert grown.unknown(np.array([*given[:place], word], np.uint64)) == [word]
        grown = grown.with_more([word])
    assert loops.known(words, grown).tolist() == [given.index(word) for word in words.tolist()]


def test_compiled_code_is_kept_with_the_user_or_not_at_all(tmp_path: Path) -> None:
    below = str(tmp_path / "kept")
    assert machine.cache_folder("", below) == str(tmp_path / "kept" / "tael" / "numba")
    assert machine.cache_folder(str(tmp_path / "own"), below) == str(tmp_path / "own")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert machine.cache_folder("", str(tmp_path / "file")) == ""


TEXTS = [
    "",
    "a",
    "eightlng",
    "nine char",
    "sixteen bytes it",
    "ünï",
    "b\0",
    "b",
    "sixteen bytes iT",
]


@pytest.mark.parametrize("start", [0, 1, 3])
def test_texts_are_spelled_out_up_to_the_last_byte(start: int) -> None:
    chance = random.Random(start)  # noqa: S311 - data, no secret
    spelled = LOOPS["numba"].spelled
    assert spelled is not None
    known = Spelling(TEXTS[:6])
    assert known.fits
    assert not Spelling(["seventeen bytes it"]).fits
    others = [*TEXTS, "seventeen bytes it", "\0", "eightlngeightlng"]
    for _ in range(30):
        given = [chance.choice(others) for _ in range(chance.randrange(1, 9))]
        data = b"".join(each.encode() for each in given)
        ends = np.cumsum([0, *(len(each.encode()) for each in given)]).astype(np.int32)
        cut = len(data) // 8 * 8
        tail = np.uint64(int.from_bytes(data[cut:], "little"))
        whole = np.frombuffer(data[:cut], np.uint64)
        found = spelled(ends[start:], whole, tail, known.slots, 99) if start < len(given) else []
        wanted = [known.texts.index(g) if g in known.texts else 99 for g in given[start:]]
        assert list(found) == wanted


def test_texts_lists_and_decimals_are_laid_out(loops: Kernels) -> None:
    codes = np.array([2, 0, 1, 1, 0], np.uint16)
    padded = np.frombuffer(b"".ljust(8, b"\0") + b"approve\0" + b"declined", np.uint8).reshape(3, 8)
    ends, data = loops.written(codes, np.array([0, 7, 8]), padded)
    texts = bytes(padded[2]) + bytes(padded[1][:7]) * 2
    assert (ends.tolist(), data.tobytes()) == ([0, 8, 8, 15, 22, 22], texts)
    counts, starts = np.array([0, 1, 3]), np.array([0, 0, 1])
    ends, items = loops.spread(codes, counts, starts, np.array([5, 6, 7, 8]))
    assert (ends.tolist(), items.tolist()) == ([0, 3, 3, 4, 5, 5], [6, 7, 8, 5, 5])
    pairs = np.zeros((5, 2), np.int64)
    loops.wide(np.array([-7, 2**61, 0]), codes, pairs)
    assert pairs.tolist() == [[0, 0], [-7, -1], [2**61, 0], [2**61, 0], [-7, -1]]
