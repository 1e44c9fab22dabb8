"""The decision log in the console: searched, read, made again, and found out when tampered with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tael.console import Sought
from tael.platform import SYSTEM, Actor

pytestmark = pytest.mark.xdist_group("policy_pages")
Browse = Callable[..., httpx.Client]
HOME = "/policies/decisions"
LOG = sa.table(
    "decision_log",
    *(sa.column(name) for name in ("id", "application_id", "policy_id", "result", "as_of")),
    schema="policies",
)


def _ids(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="{HOME}/(dec_[0-9a-z]{{26}})"', text)))


@pytest.fixture(scope="module")
def rows(company: Any) -> list[Any]:
    """Every decision of the story, the newest first, its result read."""
    with company.house.database.begin(SYSTEM) as work:
        found = work.connection.execute(sa.select(LOG).order_by(LOG.c.id.desc())).all()
    return [(row, json.loads(row.result)) for row in found]


@contextmanager
def _tampered(company: Any, decision_id: str, before: str, after: str) -> Iterator[None]:
    """Somebody who may do anything in the database writes around the room; mended at the end."""

    def write(old: str, new: str) -> None:
        with company.house.database.begin(SYSTEM) as work:
            run = work.connection.exec_driver_sql
            run("ALTER TABLE policies.decision_log DISABLE TRIGGER USER")
            run(
                "UPDATE policies.decision_log SET result = replace(result, %s, %s) WHERE id = %s",
                (old, new, decision_id),
            )
            run("ALTER TABLE policies.decision_log ENABLE TRIGGER USER")

    write(before, after)
    try:
        yield
    finally:
        write(after, before)


def _again(client: httpx.Client, decision_id: str) -> str:
    page = client.get(f"{HOME}/{decision_id}").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    part = client.post(
        f"{HOME}/{decision_id}/reproduce", data={"csrf": csrf}, headers={"HX-Request": "true"}
    )
    assert part.status_code == 200
    assert "<html" not in part.text
    return part.text


def test_a_decision_is_found_by_its_application_and_comes_out_equal(
    company: Any, browse: Browse, rows: list[Any]
) -> None:
    client, (row, result) = browse("risk"), rows[0]
    found = client.get(HOME, params={"number": row.application_id})
    assert _ids(found.text) == [row.id]
    page = client.get(f"{HOME}/{row.id}").text
    assert f"R{result['tier']}" in page
    for shown in ("first policy", "of 10,000", "monthly_revenue", "Received before it was decided"):
        assert shown in page, shown
    assert re.search(r"rule-text\">pd (\[|&lt;|&gt;=)", page)  # what the rule of the tier says
    assert "Equal" in _again(client, row.id)
    with company.house.database.begin(SYSTEM) as work:
        trail = company.house.audit.rows(work, subject=row.id)
        assert "decision.reproduced" in [one.action for one in trail]


def test_a_row_that_was_changed_around_the_room_is_told(
    company: Any, browse: Browse, rows: list[Any]
) -> None:
    client, (row, result) = browse("risk"), rows[-1]
    better = f'"tier":{8 - result["tier"]}' if result["tier"] != 4 else '"tier":1'
    with _tampered(company, row.id, f'"tier":{result["tier"]}', better):
        page = client.get(f"{HOME}/{row.id}").text
        assert "The log does not hold here" in page
        assert "The result is not the one that was decided." in page
        again = _again(client, row.id)
        assert "Not equal" in again
        assert "The log row was changed after the decision." in again
        assert re.search(
            r'mono">tier</span></td><td class="mono">\d</td><td class="mono">\d', again
        )
    mended = client.get(f"{HOME}/{row.id}").text
    assert "The log does not hold here" not in mended
    assert "Equal" in _again(client, row.id)


def test_every_filter_narrows_the_log(browse: Browse, rows: list[Any]) -> None:
    client = browse("risk")
    code = next(one["reasons"][0] for _, one in rows if one["outcome"] == "decline")
    day = str(rows[3][0].as_of.date())
    cases: list[tuple[dict[str, str], Callable[[Any, Any], bool]]] = [
        ({"outcome": "decline"}, lambda _, one: one["outcome"] == "decline"),
        ({"tier": "3"}, lambda _, one: one["tier"] == 3),
        ({"outcome": "approve", "tier": "2"},
         lambda _, one: (one["outcome"], one["tier"]) == ("approve", 2)),
        ({"reason": code}, lambda _, one: code in one["reasons"]),
        ({"reason": "no_such_reason"}, lambda *_: False),
        ({"arm": "champion"}, lambda *_: True),
        ({"arm": "challenger"}, lambda *_: False),
        ({"version": rows[0][0].policy_id}, lambda *_: True),
        ({"number": rows[2][0].id}, lambda row, _: row.id == rows[2][0].id),
        ({"number": rows[2][0].id[:-1]}, lambda *_: False),
        ({"since": day}, lambda row, _: str(row.as_of.date()) >= day),
        ({"until": day}, lambda row, _: str(row.as_of.date()) <= day),
    ]  # fmt: skip
    for asked, fits in cases:
        expected = [row.id for row, one in rows if fits(row, one)]
        assert _ids(client.get(HOME, params=asked).text) == expected, asked


def test_a_search_that_cannot_be_is_told_beside_its_field(browse: Browse) -> None:
    page = browse("risk").get(HOME, params={"tier": "9", "since": "soon"})
    assert page.status_code == 422
    assert "Not one of the choices." in page.text
    assert "Not a day of the calendar" in page.text


def test_the_log_goes_on_below_the_last_row(company: Any, browse: Browse, rows: list[Any]) -> None:
    ids, house = [row.id for row, _ in rows], company.house
    with house.database.begin(Actor("user", "nobody", frozenset({"auditor"}))) as work:
        lines = house.lines(work)
        first, last = lines.decisions(Sought(), house.settings.zone, after="", limit=10)
        assert ([one.decision_id for one in first], last) == (ids[:10], ids[9])
        every, end = lines.decisions(Sought(), house.settings.zone, after="", limit=len(ids))
        assert ([one.decision_id for one in every], end) == (ids, None)
    part = browse("risk").get(HOME, params={"after": ids[9]}, headers={"HX-Request": "true"}).text
    assert _ids(part) == ids[10:]
    assert "<html" not in part


def test_inputs_are_searched_by_name(browse: Browse, rows: list[Any]) -> None:
    part = browse("risk").get(f"{HOME}/{rows[0][0].id}/inputs", params={"inputs": "OWNER"}).text
    assert "owner_age" in part
    assert "monthly_revenue" not in part


@pytest.mark.parametrize(
    ("login", "listed", "opened"), [("finance", 403, 403), ("consultant", 200, 404)]
)
def test_whose_decisions_they_are_not_finds_none(
    browse: Browse, rows: list[Any], login: str, listed: int, opened: int
) -> None:
    client, (row, _) = browse(login), rows[0]
    page = client.get(HOME)
    assert (page.status_code, _ids(page.text)) == (listed, [])
    for part in ("", "/inputs", "/recourse"):
        assert client.get(f"{HOME}/{row.id}{part}").status_code == opened, part
    posted = client.post(f"{HOME}/{row.id}/reproduce", data={"csrf": "x"})
    assert posted.status_code == 403


@pytest.mark.slow
def test_what_would_change_the_answer_is_told_with_its_letter(
    browse: Browse, rows: list[Any]
) -> None:
    client = browse("risk")
    row = next(row for row, one in rows if "risk_too_high" in one["reasons"])
    asked = {"sender": "Some Guarantee Co.", "contact": "400-1"}
    page = client.get(f"{HOME}/{row.id}/recourse", params=asked).text
    assert "combinations were decided" in page
    assert "apply again in" in page
    assert "To ask for an explanation" in page
    assert "400-1" in page
