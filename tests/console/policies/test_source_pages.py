"""The page of data sources: what it tells of calls, money, consents and routes, and to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tael.kernel import EventId
from tael.origination.sources import SOURCES, SqlSources
from tael.origination.sources.model import BreakerMove, BreakerState, Code, Read, Status
from tael.platform import SYSTEM, Work

pytestmark = pytest.mark.xdist_group("policy_pages")
Browse = Callable[..., httpx.Client]
HOME = "/policies/sources"
# Days back, source, what came of it, out of the store, paid.
READS = (
    (0, "bureau", None, False, 500),
    (0, "bureau", None, True, 0),
    (1, "bureau", Code.SOURCE_DOWN, False, 0),
    (1, "tax", Code.STALE, False, 0),
    (20, "tax", None, False, 300),
    (80, "court", None, False, 60),
)
STATUSES = {None: Status.OK, Code.SOURCE_DOWN: Status.DOWN, Code.STALE: Status.STALE}


def _write(work: Work) -> None:
    store, now = SqlSources(work), work.clock.now()
    for number, (days, source, code, cached, cost) in enumerate(READS):
        at = now - timedelta(days=days)
        read = Read(
            id=EventId.derive(at, "source page", number),
            at=at,
            source=source,
            subject_id="party",
            consent_id=None,
            caller_key=f"page {number}",
            status=STATUSES[code],
            code=code,
            cached=cached,
            late=False,
            cost_minor=cost,
            saved_minor=500 if cached else 0,
            latency_ms=100 + number,
            attempts=0 if cached else 1,
            content_hash="",
        )
        store.add_read(read)
    store.add_move(BreakerMove("tax", "worker-7", BreakerState.OPEN, now, "silent for five calls"))


@pytest.fixture(scope="module")
def asked(company: Any) -> Any:
    """The company, after a few calls."""
    with company.house.database.begin(SYSTEM) as work:
        _write(work)
    return company


def _row(text: str, source: str) -> str:
    row = text.split(f'data-source="{source}"')[1].split("</tr>", maxsplit=1)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


# The first one: the company's own story asks no source, and `asked` stays with the module.
def test_a_period_without_a_call_says_so(browse: Browse) -> None:
    page = browse("risk").get(HOME).text
    assert "No source was asked in this period" in page
    assert "data-chart=" not in page


def test_every_source_tells_how_it_did_and_what_it_cost(asked: Any, browse: Browse) -> None:
    page = browse("risk").get(HOME).text
    assert len(re.findall("data-source=", page)) == len(SOURCES)
    assert "3 66.7% 1 100 ms" in _row(page, "bureau")
    assert "Source down 1" in _row(page, "bureau")
    assert "¥5.00 ¥5.00" in _row(page, "bureau")
    assert "Left alone 2 100.0%" in _row(page, "tax")
    assert "silent for five calls" in page
    assert "In use 0 –" in _row(page, "court")


@pytest.mark.parametrize(
    ("days", "length", "spent"),
    [(7, 7, {"bureau": 5}), (90, 90, {"bureau": 5, "tax": 3, "court": 0.6})],
)
def test_the_charts_add_up_to_the_money_of_the_period(
    asked: Any, browse: Browse, days: int, length: int, spent: dict[str, float]
) -> None:
    page = browse("risk").get(HOME, params={"days": days}).text
    data = json.loads(page.split('id="chart-data">')[1].split("</script>")[0])
    assert len(data["days"]) == length
    paid = {one["name"]: sum(one["values"]) for one in data["spent"] if sum(one["values"])}
    names = {"bureau": "Bureau report", "tax": "Tax returns", "court": "Court records"}
    assert paid == {names[source]: amount for source, amount in spent.items()}
    assert sum(data["failed"]) == 1


def test_consents_that_end_soon_are_told_with_their_sources(asked: Any, browse: Browse) -> None:
    page = browse("risk").get(HOME).text
    ending = page.split('id="ending"')[1].split('id="moves"')[0]
    assert "until 20" in ending
    assert "Bureau report" in ending


def test_whoever_reads_no_policy_sees_no_sources(browse: Browse) -> None:
    assert browse("finance").get(HOME).status_code == 403
