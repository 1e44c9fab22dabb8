# ruff: noqa: ANN001 - the class of `company` stands in the conftest above
"""A played company of this test's own behind the API, and programs that call it."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
import psycopg
import pytest
import sqlalchemy as sa
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from tael.app.installation import Installation, build
from tael.console import create_app
from tael.kernel import FixedClock
from tael.platform import SYSTEM, Database
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


@dataclass
class Api:
    """The API of a company, with a client for each person's program."""

    house: Installation
    app: FastAPI
    url: str
    keys: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def client(self, login: str = "") -> httpx.Client:
        """A program with the key of ``login``, or with none."""
        if login not in self.clients:
            headers = {"Authorization": f"Bearer {self.keys[login]}"} if login else {}
            self.clients[login] = httpx.Client(base_url=self.url, headers=headers, timeout=120)
        return self.clients[login]

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        with self.house.database.begin(SYSTEM) as work:
            known = {
                f"{row.table_schema}.{row.table_name}"
                for row in work.connection.execute(
                    sa.text("SELECT table_schema, table_name FROM information_schema.tables")
                )
            }
            tables = [name for name in known if name.split(".")[0] in _ROOMS]
            return {
                name: work.connection.execute(
                    sa.select(sa.func.count()).select_from(_table(name))
                ).scalar_one()
                for name in sorted(tables)
            }


_ROOMS = ("origination", "servicing", "ledger", "platform", "console", "funding", "policies")


@pytest.fixture(scope="module")
def make_api(company, postgres_url: str) -> Iterator[Callable[[], Api]]:
    """Opens a copy of the played company."""
    made: list[tuple[str, Api]] = []
    stack = ExitStack()

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
        light = Identity.build(Passwords(PasswordHasher(1, 8, 1)))
        # Nobody is turned away for asking often, but by the test of that.
        settings = replace(company.house.settings, api_per_minute=0)
        house = replace(build(settings, database, clock), identity=light)
        app = create_app(house)
        opened = _peopled(Api(house, app, stack.enter_context(_served(app))))
        made.append((name, opened))
        return opened

    yield make
    for _, opened in made:
        for client in opened.clients.values():
            client.close()
    stack.close()
    for name, opened in made:
        opened.house.database.close()
        _administer(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def api(make_api: Callable[[], Api]) -> Api:
    """A company of this test's own."""
    return make_api()


@pytest.fixture(scope="module")
def shared(make_api: Callable[[], Api]) -> Api:
    """A company for tests that change nothing."""
    return make_api()


@pytest.fixture
def serve() -> Iterator[Callable[[FastAPI], str]]:
    """Serves another console for a test, and says where."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(_served(app))


@contextmanager
def _served(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def _table(name: str) -> sa.TableClause:
    schema, _, table = name.partition(".")
    return sa.table(table, schema=schema)


def _peopled(api: Api) -> Api:
    keys, users = {}, {}
    identity = api.house.identity
    with api.house.database.begin(SYSTEM) as work:
        for login, roles in PEOPLE.items():
            user = identity.users.add(work, login=f"api-{login}", password=PASSWORD, roles=roles)
            users[login] = user.id
            _, keys[login] = identity.api_keys.issue(
                work, user.id, name="test", scopes=["*.*"], lasts=timedelta(days=300)
            )
    api.keys, api.users = keys, users
    return api


def _administer(url: str, statement: str) -> None:
    conninfo = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())
