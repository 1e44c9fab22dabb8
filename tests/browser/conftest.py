"""A Chromium before the console of the company that `tests/console` plays."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

if TYPE_CHECKING:
    from tests.console.conftest import Company

_HERE = Path(__file__).parent
_SHARED = _HERE.parent / "console" / "conftest.py"
_spec = importlib.util.spec_from_file_location("tael_tests_console_company", _SHARED)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _module
_spec.loader.exec_module(_module)
company = _module.company

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Words below the contrast that WCAG 2.2 asks for (1.4.3): 4.5, or 3 from 24 px on.
_CONTRAST = (_HERE / "contrast.js").read_text("utf-8")
_SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
# dmn-js brings a build of its view library that complains of itself, and Chromium tells of every
# refusal; a page that is left, or a download, ends the requests that are under way.
_EXPECTED = ("development build of Inferno", "status of 422", "net::ERR_ABORTED")


class Seat(Protocol):
    """Opens a browser of its own for ``login``, signed in, in a language and a size of window.

    A phone is touched. ``patience_ms`` is what an action waits for at most.
    """

    def __call__(
        self,
        login: str,
        language: str = "en-GB",
        size: Literal["desktop", "phone"] = "desktop",
        *,
        patience_ms: int = 30_000,
    ) -> Page: ...


class Good(Protocol):
    """Asserts that nothing sticks out to the side, and that every word reads on its ground."""

    def __call__(self, page: Page) -> None: ...


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless.

    Gone with the module: while it lives, Playwright runs an event loop in this thread, and tests
    after it would find themselves inside one.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What the browsers of a test complain about; anything in it at the end fails the test."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def seat(company: Company, chromium: Browser, faults: list[str]) -> Iterator[Seat]:
    """Lets somebody sit down; all of them leave with the test."""
    contexts = []

    def sit(
        login: str,
        language: str = "en-GB",
        size: Literal["desktop", "phone"] = "desktop",
        *,
        patience_ms: int = 30_000,
    ) -> Page:
        width, height = _SIZES[size]
        context = chromium.new_context(
            base_url=company.url,
            viewport={"width": width, "height": height},
            locale=language,
            has_touch=size == "phone",
        )
        contexts.append(context)
        context.set_default_timeout(patience_ms)
        tab = context.new_page()
        _listen(tab, faults)
        tab.goto("/sign-in")
        tab.fill("#login", login)
        tab.fill("#password", _module.PASSWORD)
        tab.click("button[type=submit]")
        tab.wait_for_url("**/")
        return tab

    yield sit
    for context in contexts:
        context.close()


def _listen(tab: Page, faults: list[str]) -> None:
    def hear(told: str) -> None:
        if not any(known in told for known in _EXPECTED):
            faults.append(told)

    def line(message: ConsoleMessage) -> None:
        if message.type == "error":
            hear(message.text)

    def failed(request: Request) -> None:
        hear(f"{request.method} {request.url}: {request.failure}")

    tab.on("pageerror", lambda error: hear(str(error)))
    tab.on("console", line)
    tab.on("requestfailed", failed)


@pytest.fixture(scope="session")
def good() -> Good:
    """The check of every page that is shown."""

    def check(page: Page) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, page.url
        assert page.evaluate(_CONTRAST) == [], page.url

    return check
