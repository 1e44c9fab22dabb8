"""The way there: what each target costs, quarter by quarter, and what it hangs on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from tael.kernel import BadInput, Rate
from tael.pricing.strategy.bounds import Bound, Targets, bounds_of
from tael.pricing.strategy.contradiction import Contradiction, contradiction_of
from tael.pricing.strategy.curve import TakeUp
from tael.pricing.strategy.menu import Menu, menu_of
from tael.pricing.strategy.model import Market, Terms
from tael.pricing.strategy.offer import Offer, priced
from tael.pricing.strategy.search import Answer, Search
from tael.pricing.strategy.solver import Effort, Solved, Status
from tael.report import Words

_STEP = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Stage:
    """A target of R1-R3 with the best strategy for it, or why there is none."""

    share: Decimal | None
    outcome: Answer | Contradiction | Solved


@dataclass(frozen=True, slots=True)
class Steps:
    """How far a quarter may go from the one before; None for any distance.

    Args:
        price: most change of a cell's price; None for any.
        limits: most levels of the grid that a cell's limit moves; None for any.

    A cell may be left at once, and one that was left may come back with any terms.
    """

    price: Rate | None = None
    limits: int | None = None

    def allows(self, before: Terms | None, after: Terms | None, menu: Menu) -> bool:
        """Whether a cell may go from one quarter's terms to the next one's."""
        if before is None or after is None:
            return True
        apart = abs(after.price.total.fraction - before.price.total.fraction)
        if self.price is not None and apart > self.price.fraction:
            return False
        levels = menu.market.grid.limits
        moved = abs(levels.index(after.limit) - levels.index(before.limit))
        return self.limits is None or moved <= self.limits


@dataclass(frozen=True, slots=True)
class Plan:
    """What is searched: a menu with targets; ``ties`` and ``effort`` as for ``Search``."""

    menu: Menu
    targets: Targets
    effort: Effort = field(default_factory=Effort)
    ties: bool = True

    def at(self, share: Decimal | None) -> Stage:
        """The best strategy with that least share of R1-R3 (None: whatever share)."""
        targets = replace(self.targets, prime_share=share)
        search = Search(self.menu, bounds_of(self.menu.market, targets), self.effort, self.ties)
        found = search.run()
        if isinstance(found, Solved) and found.status is Status.INFEASIBLE:
            return Stage(share, contradiction_of(search))
        return Stage(share, found)


def shares_between(first: Decimal, last: Decimal, count: int) -> tuple[Decimal, ...]:
    """``count`` equal steps from ``first`` (left out) to ``last``, to a hundredth of a point.

    Raises:
        BadInput: shares outside 0 to 1, or no step.
    """
    if not (0 <= first <= 1 and 0 <= last <= 1) or count < 1:
        raise BadInput(
            f"{count} steps from {first} to {last}", field="path",
            rule="shares from 0 to 1, at least one step",
        )  # fmt: skip
    step = (last - first) / count
    found = [(first + step * n).quantize(Decimal("0.0001")) for n in range(1, count)]
    return (*found, last)


def frontier(plan: Plan, shares: Sequence[Decimal | None]) -> tuple[Stage, ...]:
    """The best strategy for each share, each by itself: what one more point of R1-R3 costs."""
    return tuple(plan.at(share) for share in shares)


def path(plan: Plan, shares: Sequence[Decimal], steps: Steps) -> tuple[Stage, ...]:
    """Quarter by quarter, each within ``steps`` of the one before, the first of today.

    Ends with the first quarter that cannot be reached.
    """
    found: list[Stage] = []
    before: Sequence[Terms | None] = [cell.today for cell in plan.menu.market.cells]
    for share in shares:
        menu = _within(plan.menu, before, steps)
        point = replace(plan, menu=menu).at(share)
        found.append(point)
        if not isinstance(point.outcome, Answer):
            break
        before = point.outcome.offer.terms
    return tuple(found)


def _within(menu: Menu, before: Sequence[Terms | None], steps: Steps) -> Menu:
    return menu.without(
        [
            number
            for number, choice in enumerate(menu.choices)
            if not steps.allows(before[choice.cell], choice.terms, menu)
        ]
    )


@dataclass(frozen=True, slots=True)
class Edge:
    """The low or the high side of a curve's interval, as a curve."""

    curve: TakeUp
    upper: bool

    @property
    def low(self) -> Rate:
        """The lowest rate that was observed."""
        return self.curve.low

    @property
    def high(self) -> Rate:
        """The highest rate that was observed."""
        return self.curve.high

    def at(self, rate: Rate) -> Decimal:
        """That side of the interval at ``rate``."""
        return self.curve.interval(rate)[self.upper]

    def interval(self, rate: Rate) -> tuple[Decimal, Decimal]:
        """The whole interval."""
        return self.curve.interval(rate)


