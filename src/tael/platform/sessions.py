"""Sessions of people: a random token in a cookie, of which the database holds only a digest."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from tael.kernel import Forbidden, Refusal, SessionId, UserId
from tael.platform.database import Actor, Work
from tael.platform.identity_store import sessions, users
from tael.platform.users import User, Users

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long a session lives: ``idle`` without a request, ``absolute`` whatever happens."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)
    touch: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A person signed in. ``token`` belongs in an HttpOnly cookie, ``csrf_token`` in each form."""

    id: SessionId
    user_id: UserId
    login: str
    display_name: str
    roles: frozenset[str]
    expires_at: datetime
    token: str = field(repr=False)

    @property
    def actor(self) -> Actor:
        """Who acts in a request of this session."""
        return Actor("user", self.user_id, self.roles)

    @property
    def csrf_token(self) -> str:
        """Derived from the session token, so it is of this session only and need not be kept."""
        digest = hmac.digest(self.token.encode(), b"tael csrf", hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def check_csrf(self, given: str) -> None:
        """Let a changing request pass.

        Raises:
            Forbidden: ``given`` is not this session's token (code ``csrf``).
        """
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.csrf_token.encode()):
            raise Forbidden("reload the page and try again", code="csrf", rule="CSRF token")


class Sessions:
    """Signs people in and out, and knows them by their token."""

    def __init__(self, people: Users, rules: SessionRules | None = None) -> None:
        self._people = people
        self._rules = rules or SessionRules()

    def sign_in(self, work: Work, login: str, password: str) -> Session | Refusal:
        """A new session, or why not: ``wrong_credentials`` or ``locked`` (detail ``until``).

        Commit the work in either case: the refusal is counted in it.
        """
        user = self._people.verify(work, login, password)
        return user if isinstance(user, Refusal) else self._begin(work, user)

    def resolve(self, work: Work, token: str) -> Session | None:
        """The living session of ``token``; None when there is none, it ended, or its user may not.

        Roles are read anew each time: a role taken away is gone with the next request.
        """
        now = work.clock.now()
        query = (
            sa.select(sessions, users.c.login, users.c.display_name, users.c.roles)
            .join(users, users.c.id == sessions.c.user_id)
            .where(sessions.c.token_digest == _digest(token), sessions.c.ended_at.is_(None))
            .where(users.c.active, users.c.password_changed_at <= sessions.c.created_at)
            .where(sessions.c.expires_at > now, sessions.c.seen_at > now - self._rules.idle)
        )
        row = work.connection.execute(query).first()
        if row is None:
            return None
        # Not at each request: one row rewritten per page would be most of what the database does.
        if now - row.seen_at >= self._rules.touch:
            work.connection.execute(
                sa.update(sessions).where(sessions.c.id == row.id).values(seen_at=now)
            )
        return Session(
            id=SessionId(row.id),
            user_id=UserId(row.user_id),
            login=row.login,
            display_name=row.display_name,
            roles=frozenset(row.roles),
            expires_at=row.expires_at.astimezone(UTC),
            token=token,
        )

    def sign_out(self, work: Work, session: Session) -> None:
        """End this session."""
        self._end(work, sessions.c.id == session.id, "signed_out")
        work.audit("session.ended", session.user_id, {"session": session.id})

    def end_all(self, work: Work, user_id: UserId, *, reason: str) -> int:
        """End every session of a user; returns how many were alive."""
        ended = self._end(work, sessions.c.user_id == user_id, reason)
        work.audit("session.all_ended", user_id, {"sessions": str(ended), "reason": reason})
        return ended

    def purge(self, work: Work, *, older_than: timedelta = timedelta(days=90)) -> int:
        """Delete sessions that expired so long ago; the audit rows keep who was signed in."""
        limit = work.clock.now() - older_than
        result = work.connection.execute(sa.delete(sessions).where(sessions.c.expires_at < limit))
        return result.rowcount

    def _begin(self, work: Work, user: User) -> Session:
        now = work.clock.now()
        session = Session(
            id=SessionId.new(now),
            user_id=user.id,
            login=user.login,
            display_name=user.display_name,
            roles=user.roles,
            expires_at=now + self._rules.absolute,
            token=secrets.token_urlsafe(_TOKEN_BYTES),
        )
        work.connection.execute(
            sa.insert(sessions).values(
                id=session.id,
                user_id=user.id,
                token_digest=_digest(session.token),
                created_at=now,
                seen_at=now,
                expires_at=session.expires_at,
            )
        )
        work.audit("session.begun", user.id, {"session": session.id})
        return session

    def _end(self, work: Work, which: sa.ColumnElement[bool], reason: str) -> int:
        result = work.connection.execute(
            sa.update(sessions)
            .where(which, sessions.c.ended_at.is_(None))
            .values(ended_at=work.clock.now(), end_reason=reason)
        )
        return result.rowcount


def _digest(token: str) -> bytes:
    # A token has 256 random bits: nothing slower than SHA-256 is needed against guessing.
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
