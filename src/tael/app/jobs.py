"""Durable work of the company: banks asked, payouts, claims, days closed, whatever is killed.

A step that calls a bank runs at least once, under keys that make it one piece of work; what it
books is noted in the transaction that learns of it (``Lending``). A bank that stays silent is a
failure that may pass: the job waits and runs again, for hours if need be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from tael.app.backtests import backtest_jobs
from tael.app.daily import Daily
from tael.app.installation import Installation
from tael.app.lending import Lending
from tael.app.store import last_closed
from tael.app.upkeep import Purge, keep_up
from tael.funding import BankClient
from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    Day,
    LoanId,
    OutsideFailure,
    PartnerId,
    Refusal,
    TaelError,
    day_of,
)
from tael.origination import model, ports
from tael.platform import SYSTEM, Job, JobRun, Work, job_status, request_job, retry_job
from tael.policies.live import learn_order, replay_sample
from tael.servicing import LoanState

_log = structlog.get_logger(__name__)
Answer = dict[str, Any]  # JSON: texts and numbers by name
_PAGE = 200
_REPLAYED = 1_000  # decisions a night
_UNANSWERED_CLAIMS = ("claimed", "unknown")


def company_jobs(
    house: Installation, banks: Mapping[PartnerId, BankClient], purges: Sequence[Purge] = ()
) -> Sequence[Job]:
    """The jobs of one installation: banks asked, money moved, days closed, policies back-tested.

    Args:
        house: the installation.
        banks: the wire to each partner bank.
        purges: what is deleted at the end of a day for rooms above this one.
    """
    lending = Lending(house, banks)
    work = _Company(house, lending, Daily(house, lending), tuple(purges))
    return [
        Job("ask_bank", work.ask_bank),
        Job("disburse", work.disburse),
        Job("compensate", work.compensate),
        Job("close_day", work.close_day),
        *backtest_jobs(house.database, house.backtests),
    ]


def ask_to_close(work: Work, day: Day) -> str:
    """Ask for the end of ``day``, once however often asked; returns the job's key."""
    key = f"close-day:{day}"
    request_job(work, "close_day", key=key, arguments={"day": day.isoformat()})
    return key


