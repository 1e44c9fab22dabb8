"""A lender's desk: the room in memory or on PostgreSQL, and three people who work at it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import Day, FixedClock, Rate, VersionId
from tael.platform import Actor, Work
from tael.policies import Bundle, Policies, first_bundle
from tael.policies.engines import ENGINES, DmnRules, Engines, Score
from tael.policies.memory import MemoryPolicyStore
from tael.policies.model import Deployment, EventKind, Finding

WANG, LI, CHEN = (Actor("user", name) for name in ("wang", "li", "chen"))
START = Day(2025, 1, 1)
KEY = bytes(range(32))
SAID = "the first policy, there is no history yet"


class Figures:
    """Dated figures that a test may change."""

    def __init__(self, cap: object = "0.24", most_random: object = "0.03") -> None:
        self.known = {"cap.all_in": cap, "policy.random_accept_most": most_random}

    def value(self, work: Work, name: str, on: Day) -> Any:
        assert (work.actor.kind, on >= START) == ("user", True)
        return self.known[name]


class OpenDrawer(MemoryPolicyStore):
    """A store whose rows somebody changes behind the room's back."""

    def forge_event(self, version: VersionId, kind: EventKind, fields: Mapping[str, Any]) -> None:
        self._events = [
            replace(one, **fields) if (one.version, one.kind) == (version, kind) else one
            for one in self._events
        ]

    def forge_deployment(self, deployment: Deployment) -> None:
        self._deployments[deployment.number] = deployment

    def drop_last_event(self, version: VersionId) -> None:
        self._events.remove(self.events(version)[-1])


@dataclass
class Desk:
    """Wang drafts, Li approves, Chen is a third."""

    policies: Policies
    store: OpenDrawer
    wang: Work
    li: Work
    chen: Work
    model: str = '{"format": "none"}'

    def drafted(self, bundle: Bundle | None = None, name: str = "first") -> VersionId:
        return self.policies.draft(self.wang, name, bundle or first_bundle(self.model)).id

    def backtested(self, bundle: Bundle | None = None) -> VersionId:
        version = self.drafted(bundle)
        assert self.policies.check(self.wang, version).passed
        self.policies.waive_backtest(self.wang, version, SAID)
        return version

    def approved(self, bundle: Bundle | None = None) -> VersionId:
        version = self.backtested(bundle)
        self.policies.approve(self.li, version)
        return version

    def deployed(self, bundle: Bundle | None = None) -> VersionId:
        version = self.approved(bundle)
        self.policies.deploy(self.li, version)
        return version

    def again(self, *, cap: object = "0.24", key: bytes = KEY) -> Policies:
        """Another process over the same store."""
        return Policies(
            lambda _: self.store,
            parameters=Figures(cap),
            engines=self.policies.engines,
            signing_key=key,
        )


def made(engines: Engines = ENGINES) -> Desk:
    store, clock = OpenDrawer(), FixedClock.on(START)
    policies = Policies(lambda _: store, parameters=Figures(), engines=engines, signing_key=KEY)
    connection = sa.create_mock_engine("postgresql://", lambda *_: None)
    works = (Work(connection, clock, actor) for actor in (WANG, LI, CHEN))  # type: ignore[arg-type]
    return Desk(policies, store, *works)


@pytest.fixture
def new_desk() -> Callable[..., Desk]:
    """Makes desks, with engines of the test's own."""
    return made


class ConstantScorer:
    """Five in a hundred, whoever asks: for tests that are not about the model."""

    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""
    variables: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    def __init__(self, text: str) -> None:
        assert text

    def score(self, features: Mapping[str, object]) -> Score:
        assert features
        return Score(Rate(Decimal("0.05")), 555)


@functools.cache
def _shipped_rules() -> DmnRules:
    return DmnRules(first_bundle("").dmn)


@functools.cache
def _findings() -> tuple[Finding, ...]:
    return tuple(_shipped_rules().findings())


class LightRules(DmnRules):
    """The shipped rules, read and looked through once."""

    def __init__(self, text: str) -> None:
        assert text
        self.__dict__.update(_shipped_rules().__dict__)

    def findings(self) -> Sequence[Finding]:
        return _findings()


@pytest.fixture
def light_engines() -> Engines:
    """The shipped rules, whatever the text, and a model that gives everyone five in a hundred."""
    return Engines(rules=LightRules, scorer=ConstantScorer)
