"""The use cases of a living loan. Each accepts one event: checked, posted in all books, logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
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
    check,
    day_of,
)
from tael.pricing import Due, Effect
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
    LoanStatus,
    PaidOff,
    PartiesSettled,
    Prepaid,
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


@dataclass(frozen=True)
class Opened:
    """A loan with its folded state; ``head`` names the log that led to it."""

    file: LoanFile
    state: LoanState
    head: str


@dataclass
class StateCache:
    """Opened loans by the head of their log: a pure function's results, safe to lose.

    The head is compared with the store's at every use, so a transaction that was rolled back, or
    another process, never makes it lie.
    """

    known: dict[LoanId, Opened] = field(default_factory=dict)
    size: int = 20_000

    def get(self, loan_id: LoanId, head: str) -> Opened | None:
        known = self.known.get(loan_id)
        return known if known is not None and known.head == head else None

    def put(self, opened: Opened) -> None:
        if len(self.known) >= self.size:
            self.known.clear()
        self.known[opened.file.contract.loan_id] = opened


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
    _held: dict[LoanId, Opened] = field(default_factory=dict, init=False, repr=False)

    def open(self, header: LoanHeader, contract: LoanContract) -> None:
        """Enter a signed loan (PENDING). Entering it again with the same contract changes nothing.

        Raises:
            Conflict: the id belongs to another contract.
        """
        if self.store.head(contract.loan_id) is None:
            self.store.insert(header, contract, summarise(open_loan(contract)))
        elif self.file(contract.loan_id).contract != contract:
            raise Conflict(f"{contract.loan_id} is another contract", field="loan_id")

    def state(self, loan_id: LoanId) -> LoanState:
        """The loan as its last event left it."""
        return self._open(loan_id).state

    def file(self, loan_id: LoanId) -> LoanFile:
        """The loan with its whole log.

        Raises:
            NotFound: no such loan.
        """
        return self._open(loan_id).file

    def rebuilt(self, loan_id: LoanId) -> LoanState:
        """The loan as its log leads to it, folded anew and compared with nothing that is kept."""
        file = self.file(loan_id)
        return fold(file.contract, file.log)

    def disburse(self, loan_id: LoanId, day: Day, *, key: str) -> LoanState | Refusal:
        """The bank paid out: loan and guarantee come into force."""
        return self._accept(loan_id, Disbursed(key=key, day=day))

    def receive_repayment(
        self, loan_id: LoanId, amount: Money, day: Day, *, key: str
    ) -> LoanState | Refusal:
        """Cash from the borrower, value-dated ``day``: allocated, the rest kept as credit."""
        return self._accept(loan_id, RepaymentReceived(key=key, day=day, amount=amount))

    def reverse_repayment(
        self, loan_id: LoanId, day: Day, *, key: str, reverses: str
    ) -> LoanState | Refusal:
        """The channel took back the repayment with key ``reverses``."""
        return self._accept(loan_id, RepaymentReversed(key=key, day=day, reverses=reverses))

    def dues(self, loan_id: LoanId, day: Day) -> tuple[Due, ...]:
        """What the borrower owes the bank at the end of ``day``, not before the last event."""
        state = self.state(loan_id)
        return dues(advance(state, day)) if state.status is LoanStatus.ACTIVE else ()

    def quote_payoff(self, loan_id: LoanId, day: Day) -> Money:
        """What settles the loan in full on ``day``."""
        return payoff_quote(self.state(loan_id), day)

    def pay_off(self, loan_id: LoanId, amount: Money, day: Day, *, key: str) -> LoanState | Refusal:
        """Early settlement with at least the quote of ``day``; more is kept as credit."""
        return self._accept(loan_id, PaidOff(key=key, day=day, amount=amount))

    def prepay(
        self,
        loan_id: LoanId,
        amount: Money,
        day: Day,
        *,
        key: str,
        effect: Effect = Effect.LOWER_INSTALMENT,
    ) -> LoanState | Refusal:
        """Pay more than is due on ``day`` (提前还款): the rest is principal before its time.

        What is due and the running period's charges to the day come first. The state's
        ``schedule`` is then version n+1: smaller instalments, or as high ones and fewer. Refuses
        with ``not_active``, ``not_above_due`` or ``settles_the_loan`` (use ``pay_off``).

        Raises:
            BadInput: what is left has no schedule under the contract's terms.
        """
        prepaid = Prepaid(key=key, day=day, amount=amount, effect=effect.value)
        return self._accept(loan_id, prepaid)

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
        state = self._open(loan_id, lock=True).state
        while (posting_day := next_posting(state)) is not None and posting_day <= day:
            state = self._must(loan_id, DayClosed(key=f"close:{posting_day}", day=posting_day))
        if not (state.clearing.bank or state.clearing.guarantor):
            return state
        # Once a day: what comes in after it is paid on with the next day's.
        settled = PartiesSettled(key=f"settle:{day}", day=max(day, state.as_of))
        return self._must(loan_id, settled)

    def claimable(self, day: Day, dpd: int) -> Sequence[LoanId]:
        """Active loans at least ``dpd`` days past due on ``day``: the bank may claim them."""
        return self.store.claimable(day, dpd)

    def _must(self, loan_id: LoanId, event: Event) -> LoanState:
        state = self._accept(loan_id, event)
        if isinstance(state, Refusal):
            raise Conflict(f"{loan_id}: the daily run was refused: {state}", field="loan_id")
        return state

    def _open(self, loan_id: LoanId, *, lock: bool = False) -> Opened:
        held = self._held.get(loan_id)
        if held is not None:
            return held
        opened = self._look_up(loan_id, lock=lock)
        if lock:
            # Nobody else can move it before this unit of work ends: no need to ask again.
            self._held[loan_id] = opened
        return opened

    def _look_up(self, loan_id: LoanId, *, lock: bool) -> Opened:
        head = self.store.head(loan_id, lock=lock)
        if head is None:
            raise NotFound(f"there is no loan {loan_id}", field="loan_id")
        known = self.cache.get(loan_id, head)
        if known is not None:
            return known
        file = self.store.load(loan_id)
        if file is None:
            raise NotFound(f"there is no loan {loan_id}", field="loan_id")
        if file.head != head and not lock:
            head = self.store.head(loan_id)  # another writer came between the two readings
        check(file.head == head, "a loan's log is what its head says")
        opened = Opened(file, fold(file.contract, file.log), file.head)
        self.cache.put(opened)
        return opened

    def _accept(self, loan_id: LoanId, event: Event) -> LoanState | Refusal:
        today = day_of(self.clock.now(), self.zone)
        if event.day > today:
            raise BadInput(f"{event.day} has not come yet", field="day", rule=f"not after {today}")
        opened = self._open(loan_id, lock=True)
        file = opened.file
        if isinstance(event, RepaymentReceived | PaidOff | Prepaid | Recovered):
            _check_amount(event.amount, file.contract.currency)
        known = next((one for one in file.log if one.key == event.key), None)
        if known is not None:
            if known != event:
                raise Conflict(
                    f"key {event.key!r} was used for another event",
                    field="key",
                    rule="one content per key",
                )
            return opened.state
        step = record(file.contract, file.log, event, opened.state)
        if isinstance(step, Refusal):
            return step
        self._write(opened, event, step)
        return step.state

    def _write(self, opened: Opened, event: Event, step: Step) -> None:
        file, loan_id = opened.file, opened.file.contract.loan_id
        if step.entries:
            self.books.post(step.entries, key=f"{loan_id}:{event.key}")
        head = self.store.append(event, opened.head, summarise(step.state))
        moved = Opened(replace(file, log=(*file.log, event)), step.state, head)
        self._held[loan_id] = moved
        self.cache.put(moved)
        for fact in tell(file.header, opened.state, step.state, event):
            self.emit(fact, f"{loan_id}:{event.key}:{type(fact).__name__}")


def _check_amount(amount: Money, currency: str) -> None:
    if amount.minor <= 0:
        raise BadInput(f"{amount} cannot be received", field="amount", rule="above zero")
    if amount.currency != currency:
        raise BadInput(
            f"the loan is in {currency}, the amount in {amount.currency}",
            code="currency_mismatch",
            field="amount",
            rule="the contract's currency",
        )
