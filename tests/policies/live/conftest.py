"""A lender that decides on raw events: a policy over variables, deployed on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tael.economy import history
from tael.economy.build import Request as Built
from tael.economy.build import Size, build
from tael.kernel import ApplicationId, Day, Money, VersionId
from tael.platform import Actor, Database, Work
from tael.policies import Bundle, Policies, SqlPolicyStore, first_bundle
from tael.policies.engines import ENGINES
from tael.policies.live import Evidence, Lane, Request
from tael.policies.model import EVERYTHING, Traffic
from tael.risk import Scorecard
from tael.variables import compile_plan, load_book, load_definitions, to_bytes

WANG, LI = Actor("user", "wang"), Actor("user", "li")
ASOF = datetime(2022, 6, 1, tzinfo=UTC)
SAID = "a first policy, there is no history of it yet"
# Inputs of the first policy that are computed here, with what they are where nothing is known.
TAKEN = {
    "bank_turnover_12m": ("ent.bank_tx.all.in.365d.amount.sum", "0.01", "0"),
    "overdue_count_24m": ("per.bureau_tradeline.all.late.730d.events.n", "1", "0"),
    "enquiries_6m": ("per.bureau_enquiry.all.all.180d.events.n", "1", "0"),
}


class Figures:
    """Dated figures."""

    def value(self, work: Work, name: str, on: Day) -> Any:
        assert on >= Day(2000, 1, 1)
        assert work.actor.id
        return {"cap.all_in": "0.24", "policy.random_accept_most": "0.05"}[name]


@dataclass
class Lender:
    """The room over one database, and the lane."""

    database: Database
    policies: Policies
    lane: Lane

    def approved(self, bundle: Bundle, name: str = "live") -> VersionId:
        with self.database.begin(WANG) as work:
            version = self.policies.draft(work, name, bundle).id
            found = self.policies.check(work, version)
            for finding in found.open:
                self.policies.accept_finding(work, version, finding.id, "known, and meant so")
            assert found.passed or self.policies.check(work, version).passed
            self.policies.waive_backtest(work, version, SAID)
        with self.database.begin(LI) as work:
            self.policies.approve(work, version)
        return version

    def deploy(self, version: VersionId, traffic: Traffic = EVERYTHING) -> None:
        with self.database.begin(LI) as work:
            self.policies.deploy(work, version, traffic)

    def ask(self, *requests: Request, by: str = "key_1") -> list[Any]:
        with self.database.begin(WANG) as work:
            return self.lane.decide(work, [(by, request) for request in requests])

    def another(self) -> Lender:
        """Another process over the same database."""
        return lender_over(self.database)


def lender_over(database: Database) -> Lender:
    policies = Policies(
        SqlPolicyStore, parameters=Figures(), engines=ENGINES, signing_key=bytes(range(32))
    )
    return Lender(database, policies, Lane(policies))


@pytest.fixture
def lender(database: Database) -> Lender:
    return lender_over(database)


@pytest.fixture(scope="session")
def events(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Packed raw events of some borrowers of an economy."""
    folder = tmp_path_factory.mktemp("economy")
    build(Built(Size("few", 12, markets=False), folder, seed=3, processes=1))
    book = load_book(folder, compile_plan(load_definitions())).book
    return {name: to_bytes(book, place) for place, name in enumerate(book.borrowers)}


@pytest.fixture(scope="session")
def card() -> str:
    past = history(1, 4000)
    return Scorecard().fit(past.columns, past.bad).to_json()


@pytest.fixture(scope="session")
def bundle(card: str) -> Bundle:
    """The first policy, of which three inputs are computed from raw events."""
    made = first_bundle(card)
    parameters = json.loads(made.parameters)
    for name, (variable, scale, missing) in TAKEN.items():
        told = {"variable": variable, "scale": scale, "missing": missing}
        parameters["inputs"][name] |= told
    return replace(made, parameters=json.dumps(parameters, ensure_ascii=False))


@pytest.fixture
def request_for() -> Callable[..., Request]:
    """An application of one of the borrowers; what is given replaces what stands here."""

    def make(number: int, borrower: str = "", **changes: Any) -> Request:
        given = {
            "owner_age": 40, "years_in_business": 6, "employees": 5, "monthly_revenue": 200_000,
            "tax_paid_12m": 40_000, "total_debt": 300_000, "active_loans": 1,
            "owns_property": True, "region": "华东", "industry": "餐饮",
            "enterprise_kind": "company",
        }  # fmt: skip
        ratios = {"debt_ratio": Decimal("0.3"), "revenue_volatility": Decimal("0.2")}
        features: dict[str, object] = {**given, **ratios}
        application = ApplicationId.derive(ASOF, number)
        asked = Request(application, Money.parse("200000"), 12, borrower, features, as_of=ASOF)
        return replace(asked, **changes)

    return make


@pytest.fixture
def ready(lender: Lender, bundle: Bundle, events: Mapping[str, bytes]) -> Lender:
    """Evidence is kept, and the policy is in force."""
    with lender.database.begin(WANG) as work:
        for borrower, packed in events.items():
            lender.lane.keep(work, Evidence(borrower, ASOF, "{}", packed))
    lender.deploy(lender.approved(bundle))
    return lender
