"""The words of a replay: a loan of the file, what we decide on it, how it was booked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from tael.kernel import Day, Money, Rate


class Ending(Enum):
    """How a loan of the file ended; ``UNKNOWN`` when the file does not say."""

    PAID = "paid"
    DEFAULT = "default"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that was left out: its 1-based number (the header is not counted), field and rule."""

    row: int
    field: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan of the file.

    Attributes:
        row: its 1-based row.
        key: the lender's number of it.
        approved: the day of approval, which is also when it is booked as lent.
        amount: approved principal; ``guaranteed`` is the guaranteed part of it.
        ending: what became of it, known only afterwards.
        defaulted_on: day of the charge-off; ``loss`` its principal, both of a default only.
        term: months as recorded afterwards; read of paid training loans alone.
        weight: how many loans of the population it stands for.
        source: which sampling source gave the weight, empty for none.
    """

    row: int
    key: str
    approved: Day
    amount: Money
    guaranteed: Money
    ending: Ending
    defaulted_on: Day | None
    loss: Money
    term: int | None
    weight: Decimal
    source: str

    @property
    def share(self) -> Decimal:
        """The guaranteed share of the principal."""
        return Decimal(self.guaranteed.minor) / Decimal(self.amount.minor)

    @property
    def vintage(self) -> int:
        """Year of approval."""
        return self.approved.year


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy and scorecard say of a loan at its approval day: nothing later is in it."""

    loan: Loan
    pd: Rate
    score: int
    tier: int
    approved: bool
    bank_interest: Rate
    guarantee_fee: Rate


@dataclass(frozen=True, slots=True)
class Life:
    """An accepted loan from disbursement to its end, in money: what the books are made from.

    Attributes:
        ends: pay-off at the imputed term, or the day of the charge-off.
        interest, fee: what bank and guarantor earned over it.
        servicing: the platform's part of ``fee``, paid by the guarantor.
        repaid: principal that came back.
        claim: guaranteed part of the loss, paid by the guarantor and not recovered.
        bank_loss: part of the loss without guarantee.
        assumed: the end is imputed, not recorded.
    """

    decision: Decision
    ends: Day
    interest: Money
    fee: Money
    servicing: Money
    repaid: Money
    claim: Money
    bank_loss: Money
    assumed: bool

    @property
    def loss(self) -> Money:
        """Principal that did not come back."""
        return self.claim + self.bank_loss

    @property
    def fund_result(self) -> Money:
        """What the guarantee fund is left with: fee less servicing less claim."""
        return self.fee - self.servicing - self.claim