@dataclass(frozen=True)
class _Company:
    house: Installation
    lending: Lending
    daily: Daily
    purges: tuple[Purge, ...]

    def ask_bank(self, run: JobRun) -> Answer:
        """Arguments: application_id. The bank's answer, or where the application stands."""
        application_id = ApplicationId.parse(_argument(run, "application_id"))

        def ask() -> Answer:
            with self.house.database.begin(SYSTEM) as work:
                application = self.house.applications.get(work, application_id)
            if application.state is model.ApplicationState.ROUTED:
                with _silence_may_pass():
                    application = self.lending.ask_bank(application_id)
            if application.state is model.ApplicationState.ROUTED:
                raise OutsideFailure("the bank has not decided yet", code="bank_undecided")
            return {"application_id": application_id, "state": application.state.value}

        return run.outside("ask", ask)

    def disburse(self, run: JobRun) -> Answer:
        """Arguments: application_id, loan_id. The loan in the books, or why no money moved."""
        application_id = ApplicationId.parse(_argument(run, "application_id"))
        loan_id = LoanId.parse(_argument(run, "loan_id"))

        def disburse() -> Answer:
            with _silence_may_pass():
                return _outcome(loan_id, self.lending.disburse(application_id, loan_id=loan_id))

        return run.outside("disburse", disburse)

    def compensate(self, run: JobRun) -> Answer:
        """Arguments: loan_id, day. The loan that is ours to recover, or why it is not."""
        loan_id = LoanId.parse(_argument(run, "loan_id"))
        day = Day.parse(_argument(run, "day"))

        def compensate() -> Answer:
            with _silence_may_pass():
                done = self.lending.compensate(loan_id, day)
            if isinstance(done, Refusal) and done.detail.get("state") in _UNANSWERED_CLAIMS:
                raise OutsideFailure("the bank has not answered the claim", code="claim_unknown")
            return _outcome(loan_id, done)

        return run.outside("compensate", compensate)

    def close_day(self, run: JobRun) -> Answer:
        """Arguments: day. What the end of the day did, in numbers.

        Each pass commits some at a time and skips what is done, so it may be cut off anywhere.
        """
        day = Day.parse(_argument(run, "day"))
        done = run.outside("close", lambda: self._close_until(day))
        again = run.outside("ask again", self._ask_again)
        late = run.outside("collect", self._collect_late)
        later = run.outside("decide again", self._decide_waiting)
        kept = run.outside("keep up", self._keep_up)
        learnt = run.outside("learn", self._learn_orders)
        replayed = run.outside("replay", lambda: self._replay(day))
        return {**done, **again, **late, **later, **kept, **learnt, **replayed}

    def _close_until(self, day: Day) -> Answer:
        """Close ``day``, and before it, in order, whatever is open still.

        Raises:
            Conflict: it has not ended.
        """
        with self.house.database.begin(SYSTEM) as work:
            today = day_of(work.clock.now(), self.house.settings.zone)
            last = last_closed(work)
        if day >= today:
            raise Conflict(
                f"{day} has not ended", code="day_not_over", field="day", rule="a day that is over"
            )
        first = day if last is None or last >= day else last.plus_days(1)
        report = self.daily.run(first)
        while first < day:
            first = first.plus_days(1)
            report = self.daily.run(first)
        return {
            "day": day.isoformat(),
            "posted": report.posted,
            "compensated": report.compensated,
            "written_off": report.written_off,
            "month_rows": report.month_rows,
            "failed": ", ".join(report.failed),
        }

    def _replay(self, day: Day) -> Answer:
        """A sample of the decision log, made again: a difference is an alarm, in log and audit."""
        with self.house.database.begin(SYSTEM) as work:
            found = replay_sample(work, self.house.lane, size=_REPLAYED, seed=day.isoformat())
        for deviation in found.deviations:
            _log.error("a decision does not come out again", decision=deviation.decision_id,
                       what=deviation.what)  # fmt: skip
        return {"decisions_replayed": found.looked, "deviations": len(found.deviations)}

    def _collect_late(self) -> Answer:
        """What sources answered to a process that died while it asked."""
        return {"late_answers": self.house.underwriting.collect_late()}

    def _decide_waiting(self) -> Answer:
        """What was referred because a source had failed, once a day."""
        return {"decided_again": self.house.underwriting.decide_waiting()}

    def _learn_orders(self) -> Answer:
        """In which order the staged versions in force ask their sources from now on."""
        policies, learnt = self.house.policies, 0
        with self.house.database.begin(SYSTEM) as work:
            deployment = policies.deployed(work)
            for arm in deployment.deciding if deployment else ():
                if policies.staged(work, arm.version) is not None:
                    learnt += learn_order(work, arm.version) is not None
        return {"orders_learnt": learnt}

    def _keep_up(self) -> Answer:
        return dict(keep_up(self.house, self.purges))

    def _ask_again(self) -> Answer:
        """Payouts without an answer are asked about; routed applications are put to their banks."""
        with self.house.database.begin(SYSTEM) as work:
            unsettled = self.house.rooms(work).funding.disbursements.unsettled()
        paid = 0
        for payout in unsettled:
            try:
                settled = self.lending.desk.disburse(payout.order.key)
            except TaelError:  # its own job says so; the others go on
                continue
            paid += settled.state.value == "disbursed"
        return {"payouts_settled": paid, "banks_asked": self._ask_routed()}

    def _ask_routed(self) -> int:
        where = ports.ApplicationFilter(states=frozenset({model.ApplicationState.ROUTED}))
        asked, after = 0, None
        while True:
            with self.house.database.begin(SYSTEM) as work:
                page = self.house.applications.find(work, where, after=after, limit=_PAGE)
                asked += sum(self._ask_routed_one(work, one) for one in page.items)
            after = page.after
            if after is None:
                return asked

    def _ask_routed_one(self, work: Work, application: model.Application) -> bool:
        try:
            self.house.applications.bank_request(work, application.id)
        except TaelError:  # no consent to this bank: a person's next step, not ours
            return False
        key = f"ask-bank:{application.id}:{application.partner_id}"
        request_job(work, "ask_bank", key=key, arguments={"application_id": application.id})
        if job_status(work, key).state.value == "failed":
            retry_job(work, key)
        return True


@contextmanager
def _silence_may_pass() -> Iterator[None]:
    """An unknown payout, and a bank that nobody named yet, are failures that may pass."""
    try:
        yield
    except Conflict as unknown:
        if unknown.code != "payout_unknown":
            raise
        raise OutsideFailure(unknown.message, code=unknown.code) from unknown
    except BadInput as missing:
        if missing.field != "partner":
            raise
        text = f"{missing.message}; name it in TAEL_BANKS and start again"
        raise OutsideFailure(text, code="bank_without_address", field="TAEL_BANKS") from missing


def _outcome(loan_id: LoanId, done: LoanState | Refusal) -> Answer:
    if isinstance(done, Refusal):
        return {"loan_id": loan_id, "refused": done.code, "detail": str(done)}
    return {"loan_id": loan_id, "status": done.status.value}


def _argument(run: JobRun, name: str) -> str:
    value = run.arguments.get(name)
    if not isinstance(value, str):
        raise BadInput(f"job {run.key} has no {name}", field=name, rule="text")
    return value
