"""What lending costs and how price acts on risk: figures that are told with every answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tael.kernel import Money, Rate

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Costs:
    """What lending costs besides losses.

    Args:
        acquisition: for each loan.
        acquisition_rate: of the principal (commission).
        servicing: annual, of the balance.
        own_share: part of the principal lent on own money; the rest is a bank's.
        cost_of_funds: annual, of the part lent on own money.
        capital_rate: capital held against a unit of weighted balance.
        hurdle: annual return that capital must earn.
    """

    acquisition: Money = field(default_factory=Money.zero)
    acquisition_rate: Rate = field(default_factory=Rate.zero)
    servicing: Rate = field(default_factory=Rate.zero)
    own_share: Decimal = Decimal(0)
    cost_of_funds: Rate = field(default_factory=Rate.zero)
    capital_rate: Decimal = Decimal("0.1")
    hurdle: Rate = field(default_factory=lambda: Rate(Decimal("0.12")))


@dataclass(frozen=True, slots=True)
class Risk:
    """How price and limit act on risk and demand: assumptions, each told with the result.

    Args:
        odds_per_point: growth of the odds of default for each point of per cent above the price at
            which the PD was seen. That dearer offers draw worse borrowers is Stiglitz and Weiss
            1981, found in offers of cards by Ausubel 1999; how much is a book's own, so the default
            of 3 % is ours: replace it by what an experiment in prices shows, and look at the
            sensitivity.
        limit_elasticity: take-up falls as ``(lent / asked) ** elasticity``; 0, the default: whoever
            takes the price takes the smaller sum too.
        claim_days: days past due at which the guarantor pays the bank (80, DOMAIN 5.2).
        pd_stress: factor on the odds of default, 1 for none.
    """

    odds_per_point: Decimal = Decimal("0.03")
    limit_elasticity: Decimal = Decimal(0)
    claim_days: int = 80
    pd_stress: Decimal = _ONE


@dataclass(frozen=True, slots=True)
class Guarantor:
    """The guarantee company's room for more.

    Args:
        net_assets: what its multiples are taken of.
        in_force: weighted liability that stays in force over the period.
        small_balance, small_clients: shares of small, micro and farm clients in it.
        multiple, small_multiple: most liability by net assets, the second while the shares are at
            least ``small_tests`` (10x and 15x, State Council Order 683 art. 15: dated parameters).
        weight, small_weight: of a loan in the liability (100 % and 75 % up to ``small_most``,
            2018 supporting measures: dated parameters).
        one_party: most of net assets for one borrower (10 %, art. 16).
    """

    net_assets: Money
    in_force: Money = field(default_factory=Money.zero)
    small_balance: Decimal = Decimal(0)
    small_clients: Decimal = Decimal(0)
    multiple: Decimal = Decimal(10)
    small_multiple: Decimal = Decimal(15)
    small_tests: tuple[Decimal, Decimal] = (Decimal("0.5"), Decimal("0.8"))
    weight: Decimal = _ONE
    small_weight: Decimal = Decimal("0.75")
    small_most: Money = field(default_factory=lambda: Money(500_000_000))
    one_party: Decimal = Decimal("0.1")

    @property
    def most(self) -> Money:
        """The weighted liability that its net assets may carry."""
        tests = self.small_tests
        small = self.small_balance >= tests[0] and self.small_clients >= tests[1]
        return self.net_assets.times(self.small_multiple if small else self.multiple)

    def weight_of(self, granted: Money, *, small: bool) -> Decimal:
        """The weight of a loan."""
        return self.small_weight if small and granted <= self.small_most else self.weight
