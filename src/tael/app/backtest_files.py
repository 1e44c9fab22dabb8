"""One back-test of an installation as a folder: what was asked, how far it is, how it ended.

``asked.json`` with the policies' texts in ``bundles.json`` is written first; ``progress.json``
while it runs; ``found.json`` and ``result/`` or ``failure.json`` by the process that does the work;
and ``outcome.json`` last. ``cancelled.json`` stops it. Files appear whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from tael.kernel import Id, TaelError
from tael.policies import Bundle

RESULT = "result"
_LONGEST_WHY = 2000


class RunId(Id):
    """Names a back-test that was asked for."""

    prefix = "backtest"


class RunState(Enum):
    """Asked for, at work, or ended one of three ways."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Tried:
    """A version that is tried: its id, and the name it has among the others."""

    version: str
    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for.

    Attributes:
        id: of the back-test.
        versions: the one that is tried, then those it is held against.
        history: name of the history.
        sensitivity: whether thresholds are moved.
        as_of: the last day whose news count, or '' for the history's last.
        cap: the all-in cap a year, a fraction, as text.
        by: id of who asked.
        at: when, UTC.
    """

    id: RunId
    versions: tuple[Tried, ...]
    history: str
    sensitivity: bool
    as_of: str
    cap: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """Why it did not end well, in the words of the refusal."""

    message: str
    field: str = ""
    rule: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A back-test as it stands.

    Attributes:
        asked: what was asked for.
        state: how far it is.
        progress: what is done, how many of it, of how many; None before the first.
        failure: why it failed.
        found: hashes, figures by version and files of one that is done; empty before.
        recorded: whether it was kept with the version as its back-test.
        ended_at: when it ended, UTC; None before.
    """

    asked: Asked
    state: RunState
    progress: tuple[str, int, int] | None = None
    failure: Failure | None = None
    found: Mapping[str, Any] | None = None
    recorded: bool = False
    ended_at: datetime | None = None

    @property
    def id(self) -> RunId:
        """Its id."""
        return self.asked.id

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state not in (RunState.WAITING, RunState.RUNNING)


class RunFolder:
    """The folder of one back-test."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ask(self, asked: Asked, bundles: Sequence[Bundle]) -> None:
        """Write down what is asked for; it appears when it is complete."""
        self.path.mkdir(parents=True)
        self._put("bundles", [asdict(bundle) for bundle in bundles])
        self._put("asked", {**asdict(asked), "at": asked.at.isoformat()})

    def asked(self) -> Asked | None:
        """What was asked for; None where that was not written to the end."""
        told = self.get("asked")
        if told is None:
            return None
        versions = tuple(Tried(**each) for each in told["versions"])
        at = datetime.fromisoformat(told["at"])
        return Asked(**{**told, "id": RunId(told["id"]), "versions": versions, "at": at})

    def bundles(self) -> list[Bundle]:
        """The texts of the versions, in their order."""
        return [Bundle(**each) for each in self.get("bundles") or []]

    def run(self) -> Run | None:
        """The back-test as it stands; None of a folder that is none."""
        asked = self.asked()
        if asked is None:
            return None
        outcome, progress = self.get("outcome"), self.get("progress")
        far = None if progress is None else (progress["what"], progress["done"], progress["of"])
        if outcome is None:
            cancelled = self.get("cancelled")
            if cancelled is not None:
                at = datetime.fromisoformat(cancelled["at"])
                return Run(asked, RunState.CANCELLED, far, ended_at=at)
            return Run(asked, RunState.RUNNING if far else RunState.WAITING, far)
        failure = outcome.get("failure")
        return Run(
            asked,
            RunState(outcome["state"]),
            far,
            Failure(**failure) if failure else None,
            self.get("found") if outcome["state"] == RunState.DONE.value else None,
            bool(outcome.get("recorded")),
            datetime.fromisoformat(outcome["at"]),
        )

    def progress(self, what: str, done: int, of: int) -> None:
        """Tell how far it is."""
        self._put("progress", {"what": what, "done": done, "of": of})

    def found(self, told: Mapping[str, object]) -> None:
        """Keep what was found."""
        self._put("found", told)

    def failed(self, error: TaelError | str) -> None:
        """Keep why it failed."""
        self._put("failure", asdict(_failure(error)))

    def cancel(self, by: str, at: datetime) -> None:
        """Ask for its end."""
        self._put("cancelled", {"by": by, "at": at.isoformat()})

    @property
    def cancelled(self) -> bool:
        """Whether its end was asked for."""
        return (self.path / "cancelled.json").exists()

    def end(self, state: RunState, at: datetime, *, recorded: bool = False) -> None:
        """Write down how it ended."""
        failure = self.get("failure") if state is RunState.FAILED else None
        told = {"state": state.value, "at": at.isoformat(), "recorded": recorded}
        self._put("outcome", {**told, "failure": failure})

    def get(self, name: str) -> Any:
        """What stands in a file; None where there is none."""
        path = self.path / f"{name}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def _put(self, name: str, told: object) -> None:
        path = self.path / f"{name}.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        new.replace(path)


def _failure(error: TaelError | str) -> Failure:
    if isinstance(error, str):
        return Failure(error[:_LONGEST_WHY])
    return Failure(error.message[:_LONGEST_WHY], error.field or "", error.rule or "", error.code)
