"""Small markets made of a seed: a few tiers and segments, a curve of our own, plain prices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

import pytest

from tael.kernel import Day, Money, Rate
from tael.pricing.strategy import (
    Ask,
    Cell,
    Costs,
    Grid,
    Guarantor,
    Limit,
    Market,
    MonotoneCurve,
    Point,
    Price,
    Segment,
    Terms,
)

PERCENTS = (6, 8, 10, 12, 14, 16)
SHARES = ("0.95", "0.8", "0.6", "0.45", "0.3", "0.15")
PDS = ("0.004", "0.01", "0.02", "0.04", "0.07", "0.12", "0.2")


def curve() -> MonotoneCurve:
    return MonotoneCurve.fit(
        [
            Point(Rate.percent(rate), Decimal(share))
            for rate, share in zip(PERCENTS, SHARES, strict=True)
        ]
    )


def price(percent: str | int) -> Price:
    return Price(Rate.percent(4), Rate.percent(percent) - Rate.percent(4))


def grid(*percents: str | int, limits: tuple[str, ...] = ("0.5", "1")) -> Grid:
    return Grid(
        prices={tier: [price(percent) for percent in percents] for tier in range(1, 8)},
        limits=tuple(Limit(Decimal(share)) for share in limits),
        cap=Rate.percent(24),
        start=Day(2026, 1, 5),
    )


def costs() -> Costs:
    return Costs(acquisition=Money.parse("800"), servicing=Rate.percent("0.5"))


@dataclass(frozen=True)
class Make:
    """Markets by seed; ``tiers`` and ``segments`` say how many cells."""

    tiers: tuple[int, ...] = (2, 3, 5)
    segments: tuple[str, ...] = ("a", "b")

    def cell(self, dice: Random, tier: int, name: str, offers: Grid) -> Cell:
        segment = Segment((("industry", name),)) if name else Segment()
        today = Terms(price(12), offers.limits[-1])
        amounts = [dice.randrange(50, 400) * 100_000 for _ in range(2)]
        pd = Decimal(PDS[tier - 1]) * Decimal(dice.randrange(80, 120)) / 100
        return Cell(
            tier=tier,
            segment=segment,
            asks=tuple(
                Ask(Decimal(dice.randrange(20, 200)), Money(amount), dice.choice((12, 24)))
                for amount in amounts
            ),
            pd_12m=Rate(pd),
            lgd=Rate.percent(60),
            today=today,
            reference=today.price,
        )

    def market(self, seed: int, offers: Grid | None = None) -> Market:
        dice, chosen = Random(seed), offers or grid(8, 10, 12)  # noqa: S311 - demand, no secrets
        cells = [
            self.cell(dice, tier, name, chosen) for name in self.segments for tier in self.tiers
        ]
        return Market(
            cells=tuple(cells),
            grid=chosen,
            take_up=dict.fromkeys(self.tiers, curve()),
            costs=costs(),
            guarantor=Guarantor(Money.parse("50000000")),
        )


@pytest.fixture
def make() -> Callable[..., Market]:
    """A market of a seed: ``make(7)``, or with other tiers, segments and grid."""

    def made(seed: int, offers: Grid | None = None, **shape: object) -> Market:
        return replace(Make(), **shape).market(seed, offers)  # type: ignore[arg-type]

    return made
