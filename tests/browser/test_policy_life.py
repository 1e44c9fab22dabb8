"""A policy's life in a browser: drafted and checked by one person, approved by another, undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tael.platform import SYSTEM
from tael.policies import Bundle

if TYPE_CHECKING:
    from tests.browser.conftest import Good, Seat

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow]


@pytest.fixture
def bundle(company) -> Bundle:  # noqa: ANN001 - conftest's
    """The texts in force."""
    with company.house.database.begin(SYSTEM) as work:
        found: Bundle = company.house.policies.bundle(
            work, company.house.policies.in_force(work).id
        )
    return found


def _chosen(name: str, text: str) -> dict[str, object]:
    return {"name": name, "mimeType": "application/json", "buffer": text.encode()}


def _drafted(page: Page, bundle: Bundle, good: Good) -> str:
    """Upload a draft: a broken text first, which costs nothing that was filled in."""
    page.goto("/policies")
    good(page)
    page.fill("#draft-name", "收紧一点")
    page.set_input_files("#text-prices", _chosen("prices.json", bundle.prices + " "))  # type: ignore[arg-type]
    page.set_input_files("#text-parameters", _chosen("parameters.json", "{"))  # type: ignore[arg-type]
    page.click("#draft button[type=submit]")
    expect(page.locator("#draft [role=alert]")).to_contain_text("JSON")
    assert page.input_value("#draft-name") == "收紧一点"
    assert page.evaluate("document.querySelector('#text-prices').files.length") == 1
    page.set_input_files("#text-parameters", _chosen("parameters.json", bundle.parameters + " "))  # type: ignore[arg-type]
    page.click("#draft button[type=submit]")
    page.wait_for_url("**/policies/versions/*")
    return page.url


def test_a_policy_is_drafted_checked_approved_put_in_force_and_undone(
    seat: Seat, bundle: Bundle, good: Good
) -> None:
    author, other = seat("risk", "zh-CN"), seat("everything", "zh-CN")
    home = _drafted(author, bundle, good)
    author.get_by_role("button", name="检查").click()
    expect(author.locator("#next")).to_contain_text("回测")
    author.locator("#next input[name=why]").fill("还没有历史数据，五月才开始放款")
    author.get_by_role("button", name="免回测继续").click()
    expect(author.locator("#next")).to_contain_text("等待另一人审批")
    expect(author.locator("#next form")).to_have_count(0)
    good(author)

    other.goto("/policies/approvals")
    good(other)
    ask = other.locator(".policy-ask", has_text="收紧一点")
    ask.get_by_role("button", name="批准").click()
    expect(other.locator(".policy-ask", has_text="收紧一点")).to_have_count(0)

    author.goto("/policies")
    row = author.locator("tr[data-version='收紧一点']")
    share = row.locator("input[name^='share:']")
    share.fill("120")
    expect(author.locator("[data-preview] .policy-part-over")).to_be_visible()
    author.click("#deploy button[type=submit]")
    expect(row.locator("[role=alert]")).to_contain_text("100%")
    assert share.input_value() == "120"
    share.fill("12.5")
    expect(author.locator("[data-preview]")).to_contain_text("87.5%")
    author.fill("#deploy-why", "先试八分之一")
    author.click("#deploy button[type=submit]")
    expect(author.locator("#force")).to_contain_text("12.5%")
    expect(author.locator("#force")).to_contain_text("先试八分之一")

    author.locator("#force summary").click()
    author.fill("#rollback input[name=why]", "通过率一夜之间翻倍了")
    author.click("#rollback button[type=submit]")
    expect(author.locator("#force")).to_contain_text("恢复第 1 次")
    author.goto(home)
    expect(author.locator(".policy-steps .now")).to_contain_text("已退役")


def test_the_pages_fit_a_phone_and_the_dark(seat: Seat, good: Good) -> None:
    page = seat("everything", "en-GB", "phone")
    for _ in ("light", "dark"):
        page.goto("/policies")
        good(page)
        page.goto(str(page.locator("#versions .lead a").first.get_attribute("href")))
        good(page)
        for path in ("/policies/approvals", "/policies/models"):
            page.goto(path)
            good(page)
        page.locator(".phone-tools [data-theme-switch]").click()
