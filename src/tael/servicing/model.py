"""The living loan as data: its frozen contract, the events that happened to it, and its state.

The state is a fold over the events (``rules.apply``); nothing here changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from fractions import Fraction
from typing import Any

from tael.kernel import Day, LoanId, Money, Rate, total
from tael.ledger import Dimensions, Entry
from tael.pricing import Schedule

BANK_INTEREST, GUARANTEE_FEE, SERVICING_FEE = "bank_interest", "guarantee_fee", "servicing_fee"


class LoanStatus(Enum):
    """States of DOMAIN's loan; ``MOVES`` holds every move that is allowed."""

    PENDING = "pending"
    ACTIVE = "active"
    CLAIMED = "claimed"
    SUBROGATED = "subrogated"
    SETTLED = "settled"
    RECOVERED_FULL = "recovered_full"
    WRITTEN_OFF = "written_off"
    RECOVERING = "recovering"


MOVES: dict[LoanStatus, frozenset[LoanStatus]] = {
    LoanStatus.PENDING: frozenset({LoanStatus.ACTIVE}),
    LoanStatus.ACTIVE: frozenset({LoanStatus.CLAIMED, LoanStatus.SETTLED}),
    # The bank has asked and the guarantor has not paid yet: in between nothing may be applied.
    LoanStatus.CLAIMED: frozenset({LoanStatus.SUBROGATED, LoanStatus.RECOVERED_FULL}),
    LoanStatus.SUBROGATED: frozenset({LoanStatus.RECOVERED_FULL, LoanStatus.WRITTEN_OFF}),
    LoanStatus.WRITTEN_OFF: frozenset({LoanStatus.RECOVERING}),
    LoanStatus.RECOVERING: frozenset({LoanStatus.RECOVERING}),
    LoanStatus.SETTLED: frozenset(),
    LoanStatus.RECOVERED_FULL: frozenset(),
}


class RefusalCode(Enum):
    """Why an event is not accepted, by precedence: the first that holds is the answer."""

    BEFORE_DISBURSEMENT = "before_disbursement"
    BEFORE_CLAIM = "before_claim"
    REFUNDED_SINCE = "refunded_since"
    BEFORE_LATER_EVENTS = "before_later_events"
    ALREADY_DISBURSED = "already_disbursed"
    NOT_DISBURSED = "not_disbursed"
    NOT_ACTIVE = "not_active"
    NOT_CLAIMED = "not_claimed"
    NOT_SUBROGATED = "not_subrogated"
    DPD_BELOW_THRESHOLD = "dpd_below_threshold"
    UNKNOWN_REPAYMENT = "unknown_repayment"
    ALREADY_REVERSED = "already_reversed"
    BELOW_PAYOFF_AMOUNT = "below_payoff_amount"
    NOT_ABOVE_DUE = "not_above_due"
    SETTLES_THE_LOAN = "settles_the_loan"
    NOTHING_TO_REFUND = "nothing_to_refund"


@dataclass(frozen=True, slots=True)
class GuaranteeTerms:
    """What the guarantor took on, frozen at signing.

    Attributes:
        pd_12m: twelve-month probability of default at decision.
        lgd_initial: share lost given default, for the day-1 liability.
        lgd_compensated: share lost of a compensated claim, for its allowance.
        claim_dpd: days past due from which the bank may claim.
    """

    pd_12m: Rate
    lgd_initial: Rate
    lgd_compensated: Rate
    claim_dpd: int


@dataclass(frozen=True, slots=True)
class LoanContract:
    """The terms servicing needs, copied from the signed contract and never read live.

    ``schedule`` carries the borrower's components ``bank_interest`` and ``guarantee_fee`` and the
    guarantor's ``servicing_fee``; its terms carry the penalty rate and the day count.
    """

    loan_id: LoanId
    schedule: Schedule
    guarantee: GuaranteeTerms
    dimensions: Dimensions

    @property
    def currency(self) -> str:
        return self.schedule.terms.principal.currency

    @property
    def bank_rate(self) -> Rate:
        """Annual rate of the bank's interest."""
        rates = {part.name: part.rate for part in self.schedule.terms.components}
        return rates.get(BANK_INTEREST, Rate.zero())

    @property
    def start(self) -> Day:
        return self.schedule.terms.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to the loan on ``day``; ``key`` makes a repetition harmless."""

    key: str
    day: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Disbursed(Event):
    """The bank paid out the principal under our guarantee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayClosed(Event):
    """End of a day on which something is posted: a due date, the day after one, a month end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReceived(Event):
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReversed(Event):
    """The payment channel took back the repayment whose key is ``reverses``."""

    reverses: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOff(Event):
    """Early settlement in full; ``amount`` is at least the pay-off quote of the day."""

    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepaid(Event):
    """Cash above what is due on the day: the rest is principal before its time.

    A new version of the schedule follows; ``effect`` (a value of ``pricing.Effect``) says whether
    its instalments are smaller or fewer.
    """

    amount: Money
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartiesSettled(Event):
    """The clearing account paid bank and guarantor what was collected for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remeasured(Event):
    """The expected loss of the guarantee was measured again (stage 2, or back to stage 1)."""

    liability: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Event):
    """The bank claims the whole debt; ``early_event`` names why when DPD is below threshold."""

    early_event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensated(Event):
    """The guarantor paid the claim and takes the bank's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """Cash from borrower, guarantors or assets after compensation."""

    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOff(Event):
    """The rest of the claim leaves the assets; the right to the money lives on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(Event):
    """What the borrower overpaid went back."""


