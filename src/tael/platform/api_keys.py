"""API keys of programs: ``tael_<key id>_<secret>``, of which the database holds only a digest."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from tael.kernel import ApiKeyId, BadInput, NotFound, UserId
from tael.platform.database import Actor, Work
from tael.platform.identity_store import api_keys, users

_SECRET_BYTES = 32
_SCOPE = re.compile(r"(?:[a-z_]+|\*)\.(?:[a-z_]+|\*)")
_TOUCH = timedelta(minutes=1)
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that acts for ``user_id`` with that user's roles, within ``scopes`` (``loan.read``)."""

    id: ApiKeyId
    user_id: UserId
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys:
    """Issues, revokes and knows API keys."""

    def issue(
        self, work: Work, user_id: UserId, *, name: str, scopes: Iterable[str], lasts: timedelta
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is shown this once and cannot be read again.

        Raises:
            BadInput: no name, no or malformed scopes (``loan.read``, ``loan.*``, ``*.read``), or a
                life that is not between nothing and 366 days.
        """
        key = _key(work.clock.now(), user_id, name=name, scopes=scopes, lasts=lasts)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        work.connection.execute(
            sa.insert(api_keys).values(
                id=key.id,
                user_id=user_id,
                name=key.name,
                secret_digest=_digest(secret),
                scopes=sorted(key.scopes),
                created_at=key.created_at,
                expires_at=key.expires_at,
            )
        )
        detail = {"key": key.id, "scopes": " ".join(sorted(key.scopes)), "name": key.name}
        work.audit("key.issued", user_id, detail)
        return key, f"tael_{key.id}_{secret}"

    def resolve(self, work: Work, text: str) -> Actor | None:
        """Who acts under the key ``text``; None when it is unknown, expired, revoked or orphaned.

        The actor has the user's roles of now, a role ``scope:<scope>`` for each scope, within
        which ``Permissions`` keeps it, and ``as:<user id>``, whose own rows it sees.
        """
        key_id, secret = _parts(text)
        now = work.clock.now()
        query = (
            sa.select(api_keys, users.c.roles)
            .join(users, users.c.id == api_keys.c.user_id)
            .where(api_keys.c.id == key_id, users.c.active)
            .where(api_keys.c.revoked_at.is_(None), api_keys.c.expires_at > now)
        )
        row = work.connection.execute(query).first()
        if row is None or not hmac.compare_digest(row.secret_digest, _digest(secret)):
            return None
        if row.used_at is None or now - row.used_at >= _TOUCH:
            used = sa.update(api_keys).where(api_keys.c.id == row.id).values(used_at=now)
            work.connection.execute(used)
        limits = {f"as:{row.user_id}", *(f"scope:{scope}" for scope in row.scopes)}
        return Actor("key", row.id, frozenset(row.roles) | limits)

    def revoke(self, work: Work, key_id: ApiKeyId) -> None:
        """End a key now.

        Raises:
            NotFound: no such key, or it was revoked before.
        """
        result = work.connection.execute(
            sa.update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=work.clock.now())
        )
        if result.rowcount == 0:
            raise NotFound(f"no living key {key_id}", field="key_id")
        work.audit("key.revoked", key_id, {})

    def of(self, work: Work, user_id: UserId) -> list[ApiKey]:
        """Every key of a user, newest first, the dead ones too."""
        query = sa.select(api_keys).where(api_keys.c.user_id == user_id)
        found = work.connection.execute(query.order_by(api_keys.c.id.desc()))
        return [_api_key(row) for row in found]


def _key(
    now: datetime, user_id: UserId, *, name: str, scopes: Iterable[str], lasts: timedelta
) -> ApiKey:
    given = frozenset(scopes)
    if not name.strip():
        raise BadInput(
            "name the key after the program that uses it", field="name", rule="not empty"
        )
    wrong = sorted(scope for scope in given if not _SCOPE.fullmatch(scope))
    if wrong or not given:
        raise BadInput(
            f"scopes are <resource>.<action>, like loan.read or loan.*; not {wrong}",
            field="scopes",
            rule="at least one <resource>.<action>",
        )
    if not timedelta(0) < lasts <= _LONGEST:
        raise BadInput("a key lives up to 366 days", field="lasts", rule="0 < lasts <= 366 days")
    return ApiKey(ApiKeyId.new(now), user_id, name.strip(), given, now, now + lasts, None, None)


def _api_key(row: sa.Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row.id),
        user_id=UserId(row.user_id),
        name=row.name,
        scopes=frozenset(row.scopes),
        created_at=row.created_at.astimezone(UTC),
        expires_at=row.expires_at.astimezone(UTC),
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )


def _parts(text: str) -> tuple[str, str]:
    """The id and the secret in ``tael_key_<26 digits>_<secret>``; blanks when it is not one."""
    found = re.fullmatch(r"tael_(key_[0-9a-z]{26})_([\w-]{20,100})", text, re.ASCII)
    return (found[1], found[2]) if found else ("", "")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
