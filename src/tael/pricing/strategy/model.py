"""What a strategy is about: cells of borrowers, prices and limits to choose from, what they cost.

All sums are of one currency; rates are annual; a period is some months of new lending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise

from tael.kernel import BadInput, Day, Money, Rate
from tael.pricing.strategy.curve import TakeUp
from tael.pricing.strategy.figures import Costs, Guarantor, Risk
from tael.pricing.terms import Method

TIERS = range(1, 8)
PRIME = range(1, 4)
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Price:
    """What the borrower pays a year: the bank's interest and the guarantor's fee (DOMAIN 5.4).

    The platform is paid by the guarantor, never by the borrower, so the all-in price is the sum.
    """

    bank_interest: Rate
    guarantee_fee: Rate

    def __post_init__(self) -> None:
        for name in ("bank_interest", "guarantee_fee"):
            if getattr(self, name).fraction < 0:
                raise BadInput(
                    f"a {name} of {getattr(self, name)} is below zero", field=name, rule=">= 0"
                )

    @property
    def total(self) -> Rate:
        """Both, as one annual rate."""
        return self.bank_interest + self.guarantee_fee


@dataclass(frozen=True, slots=True)
class Limit:
    """How much is lent at most: a share of what is asked for, below a ceiling if there is one."""

    share: Decimal = _ONE
    ceiling: Money | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadInput(
                f"a share of {self.share}", field="limits.share", rule="above 0, up to 1"
            )
        if self.ceiling is not None and self.ceiling.minor <= 0:
            raise BadInput(f"a ceiling of {self.ceiling}", field="limits.ceiling", rule="above 0")

    def granted(self, asked: Money, step: Money) -> Money:
        """What is lent of ``asked``: the limit, in whole ``step``, or less where less is asked."""
        most = asked.decimal() * self.share
        if self.ceiling is not None:
            most = min(most, self.ceiling.decimal())
        if most >= asked.decimal():
            return asked
        steps = (most / step.decimal()).quantize(_ONE, rounding=ROUND_DOWN)
        return Money(int(steps) * step.minor, asked.currency)

    def no_more_than(self, other: Limit) -> bool:
        """Whether it never lends more than ``other``."""
        if self.share > other.share:
            return False
        if other.ceiling is None:
            return True
        return self.ceiling is not None and self.ceiling <= other.ceiling


@dataclass(frozen=True, slots=True)
class Terms:
    """What a cell is offered: a price with a limit; None is no offer at all."""

    price: Price
    limit: Limit


@dataclass(frozen=True, slots=True)
class Ask:
    """Applications of a period that ask for about the same: how many, how much, how long."""

    applications: Decimal
    amount: Money
    months: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the customers, by the values of its dimensions: ``(("industry", "C"),)``."""

    values: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The values, as one reads them."""
        return " / ".join(value for _, value in self.values) or "all"


@dataclass(frozen=True, slots=True)
class Cell:
    """Borrowers of one tier in one segment, who get one price and one limit.

    Args:
        tier: R1 (best) to R7.
        segment: where they belong.
        asks: what they ask for in a period; at least one application.
        pd_12m: probability to stop paying within twelve months, at today's price.
        pd_life: the same within the term, when it is known; else the monthly risk stays as it is.
        lgd: share lost of what is paid to the bank for a loan that stopped.
        today: what they are offered today; None when they are declined.
        reference: the price at which ``pd_12m`` was seen; today's, when there is one.
        small: whether they are small or micro firms (15x rule, liability weight).
    """

    tier: int
    segment: Segment
    asks: tuple[Ask, ...]
    pd_12m: Rate
    lgd: Rate
    today: Terms | None
    reference: Price
    pd_life: Rate | None = None
    small: bool = True

    def __post_init__(self) -> None:
        where = f"cells.R{self.tier} {self.segment.name}"
        if self.tier not in TIERS:
            raise BadInput(f"there is no tier R{self.tier}", field=f"{where}.tier", rule="1 to 7")
        if not self.asks or sum(ask.applications for ask in self.asks) <= 0:
            raise BadInput(
                f"R{self.tier} {self.segment.name} has no demand",
                field=f"{where}.asks",
                rule="at least one application; leave out a cell that nobody is in",
            )
        for ask in self.asks:
            if ask.applications <= 0 or ask.amount.minor <= 0 or ask.months < 1:
                raise BadInput(
                    f"{ask.applications} applications for {ask.amount} over {ask.months} months",
                    field=f"{where}.asks",
                    rule="applications and amount above 0, months at least 1",
                )
        for name in ("pd_12m", "lgd"):
            if not 0 <= getattr(self, name).fraction <= 1:
                raise BadInput(
                    f"{getattr(self, name)} is no share", field=f"{where}.{name}", rule="0 to 1"
                )
        if self.pd_12m.fraction == 1 or (
            self.pd_life and not self.pd_12m <= self.pd_life < Rate(_ONE)
        ):
            raise BadInput(
                f"a lifetime PD of {self.pd_life} with {self.pd_12m} within a year",
                field=f"{where}.pd_life",
                rule="at least that of 12 months, below 1",
            )

    @property
    def key(self) -> tuple[tuple[tuple[str, str], ...], int]:
        """The order in which cells stand: by segment, best tier first."""
        return self.segment.values, self.tier

    @property
    def name(self) -> str:
        """Tier and segment, as one reads them."""
        return f"R{self.tier} {self.segment.name}"

    @property
    def prime(self) -> bool:
        """Whether the tier is R1 to R3."""
        return self.tier in PRIME


@dataclass(frozen=True, slots=True)
class Partner:
    """A bank: what it lends in the period at most, and to whom (empty: to everyone)."""

    name: str
    most: Money
    tiers: frozenset[int] = frozenset()
    segments: frozenset[Segment] = frozenset()

    def lends(self, cell: Cell) -> bool:
        """Whether it lends to borrowers of ``cell``."""
        tier = not self.tiers or cell.tier in self.tiers
        return tier and (not self.segments or cell.segment in self.segments)


@dataclass(frozen=True, slots=True)
class Grid:
    """What may be chosen.

    Args:
        prices: by tier; a cell's price of today is always among them.
        limits: from the smallest to the largest, the same for all; today's are among them.
        cap: most all-in cost a year (nominal, 12 x monthly IRR), the dated parameter in force.
        most_rise: no price above today's by more than this; None for no such rule.
        smooth: between neighbouring tiers the price rises by no more than this; None for no rule.
        least_amount, limit_step: a smaller loan is not made; limits are whole steps.
        method: how the loans are repaid.
        penalty: annual, on overdue principal until the claim.
        start: the day on which loans begin, for their schedules and the cap.
    """

    prices: Mapping[int, Sequence[Price]]
    limits: tuple[Limit, ...]
    cap: Rate
    start: Day
    most_rise: Rate | None = None
    smooth: Rate | None = None
    least_amount: Money = field(default_factory=lambda: Money(1_000_000))
    limit_step: Money = field(default_factory=lambda: Money(100_000))
    method: Method = Method.EQUAL_INSTALMENT
    penalty: Rate = field(default_factory=lambda: Rate(Decimal("0.03")))

    def __post_init__(self) -> None:
        if not self.limits:
            raise BadInput("there is no limit to choose", field="limits", rule="at least one")
        for lower, upper in pairwise(self.limits):
            if lower == upper or not lower.no_more_than(upper):
                raise BadInput(
                    f"{lower} does not come before {upper}",
                    field="limits",
                    rule="from the smallest to the largest",
                )
        for tier in TIERS:
            if not self.prices.get(tier):
                raise BadInput(
                    f"there is no price for R{tier}", field=f"prices.{tier}", rule="at least one"
                )


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that a strategy is searched in.

    Args:
        cells: the borrowers, each tier and segment once.
        grid: what may be chosen.
        take_up: the curve of each tier that occurs.
        costs, risk: what lending costs and how price acts on it.
        guarantor: its room; None when there is none.
        partners: the banks; empty when their money is no limit.
        months: length of the period.
    """

    cells: tuple[Cell, ...]
    grid: Grid
    take_up: Mapping[int, TakeUp]
    costs: Costs = field(default_factory=Costs)
    risk: Risk = field(default_factory=Risk)
    guarantor: Guarantor | None = None
    partners: tuple[Partner, ...] = ()
    months: int = 3

    def __post_init__(self) -> None:
        if not self.cells:
            raise BadInput("there are no cells", field="cells", rule="at least one")
        ordered = tuple(sorted(self.cells, key=lambda cell: cell.key))
        for before, after in pairwise(ordered):
            if before.key == after.key:
                raise BadInput(
                    f"{after.name} is there twice", field="cells", rule="each tier and segment once"
                )
        for cell in ordered:
            if cell.tier not in self.take_up:
                raise BadInput(
                    f"R{cell.tier} has no take-up curve",
                    field=f"take_up.{cell.tier}", rule="a curve for each tier that occurs",
                )  # fmt: skip
            if cell.today is not None and cell.today.limit not in self.grid.limits:
                raise BadInput(
                    f"today's limit of {cell.name} is not among the limits",
                    field="limits", rule="the limits of today are among those to choose from",
                )  # fmt: skip
        # The order in which cells came must not matter to the answer.
        object.__setattr__(self, "cells", ordered)

    @property
    def currency(self) -> str:
        """Of all sums."""
        return self.cells[0].asks[0].amount.currency
