"""Bins of one variable by optimisation, for the few dozen of a last scorecard. By optbinning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tael.kernel import BadInput
from tael.risk.binning import Binning, Feature, fit_binning
from tael.risk.columns import Column, Floats, numbers
from tael.risk.extras import need

_TRENDS = {"auto": "auto_asc_desc", "rising": "ascending", "falling": "descending", "free": None}


def refined(feature: Feature, values: Column, bad: Floats, weight: Floats) -> Binning:
    """The bins with the most information that the feature's limits allow.

    The cuts come from mixed-integer programming: Navas-Palencia, Optimal binning: mathematical
    programming formulation, arXiv 2001.08025, 2020. Counts, weights of evidence and the missing
    are ours; the cuts stand in the feature as if set by hand, so that a card keeps them.

    Args:
        feature: numeric, without hand-set cuts.
        values: [rows].
        bad: float64 [rows], 1 or 0.
        weight: float64 [rows], mean one, as ``fit_binning``.

    Raises:
        BadInput: a categorical feature, one with cuts, a value that is not a number, no cuts found,
            or optbinning is not installed (extra 'refine').
    """
    if feature.kind != "numeric" or feature.cuts:
        raise BadInput(
            f"only a numeric variable without cuts is refined, not {feature.name!r}",
            field=feature.name,
            rule="numeric, no cuts",
        )
    optbinning = need("optbinning", "refine")
    floats = numbers(values, feature.name)
    seen = ~np.isnan(floats) & ~np.isin(floats, feature.special)
    search = optbinning.OptimalBinning(
        name=feature.name,
        dtype="numerical",
        solver="cp",
        max_n_bins=feature.max_bins,
        min_bin_size=feature.min_share,
        monotonic_trend=_TRENDS[feature.monotone],
    )
    search.fit(floats[seen], bad[seen].astype(np.int64), sample_weight=weight[seen])
    cuts = tuple(float(cut) for cut in search.splits)
    if not cuts:
        raise BadInput(
            f"no cut of {feature.name!r} keeps its limits",
            field=feature.name,
            rule="two bins or more",
        )
    return fit_binning(replace(feature, cuts=cuts), floats, bad, weight)
