"""What the console needs of an installation, as the rooms' doors offer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from tael.console.listing import DecisionLine, LoanLine, Narrowed, Sought
from tael.funding import Funding, Limits
from tael.kernel import (
    ApplicationId,
    AuditId,
    Clock,
    Day,
    DecisionId,
    LoanId,
    Refusal,
    SessionId,
    UserId,
    VersionId,
)
from tael.ledger import Ledger
from tael.origination import Applications, Offers, Parties, model
from tael.platform import Actor, Work
from tael.policies import Policies
from tael.policies.books import Books
from tael.policies.live import Evidence, Lane
from tael.portfolio import Portfolio
from tael.servicing import Servicing

if TYPE_CHECKING:  # the pages about policies load this module themselves
    from tael.console.policies.backtest_ports import BacktestsOf
    from tael.console.policies.experiments import ExperimentsOf
    from tael.console.policies.sources import SourcesOf

Result = TypeVar("Result")


class Base(Protocol):
    """The one database: a unit of work per request."""

    def begin(self, actor: Actor, *, snapshot: bool = False) -> AbstractContextManager[Work]: ...
    def insist(self, action: Callable[[], Result]) -> Result: ...
    def apart(self, *, connections: int) -> Base: ...
    def close(self) -> None: ...


class Session(Protocol):
    """A person signed in."""

    @property
    def id(self) -> SessionId: ...
    @property
    def user_id(self) -> UserId: ...
    @property
    def login(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def token(self) -> str: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def csrf_token(self) -> str: ...
    def check_csrf(self, given: str) -> None: ...


class Access(Protocol):
    """The permission table: checks, and which fields are seen in clear."""

    def allowed(
        self, actor: Actor, action: str, resource: str, row: Mapping[str, object] | None = None
    ) -> bool: ...

    def require(
        self, actor: Actor, action: str, resource: str, row: Mapping[str, object] | None = None
    ) -> None: ...

    def visible_fields(
        self, actor: Actor, resource: str, row: Mapping[str, object] | None = None
    ) -> frozenset[str]: ...

    def mask(
        self,
        actor: Actor,
        resource: str,
        record: Mapping[str, object],
        row: Mapping[str, object] | None = None,
    ) -> dict[str, object]: ...


class AuditRow(Protocol):
    """Who did what to whom, and when."""

    @property
    def id(self) -> AuditId: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def actor_kind(self) -> str: ...
    @property
    def actor_id(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def detail(self) -> Mapping[str, str]: ...


class Problem(Protocol):
    """A sealed row that does not hold."""

    @property
    def kind(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def audit_id(self) -> str: ...


class SealHead(Protocol):
    """The last seal of the chain."""

    @property
    def number(self) -> int: ...
    @property
    def seal(self) -> str: ...


class AuditProof(Protocol):
    """The chain, walked."""

    @property
    def sealed(self) -> int: ...
    @property
    def unsealed(self) -> int: ...
    @property
    def problems(self) -> Sequence[Problem]: ...
    @property
    def head(self) -> SealHead: ...
    @property
    def holds(self) -> bool: ...


class AuditTrail(Protocol):
    """Reads and verifies the audit rows."""

    def rows(
        self,
        work: Work,
        *,
        subject: str | None = None,
        before: AuditId | None = None,
        limit: int = 50,
    ) -> Iterable[AuditRow]: ...

    def verify(self, work: Work) -> AuditProof: ...


class SessionDoor(Protocol):
    """Signs people in and out."""

    def sign_in(self, work: Work, login: str, password: str) -> Session | Refusal: ...
    def resolve(self, work: Work, token: str) -> Session | None: ...
    # The session is the one `sign_in` or `resolve` of the same object gave: its class is theirs.
    def sign_out(self, work: Work, session: Any) -> None: ...


class KeyDoor(Protocol):
    """Knows programs by their API keys."""

    def resolve(self, work: Work, text: str) -> Actor | None: ...


class Known(Protocol):
    """Somebody of the installation, by name."""

    @property
    def id(self) -> UserId: ...
    @property
    def login(self) -> str: ...
    @property
    def display_name(self) -> str: ...


class UserDoor(Protocol):
    """Everybody of the installation."""

    def all(self, work: Work) -> Sequence[Known]: ...


class IdentityDoor(Protocol):
    """Who is who."""

    @property
    def users(self) -> UserDoor: ...
    @property
    def sessions(self) -> SessionDoor: ...
    @property
    def api_keys(self) -> KeyDoor: ...


class ParameterVersion(Protocol):
    """One dated value of a parameter, and who proposed and decided it."""

    @property
    def id(self) -> VersionId: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> object: ...
    @property
    def effective(self) -> Day: ...
    @property
    def state(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def needs_check(self) -> bool: ...
    @property
    def proposed_by(self) -> str: ...
    @property
    def decided_by(self) -> str | None: ...


class ParametersDoor(Protocol):
    """Business parameters: proposed by one person, approved by another."""

    # The value is any JSON; each parameter's kind checks it.
    def propose(
        self, work: Work, name: str, value: Any, effective: Day, *, source: str = ""
    ) -> VersionId: ...
    def approve(self, work: Work, version_id: VersionId, *, why: str = "") -> None: ...
    def reject(self, work: Work, version_id: VersionId, *, why: str = "") -> None: ...
    def in_force(self, work: Work, on: Day) -> Mapping[str, ParameterVersion]: ...
    def history(self, work: Work, name: str) -> Sequence[ParameterVersion]: ...
    def pending(self, work: Work) -> Sequence[ParameterVersion]: ...


class SettingsOf(Protocol):
    """The settings that pages show or follow."""

    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def api_per_minute(self) -> int: ...
    @property
    def sign_ins_per_minute(self) -> int: ...


class VaultDoor(Protocol):
    """The keyed hash of the installation."""

    def blind_index(self, text: str, *, field: str) -> bytes: ...


class LinesOf(Protocol):
    """The lists of loans, applications and decisions as the actor of a work may see them."""

    def loans(
        self, where: Narrowed, today: Day, *, after: str, limit: int
    ) -> tuple[Sequence[LoanLine], LoanId | None]: ...
    def applications(
        self, where: Narrowed, zone: ZoneInfo, *, after: str, limit: int
    ) -> tuple[Sequence[ApplicationId], ApplicationId | None]: ...
    def decisions(
        self, where: Sought, zone: ZoneInfo, *, after: str, limit: int
    ) -> tuple[Sequence[DecisionLine], DecisionId | None]: ...


class RoomsOf(Protocol):
    """The rooms bound to one unit of work."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def servicing(self) -> Servicing: ...
    @property
    def funding(self) -> Funding: ...
    @property
    def portfolio(self) -> Portfolio: ...


