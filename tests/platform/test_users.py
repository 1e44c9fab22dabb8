"""Users: passwords, roles, and the lock that grows."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tael.kernel import BadInput, Conflict, FixedClock, NotFound, Refusal, TaelError, UserId
from tael.platform.database import SYSTEM, Database
from tael.platform.passwords import Passwords
from tael.platform.users import LockOut, User, Users

CASES = Path(__file__).parent / "cases"
GOOD = "correct horse 42"
PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def users() -> Users:
    return Users(PASSWORDS)


def _cases() -> list[dict[str, str]]:
    with (CASES / "users_refused.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _add(
    database: Database, users: Users, login: str = "anna", roles: Iterable[str] = ("auditor",)
) -> User:
    with database.begin(SYSTEM) as work:
        return users.add(work, login=login, password=GOOD, roles=roles, display_name="Anna")


def _verify(database: Database, users: Users, password: str, login: str = "anna") -> User | Refusal:
    with database.begin(SYSTEM) as work:
        return users.verify(work, login, password)


def test_a_user_is_found_by_login_whatever_its_case(database: Database, users: Users) -> None:
    added = _add(database, users)
    with database.begin(SYSTEM) as work:
        assert users.find(work, " ANNA ") == added == users.get(work, added.id)
        assert users.find(work, "boris") is None
        assert users.all(work) == [added]


def test_only_the_right_password_verifies(database: Database, users: Users) -> None:
    added = _add(database, users)
    assert _verify(database, users, GOOD) == added
    assert _verify(database, users, "\ud800") == Refusal("wrong_credentials")
    assert _verify(database, users, "correct horse 43") == Refusal("wrong_credentials")


def test_the_password_is_kept_as_argon2id_only(database: Database, users: Users) -> None:
    _add(database, users)
    with database.begin(SYSTEM) as work:
        row = work.connection.exec_driver_sql("SELECT * FROM platform.users").one()
    assert row.password_hash.startswith("$argon2id$")
    assert GOOD not in str(row)


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["why"])
def test_a_malformed_user_is_refused_with_field_and_rule(
    database: Database, users: Users, case: dict[str, str]
) -> None:
    with pytest.raises(TaelError) as refused, database.begin(SYSTEM) as work:
        users.add(
            work,
            login=case["login"],
            password=case["password"],
            roles=case["roles"].split(),
        )
    assert (refused.value.code, refused.value.field) == ("bad_input", case["field"])
    assert case["says"] in str(refused.value)


def test_a_login_is_given_once(database: Database, users: Users) -> None:
    _add(database, users)
    with pytest.raises(Conflict, match="taken"):
        _add(database, users, login="Anna")


def test_a_password_of_any_length_is_answered_without_hashing_it_all() -> None:
    with pytest.raises(BadInput, match="more than 128"):
        PASSWORDS.hash("aB3 " * 1_000_000, login="anna")


def test_failures_lock_for_a_growing_time_and_success_forgets_them(
    database: Database, users: Users, clock: FixedClock
) -> None:
    _add(database, users)
    for _ in range(5):
        assert _verify(database, users, "wrong password") == Refusal("wrong_credentials")
    for wait_s in (30, 60, 120):
        until = (clock.now() + timedelta(seconds=wait_s)).isoformat()
        assert _verify(database, users, GOOD) == Refusal("locked", {"until": until})
        clock.advance(timedelta(seconds=wait_s - 1))
        assert isinstance(_verify(database, users, GOOD), Refusal), "the right one waits too"
        clock.advance(timedelta(seconds=1))
        assert _verify(database, users, "wrong password") == Refusal("wrong_credentials")
    clock.advance(timedelta(seconds=240))
    assert isinstance(_verify(database, users, GOOD), User)
    assert _verify(database, users, "wrong password") == Refusal("wrong_credentials")
    assert isinstance(_verify(database, users, GOOD), User), "one failure does not lock"


def test_failures_of_yesterday_are_forgotten(
    database: Database, users: Users, clock: FixedClock
) -> None:
    _add(database, users)
    for _ in range(4):
        _verify(database, users, "wrong password")
    clock.advance(timedelta(hours=25))
    _verify(database, users, "wrong password")
    assert isinstance(_verify(database, users, GOOD), User)


def test_an_unknown_or_disabled_login_answers_and_locks_like_a_known_one(
    database: Database, users: Users
) -> None:
    added = _add(database, users)
    with database.begin(SYSTEM) as work:
        users.set_active(work, added.id, active=False)
    answers = {
        login: [_verify(database, users, GOOD, login) for _ in range(7)]
        for login in ("anna", "nobody", "\x00' OR 1=1 --", "\ud800")
    }
    assert answers["anna"] == answers["nobody"] == answers["\x00' OR 1=1 --"] == answers["\ud800"]
    codes = [answer.code for answer in answers["anna"] if isinstance(answer, Refusal)]
    assert codes == ["wrong_credentials"] * 5 + ["locked"] * 2


@pytest.mark.parametrize(
    ("failures", "wait_s"), [(0, 0), (4, 0), (5, 30), (6, 60), (10, 960), (11, 1800), (10**9, 1800)]
)
def test_the_wait_doubles_up_to_half_an_hour(failures: int, wait_s: int) -> None:
    assert LockOut().wait(failures) == timedelta(seconds=wait_s)


def test_a_hash_of_older_parameters_is_renewed_at_sign_in(database: Database, users: Users) -> None:
    _add(database, users)
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert isinstance(_verify(database, Users(stronger), GOOD), User)
    with database.begin(SYSTEM) as work:
        query = "SELECT password_hash FROM platform.users"
        encoded = work.connection.exec_driver_sql(query).scalar_one()
    assert "m=16,t=2" in encoded
    assert isinstance(_verify(database, Users(stronger), GOOD), User)


def test_changes_of_users_are_audited_and_unknown_users_are_not_found(
    database: Database, users: Users
) -> None:
    added = _add(database, users)
    nobody = UserId.new(database.clock.now())
    with database.begin(SYSTEM) as work:
        users.set_roles(work, added.id, ["finance", "auditor"])
        users.set_password(work, added.id, "another good one 7")
        users.set_active(work, added.id, active=False)
        for change in (
            lambda: users.get(work, nobody),
            lambda: users.set_roles(work, nobody, ["finance"]),
            lambda: users.set_active(work, nobody, active=True),
        ):
            with pytest.raises(NotFound):
                change()
        assert users.get(work, added.id).roles == {"finance", "auditor"}
    with database.begin(SYSTEM) as work:
        query = "SELECT action FROM platform.audit_rows ORDER BY position"
        actions = list(work.connection.exec_driver_sql(query).scalars())
    assert actions == ["user.added", "user.roles_changed", "user.password_changed", "user.disabled"]
