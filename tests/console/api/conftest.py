"""A played company of this test's own behind the API, and programs that call it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tael.app.guarantor import limits_on
from tael.app.installation import Installation, Rooms, build
from tael.console import create_app
from tael.funding import Limits
from tael.kernel import Day, FixedClock
from tael.platform import SYSTEM, Database, Work
from tael.platform.audit import AuditLog
from tael.platform.identity import Identity
from tael.platform.passwords import Passwords

PASSWORD = "ten silver sycees"
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "owner": ("owner",),
    "stranger": ("owner",),
    "field": ("consultant",),
    "desk": ("operations", "finance", "risk_manager", "auditor"),
    "second": ("finance", "risk_manager"),
    "keeper": ("admin",),
}
_numbers = itertools.count(1)


class House:
    """An installation with what the console asks of it besides."""

    def __init__(self, inner: Installation) -> None:
        self.inner = inner
        self.identity = Identity.build(Passwords(PasswordHasher(1, 8, 1)))
        self.audit = AuditLog(b"k" * 32)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def rooms(self, work: Work) -> Rooms:
        return self.inner.rooms(work)

    def limits(self, work: Work, on: Day) -> Limits:
        return limits_on(self.inner.parameters, work, on)


@dataclass
class Api:
    """The API of a company, with a client for each person's program."""

    house: House
    app: FastAPI
    url: str
    keys: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)

    def client(self, login: str = "") -> TestClient:
        """A program with the key of ``login``, or with none."""
        headers = {"Authorization": f"Bearer {self.keys[login]}"} if login else {}
        return TestClient(self.app, raise_server_exceptions=False, headers=headers)

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        with self.house.inner.database.begin(SYSTEM) as work:
            known = {
                f"{row.table_schema}.{row.table_name}"
                for row in work.connection.execute(
                    sa.text("SELECT table_schema, table_name FROM information_schema.tables")
                )
            }
            tables = [name for name in known if name.split(".")[0] in _ROOMS]
            return {
                name: work.connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()
                for name in sorted(tables)
            }


_ROOMS = ("origination", "servicing", "ledger", "platform", "console", "funding", "policies")


@pytest.fixture(scope="module")
def make_api(company, postgres_url: str) -> Iterator[Callable[[], Api]]:
    """Opens a copy of the played company."""
    made: list[tuple[str, Database]] = []

    def make() -> Api:
        original = company.house.database
        source = sa.make_url(original.url).database
        original.close()
        name = f"api_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_numbers)}"
        _administer(postgres_url, f'CREATE DATABASE {name} TEMPLATE "{source}" STRATEGY FILE_COPY')
        url = sa.make_url(original.url).set(database=name)
        text = url.render_as_string(hide_password=False)
        clock = FixedClock(company.house.clock.now())
        database = Database(text, clock)
        made.append((name, database))
        house = House(build(company.house.settings, database, clock))
        return _peopled(Api(house, create_app(house), text))

    yield make
    for name, database in made:
        database.close()
        _administer(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def api(make_api: Callable[[], Api]) -> Api:
    """A company of this test's own."""
    return make_api()


@pytest.fixture(scope="module")
def shared(make_api: Callable[[], Api]) -> Api:
    """A company for tests that change nothing."""
    return make_api()


def _peopled(api: Api) -> Api:
    keys, users = {}, {}
    identity = api.house.identity
    with api.house.inner.database.begin(SYSTEM) as work:
        for login, roles in PEOPLE.items():
            user = identity.users.add(work, login=f"api-{login}", password=PASSWORD, roles=roles)
            users[login] = user.id
            _, keys[login] = identity.api_keys.issue(
                work, user.id, name="test", scopes=["*.*"], lasts=timedelta(days=30)
            )
    api.keys, api.users = keys, users
    return api


def _administer(url: str, statement: str) -> None:
    conninfo = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())
