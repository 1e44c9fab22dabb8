# ruff: noqa: ANN001 - the class of `api` stands in conftest
"""An experiment from its declared rule to its word: deployed, asked and read over real HTTP."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from tael.app.experiment_rows import Rows
from tael.kernel import ApplicationId, VersionId
from tael.platform import SYSTEM, Actor
from tael.policies.experiments import OutcomeReport, SqlOutcomes

pytestmark = pytest.mark.xdist_group("console")  # the company is played once
WANTED = 240
PASSWORD = "ten silver sycees"
RULE = {"measure": "default", "margin": "3", "months": "6", "confidence": "90", "planned": "5000"}
FEATURES = {
    "owner_age": 40, "years_in_business": 6, "employees": 5, "monthly_revenue": 200_000,
    "tax_paid_12m": 40_000, "total_debt": 300_000, "active_loans": 1, "owns_property": True,
    "region": "华东", "industry": "餐饮", "enterprise_kind": "company", "debt_ratio": 0.3,
    "revenue_volatility": 0.2, "bank_turnover_12m": 2_400_000, "overdue_count_24m": 0,
    "enquiries_6m": 1,
}  # fmt: skip


def _approved_challenger(api) -> tuple[VersionId, VersionId]:
    """The champion in force, and another version with other prices, ready to be deployed."""
    policies, why = api.house.policies, "a challenger of this test, there is no history"
    one, two = (Actor("user", api.users[login]) for login in ("desk", "second"))
    with api.house.database.begin(one) as work:
        champion = policies.in_force(work).id
        bundle = policies.bundle(work, champion)
        made = policies.draft(work, "tighter", replace(bundle, prices=bundle.prices + "\n")).id
        found = policies.check(work, made)
        for finding in found.open:
            policies.accept_finding(work, made, finding.id, "known, and meant so")
        assert found.passed or policies.check(work, made).passed
        policies.waive_backtest(work, made, why)
    with api.house.database.begin(two) as work:
        policies.approve(work, made)
    return champion, made


def _signed_in(api, login: str, language: str = "en") -> httpx.Client:
    client = httpx.Client(base_url=api.url, headers={"Accept-Language": language}, timeout=60)
    api.clients[f"browser {len(api.clients)}"] = client  # closed with the others
    token = client.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]
    data = {"login": f"api-{login}", "password": PASSWORD, "form_token": token}
    assert client.post("/sign-in", data=data).status_code == 303
    return client


def _deploy(
    browser: httpx.Client, champion: str, challenger: str, rule: dict[str, str]
) -> httpx.Response:
    token = browser.get("/policies").text.split('name="csrf" value="')[1].split('"')[0]
    told = {f"stopping.{name}": text for name, text in rule.items()}
    data = {
        "csrf": token,
        "champion": champion,
        f"share:{challenger}": "40",
        "why": "try the other on two in five",
    }
    return browser.post("/policies/deployments", data=data | told)


def _decided(api) -> dict[str, list[ApplicationId]]:
    """Live decisions for many applications, by the version that decided."""
    found: dict[str, list[ApplicationId]] = {}
    now = api.house.database.clock.now()
    for number in range(WANTED):
        application = ApplicationId.derive(now, "live", number)
        body = {
            "application_id": str(application), "months": 12,
            "amount": {"minor": 20_000_000, "currency": "CNY"}, "features": FEATURES,
        }  # fmt: skip
        answer = api.client("desk").post("/api/v1/live/decisions", json=body)
        assert answer.status_code == 200, answer.text
        if answer.json()["result"]["outcome"] == "approve":
            found.setdefault(answer.json()["policy"], []).append(application)
    return found


def _reports(lent: list[ApplicationId], day: date, bads: int) -> list[OutcomeReport]:
    """At month 6, ``bads`` of every four loans in default."""
    good = OutcomeReport(lent[0], day, 6, day + timedelta(days=190), 0, False, "", False, 0, 90_000)
    bad = replace(good, past_due=90, bad=True, loss_minor=500_000, profit_minor=-400_000)
    return [
        replace(bad if number % 4 < bads else good, application_id=one)
        for number, one in enumerate(lent)
    ]


def test_an_experiment_ends_by_the_rule_that_was_declared_with_it(api) -> None:
    champion, challenger = _approved_challenger(api)
    browser = _signed_in(api, "desk")
    refused = _deploy(browser, champion, challenger, {**RULE, "months": "99"})
    assert refused.status_code == 422
    assert "A whole number from 1 to 36." in refused.text
    assert 'value="99"' in refused.text
    assert _deploy(browser, champion, challenger, RULE).status_code == 303
    shown = browser.get("/policies").text
    assert shown.count("judged by default rate at month 6 on book; 3 points matter") >= 3

    lent = _decided(api)
    assert 60 <= len(lent[challenger]) <= 135
    assert len(lent[champion]) + len(lent[challenger]) == WANTED
    clock, database = api.house.database.clock, api.house.database
    day = clock.now().date()
    with database.begin(SYSTEM) as work:
        SqlOutcomes(work).add(_reports(lent[champion], day, 2))
        SqlOutcomes(work).add(_reports(lent[challenger], day, 0))
        (deployment, *_) = api.house.policies.deployments(work)
        part = Rows.read(work, deployment, {}, most=100)
        assert (len(part.entries), part.older) == (100, WANTED - 100)
    clock.advance(timedelta(days=270))

    browser = _signed_in(api, "desk")
    page = browser.get("/policies/experiments").text
    assert f"{WANTED} decisions of this deployment" in page
    assert "The stopping rule declared beforehand: judged by default rate" in page
    assert "Challenger tighter: The challenger is better" in page
    assert "intervals of 90%" in page
    assert 'name="margin" value="3"' in page
    lines = re.findall("<tr>.*?</tr>", page, re.DOTALL)
    arms = [re.sub("<[^>]+>", " ", line).split() for line in lines]
    counts = [row for row in arms if row[:2] == ["Challenger", "tighter"] and "0" in row]
    taken = str(len(lent[challenger]))
    assert counts[0][2:7] == [taken, taken, taken, taken, "0"]
    other = browser.get("/policies/experiments?margin=2").text
    assert "Not the rule declared beforehand" in other
    assert "Declared was: judged by default rate at month 6 on book; 3 points matter" in other
    assert "事先写明的停止规则" in _signed_in(api, "desk", "zh").get("/policies/experiments").text
