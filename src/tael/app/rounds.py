"""What a served installation does by itself: jobs run, days are closed in order, facts go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Self

import structlog

from tael.app.banks import open_wires
from tael.app.handlers import handlers
from tael.app.installation import Installation
from tael.app.jobs import ask_to_close, company_jobs
from tael.app.store import last_closed, note_closed
from tael.app.upkeep import Purge
from tael.funding import BankClient
from tael.kernel import Day, PartnerId, day_of
from tael.platform import SYSTEM, Outbox, Work, Worker, job_status, retry_job
from tael.policies.live import run_shadows

# More days than this are not made up for unasked: the clock of the machine may be wrong, and a day
# that was closed stays closed.
MOST_DAYS_BEHIND = 31
_PAUSE_S = 1.0
_GOODBYE_S = 3
_RETRY_FAILED = timedelta(hours=1)
_log = structlog.get_logger(__name__)


class Rounds:
    """Goes its rounds in a thread of its own; as a context it starts and stops.

    Args:
        house: the installation.
        banks: the wire to each partner bank.
        catch_up: make up for any number of days.
        pause_s: between two rounds.
    """

    def __init__(
        self,
        house: Installation,
        banks: Mapping[PartnerId, BankClient],
        *,
        catch_up: bool = False,
        pause_s: float = _PAUSE_S,
    ) -> None:
        self._house = house
        self._outbox = Outbox(house.database)
        self._handlers = handlers(house, banks)
        self._catch_up = catch_up
        self._pause_s = pause_s
        self._warned = False
        self._retried: dict[str, datetime] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._go, name="tael-rounds", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(_GOODBYE_S)

    def once(self) -> Day | None:
        """One round: facts that wait are delivered; returns the day whose end was asked for."""
        with self._house.database.begin(SYSTEM) as work:
            waiting = self._outbox.waiting(work)
        if waiting:
            self._outbox.deliver(self._handlers)
        self._shadow()
        with self._house.database.begin(SYSTEM) as work:
            day = self._day_to_close(work)
            if day is not None:
                self._retry_if_failed(work, ask_to_close(work, day))
        return day

    def _shadow(self) -> None:
        """Shadow versions look at the decisions that were made since."""
        policies = self._house.policies
        with self._house.database.begin(SYSTEM) as work:
            deployment = policies.deployed(work)
            if deployment is not None and deployment.shadows:
                run_shadows(work, self._house.lane, deployment)

    def _go(self) -> None:
        while not self._stopping.is_set():
            try:
                self.once()
            except Exception as error:  # noqa: BLE001 - the edge of the thread: the next round goes on
                _log.warning("a round was cut short", error=f"{type(error).__name__}: {error}")
            self._stopping.wait(self._pause_s)

    def _day_to_close(self, work: Work) -> Day | None:
        """The day after the last closed one, when it is over: one at a time keeps their order."""
        yesterday = day_of(work.clock.now(), self._house.settings.zone).plus_days(-1)
        last = last_closed(work)
        if last is None:  # a new installation begins today
            note_closed(work, yesterday)
            return None
        behind = last.days_until(yesterday)
        if behind > MOST_DAYS_BEHIND and not self._catch_up:
            if not self._warned:
                _log.warning(
                    "too many days to catch up; start with --catch-up if the clock is right",
                    last_closed=last.isoformat(),
                    days=behind,
                )
            self._warned = True
            return None
        return last.plus_days(1) if behind > 0 else None

    def _retry_if_failed(self, work: Work, key: str) -> None:
        """A day that failed holds up those after it: again at the start, and every hour."""
        if job_status(work, key).state.value != "failed":
            return
        now = work.clock.now()
        before = self._retried.get(key)
        if before is None or now - before >= _RETRY_FAILED:
            retry_job(work, key)
            self._retried[key] = now


@contextmanager
def at_work(
    house: Installation, *, catch_up: bool = False, purges: Sequence[Purge] = ()
) -> Iterator[Rounds]:
    """A worker for the jobs of ``house`` in this process, and its rounds, not begun yet.

    Raises:
        OutsideFailure: another process works under this name.
    """
    with open_wires(house) as banks:
        jobs = company_jobs(house, banks, purges)
        worker = Worker(house.database, jobs, name=house.settings.worker_name)
        house.backtests.halt.clear()
        worker.start()
        try:
            yield Rounds(house, banks, catch_up=catch_up)
        finally:
            house.backtests.halt.set()
            worker.stop(finish_s=_GOODBYE_S)
