"""The settings of a strategy, a YAML file: targets, grid, curves, costs, guarantor, banks.

Every number is read as it is written, never through a float. Unknown fields are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import yaml

from tael.app.strategy_fields import Node
from tael.kernel import BadInput, Day, Money, NotFound, Rate
from tael.pricing import Method
from tael.pricing.strategy import (
    Beyond,
    Costs,
    Effort,
    Guarantor,
    Limit,
    Partner,
    Price,
    Risk,
    Segment,
    Steps,
    Targets,
)

FORMAT = "tael.strategy/1"
CapOn = Callable[[Day], Rate | None]
TIERS = range(1, 8)
_T = TypeVar("_T")


def _no_cap(_: Day) -> Rate | None:
    return None


@dataclass(frozen=True)
class Curves:
    """Where take-up curves come from.

    Args:
        file: CSV with a column ``rate`` (or ``annual_rate``) and a column for each class: take-up,
            or churn where ``churn`` is set; ``trials`` for numbers of offers, where known.
        classes: column of each tier.
        churn: whether the columns say who leaves.
        form: ``monotone`` or ``logistic``.
        beyond: the rule outside the observed rates.
    """

    file: Path
    classes: Mapping[int, str]
    churn: bool
    form: str
    beyond: Beyond


@dataclass(frozen=True)
class Demand:
    """How a book becomes cells.

    Args:
        columns: where the book calls a column by another name: ours to theirs.
        segments: columns whose values make segments.
        least: applications below which a segment is put to the others.
        tiers: upper bounds of PD of R1 to R6, where the book has no column ``tier``.
        periods: how many periods the book spans: its demand is divided by it.
        lgd: share lost, by tier.
        small: values of the column ``size`` that are small or micro firms; empty for all.
        parts: into how many amounts each cell's applications are put together.
    """

    columns: Mapping[str, str]
    segments: tuple[str, ...]
    least: int
    tiers: tuple[Rate, ...]
    periods: Decimal
    lgd: Mapping[int, Rate]
    small: frozenset[str]
    parts: int = 4


@dataclass(frozen=True)
class Offers:
    """What may be chosen, before it is known which prices are asked today.

    Args:
        bank: interest of the bank by tier.
        totals: all-in prices to choose from, by tier.
        limits: from the smallest to the largest.
    """

    bank: Mapping[int, Rate]
    totals: Mapping[int, tuple[Rate, ...]]
    limits: tuple[Limit, ...]

    def prices(self, tier: int) -> tuple[Price, ...]:
        """The prices of a tier: what is above the bank's interest is the guarantee fee."""
        return tuple(self.split(tier, total) for total in self.totals[tier])

    def split(self, tier: int, total: Rate) -> Price:
        """An all-in price as bank interest and guarantee fee; below the bank's rate no fee."""
        bank = min(self.bank[tier], total)
        return Price(bank, total - bank)


@dataclass(frozen=True)
class Journey:
    """The way to the target: shares of R1-R3 in so many quarters, and how far each may go."""

    quarters: int
    first: Decimal | None
    steps: Steps


@dataclass(frozen=True)
class Settings:
    """All that a strategy is made with, besides the book."""

    name: str
    day: Day
    currency: str
    months: int
    targets: Targets
    journey: Journey
    offers: Offers
    curves: Curves
    demand: Demand
    cap: Rate
    most_rise: Rate | None
    smooth: Rate | None
    least_amount: Money
    limit_step: Money
    method: Method
    penalty: Rate
    risk: Risk = field(default_factory=Risk)
    costs: Costs = field(default_factory=Costs)
    guarantor: Guarantor | None = None
    partners: tuple[Partner, ...] = ()
    effort: Effort = field(default_factory=Effort)
    text: str = field(default="", repr=False)


