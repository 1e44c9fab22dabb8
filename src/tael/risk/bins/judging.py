"""What a funnel asks of bins: their value by group, under permuted labels, and AUCs alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.bins.counting import check_prebins, directions, labelled_weights, rule_of
from tael.risk.bins.fitting import Bins
from tael.risk.bins.prebins import Prebins, prebin
from tael.risk.bins.settings import DEFAULT, BinSettings, checked_outcome, in_ranges
from tael.risk.sample import Bools, Floats, Ints, Reasons, Sample

_DRAWN = 1 << 24  # labels drawn at a time


@dataclass(frozen=True, eq=False)
class ByGroup:
    """Fixed bins judged on groups of rows.

    Attributes:
        groups: int64 [groups], ascending.
        iv: float64 [variables, groups]: information value of the group's own counts; NaN where a
            group lacks goods or bads.
        auc: float64 [variables, groups]: how the fitted weight of evidence ranks the group. Above
            one half the direction holds, below it is turned; NaN as above.
    """

    groups: Ints
    iv: Floats
    auc: Floats


def iv_by(
    sample: Sample, bins: Bins, groups: npt.ArrayLike, *, codes: Reasons | None = None
) -> ByGroup:
    """Information value and ranking of fixed bins by group, for instance by vintage.

    Args:
        sample: rows with outcomes; those whose outcome is not known are left out.
        bins: from the whole training period.
        groups: int [rows], for instance ``sample.vintage``.
        codes: ``bins.codes(sample)``, when it is there already.

    Raises:
        BadInput: as ``fit_bins``, or one group a row is not given.
    """
    used = checked_outcome(sample, 1)
    labels, place = groups_of(groups, used)
    held = bins.codes(sample) if codes is None else codes
    from tael.risk.kernel import grouping  # noqa: PLC0415 - numba loads when something is binned

    goods, bads, unit = labelled_weights(sample)
    given = grouping.Grouped(held, place, np.vstack([goods, bads]), unit, bins.settings.prior_rows)
    out = np.empty((len(bins.names), len(labels))), np.empty((len(bins.names), len(labels)))

    def work(first: int, last: int) -> None:
        grouping.judge(first, last, given, bins.woe, out)

    in_ranges(len(bins.names), bins.settings.threads, work)
    return ByGroup(labels, *out)


def groups_of(groups: npt.ArrayLike, used: Bools) -> tuple[Ints, Ints]:
    """The groups that occur, ascending, and the number of each row's; -1 where not used."""
    given = np.asarray(groups)
    if given.shape != used.shape or given.dtype.kind not in "iu":
        raise BadInput(
            f"groups are {given.shape} of {given.dtype}, {used.shape} whole numbers asked",
            field="groups",
            rule="one whole number a row",
        )
    labels, place = np.unique(given[used].astype(np.int64), return_inverse=True)
    numbers = np.full(len(used), -1)
    numbers[used] = place
    return labels, numbers


@dataclass(frozen=True, eq=False)
class Null:
    """Information values that chance alone gives.

    Attributes:
        iv: float64 [draws, variables]: of bins fitted to permuted outcomes.
    """

    iv: Floats

    def quantile(self, level: float) -> float:
        """Over all draws and variables: the value that chance exceeds in 1 - ``level``."""
        return float(np.quantile(self.iv, level))

    def of_each(self, level: float) -> Floats:
        """The same for each variable on its own: float64 [variables]."""
        found: Floats = np.quantile(self.iv, level, axis=0)
        return found


