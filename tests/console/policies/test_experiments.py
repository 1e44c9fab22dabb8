"""The page of champion and challengers over HTTP: arms, their figures, what cannot be said."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("policy_pages")
Browse = Callable[..., httpx.Client]
HOME = "/policies/experiments"


def test_the_champion_of_the_deployment_in_force_stands_there_with_its_figures(
    browse: Browse,
) -> None:
    page = browse("risk").get(f"{HOME}?months=1")
    assert page.status_code == 200
    assert "Deployment 1" in page.text
    assert "Decides now" in page.text
    for told in ("16 decisions of this deployment", "Old enough", "Default rate", "<svg"):
        assert told in page.text, told
    assert "各组结果" in browse("risk", language="zh").get(f"{HOME}?months=1").text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("margin=nothing", "A difference above zero"),
        ("margin=-1", "A difference above zero"),
        ("margin=100", "below 100 points"),
        ("planned=-3", "A whole number above zero, or nothing."),
        ("months=37", "A whole number from 1 to 36."),
        ("months=0", "A whole number from 1 to 36."),
        ("confidence=100", "At least 50, below 100."),
        ("measure=luck", "Choose by what it is judged"),
    ],
)
def test_a_rule_that_cannot_be_is_said_at_its_field(browse: Browse, asked: str, said: str) -> None:
    page = browse("risk").get(f"{HOME}?{asked}")
    assert page.status_code == 422
    assert said in page.text
    assert page.text.count("is-invalid") == 1


def test_whoever_reads_no_policy_sees_no_experiment(browse: Browse) -> None:
    assert browse("finance").get(HOME).status_code == 403
