"""Selection of variables: a recorded funnel from thousands to exactly as many as wanted.

    funnel = select(training, SelectionSettings(wanted=1063))
    funnel.kept, funnel.reasons["ent.bank_tx.sales.in.90d.amount.sum"].words.en, funnel.hash
    refusal = funnel.check_test(later)

Needs numba and lightgbm (the extra 'models'), loaded when a funnel runs.
"""

from tael.risk.selection.eras import FutureColumn, future_columns
from tael.risk.selection.funnel import select
from tael.risk.selection.record import Fate, Funnel, Period, Step
from tael.risk.selection.settings import (
    Boosting,
    Clusters,
    Coverage,
    Leaks,
    Quotas,
    SelectionSettings,
    Stability,
    Strength,
)
from tael.risk.selection.words import STEPS, Relaxation

__all__ = [
    "STEPS", "Boosting", "Clusters", "Coverage", "Fate", "Funnel", "FutureColumn", "Leaks",
    "Period", "Quotas", "Relaxation", "SelectionSettings", "Stability", "Step", "Strength",
    "future_columns", "select",
]  # fmt: skip