def permutation_null(
    sample: Sample,
    settings: BinSettings = DEFAULT,
    times: int = 20,
    seed: int = 0,
    *,
    prebins: Prebins | None = None,
) -> Null:
    """Information values of all variables with outcomes that have nothing to do with them.

    Outcomes are permuted among the rows together with their weights, so that weights that depend
    on the outcome do not look like information; bins are merged anew for each draw. Good,
    Permutation Tests, 2000, chapter 3. The same seed gives the same values whatever the order of
    rows. Directions handed in as signs are not used: chance has none.

    Raises:
        BadInput: as ``fit_bins``, or ``times`` below one.
    """
    if times < 1:
        raise BadInput(f"times is {times}, 1 or more asked", field="times", rule="bounds")
    used = checked_outcome(sample, settings.least_bads)
    held = prebins or prebin(sample, settings, used=used)
    check_prebins(held, sample, settings)
    wanted = directions(held, settings, None)
    from tael.risk.kernel import merging  # noqa: PLC0415 - numba loads when something is binned

    goods, bads, unit = labelled_weights(sample)
    rule = rule_of(held, settings, unit * (goods.sum() + bads.sum()), unit)
    draws = _Draws(
        np.random.Generator(np.random.PCG64(seed)), _used_rows(sample, used), goods, bads
    )
    found = np.empty((times, len(held.names)))
    step = max(1, _DRAWN // sample.rows)
    for first in range(0, times, step):
        part = found[first : first + step]
        counted = merging.Counted(held.codes, held.filled, wanted, *draws.take(len(part)))
        in_ranges(
            len(held.names),
            settings.threads,
            partial(merging.null, rule=rule, given=counted, out=part),
        )
    return Null(found)


def _used_rows(sample: Sample, used: Bools) -> Ints:
    rows = canonical_rows(sample)
    return rows[used[rows]]


@dataclass(frozen=True, eq=False)
class _Draws:
    """Outcomes and their weights, permuted among ``rows``."""

    random: np.random.Generator
    rows: Ints
    goods: Floats
    bads: Floats

    def take(self, times: int) -> tuple[Floats, Floats, float, npt.NDArray[np.int32]]:
        """Weights of goods and of bads by draw; or these once, and the rows that are bad."""
        orders = [self.random.permutation(self.rows) for _ in range(times)]
        weights = np.unique((self.goods + self.bads)[self.rows])
        if len(weights) == 1:
            chosen = np.array([self.rows[self.bads[order] > 0] for order in orders], np.int32)
            return self.goods[None], self.bads[None], float(weights[0]), chosen
        drawn = np.zeros((2, times, len(self.goods)))
        for k, order in enumerate(orders):
            drawn[0, k, self.rows] = self.goods[order]
            drawn[1, k, self.rows] = self.bads[order]
        return drawn[0], drawn[1], 0.0, np.empty((0, 0), np.int32)


def canonical_rows(sample: Sample) -> Ints:
    """Row numbers in an order that does not depend on how the rows came.

    By borrower, instant, outcome and weight; equal ones by a sum over all their values.
    """
    _, borrower = np.unique(sample.borrower.astype(str), return_inverse=True)
    keys = [sample.weight, np.nan_to_num(sample.bad, nan=2.0), sample.asof, borrower]
    order = np.lexsort(keys)
    same = np.ones(len(order) - 1, dtype=np.bool_)
    for key in keys:
        same &= key[order][1:] == key[order][:-1]
    if not same.any():
        return order
    content = np.zeros(sample.rows, dtype=np.uint64)
    for values, reasons in zip(sample.values, sample.reasons, strict=True):
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
        content = content * np.uint64(0x9E3779B97F4A7C15) + bits + reasons
    return np.lexsort([content, *keys])


def aucs(sample: Sample, settings: BinSettings = DEFAULT) -> Floats:
    """AUC of each variable alone against ``bad``, folded above one half: float64 [variables].

    The missing rank all below or all above the others, whichever tells more: what leaks by being
    there at all is seen too. Mann and Whitney, Annals of Mathematical Statistics 18, 1947.

    Raises:
        BadInput: as ``fit_bins``.
    """
    return prebin(sample, settings, used=checked_outcome(sample, 1)).auc


def era_aucs(sample: Sample, settings: BinSettings = DEFAULT) -> Floats:
    """How well each variable alone tells the later half of the months from the earlier one.

    Folded above one half, as ``aucs``; near one it is the calendar in disguise. All rows with a
    weight count. One half where all rows are of one month.
    """
    return prebin(sample, settings).era_auc
