"""Bins of all variables at once, with their weight of evidence and information value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tael.kernel import BadInput
from tael.report import Words
from tael.risk.binning import Binning, Feature
from tael.risk.bins.counting import check_prebins, directions, labelled_weights, rule_of
from tael.risk.bins.prebins import KINDS, Prebins, placed, prebin
from tael.risk.bins.settings import (
    DEFAULT,
    MISSING_CODES,
    BinSettings,
    checked_outcome,
    in_ranges,
)
from tael.risk.sample import Floats, Ints, Reasons, Sample, Values

_DIGITS = 9
_KINDS = (
    Words(zh="无此数据源", en="no source"),
    Words(zh="有数据源但无记录", en="no event"),
    Words(zh="无法计算", en="undefined"),
)


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of all variables.

    A variable has ``numeric`` places for numeric bins, of which the first ``filled`` hold one, then
    one bin for each kind of missing (no source, no event, undefined), then one for each special
    code. Places without a row count nothing and weigh nothing.

    Attributes:
        names: the variables.
        settings: how they were binned.
        cuts: float64 [variables, numeric - 1]: a value below cut k lies in bin k or lower;
            infinite beyond the last.
        filled: int64 [variables]: how many numeric bins there are, at least one.
        counts: float64 [variables, places, 2]: weight of goods and of bads.
        woe: float64 [variables, places]: ln(share of goods / share of bads), smoothed.
        iv: float64 [variables]: information value.
        direction: int64 [variables]: 1 where the bad rate rises with the value, -1 where it falls,
            0 where there is one numeric bin or the bins are free.
        fixed: the variables whose cuts were set by hand.
    """

    names: tuple[str, ...]
    settings: BinSettings
    cuts: Floats
    filled: Ints
    counts: Floats
    woe: Floats
    iv: Floats
    direction: Ints
    fixed: frozenset[int]

    @property
    def numeric(self) -> int:
        """How many places there are for numeric bins."""
        return int(self.cuts.shape[1]) + 1

    def codes(self, sample: Sample) -> Reasons:
        """The place of each value: uint8 [variables, rows].

        A value that is NaN without a reason counts as undefined.

        Raises:
            BadInput: a variable that the sample lacks, or an infinite value; names it.
        """
        return placed(sample, self.names, (self.cuts, self.filled), self.settings)

    def transform(self, sample: Sample) -> Values:
        """The weight of evidence of each value: float32 [variables, rows]. Raises as ``codes``."""
        codes = self.codes(sample)
        from tael.risk.kernel import placing  # noqa: PLC0415 - numba loads when bins are used

        found = np.empty(codes.shape, dtype=np.float32)

        def work(first: int, last: int) -> None:
            placing.look_up(first, last, codes, self.woe, found)

        in_ranges(len(self.names), self.settings.threads, work)
        return found

    def binning(self, number: int) -> Binning:
        """The bins of one variable as a scorecard reads them.

        The kinds of missing are special codes there: -9999 no source, -9998 no event, -9997
        undefined (see ``at_edge``). A value that is not there at all counts as undefined.
        """
        filled, special = int(self.filled[number]), self.settings.special
        cuts = tuple(self.cuts[number, : filled - 1].tolist())
        places = [*range(filled), *range(self.numeric, self.woe.shape[1])]
        undefined = self.numeric + KINDS - 1
        counts = self.counts[number, places]
        rows = counts.sum(axis=1)
        rates = np.divide(counts[:, 1], rows, out=np.zeros(len(rows)), where=rows > 0)
        undefined_rate = float(rates[filled + KINDS - 1])
        feature = Feature(
            self.names[number],
            monotone=self._monotone(number),
            max_bins=self.numeric,
            min_share=self.settings.min_share,
            cuts=cuts if number in self.fixed else (),
            special=(*MISSING_CODES, *(float(np.float32(code)) for code in special)),
        )
        return Binning(
            feature,
            cuts,
            (),
            _rounded([*self.woe[number, places], self.woe[number, undefined]]),
            _rounded([*(rows / rows.sum()), 0.0]),
            _rounded([*rates, undefined_rate]),
            round(float(self.iv[number]), _DIGITS),
        )

    def describe(self, number: int) -> tuple[Words, ...]:
        """The bins of one variable in words, in the order of ``binning``, in both languages."""
        held = self.binning(number)
        inside = [held.describe(k) for k in range(len(held.cuts) + 1)]
        codes = [f"{code:g}" for code in self.settings.special]
        return (
            *(Words(zh=text, en=text) for text in inside),
            *_KINDS,
            *(Words(zh=f"代码 {code}", en=f"code {code}") for code in codes),
        )

    def _monotone(self, number: int) -> str:
        if self.settings.monotone == "free" or number in self.fixed:
            return "free"
        return {1: "rising", -1: "falling"}.get(int(self.direction[number]), "auto")


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)


