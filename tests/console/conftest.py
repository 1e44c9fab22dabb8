"""A small company behind the console, played once through the demo's own steps."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy as sa
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from tael.app.demo.play import Story, play
from tael.app.installation import Installation, build
from tael.console import create_app
from tael.kernel import Day, FixedClock
from tael.platform import SYSTEM, Database, Settings
from tael.platform.identity import Identity
from tael.platform.locks import locked
from tael.platform.passwords import Passwords

PASSWORD = "nine silver sycees"
PEOPLE = {
    "everything": ("admin", "risk_manager", "operations", "finance", "auditor"),
    "risk": ("risk_manager",),
    "auditor": ("auditor",),
    "finance": ("finance",),
    "consultant": ("consultant",),
}
_PLAYED, _ENDED = "played_company", "ended"
STORY = Story(applications=16, per_month=8, months=4, start=Day(2025, 9, 1))


class Nobody:
    """Does not watch."""

    def day(self, day: Day, *, done: int, total: int) -> None:
        """Nothing to show."""


@dataclass(frozen=True)
class Company:
    """The played company, its people, and its console."""

    house: Installation
    app: FastAPI
    url: str
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, login: str = "", *, language: str = "en") -> httpx.Client:
        """A browser of its own, signed in as ``login`` if one is given."""
        client = httpx.Client(base_url=self.url, headers={"Accept-Language": language}, timeout=30)
        self.clients.append(client)
        if login:
            page = client.get("/sign-in").text
            token = page.split('name="form_token" value="')[1].split('"')[0]
            data = {"login": login, "password": PASSWORD, "form_token": token}
            assert client.post("/sign-in", data=data).status_code == 303
        return client


@pytest.fixture(scope="session")
def company(
    postgres_url: str,
    postgres_folder: Path,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Company]:
    """Sixteen applications and four months of their loans: a copy of this worker's own."""
    folder = tmp_path_factory.mktemp("console")
    name = f"console_{os.getpid()}_{folder.name}"
    kept = postgres_folder / _PLAYED
    with locked(postgres_folder / f"{_PLAYED}.lock"):
        if not (kept / _ENDED).exists():
            _play(postgres_url, template, kept)
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        _administer(postgres_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        _administer(postgres_url, f'CREATE DATABASE "{name}" TEMPLATE {_PLAYED}')
    clock = FixedClock(datetime.fromisoformat((folder / _ENDED).read_text("utf-8")))
    database = Database(_named(postgres_url, name), clock)
    house = _house(folder, database, clock)
    app = create_app(house)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    open_company = Company(house, app, f"http://127.0.0.1:{port}")
    yield open_company
    for client in open_company.clients:
        client.close()
    server.should_exit = True
    thread.join(timeout=10)
    database.close()
    _administer(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def browse(company: Company) -> Callable[..., httpx.Client]:
    """Opens a browser, signed in as the login that is given."""
    return company.client


def _play(postgres_url: str, template: str, folder: Path) -> None:
    """Play the story once for all workers: its database, its folder, and the hour it ended at."""
    _administer(postgres_url, f"DROP DATABASE IF EXISTS {_PLAYED} WITH (FORCE)")
    _administer(postgres_url, f"CREATE DATABASE {_PLAYED} TEMPLATE {template}")
    folder.mkdir(exist_ok=True)
    clock = FixedClock.on(STORY.start)
    database = Database(_named(postgres_url, _PLAYED), clock)
    play(build(Settings(data_dir=folder), database, clock), clock, STORY, Nobody())
    with warnings.catch_warnings():
        # The story leaves the wire to its bank to the collector: let it be collected here and now.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    house = _house(folder, database, clock)
    with database.begin(SYSTEM) as work:
        for login, roles in PEOPLE.items():
            house.identity.users.add(work, login=login, password=PASSWORD, roles=roles)
    with database.begin(SYSTEM) as work:
        house.audit.seal(work)
    database.close()
    (folder / _ENDED).write_text(clock.now().isoformat(), "utf-8")


def _house(folder: Path, database: Database, clock: FixedClock) -> Installation:
    installation = build(Settings(data_dir=folder), database, clock)
    return replace(installation, identity=Identity.build(Passwords(PasswordHasher(1, 8, 1))))


def _named(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _administer(url: str, statement: str) -> None:
    conninfo = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())
