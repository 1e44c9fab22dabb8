"""Watch a model at work: drift, ranks, calibration, early bads, alarms on intervals, and a page.

watched = monitor(Scored(training, pd_of_folds), Scored(months, pd), Settings(as_of=today))
watched.alarms
page(watched).write(Path("monitoring.html"), "zh")
"""

from tael.risk.monitoring.expected import Expected, expected, expected_auc
from tael.risk.monitoring.inputs import EARLY, Period, Scored, Settings
from tael.risk.monitoring.page import page
from tael.risk.monitoring.result import (
    ACT,
    WATCH,
    Alarm,
    Drift,
    EarlyRate,
    Figures,
    Monitoring,
    Reference,
    SourceDrift,
    VintageCurve,
)
from tael.risk.monitoring.thresholds import Limit, Thresholds
from tael.risk.monitoring.watch import monitor
from tael.risk.monitoring.words import source_words

__all__ = [
    "ACT", "EARLY", "WATCH", "Alarm", "Drift", "EarlyRate", "Expected", "Figures", "Limit",
    "Monitoring", "Period", "Reference", "Scored", "Settings", "SourceDrift", "Thresholds",
    "VintageCurve", "expected", "expected_auc", "monitor", "page", "source_words",
]  # fmt: skip
