"""Bins of one variable and their weight of evidence: ln(share of goods / share of bads).

Numeric: weighted quantile pre-bins, pooled to a monotone bad rate where asked, then merged while
bins are too small or two neighbours tell nothing apart. Categorical: rare values together, the
others ordered by bad rate and merged the same way. Missing stands apart and is never merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.columns import Column, Floats, Ints, categories, category, numbers

_PRIOR_ROWS = 10.0  # average rows added to each bin: draws the weight of a tiny bin towards zero
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Feature:
    """How a variable enters a scorecard.

    Attributes:
        name: the column.
        kind: 'numeric' or 'categorical'.
        monotone: of a numeric variable: 'auto' (the better-fitting direction), 'rising' or
            'falling' bad rate, or 'free'.
        max_bins: at most so many bins beside the one for missing.
        min_share: a bin holds at least this share of the weight.
        reason: the code given when the variable costs points; '' means the name.
        cuts: of a numeric variable: cuts set by hand, finite and ascending; these bins are not
            merged.
        special: values of a numeric variable that are codes, such as -9999; each has its bin.
    """

    name: str
    kind: str = "numeric"
    monotone: str = "auto"
    max_bins: int = 6
    min_share: float = 0.03
    reason: str = ""
    cuts: tuple[float, ...] = ()
    special: tuple[float, ...] = ()

    @property
    def reason_code(self) -> str:
        return self.reason or self.name


@dataclass(frozen=True, slots=True)
class Binning:
    """The fitted bins of one variable.

    Attributes:
        feature: the variable.
        cuts: upper bounds (excluded) of all numeric bins but the last, ascending.
        groups: the categories of each categorical bin; the last one takes unseen values too when
            it holds ``other``.
        woe: weight of evidence per bin; the last is the bin of missing, and before it stand those
            of the special codes.
        shares: share of the training weight per bin; the last is missing's.
        bad_rates: weighted bad rate per bin.
        information_value: sum of (share of goods - share of bads) times the weight of evidence.
    """

    feature: Feature
    cuts: tuple[float, ...]
    groups: tuple[tuple[str, ...], ...]
    woe: tuple[float, ...]
    shares: tuple[float, ...]
    bad_rates: tuple[float, ...]
    information_value: float

    @property
    def missing(self) -> int:
        """The index of the bin of missing values."""
        return len(self.woe) - 1

    def assign(self, values: Column) -> Ints:
        """The bin of each value; an infinite one lies in the outermost."""
        if self.feature.kind == "numeric":
            floats = numbers(values, self.feature.name)
            found = np.searchsorted(np.array(self.cuts), floats, side="right")
            for number, code in enumerate(self.feature.special, len(self.cuts) + 1):
                found = np.where(floats == code, number, found)
            return np.where(np.isnan(floats), self.missing, found).astype(np.int64)
        index = self._index()
        return np.array([self._group(category(v), index) for v in values.tolist()], dtype=np.int64)

    def describe(self, number: int) -> str:
        """Bin ``number`` in words of mathematics: ``[2, 5)``, ``CA, NV``, ``missing``."""
        if number == self.missing:
            return "missing"
        if self.feature.kind != "numeric":
            return ", ".join(self.groups[number])
        if number > len(self.cuts):
            return f"code {self.feature.special[number - len(self.cuts) - 1]:g}"
        low = "(-inf" if number == 0 else f"[{self.cuts[number - 1]:g}"
        high = "inf" if number == len(self.cuts) else f"{self.cuts[number]:g}"
        return f"{low}, {high})"

    def _index(self) -> dict[str, int]:
        return {value: i for i, group in enumerate(self.groups) for value in group}

    def _group(self, value: str, index: dict[str, int]) -> int:
        if not value:
            return self.missing
        # A value never seen goes with the rare ones; without these it counts as missing.
        return index.get(value, index.get(OTHER, self.missing))


OTHER = "other values"


def fit_binning(feature: Feature, values: Column, bad: Floats, weight: Floats) -> Binning:
    """The bins of ``values``; ``bad`` is 1 or 0, ``weight`` has a mean of one.

    Raises:
        BadInput: a value that is not a number or infinite, cuts that do not rise, or cuts and codes
            of a categorical variable; names the variable.
    """
    _check(feature)
    if feature.kind == "numeric":
        floats = _finite(numbers(values, feature.name), feature.name)
        return _fit_numeric(feature, floats, bad, weight)
    return _fit_categorical(feature, categories(values), bad, weight)


def _finite(values: Floats, name: str) -> Floats:
    wrong = np.flatnonzero(np.isinf(values))
    if len(wrong):
        raise BadInput(
            f"variable {name!r} holds an infinite value",
            field=name,
            row=int(wrong[0]) + 1,
            rule="finite or missing values",
        )
    return values


def _check(feature: Feature) -> None:
    rising = all(low < high for low, high in pairwise(feature.cuts))
    if not rising or not np.isfinite(feature.cuts).all():
        raise BadInput(
            f"cuts of {feature.name!r} are finite and ascending",
            field=feature.name,
            rule="ascending cuts",
        )
    if feature.kind != "numeric" and (feature.cuts or feature.special):
        raise BadInput(
            f"{feature.name!r} is categorical: it has neither cuts nor special codes",
            field=feature.name,
            rule="cuts and codes of a numeric variable",
        )


def _fit_numeric(feature: Feature, values: Floats, bad: Floats, weight: Floats) -> Binning:
    coded = np.isin(values, feature.special)
    seen = ~np.isnan(values) & ~coded
    edges = np.array(feature.cuts or _quantile_edges(values[seen], weight[seen]))
    code = np.searchsorted(edges, values[seen], side="right")
    counts = _counts(code, bad[seen], weight[seen], len(edges) + 1)
    merged = _blocks(feature, counts, float(weight.sum()))
    cuts = tuple(float(edges[block[-1]]) for block in merged[:-1])
    rows = [counts[block].sum(axis=0) for block in merged]
    rows += [_outside(values != code, bad, weight) for code in feature.special]
    return _binning(feature, cuts, (), [*rows, _outside(seen | coded, bad, weight)])


def _blocks(feature: Feature, counts: Floats, weight: float) -> list[list[int]]:
    if feature.cuts:
        return [[i] for i in range(len(counts))]
    return _merge(counts, _monotone(counts, feature.monotone), feature, weight)


def _fit_categorical(feature: Feature, values: Column, bad: Floats, weight: Floats) -> Binning:
    seen = values != ""
    names, code = np.unique(values[seen], return_inverse=True)
    counts = _counts(code, bad[seen], weight[seen], len(names))
    rare = counts.sum(axis=1) < feature.min_share * weight.sum() / 2
    common = np.flatnonzero(~rare)
    members = [[str(names[i])] for i in common]
    table = counts[common]
    if rare.any():
        members.append([*map(str, names[rare]), OTHER])
        table = np.vstack([table, counts[rare].sum(axis=0)])
    order = np.argsort(_rates(table), kind="stable")
    table, members = table[order], [members[i] for i in order]
    merged = _merge(table, [[i] for i in range(len(table))], feature, float(weight.sum()))
    groups = tuple(tuple(sorted(v for i in block for v in members[i])) for block in merged)
    rows = [table[block].sum(axis=0) for block in merged]
    return _binning(feature, (), groups, [*rows, _outside(seen, bad, weight)])


def _quantile_edges(values: Floats, weight: Floats, pieces: int = 32) -> Floats:
    """Distinct values that cut the weight into about ``pieces`` equal parts."""
    if not len(values):
        return np.array([])
    order = np.argsort(values, kind="stable")
    ordered, mass = values[order], np.cumsum(weight[order])
    targets = mass[-1] * np.arange(1, pieces) / pieces
    edges = np.unique(
        ordered[np.searchsorted(mass, targets, side="right").clip(max=len(ordered) - 1)]
    )
    # Half-way to the value below, so that a cut never sits on an observed value.
    distinct = np.unique(ordered)
    below = distinct[(np.searchsorted(distinct, edges) - 1).clip(min=0)]
    return np.unique(np.round((edges + below) / 2, 6)[edges > ordered[0]])


def _counts(code: Ints, bad: Floats, weight: Floats, bins: int) -> Floats:
    """Goods and bads per bin, by weight."""
    all_weight = np.bincount(code, weights=weight, minlength=bins)
    bads = np.bincount(code, weights=weight * bad, minlength=bins)
    return np.column_stack([all_weight - bads, bads])


def _outside(seen: npt.NDArray[np.bool_], bad: Floats, weight: Floats) -> Floats:
    missing = ~seen
    bads = float((weight * bad)[missing].sum())
    return np.array([float(weight[missing].sum()) - bads, bads])


def _rates(counts: Floats) -> Floats:
    smooth = _smooth(counts)
    rates: Floats = smooth[:, 1] / smooth.sum(axis=1)
    return rates


def _monotone(counts: Floats, wanted: str) -> list[list[int]]:
    """Blocks of bins whose bad rate rises or falls: pooled adjacent violators."""
    filled = [[i] for i in range(len(counts))]
    if wanted == "free" or len(counts) == 1:  # one bin, or no value at all: nothing rises
        return filled
    pools = {"rising": _pool(counts, rising=True), "falling": _pool(counts, rising=False)}
    if wanted != "auto":
        return pools[wanted]
    return max(
        pools.values(), key=lambda blocks: _information([counts[b].sum(axis=0) for b in blocks])
    )


def _pool(counts: Floats, *, rising: bool) -> list[list[int]]:
    sign = 1.0 if rising else -1.0
    blocks: list[tuple[list[int], Floats]] = []
    for i, row in enumerate(counts):
        block, total = [i], row
        while blocks and sign * _rate(blocks[-1][1]) >= sign * _rate(total):
            earlier, sums = blocks.pop()
            block, total = earlier + block, sums + total
        blocks.append((block, total))
    return [block for block, _ in blocks]


def _rate(row: Floats) -> float:
    weight = float(row.sum())
    return float(row[1]) / weight if weight else 0.0


def _merge(
    counts: Floats, blocks: list[list[int]], feature: Feature, weight: float
) -> list[list[int]]:
    """Merge neighbours until no bin is too small, none is superfluous and all differ."""
    blocks = [list(block) for block in blocks]
    rows = [counts[block].sum(axis=0) for block in blocks]
    smallest = feature.min_share * weight
    while len(blocks) > 1:
        costs = [_chi_square(rows[i], rows[i + 1]) for i in range(len(rows) - 1)]
        sizes = [float(row.sum()) for row in rows]
        small = int(np.argmin(sizes))
        if sizes[small] < smallest:
            left = small - 1 if small == len(rows) - 1 else small
            cheaper = small > 0 and costs[small - 1] <= costs[left]
            at = small - 1 if cheaper else left
        else:
            at = int(np.argmin(costs))
            if len(blocks) <= feature.max_bins and costs[at] > _CHI_SQUARE_10_PERCENT:
                break
        blocks[at : at + 2] = [blocks[at] + blocks[at + 1]]
        rows[at : at + 2] = [rows[at] + rows[at + 1]]
    return blocks


_CHI_SQUARE_10_PERCENT = 2.706  # one degree of freedom


def _chi_square(left: Floats, right: Floats) -> float:
    """Pearson's statistic of the two-by-two table of two neighbouring bins."""
    table = np.vstack([left, right]) + 1e-9
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def _woe(rows: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    table = np.array(rows)
    totals = table.sum(axis=0)
    shares = _smooth(table) / totals
    woe: Floats = np.log(shares[:, 0] / shares[:, 1])
    return woe, table[:, 0] / totals[0], table[:, 1] / totals[1]


def _smooth(table: Floats) -> Floats:
    totals = table.sum(axis=0)
    smooth: Floats = table + _PRIOR_ROWS * totals / totals.sum()
    return smooth


def _information(rows: Sequence[Floats]) -> float:
    woe, goods, bads = _woe(rows)
    return float(((goods - bads) * woe).sum())


def _binning(
    feature: Feature,
    cuts: tuple[float, ...],
    groups: tuple[tuple[str, ...], ...],
    rows: list[Floats],
) -> Binning:
    table = np.array(rows)
    woe, _, _ = _woe(rows)
    total = table.sum(axis=1)
    return Binning(
        feature,
        cuts,
        groups,
        _rounded(woe),
        _rounded(total / total.sum()),
        _rounded(np.divide(table[:, 1], total, out=np.zeros(len(total)), where=total > 0)),
        round(_information(rows), _DIGITS),
    )


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)
