"""Bins of all variables at once: as a plain oracle bins them; order, threads, weights change none.

The oracle sorts, cuts, pools and merges with lists and floats, one variable at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tael.risk.bins import BinSettings, at_edge, aucs, fit_bins, iv_by, permutation_null, prebin
from tael.risk.psi import psi, psi_by
from tael.risk.sample import Sample

SPECIAL = -5.0
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, 0.0, 1.0, 1.5, 2.0, 7.0, SPECIAL]),
    st.floats(-4096, 4096, width=32),  # no value equals the codes of missing
)
ROW = st.tuples(
    VALUES,
    st.sampled_from([0, 0, 0, 0, 1, 2, 3]),
    st.sampled_from([0.0, 0.0, 1.0, math.nan]),
    st.sampled_from([1.0, 1.0, 2.0, 0.5, 3.25]),
)
ROWS = st.lists(ROW, min_size=4, max_size=60)
SETTINGS = st.builds(
    BinSettings,
    pieces=st.integers(2, 9),
    max_bins=st.integers(1, 6),
    min_share=st.sampled_from([0.0, 0.02, 0.1]),
    monotone=st.sampled_from(["auto", "rising", "falling", "free"]),
    special=st.sampled_from([(), (SPECIAL,)]),
    threads=st.just(1),
    difference=st.sampled_from([0.0, 0.5, 2.706]),
    prior_rows=st.sampled_from([0.5, 10.0]),
    least_bads=st.just(1),
)


def sample_of(rows: Sequence[tuple[float, int, float, float]], copies: int = 1) -> Sample:
    value, reason, bad, weight = (np.array(part) for part in zip(*rows, strict=True))
    values = np.where(reason > 0, np.nan, value).astype(np.float32)
    numbers = np.arange(len(rows))
    return Sample(
        tuple(f"x{i}" for i in range(copies)),
        np.tile(values, (copies, 1)),
        np.tile(reason.astype(np.uint8), (copies, 1)),
        bad,
        weight,
        np.array([f"b{n}" for n in numbers], dtype=object),
        np.datetime64("2015-01-01", "s") + numbers * 86_400 * 11,
        np.full(len(rows), np.datetime64("NaT", "s")),
    )


def with_both(rows: Sequence[tuple[float, int, float, float]]) -> Sample:
    """The sample, where it holds goods and bads."""
    assume({0.0, 1.0} <= {row[2] for row in rows})
    return sample_of(rows)


# --- the oracle

Row = tuple[float, int, float, float]


def readable(low: float, high: float) -> float:
    if low < 0 <= high:
        return 0.0
    best, digits = (low + high) / 2, math.floor(math.log10(high - low))
    for power in range(digits, digits + 12):
        scale = 10.0 ** abs(power)
        found = math.floor(high * scale) / scale if power < 0 else math.floor(high / scale) * scale
        if not low < found <= high:
            break
        best = found
    return best


def pieces(rows: Sequence[Row], count: int) -> tuple[list[float], list[list[Row]]]:
    """Cuts and pieces of numeric rows."""
    total, below = sum(row[3] for row in rows), 0.0
    cuts: list[float] = []
    made: list[list[Row]] = []
    last: tuple[int, bool, float] | None = None
    for value in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == value]
        mass = sum(row[3] for row in mine)
        piece, heavy = int(count * (below + mass / 2) / total), mass * count >= total
        if last is None or heavy or last[1] or piece != last[0]:
            if last is not None:
                cuts.append(readable(last[2], value))
            made.append([])
        made[-1].extend(mine)
        last, below = (piece, heavy, value), below + mass
    return cuts, made or [[]]


def counts(rows: Sequence[Row]) -> tuple[float, float]:
    bads = sum(row[3] for row in rows if row[2] == 1)
    return sum(row[3] for row in rows) - bads, bads


@dataclass
class Block:
    last: int
    goods: float
    bads: float

    def joined(self, other: Block) -> Block:
        return Block(other.last, self.goods + other.goods, self.bads + other.bads)

    @property
    def size(self) -> float:
        return self.goods + self.bads

    @property
    def rate(self) -> float:
        return self.bads / self.size


def pooled(blocks: Sequence[Block], sign: int) -> list[Block]:
    made: list[Block] = []
    for each in blocks:
        block = each
        while sign and made and sign * made[-1].rate >= sign * block.rate:
            block = made.pop().joined(block)
        made.append(block)
    return made


def chi_square(one: Block, two: Block) -> float:
    a, b, c, d = one.goods, one.bads, two.goods, two.bads
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    gap = a * d - b * c
    return (a + b + c + d) * gap * gap / margins if margins else 0.0


def merged(blocks: list[Block], how: BinSettings, total: float) -> list[Block]:
    while len(blocks) > 1:
        costs = [chi_square(one, two) for one, two in pairwise(blocks)]
        sizes = [block.size for block in blocks]
        small = sizes.index(min(sizes))
        if sizes[small] < how.min_share * total:
            beside = [k for k in (small - 1, small) if 0 <= k < len(costs)]
            at = min(beside, key=lambda k: costs[k])
        elif len(blocks) > how.max_bins or min(costs) <= how.difference:
            at = costs.index(min(costs))
        else:
            break
        blocks[at : at + 2] = [blocks[at].joined(blocks[at + 1])]
    return blocks


def evidence(
    block: tuple[float, float], totals: tuple[float, float], prior: float
) -> tuple[float, float]:
    """Weight of evidence and what the bin adds to the information value."""
    if not sum(block):
        return 0.0, 0.0
    goods, bads = (
        (mine + prior * all_ / sum(totals)) / all_ for mine, all_ in zip(block, totals, strict=True)
    )
    woe = math.log(goods / bads)
    return woe, (block[0] / totals[0] - block[1] / totals[1]) * woe


@dataclass
class Answer:
    cuts: list[float]
    bins: list[tuple[float, float]]
    woe: list[float]
    iv: float


def answer(rows: Sequence[Row], how: BinSettings) -> Answer:
    known = [row for row in rows if not math.isnan(row[2])]
    totals = counts(known)
    inside = [row for row in known if row[1] == 0 and row[0] not in how.special]
    outside = [counts([row for row in known if row[1] == kind]) for kind in (1, 2, 3)]
    outside += [
        counts([row for row in known if row[1] == 0 and row[0] == code]) for code in how.special
    ]
    cuts, made = pieces(inside, how.pieces)
    blocks = [Block(k, *counts(piece)) for k, piece in enumerate(made)]
    signs = {"rising": [1], "falling": [-1], "free": [0], "auto": [1, -1]}[how.monotone]
    tries = [pooled(blocks, sign) for sign in signs]
    worth = [
        sum(evidence((b.goods, b.bads), totals, how.prior_rows)[1] for b in one) for one in tries
    ]
    best = merged(tries[worth.index(max(worth))], how, sum(totals))
    bins = [(block.goods, block.bads) for block in best] + outside
    parts = [evidence(bin_, totals, how.prior_rows) for bin_ in bins]
    kept = [cuts[block.last] for block in best[:-1]]
    return Answer(kept, bins, [woe for woe, _ in parts], sum(value for _, value in parts))


# --- what holds


@settings(max_examples=80, deadline=None)
@given(ROWS, SETTINGS)
def test_bins_are_those_of_the_oracle(rows: list[Row], how: BinSettings) -> None:
    sample = with_both(rows)
    found, expected = fit_bins(sample, how), answer(rows, how)
    filled = int(found.filled[0])
    places = [*range(filled), *range(found.numeric, found.woe.shape[1])]
    assert found.cuts[0, : filled - 1].tolist() == expected.cuts
    assert [tuple(pair) for pair in found.counts[0, places].tolist()] == expected.bins
    assert found.woe[0, places] == pytest.approx(expected.woe, abs=1e-12)
    assert found.iv[0] == pytest.approx(expected.iv, abs=1e-12)
    assert np.isinf(found.cuts[0, filled - 1 :]).all()


@settings(max_examples=25, deadline=None)
@given(ROWS, SETTINGS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_threads_change_a_bit(
    rows: list[Row], how: BinSettings, random: object
) -> None:
    with_both(rows)
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one = fit_bins(sample_of(rows, copies=3), how)
    two = fit_bins(sample_of(mixed, copies=130), replace(how, threads=2))
    for name in ("cuts", "woe", "counts", "iv", "direction"):
        each = getattr(two, name)
        assert (each[:3] == getattr(one, name)).all()
        assert (each == each[:1]).all()


@settings(max_examples=25, deadline=None)
@given(ROWS, SETTINGS, st.lists(st.integers(1, 3), min_size=60, max_size=60))
def test_a_row_of_weight_two_is_the_row_twice(
    rows: list[Row], how: BinSettings, times: list[int]
) -> None:
    with_both(rows)
    heavy = [(*row[:3], row[3] * k) for row, k in zip(rows, times, strict=False)]
    often = [row for row, k in zip(rows, times, strict=False) for _ in range(k)]
    one, two = fit_bins(sample_of(heavy), how), fit_bins(sample_of(often), how)
    assert (one.cuts == two.cuts).all()
    assert (one.counts == two.counts).all()
    assert one.iv == two.iv
    assert aucs(sample_of(heavy)) == aucs(sample_of(often))


@settings(max_examples=25, deadline=None)
@given(ROWS, SETTINGS)
def test_a_row_without_an_outcome_teaches_nothing(rows: list[Row], how: BinSettings) -> None:
    sample = with_both(rows)
    known = sample.take(sample.labelled)
    one, two = fit_bins(sample, how), fit_bins(known, how)
    assert (one.cuts == two.cuts).all()
    assert (one.counts == two.counts).all()


@settings(max_examples=25, deadline=None)
@given(ROWS, SETTINGS)
def test_the_place_of_a_value_is_where_it_was_counted(rows: list[Row], how: BinSettings) -> None:
    sample = with_both(rows)
    used = sample.labelled
    found = fit_bins(sample, how)
    codes = found.codes(sample)
    for k in range(found.woe.shape[1]):
        there = used & (codes[0] == k)
        assert found.counts[0, k].sum() == sample.weight[there].sum()
    assert (found.transform(sample)[0] == found.woe[0][codes[0]].astype(np.float32)).all()
    pieces_ = prebin(sample, how, used=used)
    assert (pieces_.codes == pieces_.place(sample)).all()


@settings(max_examples=20, deadline=None)
@given(ROWS, SETTINGS)
def test_one_variable_has_the_weights_of_all_at_once(rows: list[Row], how: BinSettings) -> None:
    sample = with_both(rows)
    bins = fit_bins(sample, how)
    one = bins.binning(0)
    woe = np.array(one.woe)[one.assign(at_edge(sample)[0])]
    assert woe == pytest.approx(bins.transform(sample)[0], abs=1e-5)
    assert sum(one.shares) == pytest.approx(1.0, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_the_auc_alone_is_the_share_of_pairs_in_order(rows: list[Row]) -> None:
    sample = with_both(rows)
    known = [row for row in rows if not math.isnan(row[2])]

    def share(out: float) -> float:
        placed = [(out if row[1] else row[0], row[2], row[3]) for row in known]
        pairs = [
            (w * v, 0.5 if x == y else float(x > y))
            for x, bad, w in placed
            if bad == 1
            for y, other, v in placed
            if other == 0
        ]
        won = sum(w * p for w, p in pairs) / sum(w for w, _ in pairs)
        return max(won, 1 - won)

    assert aucs(sample)[0] == pytest.approx(max(share(-math.inf), share(math.inf)))


@settings(max_examples=20, deadline=None)
@given(ROWS, st.integers(1, 4))
def test_the_value_by_group_is_that_of_its_rows_alone(rows: list[Row], groups: int) -> None:
    sample = with_both(rows)
    bins = fit_bins(sample, BinSettings(least_bads=1, threads=1))
    group = np.arange(sample.rows) % groups
    found = iv_by(sample, bins, group)
    codes = bins.codes(sample)[0]
    for k, label in enumerate(found.groups):
        mine = sample.labelled & (group == label)
        pairs = [
            counts([(0.0, 0, b, w) for b, w in zip(sample.bad[at], sample.weight[at], strict=True)])
            for at in (mine & (codes == c) for c in range(bins.woe.shape[1]))
        ]
        totals = sum(p[0] for p in pairs), sum(p[1] for p in pairs)
        if 0 in totals:
            assert math.isnan(found.iv[0, k])
        else:
            expected = sum(evidence(pair, totals, 10.0)[1] for pair in pairs)
            assert found.iv[0, k] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(ROWS, SETTINGS, st.randoms(use_true_random=False))
def test_chance_depends_on_the_seed_and_not_on_the_order_of_rows(
    rows: list[Row], how: BinSettings, random: object
) -> None:
    sample = with_both(rows)
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one = permutation_null(sample, how, 3, 7)
    two = permutation_null(sample.take(np.array(order)), how, 3, 7)
    assert (one.iv == two.iv).all()


@settings(max_examples=20, deadline=None)
@given(ROWS, ROWS)
def test_the_shift_is_the_divergence_of_shares(before: list[Row], after: list[Row]) -> None:
    how = BinSettings(pieces=4, special=(SPECIAL,), threads=1)
    cuts, _ = pieces([r for r in before if not r[1] and r[0] != SPECIAL], 4)

    def place(row: Row) -> object:
        if row[1] or row[0] == SPECIAL:
            return ("code", row[1])
        return sum(cut <= row[0] for cut in cuts)

    def held(rows: list[Row], key: object) -> float:
        return sum(row[3] for row in rows if place(row) == key)

    keys = list({place(row) for row in before + after})
    sides = []
    for rows in (before, after):
        weights = [held(rows, key) + 0.5 for key in keys]
        sides.append([w / sum(weights) for w in weights])
    expected = sum((a - e) * math.log(a / e) for e, a in zip(*sides, strict=True))
    found = psi(sample_of(before), sample_of(after), how)
    assert found[0] == pytest.approx(expected, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_the_shift_of_a_group_is_that_of_two_samples(rows: list[Row]) -> None:
    sample = sample_of(rows)
    base = np.arange(sample.rows) % 3 == 0
    how = BinSettings(pieces=4, threads=1)
    found = psi_by(sample, (~base).astype(int), base, how)
    expected = psi(sample.take(base), sample.take(~base), how)
    assert found.groups.tolist() == [0, 1]
    assert found.psi[0] == pytest.approx([0.0, expected[0]], abs=1e-12)
