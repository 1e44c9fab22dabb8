from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx
import pytest

from tael.platform import SYSTEM

pytestmark = pytest.mark.xdist_group("console")
Browse = Callable[..., httpx.Client]
PAGES = ("/", "/applications", "/loans", "/partners", "/audit")


def _links(text: str, kind: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="(/{kind}/[a-z]+_[0-9a-z]{{26}})"', text)))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", PAGES)
def test_every_room_shows_its_page_in_both_languages(
    browse: Browse, path: str, language: str
) -> None:
    page = browse("everything", language=language).get(path)
    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.text
    assert ("经营看板" in page.text) is (language == "zh-CN")


def test_pages_run_no_inline_script(browse: Browse) -> None:
    client = browse("everything")
    for path in PAGES:
        page = client.get(path)
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page.text)
        assert all("application/json" in attributes for attributes in inline), path
        assert not re.search(r"\son[a-z]+=", page.text), path


def test_the_dashboard_ties_to_the_journal_and_carries_its_curves(browse: Browse) -> None:
    text = browse("everything").get("/").text
    assert "Ties to the journal" in text
    data = json.loads(text.split('id="chart-data">')[1].split("</script>")[0])
    assert len(data["months"]) == 4
    assert sum(data["new_loans"]) > 0
    assert data["vintages"]


def test_the_dashboard_shows_an_earlier_month_end(browse: Browse) -> None:
    text = browse("everything").get("/?as_of=2025-10-31").text
    assert "As of October 31, 2025" in text


def test_an_application_shows_timeline_decision_offers_and_consents(browse: Browse) -> None:
    client = browse("everything")
    listed = client.get("/applications?state=contracted").text
    text = client.get(_links(listed, "applications")[0]).text
    for words in ("Contracts signed", "Decision", "instalment_burden", "All-in annual cost",
                  "Credit assessment", "Obligor group"):  # fmt: skip
        assert words in text, words


def test_a_loan_shows_schedule_postings_and_balances(browse: Browse) -> None:
    client = browse("everything")
    links = _links(client.get("/loans").text, "loans")
    text = client.get(links[0]).text
    for words in ("Schedule", "B1301", "Balances by book", "Past due history", "Disbursed"):
        assert words in text, words


def test_filters_narrow_the_list_of_applications(browse: Browse) -> None:
    client = browse("everything")
    everything = _links(client.get("/applications").text, "applications")
    some = _links(client.get("/applications?tier=2").text, "applications")
    none = client.get("/applications?least=999999999").text
    assert len(some) < len(everything) == 16
    assert "No application fits" in none


def test_the_next_rows_come_after_the_last_one(browse: Browse) -> None:
    client = browse("everything")
    first = client.get("/audit").text
    more = re.search(r'hx-get="(/audit\?[^"]+)"', first)
    assert more is not None
    rows = client.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).text
    assert "<html" not in rows
    assert rows.count("<tr") > 10


def test_the_audit_trail_is_verified_on_demand(browse: Browse) -> None:
    client = browse("everything")
    csrf = client.get("/audit").text.split('name="csrf" value="')[1].split('"')[0]
    proof = client.post("/audit/verify", data={"csrf": csrf}).text
    assert "The chain holds" in proof
    assert client.post("/audit/verify", data={"csrf": "x"}).status_code == 403


def test_the_limits_page_shows_room_under_every_limit(browse: Browse) -> None:
    text = browse("finance").get("/partners").text
    assert "示例城市商业银行" in text
    assert "¥500,000,000.00" in text


@pytest.mark.parametrize(
    ("login", "path", "status"),
    [
        ("finance", "/applications", 403),
        ("finance", "/audit", 403),
        ("risk", "/audit", 403),
        ("consultant", "/loans", 200),
        ("consultant", "/partners", 403),
        ("consultant", "/", 303),
        ("risk", "/loans", 200),
    ],
)
def test_a_room_opens_only_to_those_who_may_read_it(
    browse: Browse, login: str, path: str, status: int
) -> None:
    assert browse(login).get(path).status_code == status


def test_a_consultant_sees_nobody_elses_applications(browse: Browse) -> None:
    assert "No application yet" in browse("consultant").get("/applications").text
    assert "No loan yet" in browse("consultant").get("/loans").text


def test_tier_and_score_are_left_out_for_those_who_may_not_see_them(browse: Browse) -> None:
    client = browse("everything")
    assert "tier-" in client.get("/loans").text
    assert "tier-" not in browse("finance").get("/loans").text


def test_names_of_persons_are_masked_in_every_list(company) -> None:  # noqa: ANN001 - conftest's
    with company.house.database.begin(SYSTEM) as work:
        limit = company.house.applications.find(work, _every(), limit=5).items
        names = company.house.parties.display_names(work, [one.borrower_id for one in limit])
    text = company.client("risk").get("/applications").text
    assert all(name in text for name in names.values())


def _every():  # noqa: ANN202 - the room's own filter
    from tael.origination import ports

    return ports.ApplicationFilter()