def at_edge(sample: Sample) -> Floats:
    """The values as a scorecard's row carries them: float64 [variables, rows].

    A kind of missing becomes its code: -9999 no source, -9998 no event, -9997 undefined. A true
    value that equals a code moves to the next double towards zero, so as not to be read as one.
    """
    table = np.array([np.nan, *MISSING_CODES])
    values = sample.values.astype(np.float64)
    apart = np.where(np.isin(values, MISSING_CODES), np.nextafter(values, 0.0), values)
    found: Floats = np.where(
        sample.reasons > 0,
        table[np.minimum(sample.reasons, KINDS)],
        np.where(np.isnan(values), MISSING_CODES[-1], apart),
    )
    return found


def fit_bins(
    sample: Sample,
    settings: BinSettings = DEFAULT,
    *,
    signs: Mapping[str, str] | None = None,
    cuts: Mapping[str, Sequence[float]] | None = None,
    prebins: Prebins | None = None,
) -> Bins:
    """Bins, weight of evidence and information value of all variables.

    Pre-bins of about equal weight (``prebin``) are pooled to a monotone bad rate (pooled adjacent
    violators: Barlow, Bartholomew, Bremner and Brunk, Statistical Inference under Order
    Restrictions, 1972, 1.2), in the direction with more information or the one asked; then
    neighbours are merged while one is too small, there are too many, or Pearson's chi-square of
    their two-by-two table is at most ``difference`` (Kerber, ChiMerge, AAAI 1992). The kinds of
    missing and the special codes keep a bin each, however small.

    Weight of evidence and information value: Siddiqi, Credit Risk Scorecards, 2006, chapter 6,
    WOE = ln(goods_i / G : bads_i / B), IV = sum (goods_i / G - bads_i / B) WOE_i. In the logarithm
    ``prior_rows`` rows of the average are added to each bin: shrinkage towards zero.

    Rows whose outcome is not known are left out. A weight counts rows: weight two is the row twice.
    Weights that stand for a population should be scaled to a mean of one first, or noise passes for
    difference. The result depends neither on the order of rows nor on threads.

    Args:
        sample: the variables and outcomes.
        settings: how to bin.
        signs: by variable '+' where a higher value means more risk, '-' less, '' not known.
        cuts: hand-set cuts by variable; these bins are not merged.
        prebins: ``prebin`` of this sample, when it is there already: its pieces, special codes and
            hand-set cuts are taken.

    Raises:
        BadInput: one outcome only, too few bads, an infinite value (variable and row), a negative
            weight (row), wrong cuts or signs, or numba is not installed.
    """
    used = checked_outcome(sample, settings.least_bads)
    if prebins and cuts:
        raise BadInput(
            "pre-bins bring their cuts: hand these to prebin", field="cuts", rule="one or the other"
        )
    held = prebins or prebin(sample, settings, used=used, cuts=cuts)
    check_prebins(held, sample, settings)
    return _fitted(sample, settings, held, directions(held, settings, signs))


def _fitted(sample: Sample, settings: BinSettings, held: Prebins, wanted: Ints) -> Bins:
    from tael.risk.kernel import merging  # noqa: PLC0415 - numba loads when something is binned

    goods, bads, unit = labelled_weights(sample)
    rule = rule_of(held, settings, unit * (goods.sum() + bads.sum()), unit)
    counted = merging.Counted(
        held.codes, held.filled, wanted, goods[None], bads[None], 0.0, np.empty((0, 0), np.int32)
    )
    variables = len(held.names)
    out = merging.Fitted(
        np.zeros((variables, held.width), dtype=np.uint8),
        np.zeros((variables, rule.numeric + held.width - held.most, 2)),
        np.zeros(variables, dtype=np.int64),
        np.zeros(variables, dtype=np.int64),
        np.zeros(variables),
    )

    def work(first: int, last: int) -> None:
        merging.fit(first, last, rule, counted, out)

    in_ranges(variables, settings.threads, work)
    return Bins(
        held.names,
        settings,
        _final_cuts(held, out.groups, rule.numeric),
        out.filled,
        out.counts,
        _woe(out.counts, settings.prior_rows),
        out.values,
        out.directions,
        held.fixed,
    )


def _final_cuts(held: Prebins, groups: Reasons, numeric: int) -> Floats:
    """The edges at which the bin changes."""
    cuts = np.full((len(held.names), numeric - 1), np.inf)
    inside = np.arange(held.most - 1) < held.filled[:, None] - 1
    below = groups[:, : held.most - 1]
    variable, piece = np.nonzero(inside & (groups[:, 1 : held.most] > below))
    cuts[variable, below[variable, piece]] = held.edges[variable, piece]
    return cuts


def _woe(counts: Floats, prior: float) -> Floats:
    totals = counts.sum(axis=1, keepdims=True)
    smooth = counts + prior * totals / totals.sum(axis=2, keepdims=True)
    shares = smooth / totals
    held = counts.sum(axis=2) > 0
    return np.log(np.where(held, shares[:, :, 0] / shares[:, :, 1], 1.0))
