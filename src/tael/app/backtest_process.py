"""The process that makes one back-test: ``python -m tael.app.backtest_process FOLDER HISTORY``.

It needs no database: the texts stand in the folder. It ends when the one that began it ends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

from tael.app.backtest_files import RESULT, Asked, RunFolder
from tael.kernel import Day, Rate, SystemClock, TaelError
from tael.policies.backtest import (
    Backtest,
    Economics,
    Settings,
    Steps,
    Version,
    Written,
    backtest,
    history_hash,
    last_day,
    open_history,
    write,
)
from tael.report import Words

_TELL_S = 0.25
_LATER = 10  # how much later than the server it gets a processor


def main(folder: Path, history: Path) -> int:
    """What the process does; 0 when the back-test was made."""
    Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_LATER)
    return make(RunFolder(folder), history)


def make(place: RunFolder, history: Path) -> int:
    """Make the back-test of a folder; what was found, or why not, stands in it. 0: it was made."""
    asked = place.asked()
    if asked is None:
        return 2
    place.progress("read", 0, 1)
    try:
        place.found(_made(place, asked, history))
    except TaelError as error:
        place.failed(error)
        return 1
    except Exception as error:  # noqa: BLE001 - the edge of the process: whoever asked is told
        place.failed(f"{type(error).__name__}: {error}")
        return 1
    return 0


def _made(place: RunFolder, asked: Asked, history: Path) -> dict[str, object]:
    versions = _versions(place, asked)
    found = backtest(history, versions, _settings(asked, history), _telling(place))
    place.progress("written", 0, 1)
    source = Words(f"{asked.history} 的历史申请", f"past applications of {asked.history}")
    told = Written(tuple(versions), source, SystemClock().now(), parts=True)
    names = [path.name for path in write(found, place.path / RESULT, told)]
    return {
        "history_hash": history_hash(open_history(history)),
        "result_hash": found.result_hash,
        "applications": len(found.cases),
        "key_figures": found.key_figures(),
        "versions": _in_short(found),
        "files": [name for name in names if not name.startswith("parts.")],
        "parts": [name for name in names if name.startswith("parts.")],
    }


def _versions(place: RunFolder, asked: Asked) -> list[Version]:
    pairs = zip(asked.versions, place.bundles(), strict=True)
    return [Version(tried.name, bundle) for tried, bundle in pairs]


def _settings(asked: Asked, history: Path) -> Settings:
    day = Day.parse(asked.as_of) if asked.as_of else last_day(open_history(history))
    economics = Economics(day, cap=Rate(Decimal(asked.cap)))
    return Settings(economics, steps=Steps() if asked.sensitivity else None)


def _in_short(found: Backtest) -> list[dict[str, Any]]:
    """What the list of back-tests says of each version."""
    return [
        {
            "name": told.name,
            "approved": told.overall.approved,
            "approval": told.overall.approval,
            "bad_rate": told.overall.bad_rate,
            "interval": told.overall.bad_interval,
            "known": told.overall.known,
        }
        for told in found.versions
    ]


def _telling(place: RunFolder) -> Callable[[str, int, int], None]:
    """Writes progress down, a few times a second at most."""
    last = {"": 0.0}

    def tell(what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if what not in last or done == of or now - last[what] >= _TELL_S:
            last[what] = now
            place.progress(what, done, of)

    return tell


def _end_with_parent() -> None:
    # Not through the buffer: its lock would be held when this process ends by itself.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
