"""A risk manager edits a decision table in a browser: from Excel, with a slip, at any length."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tael.platform import SYSTEM

if TYPE_CHECKING:
    from tests.browser.conftest import Good, Seat

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow]
_RULES = 10_000


@pytest.fixture
def home(company) -> str:  # noqa: ANN001 - conftest's
    """The pages of the version that decides."""
    with company.house.database.begin(SYSTEM) as work:
        return f"/policies/versions/{company.house.policies.versions(work)[-1].id}"


def _paste(page: Page, text: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+v")


def _cell(page: Page, row: int, column: int) -> str:
    return page.evaluate(
        "([row, column]) => document.getElementById('grid').grid.rows[row].cells[column]",
        [row, column],
    )


def test_a_block_from_excel_is_pasted_mended_and_saved(seat: Seat, home: str, good: Good) -> None:
    page = seat("risk")
    page.goto(f"{home}/diagram")
    page.wait_for_selector("html[data-drawn=yes]")
    expect(page.locator("#diagram .djs-shape")).to_have_count(23)
    _mark_stands_free(page)
    good(page)
    page.locator('#diagram [data-element-id="tier"]').first.click()
    page.wait_for_url("**/tables/tier")
    expect(page.locator("#save-form")).to_have_count(0)
    page.click("text=Edit it as a new draft")
    page.wait_for_selector("html[data-grid=ready]")
    expect(page.locator("#save")).to_be_disabled()

    # Two lines of a sheet over the last rule and past it; one has a slip, one a broken line.
    page.click("#cell-6-0")
    _paste(page, '[0.16..0.30)\t7\t"worse\nand worse"\n> = 0.30\t7\t\n')
    expect(page.locator("#grid")).to_have_attribute("aria-rowcount", "9")
    assert _cell(page, 6, 2) == "worse\nand worse"
    expect(page.locator("#grid-said")).to_contain_text("Rules added: 1.")
    expect(page.locator("#cell-7-0")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#wrong")).to_contain_text("Rule 8, pd")
    expect(page.locator("#save")).to_be_disabled()
    good(page)

    # Undone and done again by keys; then the slip is put right where it is told.
    page.locator("#grid").focus()
    page.keyboard.press("Control+z")
    expect(page.locator("#grid")).to_have_attribute("aria-rowcount", "8")
    page.keyboard.press("Control+y")
    page.locator("#wrong-cells button").first.click()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type(">= 0.31")
    page.keyboard.press("Enter")
    expect(page.locator("#wrong")).to_be_hidden()

    # The gap that is left stands there in words; it leads to nothing false.
    page.click("#verify")
    expect(page.locator("#findings")).to_contain_text("no rule covers pd in [0.3..0.31)")
    page.click("#cell-7-0")
    page.keyboard.type(">= 0.30")
    page.keyboard.press("Tab")
    assert _cell(page, 7, 0) == ">= 0.30"
    page.click("#verify")
    expect(page.locator("#findings")).to_contain_text("Nothing was found.")
    _asks_before_leaving(page)
    _saves(page, home)


def _mark_stands_free(page: Page) -> None:
    """The mark of bpmn.io is seen, and nothing lies over it."""
    mark = page.locator("#diagram .bjs-powered-by")
    expect(mark).to_be_visible()
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box is not None
    at = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    reached = "([x, y]) => Boolean(document.elementFromPoint(x, y).closest('.bjs-powered-by'))"
    assert page.evaluate(reached, at)


def _asks_before_leaving(page: Page) -> None:
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("location.assign('/policies')")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.locator("#unsaved")).to_be_visible()


def _saves(page: Page, home: str) -> None:
    page.fill("#save-name", "an eighth rule")
    page.fill("#save-why", "bad")
    page.click("#save")
    expect(page.locator("#save-problem")).to_contain_text("at least three words")
    page.fill("#save-why", "the last tier is two")
    page.click("#save")
    page.wait_for_url(re.compile(r"/policies/versions/ver_\w+$"))
    assert not page.url.endswith(home)
    expect(page.locator("h1")).to_contain_text("an eighth rule")
    expect(page.locator("body")).to_contain_text("the last tier is two")
    page.goto(f"{page.url}/tables/tier")
    page.wait_for_selector("html[data-grid=ready]")
    assert _cell(page, 7, 0) == ">= 0.30"
    assert _cell(page, 6, 2) == "worse\nand worse"


def test_ten_thousand_rules_stand_in_fewer_than_a_hundred_rows(
    seat: Seat, home: str, good: Good
) -> None:
    page = seat("risk")
    page.goto(f"{home}/tables/tier?edit=1")
    page.wait_for_selector("html[data-grid=ready]")
    page.click("#cell-0-0")
    step = 1 / _RULES
    _paste(page, "\n".join(
        f"[{n * step:.4f}..{(n + 1) * step:.4f}){chr(9)}{n % 7 + 1}" for n in range(_RULES)
    ))  # fmt: skip
    expect(page.locator("#grid")).to_have_attribute("aria-rowcount", str(_RULES + 1))
    assert page.locator("#grid [role=row]").count() < 100
    page.keyboard.press("Control+End")
    expect(page.locator(f"#cell-{_RULES - 1}-2")).to_be_visible()
    assert page.locator("#grid [role=row]").count() < 100
    worst_ms = page.evaluate("""async () => {
      const place = document.getElementById("grid");
      let worst = 0;
      for (let n = 0; n < 60; n += 1) {
        const began = performance.now();
        place.scrollTop = n * 5000;
        place.grid.render();
        place.offsetHeight;
        worst = Math.max(worst, performance.now() - began);
        await new Promise(requestAnimationFrame);
      }
      return worst;
    }""")
    assert worst_ms < 100
    assert page.locator("#grid [role=row]").count() < 100
    # Every one of them is judged, and the only wrong one is found among them.
    expect(page.locator("#wrong")).to_be_hidden()
    page.evaluate("() => document.getElementById('grid').grid.go(7776, 1)")
    page.locator("#grid").focus()
    page.keyboard.type("seven")
    page.keyboard.press("Enter")
    expect(page.locator("#wrong")).to_contain_text("Rule 7777", timeout=60_000)
    page.keyboard.press("Control+z")
    expect(page.locator("#wrong")).to_be_hidden()
    page.fill("#save-why", "as fine as the model")
    page.click("#save")
    page.wait_for_url(re.compile(r"/policies/versions/ver_\w+$"), timeout=120_000)


def test_a_table_and_its_diagram_are_read_on_a_phone(seat: Seat, home: str, good: Good) -> None:
    page = seat("risk", "zh-CN", "phone")
    page.goto(f"{home}/tables/prices")
    page.wait_for_selector("html[data-grid=ready]")
    expect(page.locator("#rule-count")).to_have_text("7 条规则")
    good(page)
    page.tap("#cell-2-1")
    expect(page.locator("#cell-place")).to_contain_text("规则 3")
    # Nothing is edited here: a second tap opens no field.
    page.tap("#cell-2-1")
    expect(page.locator(".grid-editor")).to_have_count(0)
    page.goto(f"{home}/diagram")
    page.wait_for_selector("html[data-drawn=yes]")
    _mark_stands_free(page)
    good(page)
