"""The schedule: dated instalments by component, with the questions the rooms ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tael.kernel import BadInput, Day, Money, check, total
from tael.pricing.allocation import Due
from tael.pricing.terms import PRINCIPAL, Terms


@dataclass(frozen=True, slots=True)
class Instalment:
    """One due row (期).

    Args:
        number: from 1.
        due: the day it falls due.
        principal: the part of the principal that comes back.
        charges: component name to amount, what the borrower pays besides principal.
        other_charges: component name to amount, what others pay on the same balance (the guarantor
            its servicing fee to the platform): not part of ``total``.
    """

    number: int
    due: Day
    principal: Money
    charges: Mapping[str, Money] = field(hash=False)
    other_charges: Mapping[str, Money] = field(default_factory=dict, hash=False)

    @property
    def charge(self) -> Money:
        """Sum of the borrower's charges."""
        return total(self.charges.values(), self.principal.currency)

    @property
    def total(self) -> Money:
        """What the borrower pays."""
        return self.principal + self.charge


@dataclass(frozen=True, slots=True)
class Schedule:
    """Dated instalments by component (还款计划), one version of them.

    The principal of its instalments adds up to ``terms.principal``. A prepayment or a restructuring
    makes another schedule with the next ``version``; this one stays as it was.
    """

    terms: Terms
    instalments: tuple[Instalment, ...]
    version: int = 1

    def __post_init__(self) -> None:
        repaid = total((row.principal for row in self.instalments), self.terms.currency)
        check(repaid == self.terms.principal, "the principal of a schedule adds up to the loan")

    def outstanding_after(self, number: int) -> Money:
        """Principal outstanding when instalments 1 to ``number`` are paid; 0 asks for the start.

        Raises:
            BadInput: there is no such instalment.
        """
        if not 0 <= number <= len(self.instalments):
            raise BadInput(
                f"instalment {number} is not in a schedule of {len(self.instalments)}",
                field="number",
                rule=f"0 to {len(self.instalments)}",
            )
        repaid = (row.principal for row in self.instalments[:number])
        return self.terms.principal - total(repaid, self.terms.currency)

    def dues(self, through: Day | None = None) -> tuple[Due, ...]:
        """What falls due up to and on ``through`` (default: ever), as ``allocate`` wants it."""
        return tuple(
            Due(row.number, name, amount)
            for row in self.instalments
            if through is None or row.due <= through
            for name, amount in (*row.charges.items(), (PRINCIPAL, row.principal))
            if amount
        )

    def period_start(self, number: int) -> Day:
        """The day instalment ``number`` begins to accrue: the due day before it, or the start."""
        return self.terms.start if number == 1 else self.instalments[number - 2].due

    @property
    def servicing(self) -> tuple[Money, ...]:
        """For each instalment, what others than the borrower owe the platform on its period."""
        names = {
            part.name
            for part in self.terms.components
            if part.payee == "platform" and part.payer != "borrower"
        }
        return tuple(
            total(
                (amount for name, amount in row.other_charges.items() if name in names),
                self.terms.currency,
            )
            for row in self.instalments
        )

    @property
    def total_charges(self) -> Money:
        """Everything the borrower pays besides principal when every instalment is paid in time."""
        return total((row.charge for row in self.instalments), self.terms.currency)
