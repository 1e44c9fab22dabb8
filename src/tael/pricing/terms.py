"""What a contract says about its price: method, term, components and every convention."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from itertools import pairwise

from tael.kernel import BadInput, Calendar, Day, Money, Rate, Roll, Rounding
from tael.pricing.daycount import Convention, DayCount

PAYERS = ("borrower", "guarantor", "bank")
PAYEES = ("bank", "guarantor", "platform")
PENALTY = "penalty"
PRINCIPAL = "principal"
_RESERVED = (PENALTY, PRINCIPAL)
_MOST_INSTALMENTS = 1200
_LONGEST_MONTH = 31


class Method(Enum):
    """How principal comes back.

    ``EQUAL_INSTALMENT`` is 等额本息, ``EQUAL_PRINCIPAL`` 等额本金, ``INTEREST_ONLY`` 先息后本: the
    charges each month, the principal with the last instalment. ``FLAT`` is 等本等息: charges stay
    on the first principal however much is repaid, so the all-in cost is nearly twice the rate.
    """

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_ONLY = "interest_only"
    FLAT = "flat"


class LastRow(Enum):
    """What becomes of the cents that rounding leaves over: contract data.

    ``TAKES_BALANCE``: the last instalment is whatever is still owed. ``SPREAD``: the equal
    instalment is first moved to the amount that brings the last one nearest to the others; the last
    one still takes the balance. ``LOWER``: the equal instalment is the least with which the last
    one is not above it; ``HIGHER``: the greatest with which it is not below.
    """

    TAKES_BALANCE = "takes_balance"
    SPREAD = "spread"
    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Component:
    """One charge on the outstanding principal, with who pays it and who gets it.

    Args:
        name: a word such as ``bank_interest`` or ``guarantee_fee``, unique within the terms.
        rate: annual.
        payer: ``borrower``, ``guarantor`` or ``bank``. Only what the borrower pays is part of an
            instalment; the rest is computed on the same balances and stands beside it.
        payee: ``bank``, ``guarantor`` or ``platform``.

    Raises:
        BadInput: a negative rate, an unknown payer or payee, a reserved or empty name.
    """

    name: str
    rate: Rate
    payer: str = "borrower"
    payee: str = "bank"

    def __post_init__(self) -> None:
        where = f"components.{self.name}"
        if not self.name or self.name in _RESERVED:
            raise BadInput(
                f"a component may not be named {self.name!r}",
                field="components.name",
                rule="not empty, not 'penalty', not 'principal'",
            )
        if self.rate.fraction < 0:
            raise BadInput(
                f"a rate of {self.rate} is below zero", field=f"{where}.rate", rule=">= 0"
            )
        if self.payer not in PAYERS:
            raise BadInput(
                f"{self.payer!r} pays nothing here", field=f"{where}.payer", rule=" | ".join(PAYERS)
            )
        if self.payee not in PAYEES:
            raise BadInput(
                f"{self.payee!r} is paid nothing here",
                field=f"{where}.payee",
                rule=" | ".join(PAYEES),
            )


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything a schedule follows from. Two equal terms give the same cents.

    Args:
        principal: above zero; its currency is the currency of the whole schedule.
        method: how principal comes back.
        months: number of instalments, one a month unless ``due_dates`` says otherwise.
        start: the day the money is paid out; interest runs from it.
        components: charges a year on the outstanding principal.
        rounding: of every charge to the minor unit.
        day_count: how days become a share of a year.
        penalty_rate: annual, on overdue principal, besides the components.
        first_due: the first due day when it is not a month after ``start``; its day of the month is
            then the seed day of the others.
        due_dates: the due days themselves, one for each instalment.
        due_day: the day of the month, where ``start`` or ``first_due`` does not show it (28
            February of a loan due on the 31st).
        roll, calendar: where a due day goes that is no business day; interest runs to the day
            rolled to.
        instalment_rounding: of the equal part alone (default: ``rounding``).
        instalment_multiple: the equal part is a multiple of this (default: one minor unit).
        last_row: what becomes of the cents that rounding leaves over.
        principal_grace: so many first instalments hold charges only.
        equal_part: the instalment (等额本息) or the principal in it (等额本金) where the contract
            fixes it; ``months`` is then the most there can be, and the schedule ends with the debt.
        year_days: length of a year where the contract names another than its day count does.

    Raises:
        BadInput: names the field and the rule it broke.
    """

    principal: Money
    method: Method
    months: int
    start: Day
    components: tuple[Component, ...]
    rounding: Rounding = Rounding.HALF_UP
    day_count: DayCount = DayCount.THIRTY_360
    penalty_rate: Rate = field(default_factory=Rate.zero)
    first_due: Day | None = field(default=None, kw_only=True)
    due_dates: tuple[Day, ...] = field(default=(), kw_only=True)
    due_day: int | None = field(default=None, kw_only=True)
    roll: Roll = field(default=Roll.NONE, kw_only=True)
    calendar: Calendar | None = field(default=None, kw_only=True)
    instalment_rounding: Rounding | None = field(default=None, kw_only=True)
    instalment_multiple: Money | None = field(default=None, kw_only=True)
    last_row: LastRow = field(default=LastRow.TAKES_BALANCE, kw_only=True)
    principal_grace: int = field(default=0, kw_only=True)
    equal_part: Money | None = field(default=None, kw_only=True)
    year_days: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _check_amounts(self)
        _check_days(self)

    @property
    def seed_day(self) -> int:
        """The day of the month the instalments fall due on where the month has it."""
        return self.due_day or (self.first_due or self.start).day

    @property
    def convention(self) -> Convention:
        """How this contract counts interest between any two days."""
        return Convention(self.day_count, self.rounding, self.seed_day, self.year_days)

    @property
    def currency(self) -> str:
        """ISO 4217 code of every amount of the schedule."""
        return self.principal.currency

    @property
    def borrower_components(self) -> tuple[Component, ...]:
        """What the borrower pays, in order: the shares of each instalment's charge."""
        return tuple(part for part in self.components if part.payer == "borrower")

    @property
    def all_in_rate(self) -> Rate:
        """Annual rate of everything the borrower pays on the balance; upfront fees come on top."""
        return Rate(sum((part.rate.fraction for part in self.borrower_components), Decimal(0)))

    def penalty(self, overdue: Money, since: Day, on: Day) -> Money:
        """Penalty on ``overdue`` principal of one instalment, due on ``since``, up to ``on``.

        Simple interest at ``penalty_rate`` by the contract's day count, rounded once for each
        overdue instalment; never on interest, fees or earlier penalty (no 复利).

        Raises:
            BadInput: another currency than the loan's, or ``on`` before ``since``.
        """
        if overdue.currency != self.currency:
            raise BadInput(
                f"{overdue} is overdue on a loan in {self.currency}",
                code="currency_mismatch",
                field="overdue",
                rule="the currency of the loan",
            )
        return self.convention.interest(overdue, self.penalty_rate, since, on)


