"""Any policy version against any history: what it would have decided, and how that went.

found = backtest(Path("history"), [Version("2026.2", bundle)], Settings(Economics(Day(2026, 1, 1))))
found.version("2026.2").overall.bad_rate, found.result_hash
write(found, Path("report"), Written(versions=versions))

Every application is decided as live, in columns (``verdict``); what came of it is counted in whole
minor units (``measures``); whom the version takes and leaves against what was decided then is its
swap set (``swaps``). One machine or a cluster give the same hash.
"""

from tael.policies.backtest.asked import Asked, asked_of, scored
from tael.policies.backtest.drive import Settings, backtest, backtest_on_cluster
from tael.policies.backtest.economics import Economics, read_economics
from tael.policies.backtest.files import Written, write
from tael.policies.backtest.history import (
    history_hash,
    last_day,
    open_history,
    score_field,
    with_segments,
)
from tael.policies.backtest.judge import Version
from tael.policies.backtest.measures import Figures
from tael.policies.backtest.result import Backtest
from tael.policies.backtest.scores import model_hash, probabilities
from tael.policies.backtest.sensitivity import Steps

__all__ = [
    "Asked", "Backtest", "Economics", "Figures", "Settings", "Steps", "Version", "Written",
    "asked_of", "backtest", "backtest_on_cluster", "history_hash", "last_day", "model_hash",
    "open_history", "probabilities", "read_economics", "score_field", "scored", "with_segments",
    "write",
]  # fmt: skip
