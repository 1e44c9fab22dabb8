"""One installation of Tael: settings, database, and every room wired to what it needs.

The only place that knows which class satisfies which port. What lives as long as the process is
built once; what belongs to a transaction is built per unit of work (``rooms``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tael.app import migrations
from tael.app.backtests import Backtests
from tael.app.experiment_desk import Experiments
from tael.app.guarantor import GuarantorCapital, limits_on
from tael.app.routing import AgreementRoutes, AskedOutside
from tael.app.store.lines import Lines
from tael.app.underwriting import Underwriting
from tael.funding import Funding, Limits
from tael.funding.store import FundingStore
from tael.kernel import Clock, Day, SystemClock
from tael.ledger import Ledger
from tael.origination import Applications, Offers, Parties, SqlOriginationStore, ports
from tael.platform import (
    SYSTEM,
    AuditLog,
    Database,
    EmbeddedPostgres,
    Identity,
    LedgerStore,
    Parameters,
    Permissions,
    Settings,
    Vault,
    VaultKeys,
    Work,
)
from tael.policies import Policies, SqlPolicyStore, engines
from tael.policies.live import Lane
from tael.portfolio import Portfolio, SqlMonthStore
from tael.servicing import Servicing, StateCache
from tael.servicing.store import SqlLoanStore

if TYPE_CHECKING:
    from tael.app.sources import SourceBook
    from tael.policies.books import Books

COMPANY: Mapping[str, str] = {
    "guarantor": "示例融资担保有限公司",
    "platform": "示例助贷科技有限公司",
}


@dataclass(frozen=True)
class Rooms:
    """The rooms that are bound to one open transaction."""

    ledger: Ledger
    servicing: Servicing
    funding: Funding
    portfolio: Portfolio


@dataclass(frozen=True)
class Installation:
    """Everything that lives as long as the process."""

    settings: Settings
    clock: Clock
    database: Database
    identity: Identity
    permissions: Permissions
    vault: Vault
    audit: AuditLog
    parameters: Parameters
    policies: Policies
    backtests: Backtests
    experiments: Experiments
    parties: Parties
    applications: Applications
    offers: Offers
    states: StateCache = field(default_factory=StateCache)

    @cached_property
    def books(self) -> Books:
        """Lenders' uploaded books; identifying columns become the installation's keyed hashes."""
        from tael.policies import books  # noqa: PLC0415 - numpy, and few commands look at them
        from tael.risk import auc  # noqa: PLC0415 - as above

        return books.Books(
            books.Outside(
                store=books.SqlBookStore,
                hasher=lambda text: self.vault.blind_index(text, field="book").hex()[:20],
                auc=auc,
                draft=self.policies.draft,
                days=self.settings.book_days,
            )
        )

    @cached_property
    def sources(self) -> SourceBook:
        """What people see of the data sources."""
        from tael.app.sources import SourceBook  # noqa: PLC0415 - few commands look at them

        return SourceBook(self.settings.zone)

    @cached_property
    def lane(self) -> Lane:
        """What decides on raw events and makes such decisions again: versions laid out once."""
        return Lane(self.policies)

    @cached_property
    def underwriting(self) -> Underwriting:
        """What decides applications, whatever the policy in force reads."""
        return Underwriting(self)

    def rooms(self, work: Work) -> Rooms:
        """The rooms inside ``work``."""
        ledger = Ledger(LedgerStore(work), work.clock)
        funding = Funding(FundingStore(work.connection), work)
        return Rooms(
            ledger=ledger,
            servicing=Servicing(
                SqlLoanStore(work.connection),
                ledger,
                work.emit,
                work.clock,
                cache=self.states,
                zone=self.settings.zone,
            ),
            funding=funding,
            portfolio=Portfolio(
                SqlMonthStore(work.connection),
                ledger,
                GuarantorCapital(funding, self.parameters, work),
            ),
        )

    def lines(self, work: Work) -> Lines:
        """The lists that the actor of ``work`` may see."""
        return Lines(work, self.permissions)

    def limits(self, work: Work, day: Day) -> Limits:
        """The guarantee company's limits in force on ``day``."""
        return limits_on(self.parameters, work, day)

    def close(self) -> None:
        """Give back every connection; answers of sources that are under way are kept first."""
        self.underwriting.close()
        self.database.close()


@contextmanager
def open_installation(settings: Settings, clock: Clock | None = None) -> Iterator[Installation]:
    """The installation of ``settings``, its database running and at the current schema."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _server(settings) as server:
        url = settings.database_url or server.url
        added = migrations.upgrade(url)
        recover = None if settings.database_url else server.ensure_running
        told = clock or SystemClock()
        installation = build(settings, Database(url, told, recover=recover), told)
        if added:  # figures that this release ships and an earlier one did not
            with installation.database.begin(SYSTEM) as work:
                installation.parameters.install_defaults(work)
        try:
            yield installation
        finally:
            installation.close()


@contextmanager
def _server(settings: Settings) -> Iterator[EmbeddedPostgres]:
    """The embedded server, running unless the installation has a database of its own."""
    server = EmbeddedPostgres(settings.data_dir, settings.pg_bin_dir)
    if settings.database_url:
        yield server
        return
    with server:
        yield server


def build(settings: Settings, database: Database, clock: Clock) -> Installation:
    """Wire the rooms over an open ``database``."""
    keys = VaultKeys.open(settings.secret_key_file or settings.data_dir / "keys.json")
    vault, parameters, permissions = Vault(keys), Parameters(), Permissions()
    policies = Policies(
        SqlPolicyStore,
        parameters=parameters,
        engines=engines.ENGINES,
        signing_key=keys.derive("policy-signature"),
    )

    store = SqlOriginationStore.opener(permissions)
    outside = ports.Outside(
        store=store,
        vault=vault,
        decisions=policies,
        routes=AgreementRoutes(),
        banks=AskedOutside(),
        parameters=parameters,
        conditions=ports.Conditions(collectors=COMPANY),
    )
    return Installation(
        settings=settings,
        clock=clock,
        database=database,
        identity=Identity.build(),
        permissions=permissions,
        vault=vault,
        audit=AuditLog(keys.derive("audit-seal")),
        parameters=parameters,
        policies=policies,
        backtests=Backtests(settings.data_dir, policies, parameters, days=settings.backtest_days),
        experiments=Experiments(policies, settings.zone),
        parties=Parties(store, vault),
        applications=Applications(outside),
        offers=Offers(outside),
    )