def _check_amounts(terms: Terms) -> None:
    if terms.principal.minor <= 0:
        raise BadInput(
            f"a loan of {terms.principal} is no loan", field="principal", rule="above zero"
        )
    if type(terms.months) is not int or not 1 <= terms.months <= _MOST_INSTALMENTS:
        raise BadInput(
            f"{terms.months!r} instalments cannot be scheduled",
            field="months",
            rule=f"whole number from 1 to {_MOST_INSTALMENTS}",
        )
    if terms.penalty_rate.fraction < 0:
        raise BadInput(
            f"a rate of {terms.penalty_rate} is below zero", field="penalty_rate", rule=">= 0"
        )
    names = [part.name for part in terms.components]
    if len(set(names)) != len(names):
        raise BadInput(
            f"components {', '.join(names)} are not all different",
            field="components",
            rule="unique names",
        )
    equal = terms.method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL)
    if not equal and (terms.principal_grace or terms.equal_part is not None):
        raise BadInput(
            f"a {terms.method.value} loan has neither a principal grace nor an equal part",
            field="principal_grace" if terms.principal_grace else "equal_part",
            rule="equal instalment and equal principal only",
        )
    if not 0 <= terms.principal_grace < terms.months:
        raise BadInput(
            f"a grace of {terms.principal_grace} leaves no instalment for the principal",
            field="principal_grace",
            rule="0 <= principal_grace < months",
        )
    if terms.year_days is not None and terms.year_days <= 0:
        raise BadInput(f"no year has {terms.year_days} days", field="year_days", rule="above zero")
    _check_part(terms, "instalment_multiple", terms.instalment_multiple)
    _check_part(terms, "equal_part", terms.equal_part)


def _check_part(terms: Terms, name: str, amount: Money | None) -> None:
    if amount is None:
        return
    if amount.currency != terms.principal.currency:
        raise BadInput(
            f"{amount} is not in {terms.principal.currency}, the currency of the principal",
            code="currency_mismatch",
            field=name,
            rule="one currency per schedule",
        )
    if amount.minor <= 0:
        raise BadInput(f"{amount} makes no instalment", field=name, rule="above zero")


def _check_days(terms: Terms) -> None:
    if terms.roll is not Roll.NONE and terms.calendar is None:
        raise BadInput(
            f"due days roll {terms.roll.value}, but no calendar says which days are off",
            field="calendar",
            rule="given when roll is not none",
        )
    if terms.first_due is not None and terms.first_due <= terms.start:
        raise BadInput(
            f"the first due day {terms.first_due} is not after the start {terms.start}",
            field="first_due",
            rule="after start",
        )
    if terms.due_day is not None and not 1 <= terms.due_day <= _LONGEST_MONTH:
        raise BadInput(f"no month has a day {terms.due_day}", field="due_day", rule="1 to 31")
    days = terms.due_dates
    if not days:
        return
    if len(days) != terms.months:
        raise BadInput(
            f"{len(days)} due days for {terms.months} instalments",
            field="due_dates",
            rule="one for each instalment",
        )
    if days[0] < terms.start or any(later <= day for day, later in pairwise(days)):
        raise BadInput(
            f"due days from {terms.start} on do not rise",
            field="due_dates",
            rule="from start on, strictly rising",
        )
