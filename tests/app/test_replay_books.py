"""Whatever a loan is like, its life adds up and leaves the books clear."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tael.app.replay.book import entries_of, post_lives, prove_books
from tael.app.replay.lives import NON_ACCRUAL_DAYS, life_of
from tael.app.replay.model import Decision, Ending, Loan
from tael.app.replay.train import Terms
from tael.kernel import Day, FixedClock, Money, Rate
from tael.ledger import Ledger, MemoryStore

START = Day(2005, 3, 31)
TERMS = Terms((Money(10_000_00, "USD"),), (36, 84), (10, 10))
RATES = st.sampled_from([Rate.percent(text) for text in ("0", "0.01", "2.75", "7")])


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    amount = draw(st.integers(1, 5_000_000_00))
    lost = draw(st.booleans())
    loan = Loan(
        row=1,
        key=f"L{draw(st.integers(0, 10**9))}",
        approved=START.plus_days(draw(st.integers(0, 400))),
        amount=Money(amount, "USD"),
        guaranteed=Money(draw(st.integers(0, amount)), "USD"),
        ending=Ending.DEFAULT if lost else Ending.PAID,
        defaulted_on=START.plus_days(draw(st.integers(400, 3000))) if lost else None,
        loss=Money(draw(st.integers(0, amount + 100)) if lost else 0, "USD"),
        term=None,
        weight=Decimal(1),
        source="",
    )
    return Decision(
        loan=loan,
        pd=Rate.percent("5"),
        score=600,
        tier=3,
        approved=True,
        bank_interest=draw(RATES),
        guarantee_fee=draw(RATES),
    )


@given(st.lists(decisions(), max_size=6, unique_by=lambda decision: decision.loan.key))
def test_books_are_sound_and_clear_when_every_loan_has_ended(found: list[Decision]) -> None:
    lives = [life_of(decision, TERMS) for decision in found]
    ledger = Ledger(MemoryStore(), FixedClock.on(Day(2026, 1, 5)))
    ticks: list[tuple[int, int]] = []
    content = post_lives(ledger, lives, "invented", lambda done, all_: ticks.append((done, all_)))
    proof = prove_books(ledger, lives, content, kept_in="memory", currency="USD")
    assert proof.sound
    assert not ticks or ticks[-1] == (proof.entries, proof.entries)


@given(decisions())
def test_a_loss_is_shared_by_the_guaranteed_share_to_the_cent(decision: Decision) -> None:
    life, loan = life_of(decision, TERMS), decision.loan
    assert life.loss == min(loan.loss, loan.amount)
    exact = life.loss.decimal() * loan.share
    assert abs(life.claim.decimal() - exact) <= Decimal("0.01")
    assert life.fund_result == life.fee - life.servicing - life.claim


def decided(*, defaulted_on: Day | None, loss: str = "0") -> Decision:
    amount = Money.parse("100000", "USD")
    ending = Ending.PAID if defaulted_on is None else Ending.DEFAULT
    loan = Loan(
        1, "L1", START, amount, Money.parse("75000", "USD"), ending, defaulted_on,
        Money.parse(loss, "USD"), None, Decimal(1), "",
    )  # fmt: skip
    return Decision(loan, Rate.percent(5), 600, 3, True, Rate.percent(6), Rate.percent(2))


def test_a_paid_loan_ends_at_its_imputed_term_and_says_so() -> None:
    life = life_of(decided(defaulted_on=None), TERMS)
    assert (life.ends, life.assumed) == (Day(2012, 3, 31), True)
    # 84 months from 2005-03-31 are 2,557 days; fee 2 % on a mean of 37,500 guaranteed.
    assert life.fee == Money.parse("5254.11", "USD")
    assert life.interest == Money.parse("21016.44", "USD")
    assert life.servicing == Money.parse("1313.53", "USD")


def test_a_default_is_claimed_on_its_day_with_its_amount() -> None:
    day = Day(2007, 6, 15)
    life = life_of(decided(defaulted_on=day, loss="40000"), TERMS)
    assert (life.ends, life.assumed) == (day, False)
    assert life.claim == Money.parse("30000", "USD")
    assert life.bank_loss == Money.parse("10000", "USD")
    paid = {e.event: e for e in entries_of(life, "invented") if e.event != "repaid"}
    assert set(paid) == {"disbursed", "claimed", "compensated", "written_off"}
    assert {paid[name].effective for name in ("claimed", "compensated", "written_off")} == {day}


def test_a_default_soon_after_approval_earns_nothing() -> None:
    life = life_of(decided(defaulted_on=START.plus_days(NON_ACCRUAL_DAYS), loss="100000"), TERMS)
    assert not life.fee
    assert not life.interest
    assert life.claim == Money.parse("75000", "USD")
