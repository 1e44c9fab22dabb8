"""A real loan book played through the platform: train, decide, price, book, and compare.

    request = Request(Path("loans.parquet"), load_mapping("sba-7a"), Day(2004, 12, 31))
    with progress_bars(console) as watch:
        result = replay(request, watch)
    show(result, console)
    write_report(result, Path("out"))

Nothing known only after a decision reaches model, price or disbursement (see ``mapping``). Read the
files in this order: model, mapping, reader, train, ranking, decide, lives, book, play, report.
"""

from tael.app.replay.mapping import BookMapping, load_mapping, shipped_mappings
from tael.app.replay.output import write_report
from tael.app.replay.play import ReplayResult, Request, Watcher, replay
from tael.app.replay.summary import to_json
from tael.app.replay.terminal import progress_bars, show

__all__ = [
    "BookMapping",
    "ReplayResult",
    "Request",
    "Watcher",
    "load_mapping",
    "progress_bars",
    "replay",
    "shipped_mappings",
    "show",
    "to_json",
    "write_report",
]
