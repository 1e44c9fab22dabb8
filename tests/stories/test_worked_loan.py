"""The loan everybody can check by hand: 120,000 over 12 months, three paid, then nothing.

All-in 18 % a year is 6 % bank interest and 12 % guarantee fee, of which the guarantor owes the
platform 3 %. Days are counted 30/360; the fourth instalment falls due on 15 January 2025, so that
80 calendar days past due (5 April) are 110 interest days since the last paid due date.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tael.kernel import (
    ApplicationId,
    Day,
    FixedClock,
    GroupId,
    LoanId,
    Money,
    PartyId,
    Rate,
    Refusal,
)
from tael.ledger import Dimensions, Ledger, MemoryStore
from tael.pricing import Component, Method, Terms, build_schedule
from tael.servicing import (
    GuaranteeTerms,
    LoanContract,
    LoanHeader,
    LoanState,
    LoanStatus,
    MemoryLoanStore,
    Servicing,
    days_past_due,
)

START = Day(2024, 9, 15)
COMPONENTS = (
    Component("bank_interest", Rate.percent(6), payer="borrower", payee="bank"),
    Component("guarantee_fee", Rate.percent(12), payer="borrower", payee="guarantor"),
    Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform"),
)


class Story:
    """Servicing over memory, with a clock that the story moves."""

    def __init__(self) -> None:
        self.clock = FixedClock.on(START)
        self.ledger = Ledger(MemoryStore(), self.clock)
        store = MemoryLoanStore()
        self.servicing = Servicing(store, self.ledger, store.emit, self.clock)
        at = self.clock.now()
        self.loan_id = LoanId.derive(at, "worked")
        terms = Terms(
            Money.parse("120000"),
            Method.EQUAL_INSTALMENT,
            12,
            START,
            COMPONENTS,
            penalty_rate=Rate.percent(3),
        )
        self.schedule = build_schedule(terms)
        guarantee = GuaranteeTerms(Rate.percent(4), Rate.percent(75), Rate.percent(60), 80)
        dimensions = Dimensions(loan=self.loan_id, partner="bank")
        contract = LoanContract(self.loan_id, self.schedule, guarantee, dimensions)
        header = LoanHeader(
            ApplicationId.derive(at, 1), PartyId.derive(at, 1), GroupId.derive(at, 1), 3, "-"
        )
        self.servicing.open(header, contract)
        self.done(self.servicing.disburse(self.loan_id, START, key="disburse"))

    def at(self, day: Day) -> None:
        self.clock.move_to_day(day)

    def done(self, answer: LoanState | Refusal) -> LoanState:
        assert isinstance(answer, LoanState), answer
        assert self.ledger.verify().sound
        return answer

    def repay(self, text: str, day: Day) -> LoanState:
        self.at(day)
        self.servicing.close_loan_day(self.loan_id, day)
        amount = Money.parse(text)
        answer = self.servicing.receive_repayment(self.loan_id, amount, day, key=f"repayment:{day}")
        self.done(answer)
        return self.servicing.close_loan_day(self.loan_id, day)

    def balance(self, account: str) -> str:
        return str(self.ledger.balance(account).decimal())


@pytest.fixture
def story() -> Story:
    return Story()


def _three_paid(story: Story) -> Story:
    for due in (Day(2024, 10, 15), Day(2024, 11, 15), Day(2024, 12, 15)):
        story.repay("11001.60", due)
    return story


def _claimed(story: Story) -> Story:
    _three_paid(story)
    day = Day(2025, 4, 5)
    story.at(day)
    story.servicing.close_day(day)
    assert story.servicing.claimable(day, 80) == [story.loan_id]
    story.done(story.servicing.claim(story.loan_id, day, key="claim"))
    return story


def _compensated(story: Story) -> Story:
    _claimed(story)
    story.at(Day(2025, 4, 8))
    story.done(story.servicing.compensate(story.loan_id, Day(2025, 4, 8), key="compensate"))
    return story


def _recovered(story: Story) -> Story:
    _compensated(story)
    day = Day(2025, 6, 10)
    story.at(day)
    answer = story.servicing.recover(story.loan_id, Money.parse("30000"), day, key="recovery:1")
    story.done(answer)
    story.servicing.close_day(day)
    return story


def _written_off(story: Story) -> Story:
    _recovered(story)
    story.at(Day(2025, 9, 10))
    story.done(story.servicing.write_off(story.loan_id, Day(2025, 9, 10), key="write-off"))
    return story


def _late_recovery(story: Story) -> Story:
    _written_off(story)
    day = Day(2025, 12, 10)
    story.at(day)
    answer = story.servicing.recover(story.loan_id, Money.parse("5000"), day, key="recovery:2")
    story.done(answer)
    story.servicing.close_day(day)
    return story


Chapter = Callable[[Story], Story]
# Balance on the account's natural side after each chapter; the figures are the published example's.
FIGURES: list[tuple[Chapter, str, str]] = [
    (lambda story: story, "B1301", "120000.00"),
    (lambda story: story, "B1002", "-120000.00"),
    (lambda story: story, "G9001", "120000.00"),
    (lambda story: story, "G2611", "3600.00"),
    (_three_paid, "B1301", "91979.06"),
    (_three_paid, "G9001", "91979.06"),
    (_three_paid, "B6011", "1661.28"),
    (_three_paid, "G6021", "3322.58"),
    (_three_paid, "G6402", "830.65"),
    (_three_paid, "P1002", "830.65"),
    (_three_paid, "C1002", "0.00"),
    (_claimed, "B1391", "93786.70"),
    (_claimed, "B6011", "3347.56"),
    (_claimed, "B6012", "121.36"),
    (_claimed, "G1231", "91979.06"),
    (_claimed, "G1232", "1807.64"),
    (_claimed, "G2205", "93786.70"),
    (_claimed, "G9001", "0.00"),
    (_claimed, "G1122", "0.00"),
    (_claimed, "G6021", "3322.58"),
    (_compensated, "G2205", "0.00"),
    (_compensated, "B1391", "0.00"),
    (_compensated, "G2611", "0.00"),
    (_compensated, "G1239", "56272.02"),
    (_recovered, "G1231", "61979.06"),
    (_recovered, "G1232", "1807.64"),
    (_recovered, "C1002", "0.00"),
    (_written_off, "G1231", "0.00"),
    (_written_off, "G1232", "0.00"),
    (_written_off, "G1239", "0.00"),
    (_late_recovery, "B1002", "3468.92"),
    (_late_recovery, "C1002", "0.00"),
    (_late_recovery, "C2201", "0.00"),
    (_late_recovery, "C2202", "0.00"),
    (_late_recovery, "G1002", "-56294.77"),
    (_late_recovery, "P1002", "830.65"),
    (_late_recovery, "P6052", "830.65"),
    (_late_recovery, "G6701", "58786.70"),
]


@pytest.mark.parametrize(
    ("chapter", "account", "amount"),
    FIGURES,
    ids=[f"{chapter.__name__.strip('_<>')}-{account}" for chapter, account, _ in FIGURES],
)
def test_every_account_holds_the_published_figure(
    story: Story, chapter: Chapter, account: str, amount: str
) -> None:
    chapter(story)

    assert amount == story.balance(account)


def test_first_instalment_splits_as_published(story: Story) -> None:
    first = story.schedule.instalments[0]

    assert (
        str(first.total.decimal()),
        str(first.principal.decimal()),
        str(first.charges["bank_interest"].decimal()),
        str(first.charges["guarantee_fee"].decimal()),
        str(story.schedule.servicing[0].decimal()),
    ) == ("11001.60", "9201.60", "600.00", "1200.00", "300.00")


def test_claim_is_principal_110_days_interest_and_penalty(story: Story) -> None:
    claim = _claimed(story).servicing.state(story.loan_id).claim

    assert claim is not None
    parts = [claim.principal, claim.interest, claim.penalty, claim.amount]
    assert [str(part.decimal()) for part in parts] == [
        "91979.06",
        "1686.28",
        "121.36",
        "93786.70",
    ]


def test_guarantor_ends_where_its_income_statement_says(story: Story) -> None:
    _late_recovery(story)
    result = sum(
        (story.ledger.balance(account).decimal() for account in ("G6021", "G6022")),
        start=-story.ledger.balance("G6402").decimal() - story.ledger.balance("G6701").decimal(),
    )

    assert story.balance("G1002") == str(result)


def test_guarantor_does_not_pay_before_the_threshold(story: Story) -> None:
    _three_paid(story)
    day = Day(2025, 4, 4)
    story.at(day)

    answer = story.servicing.claim(story.loan_id, day, key="claim")

    assert isinstance(answer, Refusal)
    assert answer.code == "dpd_below_threshold"
    assert answer.detail == {"dpd": "79", "threshold": "80"}


def test_days_past_due_run_on_after_compensation(story: Story) -> None:
    state = _written_off(story).servicing.state(story.loan_id)

    assert state.status is LoanStatus.WRITTEN_OFF
    assert days_past_due(state.rows, Day(2025, 9, 10)) == Day(2025, 1, 15).days_until(
        Day(2025, 9, 10)
    )


def test_books_made_again_from_the_log_are_the_same(story: Story) -> None:
    log = _late_recovery(story).servicing.file(story.loan_id).log
    again = Story()
    again.at(Day(2025, 12, 31))
    for event in log[1:]:
        again.done(again.servicing._accept(again.loan_id, event))

    assert again.ledger.content_hash() == story.ledger.content_hash()
