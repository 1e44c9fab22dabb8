"""Users: who may sign in, with which roles; wrong passwords lock a login for a growing time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tael.kernel import BadInput, Conflict, NotFound, Refusal, UserId
from tael.platform.database import Work
from tael.platform.identity_store import sign_in_failures, users
from tael.platform.passwords import Passwords
from tael.platform.permission_table import ROLES

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in; ``roles`` are those of the permission table."""

    id: UserId
    login: str
    display_name: str
    roles: frozenset[str]
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LockOut:
    """After ``free`` wrong passwords a login waits: ``first``, then twice as long each time."""

    free: int = 5
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=30)
    forget: timedelta = timedelta(hours=24)

    def wait(self, failures: int) -> timedelta:
        """How long a login with so many failures in a row waits."""
        if failures < self.free:
            return timedelta(0)
        doublings = min(failures - self.free, 32)
        return min(self.first * (1 << doublings), self.longest)


class Users:
    """Adds, changes, finds and verifies users; every change leaves an audit row."""

    def __init__(self, passwords: Passwords, lock_out: LockOut | None = None) -> None:
        self._passwords = passwords
        self._lock_out = lock_out or LockOut()

    def add(
        self, work: Work, *, login: str, password: str, roles: Iterable[str], display_name: str = ""
    ) -> User:
        """A new user.

        Raises:
            BadInput: a malformed login, an unknown role, a weak password.
            Conflict: the login is taken.
        """
        login = _login(login)
        now = work.clock.now()
        user = User(UserId.new(now), login, display_name or login, _roles(roles), True, now)
        added = work.connection.execute(
            insert(users)
            .values(
                id=user.id,
                login=login,
                display_name=user.display_name,
                password_hash=self._passwords.hash(password, login=login),
                roles=sorted(user.roles),
                active=True,
                created_at=now,
                password_changed_at=now,
            )
            .on_conflict_do_nothing(index_elements=[users.c.login])
            .returning(users.c.id)
        ).first()
        if added is None:
            raise Conflict(f"the login {login!r} is taken", field="login", rule="unique login")
        work.audit("user.added", user.id, {"roles": " ".join(sorted(user.roles))})
        return user

    def get(self, work: Work, user_id: UserId) -> User:
        """The user of this id.

        Raises:
            NotFound: there is none.
        """
        found = work.connection.execute(sa.select(users).where(users.c.id == user_id)).first()
        if found is None:
            raise NotFound(f"no user {user_id}", field="user_id")
        return _user(found)

    def find(self, work: Work, login: str) -> User | None:
        """The user of this login, if there is one."""
        query = sa.select(users).where(users.c.login == _folded(login))
        found = work.connection.execute(query).first()
        return None if found is None else _user(found)

    def all(self, work: Work) -> list[User]:
        """Every user, by login."""
        return [_user(row) for row in work.connection.execute(sa.select(users).order_by("login"))]

    def set_roles(self, work: Work, user_id: UserId, roles: Iterable[str]) -> None:
        """Give these roles and no others; they act from the next request on.

        Raises:
            BadInput: an unknown role.
            NotFound: no such user.
        """
        given = sorted(_roles(roles))
        self._change(work, user_id, roles=given)
        work.audit("user.roles_changed", user_id, {"roles": " ".join(given)})

    def set_active(self, work: Work, user_id: UserId, *, active: bool) -> None:
        """Let sign in, or not any more: sessions and keys of the user end with it.

        Raises:
            NotFound: no such user.
        """
        self._change(work, user_id, active=active)
        work.audit("user.enabled" if active else "user.disabled", user_id, {})

    def set_password(self, work: Work, user_id: UserId, password: str) -> None:
        """Replace the password; sessions begun before it end.

        Raises:
            BadInput: a weak password.
            NotFound: no such user.
        """
        encoded = self._passwords.hash(password, login=self.get(work, user_id).login)
        self._change(work, user_id, password_hash=encoded, password_changed_at=work.clock.now())
        work.audit("user.password_changed", user_id, {})

    def verify(self, work: Work, login: str, password: str) -> User | Refusal:
        """The user, or ``wrong_credentials``, or ``locked`` (detail ``until``, ISO instant).

        A refusal is a value so that the failure it counts is committed. Unknown and disabled logins
        answer, lock and take as long as a wrong password does.
        """
        earlier, locked_until = _lock_row(work, login)
        now = work.clock.now()
        if locked_until is not None and now < locked_until:
            return Refusal("locked", {"until": locked_until.astimezone(UTC).isoformat()})
        query = sa.select(users).where(users.c.login == _folded(login), users.c.active)
        found = work.connection.execute(query).first()
        encoded = None if found is None else found.password_hash
        if not self._passwords.matches(encoded, password) or found is None:
            return self._count(work, login, earlier)
        work.connection.execute(
            sa.delete(sign_in_failures).where(sign_in_failures.c.login_digest == _digest(login))
        )
        if self._passwords.outdated(found.password_hash):
            self._change(work, found.id, password_hash=self._passwords.rehash(password))
        return _user(found)

    def _count(self, work: Work, login: str, earlier: tuple[int, datetime]) -> Refusal:
        now = work.clock.now()
        count, failed_at = earlier
        failures = 1 if now - failed_at > self._lock_out.forget else count + 1
        wait = self._lock_out.wait(failures)
        until = now + wait if wait else None
        work.connection.execute(
            sa.update(sign_in_failures)
            .where(sign_in_failures.c.login_digest == _digest(login))
            .values(failures=failures, failed_at=now, locked_until=until)
        )
        # The digest, not what was typed: people type passwords into the login field.
        detail = {"failures": str(failures)} | ({"until": until.isoformat()} if until else {})
        work.audit("session.refused", f"login:{_digest(login).hex()[:16]}", detail)
        return Refusal("wrong_credentials")

    def _change(self, work: Work, user_id: UserId, **values: object) -> None:
        result = work.connection.execute(
            sa.update(users).where(users.c.id == user_id).values(**values)
        )
        if result.rowcount == 0:
            raise NotFound(f"no user {user_id}", field="user_id")


