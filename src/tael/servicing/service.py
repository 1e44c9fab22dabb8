"""The use cases of a living loan. Each accepts one event: checked, posted in all books, logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tael.kernel import (
    CHINA,
    BadInput,
    Clock,
    Conflict,
    Day,
    LoanId,
    Money,
    NotFound,
    Refusal,
    day_of,
)
from tael.pricing import Due
from tael.servicing.accrual import advance, dues
from tael.servicing.history import fold, record
from tael.servicing.model import (
    Claimed,
    Compensated,
    DayClosed,
    Disbursed,
    Event,
    LoanContract,
    LoanState,
    PaidOff,
    PartiesSettled,
    Recovered,
    Refunded,
    Remeasured,
    RepaymentReceived,
    RepaymentReversed,
    Step,
    WrittenOff,
)
from tael.servicing.ports import Books, Emit, LoanFile, LoanHeader, LoanStore
from tael.servicing.rules import open_loan, payoff_quote
from tael.servicing.summary import next_posting, summarise, tell


@dataclass
class StateCache:
    """Folded states by loan and length of its log: a pure function's results, safe to lose."""

    states: dict[LoanId, tuple[int, LoanState]] = field(default_factory=dict)
    size: int = 20_000

    def get(self, file: LoanFile) -> LoanState:
        loan_id, length = file.contract.loan_id, len(file.log)
        known = self.states.get(loan_id)
        if known is not None and known[0] == length:
            return known[1]
        return fold(file.contract, file.log)

    def put(self, length: int, state: LoanState) -> None:
        if len(self.states) >= self.size:
            self.states.clear()
        self.states[state.contract.loan_id] = (length, state)


