"""What the pages about back-tests need of the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from tael.kernel import VersionId
from tael.platform import Work


class HistoryOf(Protocol):
    """Past applications that policies may be tried on."""

    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def size(self) -> int: ...


class TriedOf(Protocol):
    """A version of a back-test."""

    @property
    def version(self) -> str: ...
    @property
    def name(self) -> str: ...


class AskedOf(Protocol):
    """What was asked for."""

    @property
    def versions(self) -> Sequence[TriedOf]: ...
    @property
    def history(self) -> str: ...
    @property
    def sensitivity(self) -> bool: ...
    @property
    def by(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class StateOf(Protocol):
    """How far it is."""

    @property
    def value(self) -> Any: ...


class FailureOf(Protocol):
    """Why it failed."""

    @property
    def message(self) -> str: ...
    @property
    def code(self) -> str: ...


class RunOf(Protocol):
    """A back-test as it stands."""

    @property
    def id(self) -> str: ...
    @property
    def asked(self) -> AskedOf: ...
    @property
    def state(self) -> StateOf: ...
    @property
    def progress(self) -> tuple[str, int, int] | None: ...
    @property
    def failure(self) -> FailureOf | None: ...
    @property
    def found(self) -> Mapping[str, Any] | None: ...
    @property
    def recorded(self) -> bool: ...
    @property
    def ended(self) -> bool: ...
    @property
    def ended_at(self) -> datetime | None: ...


class BacktestsOf(Protocol):
    """The back-tests of an installation."""

    @property
    def place(self) -> str: ...
    def histories(self) -> Sequence[HistoryOf]: ...
    def ask(
        self,
        work: Work,
        versions: Sequence[VersionId],
        history: str,
        *,
        sensitivity: bool = False,
        as_of: str = "",
    ) -> RunOf: ...
    def runs(self) -> Sequence[RunOf]: ...
    def run(self, run_id: str) -> RunOf: ...
    def cancel(self, work: Work, run_id: str) -> RunOf: ...
    def parts(self, run_id: str, locale: str) -> list[tuple[str, str]]: ...
    # The run is the one that `run` of the same object gave: its class is theirs.
    def files(self, run: Any) -> Mapping[str, int]: ...
    def file(self, run_id: str, name: str) -> Path: ...
