"""Durable work: banks asked, money paid out and days closed once, whatever is killed or silent."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tael.app.demo.journey import Journey
from tael.app.jobs import ask_to_close, company_jobs
from tael.app.rounds import MOST_DAYS_BEHIND, Rounds
from tael.app.store import last_closed, note_closed
from tael.kernel import Conflict, Day
from tael.origination import model
from tael.platform import SYSTEM, Worker, job_status, request_job
from tael.servicing import LoanStatus

pytestmark = pytest.mark.xdist_group("jobs")  # DBOS is one per process
_ENDED = ("done", "failed")
_PATIENCE_S = 60


def _ask(lender: Any, job: str, key: str, **arguments: str) -> str:
    with lender.house.database.begin(SYSTEM) as work:
        request_job(work, job, key=key, arguments=arguments)
    return key


def _status(lender: Any, key: str) -> Any:
    with lender.house.database.begin(SYSTEM) as work:
        return job_status(work, key)


def _ended(lender: Any, key: str) -> Any:
    deadline = time.monotonic() + _PATIENCE_S
    while (status := _status(lender, key)).state.value not in _ENDED:
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    return status


def _done(lender: Any, key: str) -> dict[str, Any]:
    status = _ended(lender, key)
    assert status.state.value == "done", status.error
    result = status.result
    assert isinstance(result, dict)
    return result


@contextmanager
def _worker(lender: Any, banks: Any = None) -> Iterator[None]:
    wires = lender.lending.banks if banks is None else banks
    known = [
        replace(job, retry_after_s=0.1, step_tries=2) for job in company_jobs(lender.house, wires)
    ]
    with Worker(lender.house.database, known, name="two", dead_after_s=0.5):
        yield


def _routed(lender: Any) -> Journey:
    """The way of the first applicant whom the guarantor accepts, before the bank."""
    for number in range(len(lender.people)):
        journey: Journey = lender.apply(number)
        if journey._go_by_ourselves() is model.ApplicationState.ROUTED:
            return journey
    raise AssertionError("nobody is accepted")


def _signed(lender: Any) -> Journey:
    journey = _routed(lender)
    lender.lending.ask_bank(journey.application_id)
    assert journey._go_by_ourselves() is model.ApplicationState.CONTRACTED
    return journey


def _ask_to_pay_out(lender: Any, journey: Journey) -> str:
    return _ask(
        lender,
        "disburse",
        f"disburse:{journey.application_id}",
        application_id=journey.application_id,
        loan_id=journey.loan_id,
    )


def _payouts(lender: Any, folder: Path) -> list[Any]:
    """What the bank wrote down of money that it paid out."""
    lines = (folder / f"{lender.bank}.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "DISBURSED" in json.dumps(row)]


# A worker that dies at a moment of our choice, by its own hand and without a goodbye.
_DYING = """
import os, signal, sys, time
from dataclasses import replace
from pathlib import Path
from tael.app.installation import build
from tael.app.jobs import company_jobs
from tael.funding import BankClient
from tael.kernel import Day, FixedClock, PartnerId
from tael.platform import Database, Settings, Worker

folder, database_url, partner, bank_url, moment = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Wire(BankClient):
    def disburse(self, order):
        answer = super().disburse(order)
        if moment == "paid":
            die()
        return answer

def dying(job):
    def run(run):
        job.run(run)
        die()
    return replace(job, run=run)

clock = FixedClock.on(Day(2026, 1, 5))
database = Database(database_url, clock)
house = build(Settings(data_dir=Path(folder)), database, clock)
jobs = company_jobs(house, {PartnerId(partner): Wire(bank_url)})
with Worker(database, [dying(job) for job in jobs], name="one"):
    time.sleep(600)
