"""A small company's partners, and rooms on memory and on PostgreSQL that must behave alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest

from tael.funding import Agreement, Funding, Limits, Partner, ReserveRequest
from tael.funding.memory import MemoryStore, MemoryWork
from tael.funding.store import FundingStore
from tael.kernel import (
    AgreementId,
    Day,
    FixedClock,
    GroupId,
    Id,
    LoanId,
    Money,
    PartnerId,
    PartyId,
    Period,
    Rate,
    day_of,
)
from tael.platform import SYSTEM, Database

_AT = FixedClock.on(Day(2026, 1, 1)).now()


@dataclass(frozen=True)
class World:
    """Names, partners and requests of the tests; an id is known by a short word."""

    def loan(self, word: str) -> LoanId:
        return LoanId.derive(_AT, word)

    def party(self, word: str) -> PartyId:
        return PartyId.derive(_AT, word)

    def group(self, word: str) -> GroupId:
        return GroupId.derive(_AT, word)

    def partner_id(self, word: str) -> PartnerId:
        return PartnerId.derive(_AT, word)

    def agreement_id(self, word: str) -> AgreementId:
        return AgreementId.derive(_AT, word)

    def id_of(self, kind: type[Id], word: str) -> Id:
        return kind.derive(_AT, word)

    @property
    def partners(self) -> tuple[Partner, ...]:
        names = {"a": "First City Bank", "b": "Second River Bank"}
        return tuple(Partner(id=self.partner_id(key), name=name) for key, name in names.items())

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        return (
            self.agreement("a", regions=frozenset({"310000", "320000"}), months=(6, 12, 24, 36)),
            self.agreement(
                "b",
                bank_rate=Rate.percent("5.5"),
                most=Money.parse("500000"),
                period=Period(Day(2026, 1, 1), Day(2028, 1, 1)),
                bank_share_floor=Rate.percent(50),
                tiers=frozenset({1, 2, 3, 4}),
            ),
        )

    def agreement(self, word: str, **changes: object) -> Agreement:
        terms: dict[str, object] = {
            "id": self.agreement_id(word),
            "partner": self.partner_id(word),
            "product": "working",
            "period": Period(Day(2026, 1, 1), Day(2027, 1, 1)),
            "bank_rate": Rate.percent(6),
            "least": Money.parse("10000"),
            "most": Money.parse("300000"),
            "months": (6, 12, 24),
            "capacity": Money.parse("1000000"),
        }
        return Agreement(**(terms | changes))  # type: ignore[arg-type]

    def reserve(self, word: str, yuan: str = "120000", **changes: object) -> ReserveRequest:
        terms: dict[str, object] = {
            "key": f"reserve-{word}",
            "loan": self.loan(word),
            "borrower": self.party(word),
            "group": self.group(word),
            "agreement": self.agreement_id("a"),
            "amount": Money.parse(yuan),
            "weight": Rate(Decimal(1)),
        }
        return ReserveRequest(**(terms | changes))  # type: ignore[arg-type]

    def limits(self, net_assets: str = "10000000", **changes: object) -> Limits:
        return Limits(net_assets=Money.parse(net_assets), **changes)  # type: ignore[arg-type]

    def furnish(self, funding: Funding) -> Funding:
        for partner in self.partners:
            funding.add_partner(partner)
        for agreement in self.agreements:
            funding.add_agreement(agreement)
        return funding


Units = Callable[[], AbstractContextManager[Funding]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def today(clock: FixedClock) -> Day:
    return day_of(clock.now())


@pytest.fixture(params=["memory", "postgres"])
def units(request: pytest.FixtureRequest, world: World, clock: FixedClock) -> Units:
    """Opens units of work over one furnished store, of each kind in turn."""
    if request.param == "memory":
        store = MemoryStore()

        @contextmanager
        def in_memory() -> Iterator[Funding]:
            yield Funding(store, MemoryWork(clock))

        opener: Units = in_memory
    else:
        opener = sql_units(request.getfixturevalue("database"))
    with opener() as funding:
        world.furnish(funding)
    return opener


@pytest.fixture
def sql(database: Database, world: World) -> Units:
    """Opens units of work over one furnished PostgreSQL database."""
    opener = sql_units(database)
    with opener() as funding:
        world.furnish(funding)
    return opener


def sql_units(database: Database) -> Units:
    @contextmanager
    def opened() -> Iterator[Funding]:
        with database.begin(SYSTEM) as work:
            yield Funding(FundingStore(work.connection), work)

    return opened
