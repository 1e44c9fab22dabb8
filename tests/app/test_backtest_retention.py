"""Folders of back-tests go when they are old and no version rests on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tael.app.backtest_files import Asked, RunFolder, RunId, RunState, Tried
from tael.app.backtests import Backtests
from tael.kernel import Day, FixedClock
from tael.policies.model import Event, EventKind, PolicyState

START = Day(2026, 1, 5)
DAYS = 100


class Versions:
    """The desk of versions as far as the retention asks: one version with its events."""

    def __init__(self, state: PolicyState, retired_at: Any, results: list[str]) -> None:
        self.one: Any = type("Version", (), {"id": "v", "state": state, "retired_at": retired_at})
        self.results = results

    def versions(self, work: Any) -> list[Any]:
        assert work
        return [self.one]

    def timeline(self, work: Any) -> list[Event]:
        at = work.clock.now()
        return [
            Event(self.one.id, number, EventKind.BACKTESTED, at, "usr",
                  record=json.dumps({"history": "h", "result": result}))
            for number, result in enumerate(self.results)
        ]  # fmt: skip


class Working:
    """A unit of work that keeps what is noted."""

    def __init__(self) -> None:
        self.clock = FixedClock.on(START.plus_days(DAYS + 50))
        self.noted: list[tuple[str, str]] = []

    def audit(self, action: str, subject: str, detail: Any) -> None:
        assert set(detail) == {"result"}
        self.noted.append((action, subject))


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., RunFolder]:
    """Makes folders of back-tests that ended ``age`` days ago as they are told to."""

    def one(age: int, result: str = "", state: RunState | None = RunState.DONE) -> RunFolder:
        at = Working().clock.now() - timedelta(days=age)
        asked = Asked(RunId.new(at), (Tried("v", "first"),), "year", False, "", "0.24", "usr", at)
        folder = RunFolder(tmp_path / "backtests" / asked.id)
        folder.ask(asked, [])
        if result:
            folder.found({"result_hash": result, "versions": []})
        if state is RunState.CANCELLED:
            folder.cancel("usr", at)
        elif state is not None:
            folder.end(state, at, recorded=bool(result))
        return folder

    return one


def kept(home: Path, desk: Versions) -> tuple[set[str], Working]:
    work = Working()
    backtests = Backtests(home, desk, None, days=DAYS)  # type: ignore[arg-type]
    before = len(backtests.runs())
    gone = backtests.purge(work)  # type: ignore[arg-type]
    left = {str(run.id) for run in backtests.runs()}
    assert gone == before - len(left) == len(work.noted)
    assert backtests.purge(work) == 0  # type: ignore[arg-type]
    assert not (home / "backtests.deleted").exists()
    return left, work


def test_old_ones_go_and_young_or_unfinished_ones_stay(
    tmp_path: Path, made: Callable[..., RunFolder]
) -> None:
    old = [made(DAYS + 1, "a"), made(DAYS + 1, "", RunState.FAILED),
           made(DAYS + 1, "", RunState.CANCELLED)]  # fmt: skip
    young = [made(DAYS - 1, "b"), made(DAYS + 40, "", None)]
    left, work = kept(tmp_path, Versions(PolicyState.DRAFT, None, []))
    assert left == {one.path.name for one in young}
    assert set(work.noted) == {("backtest.deleted", one.path.name) for one in old}
    assert not any(one.path.exists() for one in old)


@pytest.mark.parametrize(
    ("state", "retired_days", "stays"),
    [
        (PolicyState.BACKTESTED, None, True),
        (PolicyState.APPROVED, None, True),
        (PolicyState.DEPLOYED, None, True),
        (PolicyState.RETIRED, DAYS - 1, True),
        (PolicyState.RETIRED, DAYS + 1, False),
    ],
)
def test_what_a_version_rests_on_stays_as_long_as_the_version(
    tmp_path: Path,
    made: Callable[..., RunFolder],
    state: PolicyState,
    retired_days: int | None,
    stays: bool,  # noqa: FBT001 - a column of the table
) -> None:
    named, other = made(DAYS + 30, "named"), made(DAYS + 30, "other")
    now = Working().clock.now()
    at = None if retired_days is None else now - timedelta(days=retired_days)
    left, _ = kept(tmp_path, Versions(state, at, ["named"]))
    assert (named.path.name in left) is stays
    assert other.path.name not in left


def test_what_an_earlier_life_left_over_goes_too(
    tmp_path: Path, made: Callable[..., RunFolder]
) -> None:
    made(1, "a")
    left_over = tmp_path / "backtests.deleted" / "backtest_x"
    left_over.mkdir(parents=True)
    left, _ = kept(tmp_path, Versions(PolicyState.DRAFT, None, []))
    assert len(left) == 1