@dataclass(frozen=True)
class Servicing:
    """Serves loans inside one unit of work.

    Every use case takes an idempotency ``key``: the same key with the same content changes nothing
    and answers as before, with other content it is a ``Conflict``. A refusal is returned, with a
    code of ``RefusalCode``; nothing is written then.
    """

    store: LoanStore
    books: Books
    emit: Emit
    clock: Clock
    cache: StateCache = field(default_factory=StateCache)
    zone: ZoneInfo = CHINA

    def open(self, header: LoanHeader, contract: LoanContract) -> None:
        """Enter a signed loan (PENDING). Entering it again with the same contract changes nothing.

        Raises:
            Conflict: the id belongs to another contract.
        """
        known = self.store.load(contract.loan_id)
        if known is None:
            self.store.insert(header, contract, summarise(open_loan(contract)))
        elif known.contract != contract:
            raise Conflict(f"{contract.loan_id} is another contract", field="loan_id")

    def state(self, loan_id: LoanId) -> LoanState:
        """The loan as its last event left it."""
        return self.cache.get(self.file(loan_id))

    def file(self, loan_id: LoanId) -> LoanFile:
        """The loan with its whole log.

        Raises:
            NotFound: no such loan.
        """
        file = self.store.load(loan_id)
        if file is None:
            raise NotFound(f"there is no loan {loan_id}", field="loan_id")
        return file

    def disburse(self, loan_id: LoanId, day: Day, *, key: str) -> LoanState | Refusal:
        """The bank paid out: loan and guarantee come into force."""
        return self._accept(loan_id, Disbursed(key=key, day=day))

    def receive_repayment(
        self, loan_id: LoanId, amount: Money, day: Day, *, key: str
    ) -> LoanState | Refusal:
        """Cash from the borrower, value-dated ``day``: allocated, the rest kept as credit."""
        self._check_amount(loan_id, amount)
        return self._accept(loan_id, RepaymentReceived(key=key, day=day, amount=amount))

    def reverse_repayment(
        self, loan_id: LoanId, day: Day, *, key: str, reverses: str
    ) -> LoanState | Refusal:
        """The channel took back the repayment with key ``reverses``."""
        return self._accept(loan_id, RepaymentReversed(key=key, day=day, reverses=reverses))

    def dues(self, loan_id: LoanId, day: Day) -> tuple[Due, ...]:
        """What the borrower owes at the end of ``day`` (not before the loan's last event)."""
        return dues(advance(self.state(loan_id), day))

    def quote_payoff(self, loan_id: LoanId, day: Day) -> Money:
        """What settles the loan in full on ``day``."""
        return payoff_quote(self.state(loan_id), day)

    def pay_off(self, loan_id: LoanId, amount: Money, day: Day, *, key: str) -> LoanState | Refusal:
        """Early settlement with at least the quote of ``day``; more is kept as credit."""
        self._check_amount(loan_id, amount)
        return self._accept(loan_id, PaidOff(key=key, day=day, amount=amount))

    def refund(self, loan_id: LoanId, day: Day, *, key: str) -> LoanState | Refusal:
        """Pay back what the borrower has in credit."""
        return self._accept(loan_id, Refunded(key=key, day=day))

    def remeasure(
        self, loan_id: LoanId, liability: Money, day: Day, *, key: str
    ) -> LoanState | Refusal:
        """Set the guarantee liability to a new expected loss (IFRS 9, 4.2.1(c))."""
        return self._accept(loan_id, Remeasured(key=key, day=day, liability=liability))

    def claim(
        self, loan_id: LoanId, day: Day, *, key: str, early_event: str = ""
    ) -> LoanState | Refusal:
        """The bank claims the whole debt; below the contract's DPD only for a named event."""
        return self._accept(loan_id, Claimed(key=key, day=day, early_event=early_event))

    def compensate(self, loan_id: LoanId, day: Day, *, key: str) -> LoanState | Refusal:
        """The guarantor pays the claim and takes over the debt."""
        return self._accept(loan_id, Compensated(key=key, day=day))

    def recover(self, loan_id: LoanId, amount: Money, day: Day, *, key: str) -> LoanState | Refusal:
        """Cash after compensation."""
        self._check_amount(loan_id, amount)
        return self._accept(loan_id, Recovered(key=key, day=day, amount=amount))

    def write_off(self, loan_id: LoanId, day: Day, *, key: str) -> LoanState | Refusal:
        """Take the rest of the claim off the assets."""
        return self._accept(loan_id, WrittenOff(key=key, day=day))

    def close_day(self, day: Day, on_loan: Callable[[LoanId], None] | None = None) -> int:
        """Post what ``day`` brings by itself and settle the clearing; how many loans were touched.

        Safe to run twice, and catches up when days were missed.
        """
        due = self.store.due(day)
        for loan_id in due:
            self.close_loan_day(loan_id, day)
            if on_loan is not None:
                on_loan(loan_id)
        return len(due)

    def close_loan_day(self, loan_id: LoanId, day: Day) -> LoanState:
        """Bring one loan to the end of ``day``: every posting day up to it, then its clearing."""
        state = self.state(loan_id)
        while (posting_day := next_posting(state)) is not None and posting_day <= day:
            state = self._must(loan_id, DayClosed(key=f"close:{posting_day}", day=posting_day))
        if not (state.clearing.bank or state.clearing.guarantor):
            return state
        position = len(self.file(loan_id).log)
        settled = PartiesSettled(key=f"settle:{day}:{position}", day=max(day, state.as_of))
        return self._must(loan_id, settled)

    def claimable(self, day: Day, dpd: int) -> Sequence[LoanId]:
        """Active loans at least ``dpd`` days past due on ``day``: the bank may claim them."""
        return self.store.claimable(day, dpd)

    def _must(self, loan_id: LoanId, event: Event) -> LoanState:
        state = self._accept(loan_id, event)
        if isinstance(state, Refusal):
            raise Conflict(f"{loan_id}: the daily run was refused: {state}", field="loan_id")
        return state

    def _accept(self, loan_id: LoanId, event: Event) -> LoanState | Refusal:
        today = day_of(self.clock.now(), self.zone)
        if event.day > today:
            raise BadInput(f"{event.day} has not come yet", field="day", rule=f"not after {today}")
        file = self.store.load(loan_id, lock=True)
        if file is None:
            raise NotFound(f"there is no loan {loan_id}", field="loan_id")
        before = self.cache.get(file)
        known = next((one for one in file.log if one.key == event.key), None)
        if known is not None:
            if known != event:
                raise Conflict(
                    f"key {event.key!r} was used for another event",
                    field="key",
                    rule="one content per key",
                )
            return before
        step = record(file.contract, file.log, event, before)
        if isinstance(step, Refusal):
            return step
        self._write(file, event, before, step)
        return step.state

    def _write(self, file: LoanFile, event: Event, before: LoanState, step: Step) -> None:
        if step.entries:
            self.books.post(step.entries, key=f"{file.contract.loan_id}:{event.key}")
        self.store.append(event, len(file.log), summarise(step.state))
        self.cache.put(len(file.log) + 1, step.state)
        for fact in tell(file.header, before, step.state, event):
            self.emit(fact, f"{file.contract.loan_id}:{event.key}:{type(fact).__name__}")

    def _check_amount(self, loan_id: LoanId, amount: Money) -> None:
        if amount.minor <= 0:
            raise BadInput(f"{amount} cannot be received", field="amount", rule="above zero")
        currency = self.file(loan_id).contract.currency
        if amount.currency != currency:
            raise BadInput(
                f"the loan is in {currency}, the amount in {amount.currency}",
                code="currency_mismatch",
                field="amount",
                rule="the contract's currency",
            )