def read_settings(path: Path, cap_on: CapOn = _no_cap) -> Settings:
    """The settings in ``path``; ``cap_on`` gives the cap in force on a day, where one is known.

    The lower of that and the file's holds.

    Raises:
        NotFound: no such file.
        BadInput: names the field and the rule.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field="targets") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}", field="targets", rule="UTF-8") from None
    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - the base loader makes texts
    except yaml.YAMLError as error:
        raise BadInput(f"{path}: {error}", field="targets", rule="YAML") from None
    return _settings(Node(data, ""), path, cap_on, text)


def _settings(root: Node, path: Path, cap_on: CapOn, text: str) -> Settings:
    root.part("format").word([FORMAT])
    currency = root.part("currency").or_else(Node.text, "CNY")
    day = root.part("day").day()
    caps = [one for one in (root.part("cap").or_else(Node.rate, None), cap_on(day)) if one]
    if not caps:
        raise root.part("cap").fault("is not given", "the all-in cap in force, a fraction of one")
    made = Settings(
        name=root.part("name").text(),
        day=day,
        currency=currency,
        months=root.part("period_months").or_else(Node.whole, 3),
        targets=_targets(root.part("targets"), currency),
        journey=_journey(root.part("path")),
        offers=_offers(root, currency),
        curves=_curves(root.part("take_up"), path.parent),
        demand=_demand(root.part("book")),
        cap=min(caps),
        most_rise=root.part("most_rise").or_else(Node.rate, None),
        smooth=root.part("smooth").or_else(Node.rate, None),
        least_amount=root.part("least_amount").or_else(
            _money(currency), Money(1_000_000, currency)
        ),
        limit_step=root.part("limit_step").or_else(_money(currency), Money(100_000, currency)),
        method=Method[
            root.part("method").or_else(lambda n: n.word([*Method.__members__]), "EQUAL_INSTALMENT")
        ],
        penalty=root.part("penalty").or_else(Node.rate, Rate(Decimal("0.03"))),
        risk=_risk(root.part("risk")),
        costs=_costs(root.part("costs"), currency),
        guarantor=_guarantor(root.part("guarantor"), currency),
        partners=tuple(_partner(one, currency) for one in root.part("partners").items()),
        effort=_effort(root.part("effort")),
        text=text,
    )
    root.done()
    return made


def _money(currency: str) -> Callable[[Node], Money]:
    return lambda node: node.money(currency)


def _targets(node: Node, currency: str) -> Targets:
    def share(name: str) -> Decimal | None:
        return node.part(name).or_else(Node.number, None)

    def amount(name: str) -> Money | None:
        return node.part(name).or_else(_money(currency), None)

    made = Targets(
        prime_share=share("prime_share"),
        prime_share_by_count=share("prime_share_by_count"),
        loss_rate=share("loss_rate"),
        loss=node.part("loss").or_else(Node.text, "lifetime"),
        volume=amount("volume"),
        profit=amount("profit"),
        segment_volume={
            _segment(one.part("segment")): one.part("amount").money(currency)
            for one in node.part("segment_volume").items()
        },
        budget=amount("budget"),
        capital=amount("capital"),
    )
    node.done()
    return made


def _segment(node: Node) -> Segment:
    return Segment(tuple((name, node.part(name).text()) for name in node.names()))


def _journey(node: Node) -> Journey:
    if not node.given:
        return Journey(4, None, Steps())
    made = Journey(
        quarters=node.part("quarters").or_else(Node.whole, 4),
        first=node.part("from").or_else(Node.number, None),
        steps=Steps(
            node.part("price_step").or_else(Node.rate, None),
            node.part("limit_steps").or_else(Node.whole, None),
        ),
    )
    node.done()
    return made


def _offers(root: Node, currency: str) -> Offers:
    prices = root.part("prices")
    bank = _by_tier(prices.part("bank_interest"), Node.rate)
    low, high, step = (_by_tier(prices.part(name), Node.rate) for name in _RANGE)
    for tier in TIERS:
        if step[tier].fraction <= 0 or high[tier] < low[tier]:
            raise prices.fault(
                f"go from {low[tier]} to {high[tier]} by {step[tier]} for R{tier}",
                "lowest <= highest, step above 0",
            )
    prices.done()
    totals = {tier: tuple(_range(low[tier], high[tier], step[tier])) for tier in TIERS}
    return Offers(bank, totals, _limits(root.part("limits"), currency))


_RANGE = ("lowest", "highest", "step")


def _range(low: Rate, high: Rate, step: Rate) -> list[Rate]:
    count = int((high.fraction - low.fraction) / step.fraction)
    return [Rate(low.fraction + step.fraction * n) for n in range(count + 1)]


def _limits(node: Node, currency: str) -> tuple[Limit, ...]:
    shares = [Limit(one.number()) for one in node.part("shares").items()]
    ceilings = [Limit(ceiling=one.money(currency)) for one in node.part("ceilings").items()]
    node.done()
    if bool(shares) == bool(ceilings):
        raise node.fault(
            "hold shares or ceilings, one of the two", "shares: [...] | ceilings: [...]"
        )
    return tuple(shares or ceilings)


def _by_tier(node: Node, read: Callable[[Node], _T]) -> dict[int, _T]:
    """One value for all tiers, or a value for each."""
    if not node.is_map:
        return dict.fromkeys(TIERS, read(node))
    found = {tier: read(node.part(str(tier))) for tier in TIERS}
    node.done()
    return found


def _curves(node: Node, folder: Path) -> Curves:
    classes: dict[int, str] = {}
    named = node.part("classes")
    for name in named.names():
        for tier in named.part(name).items():
            classes[tier.whole()] = name
    if missing := [f"R{tier}" for tier in TIERS if tier not in classes]:
        raise named.fault(f"leave out {', '.join(missing)}", "each tier in one class")
    made = Curves(
        file=folder / node.part("file").text(),
        classes=classes,
        churn=node.part("reads").or_else(lambda n: n.word(["churn", "take_up"]), "take_up")
        == "churn",
        form=node.part("form").or_else(lambda n: n.word(["monotone", "logistic"]), "monotone"),
        beyond=Beyond(
            node.part("beyond").or_else(lambda n: n.word([one.value for one in Beyond]), "refuse")
        ),
    )
    node.done()
    return made


def _demand(node: Node) -> Demand:
    columns = node.part("columns")
    bounds = tuple(one.rate() for one in node.part("tiers").items())
    if bounds and (len(bounds) != len(TIERS) - 1 or list(bounds) != sorted(set(bounds))):
        raise node.part("tiers").fault("are no six rising bounds", "upper PDs of R1 to R6")
    made = Demand(
        columns={name: columns.part(name).text() for name in columns.names()},
        segments=tuple(one.text() for one in node.part("segments").items()),
        least=node.part("least_applications").or_else(Node.whole, 30),
        tiers=bounds,
        periods=node.part("periods").or_else(Node.number, Decimal(1)),
        lgd=_by_tier(node.part("lgd"), Node.rate),
        small=frozenset(one.text() for one in node.part("small").items()),
        parts=node.part("parts").or_else(Node.whole, 4),
    )
    node.done()
    if made.periods <= 0 or made.parts < 1:
        raise node.fault("has periods or parts below 1", "periods above 0, parts at least 1")
    return made


def _risk(node: Node) -> Risk:
    plain = Risk()
    if not node.given:
        return plain
    made = Risk(
        odds_per_point=node.part("odds_per_point").or_else(Node.number, plain.odds_per_point),
        limit_elasticity=node.part("limit_elasticity").or_else(Node.number, plain.limit_elasticity),
        claim_days=node.part("claim_days").or_else(Node.whole, plain.claim_days),
    )
    node.done()
    return made


def _costs(node: Node, currency: str) -> Costs:
    plain = Costs(Money.zero(currency))
    if not node.given:
        return plain
    made = Costs(
        acquisition=node.part("acquisition").or_else(_money(currency), plain.acquisition),
        acquisition_rate=node.part("acquisition_rate").or_else(Node.rate, plain.acquisition_rate),
        servicing=node.part("servicing").or_else(Node.rate, plain.servicing),
        own_share=node.part("own_share").or_else(Node.number, plain.own_share),
        cost_of_funds=node.part("cost_of_funds").or_else(Node.rate, plain.cost_of_funds),
        capital_rate=node.part("capital_rate").or_else(Node.number, plain.capital_rate),
        hurdle=node.part("hurdle").or_else(Node.rate, plain.hurdle),
    )
    node.done()
    return made


def _guarantor(node: Node, currency: str) -> Guarantor | None:
    if not node.given:
        return None
    plain = Guarantor(Money.zero(currency))
    numbers = (
        "small_balance", "small_clients", "multiple", "small_multiple", "weight", "small_weight",
        "one_party",
    )  # fmt: skip
    made = Guarantor(
        net_assets=node.part("net_assets").money(currency),
        in_force=node.part("in_force").or_else(_money(currency), Money.zero(currency)),
        small_most=node.part("small_most").or_else(
            _money(currency), Money(plain.small_most.minor, currency)
        ),
        **{name: node.part(name).or_else(Node.number, getattr(plain, name)) for name in numbers},
    )
    node.done()
    return made


def _partner(node: Node, currency: str) -> Partner:
    made = Partner(
        name=node.part("name").text(),
        most=node.part("most").money(currency),
        tiers=frozenset(one.whole() for one in node.part("tiers").items()),
        segments=frozenset(_segment(one) for one in node.part("segments").items()),
    )
    node.done()
    return made


def _effort(node: Node) -> Effort:
    plain = Effort()
    if not node.given:
        return plain
    made = Effort(
        seconds=node.part("seconds").or_else(Node.whole, plain.seconds),
        gap_ppm=node.part("gap_ppm").or_else(Node.whole, plain.gap_ppm),
    )
    node.done()
    return made
