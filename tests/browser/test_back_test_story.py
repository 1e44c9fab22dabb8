"""A risk manager tries a version on a history in a browser; a second person sees who decides."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from tael.app.backtests import backtest_jobs
from tael.kernel import VersionId
from tael.platform import SYSTEM, Actor, Worker

if TYPE_CHECKING:
    from tests.browser.conftest import Good, Seat
    from tests.console.conftest import Company

pytestmark = pytest.mark.xdist_group("browser")
PATIENCE_MS = 120_000
_HISTORIES = Path(__file__).parents[1] / "policies" / "backtest" / "conftest.py"


def _made_up() -> Any:
    """The histories and policies that the engine's own tests make."""
    spec = importlib.util.spec_from_file_location("tael_tests_story_histories", _HISTORIES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def version(company: Company) -> VersionId:
    """A version that is checked, beside the one in force, and a tiny history."""
    house, made_up = company.house, _made_up()
    folder = house.settings.data_dir / "histories" / "last year"
    folder.mkdir(parents=True)
    pq.write_table(made_up.history_table(300), folder / "part-00000.parquet")
    with house.database.begin(SYSTEM) as work:
        risk = next(one for one in house.identity.users.all(work) if one.login == "risk")
    with house.database.begin(Actor("user", risk.id)) as work:
        bundle = replace(made_up.small_policy(), cases="")
        found = house.policies.draft(work, "looser debt rule", bundle).id
        for finding in house.policies.check(work, found).open:
            house.policies.accept_finding(work, found, finding.id, "known and harmless here")
        assert house.policies.check(work, found).passed
    return found


@contextmanager
def _at_work(company: Company) -> Iterator[None]:
    """A worker for back-tests, begun and ended in a thread without Playwright's loop."""
    house = company.house
    worker = Worker(house.database, backtest_jobs(house.database, house.backtests), name="story")
    with ThreadPoolExecutor(1) as apart:
        apart.submit(worker.start).result()
        try:
            yield
        finally:
            apart.submit(worker.stop).result()


@pytest.mark.slow
@pytest.mark.timeout(480)
def test_a_version_is_tried_seen_to_the_end_and_met_by_a_second_person(
    company: Company,
    version: VersionId,
    seat: Seat,
    good: Good,
) -> None:
    page = seat("risk", "zh-CN", patience_ms=PATIENCE_MS)
    page.click("nav a[href='/policies']")
    page.click(".policy-tabs a[href='/policies/backtests']")
    good(page)
    page.select_option("#version", version)
    page.check("input[name=against] >> nth=0")
    page.check("input[name=sensitivity]")
    page.click("#begin button[type=submit]")
    expect(page.locator("#progress")).to_contain_text("正在等待后台进程", timeout=PATIENCE_MS)
    with _at_work(company):
        expect(page.locator("#part-1")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("h1")).to_contain_text("已完成")
    expect(page.locator("#facts")).to_contain_text("已连同两个哈希记入版本的历史")
    expect(page.locator(".report svg").first).to_be_visible()
    good(page)
    with page.expect_download() as taken:
        page.click("#files a:has-text('figures.parquet')")
    assert taken.value.suggested_filename.endswith("figures.parquet")
    shown = page.locator("#facts dd.mono").first.get_attribute("title")
    page.click(f"#facts a[href='/policies/versions/{version}']")
    page.wait_for_url(f"**/policies/versions/{version}")
    expect(page.locator("h1")).to_contain_text("looser debt rule")
    expect(page.locator("main")).to_contain_text(re.compile("已回测"))
    with company.house.database.begin(SYSTEM) as work:
        last = company.house.policies.timeline(work, version)[-1]
    assert shown
    assert shown in last.record

    # Somebody else, on a phone and in English, looks at who decides now.
    second = seat("everything", "en-GB", "phone", patience_ms=PATIENCE_MS)
    second.goto("/policies/experiments?months=1")
    expect(second.locator("#arms")).to_contain_text("Champion")
    expect(second.locator("main")).to_contain_text("16 decisions of this deployment")
    expect(second.locator(".report svg").first).to_be_visible()
    good(second)
    second.fill("#months", "3")
    second.click("form button:has-text('Show')")
    second.wait_for_url("**/policies/experiments?*months=3*")
    good(second)
