"""A house that may ask nine sources over real HTTP; the room in memory, a tiny economy outside."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tael.kernel import ConsentId, Day, FixedClock, PartyId
from tael.origination.model import Authorisation, PartyKind, PersonalFields
from tael.origination.sources import (
    SOURCES,
    MemorySources,
    Signer,
    SourceClient,
    SqlSources,
    authorise,
)
from tael.origination.sources.breaker import BreakerLimits
from tael.origination.sources.model import SignedAuthorisation, SourceAnswer, Subject
from tael.origination.sources.ports import Outside, Patience, Wire
from tael.platform import Work
from tael.sandbox.sources import Authority, Latency, SourcesSetup, public_key, running_sources

_MADE = Path(__file__).parents[2] / "sandbox" / "sources" / "tiny_economy.py"
_spec = importlib.util.spec_from_file_location("tael_tests_tiny_economy_of_house", _MADE)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

NOW = datetime(2024, 6, 1, tzinfo=UTC)
YEAR_END = Day(2024, 12, 31)
SIGNER = Signer(b"t" * 32)
KINDS = {"person": PartyKind.PERSON, "enterprise": PartyKind.COMPANY}
PATIENCE = Patience(attempts=2, attempt_s=1.5, late_s=2, pause_s=0.002, breaker=BreakerLimits(50))


class Asking:
    """The words of these tests: who is asked about, under what, and what came of it."""

    now, signer, patience = NOW, SIGNER, PATIENCE

    def __init__(self, house: Any, url: str, admin: httpx.Client) -> None:
        self.house, self.url, self.admin = house, url, admin
        self.clock: FixedClock = house.clock
        self.store = MemorySources(self._consent)
        self.open_store: Callable[[Work], Any] = lambda _work: self.store
        self.units = 0  # units of work that are open now
        self._guard = threading.RLock()
        self.client = self.client_with()

    def client_with(self, **changes: Any) -> SourceClient:
        wires = {name: Wire(self.url, public_key(1)) for name in SOURCES}
        given: dict[str, Any] = {"patience": PATIENCE, "wires": wires, **changes}
        return SourceClient(
            Outside(
                begin=self.begin,
                store=lambda work: self.open_store(work),  # noqa: PLW0108 - a test changes it
                vault=self.house.vault,
                clock=self.clock,
                **given,
            )
        )

    @contextmanager
    def begin(self) -> Iterator[Work]:
        """Counted, and one at a time where the store is in memory."""
        with self._guard, self.house.begin() as work:
            self.units += 1
            try:
                yield work
            finally:
                self.units -= 1

    def _consent(self, consent_id: ConsentId) -> Any:
        with self.house.begin() as work:
            return self.house.open_store(work).consent(consent_id)

    def subject(self, name: str, kind: str) -> Subject:
        if kind == "market":
            return Subject(name, kind, name)
        with self.begin() as work:
            fields = PersonalFields(f"name of {name}", name)
            party = self.house.parties.register(work, KINDS[kind], fields)
        return Subject(party.id, kind, name)

    def paper(
        self,
        subject: Subject,
        *,
        scope: frozenset[str] = frozenset(SOURCES),
        to: str = "guarantor",
        until: Day = YEAR_END,
    ) -> SignedAuthorisation:
        terms = Authorisation("credit_assessment", scope, to, until, "0" * 64)
        key = f"consent:{subject.id}:{to}:{sorted(scope)}:{until}"
        with self.begin() as work:
            consent = self.house.parties.grant(work, key, PartyId(subject.id), terms)
        return authorise(consent, subject, SIGNER)

    def withdraw(self, paper: SignedAuthorisation) -> None:
        with self.begin() as work:
            self.house.parties.withdraw_consent(work, paper.consent_id)

    def fetch(
        self, source: str, name: str = "E1", kind: str = "enterprise", *, key: str = "k1",
        paper: SignedAuthorisation | None = None, budget_s: float = 5.0,
    ) -> SourceAnswer:  # fmt: skip
        subject = self.subject(name, kind)
        if paper is None and kind != "market":
            paper = self.paper(subject)
        return self.client.fetch(source, subject, paper, key=key, budget_s=budget_s)

    def order(self, **fault: Any) -> None:
        assert self.admin.post("/v1/faults", json=fault).status_code == 204

    def charged(self) -> int:
        """What the sources charged since this test began."""
        known: list[dict[str, Any]] = self.admin.get("/v1/charges").json()["charges"]
        mine = {request.id for request in self.store.requests}
        return sum(one["charge"] for one in known if one["key"] in mine)


@pytest.fixture(scope="session")
def tiny_economy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder; nobody writes into it."""
    folder: Path = _module.write_tiny_economy(tmp_path_factory.mktemp("tiny") / "economy")
    return folder


@pytest.fixture(scope="module")
def sources_url(tiny_economy: Path) -> Iterator[str]:
    """One server for all tests of a module."""
    authority = Authority({SIGNER.key_id: SIGNER.public_key})
    with running_sources(tiny_economy, SourcesSetup(authority, latency=Latency(0, 0, 1))) as url:
        yield url


@pytest.fixture
def clock() -> FixedClock:
    """In the middle of what the economy knows."""
    return FixedClock(NOW)


@pytest.fixture
def asking(house: Any, sources_url: str) -> Iterator[Asking]:
    """The room in memory and its client; faults are cleared at the end."""
    with httpx.Client(base_url=sources_url, timeout=2, trust_env=False) as admin:
        one = Asking(house, sources_url, admin)
        with one.client:
            yield one
        admin.delete("/v1/faults")


@pytest.fixture
def asking_kept(kept: Any, sources_url: str) -> Iterator[Asking]:
    """The room over PostgreSQL and its client."""
    with httpx.Client(base_url=sources_url, timeout=2, trust_env=False) as admin:
        one = Asking(kept, sources_url, admin)
        one.open_store = SqlSources
        with one.client:
            yield one
        admin.delete("/v1/faults")
