"""Bins, weight of evidence and information value of thousands of variables at once.

    bins = fit_bins(sample, BinSettings(max_bins=6))
    bins.iv, bins.transform(later), bins.binning(0)

One sort a variable (``prebin``) serves the bins, their value under permuted labels, their value by
vintage, the AUC of each variable alone and the shifts of ``tael.risk.psi``. Needs numba (the extra
'models'), which is loaded when something is binned.
"""

from tael.risk.bins.cuts import read_cuts
from tael.risk.bins.fitting import Bins, at_edge, fit_bins
from tael.risk.bins.judging import ByGroup, Null, aucs, era_aucs, iv_by, permutation_null
from tael.risk.bins.prebins import Prebins, prebin
from tael.risk.bins.settings import MISSING_CODES, BinSettings

__all__ = [
    "MISSING_CODES", "BinSettings", "Bins", "ByGroup", "Null", "Prebins", "at_edge", "aucs",
    "era_aucs", "fit_bins", "iv_by", "permutation_null", "prebin", "read_cuts",
]  # fmt: skip
