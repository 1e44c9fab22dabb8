"""Whether a rival gives our values: exactly where only counting and picking is done."""

from __future__ import annotations

import numpy as np

from variables_rivals.workload import COLUMNS, Answers

# The largest relative difference; what is named nowhere must be equal. Doubles differ by their last
# bits where others divide in another order, and by more where they subtract sums of squares.
RELATIVE = {
    **dict.fromkeys(("mean", "days_since_last", "days_since_first", "gap_mean"), 1e-12),
    **dict.fromkeys(("share_amount", "share_count", "velocity"), 1e-12),
    **dict.fromkeys(("std", "cv", "slope"), 1e-6),
}


def compared(answers: Answers, ours: np.ndarray) -> dict[str, object]:
    """Findings on the borrowers and columns that the rival handed in.

    Args:
        answers: the rival's.
        ours: float64[borrowers, columns of `COLUMNS`] of the same borrowers.
    """
    mine = ours[:, answers.columns]
    names = np.array([COLUMNS[column][2] for column in answers.columns])
    missing = int((np.isnan(mine) != np.isnan(answers.values)).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.abs(answers.values - mine)
        relative = np.where(apart == 0, 0.0, apart / np.abs(mine))
    relative[np.isnan(mine)] = 0.0
    worst = {
        str(name): float(relative[:, names == name].max(initial=0.0)) for name in np.unique(names)
    }
    beyond = [name for name, found in worst.items() if found > RELATIVE.get(name, 0.0)]
    return {
        "equal": not missing and not beyond and mine.size > 0,
        "borrowers": len(mine),
        "variables": len(answers.columns),
        "missing_differs": missing,
        "beyond_limit": beyond,
        "largest_relative_difference": max(worst.values(), default=0.0),
    }
