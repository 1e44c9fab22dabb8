"""Calibration: from a score to a probability of default, and how well it met what happened.

calibrator = Calibrator().fit(log_odds, bad)       # log odds of folds or of later rows
calibrator.pd(log_odds)
gaps_by(Judged.of(bad, pd), year_names(sample.vintage))
"""

from tael.risk.calibration.calibrator import LEAST_BADS, Calibrator, method_for
from tael.risk.calibration.cohorts import Cohort, Maturity, latest_matured, matured
from tael.risk.calibration.curve import Curve, mean_shift
from tael.risk.calibration.intervals import (
    expected_to_observed,
    jeffreys,
    jeffreys_test,
    poisson,
    upper_bound,
)
from tael.risk.calibration.judge import (
    GAP_COLUMNS,
    NORMAL_BAND,
    Brier,
    Gap,
    Judged,
    Line,
    brier,
    calibration_line,
    expected_calibration_error,
    gap_lines,
    gap_rows,
    gaps_by,
    hosmer_lemeshow,
    month_names,
    reliability_curve,
    verdict_of,
    year_names,
)

__all__ = [
    "GAP_COLUMNS", "LEAST_BADS", "NORMAL_BAND", "Brier", "Calibrator", "Cohort", "Curve", "Gap",
    "Judged", "Line", "Maturity", "brier", "calibration_line", "expected_calibration_error",
    "expected_to_observed", "gap_lines", "gap_rows", "gaps_by", "hosmer_lemeshow", "jeffreys",
    "jeffreys_test", "latest_matured", "matured", "mean_shift", "method_for", "month_names",
    "poisson", "reliability_curve", "upper_bound", "verdict_of", "year_names",
]  # fmt: skip