"""


@pytest.mark.parametrize("moment", ["paid", "booked"])
def test_a_worker_killed_around_a_payout_leaves_one_payout_and_one_booking(
    lender: Any, database_url: str, tmp_path: Path, moment: str
) -> None:
    journey = _signed(lender)
    key = _ask_to_pay_out(lender, journey)
    words = (str(tmp_path), database_url, lender.bank, lender.urls[lender.bank], moment)
    command = [sys.executable, "-c", _DYING, *words]
    assert subprocess.run(command, check=False, timeout=_PATIENCE_S).returncode == -9  # noqa: S603 - our own interpreter
    assert len(_payouts(lender, tmp_path)) == 1
    before = LoanStatus.PENDING if moment == "paid" else LoanStatus.ACTIVE
    assert lender.state(journey.loan_id).status is before
    assert _status(lender, key).state.value == "running"

    with _worker(lender):
        assert _done(lender, key) == {"loan_id": journey.loan_id, "status": "active"}
    assert len(_payouts(lender, tmp_path)) == 1
    assert lender.loans() == [journey.loan_id]
    assert [type(event).__name__ for event in _log(lender, journey)] == ["Disbursed"]
    lender.close()
    assert lender.broken() == []


def _log(lender: Any, journey: Journey) -> list[Any]:
    found = lender.read(lambda rooms: rooms.servicing.file(journey.loan_id).log)
    return list(found)


def test_an_application_is_put_to_its_bank_once(lender: Any) -> None:
    journey = _routed(lender)
    key = f"ask-bank:{journey.application_id}:{lender.bank}"
    with _worker(lender):
        for _ in range(2):
            _ask(lender, "ask_bank", key, application_id=journey.application_id)
            assert _done(lender, key)["state"] == "bank_approved"


def test_a_silent_bank_is_asked_again_later_and_under_the_same_key(
    lender: Any, tmp_path: Path
) -> None:
    journey = _signed(lender)
    lender.order_fault("error", path="/v1/disbursements", times=4)
    with _worker(lender):
        status = _ended(lender, _ask_to_pay_out(lender, journey))
    assert (status.state.value, status.attempt > 1) == ("done", True), status
    assert len(_payouts(lender, tmp_path)) == 1
    assert lender.state(journey.loan_id).status is LoanStatus.ACTIVE


def test_a_payout_that_is_known_the_next_day_only_keeps_the_day_it_was_ordered_on(
    lender: Any,
) -> None:
    journey = _signed(lender)
    ordered = lender.today
    lender.order_fault("error", path="/v1/disbursements", times=1)
    with pytest.raises(Conflict) as unknown:
        lender.lending.disburse(journey.application_id, loan_id=journey.loan_id)
    assert unknown.value.code == "payout_unknown"
    lender.clock.move_to_day(ordered.plus_days(1))
    done = lender.lending.disburse(journey.application_id, loan_id=journey.loan_id)
    assert done.status is LoanStatus.ACTIVE
    assert done.contract.schedule.terms.start == ordered


def test_a_bank_without_an_address_is_waited_for(lender: Any) -> None:
    journey = _routed(lender)
    key = f"ask-bank:{journey.application_id}:{lender.bank}"
    _ask(lender, "ask_bank", key, application_id=journey.application_id)
    with _worker(lender, banks={}):
        deadline = time.monotonic() + _PATIENCE_S
        while _status(lender, key).attempt == 1 and time.monotonic() < deadline:
            time.sleep(0.05)
    status = _status(lender, key)
    assert "TAEL_BANKS" in status.error
    with _worker(lender):  # started again with the address
        assert _done(lender, key)["state"] == "bank_approved"


def test_the_end_of_a_day_asked_for_twice_is_one_and_changes_nothing_again(lender: Any) -> None:
    lender.lend(2)
    day = lender.today.month_end()
    lender.clock.move_to_day(day.plus_days(1))
    with _worker(lender):
        with lender.house.database.begin(SYSTEM) as work:
            key = ask_to_close(work, day)
            assert ask_to_close(work, day) == key
        result = _done(lender, key)
        books = lender.books()
        with lender.house.database.begin(SYSTEM) as work:
            ask_to_close(work, day)
            assert last_closed(work) == day
        assert _done(lender, key) == result
    assert (result["day"], result["month_rows"], result["failed"]) == (day.isoformat(), 2, "")
    assert lender.books() == books


def test_a_day_that_goes_on_is_not_closed(lender: Any) -> None:
    with _worker(lender):
        with lender.house.database.begin(SYSTEM) as work:
            key = ask_to_close(work, lender.today)
        status = _ended(lender, key)
    assert status.state.value == "failed"
    assert "has not ended" in status.error


def test_the_end_of_a_day_takes_up_payouts_and_applications_that_wait(lender: Any) -> None:
    journey = _signed(lender)
    lender.order_fault("error", path="/v1/disbursements", times=1)
    with pytest.raises(Conflict):
        lender.lending.disburse(journey.application_id, loan_id=journey.loan_id)
    lender.people = lender.people[1:]
    waiting = next(
        one
        for one in map(lender.apply, range(len(lender.people)))
        if one.application_id != journey.application_id
        and one._go_by_ourselves() is model.ApplicationState.ROUTED
    )
    day = lender.today
    lender.clock.move_to_day(day.plus_days(1))
    with _worker(lender):
        with lender.house.database.begin(SYSTEM) as work:
            key = ask_to_close(work, day)
        result = _done(lender, key)
        assert (result["payouts_settled"], result["banks_asked"]) == (1, 1)
        _done(lender, f"ask-bank:{waiting.application_id}:{lender.bank}")
    assert lender.state(journey.loan_id).status is LoanStatus.ACTIVE


def test_missed_days_are_made_up_for_in_order_and_none_is_left_out(lender: Any) -> None:
    lender.lend(2)
    lender.close()
    first = lender.today
    lender.clock.move_to_day(first.plus_days(5))
    rounds = Rounds(lender.house, lender.lending.banks)
    asked: list[Day] = []
    with _worker(lender):
        deadline = time.monotonic() + _PATIENCE_S
        while (day := rounds.once()) is not None:
            assert time.monotonic() < deadline
            if day not in asked:
                asked.append(day)
                with lender.house.database.begin(SYSTEM) as work:
                    assert last_closed(work) == day.plus_days(-1)
            time.sleep(0.05)
    assert asked == [first.plus_days(number) for number in range(1, 5)]
    assert all(_status(lender, f"close-day:{day}").state.value == "done" for day in asked)
    assert lender.broken() == []


def test_a_new_installation_has_nothing_to_make_up_for(lender: Any) -> None:
    rounds = Rounds(lender.house, lender.lending.banks)
    assert rounds.once() is None
    assert rounds.once() is None
    lender.clock.move_to_day(lender.today.plus_days(1))
    assert rounds.once() == lender.today.plus_days(-1)


def test_a_clock_that_runs_far_ahead_closes_nothing_unasked(lender: Any) -> None:
    with lender.house.database.begin(SYSTEM) as work:
        note_closed(work, lender.today)
    first = lender.today.plus_days(1)
    lender.clock.move_to_day(first.plus_days(MOST_DAYS_BEHIND + 1))
    assert Rounds(lender.house, lender.lending.banks).once() is None
    assert Rounds(lender.house, lender.lending.banks, catch_up=True).once() == first


def test_a_loan_that_cannot_be_claimed_does_not_hold_up_the_others(lender: Any) -> None:
    loans = lender.lend(2)
    lender.lives.diary.clear()
    with lender.house.database.begin(SYSTEM) as work:
        agreement = lender.house.rooms(work).servicing.state(loans[0]).contract.dimensions.agreement
    assert agreement
    lender.lending.banks.clear()
    report = lender.until(Day(2026, 4, 27))[-1]
    assert report.compensated == 0
    assert set(report.failed) == set(loans)
