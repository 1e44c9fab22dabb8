"""What may be chosen for each cell, and what each choice is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import reduce

from tael.kernel import BadInput, Money
from tael.pricing.strategy.economics import (
    Courses,
    Lender,
    Unit,
    Worth,
    takers,
    unit,
    worth,
)
from tael.pricing.strategy.model import Ask, Cell, Limit, Market, Price, Terms

# Choices are compared by a loan so large that no rounding of an instalment shows; the answer is
# priced again with the loans that are really made.
_NOMINAL = 100_000_000
NOTHING = Worth()
# Why a price or limit of the grid is no choice for a cell.
LEFT_OUT = ("cap", "rise", "unobserved", "one_party", "too_small")


@dataclass(frozen=True, slots=True)
class Choice:
    """One price and limit for a cell (None: no offer), with what it is worth in a period."""

    cell: int
    terms: Terms | None
    worth: Worth


@dataclass(frozen=True)
class Menu:
    """All choices of a market, cell by cell, the offer of nothing last.

    Args:
        market: what they are choices in.
        choices: in the order of cells, prices and limits.
        left_out: how many of the grid were no choice, by reason (``LEFT_OUT``).
        courses: schedules made so far.
    """

    market: Market
    choices: tuple[Choice, ...]
    left_out: Mapping[str, int]
    courses: Courses = field(repr=False)

    def of_cell(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of the choices of each cell."""
        found: list[list[int]] = [[] for _ in self.market.cells]
        for number, choice in enumerate(self.choices):
            found[choice.cell].append(number)
        return tuple(tuple(numbers) for numbers in found)

    def without(self, numbers: Collection[int]) -> Menu:
        """The menu with some choices struck off."""
        gone = set(numbers)
        kept = tuple(choice for n, choice in enumerate(self.choices) if n not in gone)
        return replace(self, choices=kept)


def lender_of(market: Market) -> Lender:
    """What the worth of a loan depends on."""
    return Lender(market.costs, market.risk, market.guarantor, market.months)


def menu_of(market: Market, courses: Courses | None = None) -> Menu:
    """Every choice that the grid, the cap, the curves and the guarantor allow.

    Raises:
        BadInput: no cell can be offered anything; names the commonest reason.
    """
    loans = courses or Courses(market.grid, market.risk.claim_days)
    left_out: Counter[str] = Counter()
    choices: list[Choice] = []
    for number, cell in enumerate(market.cells):
        pricing = _Pricing(market, cell, loans)
        choices += (Choice(number, terms, value) for terms, value in pricing.offers(left_out))
        choices.append(Choice(number, None, NOTHING))
    if all(choice.terms is None for choice in choices):
        reason = left_out.most_common(1)[0][0]
        raise BadInput(
            f"no price and limit of the grid is left for any cell, mostly because of {reason!r}",
            field="grid", rule="at least one choice within " + ", ".join(LEFT_OUT),
        )  # fmt: skip
    return Menu(market, tuple(choices), dict(left_out), loans)


def worth_of(menu: Menu, cell: Cell, terms: Terms) -> Worth:
    """What any terms for a cell are worth, as the choices of the menu are priced.

    Raises:
        BadInput: a price that the cell's curve refuses.
    """
    return _Pricing(menu.market, cell, menu.courses).worth(terms)


class _Pricing:
    """The offers of one cell: units by price and term are computed once, limits scale them."""

    def __init__(self, market: Market, cell: Cell, courses: Courses) -> None:
        self._market, self._cell, self._courses = market, cell, courses
        self._lender = lender_of(market)
        self._units: dict[tuple[Price, int], Unit] = {}
        self._taken: dict[Price, Decimal] = {}
        self._known: dict[Limit, dict[Decimal, tuple[Decimal, dict[int, Decimal]]]] = {}

    def offers(self, left_out: Counter[str]) -> Iterator[tuple[Terms, Worth]]:
        """Each price and limit that may be offered, cheapest first, smallest limit first."""
        limits = [limit for limit in self._market.grid.limits if self._may_lend(limit, left_out)]
        for price in self._prices():
            if reason := self._struck(price):
                left_out[reason] += len(limits)
                continue
            for limit in limits:
                terms = Terms(price, limit)
                value = self.worth(terms)
                if value.volume:
                    yield terms, value
                else:
                    left_out["too_small"] += 1

    def _prices(self) -> list[Price]:
        today = [self._cell.today.price] if self._cell.today else []
        wanted = {*self._market.grid.prices[self._cell.tier], *today}
        return sorted(wanted, key=lambda price: (price.total, price.bank_interest))

    def _struck(self, price: Price) -> str:
        grid, reference = self._market.grid, self._cell.reference.total
        if grid.most_rise is not None and price.total > reference + grid.most_rise:
            return "rise"
        currency = self._market.currency
        months = {ask.months for ask in self._cell.asks}
        nominal = (self._courses.of(price, term, Money(_NOMINAL, currency)) for term in months)
        if any(course.all_in > grid.cap for course in nominal):
            return "cap"
        try:
            self._market.take_up[self._cell.tier].at(price.total)
        except BadInput:
            return "unobserved"
        return ""

    def _may_lend(self, limit: Limit, left_out: Counter[str]) -> bool:
        market = self._market
        if market.guarantor is None:
            return True
        most = market.guarantor.net_assets.times(market.guarantor.one_party)
        if any(granted > most for _, granted in granted_of(market, self._cell, limit)):
            left_out["one_party"] += len(self._prices())
            return False
        return True

    def worth(self, terms: Terms) -> Worth:
        """What one offer is worth."""
        if terms.price not in self._taken:
            curve = self._market.take_up[self._cell.tier]
            self._taken[terms.price] = curve.at(terms.price.total)
        taken, parts = self._taken[terms.price], []
        for weight, (loans, lent) in self._asked(terms.limit).items():
            units = (
                self._unit(terms, months).scaled(amount * taken) for months, amount in lent.items()
            )
            parts.append(worth(reduce(Unit.__add__, units), loans * taken, weight, self._lender))
        return reduce(Worth.__add__, parts, NOTHING)

    def _asked(self, limit: Limit) -> dict[Decimal, tuple[Decimal, dict[int, Decimal]]]:
        """By weight: loans, and what is lent by months, if everyone took the price."""
        if limit not in self._known:
            market, found = self._market, dict[Decimal, tuple[Decimal, dict[int, Decimal]]]()
            for ask, granted in granted_of(market, self._cell, limit):
                weight = self._lender.weight(granted, small=self._cell.small)
                loans, lent = found.get(weight, (Decimal(0), {}))
                made = takers(ask, granted, Decimal(1), market.risk)
                lent[ask.months] = lent.get(ask.months, Decimal(0)) + made * granted.decimal()
                found[weight] = loans + made, lent
            self._known[limit] = found
        return self._known[limit]

    def _unit(self, terms: Terms, months: int) -> Unit:
        """Of one unit of currency lent."""
        key = terms.price, months
        if key not in self._units:
            nominal = Money(_NOMINAL, self._market.currency)
            course = self._courses.of(terms.price, months, nominal)
            whole = unit(course, self._cell, terms, self._lender)
            self._units[key] = whole.scaled(1 / nominal.decimal())
        return self._units[key]


def granted_of(market: Market, cell: Cell, limit: Limit) -> Iterator[tuple[Ask, Money]]:
    """The asks that are large enough to be lent something, with what is lent."""
    for ask in cell.asks:
        granted = limit.granted(ask.amount, market.grid.limit_step)
        if granted >= market.grid.least_amount:
            yield ask, granted
