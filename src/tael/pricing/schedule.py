"""The schedule: dated instalments by component, with the questions the rooms ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tael.kernel import BadInput, Day, Money, Rate, check, total
from tael.pricing.accrual import charges_on, other_charges_on
from tael.pricing.allocation import Due
from tael.pricing.terms import PRINCIPAL, Component, Method, Terms


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
class Claim:
    """What the bank claims of the guarantor on a day, and how late the loan is then.

    Args:
        principal: all that is outstanding, due or not.
        interest: the bank's, from the last paid due day to the claim, on that principal.
        penalties: instalment number to penalty on its overdue principal.
        days: interest days counted.
        days_past_due: calendar days since the oldest unpaid due day.
    """

    principal: Money
    interest: Money
    penalties: Mapping[int, Money] = field(hash=False)
    days: int
    days_past_due: int

    @property
    def penalty(self) -> Money:
        """Sum over the overdue instalments."""
        return total(self.penalties.values(), self.principal.currency)

    @property
    def total(self) -> Money:
        """What the guarantor pays."""
        return self.principal + self.interest + self.penalty


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
        check(bool(self.instalments), "a schedule has instalments")
        repaid = total((row.principal for row in self.instalments), self.terms.currency)
        check(repaid == self.terms.principal, "the principal of a schedule adds up to the loan")

    @property
    def first_number(self) -> int:
        """Number of the first instalment here: above 1 in a version made by a prepayment."""
        return self.instalments[0].number

    def instalment(self, number: int) -> Instalment:
        """The instalment of that number.

        Raises:
            BadInput: there is none in this version.
        """
        index = number - self.first_number
        if not 0 <= index < len(self.instalments):
            raise _no_such(self, number)
        return self.instalments[index]

    def outstanding_after(self, number: int) -> Money:
        """Principal outstanding when instalments up to ``number`` are paid; 0 asks for the start.

        Raises:
            BadInput: there is no such instalment in this version.
        """
        paid = number - self.first_number + 1
        if not 0 <= paid <= len(self.instalments):
            raise _no_such(self, number)
        repaid = (row.principal for row in self.instalments[:paid])
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
        index = number - self.first_number
        if not 0 <= index <= len(self.instalments):
            raise _no_such(self, number)
        return self.terms.start if index == 0 else self.instalments[index - 1].due

    def accrued(self, paid: int, on: Day) -> Mapping[str, Money]:
        """Every component's charge from the last paid due day to ``on``, others' included.

        On the principal outstanding after instalment ``paid``; on the next due day it equals that
        instalment's charges. The caller leaves out what is not recognised after the first unpaid
        due day (guarantee and servicing income).

        Raises:
            BadInput: no such instalment, or ``on`` before the last paid due day.
        """
        balance = self.outstanding_after(paid)
        if self.terms.method is Method.FLAT and balance:
            balance = self.terms.principal
        share = self.terms.convention.share(self.period_start(paid + 1), on)
        mine, others = (
            charges_on(self.terms, balance, share),
            other_charges_on(self.terms, balance, share),
        )
        return {**mine, **others}

    def claim(self, paid: int, on: Day) -> Claim:
        """What the bank claims of the guarantor on ``on`` when instalments up to ``paid`` are paid.

        Bank interest runs to the claim on all outstanding principal, rounded once. Penalty stands
        on the overdue principal of each overdue instalment, from its due day, rounded for each.
        Both by the contract's day count; days past due are calendar days.

        Worked (30/360, penalty 3 %): 91,979.06 after 3 instalments, first unpaid due day
        2025-12-20, claim on 2026-03-10: 110 days give 1,686.28; 64.15 + 40.69 + 16.52 = 121.36
        stand on 9,621.91 for 80 days, 9,766.24 for 50, 9,912.74 for 20. Total 93,786.70.

        Raises:
            BadInput: nothing is overdue on ``on``.
        """
        overdue = [row for row in self.instalments if row.number > paid and row.due < on]
        if not overdue:
            raise BadInput(
                f"nothing is overdue on {on} with {paid} instalments paid",
                field="on",
                rule="after the first unpaid due day",
            )
        principal, start = self.outstanding_after(paid), self.period_start(paid + 1)
        convention = self.terms.convention
        rate = Rate(sum((part.rate.fraction for part in self._bank_components()), Decimal(0)))
        return Claim(
            principal,
            convention.interest(principal, rate, start, on),
            {row.number: self.terms.penalty(row.principal, row.due, on) for row in overdue},
            days=convention.days(start, on),
            days_past_due=overdue[0].due.days_until(on),
        )

    def _bank_components(self) -> list[Component]:
        return [part for part in self.terms.borrower_components if part.payee == "bank"]

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


def _no_such(schedule: Schedule, number: int) -> BadInput:
    first, last = schedule.first_number, schedule.instalments[-1].number
    return BadInput(
        f"instalment {number} is not among {first} to {last} of version {schedule.version}",
        field="number",
        rule=f"{first} to {last}",
    )
