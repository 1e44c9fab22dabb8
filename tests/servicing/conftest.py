"""The worked loan of the design, played from a line of text, on memory or on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
from tael.pricing import Component, Effect, Method, Terms, build_schedule
from tael.servicing import (
    GuaranteeTerms,
    LoanContract,
    LoanHeader,
    LoanState,
    MemoryLoanStore,
    Servicing,
)

START = Day(2026, 1, 1)
CLOCK = FixedClock.on(Day(2027, 12, 31))


def contract_of(number: int = 1, principal: str = "120000") -> LoanContract:
    """Twelve instalments of 6 % to the bank and 12 % to the guarantor, who owes 3 % of it on."""
    at = FixedClock.on(START).now()
    loan_id = LoanId.derive(at, number)
    terms = Terms(
        principal=Money.parse(principal),
        method=Method.EQUAL_INSTALMENT,
        months=12,
        start=START,
        components=(
            Component("bank_interest", Rate.percent(6), payee="bank"),
            Component("guarantee_fee", Rate.percent(12), payee="guarantor"),
            Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform"),
        ),
        penalty_rate=Rate.percent(3),
    )
    guarantee = GuaranteeTerms(Rate.percent(4), Rate.percent(75), Rate.percent(60), 80)
    dimensions = Dimensions(loan=loan_id, partner="bank")
    return LoanContract(loan_id, build_schedule(terms), guarantee, dimensions)


def header_of(number: int = 1, tier: int = 2) -> LoanHeader:
    at = FixedClock.on(START).now()
    return LoanHeader(
        ApplicationId.derive(at, number),
        PartyId.derive(at, number),
        GroupId.derive(at, number),
        tier,
        f"hash-{number}",
    )


@dataclass
class Teller:
    """Plays words like ``pay@2026-02-01:11001.60``; the key of a word is its place in the line."""

    servicing: Servicing
    contract: LoanContract
    answers: list[LoanState | Refusal] = field(default_factory=list)

    def play(self, line: str) -> LoanState | Refusal:
        """The answer to the last word."""
        for word in line.split():
            self.answers.append(self._say(word))
        return self.answers[-1]

    def _say(self, word: str) -> LoanState | Refusal:
        name, _, rest = word.partition("@")
        date, _, value = rest.partition(":")
        day, key = Day.parse(date), f"w{len(self.answers) + 1}"
        loan_id, servicing = self.contract.loan_id, self.servicing
        on: dict[str, Callable[[], LoanState | Refusal]] = {
            "disburse": lambda: servicing.disburse(loan_id, day, key=key),
            "close": lambda: servicing.close_loan_day(loan_id, day),
            "pay": lambda: servicing.receive_repayment(loan_id, Money.parse(value), day, key=key),
            "reverse": lambda: servicing.reverse_repayment(loan_id, day, key=key, reverses=value),
            "payoff": lambda: servicing.pay_off(loan_id, Money.parse(value), day, key=key),
            "prepay": lambda: servicing.prepay(loan_id, Money.parse(value), day, key=key),
            "fewer": lambda: servicing.prepay(
                loan_id, Money.parse(value), day, key=key, effect=Effect.SHORTER_TERM
            ),
            "refund": lambda: servicing.refund(loan_id, day, key=key),
            "remeasure": lambda: servicing.remeasure(loan_id, Money.parse(value), day, key=key),
            "claim": lambda: servicing.claim(loan_id, day, key=key, early_event=value),
            "compensate": lambda: servicing.compensate(loan_id, day, key=key),
            "recover": lambda: servicing.recover(loan_id, Money.parse(value), day, key=key),
            "writeoff": lambda: servicing.write_off(loan_id, day, key=key),
        }
        return on[name]()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryStore(), CLOCK)


@pytest.fixture
def teller(ledger: Ledger) -> Teller:
    """A loan that is signed and not paid out, in memory."""
    store = MemoryLoanStore()
    return _opened(Servicing(store, ledger, store.emit, CLOCK), 1)


@pytest.fixture
def another_teller(teller: Teller) -> Teller:
    """A second loan of the same terms, in the same store and books."""
    return _opened(teller.servicing, 2)


def _opened(servicing: Servicing, number: int) -> Teller:
    contract = contract_of(number)
    servicing.open(header_of(number), contract)
    return Teller(servicing, contract)
