"""Whatever is held, used and given back, what is held stays covered."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from tael.kernel import Conflict, Day, FixedClock, HoldId, Money
from tael.ledger import Dimensions, Entry, Ledger, MemoryStore, credit, debit

DAY = Day(2026, 1, 5)
AMOUNT = st.integers(1, 500)
PARTNER = st.sampled_from(["", "bank-1", "bank-2"])


class HoldsOnCash(RuleBasedStateMachine):
    """One cash account in three parts; a plain dictionary says what must be true of it."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(MemoryStore(), FixedClock.on(DAY))
        self.cash = dict.fromkeys(["", "bank-1", "bank-2"], 0)
        self.held: dict[HoldId, tuple[str, int]] = {}
        self.number = 0

    def _key(self) -> str:
        self.number += 1
        return str(self.number)

    def _moved(self, partner: str, minor: int) -> list[Entry]:
        lines = (debit("G1002", Money(abs(minor))), credit("G4001", Money(abs(minor))))
        if minor < 0:
            lines = (debit("G4001", Money(-minor)), credit("G1002", Money(-minor)))
        return [Entry("G", "moved", DAY, lines, Dimensions(partner=partner))]

    def _held(self, partner: str) -> int:
        """Held of one part; of the whole account when ``partner`` is empty."""
        return sum(minor for of, minor in self.held.values() if partner in ("", of))

    def _covered(self, partner: str) -> bool:
        whole = sum(self.cash.values()) >= self._held("")
        return whole and (not partner or self.cash[partner] >= self._held(partner))

    @rule(partner=PARTNER, minor=AMOUNT)
    def cash_comes_in(self, partner: str, minor: int) -> None:
        self.ledger.post(self._moved(partner, minor), key=self._key())
        self.cash[partner] += minor

    @rule(partner=PARTNER, minor=AMOUNT)
    def cash_goes_out(self, partner: str, minor: int) -> None:
        try:
            self.ledger.post(self._moved(partner, -minor), key=self._key())
        except Conflict as refused:
            assert refused.code == "held"  # noqa: PT017 - no other conflict is possible
            self.cash[partner] -= minor
            assert not all(self._covered(of) for of in self.cash)
            self.cash[partner] += minor
            return
        self.cash[partner] -= minor

    @rule(target=holds, partner=PARTNER, minor=AMOUNT)
    def cash_is_held(self, partner: str, minor: int) -> object:
        about = Dimensions(partner=partner)
        try:
            hold = self.ledger.hold("G1002", Money(minor), key=self._key(), dimensions=about)
        except Conflict:
            self.held[HoldId("tried")] = (partner, minor)
            covered = self._covered(partner)
            del self.held[HoldId("tried")]
            assert not covered
            return multiple()
        self.held[hold] = (partner, minor)
        assert self._covered(partner)
        return hold

    @rule(hold=consumes(holds))
    def a_hold_is_voided(self, hold: HoldId) -> None:
        self.ledger.void_hold(hold)
        del self.held[hold]

    @rule(hold=consumes(holds), share=st.integers(1, 100))
    def a_hold_is_posted(self, hold: HoldId, share: int) -> None:
        partner, minor = self.held[hold]
        part = max(1, minor * share // 100)
        self.ledger.post_hold(hold, self._moved(partner, -part), key=self._key())
        del self.held[hold]
        self.cash[partner] -= part

    @invariant()
    def balances_are_as_told(self) -> None:
        assert self.ledger.balance("G1002") == Money(sum(self.cash.values()))
        for partner, minor in self.cash.items():
            assert self.ledger.balance("G1002", partner=partner) == Money(minor)


TestHoldsOnCash = HoldsOnCash.TestCase
TestHoldsOnCash.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
