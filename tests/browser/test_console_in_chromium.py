from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Good, Seat

pytestmark = pytest.mark.xdist_group("browser")
PAGES = ("/", "/applications", "/loans?least=x", "/partners", "/audit")


@pytest.fixture
def page(seat: Seat) -> Page:
    """A tab of somebody who may do everything."""
    return seat("everything")


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_its_window_and_reads(
    seat: Seat, good: Good, size: Literal["desktop", "phone"], theme: str
) -> None:
    page = seat("everything", size=size)
    page.context.add_cookies([{"name": "tael_theme", "value": theme, "url": page.url}])
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        good(page)


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


def test_the_menu_opens_on_a_phone(seat: Seat) -> None:
    page = seat("everything", size="phone")
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


def test_filters_wait_behind_their_title_on_a_phone(seat: Seat) -> None:
    page = seat("everything", size="phone")
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
