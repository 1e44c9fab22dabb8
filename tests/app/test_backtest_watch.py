"""The process that makes a back-test is stopped when it is cancelled or the server ends."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from tael.app.backtest_files import Asked, RunFolder, RunId, RunState, Tried
from tael.app.backtest_watch import in_process
from tael.kernel import OutsideFailure
from tael.policies import first_bundle

pytestmark = pytest.mark.slow
AT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """One that was asked for, on a history that is not there."""
    asked = Asked(
        RunId.new(AT), (Tried("ver", "first"),), "nowhere", False, "2025-12-31", "0.24", "usr", AT
    )
    found = RunFolder(tmp_path / asked.id)
    found.ask(asked, [first_bundle("{}")])
    return found


def test_one_that_is_cancelled_is_stopped_at_once(folder: RunFolder) -> None:
    folder.cancel("usr", AT)
    began = time.monotonic()
    in_process(folder, folder.path / "nowhere", Event())
    assert time.monotonic() - began < 5
    run = folder.run()
    assert run is not None
    assert (run.state, folder.get("found")) == (RunState.CANCELLED, None)


def test_a_server_that_ends_stops_it_and_takes_it_up_later(folder: RunFolder) -> None:
    halt = Event()
    halt.set()
    with pytest.raises(OutsideFailure) as stopped:
        in_process(folder, folder.path / "nowhere", halt)
    assert stopped.value.retryable
    run = folder.run()
    assert run is not None
    assert run.state is RunState.WAITING


def test_what_the_process_could_not_do_stands_in_the_folder(folder: RunFolder) -> None:
    in_process(folder, folder.path / "nowhere", Event())
    assert "nowhere has no history" in folder.get("failure")["message"]
    assert (folder.path / "errors.txt").read_bytes() == b""
