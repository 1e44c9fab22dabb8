"""The demo's run: day by day, with a note of the last finished day so that it can be cut off.

Every step is idempotent by key, and ids in the books are derived from the seed, so a run that was
killed and taken up again leaves the same journal as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from tael.app.daily import Daily
from tael.app.demo.company import SignIn, found_company, sign_in
from tael.app.demo.journey import Journey
from tael.app.demo.life import Lives
from tael.app.installation import Installation
from tael.app.invariants import check_invariants
from tael.app.lending import Lending
from tael.app.upkeep import seal_all
from tael.economy import Applicant, applicants
from tael.funding import BankClient
from tael.kernel import Day, FixedClock, OutsideFailure, PartnerId, check
from tael.platform import SYSTEM
from tael.sandbox import BankProcess
from tael.servicing import LoanQuery

_START = Day(2024, 10, 1)
# A few of the bank's answers come late, twice, or not at all, in thousandths of its keys.
_FAULTS = ("--late", "10", "--twice", "20", "--none", "10", "--error", "20", "--delay-ms", "300")
# A database that went away in the middle of a day comes back, and the day is played again.
_ATTEMPTS_A_DAY = 5
_BANK_TIMEOUT = timedelta(seconds=3)
_ROUNDS_AT_THE_BANK = 5


@dataclass(frozen=True)
class Story:
    """What is played: applicants of ``seed`` from ``start`` on, and the life of their loans."""

    seed: int = 7
    applications: int = 120
    per_month: int = 5
    months: int = 24
    start: Day = _START

    @property
    def end(self) -> Day:
        """The last day that is played."""
        return self.start.plus_months(self.months).plus_days(-1)


class Watcher(Protocol):
    """Is told how far the run has come."""

    def day(self, day: Day, *, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class Played:
    """What came of a run."""

    sign_in: SignIn
    as_of: Day
    applications: int
    loans: int
    journal_hash: str
    resumed_from: Day | None


def play(house: Installation, clock: FixedClock, story: Story, watcher: Watcher) -> Played:
    """Play ``story`` to its end, or go on where an earlier run was cut off."""
    state = house.settings.data_dir
    notebook = Notebook(state / "demo-progress.json", story)
    last = notebook.last_day()
    clock.move_to_day(last or story.start)
    partner_id = found_company(house, seed=story.seed, start=story.start)
    bank = BankProcess(state / "demo-bank.jsonl", options=_FAULTS)
    try:
        with BankClient(bank.start(), timeout=_BANK_TIMEOUT) as wire:
            _play_days(house, clock, Run(story, notebook, {partner_id: wire}), watcher)
    finally:
        bank.stop()
    with house.database.begin(SYSTEM) as work:
        rooms = house.rooms(work)
        journal_hash = rooms.ledger.content_hash()
        loans = len(rooms.servicing.store.find(LoanQuery(limit=1_000_000)))
    return Played(sign_in(house), story.end, story.applications, loans, journal_hash, last)


@dataclass(frozen=True)
class Run:
    """What one run has at hand."""

    story: Story
    notebook: Notebook
    banks: Mapping[PartnerId, BankClient]


def _play_days(house: Installation, clock: FixedClock, run: Run, watcher: Watcher) -> None:
    story = run.story
    lending = Lending(house, run.banks)
    lives = Lives(house)
    company = _Company(house, lending, Daily(house, lending), lives)
    people = list(applicants(story.seed, story.applications, story.start, story.per_month))
    first = run.notebook.next_day()
    waiting = _take_up(lives, house, lending, [one for one in people if one.applied_on < first])
    length = story.start.days_until(story.end) + 1
    for number in range(story.start.days_until(first), length):
        day = story.start.plus_days(number)
        clock.move_to_day(day)
        arriving = [one for one in people if one.applied_on == day]
        waiting = _play_day(company, day, [*waiting, *arriving])
        if day == day.month_end():
            _prove(house, day)
        run.notebook.finish(day)
        watcher.day(day, done=number + 1, total=length)
    # Each month end seals; what came after the last one waits for no night of a server.
    seal_all(house)


def _prove(house: Installation, day: Day) -> None:
    """What has to hold at a month end does.

    Raises:
        InvariantBroken: names all that does not.
    """
    broken = check_invariants(house, day, whole=False)
    check(not broken, "; ".join(broken))


@dataclass(frozen=True)
class _Company:
    """What acts on a day."""

    house: Installation
    lending: Lending
    daily: Daily
    lives: Lives


def _play_day(company: _Company, day: Day, people: Sequence[Applicant]) -> list[Applicant]:
    """One day, again from its start while the database goes away; who still waits for the bank.

    Raises:
        OutsideFailure: the database went away every time.
    """
    for attempt in range(1, _ATTEMPTS_A_DAY + 1):
        try:
            waiting = _journeys(company, people)
            company.lives.play(day)
            company.daily.run(day)
        except OutsideFailure:
            if attempt == _ATTEMPTS_A_DAY:
                raise
        else:
            break
    return waiting


def _journeys(company: _Company, people: Sequence[Applicant]) -> list[Applicant]:
    """Everybody goes on; whom the bank leaves waiting all day long comes back tomorrow."""
    waiting = list(people)
    for _ in range(_ROUNDS_AT_THE_BANK):
        waiting = [person for person in waiting if not _go(company, person)]
        if not waiting:
            break
    return waiting


def _go(company: _Company, person: Applicant) -> bool:
    journey = Journey(company.house, company.lending, person)
    at_its_end = journey.go()
    company.lives.begin(journey.loan_id, person)
    return at_its_end


def _take_up(
    lives: Lives, house: Installation, lending: Lending, people: Iterable[Applicant]
) -> list[Applicant]:
    """After a restart: open the diaries again, and see who was still waiting for the bank."""
    return [
        person
        for person in people
        if not lives.begin(Journey(house, lending, person).loan_id, person)
        and Journey(house, lending, person).is_waiting()
    ]


class Notebook:
    """The last finished day, in a file that is replaced whole."""

    def __init__(self, path: Path, story: Story) -> None:
        self._path = path
        self._story = story

    def last_day(self) -> Day | None:
        """The last finished day; None at the beginning."""
        if not self._path.exists():
            return None
        return Day.parse(json.loads(self._path.read_text(encoding="utf-8"))["day"])

    def next_day(self) -> Day:
        """The day to go on with."""
        last = self.last_day()
        return last.plus_days(1) if last else self._story.start

    def finish(self, day: Day) -> None:
        """Note that everything of ``day`` is committed."""
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps({"day": day.isoformat()}), encoding="utf-8")
        draft.replace(self._path)