class UnderwritingDoor(Protocol):
    """Decides applications, whatever the policy in force reads."""

    def decide(
        self, application_id: ApplicationId, *, actor: Actor, key: str
    ) -> model.Application: ...
    def missing(self, work: Work, application: model.Application) -> Mapping[str, str]: ...
    def keep_evidence(
        self,
        work: Work,
        application_id: ApplicationId,
        events: Mapping[str, Sequence[Mapping[str, object]]],
    ) -> Evidence: ...


class House(Protocol):
    """An installation: what lives as long as the process, and the rooms of a unit of work."""

    @property
    def settings(self) -> SettingsOf: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def database(self) -> Base: ...
    @property
    def identity(self) -> IdentityDoor: ...
    @property
    def permissions(self) -> Access: ...
    def lines(self, work: Work) -> LinesOf: ...
    @property
    def vault(self) -> VaultDoor: ...
    @property
    def parameters(self) -> ParametersDoor: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def lane(self) -> Lane: ...
    @property
    def books(self) -> Books: ...
    @property
    def backtests(self) -> BacktestsOf: ...
    @property
    def experiments(self) -> ExperimentsOf: ...
    @property
    def sources(self) -> SourcesOf: ...
    @property
    def parties(self) -> Parties: ...
    @property
    def applications(self) -> Applications: ...
    @property
    def offers(self) -> Offers: ...
    @property
    def underwriting(self) -> UnderwritingDoor: ...
    @property
    def audit(self) -> AuditTrail: ...

    def rooms(self, work: Work) -> RoomsOf: ...

    def limits(self, work: Work, day: Day) -> Limits: ...
