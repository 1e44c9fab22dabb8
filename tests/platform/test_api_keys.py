"""API keys: shown once, kept as a digest, within scopes, for a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from tael.kernel import ApiKeyId, BadInput, FixedClock, NotFound
from tael.platform.database import SYSTEM, Actor, Database
from tael.platform.identity import Identity
from tael.platform.passwords import Passwords
from tael.platform.permissions import Permissions
from tael.platform.users import User

PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
IDENTITY = Identity.build(PASSWORDS)
DAY = timedelta(days=1)


@pytest.fixture
def user(database: Database) -> User:
    with database.begin(SYSTEM) as work:
        return IDENTITY.users.add(
            work, login="robot", password="correct horse 42", roles=["operations"]
        )


def _issue(database: Database, user: User, *scopes: str) -> tuple[ApiKeyId, str]:
    with database.begin(SYSTEM) as work:
        key, text = IDENTITY.api_keys.issue(
            work, user.id, name="settlement", scopes=scopes or ("loan.read",), lasts=30 * DAY
        )
    return key.id, text


def _resolve(database: Database, text: str) -> Actor | None:
    with database.begin(SYSTEM) as work:
        return IDENTITY.api_keys.resolve(work, text)


def test_a_key_acts_for_its_user_within_its_scopes(database: Database, user: User) -> None:
    key_id, text = _issue(database, user, "loan.read", "partner.*")
    actor = _resolve(database, text)
    assert actor is not None
    assert (actor.kind, actor.id) == ("key", key_id)
    permissions = Permissions()
    assert permissions.allowed(actor, "read", "loan")
    assert permissions.allowed(actor, "reconcile", "partner")
    assert not permissions.allowed(actor, "disburse", "loan")


def test_the_text_of_a_key_is_nowhere_in_the_database(database: Database, user: User) -> None:
    _, text = _issue(database, user)
    with database.begin(SYSTEM) as work:
        rows = work.connection.exec_driver_sql("SELECT * FROM platform.api_keys").all()
        trail = work.connection.exec_driver_sql("SELECT * FROM platform.audit_rows").all()
    assert text[36:] not in str(rows) + str(trail)


def test_wrong_expired_and_revoked_keys_are_unknown(
    database: Database, user: User, clock: FixedClock
) -> None:
    key_id, text = _issue(database, user)
    other_id, other = _issue(database, user)
    for wrong in ("", text[:-1], text + "x", text.upper(), text.replace(key_id, other_id), "tael_"):
        assert _resolve(database, wrong) is None, wrong
    with database.begin(SYSTEM) as work:
        IDENTITY.api_keys.revoke(work, key_id)
    with pytest.raises(NotFound), database.begin(SYSTEM) as work:
        IDENTITY.api_keys.revoke(work, key_id)
    assert _resolve(database, text) is None
    clock.advance(30 * DAY - timedelta(seconds=1))
    assert _resolve(database, other) is not None
    clock.advance(timedelta(seconds=1))
    assert _resolve(database, other) is None


def test_a_key_of_a_disabled_user_is_unknown_and_roles_are_those_of_now(
    database: Database, user: User
) -> None:
    _, text = _issue(database, user)
    with database.begin(SYSTEM) as work:
        IDENTITY.users.set_roles(work, user.id, ["auditor"])
    actor = _resolve(database, text)
    assert actor is not None
    assert "auditor" in actor.roles
    assert "operations" not in actor.roles
    with database.begin(SYSTEM) as work:
        IDENTITY.users.set_active(work, user.id, active=False)
    assert _resolve(database, text) is None


def test_keys_are_listed_with_their_last_use(
    database: Database, user: User, clock: FixedClock
) -> None:
    _, text = _issue(database, user)
    _resolve(database, text)
    clock.advance(timedelta(hours=1))
    _issue(database, user)
    with database.begin(SYSTEM) as work:
        newer, older = IDENTITY.api_keys.of(work, user.id)
    assert newer.used_at is None
    assert older.used_at == clock.now() - timedelta(hours=1)
    assert older.scopes == {"loan.read"}


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("name", {"name": " "}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["read"]}),
        ("scopes", {"scopes": ["loan.read", "loan read"]}),
        ("lasts", {"lasts": timedelta(0)}),
        ("lasts", {"lasts": 367 * DAY}),
    ],
)
def test_a_malformed_key_is_refused_by_field(
    database: Database, user: User, field: str, changed: dict[str, Any]
) -> None:
    good: dict[str, Any] = {"name": "x", "scopes": ["loan.read"], "lasts": DAY}
    with pytest.raises(BadInput) as refused, database.begin(SYSTEM) as work:
        IDENTITY.api_keys.issue(work, user.id, **(good | changed))
    assert refused.value.field == field
