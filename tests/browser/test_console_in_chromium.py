from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.xdist_group("browser")
DESKTOP, PHONE = (1440, 900), (390, 844)
PAGES = ("/", "/applications", "/loans", "/partners", "/audit")
# Words below the contrast that WCAG 2.2 asks for (1.4.3): 4.5, or 3 from 24 px on.
CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")


@pytest.fixture
def faults() -> list[str]:
    """What the browser complains about."""
    return []


@pytest.fixture
def page(
    company,  # noqa: ANN001 - conftest's
    chromium: Browser,
    faults: list[str],
    request: pytest.FixtureRequest,
) -> Iterator[Page]:
    """A tab, signed in; parametrized by the size of its window."""
    width, height = getattr(request, "param", DESKTOP)
    context = chromium.new_context(
        base_url=company.url, viewport={"width": width, "height": height}, locale="en-GB"
    )
    tab = context.new_page()
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    tab.goto("/sign-in")
    tab.fill("#login", "everything")
    tab.fill("#password", "nine silver sycees")
    tab.click("button[type=submit]")
    tab.wait_for_url("**/")
    yield tab
    context.close()


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True, ids=["desktop", "phone"])
def test_no_page_is_wider_than_its_window(page: Page, faults: list[str]) -> None:
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
    assert not faults


def test_the_dashboard_draws_four_charts_with_something_in_them(page: Page) -> None:
    page.wait_for_selector("html[data-drawn=yes]")
    expect(page.locator("[data-chart] canvas")).to_have_count(4)


def test_a_filter_narrows_the_list_and_stands_in_the_address(page: Page) -> None:
    page.goto("/applications")
    before = page.locator("#list tbody tr").count()
    page.select_option("#state", "declined")
    expect(page).to_have_url(re.compile("state=declined"))
    expect(page.locator("#list tbody tr")).not_to_have_count(before)


def test_more_rows_come_below_the_first_ones(page: Page) -> None:
    page.goto("/audit")
    expect(page.locator("#list tbody tr")).to_have_count(51)
    page.click(".more-row a")
    expect(page.locator("#list tbody tr")).to_have_count(101)


def test_the_seals_are_verified_without_leaving_the_page(page: Page) -> None:
    page.goto("/audit")
    page.click("text=Verify the seals")
    expect(page.locator("#proof")).to_contain_text("The chain holds")


def test_dark_stays_dark_on_the_next_page(page: Page) -> None:
    page.locator("[data-theme-switch]:visible").click()
    page.goto("/loans")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_language_is_switched_where_one_stands(page: Page) -> None:
    page.goto("/loans?dpd=late")
    page.locator("a[hreflang=zh-CN]:visible").click()
    expect(page).to_have_url(re.compile(r"/loans\?dpd=late"))
    expect(page.locator("h1")).to_have_text("贷款")


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_the_menu_opens_on_a_phone(page: Page) -> None:
    expect(page.locator("#menu")).to_be_hidden()
    page.click(".navbar-toggler")
    page.locator("#menu a[href='/partners']").click()
    expect(page.locator("h1")).to_have_text("Funding and limits")


def test_a_bad_filter_is_told_where_it_was_typed(page: Page) -> None:
    page.goto("/loans")
    page.fill("#least", "much")
    page.press("#least", "Enter")
    expect(page.locator("#problem-least")).to_contain_text("Not an amount")
    expect(page.locator("#least")).to_have_value("much")
    page.fill("#least", "1000")
    page.press("#least", "Enter")
    expect(page.locator("#problem-least")).to_have_count(0)
    expect(page.locator("#list tbody tr").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/loans\?least=1000$"))


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_filters_wait_behind_their_title_on_a_phone(page: Page) -> None:
    page.goto("/loans")
    expect(page.locator("#status")).to_be_hidden()
    page.click(".filter-box summary")
    page.select_option("#status", "active")
    expect(page).to_have_url(re.compile("status=active"))
    expect(page.locator("#status")).to_be_visible()


def test_personal_data_appear_on_request_and_are_gone_on_the_next_visit(page: Page) -> None:
    page.goto("/applications?state=contracted")
    page.locator("#list tbody a").first.click()
    page.locator(".reveal summary").first.click()
    page.locator(".reveal select").first.select_option("identity")
    page.locator(".reveal button").first.click()
    shown = page.locator(".reveal dl.personal").first
    expect(shown).to_contain_text("Identity number")
    page.reload()
    expect(page.locator("dl.personal")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/applications", "/loans?least=x", "/partners", "/audit"])
def test_every_word_reads_against_its_ground(page: Page, path: str, theme: str) -> None:
    page.context.add_cookies([{"name": "tael_theme", "value": theme, "url": page.url}])
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(CONTRAST) == []
