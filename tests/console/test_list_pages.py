"""The lists of applications and loans: every filter narrows, and says when it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tael.console.listing import Filter, ask

pytestmark = pytest.mark.xdist_group("console")
Browse = Callable[..., httpx.Client]
CHOICES = [("a", "A"), ("b", "B")]
FILTERS = [
    Filter("state", "State", "choice", CHOICES),
    Filter("least", "From", "amount"),
    Filter("most", "To", "amount", least="least"),
    Filter("since", "Since", "day"),
    Filter("until", "Until", "day", least="since"),
    Filter("text", "Text", "text"),
]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("state", "c", "Not one of the choices."),
        ("least", "abc", "Not an amount"),
        ("least", "1e5", "Not an amount"),
        ("least", "-1", "Not an amount"),
        ("least", "1.001", "Not an amount"),
        ("least", "1,2", "Not an amount"),
        ("least", "9" * 30, "Not an amount"),
        ("since", "2026-02-30", "Not a day"),
        ("since", "9999-12-31", "Not a day"),
        ("since", "yesterday", "Not a day"),
        ("text", "x" * 81, "At most 80"),
        ("text", "a\x00b", "At most 80"),
    ],
)
def test_a_value_that_cannot_be_is_named_beside_its_filter(
    name: str, text: str, problem: str
) -> None:
    asked = ask(FILTERS, {name: text})
    assert asked.problems.keys() == {name}
    assert asked.problems[name].startswith(problem)


def test_what_is_typed_is_read_and_stands_in_the_address() -> None:
    asked = ask(FILTERS, {"state": "a", "least": "1,200.50", "most": "", "other": "x"})
    assert not asked.problems
    assert asked.money("least").minor == 120_050
    assert asked.text("state") == "a"
    assert asked.address("/loans", after="y") == "/loans?state=a&least=1%2C200.50&after=y"
    assert ask(FILTERS, {}).address("/loans") == "/loans"


@pytest.mark.parametrize("pair", [("least", "2", "most", "1"),
                                  ("since", "2026-01-02", "until", "2026-01-01")])  # fmt: skip
def test_a_range_does_not_end_before_it_begins(pair: tuple[str, str, str, str]) -> None:
    asked = ask(FILTERS, {pair[0]: pair[1], pair[2]: pair[3]})
    assert asked.problems == {pair[2]: "Below where it begins."}


def _ids(text: str, kind: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="/{kind}/([a-z]+_[0-9a-z]{{26}})"', text)))


@pytest.fixture
def rows(browse: Browse) -> Callable[[str], list[str]]:
    """The ids that a list of the story shows at an address."""
    client = browse("everything")

    def read(address: str) -> list[str]:
        page = client.get(address)
        assert page.status_code == 200, address
        return _ids(page.text, address.strip("/").partition("?")[0])

    return read


def test_the_buckets_of_days_past_due_divide_the_loans(rows: Callable[[str], list[str]]) -> None:
    every = rows("/loans")
    buckets = [rows(f"/loans?dpd={code}") for code in ("current", "1-29", "30-59", "60-89", "90")]
    assert sorted(one for bucket in buckets for one in bucket) == sorted(every)
    late = [one for bucket in buckets[1:] for one in bucket]
    assert sorted(rows("/loans?dpd=late")) == sorted(late)


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("loans", "most=200000", "least=200000.01"),
        ("loans", "until=2025-10-15", "since=2025-10-16"),
        ("applications", "most=200000", "least=200000.01"),
        ("applications", "until=2025-10-01", "since=2025-10-02"),
    ],
)
def test_two_ranges_that_meet_divide_the_list(
    rows: Callable[[str], list[str]], kind: str, first: str, second: str
) -> None:
    below, above = rows(f"/{kind}?{first}"), rows(f"/{kind}?{second}")
    assert below
    assert above
    assert sorted(below + above) == sorted(rows(f"/{kind}"))


@pytest.mark.parametrize("kind", ["loans", "applications"])
def test_a_number_or_a_name_finds_its_row(rows: Callable[[str], list[str]], kind: str) -> None:
    every = rows(f"/{kind}")
    assert rows(f"/{kind}?text={every[1][-6:].upper()}") == [every[1]]
    assert not rows(f"/{kind}?text=100%25_nobody")
    assert 0 < len(rows(f"/{kind}?text=有限公司")) < len(every)


def test_status_tier_and_bank_narrow_the_loans(rows: Callable[[str], list[str]]) -> None:
    every = rows("/loans")
    by_tier = [rows(f"/loans?tier={tier}") for tier in range(1, 8)]
    assert sorted(one for tier in by_tier for one in tier) == sorted(every)
    assert set(rows("/loans?status=active")) <= set(every)


@pytest.mark.parametrize("kind", ["loans", "applications"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_bad_filter_is_told_beside_itself(
    browse: Browse, kind: str, headers: dict[str, str]
) -> None:
    page = browse("everything").get(f"/{kind}?least=much&since=2026-13-01", headers=headers)
    assert page.status_code == 422
    assert page.text.count('aria-invalid="true"') == 2
    assert 'value="much"' in page.text
    assert "Not an amount" in page.text
    assert "Put the marked filters right first." in page.text


@pytest.mark.parametrize(
    "address",
    [
        "/applications?tier=9",
        "/applications?state=eaten",
        "/loans?status=eaten",
        "/loans?partner=x",
    ],
)
def test_a_choice_that_is_none_is_told(browse: Browse, address: str) -> None:
    page = browse("everything").get(address)
    assert page.status_code == 422
    assert "Not one of the choices." in page.text


def test_who_does_not_see_the_tier_cannot_filter_by_it(browse: Browse) -> None:
    client = browse("finance")
    assert 'name="tier"' not in client.get("/loans").text
    assert client.get("/loans?tier=1").text.count("<tr") == client.get("/loans").text.count("<tr")


def test_the_next_rows_keep_the_filters(browse: Browse) -> None:
    client = browse("everything")
    ids = _ids(client.get("/loans").text, "loans")
    after = f"/loans?least=1&after={ids[2]}"
    rows = client.get(after, headers={"HX-Request": "true"})
    assert "<form" not in rows.text
    assert _ids(rows.text, "loans") == ids[3:]


def test_a_fragment_leaves_a_clean_address(browse: Browse) -> None:
    page = browse("everything").get("/loans?status=active&text=", headers={"HX-Request": "true"})
    assert page.headers["hx-push-url"] == "/loans?status=active"
    assert 'id="listing"' in page.text
    assert "<html" not in page.text
