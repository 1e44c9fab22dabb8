"""Sessions: begun by a password, known by a token, ended by time, people and changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from tael.kernel import FixedClock, Forbidden, Refusal
from tael.platform.database import SYSTEM, Actor, Database
from tael.platform.identity import Identity
from tael.platform.passwords import Passwords
from tael.platform.sessions import Session
from tael.platform.users import User

GOOD = "correct horse 42"
PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def identity() -> Identity:
    return Identity.build(PASSWORDS)


@pytest.fixture
def user(database: Database, identity: Identity) -> User:
    with database.begin(SYSTEM) as work:
        return identity.users.add(work, login="anna", password=GOOD, roles=["auditor"])


def _sign_in(database: Database, identity: Identity, password: str = GOOD) -> Session:
    with database.begin(SYSTEM) as work:
        session = identity.sessions.sign_in(work, "anna", password)
    assert isinstance(session, Session)
    return session


def _alive(database: Database, identity: Identity, session: Session) -> bool:
    with database.begin(SYSTEM) as work:
        return identity.sessions.resolve(work, session.token) is not None


def test_a_session_is_known_by_its_token_and_acts_as_its_user(
    database: Database, identity: Identity, user: User
) -> None:
    session = _sign_in(database, identity)
    with database.begin(SYSTEM) as work:
        known = identity.sessions.resolve(work, session.token)
        assert known == session
        assert identity.sessions.resolve(work, session.token[:-1]) is None
        assert identity.sessions.resolve(work, "") is None
        assert identity.sessions.resolve(work, "\ud800") is None
    assert session.actor == Actor("user", user.id, frozenset({"auditor"}))


def test_the_database_holds_neither_token_nor_csrf_token(
    database: Database, identity: Identity, user: User
) -> None:
    session = _sign_in(database, identity)
    with database.begin(SYSTEM) as work:
        rows = work.connection.exec_driver_sql("SELECT * FROM platform.sessions").all()
        trail = work.connection.exec_driver_sql("SELECT * FROM platform.audit_rows").all()
    for secret in (session.token, session.csrf_token):
        assert secret not in str(rows) + str(trail)
    assert session.token not in repr(session)


def test_a_refusal_is_counted_although_nothing_was_raised(
    database: Database, identity: Identity, user: User
) -> None:
    for _ in range(5):
        with database.begin(SYSTEM) as work:
            answer = identity.sessions.sign_in(work, "anna", "wrong password")
        assert answer == Refusal("wrong_credentials")
    with database.begin(SYSTEM) as work:
        answer = identity.sessions.sign_in(work, "anna", GOOD)
    assert isinstance(answer, Refusal)
    assert answer.code == "locked"


def test_a_form_passes_with_the_csrf_token_of_its_own_session(
    database: Database, identity: Identity, user: User
) -> None:
    one, other = _sign_in(database, identity), _sign_in(database, identity)
    one.check_csrf(one.csrf_token)
    for wrong in (other.csrf_token, one.token, "", "é", "\ud800"):
        with pytest.raises(Forbidden) as refused:
            one.check_csrf(wrong)
        assert refused.value.code == "csrf"


def test_an_idle_session_ends_and_a_used_one_goes_on(
    database: Database, identity: Identity, user: User, clock: FixedClock
) -> None:
    session = _sign_in(database, identity)
    for _ in range(4):
        clock.advance(timedelta(minutes=29))
        assert _alive(database, identity, session)
    clock.advance(timedelta(minutes=30))
    assert not _alive(database, identity, session)


def test_no_session_outlives_its_absolute_end(
    database: Database, identity: Identity, user: User, clock: FixedClock
) -> None:
    session = _sign_in(database, identity)
    minutes = 0
    while _alive(database, identity, session):
        clock.advance(timedelta(minutes=20))
        minutes += 20
    assert minutes == 12 * 60


def test_roles_taken_away_are_gone_with_the_next_request(
    database: Database, identity: Identity, user: User
) -> None:
    session = _sign_in(database, identity)
    with database.begin(SYSTEM) as work:
        identity.users.set_roles(work, user.id, ["finance"])
        known = identity.sessions.resolve(work, session.token)
    assert known is not None
    assert known.actor.roles == {"finance"}


def test_sign_out_a_new_password_and_disabling_end_sessions(
    database: Database, identity: Identity, user: User, clock: FixedClock
) -> None:
    session, other = _sign_in(database, identity), _sign_in(database, identity)
    with database.begin(session.actor) as work:
        identity.sessions.sign_out(work, session)
    assert not _alive(database, identity, session)
    assert _alive(database, identity, other)
    clock.advance(timedelta(minutes=1))
    with database.begin(SYSTEM) as work:
        identity.users.set_password(work, user.id, "another good one 7")
    assert not _alive(database, identity, other)
    third = _sign_in(database, identity, "another good one 7")
    with database.begin(SYSTEM) as work:
        identity.users.set_active(work, user.id, active=False)
    assert not _alive(database, identity, third)


def test_all_sessions_of_a_user_end_at_once(
    database: Database, identity: Identity, user: User
) -> None:
    begun = [_sign_in(database, identity) for _ in range(3)]
    with database.begin(SYSTEM) as work:
        assert identity.sessions.end_all(work, user.id, reason="lost phone") == 3
        assert identity.sessions.end_all(work, user.id, reason="again") == 0
    assert not any(_alive(database, identity, session) for session in begun)


def test_old_sessions_are_purged_and_young_ones_stay(
    database: Database, identity: Identity, user: User, clock: FixedClock
) -> None:
    _sign_in(database, identity)
    clock.advance(timedelta(days=100))
    young = _sign_in(database, identity)
    with database.begin(SYSTEM) as work:
        assert identity.sessions.purge(work) == 1
    assert _alive(database, identity, young)
