"""Whatever happens to a loan, in whatever order, the invariants of the books hold."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tael.kernel import (
    ApplicationId,
    Conflict,
    Day,
    FixedClock,
    GroupId,
    LoanId,
    Money,
    PartyId,
    Rate,
    Refusal,
    Rounding,
)
from tael.ledger import Dimensions, Ledger, MemoryStore
from tael.pricing import Component, DayCount, Effect, Method, Terms, build_schedule
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

CAMPAIGN = int(os.environ.get("TAEL_CAMPAIGN", "10000"))
START = Day(2023, 12, 31)
CLOCK_END = Day(2040, 1, 1)
ACTIONS = (
    "instalment", "part", "double", "late", "reverse", "pay_off", "prepay", "fewer", "remeasure",
    "claim", "death", "compensate", "recover", "write_off", "refund", "repeat", "wait",
)  # fmt: skip


@dataclass(frozen=True)
class Move:
    action: str
    days: int
    cents: int


moves = st.lists(
    st.builds(
        Move,
        action=st.sampled_from(ACTIONS),
        days=st.sampled_from([0, 1, 7, 15, 30, 31, 61]),
        cents=st.integers(min_value=1, max_value=9_999_999),
    ),
    min_size=1,
    max_size=25,
)
loans = st.builds(
    Terms,
    principal=st.integers(min_value=10_000, max_value=300_000_000).map(Money),
    method=st.sampled_from(Method),
    months=st.integers(min_value=1, max_value=36),
    start=st.sampled_from([START, Day(2024, 1, 1), Day(2024, 2, 29), Day(2024, 5, 15)]),
    components=st.tuples(st.integers(0, 1200), st.integers(0, 1200), st.integers(0, 400)).map(
        lambda basis_points: (
            Component("bank_interest", Rate.percent(str(basis_points[0] / 100)), payee="bank"),
            Component("guarantee_fee", Rate.percent(str(basis_points[1] / 100)), payee="guarantor"),
            Component(
                "servicing_fee",
                Rate.percent(str(basis_points[2] / 100)),
                payer="guarantor",
                payee="platform",
            ),
        )
    ),
    rounding=st.sampled_from([Rounding.HALF_UP, Rounding.HALF_EVEN]),
    day_count=st.sampled_from(DayCount),
    penalty_rate=st.integers(0, 900).map(lambda bp: Rate.percent(str(bp / 100))),
)


class Life:
    """One loan through its door, with every invariant looked at after each move."""

    def __init__(self, terms: Terms) -> None:
        self.clock = FixedClock.on(CLOCK_END)
        self.ledger = Ledger(MemoryStore(), self.clock)
        store = MemoryLoanStore()
        self.servicing = Servicing(store, self.ledger, store.emit, self.clock)
        at = self.clock.now()
        self.loan_id = LoanId.derive(at, 1)
        self.day = terms.start
        guarantee = GuaranteeTerms(Rate.percent(4), Rate.percent(75), Rate.percent(60), 80)
        self.contract = LoanContract(
            self.loan_id,
            build_schedule(terms),
            guarantee,
            Dimensions(loan=self.loan_id, partner="p"),
        )
        self.header = LoanHeader(
            ApplicationId.derive(at, 1), PartyId.derive(at, 1), GroupId.derive(at, 1), 1, "-"
        )
        self.servicing.open(self.header, self.contract)
        self.cash = Money(0)
        self.refunded = Money(0)
        self.repayments: list[tuple[str, Money]] = []
        self.accept(self.servicing.disburse(self.loan_id, self.day, key="disburse"))

    @property
    def state(self) -> LoanState:
        return self.servicing.state(self.loan_id)

    def accept(self, answer: LoanState | Refusal) -> bool:
        return isinstance(answer, LoanState)

    def cash_in(self, number: int, amount: Money, back: int = 0) -> None:
        if not amount:
            return  # an interest-only loan at no interest has instalments of nothing
        key, day = f"cash:{number}", self.day.plus_days(-back)
        if self.accept(self.servicing.receive_repayment(self.loan_id, amount, day, key=key)):
            self.note_cash(key, amount)

    def note_cash(self, key: str, amount: Money) -> None:
        self.cash = self.cash + amount
        self.repayments.append((key, amount))

    def prepay(self, key: str, amount: Money, effect: Effect | None) -> None:
        before = self.state
        answer = self.servicing.prepay(
            self.loan_id, amount, self.day, key=key, effect=effect or Effect.LOWER_INSTALMENT
        )
        if not self.accept(answer):
            return
        self.note_cash(key, amount)
        state = self.state
        assert state.versions[:-1] == before.versions
        assert state.schedule.version == before.schedule.version + 1
        assert state.schedule.terms.principal == state.outstanding < before.outstanding
        assert not self.servicing.dues(self.loan_id, self.day)
        assert not state.clearing.unapplied

    def play(self, number: int, move: Move) -> None:  # noqa: C901, PLR0912 - one arm a move
        self.day = self.day.plus_days(move.days)
        self.servicing.close_loan_day(self.loan_id, self.day)
        first = self.contract.schedule.instalments[0].total
        amount = Money(move.cents)
        loan_id, key, servicing = self.loan_id, f"{move.action}:{number}", self.servicing
        match move.action:
            case "instalment":
                self.cash_in(number, first)
            case "part":
                self.cash_in(number, amount)
            case "double":
                self.cash_in(number, first + first)
            case "late":
                self.cash_in(number, amount, back=min(9, move.cents % 10))
            case "reverse" if self.repayments:
                target, paid = self.repayments[move.cents % len(self.repayments)]
                answer = servicing.reverse_repayment(loan_id, self.day, key=key, reverses=target)
                if self.accept(answer):
                    self.cash = self.cash - paid
            case "pay_off" if self.state.status is LoanStatus.ACTIVE:
                quote = servicing.quote_payoff(loan_id, self.day)
                if quote and self.accept(servicing.pay_off(loan_id, quote, self.day, key=key)):
                    self.note_cash(key, quote)
            case "prepay" | "fewer":
                self.prepay(key, amount, Effect.SHORTER_TERM if move.action == "fewer" else None)
            case "remeasure":
                servicing.remeasure(loan_id, amount, self.day, key=key)
            case "claim":
                servicing.claim(loan_id, self.day, key=key)
            case "death":
                servicing.claim(loan_id, self.day, key=key, early_event="borrower_died")
            case "compensate":
                servicing.compensate(loan_id, self.day, key=key)
            case "recover":
                if self.accept(servicing.recover(loan_id, amount, self.day, key=key)):
                    self.cash = self.cash + amount
            case "write_off":
                servicing.write_off(loan_id, self.day, key=key)
            case "refund":
                credit = self.state.clearing.unapplied
                if self.accept(servicing.refund(loan_id, self.day, key=key)):
                    self.refunded = self.refunded + credit
            case "repeat":
                self.repeat_last()
            case _:
                pass
        self.check_invariants()

    def repeat_last(self) -> None:
        """The same command again changes nothing; with other content it is refused."""
        last = self.servicing.file(self.loan_id).log[-1]
        before = self.ledger.content_hash()
        assert self.servicing._accept(self.loan_id, last) == self.state
        with pytest.raises(Conflict):
            self.servicing._accept(self.loan_id, replace(last, day=last.day.plus_days(-1)))
        assert self.ledger.content_hash() == before

    def check_invariants(self) -> None:
        state, held = self.state, self._held
        for book in ("B", "G", "P", "C"):
            assert self.ledger.trial_balance(book).balanced
        outstanding = state.outstanding
        assert held("B1301") == outstanding
        assert held("G9001") == outstanding
        assert held("G2611") == state.liability
        assert held("G1239") == state.allowance
        assert held("C2900") == state.clearing.unapplied
        claim = state.claim
        if claim is not None:
            assert held("B1301") == Money(0)
            back = claim.recovered_principal + claim.recovered_interest
            open_claim = held("G1231") + held("G1232")
            assert back + open_claim + claim.written_off == claim.amount
        paid_out = self._held("C1002")
        waiting = state.clearing.bank + state.clearing.guarantor + state.clearing.unapplied
        assert paid_out == waiting
        assert self.cash - self.refunded == self._shares() + state.clearing.unapplied
        assert days_past_due(state.rows, self.day) >= 0
        numbers = [row.number for row in state.rows]
        assert numbers == sorted(set(numbers))
        assert self.ledger.verify().sound

    def _shares(self) -> Money:
        """What bank and guarantor have, or are owed by clearing, out of the borrower's cash."""
        principal = self.contract.schedule.terms.principal
        bank = self._held("B1002") + principal + self._held("B1221")
        guarantor = self._held("G1002") + self._held("G1221")
        platform = self._held("P1002")
        claim = self.state.claim
        paid = claim is not None and self.state.status is not LoanStatus.CLAIMED
        compensated = claim.amount if claim is not None and paid else Money(0)
        return bank - compensated + guarantor + compensated + platform

    def _held(self, account: str) -> Money:
        return self.ledger.balance(account)

    def replayed_hash(self) -> str:
        again = Ledger(MemoryStore(), self.clock)
        store = MemoryLoanStore()
        servicing = Servicing(store, again, store.emit, self.clock)
        servicing.open(self.header, self.contract)
        for event in self.servicing.file(self.loan_id).log:
            answer = servicing._accept(self.loan_id, event)
            assert isinstance(answer, LoanState)
        return again.content_hash()


def _live(terms: Terms, script: list[Move]) -> None:
    life = Life(terms)
    for number, move in enumerate(script):
        life.play(number, move)
    assert life.replayed_hash() == life.ledger.content_hash()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(terms=loans, script=moves)
def test_any_life_of_a_loan_keeps_every_invariant(terms: Terms, script: list[Move]) -> None:
    _live(terms, script)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=CAMPAIGN, deadline=None, suppress_health_check=list(HealthCheck))
@given(terms=loans, script=moves)
def test_campaign_of_random_lives_keeps_every_invariant(terms: Terms, script: list[Move]) -> None:
    _live(terms, script)
