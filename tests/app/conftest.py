"""A small lender on PostgreSQL with partner banks on the wire, moved day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tael.app.daily import Daily, DayReport
from tael.app.demo.company import found_company
from tael.app.demo.journey import Journey
from tael.app.demo.life import Lives
from tael.app.installation import Installation, Rooms, build
from tael.app.invariants import check_invariants
from tael.app.lending import Lending
from tael.app.routing import PRODUCT
from tael.economy import Applicant, applicants
from tael.funding import Agreement, BankClient, Partner
from tael.kernel import AgreementId, Day, FixedClock, LoanId, Money, PartnerId, Period, Rate, day_of
from tael.platform import SYSTEM, Actor, Database, Settings
from tael.sandbox import BankPolicy, running_bank
from tael.servicing import LoanQuery, LoanState

_ALL_AT_ONCE = 100_000  # a month: everybody applies on the first day


@dataclass
class Lender:
    """An installation at work."""

    house: Installation
    clock: FixedClock
    lending: Lending
    urls: dict[PartnerId, str]
    lives: Lives = field(init=False)
    people: Sequence[Applicant] = ()

    def __post_init__(self) -> None:
        self.lives = Lives(self.house)

    @property
    def today(self) -> Day:
        return day_of(self.clock.now())

    @property
    def bank(self) -> PartnerId:
        return next(iter(self.urls))

    def apply(self, number: int) -> Journey:
        """The way of one applicant, who has applied today."""
        return Journey(self.house, self.lending, self.people[number])

    def lend(self, count: int = 1) -> list[LoanId]:
        """Loans to the first applicants that are accepted, in force today."""
        loans: list[LoanId] = []
        for person in self.people:
            journey = Journey(self.house, self.lending, person)
            assert journey.go()
            if self.lives.begin(journey.loan_id, person):
                loans.append(journey.loan_id)
            if len(loans) == count:
                return loans
        raise AssertionError(f"only {len(loans)} of {count} loans came about")

    def until(self, day: Day) -> list[DayReport]:
        """Borrowers and the company act, day by day."""
        reports = []
        while self.today < day:
            self.clock.move_to_day(self.today.plus_days(1))
            self.lives.play(self.today)
            reports.append(self.close())
        return reports

    def close(self) -> DayReport:
        return Daily(self.house, self.lending).run(self.today)

    def broken(self) -> list[str]:
        """The invariants that do not hold now, the banks' balances among them."""
        return check_invariants(self.house, self.today, self.lending.banks)

    def read(self, what: Callable[[Rooms], object]) -> object:
        with self.house.database.begin(SYSTEM) as work:
            return what(self.house.rooms(work))

    def state(self, loan_id: LoanId) -> LoanState:
        with self.house.database.begin(SYSTEM) as work:
            return self.house.rooms(work).servicing.state(loan_id)

    def loans(self) -> list[LoanId]:
        with self.house.database.begin(SYSTEM) as work:
            found = self.house.rooms(work).servicing.store.find(LoanQuery(limit=1000))
        return sorted(row.loan_id for _, row in found)

    def books(self) -> str:
        with self.house.database.begin(SYSTEM) as work:
            return self.house.rooms(work).ledger.content_hash()

    def set_parameter(self, name: str, value: object) -> None:
        """One person proposes a figure from today on, another approves it."""
        author, approver = (Actor("user", who, frozenset({"admin"})) for who in ("wang", "li"))
        with self.house.database.begin(author) as work:
            version = self.house.parameters.propose(work, name, value, self.today)  # type: ignore[arg-type]
        with self.house.database.begin(approver) as work:
            self.house.parameters.approve(work, version)

    def order_fault(self, fault: str, *, path: str, times: int = 1) -> None:
        """The first bank fails in this way at the next requests to ``path``."""
        body = {"fault": fault, "path": path, "times": times}
        url = f"{self.urls[self.bank]}/v1/faults"
        httpx.post(url, json=body, trust_env=False).raise_for_status()


@pytest.fixture
def make_lender(
    database: Database, clock: FixedClock, tmp_path: Path
) -> Iterator[Callable[..., Lender]]:
    """Makes the lender; ``another`` is the policy of a second bank that is asked first."""
    with ExitStack() as stack:

        def make(*, people: int = 12, another: BankPolicy | None = None) -> Lender:
            start = day_of(clock.now())
            house = build(Settings(data_dir=tmp_path), database, clock)
            first = found_company(house, seed=7, start=start)
            policies = {first: BankPolicy(private_decline_percent=0)}
            if another is not None:
                policies = {_add_bank(house, start): another, **policies}
            urls = {
                partner: stack.enter_context(
                    running_bank(tmp_path / f"{partner}.jsonl", policy=policy)
                )
                for partner, policy in policies.items()
            }
            wires = {
                partner: stack.enter_context(
                    BankClient(url, timeout=timedelta(seconds=10), pauses=())
                )
                for partner, url in urls.items()
            }
            crowd = list(applicants(7, people, start, _ALL_AT_ONCE))
            return Lender(house, clock, Lending(house, wires), urls, people=crowd)

        yield make


@pytest.fixture
def lender(make_lender: Callable[..., Lender]) -> Lender:
    return make_lender()


def _add_bank(house: Installation, start: Day) -> PartnerId:
    """A cheaper bank than the company's own."""
    at = FixedClock.on(start).now()
    partner = PartnerId.derive(at, "another")
    agreement = Agreement(
        id=AgreementId.derive(at, "another"),
        partner=partner,
        product=PRODUCT,
        period=Period(start, start.plus_months(60)),
        bank_rate=Rate.percent(5),
        least=Money.parse("10000"),
        most=Money.parse("2000000"),
        months=tuple(range(3, 37)),
        capacity=Money.parse("500000000"),
    )
    with house.database.begin(SYSTEM) as work:
        funding = house.rooms(work).funding
        funding.add_partner(Partner(id=partner, name="Another Bank"))
        funding.add_agreement(agreement)
    return partner