@dataclass(frozen=True, slots=True)
class Case:
    """Another world: the same market with one assumption changed."""

    code: str
    words: Words
    market: Market


@dataclass(frozen=True, slots=True)
class Tried:
    """A strategy in another world.

    Args:
        case: which world.
        same: the strategy as it is, there.
        best: what would have been chosen there; a conflict where the targets cannot be kept.
    """

    case: Case
    same: Offer
    best: Stage


def cases_of(market: Market) -> tuple[Case, ...]:
    """The worlds that every strategy is tried in: take-up, risk, and who is drawn by price."""
    low, high = (
        replace(market, take_up={t: Edge(c, upper) for t, c in market.take_up.items()})
        for upper in (False, True)
    )
    risk = market.risk
    texts: tuple[tuple[str, str, str, Market], ...] = (
        ("take_up_low", "接受率取区间下限", "Take-up at the low side of its interval", low),
        ("take_up_high", "接受率取区间上限", "Take-up at the high side of its interval", high),
        ("pd_half_more", "违约几率（odds）乘 1.5", "Odds of default times 1.5",
         replace(market, risk=replace(risk, pd_stress=risk.pd_stress * Decimal("1.5")))),
        ("pd_double", "违约几率（odds）乘 2", "Odds of default times 2",
         replace(market, risk=replace(risk, pd_stress=risk.pd_stress * 2))),
        ("no_adverse", "价格不影响客群风险", "Price draws no other risk",
         replace(market, risk=replace(risk, odds_per_point=Decimal(0)))),
        ("adverse_double", "逆向选择加倍", "Adverse selection twice as strong",
         replace(market, risk=replace(risk, odds_per_point=risk.odds_per_point * 2))),
    )  # fmt: skip
    return tuple(Case(code, Words(zh, en), changed) for code, zh, en, changed in texts)


def sensitivity(plan: Plan, offer: Offer, cases: Sequence[Case]) -> tuple[Tried, ...]:
    """``offer`` in other worlds, and what would be best there for the same targets."""
    found = []
    for case in cases:
        menu = menu_of(case.market, plan.menu.courses)
        same = priced(case.market, plan.menu.courses, offer.terms)
        best = replace(plan, menu=menu).at(plan.targets.prime_share)
        found.append(Tried(case, same, best))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Toll:
    """What a bound costs: how much more profit a little less of it would bring.

    Args:
        bound: the bound.
        step: by how much it was loosened: a point of a share, a hundredth of a sum.
        profit: what the profit of a period grows by, minor units; None when it was not found.
    """

    bound: Bound
    step: Fraction
    profit: int | None


def tolls(search: Search, answer: Answer) -> tuple[Toll, ...]:
    """The price of each bound by finite difference: it is loosened a step, and searched again."""
    return tuple(_toll(search, answer, bound) for bound in search.bounds)


def _toll(search: Search, answer: Answer, bound: Bound) -> Toll:
    step = _STEP if bound.below is not None else abs(bound.limit) * _STEP
    loose = bound.with_limit(bound.limit + (-step if bound.least else step))
    bounds = tuple(loose if one is bound else one for one in search.bounds)
    found = replace(search, bounds=bounds, ties=False).run()
    gained = found.total.profit - answer.total.profit if isinstance(found, Answer) else None
    return Toll(bound, step, gained)


def changes(before: Offer, after: Offer) -> Iterator[tuple[int, int, int]]:
    """Of each cell that changed: its number, change of loans (millionths) and of volume."""
    for number, (old, new) in enumerate(zip(before.worth, after.worth, strict=True)):
        if before.terms[number] != after.terms[number]:
            yield number, new.loans_micro - old.loans_micro, new.volume - old.volume
