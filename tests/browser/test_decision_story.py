"""An auditor looks into one decision in a browser: found, read, made again, and a forgery told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tael.platform import SYSTEM

if TYPE_CHECKING:
    from tests.browser.conftest import Good, Seat

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow]


def _declined(company: Any) -> tuple[str, str]:
    """A decision that declined for the risk, and its application."""
    query = (
        "SELECT id, application_id FROM policies.decision_log "
        "WHERE result LIKE '%%risk_too_high%%' ORDER BY id LIMIT 1"
    )
    with company.house.database.begin(SYSTEM) as work:
        row = work.connection.exec_driver_sql(query).one()
    return row[0], row[1]


def _forge(company: Any, decision_id: str, before: str, after: str) -> None:
    """Written around the room, as one can who owns the database."""
    with company.house.database.begin(SYSTEM) as work:
        run = work.connection.exec_driver_sql
        run("ALTER TABLE policies.decision_log DISABLE TRIGGER USER")
        run(
            "UPDATE policies.decision_log SET result = replace(result, %s, %s) WHERE id = %s",
            (before, after, decision_id),
        )
        run("ALTER TABLE policies.decision_log ENABLE TRIGGER USER")


def test_an_auditor_finds_a_decision_makes_it_again_and_finds_a_forgery(
    company: Any, seat: Seat, good: Good
) -> None:
    decision, application = _declined(company)
    page = seat("auditor")
    page.goto("/policies")
    page.get_by_role("link", name="Decisions", exact=True).click()
    expect(page.locator("h1")).to_have_text("Decisions")
    good(page)

    # The list narrows as fields are filled in, without another page.
    page.fill("#number", application)
    page.press("#number", "Enter")
    page.wait_for_url(f"**/policies/decisions?number={application}**")
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(1)
    rows.locator("a").first.click()
    page.wait_for_url(f"**/policies/decisions/{decision}")
    expect(page.locator("#outcome")).to_contain_text("Declined")
    expect(page.locator("#outcome")).to_contain_text("risk_too_high")
    expect(page.locator("#versions")).to_contain_text("Champion")
    expect(page.locator("#log")).to_contain_text("the row and its neighbours hold")
    good(page)

    # The trace says which rules fired, and what they say.
    step = page.locator("#trace details", has_text="tier").first
    step.locator("summary").click()
    expect(step.locator(".rule-text").first).to_contain_text("pd")

    # Inputs are found by name as one types.
    page.fill("#input-name", "owner")
    expect(page.locator("#inputs-found")).to_contain_text("owner_age")
    expect(page.locator("#inputs-found")).not_to_contain_text("total_debt")

    page.get_by_role("button", name="Make it again").click()
    expect(page.locator("#again")).to_contain_text("bit for bit")

    page.get_by_role("button", name="What would change the answer?").click()
    expect(page.locator("#recourse-told")).to_contain_text("combinations", timeout=60_000)
    page.fill("#sender", "Some Guarantee Co.")
    page.fill("#contact", "400-1")
    page.get_by_role("button", name="Write the letter").click()
    letter = page.locator("#recourse-told pre[lang=en]")
    expect(letter).to_contain_text("Some Guarantee Co.", timeout=60_000)
    expect(page.locator("#recourse-told pre[lang=zh]")).to_have_count(1)
    good(page)

    _forge(company, decision, '"tier":7', '"tier":1')
    try:
        page.reload()
        expect(page.locator("#log [role=alert]")).to_contain_text("The log does not hold here")
        page.get_by_role("button", name="Make it again").click()
        expect(page.locator("#again")).to_contain_text("Not equal")
        expect(page.locator("#again .differing tbody")).to_contain_text("tier")
        good(page)
    finally:
        _forge(company, decision, '"tier":1', '"tier":7')
    page.reload()
    expect(page.locator("#log")).to_contain_text("the row and its neighbours hold")


def test_a_decision_and_the_sources_are_read_on_a_phone(
    company: Any, seat: Seat, good: Good
) -> None:
    decision, _ = _declined(company)
    page = seat("auditor", "zh-CN", "phone")
    page.goto("/policies/decisions")
    good(page)
    page.goto(f"/policies/decisions/{decision}")
    expect(page.locator("#log")).to_contain_text("链上第")
    page.get_by_role("button", name="重做一次").click()
    expect(page.locator("#again")).to_contain_text("逐位一致")
    good(page)
    page.goto("/policies/sources?days=90")
    expect(page.locator("html[data-drawn=yes]")).to_have_count(1)
    expect(page.locator("#health tbody tr")).to_have_count(9)
    expect(page.locator("#routes")).to_contain_text("经持牌征信机构")
    good(page)