EVENT_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Disbursed,
        DayClosed,
        RepaymentReceived,
        RepaymentReversed,
        PaidOff,
        Prepaid,
        PartiesSettled,
        Remeasured,
        Claimed,
        Compensated,
        Recovered,
        WrittenOff,
        Refunded,
    )
}


@dataclass(frozen=True, slots=True)
class Row:
    """One instalment and what has been applied to it.

    ``overdue_units`` sums its overdue principal over the days, in minor units times years of the
    day count: penalty is computed from it in one rounding, whatever happened in between.
    """

    number: int
    due: Day
    principal: Money
    bank_interest: Money
    guarantee_fee: Money
    servicing_fee: Money
    paid_principal: Money
    paid_interest: Money
    paid_fee: Money
    paid_penalty: Money
    overdue_units: Fraction = Fraction(0)

    @property
    def unpaid_principal(self) -> Money:
        return self.principal - self.paid_principal

    @property
    def is_paid(self) -> bool:
        return (
            self.paid_principal == self.principal
            and self.paid_interest == self.bank_interest
            and self.paid_fee == self.guarantee_fee
        )


@dataclass(frozen=True, slots=True)
class Recognised:
    """Cumulative amounts posted as earned so far, to which every posting is a true-up."""

    interest: Money
    penalty: Money
    fee: Money
    servicing: Money

    @classmethod
    def none(cls, currency: str) -> Recognised:
        zero = Money.zero(currency)
        return cls(zero, zero, zero, zero)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the bank claimed, and what has come back of it since compensation."""

    day: Day
    principal: Money
    interest: Money
    penalty: Money
    recovered_principal: Money
    recovered_interest: Money
    written_off: Money

    @property
    def amount(self) -> Money:
        return self.principal + self.interest + self.penalty

    @property
    def open_principal(self) -> Money:
        return self.principal - self.recovered_principal

    @property
    def open_interest(self) -> Money:
        return self.interest + self.penalty - self.recovered_interest


@dataclass(frozen=True, slots=True)
class Clearing:
    """Collected and not yet paid on: to the bank, to the guarantor, to nobody yet (credit)."""

    bank: Money
    guarantor: Money
    unapplied: Money
    servicing_settled: Money


@dataclass(frozen=True, slots=True)
class LoanState:
    """A loan at the end of its last event. Amounts in the contract's currency.

    Attributes:
        as_of: day up to which days are counted.
        closed_through: due date through which everything due is paid (start before the first).
        late_interest_closed: interest on overdue principal of arrears that are over, all paid.
        arrears_units: outstanding principal (minor units) times years since ``closed_through``.
        late_interest_paid: interest on overdue principal paid since ``closed_through``.
        liability: guarantee liability posted (IFRS view); ``allowance`` once compensated.
        versions: the schedules that followed the contract's own, one for each prepayment.
    """

    contract: LoanContract
    status: LoanStatus
    as_of: Day
    rows: tuple[Row, ...]
    closed_through: Day
    late_interest_closed: Money
    arrears_units: Fraction
    late_interest_paid: Money
    recognised: Recognised
    clearing: Clearing
    liability: Money
    allowance: Money
    claim: Claim | None = None
    version: int = 1
    late_recoveries: Money | None = None
    versions: tuple[Schedule, ...] = ()

    @property
    def schedule(self) -> Schedule:
        """The schedule in force: the contract's, or that of the last prepayment."""
        return self.versions[-1] if self.versions else self.contract.schedule

    @property
    def outstanding(self) -> Money:
        """Principal the borrower owes the bank: zero once claimed or settled."""
        if self.status is not LoanStatus.ACTIVE:
            return Money.zero(self.contract.currency)
        return total((row.unpaid_principal for row in self.rows), self.contract.currency)

    @property
    def unpaid_principal(self) -> Money:
        """Principal not repaid by the borrower on the schedule, whoever holds the claim."""
        return total((row.unpaid_principal for row in self.rows), self.contract.currency)


@dataclass(frozen=True, slots=True)
class Step:
    """What one event did: the state after it and the entries of all books, posted together."""

    state: LoanState
    entries: tuple[Entry, ...]


def event_to_json(event: Event) -> dict[str, Any]:
    """``event`` as JSON values: kind and fields; money as minor units and currency."""
    out: dict[str, Any] = {"kind": type(event).__name__}
    for item in fields(event):
        value = getattr(event, item.name)
        if isinstance(value, Money):
            value = {"minor": value.minor, "currency": value.currency}
        out[item.name] = value.isoformat() if isinstance(value, Day) else value
    return out


def event_from_json(data: dict[str, Any]) -> Event:
    """The event that ``event_to_json`` wrote."""
    values = {name: value for name, value in data.items() if name != "kind"}
    values["day"] = Day.parse(values["day"])
    for name in ("amount", "liability"):
        if name in values:
            values[name] = Money(values[name]["minor"], values[name]["currency"])
    return EVENT_KINDS[data["kind"]](**values)
