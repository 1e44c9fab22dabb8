"""The web application over one installation: pages under ``/``, the API under ``/api/v1``."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from tael.console import (
    api,
    applications,
    audit,
    books,
    dashboard,
    errors,
    loans,
    partners,
    policies,
    sign_in,
)
from tael.console.gate import Gate
from tael.console.live import LiveDecisions
from tael.console.pages import Pages
from tael.console.ports import House
from tael.console.security import SecurityHeaders
from tael.console.vendor import check_vendor

_STATIC = Path(__file__).parent / "static"


def create_app(house: House) -> FastAPI:
    """The console of ``house``.

    Raises:
        FrontendMissing: the third-party files were not built, or are not the pinned ones.
    """
    check_vendor()
    app = FastAPI(
        title="Tael",
        version=version("tael"),
        openapi_url="/api/v1/openapi.json",
        # The framework's own document pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.house = house
    app.state.pages = Pages.open(house.settings.zone, _stamp())
    errors.install(app)
    app.add_middleware(Gate, settings=house.settings)
    app.add_middleware(LiveDecisions, house=house)
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    for room in (api, sign_in, dashboard, applications, loans, books, partners, audit):
        app.include_router(room.router)
    for router in policies.routers:
        app.include_router(router)
    return app


def _stamp() -> str:
    """Changes with any of our own static files."""
    files = sorted(path for path in _STATIC.iterdir() if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
