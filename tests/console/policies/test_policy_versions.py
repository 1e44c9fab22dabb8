"""The page of policy versions over HTTP: who may, and what it tells."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("policy_pages")
Browse = Callable[..., httpx.Client]


def test_whoever_reads_policies_sees_every_version_and_who_wrote_it(browse: Browse) -> None:
    page = browse("risk").get("/policies")
    assert page.status_code == 200
    assert "Deployed" in page.text
    assert 'aria-current="page"' in page.text


def test_whoever_reads_no_policy_sees_neither_page_nor_entry(browse: Browse) -> None:
    client = browse("finance")
    assert client.get("/policies").status_code == 403
    assert 'href="/policies"' not in client.get("/").text