def _lock_row(work: Work, login: str) -> tuple[tuple[int, datetime], datetime | None]:
    """What is known of the login's failures; its row stays locked, so guesses queue."""
    now = work.clock.now()
    work.connection.execute(
        insert(sign_in_failures)
        .values(login_digest=_digest(login), failures=0, failed_at=now)
        .on_conflict_do_nothing()
    )
    row = work.connection.execute(
        sa.select(sign_in_failures)
        .where(sign_in_failures.c.login_digest == _digest(login))
        .with_for_update()
    ).one()
    return (row.failures, row.failed_at), row.locked_until


def _user(row: sa.Row[tuple[object, ...]]) -> User:
    return User(
        id=UserId(row.id),
        login=row.login,
        display_name=row.display_name,
        roles=frozenset(row.roles),
        active=row.active,
        created_at=row.created_at.astimezone(UTC),
    )


def _folded(login: str) -> str:
    # Lone surrogates (JSON may carry them) and NUL are no text for PostgreSQL.
    plain = login.strip().casefold().replace("\x00", "")
    return plain.encode("utf-8", "replace").decode()


def _login(login: str) -> str:
    folded = _folded(login)
    if not _LOGIN.fullmatch(folded):
        raise BadInput(
            f"{login!r} is not a login; use 2 to 64 of a-z, 0-9 and . _ @ + -",
            field="login",
            rule="2 to 64 plain characters",
        )
    return folded


def _roles(roles: Iterable[str]) -> frozenset[str]:
    given = frozenset(roles)
    for role in given:
        name, _, argument = role.partition(":")
        if name not in ROLES:
            known = ", ".join(ROLES)
            raise BadInput(
                f"unknown role {role!r}; one of {known}", field="roles", rule="known role"
            )
        if (name == "partner") != bool(argument):
            raise BadInput(
                f"write {role!r} as partner:<partner id>; no other role has an argument",
                field="roles",
                rule="only partner has an argument",
            )
    if not given:
        raise BadInput("a user has at least one role", field="roles", rule="not empty")
    return given


def _digest(login: str) -> bytes:
    return hashlib.sha256(_folded(login).encode()).digest()
